"""What becomes of an attempt when its client leaves (R-F3): ended at once, drained within bounds, or seen to its end.

The default is the edge's own: the call's task is cancelled, which closes the provider's socket. Here is what stands in
its place. Either way the row says that the client closed, and nobody blames the provider.
"""

from __future__ import annotations

import asyncio

from gophergate.core.resilience import Disconnect
from gophergate.errors import ClientGone
from gophergate.routing.base import Order

_LOOK = 0.1
"""Seconds between two looks at how many tokens have been drained."""


class Drain:
    """Stays with one attempt, as `with`. Until the client goes it does nothing at all."""

    def __init__(self, order: Order, policy: Disconnect) -> None:
        self._order = order
        self._policy = policy
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._until = 0.0
        self._tokens = 0

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._order.outlet.stay(self._left)

    def __exit__(self, *exc: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._order.outlet.stay(None)

    def _left(self) -> None:
        account, policy = self._order.account, self._policy
        account.broke(ClientGone("The client closed the connection before the answer ended."))
        if policy.policy == "finish":
            return
        self._until = self._loop.time() + policy.seconds
        self._tokens = account.output_so_far()
        self._look()

    def _look(self) -> None:
        policy = self._policy
        drained = self._order.account.output_so_far() - self._tokens
        left = self._until - self._loop.time()
        if left <= 0 or (policy.tokens is not None and drained >= policy.tokens):
            if self._task is not None:
                self._task.cancel()
            return
        self._timer = self._loop.call_later(min(left, _LOOK) if policy.tokens is not None else left, self._look)
