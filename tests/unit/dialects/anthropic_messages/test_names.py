"""Ids and names under the vendor's rule."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.dialects.anthropic_messages.names import spelled, tool_name, unspelled
from gophergate.errors import BadRequest


@given(text=st.text(max_size=30), other=st.text(max_size=30))
def test_spelling_is_legal_reversible_and_never_mixes_two_up(text: str, other: str) -> None:
    """Deterministic, readable back, one to one."""
    assert re.fullmatch(r"[a-zA-Z0-9_-]+", spelled(text))
    assert unspelled(spelled(text)) == text
    assert (spelled(text) == spelled(other)) == (text == other)


@pytest.mark.parametrize("text", ["toolu_01", "call-1", "ggx", "a" * 500])
def test_what_is_legal_stays_as_it_is(text: str) -> None:
    """Edge case 53: nothing is shortened or changed without need."""
    assert spelled(text) == text


@pytest.mark.parametrize("text", ["ggx-a_b", "ggx-a_ffffffffff_", "ggx-a_41_", "ggx-a.b", "get_41_weather"])
def test_what_was_never_spelled_is_not_read_as_such(text: str) -> None:
    """A name a provider made up is its own."""
    assert unspelled(text) == text


def test_a_spelled_mark_is_spelled_again() -> None:
    """No collision with a text that looks spelled already."""
    assert unspelled(spelled("ggx-a")) == "ggx-a"
    assert spelled("ggx-a") != "ggx-a"


def test_a_long_name_is_refused() -> None:
    """At most 128; a cut name could not be told from its neighbour."""
    assert tool_name("x" * 128) == "x" * 128
    with pytest.raises(BadRequest):
        tool_name("é" * 40)
