"""What the connections of one listening address share: the edge, the Date line, and the clock of their deadlines.

Reads and writes nothing itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Protocol

from uvicorn.config import Config
from uvicorn.server import ServerState

from gophergate.front.edge import Edge


class Timed(Protocol):
    """A connection, as far as time goes."""

    def tick(self, now: float) -> None:
        """Act on the deadlines that have passed by `now`, on the loop's clock."""


class Listener:
    """`tick` must be called about once a second (oftener if time-outs are shorter): one look at all connections
    instead of a timer for each request. `config` is loaded and names the ASGI application; `wall` is the clock the
    Date line is told from."""

    def __init__(
        self,
        edge: Edge,
        config: Config,
        loop: asyncio.AbstractEventLoop,
        *,
        max_connections: int,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.edge = edge
        self.config = config
        self.loop = loop
        self.max_connections = max_connections
        self.server_state = ServerState()
        self.connections: set[Timed] = set()
        self.draining = False
        """No connection outlives the reply it is at; set when the drain begins."""
        self.date_line = b""
        self._wall = wall
        self._second = -1
        self.tick()

    def tick(self) -> None:
        """Renew the Date line; act on the connections' deadlines."""
        second = int(self._wall())
        if second != self._second:
            self._second = second
            date = formatdate(second, usegmt=True).encode()
            self.date_line = b"date: %b\r\n" % date
            self.server_state.default_headers = [(b"date", date)]
        now = self.loop.time()
        for connection in tuple(self.connections):
            connection.tick(now)
