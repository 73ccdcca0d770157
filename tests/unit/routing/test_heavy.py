from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter

import pytest

from gophergate.errors import BadRequest
from gophergate.routing.heavy import HUGE, LARGE, apart, beside, free, let_go


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


@pytest.mark.parametrize("size", [LARGE, HUGE])
async def test_one_body_is_worked_on_at_a_time(size: int) -> None:
    """R-P2: the loop waits for a step of every thread that wants the interpreter's lock."""
    busy = most = 0

    def work() -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        time.sleep(0.001)  # Gives the lock away: another that worked now would be counted.
        busy -= 1

    await asyncio.gather(*(beside(size, work) for _ in range(16)))
    assert most == 1


async def test_a_large_body_waits_for_no_huge_one() -> None:
    """Law 9."""
    may_end = threading.Event()
    huge = asyncio.create_task(beside(HUGE, may_end.wait))
    await asyncio.sleep(0)
    await beside(HUGE - 1, may_end.set)
    assert await huge


class Held:
    """Notes, as it is freed, by which thread, and what was left of its list then."""

    def __init__(self, many: list[object], freed: list[tuple[int, int]]) -> None:
        self._many = many
        self._freed = freed

    def __del__(self) -> None:
        self._freed.append((threading.get_ident(), len(self._many)))


def test_thousands_are_freed_a_few_at_a_time() -> None:
    """R-P2: freeing a list frees all that it holds in one step, in which no other thread runs."""
    many: list[object] = []
    freed: list[tuple[int, int]] = []
    many += [Held(many, freed) for _ in range(1_234)]
    free(many)
    assert len(freed) == 1_234
    assert max(Counter(left for _, left in freed).values()) <= 100


async def test_what_is_let_go_is_freed_beside_the_loop() -> None:
    """R-P2: as soon as nobody else holds it."""
    freed: list[tuple[int, int]] = []
    many: list[object] = [Held([], freed) for _ in range(300)]
    let_go(many)
    many.clear()
    assert not freed
    while len(freed) < 300:
        await asyncio.sleep(0)
    assert threading.get_ident() not in {thread for thread, _ in freed}
