"""The locator finds every key tomllib finds, on the line where a reader of the file sees it."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.settings.toml_lines import Position, explain_syntax_error, locate

DOCUMENT = (
    """\
# a comment with [a.header] = 1
title = "x" # port = 1

[server] # [[not]]
host = "a \\" b" ; """.replace(" ; ", "\n")
    + '''\
"quoted key" = 1
'lit.eral' . port = 2
text = """
[fake]
port = 3 \\"""
still "" text"""""
raw = \'\'\'
[[fake]]
\'\'\'
when = 1979-05-27 07:32:00

[[providers]]
name = "a"
models = [ # comment ]
  "x", ["y]", 'z'],
  { id = "w", of = { deep = [1,
     2] } },
]

  [providers.timeouts]
  connect = 5

[[providers]]
name = "b"
[providers.timeouts]
connect = 6
[a.b.c]
[a.b]
late = 1
'''
)


def test_every_place_of_a_crowded_document() -> None:
    places = locate(DOCUMENT)
    lines = DOCUMENT.split("\n")

    def line(*path: str | int) -> str:
        return lines[places[path].line - 1][places[path].column - 1 :]

    assert line("title").startswith('title = "x"')
    assert line("server") == "[server] # [[not]]"
    assert line("server", "host").startswith("host =")
    assert line("server", "quoted key").startswith('"quoted key"')
    assert line("server", "lit.eral", "port").startswith("'lit.eral' . port")
    assert line("server", "raw").startswith("raw")
    assert line("server", "when").startswith("when")
    assert line("providers", 0) == "[[providers]]"
    assert line("providers", 0, "models", 0).startswith('"x"')
    assert line("providers", 0, "models", 1, 1).startswith("'z'")
    assert line("providers", 0, "models", 2, "of", "deep", 1) == "2] } },"
    assert line("providers", 0, "timeouts", "connect") == "connect = 5"
    assert line("providers", 1, "name") == 'name = "b"'
    assert line("providers", 1, "timeouts", "connect") == "connect = 6"
    assert line("a", "b") == "[a.b.c]", "a table stands where it was first named"
    assert line("a", "b", "late") == "late = 1"
    assert set(places) == set(paths(tomllib.loads(DOCUMENT)))


def test_line_ends_of_windows_count_once() -> None:
    assert locate("a = 1\r\n\r\nb = 2\r\n")["b",] == Position(3, 1)


def test_a_string_full_of_quotes_and_brackets() -> None:
    document = "a = \"\"\"\"'[x]=\\\\\"\"\"\nb = ''''''\nc = 1"
    assert tomllib.loads(document)["c"] == 1
    assert locate(document) == {("a",): Position(1, 1), ("b",): Position(2, 1), ("c",): Position(3, 1)}


def paths(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, inner in pairs for path in ((*at, key), *paths(inner, (*at, key)))]


def write(value: Any, draw: st.DrawFn) -> str:
    """One value as TOML, spaced and quoted as people do and as they do not."""
    space = draw(st.sampled_from(["", " ", "\t"]))
    if isinstance(value, dict):
        inner = f",{space}".join(f"{key(name)}{space}={space}{write(item, draw)}" for name, item in value.items())
        return f"{{{space}{inner}{space}}}"
    if isinstance(value, list):
        gap = draw(st.sampled_from(["", "\n", " # ], [[\n"]))
        return f"[{gap}{f',{gap}'.join(write(item, draw) for item in value)}{gap}]"
    if isinstance(value, str):
        return key(value, bare=False)
    return str(value).lower()


def key(name: str, *, bare: bool = True) -> str:
    if bare and name.isascii() and name.replace("_", "").replace("-", "").isalnum():
        return name
    escaped = "".join(f"\\U{ord(c):08X}" if c in '"\\' or ord(c) < 32 or ord(c) == 127 else c for c in name)
    return f'"{escaped}"'


NAMES = st.text(st.characters(codec="utf-8"), max_size=5) | st.sampled_from(["a", "b", "a.b", "[x]", "#"])
LEAVES = st.integers(-9, 9) | st.booleans() | NAMES
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)
TABLES = st.dictionaries(NAMES, VALUES, max_size=4)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A document of inline tables, tables and arrays of tables."""
    lines: list[str] = []
    for name, value in draw(st.dictionaries(NAMES, TABLES | st.lists(TABLES, min_size=1, max_size=3))).items():
        for table in value if isinstance(value, list) else [value]:
            lines.append(f"[[{key(name)}]]" if isinstance(value, list) else f"[{key(name)}]")
            lines += [f"{key(inner)} = {write(item, draw)}" for inner, item in table.items()]
            lines += draw(st.sampled_from([[], ["", "# [comment]"]]))
    return "\n".join(lines)


@given(documents())
def test_exactly_the_paths_that_tomllib_knows(document: str) -> None:
    """No key is left without a line, and none is invented."""
    assert set(locate(document)) == set(paths(tomllib.loads(document)))


@pytest.mark.parametrize(
    ("document", "position"),
    [("a = 1\nb == 2", Position(2, 4)), ("a = ", Position(1, 5)), ("\n\n[x\n", Position(3, 3))],
)
def test_where_a_syntax_error_is(document: str, position: Position) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(document)
    what, found = explain_syntax_error(caught.value, document)
    assert found == position
    assert "line" not in what
    assert what
