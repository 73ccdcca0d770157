"""docs/protocols.md says what clients and providers send, and by which tests we are held to it: they are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "protocols.md"
NEEDS_MORE = re.compile(r"agents/|.*/test_recorded\w*\.py|fidelity/test_(answers|requests|signatures)\.py")
"""Tests that pass over nothing where there are no recordings, or that run only where an agent was installed."""


def claims() -> dict[str, list[str]]:
    """Each line of the page, behind the title of its part, with its tests."""
    found: dict[str, list[str]] = {}
    for part in PAGE.read_text().split("\n## ")[1:]:
        title = part.split("\n", 1)[0]
        for entry in part.split("\n- ")[1:]:
            said, *tests = re.split(r"\n  - ", entry.rstrip())
            claim = f"{title}: {' '.join(said.split())}"
            assert claim not in found, f"twice: {claim}"
            found[claim] = [test.strip("`") for test in tests]
    return found


@cache
def functions_in(path: Path) -> dict[str, str]:
    """The test functions of a file with their docstrings."""
    return {
        node.name: ast.get_docstring(node) or ""
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


CLAIMS = claims()


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_line_has_tests_that_are_there(claim: str) -> None:
    named = CLAIMS[claim]
    for test in named:
        file, _, name = test.partition("::")
        path = TESTS / file
        assert re.fullmatch(r"test_\w+\.py", path.name), f"pytest looks for no tests in {file}"
        assert path.is_file(), f"no file {file}"
        assert name in functions_in(path), f"{file} has no test {name}"
    assert any(not NEEDS_MORE.match(test) for test in named), "no test of it runs everywhere"


def test_no_test_of_what_was_seen_is_missing() -> None:
    """Whoever writes a test for what a client or provider was seen to send cites PROTOCOLS, and puts it on the page."""
    shown = {test for named in CLAIMS.values() for test in named}
    cited = {
        f"{path.relative_to(TESTS).as_posix()}::{name}"
        for path in TESTS.rglob("test_*.py")
        if path != Path(__file__)
        for name, said in functions_in(path).items()
        if "PROTOCOLS" in said
    }
    assert cited - shown == set()
    assert len(cited) > 50


def test_the_page_is_whole() -> None:
    """Nine surprises, and thirteen, eighteen and five ways to lose an answer, a request and a signature."""
    parts = dict(part.split("\n", 1) for part in PAGE.read_text().split("\n## ")[1:])
    counts = {title: len(re.findall(r"^- ", text, re.MULTILINE)) for title, text in parts.items()}
    assert re.findall(r"^- (\d)\. ", parts["Nine surprises"], re.MULTILINE) == list("123456789")
    for title, count in (("answers get lost", 13), ("requests get lost", 18), ("signatures get lost", 5)):
        assert [found for part, found in counts.items() if title in part] == [count]
