"""The events of a response that is being made in the background, kept while it is made for who comes to follow it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from gophergate.routing.heavy import on_loop

MOST = 8 << 20
"""Bytes of events that are kept of one response; one that has more can be followed no more, only shown whole."""


class Recording:
    """One writer's bytes, in order. `full`: there were more than are kept."""

    def __init__(self) -> None:
        self.full = False
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []
        self._size = 0
        self._writer: object = None
        self._over = False
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def events(self) -> bytes:
        """All of them so far; none when there were too many."""
        return b"" if self.full else b"".join(self._pieces)

    def take(self, writer: object, said: bytes) -> None:
        """More events, from any thread. Of writers that race only the first is heard: its client is the one."""
        if not said or self.full or self._writer not in (None, writer):
            return
        self._writer = writer
        self._size += len(said)
        if self._size > MOST:
            self.full = True
            self._pieces = []
        else:
            self._pieces.append(said)
        on_loop(self._loop, self._wake)

    def end(self) -> None:
        """No more will come."""
        self._over = True
        self._wake()

    async def follow(self) -> AsyncIterator[bytes]:
        """Every piece from the first on, as they come, until the last."""
        at = 0
        while not self.full:
            while at < len(self._pieces):
                at += 1
                yield self._pieces[at - 1]
            if self._over:
                return
            waiting = self._loop.create_future()
            self._waiting.add(waiting)
            try:
                await waiting
            finally:
                self._waiting.discard(waiting)

    def _wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
