"""The very same request, again and again: counted by session, within a minute, in bounded memory."""

from __future__ import annotations

import pytest

from gophergate.policy.loops import Loops
from kit.budgeting import Clock


def test_equal_requests_of_a_session_are_counted_within_a_minute() -> None:
    clock = Clock()
    loops = Loops(clock)
    assert [loops.seen("a", b"same") for _ in range(3)] == [1, 2, 3]
    assert loops.seen("b", b"same") == 1
    assert loops.seen("a", b"other") == 1
    clock.now = 59.9
    assert loops.seen("a", b"same") == 4
    clock.now = 60.1
    assert loops.seen("a", b"same") == 1


def test_long_requests_differ_by_their_end_or_their_length() -> None:
    """A turn more, or another last turn: not the same request."""
    loops = Loops(Clock())
    story = b"x" * 100_000
    assert loops.seen("a", story + b"1") == 1
    assert loops.seen("a", story + b"2") == 1
    assert loops.seen("a", story + b"11") == 1
    assert loops.seen("a", story + b"1") == 2


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gophergate.policy.loops._MOST", 10)
    loops = Loops(Clock())
    loops.seen("a", b"first")
    for number in range(20):
        loops.seen("a", str(number).encode())
    assert len(loops._seen) == 10
    assert loops.seen("a", b"first") == 1
