"""docs/protocols.md says what clients and providers send, and by which tests we are held to it: they are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kit.listed import NEEDS_MORE, TESTS, every_test

PAGE = TESTS.parent / "docs" / "protocols.md"


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


CLAIMS = claims()


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_line_has_tests_that_are_there(claim: str) -> None:
    named = CLAIMS[claim]
    assert [test for test in named if test not in every_test()] == []
    assert any(not NEEDS_MORE.match(test) for test in named), "no test of it runs everywhere"


def test_no_test_of_what_was_seen_is_missing() -> None:
    """Whoever writes a test for what a client or provider was seen to send cites PROTOCOLS, and puts it on the page."""
    shown = {test for named in CLAIMS.values() for test in named}
    ours = f"docs/{Path(__file__).name}::"
    cited = {test for test, said in every_test().items() if "PROTOCOLS" in said and not test.startswith(ours)}
    assert cited - shown == set()
    assert len(cited) > 50


def test_the_page_is_whole() -> None:
    """Nine surprises, and thirteen, eighteen and five ways to lose an answer, a request and a signature."""
    parts = dict(part.split("\n", 1) for part in PAGE.read_text().split("\n## ")[1:])
    counts = {title: len(re.findall(r"^- ", text, re.MULTILINE)) for title, text in parts.items()}
    assert re.findall(r"^- (\d)\. ", parts["Nine surprises"], re.MULTILINE) == list("123456789")
    for title, count in (("answers get lost", 13), ("requests get lost", 18), ("signatures get lost", 5)):
        assert [found for part, found in counts.items() if title in part] == [count]
