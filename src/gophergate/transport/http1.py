"""The fast transport: our own HTTP/1.1 client, pooled, streaming, cancellable. One call is one screen of code.

Writes the request, lends a connection from the pool, and decides the one silent retry. It never looks into a
body and never follows a redirect. The wire itself is `connection.py`, the answer `answer.py`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine
from typing import Any

from gophergate.errors import UpstreamBroken
from gophergate.transport.answer import PushedAnswer
from gophergate.transport.base import Ask
from gophergate.transport.connect import Connector
from gophergate.transport.head import HeadWriter, split
from gophergate.transport.pool import Origin, Pool, PoolLimits


class Http1Transport:
    """`Transport` over HTTP/1.1 with keep-alive. Belongs to the event loop it is first used on.

    `ca_file` (PEM) is trusted besides the system's store; `tls` replaces the TLS context whole. A connection serves
    one call at a time and returns to the pool when its answer was read whole and nothing came after it. A kept
    connection that proves dead before a byte of the answer was read is replaced by a new one, once per call, if the
    Ask is replayable. `send` raises ValueError, with nothing sent, for a URL or header field that could not be
    written as one (CR, LF, NUL, a field of `head.OWNED`).
    """

    def __init__(
        self,
        *,
        limits: PoolLimits = PoolLimits(),  # noqa: B008 - frozen
        ca_file: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._pool = Pool(Connector(ca_file=ca_file, tls=tls), limits)
        self._writer = HeadWriter()
        self._retries = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def send(self, ask: Ask) -> Coroutine[Any, Any, PushedAnswer]:
        origin, target = self._pool.way(ask.url)
        return self._send(ask, origin, target)

    def send_pinned(self, ask: Ask, address: str) -> Coroutine[Any, Any, PushedAnswer]:
        """`send`, but connected to `address` whatever the name resolves to, on a connection used by no other call.

        SNI, the certificate check and the host field are those of the URL's name.
        """
        prefix, target = split(ask.url)
        return self._send(ask, self._pool.pinned(prefix, address), target)

    async def _send(self, ask: Ask, origin: Origin, target: str) -> PushedAnswer:
        """The answer once its head is here. Cancelled, it closes the socket at once."""
        head = self._writer.write(ask, origin.authority, target)
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        ends_at = loop.time() + ask.timeouts.total
        connection = origin.take()
        if connection is None:
            connection = await origin.open(ask.timeouts, ends_at)
        while True:
            arrival: asyncio.Future[None] = loop.create_future()
            answer = PushedAnswer(connection, arrival)
            connection.begin(answer, head, ask, ends_at)
            try:
                await arrival
            except BaseException:
                answer.close()
                raise
            if answer.status:
                return answer
            if not (answer.stale and ask.replayable):
                raise answer.error or UpstreamBroken("No answer.")
            # Once only: what fails on a new connection is not stale.
            self._retries += 1
            connection = await origin.open(ask.timeouts, ends_at, fresh=True)

    async def aclose(self) -> None:
        await self._pool.aclose()

    def statistics(self) -> dict[str, int]:
        """`open`, `idle`, `waiting`, `connects` (ever made), `retries` (of stale connections)."""
        return self._pool.statistics() | {"retries": self._retries}
