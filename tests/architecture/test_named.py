"""Every requirement and edge case of the wire is named by a test's docstring, so that it can be found by its id, and
by one that needs neither recordings nor an installed agent."""

from __future__ import annotations

import re
from functools import cache

import pytest

from kit.listed import NEEDS_MORE, TESTS, every_test

SOURCE = TESTS.parent / "src" / "gophergate"
CASES = range(1, 64)
IDS = (
    *("R-T1", "R-T2", "R-T3", "R-T4", "R-S1", "R-S2", "R-S3", "R-S4", "R-C1", "R-C2", "R-C3", "R-C4", "R-E1"),
    *("R-K1", "R-K2", "R-F1", "R-F2", "R-X7"),
)
_LIST = re.compile(r"[Ee]dge cases?:?\s+((?:\d+(?:\s*-\s*\d+)?(?:\s*,\s*(?:and\s+)?|\s+and\s+)?)+)")


@cache
def said() -> str:
    """The docstrings of every test that runs everywhere, on lines of their own."""
    return "\n".join(said for test, said in every_test().items() if not NEEDS_MORE.match(test))


@cache
def cases() -> frozenset[int]:
    """The edge cases named there: "edge case 5", "edge cases 5, 7 and 44-47"."""
    found: set[int] = set()
    for listed in _LIST.findall(said()):
        for first, last in re.findall(r"(\d+)(?:\s*-\s*(\d+))?", listed):
            found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


@pytest.mark.parametrize("case", CASES)
def test_every_edge_case_of_the_wire_is_named_by_a_test(case: int) -> None:
    assert case in cases(), f"no test's docstring says 'edge case {case}'"


@pytest.mark.parametrize("requirement", IDS)
def test_every_requirement_of_the_wire_is_named_by_a_test(requirement: str) -> None:
    assert re.search(rf"\b{requirement}\b", said()), f"no test's docstring says {requirement}"
