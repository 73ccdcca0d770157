"""The fast transport: our own HTTP/1.1 client, pooled, streaming, cancellable. One call is one screen of code.

Writes the request, lends a connection from the pool, and decides the one silent retry. It never looks into a
body and never follows a redirect. The wire itself is `connection.py`, the answer `answer.py`.
"""

from __future__ import annotations

import asyncio
import re
import ssl

from gophergate.errors import UpstreamBroken
from gophergate.transport.answer import PushedAnswer
from gophergate.transport.base import Ask
from gophergate.transport.connect import Connector
from gophergate.transport.connection import Connection
from gophergate.transport.pool import Origin, Pool, PoolLimits

OWNED = frozenset(
    {
        b"host",
        b"content-length",
        b"transfer-encoding",
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"upgrade",
    }
)
"""Header fields the transport alone may send: they frame the message or belong to one hop (RFC 9110, 7.6.1)."""

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
_UNSAFE_IN_TARGET = re.compile(r"[^!-~]|#")
_MAX_NAMES = 1024
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose empty body is said with content-length: 0 (RFC 9110, section 8.6)."""


class Http1Transport:
    """`Transport` over HTTP/1.1 with keep-alive. Belongs to the event loop it is first used on.

    `ca_file` (PEM) is trusted besides the system's store; `tls` replaces the TLS context whole. A connection serves
    one call at a time and returns to the pool when its answer was read whole and nothing came after it. A kept
    connection that proves dead before a byte of the answer was read is replaced by a new one, once per call, if the
    Ask is replayable. `send` raises ValueError, with nothing sent, for a URL or header field that could not be
    written as one (CR, LF, NUL, a field of `OWNED`).
    """

    def __init__(
        self,
        *,
        limits: PoolLimits = PoolLimits(),  # noqa: B008 - frozen
        ca_file: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._pool = Pool(Connector(ca_file=ca_file, tls=tls), limits)
        self._names: set[bytes] = set()
        """Header names found good, so that each is examined once and not once per call."""
        self._retries = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(self, ask: Ask) -> PushedAnswer:
        url = ask.url
        cut = url.find("/", 8)  # 8: past the slashes of http:// and https://
        origin = self._pool.known(url[:cut])
        if origin is not None:
            return await self._send(ask, origin, url[cut:])
        prefix, target = split(url)
        return await self._send(ask, self._pool.origin(prefix), target)

    async def send_pinned(self, ask: Ask, address: str) -> PushedAnswer:
        """`send`, but connected to `address` whatever the name resolves to, on a connection used by no other call.

        SNI, the certificate check and the host field are those of the URL's name.
        """
        prefix, target = split(ask.url)
        return await self._send(ask, self._pool.pinned(prefix, address), target)

    async def _send(self, ask: Ask, origin: Origin, target: str) -> PushedAnswer:
        head = self._head(ask, origin, target)
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        ends_at = loop.time() + ask.timeouts.total
        connection = origin.take()
        if connection is None:
            connection = await origin.open(ask.timeouts, ends_at)
        kept = connection.served > 0
        answer = await self._exchange(loop, connection, ask, head, ends_at)
        if answer.stale and kept and ask.replayable:
            self._retries += 1
            connection = await origin.open(ask.timeouts, ends_at, fresh=True)
            answer = await self._exchange(loop, connection, ask, head, ends_at)
        if answer.status == 0:
            raise answer.error or UpstreamBroken("No answer.")
        return answer

    async def _exchange(
        self, loop: asyncio.AbstractEventLoop, connection: Connection, ask: Ask, head: bytes, ends_at: float
    ) -> PushedAnswer:
        """The answer once its head, or its failure, is here. Cancelled, it closes the socket at once."""
        arrival: asyncio.Future[None] = loop.create_future()
        answer = PushedAnswer(connection, arrival)
        connection.begin(answer, head, ask.body, ask.timeouts, ends_at, is_head=ask.method == "HEAD")
        try:
            await arrival
        except BaseException:
            answer.close()
            raise
        return answer

    async def aclose(self) -> None:
        await self._pool.aclose()

    def statistics(self) -> dict[str, int]:
        """`open`, `idle`, `waiting`, `connects` (ever made), `retries` (of stale connections)."""
        return self._pool.statistics() | {"retries": self._retries}

    # -- writing -------------------------------------------------------------------------------------------

    def _head(self, ask: Ask, origin: Origin, target: str) -> bytes:
        """Request line and fields. All that came from outside is checked before anything is sent."""
        if _UNSAFE_IN_TARGET.search(target):
            target = _clean(target)
        if not ask.method.isalpha() or not ask.method.isascii():
            raise ValueError("the method is no word")
        names = self._names
        lines = [b""]
        for name, value in ask.headers:
            if name not in names:
                self._examine(name)
            lines.append(name + b": " + value)
        length = len(ask.body)
        framing = f"content-length: {length}\r\n" if length or ask.method in _WITH_BODY else ""
        fields = b"\r\n".join(lines)
        # Each line begins with one CRLF. Any further CR or LF came out of a value and would begin a line of its own.
        count = len(lines) - 1
        if fields.count(b"\n") != count or fields.count(b"\r") != count or b"\0" in fields:
            raise ValueError("a header value holds CR, LF or NUL")
        coding = "" if b"\r\naccept-encoding: " in fields else "accept-encoding: identity\r\n"
        line = f"{ask.method} {target} HTTP/1.1\r\nhost: {origin.authority}\r\n{coding}{framing}"
        return line.encode("ascii")[:-2] + fields + b"\r\n\r\n"

    def _examine(self, name: bytes) -> None:
        if name in OWNED:
            raise ValueError(f"the header field '{name.decode()}' belongs to the transport")
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name[:80]!r} is no header field name in lower case")
        if len(self._names) < _MAX_NAMES:
            self._names.add(name)


def _clean(target: str) -> str:
    """Without its fragment, which is never sent (RFC 9110, section 7.1). Raises ValueError for what is not ASCII
    text without spaces: such a URL was not encoded, or is somebody's attempt to write a second request."""
    target = target.partition("#")[0]
    if _UNSAFE_IN_TARGET.search(target):
        raise ValueError("the URL holds a character that must be percent-encoded")
    return target


def split(url: str) -> tuple[str, str]:
    """`scheme://authority` of an absolute URL, and the rest as a request target beginning with a slash."""
    scheme, separator, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    rest = rest[len(authority) :]
    return scheme + separator + authority, rest if rest.startswith("/") else "/" + rest
