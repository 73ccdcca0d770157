"""A call's reply as routing sees it: a head with our own facts, heartbeats in silence, errors in the door's words.

The only user of `Reply` for calls. Knows no provider; what it tells of a call it reads from `Facts`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache
from math import ceil
from typing import Protocol

from gophergate.core.money import to_dollars
from gophergate.dialects.base import Dialect, Stamp
from gophergate.errors import GatewayError, UpstreamRefused
from gophergate.front.base import ID_TOO, Reply

_NO_CACHE = (b"cache-control", b"no-cache")
_NO_BUFFERING = (b"x-accel-buffering", b"no")
"""nginx and those that copy it hold streams back without it."""

_MAX_PLAIN = 1024
"""Header values remembered, most of them the labels of deployments."""


class Facts(Protocol):
    """What a reply's head tells about its call (`ledger.entry.Entry` fits)."""

    @property
    def door(self) -> str: ...

    @property
    def request_id(self) -> str: ...

    @property
    def deployment_label(self) -> str: ...

    @property
    def attempt_count(self) -> int: ...

    @property
    def dropped_names(self) -> tuple[str, ...]: ...

    @property
    def guards_told(self) -> str: ...

    def begun(self) -> None:
        """The client is about to see the first of a stream."""

    def overhead_ms(self) -> float: ...

    def cost(self) -> int | None: ...


class Pausable(Protocol):
    def pause(self) -> None: ...

    def resume(self) -> None: ...


class Outlet:
    """One reply. `interval` is the silence, in seconds, after which a stream is given a heartbeat."""

    __slots__ = (
        "_content_type",
        "_detached",
        "_facts",
        "_heartbeat",
        "_interval",
        "_last",
        "_loop",
        "_noted",
        "_over",
        "_reply",
        "_timer",
        "_waiting",
    )

    # Of a heartbeat; set by the first `keep_alive`.
    _heartbeat: bytes
    _content_type: bytes
    _last: float
    _loop: asyncio.AbstractEventLoop

    def __init__(self, reply: Reply, facts: Facts, interval: float) -> None:
        self._reply = reply
        self._facts = facts
        self._interval = interval
        self._timer: asyncio.TimerHandle | None = None
        self._over = False
        self._noted: list[tuple[bytes, bytes]] = []
        self._detached = False
        self._waiting: tuple[bytes, bytes] | None = None

    @property
    def begun(self) -> bool:
        """True once a status was sent."""
        return self._reply.started

    def note(self, name: bytes, value: bytes) -> None:
        """One more field for the head, while it has not been sent."""
        self._noted.append((name, value))

    def begin(self, content_type: bytes) -> None:
        """Send the head of a stream, unless a heartbeat has sent it already."""
        if not self._reply.started:
            self._facts.begun()
            self._reply.start(200, [*self._told(content_type), _NO_CACHE, _NO_BUFFERING])

    def send(self, data: bytes) -> None:
        """Bytes of a stream that has begun."""
        if self._timer is not None:
            self._last = self._loop.time()
        self._reply.send(data)

    def finish(self) -> None:
        """The stream is whole, or its error event was its last."""
        self.quiet()
        self._over = True
        self._reply.end()

    def cut(self) -> None:
        """What has been sent is not whole, and no words in it could say so: the connection breaks."""
        self.quiet()
        self._over = True
        self._reply.abort()

    def whole(self, body: bytes, content_type: bytes) -> None:
        """A reply in one piece. It waits for `conclude`: a client that has seen it finds it in the ledger. Only a
        client that is told that the work goes on without it (`detach`) is told so now."""
        if self._timer is not None:
            self.quiet()
        self._over = True
        self._waiting = body, content_type
        if self._detached:
            self._facts.begun()
            self.conclude()

    def conclude(self) -> None:
        """The call is in the ledger: what waited for that goes out."""
        if self._waiting is None:
            return
        (body, content_type), self._waiting = self._waiting, None
        headers = self._told(content_type)
        cost = self._facts.cost()
        if cost is not None:
            headers.append((b"x-gophergate-cost", to_dollars(cost).encode()))
        self._reply.whole(200, headers, body)

    def refuse(self, error: GatewayError, door: Dialect, stamp: Stamp) -> None:
        """The call failed before any content. A provider's own words pass to a caller of its dialect; all else is
        put in the door's envelope. Where heartbeats have begun the stream, its error event says it instead. A caller
        who has a whole answer (that the work goes on in the background) is told nothing more."""
        self.quiet()
        reply = self._reply
        if reply.gone or self._over:
            return
        if reply.started:
            reply.send(door.broken(error, stamp))
            reply.end()
            return
        spoken = error.spoken if isinstance(error, UpstreamRefused) else None
        if spoken is not None and spoken.dialect == door.name and spoken.body:
            body, kind = spoken.body, spoken.content_type.encode("latin-1")
        else:
            body, kind = door.write_error(error, self._facts.request_id), b"application/json"
        headers = self._told(kind)
        headers.extend((name.encode(), value.encode("latin-1")) for name, value in error.headers.items())
        if error.retry_after is not None and "retry-after" not in error.headers:
            headers.append((b"retry-after", str(max(1, ceil(error.retry_after))).encode()))
        reply.whole(error.status, headers, body)

    def steer(self, source: Pausable) -> None:
        """While the client's buffer is full, `source` is paused (edge case 61)."""
        self._reply.on_pressure(source.pause, source.resume)

    def detach(self) -> None:
        """The call goes on when its client has gone; what is sent then reaches nobody."""
        self._detached = True
        self._reply.on_gone(self.quiet)

    @property
    def gone(self) -> bool:
        """Whether the client has left, and the call was not to go on without it."""
        return self._reply.gone and not self._detached

    def stay(self, left: Callable[[], None] | None) -> None:
        """Should the client go, call `left` instead of cancelling the call; None takes that back. A call that goes on
        without its client anyhow (`detach`) stays as it is."""
        if self._detached:
            return

        def alone() -> None:
            self.quiet()
            if left is not None:
                left()

        self._reply.on_gone(None if left is None else alone)

    async def drain(self) -> None:
        """Wait until the client's buffer has room."""
        await self._reply.drain()

    # -- heartbeats (R-F4) --------------------------------------------------------------------------------------

    def keep_alive(self, heartbeat: bytes, content_type: bytes) -> None:
        """From now on break silences with `heartbeat`; the first may begin the stream. b"" asks for none."""
        self._heartbeat = heartbeat
        self._content_type = content_type
        if heartbeat and self._timer is None:
            self._loop = asyncio.get_running_loop()
            self._last = self._loop.time()
            self._timer = self._loop.call_later(self._interval, self._tick)

    def quiet(self) -> None:
        """No more heartbeats."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        # Re-armed lazily: bytes only note the time, so a busy stream pays one timer an interval.
        silent = self._loop.time() - self._last
        if silent >= self._interval - 0.001:
            self.begin(self._content_type)
            self.send(self._heartbeat)
            silent = 0.0
        self._timer = self._loop.call_later(self._interval - silent, self._tick)

    def _told(self, content_type: bytes) -> list[tuple[bytes, bytes]]:
        """The head's own fields, and what is told of the call."""
        facts = self._facts
        told = [(b"content-type", content_type), (b"x-request-id", facts.request_id.encode()), *self._noted]
        if (also := ID_TOO.get(facts.door)) is not None:
            told.append((also, facts.request_id.encode()))
        label = facts.deployment_label
        if label:
            told += (b"x-gophergate-model", _plain(label)), (b"x-gophergate-attempts", b"%d" % facts.attempt_count)
        dropped = facts.dropped_names
        if dropped:
            told.append((b"x-gophergate-dropped", _plain(",".join(dropped))))
        guards = facts.guards_told
        if guards:
            told.append((b"x-gophergate-guards", _plain(guards)))
        told.append((b"x-gophergate-overhead-ms", b"%.2f" % facts.overhead_ms()))
        return told


@lru_cache(_MAX_PLAIN)
def _plain(text: str) -> bytes:
    """A header value: what is not printable ASCII is replaced, for names come from outside."""
    if text.isascii() and text.isprintable():
        return text.encode()
    return "".join(c if " " <= c <= "~" else "?" for c in text).encode()
