"""A request as it arrives: its head, and a bounded body that an adapter feeds and a handler awaits.

Both adapters feed the same class, so bounds and failures cannot differ between them. No socket here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from gophergate.errors import BodyTooLarge, GatewayError
from gophergate.front.base import Heard, RawHeaders
from gophergate.front.encoding import decode


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
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if self._coding is not None and data:
            return await decode(self._coding, data, self._limit)
        return data

    def again(self, body: bytes, length: bytes) -> ReceivedRequest:
        """The same head with another body, whole; `length` are the digits of its Content-Length."""
        headers, index = self.headers, self._index
        if index[b"content-length"] != length:
            field = (b"content-length", length)
            headers = [field if other[0] == b"content-length" else other for other in headers]
            index = {**index, b"content-length": length}
        new = ReceivedRequest(
            self._source,
            self._limit,
            self.method,
            self.path,
            self.raw_path,
            self.query,
            headers,
            index,
            self._coding,
            self.client,
            self.scheme,
        )
        new.heard = self.heard
        new._pieces = [body]
        new.size = len(body)
        new.whole = True
        return new

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
