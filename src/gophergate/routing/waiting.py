"""Waiting for a target instead of failing, where a group says so (`wait`): a queue with a deadline and priorities.

Whoever waits is let go, most urgent first and then in order of coming, as soon as any of its targets may be asked.
Bounded: who comes when it is full is told at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from heapq import heappop, heappush

from msgspec.structs import replace

from gophergate.errors import Unavailable
from gophergate.routing.base import Deployment, Order, Plan
from gophergate.routing.health import Health

_MOST = 1000
_PRIORITIES: Mapping[str, int] = {"high": 0, "normal": 1, "low": 2}
"""What the tag `priority` may say (`x-gophergate-tags: priority=high`)."""


class _Waiter:
    __slots__ = ("deployments", "turn")

    def __init__(self, deployments: tuple[Deployment, ...], turn: asyncio.Future[None]) -> None:
        self.deployments = deployments
        self.turn = turn


class WaitingRoom:
    """Everybody who waits in this process."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._queue: list[tuple[int, int, _Waiter]] = []
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_looking = False
        health.on_change.append(self._look_soon)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(not waiter.turn.done() for _, _, waiter in self._queue)

    async def turn(self, plan: Plan, order: Order) -> Plan:
        """The plan with those first that may be asked now. Raises Unavailable when that took longer than the group's
        `wait`, or too many wait already."""
        seconds = order.resilience.wait or 0.0
        usable = self._usable(plan.deployments)
        if not usable or self._queue:
            await self._wait(plan, order, seconds)
            usable = self._usable(plan.deployments) or [plan.deployments[0]]
            asyncio.get_running_loop().call_soon(self._look)  # There may be room for the next as well.
        return replace(plan, deployments=(*usable, *(one for one in plan.deployments if one not in usable)))

    async def _wait(self, plan: Plan, order: Order, seconds: float) -> None:
        why = next((self._health.rest(one, self._health.clock())[1] for one in plan.deployments), "")
        if len(self._queue) >= _MOST:
            raise Unavailable(f"{_MOST} calls wait for a target already.", retry_after=5)
        if order.peek.stream:
            order.outlet.keep_alive(order.door.heartbeat, order.door.stream_type)
        loop = self._loop = asyncio.get_running_loop()
        waiter = _Waiter(plan.deployments, loop.create_future())
        self._number += 1
        urgency = _PRIORITIES.get(order.account.tags.get("priority", ""), 1)
        heappush(self._queue, (urgency, self._number, waiter))
        began = loop.time()
        self._look()
        try:
            async with asyncio.timeout(seconds):
                await waiter.turn
        except TimeoutError:
            raise Unavailable(
                f"No target of '{order.peek.model}' could be asked within {seconds:g} seconds: {why or 'others wait'}.",
                retry_after=max(1.0, seconds),
            ) from None
        finally:
            waiter.turn.cancel()
        order.account.decided(f"waited {loop.time() - began:.2f} s for a target")

    def _usable(self, deployments: tuple[Deployment, ...]) -> list[Deployment]:
        now = self._health.clock()
        return [one for one in deployments if not self._health.rest(one, now)[1]]

    def _look_soon(self) -> None:
        # Called in the middle of what changes: look when that is done.
        if self._queue and self._loop is not None and not self._is_looking:
            self._is_looking = True
            self._loop.call_soon(self._look)

    def _look(self) -> None:
        """Let go the first who may; who was let go looks again once it has taken its place."""
        self._is_looking = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        kept: list[tuple[int, int, _Waiter]] = []
        soonest = 0.0
        while self._queue:
            entry = heappop(self._queue)
            waiter = entry[2]
            if waiter.turn.done():
                continue
            if self._usable(waiter.deployments):
                waiter.turn.set_result(None)
                break
            rests = min(self._health.rest(one, self._health.clock())[0] for one in waiter.deployments)
            soonest = rests if not soonest else min(soonest, rests)
            kept.append(entry)
        for entry in kept:
            heappush(self._queue, entry)
        if self._queue and soonest and self._loop is not None:
            self._timer = self._loop.call_later(max(0.0, soonest - self._health.clock()), self._look)
