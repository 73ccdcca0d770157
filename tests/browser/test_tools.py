"""The playground's tools: a list that is checked as it is typed, calls that are shown, results that are played."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import expect

from kit.browser import Visit
from kit.seeding import HOSTILE

SCHEMA = "Arguments, as a JSON schema"


def test_tools_are_a_list_that_is_checked_while_it_is_typed(at: Visit) -> None:
    page = at.go("playground?model=demo/tools")
    page.get_by_role("button", name="Add a tool").click()
    ask = page.get_by_role("button", name="Ask", exact=True)
    expect(page.get_by_text("A tool needs a name.")).to_be_visible()
    expect(ask).to_be_disabled()
    expect(page.get_by_text("The tools above are not right yet.")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("get weather")
    expect(page.get_by_text("letters (a to z), digits, _ and - only, not a space")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("get_weather")
    expect(ask).to_be_enabled()
    schema = page.get_by_label(SCHEMA)
    schema.fill('{\n  "type": "object",\n  "properties": {"city": {"type": "string"},}\n}')
    expect(page.get_by_text("No comma stands before the closing }.")).to_be_visible()
    expect(ask).to_be_disabled()
    schema.press("Control+Home")
    page.get_by_role("button", name="Line 3, column 44").click()
    expect(schema).to_be_focused()
    assert schema.evaluate("box => box.value.slice(box.selectionStart)").startswith(",}")
    page.keyboard.press("Delete")
    expect(page.get_by_text("It is right.")).to_be_visible()
    schema.fill('{"type": "object", "properties": {"city": {"type": "str"}}, "required": ["town"]}')
    expect(page.get_by_text('"str" is no type: did you mean "string"?')).to_be_visible()
    expect(page.get_by_text('"required" names "town", which is no property here.')).to_be_visible()
    expect(ask).to_be_enabled()  # a remark is said; what the model makes of it may be just what is tried
    page.get_by_label("Add from an example").select_option("get_weather")
    expect(page.get_by_text("Another tool has this name.")).to_be_visible()
    page.get_by_role("button", name="Remove the tool get_weather").first.click()
    expect(page.get_by_text("Another tool has this name.")).to_have_count(0)
    expect(page.locator(".toollist > li")).to_have_count(1)
    assert at.flaws() == []


def test_whole_definitions_are_taken_apart(at: Visit) -> None:
    page = at.go("playground?model=demo/tools")
    page.get_by_role("button", name="Add a tool").click()
    pasted = [
        {"type": "function", "function": {"name": "one", "description": HOSTILE, "parameters": {"type": "object"}}},
        {"name": "two", "input_schema": {"type": "object", "properties": {}}},
        {"functionDeclarations": [{"name": "three"}]},
    ]
    page.get_by_label(SCHEMA).fill(json.dumps(pasted))
    page.get_by_role("button", name="These are 3 tools: take them apart").click()
    expect(page.locator(".toollist .opener b")).to_have_text(["one", "two", "three"])
    expect(page.locator(".toollist .opener").first).to_contain_text(HOSTILE)


def test_enter_keeps_the_indentation_and_can_be_undone(at: Visit) -> None:
    page = at.go("playground?model=demo/tools")
    page.get_by_role("button", name="Add a tool").click()
    schema = page.get_by_label(SCHEMA)
    schema.fill("")
    for text in ('{"type": "object", "properties": {', "Enter", '"a": {}', "Enter"):
        if text == "Enter":
            page.keyboard.press("Enter")
        else:
            schema.press_sequentially(text)
    assert schema.input_value() == '{"type": "object", "properties": {\n  "a": {}\n  '
    schema.fill("{}")
    schema.press("ArrowLeft")
    schema.press("Enter")
    assert schema.input_value() == "{\n  \n}"
    schema.press("Control+z")
    expect(schema).not_to_have_value("{\n  \n}")


def test_a_call_is_shown_and_its_result_played(at: Visit) -> None:
    """Beside each other too: the answer whose call is answered is what all are asked about next."""
    page = at.go("playground?model=demo/tools")
    page.get_by_label("Add from an example").select_option("get_weather")
    page.get_by_label("Add from an example").select_option("book_table")
    page.get_by_label("Tool choice").select_option("Only book_table")
    page.get_by_role("button", name="Add a column").click()
    page.locator(".picked").nth(1).click()
    page.get_by_role("combobox", name="Search models").fill("demo echo")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Ask 2 models").click()
    column = page.get_by_label("demo/tools", exact=True)
    block = column.locator("details")
    expect(block.locator("summary")).to_have_text("Calls book_table")
    expect(block).to_contain_text('"restaurant": "sample"')
    block.locator("summary").click()
    expect(block.get_by_text('"restaurant"')).to_be_hidden()
    column.get_by_label("Result of book_table").fill(f"booked by {HOSTILE}")
    column.get_by_role("button", name="Send the result").click()
    expect(column).to_contain_text(f"The tool answered: booked by {HOSTILE}")
    expect(page.get_by_label("demo/echo", exact=True)).to_contain_text("The tool answered: booked by")
    page.reload()
    expect(page.get_by_label("Result of book_table")).to_have_value(f"booked by {HOSTILE}")
    expect(page.locator(".toollist > li")).to_have_count(2)
    expect(page.get_by_label("Tool choice").locator("option:checked")).to_have_text("Only book_table")
    page.get_by_role("button", name="Remove the tool book_table").click()
    expect(page.get_by_label("Tool choice")).to_have_value("auto")
    page.get_by_role("button", name="Remove message 2").click()
    expect(page.get_by_label("Result of book_table")).to_have_count(0)


_FLAWS = (
    ('{"a": 1,}', (1, 8), "No comma stands before the closing }."),
    ('{\n "a" 1}', (2, 6), 'A colon is missing after "a".'),
    ('{\n "a": 1\n "b": 2}', (3, 2), 'A comma or } is missing before "b".'),
    ("{'a': 1}", (1, 2), "A property's name stands in double quotes: \"'\"."),
    ('["ü", ünder]', (1, 7), '"ünder" is no value; a string stands in double quotes.'),
    ('["😀", True]', (1, 7), '"True" is written true.'),
    ('{"a": "b\n}', (1, 7), "This string has no closing quote on its line."),
    ('{"a": [1, 2', (1, 7), "This list has no closing ]."),
    ('{"a": 1, "a": 2}', (1, 10), 'The property "a" is there twice.'),
    ("[1] // x", (1, 5), 'The value is over here, but "/" follows.'),
    ("[01]", (1, 2), '"01" is not a number as JSON writes them.'),
    ('["\\d"]', (1, 3), '"\\d" is no escape; a backslash itself is written \\\\.'),
    ("[" * 102, (1, 102), "This is nested deeper than 100 levels."),
)


def test_an_error_in_json_has_its_place(at: Visit) -> None:
    at.page.goto(at.base)
    found = at.module(
        "pages/playground/json.js", "given.map((text) => m.readJson(text).flaw)", [text for text, *_ in _FLAWS]
    )
    assert [((one["line"], one["column"]), one["message"]) for one in found] == [tuple(rest) for _, *rest in _FLAWS]


def test_json_is_read_as_the_browser_reads_it(at: Visit) -> None:
    """Every text with one character left out, doubled or replaced: both take it, and for the same, or neither does."""
    whole = {"a": [1, -2.5e3, True, None, "\u00fc\n\"\\/"], "": {"b": {}, "c": []}}  # fmt: skip
    text = json.dumps(whole, indent=1)
    texts = [text]
    for n in range(len(text)):
        texts += [text[:n] + new + text[n + 1 :] for new in ("", text[n] * 2, "x", "\t", '"', "{", "]", "0", ",")]
    at.page.goto(at.base)
    differ = at.module(
        "pages/playground/json.js",
        """given.filter((text) => {
          const { value, flaw } = m.readJson(text);
          let read;
          try { read = JSON.stringify(JSON.parse(text)); } catch { read = null; }
          return flaw ? read !== null && !/ is there twice/.test(flaw.message) : JSON.stringify(value) !== read;
        })""",
        texts,
    )
    assert differ == []


_WHOLE = {"type": "object", "properties": {"a": {"type": "string"}}}


_ODD: tuple[tuple[Any, str | None, str], ...] = (
    ({"type": "string"}, "/type", 'the type of the whole is "object", not "string"'),
    ({"type": "object", "properties": {"a": {"type": "Integer"}}}, "/properties/a/type", 'did you mean "integer"'),
    ({"type": "object", "properties": {"a": {"type": ["x"]}}}, "/properties/a/type", "there are string, number"),
    ({**_WHOLE, "required": ["b"]}, "/required/0", '"required" names "b", which is no property here.'),
    ({"type": "object", "required": ["b"]}, "/required/0", '"required" names "b"'),
    (
        {"type": "object", "properties": {"a": {"type": "string", "required": True}}},
        "/properties/a/required",
        'stands beside "properties"',
    ),
    ({**_WHOLE, "requried": ["a"]}, "/requried", 'did you mean "required"?'),
    ({"type": "object", "properties": {"a": {"type": "array"}}}, "/properties/a/type", 'A list says by "items"'),
    (
        {"type": "object", "properties": {"a": {"type": "integer", "enum": [1, 1.5]}}},
        "/properties/a/enum/1",
        "1.5 is no integer",
    ),
    ({"type": "object", "properties": {"a/b": {"anyOf": []}}}, "/properties/a~1b/anyOf", "one at least"),
    ({"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}}, "/properties/a/$ref", "points at nothing"),
    ({"type": "object", "properties": {"a": {"pattern": "("}}}, "/properties/a/pattern", "no regular expression"),
    ({"type": "object", "properties": {"a": {"minimum": 3, "maximum": 1}}}, "/properties/a/minimum", "larger"),
    ({"type": "object", "properties": []}, "/properties", "object of schemas by their names"),
    ({**_WHOLE, "anyOf": [{"required": ["a"]}, True], "$defs": {"x": {"$ref": "#"}}}, None, ""),
    ({**_WHOLE, "required": ["a"], "additionalProperties": {"type": ["null", "number"]}, "x-mine": 1}, None, ""),
)


def test_an_odd_schema_is_said_in_words(at: Visit) -> None:
    at.page.goto(at.base)
    found = at.module("pages/playground/schema.js", "given.map(m.oddities)", [schema for schema, *_ in _ODD])
    for (schema, place, said), odd in zip(_ODD, found, strict=True):
        assert [one["at"] for one in odd] == ([] if place is None else [place]), schema
        assert all(said in one["message"] for one in odd), odd


def test_the_examples_are_right(at: Visit) -> None:
    at.page.goto(at.base)
    given = at.module("pages/playground/examples.js", "m.EXAMPLES.map((one) => one.parameters)")
    assert len(given) > 2
    assert all(odd == [] for odd in at.module("pages/playground/schema.js", "given.map(m.oddities)", given))
