from __future__ import annotations

import pytest

from gophergate.core.blocks import Text
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Failed, Finished, Started
from gophergate.core.lifecycle import LifecycleBroken, checked
from gophergate.errors import UpstreamBroken

S, F = Started(), Finished(reason="stop")
OPEN, GREW, CLOSED = BlockOpened(0, Text(text="")), BlockGrew(0, "x"), BlockClosed(0)


@pytest.mark.parametrize(
    "events",
    [
        [S, F],
        [S, OPEN, GREW, CLOSED, F],
        [S, OPEN, GREW, Failed(UpstreamBroken("cut"))],
        [Failed(UpstreamBroken("refused"))],
        [S, OPEN, BlockOpened(1, Text(text="")), CLOSED, BlockClosed(1), F],
    ],
)
def test_what_is_allowed(events: list[Event]) -> None:
    """R-T1."""
    assert checked(events) == events


@pytest.mark.parametrize(
    "events",
    [
        [],
        [S],
        [F],
        [S, S, F],
        [S, GREW, F],
        [S, BlockOpened(1, Text(text="")), BlockClosed(1), F],
        [S, OPEN, F],
        [S, OPEN, CLOSED, GREW, F],
        [S, OPEN, CLOSED, CLOSED, F],
        [S, F, F],
        [S, F, Failed(UpstreamBroken("late"))],
    ],
)
def test_what_is_not(events: list[Event]) -> None:
    """R-T1: opens before it grows, one close, rising indexes, one terminal event and nothing after it."""
    with pytest.raises(LifecycleBroken):
        checked(events)
