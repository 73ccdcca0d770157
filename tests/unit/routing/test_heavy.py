from __future__ import annotations

import threading

import pytest

from gophergate.errors import BadRequest
from gophergate.routing.heavy import LARGE, apart


async def test_large_bodies_are_worked_on_beside_the_loop_and_small_ones_where_they_are() -> None:
    """R-P2: nobody waits for another caller's megabytes."""
    here = threading.get_ident()
    assert await apart(LARGE - 1, threading.get_ident) == here
    assert await apart(LARGE, threading.get_ident) != here


@pytest.mark.parametrize("size", [0, LARGE])
async def test_what_the_work_raises_is_raised(size: int) -> None:
    def work() -> None:
        raise BadRequest("no")

    with pytest.raises(BadRequest):
        await apart(size, work)
