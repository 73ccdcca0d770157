"""The answer of a pushed call: one body, three ways to consume it, and back-pressure between.

`connection.py` pushes pieces in; whoever consumes pulls the end out. Until a consumer is there, and while an
iterating one lags, at most `HIGH_WATER` bytes and one read of the socket are held, then the socket is paused.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from gophergate.errors import UpstreamBroken
from gophergate.transport.base import Pieces, RawHeaders, Sink
from gophergate.transport.connection import Connection
from gophergate.transport.decode import decoder_for
from gophergate.transport.inflate import Inflater

HIGH_WATER = 64 * 1024
"""Bytes held for a consumer before the socket is paused, and no more is decoded."""

_DECODED = frozenset({b"content-encoding", b"content-length"})
"""Fields that say something untrue once the body has been decoded."""


class PushedAnswer:
    """`Answer` over a `Connection`. Made by `Http1Transport.send`, which awaits `arrival` for the head.

    When a content coding was undone, `headers` holds neither content-encoding nor content-length.
    """

    __slots__ = (
        "_choked",
        "_connection",
        "_consumed",
        "_held",
        "_inflater",
        "_late",
        "_named",
        "_paused",
        "_pieces",
        "_sink",
        "_waiter",
        "ended",
        "error",
        "headers",
        "stale",
        "status",
    )

    # Once the head is here.
    headers: RawHeaders
    _named: dict[bytes, bytes]
    # Of a coded body only: other pieces go from the connection to their consumer.
    _sink: Sink | None
    _late: BaseException | None
    """The failure that what is still to be decoded came before."""
    # Of an answer that failed.
    stale: bool

    def __init__(self, connection: Connection, arrival: asyncio.Future[None]) -> None:
        self.status = 0
        self.ended = False
        self.error: BaseException | None = None
        self._connection: Connection | None = connection
        self._waiter: asyncio.Future[None] | None = arrival
        self._pieces: list[bytes] = []
        self._held = 0
        self._inflater: Inflater | None = None
        self._consumed = self._paused = self._choked = False

    # -- the connection's side (`Receiver`) ----------------------------------------------------------------

    def begin(self, status: int, headers: list[tuple[bytes, bytes]], named: dict[bytes, bytes], coding: bytes) -> None:
        decoder = decoder_for(coding) if coding else None
        if decoder is not None and self._connection is not None:
            self._sink = self._late = None
            self._inflater = Inflater(decoder, self)
            self._connection.deliver = self._inflater.feed
            headers = [field for field in headers if field[0] not in _DECODED]
            named = dict(headers)
        self.headers = headers
        self._named = named
        self.status = status
        self._wake()

    def take(self, data: bytes, /) -> None:
        self._pieces.append(data)
        self._held += len(data)
        if self._held > HIGH_WATER and not self._choked:
            self._choked = True
            if self._connection is not None:
                self._connection.hold()
        if self._waiter is not None:
            self._wake()

    def end(self) -> None:
        self._connection = None
        if self._inflater is not None:
            if self._inflater.is_behind:
                return  # `caught_up` comes back to this.
            try:
                self._inflater.finish()
            except UpstreamBroken as error:
                self.error = error
            self._inflater = self._sink = None
        self.ended = True
        if self._waiter is not None:
            self._wake()

    def whole(self, status: int, headers: list[tuple[bytes, bytes]], named: dict[bytes, bytes], body: bytes) -> None:
        self._connection = None
        self.headers = headers
        self._named = named
        self.status = status
        if body:
            self._pieces.append(body)
            self._held = len(body)
        self.ended = True
        self._wake()

    def fail(self, error: BaseException, *, stale: bool = False) -> None:
        self._connection = None
        if self._inflater is not None:
            if self._inflater.is_behind and not self._paused:
                self._late = error  # What came before it is told before it.
                return
            self._inflater.drop()
            self._inflater = self._sink = None
        self.error = error
        self.stale = stale
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
        self._waiter = None

    # -- the side of what undoes its coding (`Taker`) -----------------------------------------------------

    @property
    def is_taking(self) -> bool:
        return not (self._paused or self._choked or self.ended)

    def give(self, piece: bytes) -> None:
        if self._sink is not None:
            self._sink(piece)
        else:
            self.take(piece)

    def fell_behind(self) -> None:
        if self._connection is not None:
            self._connection.hold()

    def caught_up(self) -> None:
        if self._connection is not None:
            self._read_on()
        elif self._late is None:
            self.end()
        else:
            self.fail(self._late)

    def broke(self, error: Exception) -> None:
        if self._connection is not None:
            self._connection.fail(error)
        else:
            self.fail(error)

    # -- the caller's side (`Answer`) ----------------------------------------------------------------------

    def header(self, name: bytes) -> bytes | None:
        return self._named.get(name)

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises UpstreamBroken beyond `limit` bytes, at once if its length says so beforehand."""
        if self.ended and self.error is None and self._held <= limit and not self._consumed:
            self._consumed = True
            pieces, self._pieces = self._pieces, []
            return b"".join(pieces)
        said = self.header(b"content-length")
        if said is not None and int(said) > limit:
            self.close()
            raise _too_long(limit)
        return await self._gathered(limit)

    async def _gathered(self, limit: int) -> bytes:
        pieces: list[bytes] = []
        room = limit

        def gather(data: bytes, /) -> None:
            nonlocal room
            room -= len(data)
            if room < 0:
                raise _too_long(limit)
            pieces.append(data)

        await self.pour(gather)
        return b"".join(pieces)

    async def pour(self, sink: Sink) -> None:
        """Push every piece into `sink` from the parser itself. What `sink` raises ends the call and comes out here."""
        self._consume()
        try:
            self._hand_over(sink)
            if not self.ended:
                await self._wait()
        except BaseException:
            self.close()
            raise
        if self.error is not None:
            raise self.error

    def _hand_over(self, sink: Sink) -> None:
        """From here on pieces go to `sink` as they come; those held go first."""
        pieces, self._pieces, self._held = self._pieces, [], 0
        for piece in pieces:
            sink(piece)
        if self._inflater is not None:
            self._sink = sink
        elif self._connection is not None:
            self._connection.deliver = sink
        self._unchoke()

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._consume()
        return Pieces(self.more)

    async def more(self) -> bytes:
        """What has come since the last time, in one piece; empty only at the end."""
        while not self._pieces:
            if self.ended:
                if self.error is not None:
                    raise self.error
                return b""
            await self._wait()
        pieces, self._pieces, self._held = self._pieces, [], 0
        self._unchoke()
        return b"".join(pieces)

    def pause(self) -> None:
        self._paused = True
        if self._connection is not None:
            self._connection.hold()

    def resume(self) -> None:
        self._paused = False
        self._read_on()

    def close(self) -> None:
        """Give the answer up now. Whoever awaits the body in another task gets UpstreamBroken."""
        if self.ended:
            return
        if self._connection is not None:
            self._connection.close()
        if self._inflater is not None:
            self._inflater.drop()
        self.fail(UpstreamBroken("The answer was closed before its end."))

    async def __aenter__(self) -> PushedAnswer:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.close()

    # -- inside --------------------------------------------------------------------------------------------

    def _consume(self) -> None:
        if self._consumed:
            raise RuntimeError("the body of an answer can be consumed only once")
        self._consumed = True

    def _unchoke(self) -> None:
        if self._choked:
            self._choked = False
            self._read_on()

    def _read_on(self) -> None:
        """Unless something else still speaks against it."""
        if self._paused or self._choked:
            return
        if self._inflater is not None and self._inflater.is_behind:
            self._inflater.go_on()
        elif self._connection is not None:
            self._connection.read_on()

    async def _wait(self) -> None:
        """Until a piece, the end or a failure has come. Cancelled, it closes the socket at once."""
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        try:
            await waiter
        except BaseException:
            self._waiter = None
            self.close()
            raise


def _too_long(limit: int) -> UpstreamBroken:
    return UpstreamBroken(f"The provider's answer is longer than the {limit} bytes this gateway takes.")
