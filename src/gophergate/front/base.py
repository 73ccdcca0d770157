"""The two small Protocols of the edge. `lane.py` (beneath ASGI) and `asgi.py` are adapters of both.

A handler is `async def handle(inbound: Inbound, reply: Reply) -> None`. Its task is cancelled when the client
goes away (`reply.gone` is then True), unless it has taken over with `reply.on_gone`. What it raises as a
GatewayError before `start` becomes an error in the door's dialect; that is the caller's (front's) business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

RawHeaders = Sequence[tuple[bytes, bytes]]
"""Header fields in order, names in lower case."""


class Inbound(Protocol):
    """One request. Head fields are ready; the body is awaited."""

    method: str
    path: str
    """Percent-decoded once by the parser's rules; never normalised."""
    raw_path: bytes
    """As sent, without the query."""
    query: bytes
    """As sent, without the question mark; never logged (it may hold a key)."""
    headers: RawHeaders
    client: str
    """The peer's IP address, or what a trusted proxy says it is."""
    scheme: str

    def header(self, name: bytes) -> bytes | None:
        """The first field of that (lower-case) name, None when absent."""

    async def body(self) -> bytes:
        """The whole body, once. Raises BodyTooLarge, RequestTimeout, BadRequest (broken framing), ClientGone."""


class Reply(Protocol):
    """The only way to answer. One head, then bytes, then `end`. All of it synchronous; nothing here waits but `drain`.

    A started reply never gets a second status: `start` twice raises RuntimeError. After the client has gone
    every method is harmless and does nothing.
    """

    started: bool
    gone: bool

    def start(self, status: int, headers: RawHeaders, *, length: int | None = None) -> None:
        """Send the head. With `length` a Content-Length, else chunked (HTTP/1.1) or until close (HTTP/1.0)."""

    def send(self, data: bytes) -> None:
        """Queue body bytes. Never waits; watch pressure by `on_pressure` or await `drain`."""

    def end(self) -> None:
        """The body is whole. Keep-alive follows where it is allowed."""

    def abort(self) -> None:
        """Break the connection so that the client sees the body is not whole."""

    async def drain(self) -> None:
        """Wait until the client's buffer is below its high-water mark (or the client is gone)."""

    def on_pressure(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        """Be told when the client's buffer is full, and when it has drained. `pause` is called at once if it is full."""

    def on_gone(self, callback: Callable[[], None] | None) -> None:
        """Replace the default (cancel the handler's task) by `callback`; None restores the default."""


Handler = Callable[[Inbound, Reply], Awaitable[None]]
