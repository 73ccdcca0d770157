"""A request as it arrives, its head and a bounded body that an adapter feeds and a handler awaits; and one that is here
whole, behind a head that was read before.

Both adapters feed the same class, so bounds and failures cannot differ between them. No socket here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from gophergate.errors import BodyTooLarge, GatewayError
from gophergate.front.base import Heard, Inbound, RawHeaders
from gophergate.front.encoding import LARGE, decode, joined, unmarked


class BodySource(Protocol):
    """Where the body's bytes come from."""

    def body_wanted(self, inbound: ReceivedRequest) -> None:
        """The handler waits for bytes that are not here yet. Called at most once, synchronously."""


class ReceivedRequest:
    """`Inbound`. The adapter calls `feed` for each piece, then `complete` or `fail`, from the event loop only."""

    __slots__ = (
        "_coding",
        "_failure",
        "_index",
        "_limit",
        "_pieces",
        "_source",
        "_taken",
        "_waiter",
        "client",
        "headers",
        "heard",
        "method",
        "path",
        "query",
        "raw_path",
        "scheme",
        "size",
        "whole",
    )

    def __init__(
        self,
        source: BodySource,
        limit: int,
        method: str,
        path: str,
        raw_path: bytes,
        query: bytes,
        headers: RawHeaders,
        index: Mapping[bytes, bytes],
        coding: bytes | None,
        client: str,
        scheme: str,
    ) -> None:
        self.method = method
        self.path = path
        self.raw_path = raw_path
        self.query = query
        self.headers = headers
        self.client = client
        self.scheme = scheme
        self.size = 0
        """Body bytes received, still in their content coding."""
        self.whole = False
        self.heard = Heard()
        self._index = index
        self._coding = coding
        self._limit = limit
        self._source = source
        self._pieces: list[bytes] = []
        self._taken = False
        self._failure: GatewayError | None = None
        self._waiter: asyncio.Future[None] | None = None

    def header(self, name: bytes) -> bytes | None:
        return self._index.get(name)

    @property
    def wanted(self) -> bool:
        """Whether the handler has asked for the body."""
        return self._taken

    async def body(self) -> bytes:
        if self._taken:
            raise RuntimeError("the body has already been read")
        self._taken = True
        if not self.whole and self._failure is None:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                self._source.body_wanted(self)
                await self._waiter
            finally:
                self._waiter = None
        if self._failure is not None:
            raise self._failure
        pieces, self._pieces = self._pieces, []
        data = b"".join(pieces) if self.size < LARGE else await joined(pieces)
        if self._coding is not None and data:
            data = await decode(self._coding, data, self._limit)
        return unmarked(data)

    def feed(self, piece: bytes) -> bool:
        """Keep `piece`. False once the body has failed and nothing more is kept, be it for being too large now."""
        if self._failure is not None:
            return False
        self.size += len(piece)
        if self.size > self._limit:
            self.fail(BodyTooLarge(f"The request body is larger than {self._limit} bytes."))
            return False
        self._pieces.append(piece)
        return True

    def complete(self) -> None:
        """No more pieces come."""
        if self._failure is None:
            self.whole = True
            self._wake()

    def fail(self, error: GatewayError) -> None:
        """The body will not be whole. Does nothing once it is, or has failed before."""
        if not self.whole and self._failure is None:
            self._failure = error
            self._pieces = []
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


_LENGTH = b"content-length"


class WholeRequest:
    """`Inbound`: a POST whose body is here, with the head of another request: of the `first` of its connection that had
    this head, or of the one that opened the socket it came over as a message."""

    __slots__ = ("_body", "_first", "_size", "client", "heard")

    method = "POST"

    def __init__(self, first: Inbound, body: bytes) -> None:
        self.client = first.client
        self.heard = first.heard
        self._first = first
        self._size = len(body)
        self._body: bytes | None = body

    @property
    def path(self) -> str:
        return self._first.path

    @property
    def raw_path(self) -> bytes:
        return self._first.raw_path

    @property
    def query(self) -> bytes:
        return self._first.query

    @property
    def scheme(self) -> str:
        return self._first.scheme

    @property
    def headers(self) -> RawHeaders:
        return [(name, b"%d" % self._size if name == _LENGTH else value) for name, value in self._first.headers]

    def header(self, name: bytes) -> bytes | None:
        value = self._first.header(name)
        return b"%d" % self._size if name == _LENGTH and value is not None else value

    async def body(self) -> bytes:
        body, self._body = self._body, None
        if body is None:
            raise RuntimeError("the body has already been read")
        return body
