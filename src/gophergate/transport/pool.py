"""Connections by origin: kept ones last in first out, a limit, and a first-come queue for a free place.

Knows nothing of requests. Bounds: `limit` connections per origin (more callers wait in line, for as long as
their connect time-out), `max_idle` kept ones per origin (more are closed), `MAX_ORIGINS` remembered origins
(those without a connection are forgotten first).
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from urllib.parse import urlsplit

import msgspec

from gophergate.errors import UpstreamBroken, UpstreamTimeout, UpstreamUnreachable
from gophergate.transport.base import Timeouts
from gophergate.transport.connect import Connector
from gophergate.transport.connection import Connection
from gophergate.transport.head import split

MAX_ORIGINS = 1024
_MAX_WAYS = 1024

_FAREWELL = 1.0
"""Seconds to wait for the loop to let go of aborted sockets; it takes one or two of its rounds."""

_PREFIX = re.compile(r"(?i:https?)://(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")

_DEFAULT_PORTS = {"http": 80, "https": 443}


class PoolLimits(msgspec.Struct, frozen=True):
    """`per_origin` connections at most, `max_idle` of them kept for at most `max_idle_age` seconds."""

    per_origin: int = 1000
    max_idle: int = 200
    max_idle_age: float = 30.0


class Origin:
    """One (scheme, host, port) and its connections. `keep=False` makes every connection serve once."""

    def __init__(
        self,
        pool: Pool,
        secure: bool,
        host: str,
        port: int,
        *,
        address: str | None = None,
        keep: bool = True,
    ) -> None:
        self._pool = pool
        self._secure = secure
        self._host = host
        self._port = port
        self._address = address
        self._most_idle = pool.limits.max_idle if keep else 0
        self._idle: list[Connection] = []
        self._waiters: deque[asyncio.Future[Connection | None]] = deque()
        self._places = 0
        """Connections open or being opened. A place may pass from a closed one to a waiter without being free."""
        bracketed = f"[{host}]" if ":" in host else host
        standard = port == _DEFAULT_PORTS["https" if secure else "http"]
        self.authority = bracketed if standard else f"{bracketed}:{port}"
        """The value of the host field."""

    @property
    def in_use(self) -> bool:
        return self._places > 0 or bool(self._waiters)

    @property
    def idle(self) -> int:
        return len(self._idle)

    @property
    def waiting(self) -> int:
        return len(self._waiters)

    def take(self) -> Connection | None:
        """The kept connection used last, if there is one. Older ones are left to grow old and be closed."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable():
                return connection
            connection.close()
        return None

    async def open(self, timeouts: Timeouts, ends_at: float, *, fresh: bool = False) -> Connection:
        """A connection: a new one, or, unless `fresh`, one that came free while this caller stood in line.

        Raises UpstreamTimeout (phase pool or connect, each at most `timeouts.connect` seconds, or total) and
        UpstreamUnreachable. Cancelled, it leaves no socket and no place behind.
        """
        while self._places >= self._pool.limits.per_origin and not (fresh and self._sacrifice()):
            kept = await self._stand_in_line(timeouts.connect, ends_at)
            if kept is None:
                break
            if kept.is_usable() and not fresh:
                return kept
            kept.close()
        else:
            self._places += 1
        return await self._connect(timeouts, ends_at)

    async def _connect(self, timeouts: Timeouts, ends_at: float) -> Connection:
        """A new connection in a place already taken; should it fail, closing it gives the place back."""
        loop = asyncio.get_running_loop()
        connection = Connection(loop, self, self._host, self._pool.limits.max_idle_age)
        limit = min(loop.time() + timeouts.connect, ends_at)
        try:
            if self._pool.closed:
                raise UpstreamUnreachable("The gateway has closed its connections.")
            async with asyncio.timeout_at(limit) as scope:
                await self._pool.connector.connect(
                    lambda: connection,
                    host=self._host,
                    port=self._port,
                    secure=self._secure,
                    address=self._address,
                )
            if self._pool.closed:
                raise UpstreamUnreachable("The gateway has closed its connections.")
        except BaseException as error:
            connection.close()
            if isinstance(error, TimeoutError) and scope.expired():
                phase = "total" if limit == ends_at else "connect"
                raise UpstreamTimeout(f"No connection to '{self._host}' in time.", phase=phase) from None
            raise
        return connection

    def close(self, error: UpstreamBroken) -> None:
        """Turn away everybody in line and close what is kept."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(UpstreamUnreachable(error.message))
        self._waiters.clear()
        for connection in list(self._idle):
            connection.close()

    # -- `Home` --------------------------------------------------------------------------------------------

    def give_back(self, connection: Connection) -> None:
        if self._waiters and (waiter := self._next_in_line()) is not None:
            waiter.set_result(connection)
        elif len(self._idle) < self._most_idle:
            self._idle.append(connection)
        else:
            connection.close()

    def forget(self, connection: Connection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        self._free_place()

    def opened(self, connection: Connection) -> None:
        self._pool.opened(connection)

    def lost(self, connection: Connection) -> None:
        self._pool.lost(connection)

    # -- inside --------------------------------------------------------------------------------------------

    def _next_in_line(self) -> asyncio.Future[Connection | None] | None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                return waiter
        return None

    def _free_place(self) -> None:
        waiter = self._next_in_line()
        if waiter is not None:
            waiter.set_result(None)
        else:
            self._places -= 1

    def _sacrifice(self) -> bool:
        """Close the oldest kept connection for the sake of a new one."""
        if not self._idle:
            return False
        self._idle[0].close()
        return True

    async def _stand_in_line(self, patience: float, ends_at: float) -> Connection | None:
        """A connection, or None for the place of one, first come first served."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Connection | None] = loop.create_future()
        self._waiters.append(waiter)
        limit = min(loop.time() + patience, ends_at)
        try:
            async with asyncio.timeout_at(limit) as scope:
                return await waiter
        except BaseException as error:
            if waiter in self._waiters:  # Cancelling the wait has cancelled the future, not left the line.
                self._waiters.remove(waiter)
            elif not waiter.cancelled() and waiter.exception() is None:
                self._pass_on(waiter.result())
            if isinstance(error, TimeoutError) and scope.expired():
                phase = "total" if limit == ends_at else "pool"
                raise UpstreamTimeout(
                    f"All {self._pool.limits.per_origin} connections to '{self._host}' are busy.", phase=phase
                ) from None
            raise

    def _pass_on(self, prize: Connection | None) -> None:
        """It came free in the moment this caller gave up: it is the next one's."""
        if prize is None:
            self._free_place()
        elif prize.is_usable():
            self.give_back(prize)


class Pool:
    """All origins of one transport. Use it on one event loop."""

    def __init__(self, connector: Connector, limits: PoolLimits) -> None:
        self.connector = connector
        self.limits = limits
        self.closed = False
        self._origins: dict[str, Origin] = {}
        self._by_name: dict[tuple[bool, str, int], Origin] = {}
        self._ways: dict[str, tuple[Origin, str]] = {}
        """URLs taken apart: few are asked, again and again."""
        self._sockets: set[Connection] = set()
        self._all_lost: asyncio.Future[None] | None = None
        self.connects = 0
        """Connections made so far."""

    def origin(self, prefix: str) -> Origin:
        """The origin of a URL prefix `scheme://host[:port]`. Raises ValueError for anything else."""
        origin = self._origins.get(prefix)
        if origin is None:
            secure, host, port = parse_prefix(prefix)
            if len(self._origins) >= MAX_ORIGINS:
                self._forget_unused()
            origin = self._by_name.get((secure, host, port))
            if origin is None:
                origin = self._by_name[secure, host, port] = Origin(self, secure, host, port)
            if len(self._origins) < MAX_ORIGINS:
                self._origins[prefix] = origin
        return origin

    def way(self, url: str) -> tuple[Origin, str]:
        """The origin of an absolute URL, and what is asked for there (`head.split`). Raises ValueError as `origin`."""
        known = self._ways.get(url)
        if known is None:
            prefix, target = split(url)
            origin = self.origin(prefix)
            if len(self._ways) >= _MAX_WAYS:
                self._ways.clear()
            known = self._ways[url] = origin, target
        return known

    def pinned(self, prefix: str, address: str) -> Origin:
        """An origin of its own for one call: connects to `address` only, shares and keeps no connection."""
        secure, host, port = parse_prefix(prefix)
        return Origin(self, secure, host, port, address=address, keep=False)

    def opened(self, connection: Connection) -> None:
        self.connects += 1
        self._sockets.add(connection)

    def lost(self, connection: Connection) -> None:
        self._sockets.discard(connection)
        if not self._sockets and self._all_lost is not None and not self._all_lost.done():
            self._all_lost.set_result(None)

    async def aclose(self) -> None:
        """Fail the calls under way, close every socket and wait until the loop has let go of them."""
        self.closed = True
        error = UpstreamBroken("The gateway closed its connections.")
        for origin in self._by_name.values():
            origin.close(error)
        for connection in list(self._sockets):
            connection.fail(error)
        if self._sockets:
            self._all_lost = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._all_lost], timeout=_FAREWELL)

    def statistics(self) -> dict[str, int]:
        """`open` connections (busy or idle), `idle`, `waiting` callers, `connects` ever made."""
        origins = self._by_name.values()
        return {
            "open": sum(not connection.closed for connection in self._sockets),
            "idle": sum(origin.idle for origin in origins),
            "waiting": sum(origin.waiting for origin in origins),
            "connects": self.connects,
        }

    def _forget_unused(self) -> None:
        """Make room among the remembered origins. One with a connection or a caller in line stays."""
        self._by_name = {name: origin for name, origin in self._by_name.items() if origin.in_use}
        self._origins = {prefix: origin for prefix, origin in self._origins.items() if origin.in_use}
        self._ways.clear()


def parse_prefix(prefix: str) -> tuple[bool, str, int]:
    """(is https, host without brackets, port) of `scheme://host[:port]`. Raises ValueError.

    Names and passwords in a URL are refused: they would travel into logs.
    """
    if not _PREFIX.fullmatch(prefix):
        # urlsplit would silently drop line breaks and tabs; a name outside ASCII belongs in its IDNA form.
        raise ValueError("a URL must be absolute, http or https, its host in ASCII and without user or password")
    parts = urlsplit(prefix)
    if not parts.hostname:
        raise ValueError("the URL names no host")
    secure = parts.scheme == "https"
    return secure, parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme]
