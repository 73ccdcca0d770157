"""What both kinds of stream share: how an answer flows in, and how it ends.

An event of megabytes is read, and written, beside the loop (R-P2): its stream falls behind, the provider waits
meanwhile, and what came in between follows in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from gophergate.core.events import Event
from gophergate.dialects.base import Reader
from gophergate.errors import GatewayError
from gophergate.routing.base import Order, Pausable
from gophergate.routing.heavy import LARGE, beside


class Stream:
    """`done`: nothing more will be delivered; `on_done` is called then. `delivered`: the client has seen content.
    `error`: why not. `secrets` are the provider's keys, which an error must not repeat. `source` is paused while the
    stream is behind."""

    def __init__(self, order: Order, reader: Reader | None, secrets: tuple[str, ...] = ()) -> None:
        self.order = order
        self.secrets = secrets
        self.source: Pausable | None = None
        self._reader = reader
        self._unread = 0
        """Bytes since the last event."""
        self._waiting: list[bytes] | None = None
        """What came while the stream was behind, None while it is not."""
        self._work: asyncio.Task[None] | None = None
        self.on_done: Callable[[], None] = _nothing
        self.done = False
        self.delivered = False
        self.error: GatewayError | None = None

    def feed(self, data: bytes) -> None:
        """More of the provider's bytes, in order."""
        if self.done or not data or self._reader is None:
            return
        if self._waiting is None:
            self._unread += len(data)
            if self._unread < LARGE:
                events = self._reader.feed(data)
                if events:
                    self._unread = 0
                self._fed(data, events)
                return
            self._fall_behind(self._catch_up)
        else:
            self._hold_source()  # The client's buffer has let it go on, perhaps.
        self._waiting.append(data)  # type: ignore[union-attr]

    def end(self, error: GatewayError | None = None) -> None:
        """The provider's bytes are over, cleanly or by `error`."""
        if not self.done:
            self._ended([] if error is not None or self._reader is None else self._reader.end(), error)

    async def conclude(self, error: GatewayError | None = None) -> None:
        """As `end`, once all that came before is done with, and without holding up the loop."""
        if self._work is not None:
            await self._work
        await self.order.outlet.drain()  # What the end has to tell may be large again.
        if self.done or error is not None or self._reader is None or not self._is_large:
            self.end(error)
            return
        await self._end_apart(await beside(self._unread, self._reader.end))

    @property
    def _is_large(self) -> bool:
        """Whether the end may be much work."""
        return self._unread >= LARGE

    def abandon(self) -> None:
        """Nobody waits for the rest any more."""
        if self._work is not None:
            self._work.cancel()

    def _fed(self, data: bytes, events: list[Event]) -> None:
        """These bytes were read, and told these events."""
        raise AssertionError("each kind of stream has its own")

    async def _take_apart(self, data: bytes, events: list[Event]) -> None:
        """As `_fed`, for much of it."""
        self._fed(data, events)

    def _ended(self, events: list[Event], error: GatewayError | None) -> None:
        raise AssertionError("each kind of stream has its own")

    async def _end_apart(self, events: list[Event]) -> None:
        """As `_ended`, for much of it."""
        self._ended(events, None)

    def _fall_behind(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        self._waiting = []
        self._hold_source()
        self._work = asyncio.get_running_loop().create_task(self._behind(work))

    def _hold_source(self) -> None:
        """At once: libuv reads 32 times in a turn of the loop, eight megabytes, and waits each time for the
        interpreter's lock, which the work beside the loop has."""
        if self.source is not None:
            self.source.pause()

    async def _behind(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        source = self.source
        try:
            await work()
            await self._catch_up()
            self._waiting = None  # Not after a failure: what comes then waits for `conclude` to raise it.
        finally:
            if source is not None:
                source.resume()

    async def _catch_up(self) -> None:
        """Read what waits, until nothing does."""
        while self._waiting and not self.done and self._reader is not None:
            data = b"".join(self._waiting)
            self._waiting.clear()
            events = await beside(len(data), self._reader.feed, data)
            if events:
                self._unread = 0
            await self._take_apart(data, events)
            await self.order.outlet.drain()

    def _say(self, data: bytes) -> None:
        if data:
            self.order.account.said(data)
            self.order.outlet.send(data)

    def _over(self) -> None:
        self.done = True
        self.on_done()

    def _fail(self, error: GatewayError, telling: bytes) -> None:
        self._over()
        if not self.delivered:
            self.error = error
            return
        self.order.account.broke(error)
        self._say(telling)
        self.order.outlet.finish()

    def _finish(self) -> None:
        self._over()
        self.order.outlet.finish()


def _nothing() -> None:
    """Nobody waits for the end."""
