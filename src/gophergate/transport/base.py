"""The seam between the gateway and the network: one call, one answer, bytes only.

`http1.py` (our own pooled client) and `proxy.py` (httpx2, for forward proxies and HTTP/2) implement
`Transport`; `memory.py` is the in-memory twin. Nothing here knows what the bytes mean.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

RawHeaders = Sequence[tuple[bytes, bytes]]
"""Header fields in order, names in lower case."""


class Timeouts(msgspec.Struct, frozen=True, gc=False):
    """Seconds. `connect` covers the wait for a place in the pool, name look-up, TCP and TLS, each; `first_byte` runs
    from the last byte of the request to the first of the answer; `idle` between two pieces of the answer (not
    while the reader itself has paused it); `total` over everything."""

    connect: float = 5.0
    first_byte: float = 120.0
    idle: float = 60.0
    total: float = 600.0


class Ask(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One HTTP request to a provider. `url` is absolute, its path and query already encoded.

    `headers` must not hold host, content-length, transfer-encoding or connection: the transport owns those.
    `replayable` allows one silent retry on a fresh connection when a kept-alive one proved dead before any byte
    of the answer was read.
    """

    method: str
    url: str
    headers: RawHeaders = ()
    body: bytes = b""
    timeouts: Timeouts = Timeouts()
    replayable: bool = True


class Sink(Protocol):
    """Where pushed bytes go: called synchronously for each piece, in order, never after `pour` returned."""

    def __call__(self, data: bytes, /) -> None: ...


class Pieces:
    """What `more` gives, until it gives nothing. An iterator and not an async generator: there is nothing to finalise
    when the loop over it is left early."""

    __slots__ = ("_more",)

    def __init__(self, more: Callable[[], Awaitable[bytes]]) -> None:
        self._more = more

    def __aiter__(self) -> Pieces:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._more()
        if not piece:
            raise StopAsyncIteration
        return piece


class Answer(Protocol):
    """A provider's answer whose head has arrived. Consume the body by exactly one of `read`, iteration, `pour`.

    Bodies come decoded of transfer-encoding, and of content-encoding too. Every way of consuming raises
    UpstreamBroken when the body ends early, UpstreamTimeout when it stalls. Use it as `async with`: leaving
    closes the connection unless the body was read to its end, in which case it returns to the pool.
    Cancelling any await closes the upstream socket within a second.
    """

    status: int
    headers: RawHeaders

    def header(self, name: bytes) -> bytes | None:
        """The first field of that (lower-case) name."""

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises UpstreamBroken beyond `limit` bytes."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Piece by piece as they arrive; slow iteration pauses the socket."""

    async def pour(self, sink: Sink) -> None:
        """Push every piece into `sink` from the parser itself: no queue, no task per piece. Returns at the end."""

    def pause(self) -> None:
        """Stop reading the socket (the client's buffer is full). The idle time-out does not run meanwhile."""

    def resume(self) -> None:
        """Read on."""

    def close(self) -> None:
        """Give the answer up now; the socket closes. Harmless after the end."""

    async def __aenter__(self) -> Answer: ...

    async def __aexit__(self, *exc: object) -> None: ...


class Transport(Protocol):
    """Sends requests. Safe for any number of concurrent calls on one event loop."""

    async def send(self, ask: Ask) -> Answer:
        """The answer, once its head is here (1xx are skipped).

        Raises UpstreamUnreachable (nothing was acted on), UpstreamTimeout, UpstreamBroken.
        """

    async def aclose(self) -> None:
        """Close every connection. Calls under way fail with UpstreamBroken."""

    def statistics(self) -> dict[str, int]:
        """Open, idle and waiting counts, for metrics and tests."""
