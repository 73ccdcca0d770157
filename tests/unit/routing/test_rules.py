"""O27: ordered rules in both forms, the first that fits; and that nothing is read which no rule asks for."""

from __future__ import annotations

from typing import Any

import pytest

from gophergate.dialects.base import encode
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.errors import BadRequest
from gophergate.routing.groups import Group, Rule, Target
from gophergate.routing.rules import described, match, unmet
from gophergate.routing.traits import Traits

DOOR = OpenAIChat()
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
IMAGE = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]


def traits(said: Any = "hello", tags: dict[str, str] | None = None, **more: Any) -> Traits:
    body = encode({"model": "g", "messages": [{"role": "user", "content": said}], **more})
    return Traits(DOOR, body, DOOR.peek(body), tags=tags or {})


def group(*rules: Rule, targets: tuple[str, ...] = ("t",), **more: Any) -> Group:
    return Group(
        name="g", strategy="heuristic", rules=rules, targets=tuple(Target(model=name) for name in targets), **more
    )


@pytest.mark.parametrize(
    ("rule", "request_", "fits"),
    [
        ({"pattern": "SQL"}, traits("write sql"), True),
        ({"pattern": "SQL", "case": True}, traits("write sql"), False),
        ({"pattern": r"^\s*translate\b", "regex": True}, traits("Translate this"), True),
        ({"pattern": r"^\s*translate\b", "regex": True}, traits("please translate"), False),
        ({"any_of_tags": ("team=red", "urgent")}, traits(tags={"team": "red"}), True),
        ({"any_of_tags": ("team=red", "urgent")}, traits(tags={"urgent": "no"}), True),
        ({"any_of_tags": ("team=red", "urgent")}, traits(tags={"team": "blue"}), False),
        ({"max_input_tokens_lt": 1000}, traits("short"), True),
        ({"max_input_tokens_lt": 1000}, traits("long " * 5000), False),
        ({"requires_reasoning": True}, traits(reasoning_effort="high"), True),
        ({"requires_reasoning": True}, traits(), False),
        ({"requires_reasoning": False}, traits(reasoning_effort="high"), False),
        ({"requires_tool_calling": True}, traits(tools=[TOOL]), True),
        ({"requires_tool_calling": False}, traits(tools=[TOOL]), False),
        ({"has_multimodal_input": True}, traits(IMAGE), True),
        ({"has_multimodal_input": True}, traits(), False),
        ({"is_default_fallback": True}, traits(), True),
        ({"requires_tool_calling": True, "pattern": "x"}, traits("x"), False),
        ({"requires_tool_calling": True, "pattern": "x"}, traits("x", tools=[TOOL]), True),
    ],
)
def test_a_rule_fits_when_all_it_says_is_so(rule: dict[str, Any], request_: Traits, fits: bool) -> None:
    found = Rule(model="m", **rule)
    assert (unmet(found, request_) == "") is fits
    names, because = match(group(found), request_)
    assert names == (("m",) if fits else ("t",))
    assert ("rule 1 fits" in because) is fits


def test_the_first_that_fits_is_taken_with_its_fallback() -> None:
    rules = (
        Rule(model="a", pattern="never said"),
        Rule(model="b", fallback="c", pattern="hello"),
        Rule(model="d", is_default_fallback=True),
    )
    names, because = match(group(*rules), traits())
    assert names == ("b", "c")
    assert because == "heuristic: rule 2 fits (the user's words hold 'hello'), so b then c"
    assert match(group(*rules), traits("bye"))[0] == ("d",)


def test_where_none_fits_the_targets_are_tried_as_listed_then_the_fallbacks() -> None:
    one = group(Rule(model="a", pattern="never said"), targets=("t", "u"), fallbacks=("f", "t"))
    assert match(one, traits()) == (("t", "u", "f"), "heuristic: no rule fits, so the targets are tried as listed")
    assert "there are no rules" in match(group(), traits())[1]


def test_nothing_is_read_that_no_rule_asks_for() -> None:
    """A body that cannot be read matters to those rules only that look into it."""
    body = b'{"model":"g","messages":"none"}'
    broken = Traits(DOOR, body, DOOR.peek(body), tags={"a": "b"})
    assert match(group(Rule(model="m", any_of_tags=("a",))), broken)[0] == ("m",)
    with pytest.raises(BadRequest):
        match(group(Rule(model="m", pattern="x")), broken)


def test_only_what_the_user_said_last_is_looked_through() -> None:
    messages = [
        {"role": "system", "content": "secret word"},
        {"role": "user", "content": "secret word"},
        {"role": "assistant", "content": "secret word"},
        {"role": "user", "content": "hello"},
    ]
    body = encode({"model": "g", "messages": messages})
    asked = Traits(DOOR, body, DOOR.peek(body))
    assert match(group(Rule(model="m", pattern="secret")), asked)[0] == ("t",)


def test_what_a_rule_asks_and_what_a_request_lacks_are_told_in_words() -> None:
    rule = Rule(model="m", requires_tool_calling=True, max_input_tokens_lt=5, any_of_tags=("a",), pattern="p")
    assert described(rule) == (
        "it has a tag of a, it offers tools, the user's words hold 'p', its prompt has fewer than 5 tokens"
    )
    assert unmet(rule, traits(tags={"a": "1"})) == "it offers no tools"
    assert unmet(Rule(model="m", max_input_tokens_lt=1), traits()).startswith("its prompt has about")
    assert described(Rule(model="m", is_default_fallback=True)) == "it fits always"
