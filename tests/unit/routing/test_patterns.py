"""Rules look for patterns that operators wrote in texts that strangers wrote: no pair of them takes long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.routing.patterns import LONGEST_PATTERN, LONGEST_TEXT, BadPattern, finder


@pytest.mark.parametrize(
    ("pattern", "regex", "case", "text", "found"),
    [
        ("SQL", False, False, "some sql here", True),
        ("SQL", False, True, "some sql here", False),
        ("a.c", False, False, "abc", False),
        (r"\bsql\b", True, False, "Some SQL here", True),
        (r"\bsql\b", True, True, "Some SQL here", False),
        (r"^translate", True, False, "please translate", False),
        ("straße", False, False, "STRASSE", True),
    ],
)
def test_text_and_expressions_with_and_without_capitals(
    pattern: str, regex: bool, case: bool, text: str, found: bool
) -> None:
    """O27."""
    assert finder(pattern, regex=regex, case=case)(text) is found


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "empty"),
        ("(", "unclosed group"),
        ("[a", "unclosed"),
        (r"(?=x)", "look-around"),
        (r"(a)\1", "backreferences"),
        ("(?:x{100}){100}", "more than 64"),
        (r"((\w{64}){64}){64}", "size limit"),
        ("x" * (LONGEST_PATTERN + 1), "more than"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(pattern: str, why: str) -> None:
    with pytest.raises(BadPattern, match=why):
        finder(pattern, regex=True, case=False)


def test_no_expression_goes_back_over_its_steps() -> None:
    """By construction: expressions are run by an automaton, which has no steps to go back to. It is told by what each
    engine alone can read; only then is it asked for what takes Python's `re` longer than the universe has."""
    for read_by_the_automaton_alone in (r"\pL", r"(?<name>a)"):
        with pytest.raises(re.error):
            re.compile(read_by_the_automaton_alone)
        assert finder(read_by_the_automaton_alone, regex=True, case=False)("a")
    for read_by_the_other_alone in (r"(?=a)", r"(?<!b)a", r"(a)\1", r"(?>a+)"):
        re.compile(read_by_the_other_alone)
        with pytest.raises(BadPattern):
            finder(read_by_the_other_alone, regex=True, case=False)
    for pattern in (r"(a+)+$", r"(a|a)*b", r"(.*a){20}x", r"(?:a{32}){32}b", r"(\w+\s?)*!"):
        assert finder(pattern, regex=True, case=False)("a" * 100_000) is (pattern == r"(a+)+$")


@given(text=st.text(alphabet=st.characters(codec=None), max_size=50), regex=st.booleans())
def test_any_text_can_be_looked_through(text: str, regex: bool) -> None:
    finder("x|y", regex=regex, case=False)(text)


def test_only_the_beginning_of_a_text_is_looked_at() -> None:
    assert finder("end", regex=False, case=False)("x" * (LONGEST_TEXT - 3) + "end")
    assert not finder("end", regex=False, case=False)("x" * LONGEST_TEXT + "end")
