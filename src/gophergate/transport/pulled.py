"""The answer of a pulled call: the same contract as `answer.py` over an async generator of bytes.

For the transports that are not ours to push from: httpx2 (`proxy.py`) and the in-memory twin (`memory.py`). Here
a piece costs a task; the hot path does not come this way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator

from gophergate.errors import UpstreamBroken, UpstreamError, UpstreamTimeout
from gophergate.transport.base import Pieces, RawHeaders, Sink, Timeouts
from gophergate.transport.decode import PIECE, Decoder, decoder_for
from gophergate.transport.inflate import STEP, STRETCH

_DECODED = frozenset({b"content-encoding", b"content-length"})


class PulledAnswer:
    """`Answer` over `source`, which yields raw pieces and raises UpstreamError when it fails.

    `release` is awaited once: after the last piece, or in a task of its own after `close` or a failure; it closes
    whatever is behind `source`. `tasks` keeps such tasks from being collected, and lets their owner wait for them.
    When a content coding was undone, `headers` holds neither content-encoding nor content-length.
    """

    def __init__(
        self,
        status: int,
        headers: RawHeaders,
        source: AsyncGenerator[bytes, None],
        *,
        release: Callable[[], Awaitable[None]],
        tasks: set[asyncio.Task[None]],
        timeouts: Timeouts,
        ends_at: float,
        bodyless: bool = False,
    ) -> None:
        self.status = status
        self.headers = headers
        self._source = source
        self._release = release
        self._tasks = tasks
        self._idle = timeouts.idle
        self._ends_at = ends_at
        self._decoder: Decoder | None = None
        self._ready: Iterator[bytes] = iter(())
        """What the last raw piece becomes."""
        self._since = 0
        """Bytes of a coded body since others had their turn."""
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._pull: asyncio.Task[bytes | None] | None = None
        self._consumed = self._over = self._closed = False
        coding = b",".join(value for name, value in headers if name == b"content-encoding")
        if coding and not bodyless:
            self._decoder = decoder_for(coding)
            if self._decoder is not None:
                self.headers = [field for field in headers if field[0] not in _DECODED]

    def header(self, name: bytes) -> bytes | None:
        for field, value in self.headers:
            if field == name:
                return value
        return None

    async def read(self, limit: int) -> bytes:
        pieces: list[bytes] = []
        room = limit
        async for piece in self:
            room -= len(piece)
            if room < 0:
                self.close()
                raise UpstreamBroken(f"The provider's answer is longer than the {limit} bytes this gateway takes.")
            pieces.append(piece)
        return b"".join(pieces)

    async def pour(self, sink: Sink) -> None:
        try:
            async for piece in self:
                sink(piece)
        except BaseException:
            self.close()
            raise

    def __aiter__(self) -> AsyncIterator[bytes]:
        if self._consumed:
            raise RuntimeError("the body of an answer can be consumed only once")
        self._consumed = True
        return Pieces(self.more)

    async def more(self) -> bytes:
        """The next piece; empty only at the end."""
        try:
            while not (piece := await self._decoded()):
                if self._closed:
                    raise UpstreamBroken("The answer was closed before its end.")
                if self._over:
                    return b""
                raw = await self._next()
                if raw is None:
                    self._over = True
                    await self._release()
                    if self._decoder is not None:
                        self._decoder.finish()
                else:
                    self._ready = iter((raw,)) if self._decoder is None else self._decoder.feed(raw)
        except BaseException:
            self.close()
            raise
        return piece

    async def _decoded(self) -> bytes:
        """One more piece of what the last raw one becomes; empty when there is none."""
        for piece in self._ready:
            if self._decoder is None:
                return piece
            self._since += (len(piece) or PIECE) + STEP
            if self._since > STRETCH:
                self._since = 0
                await asyncio.sleep(0)
            if not self._flowing.is_set():
                await self._flows()
            if piece:
                return piece
        return b""

    def pause(self) -> None:
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    def close(self) -> None:
        """Give the answer up now. Whoever awaits the body in another task gets UpstreamBroken."""
        if self._closed or self._over:
            return
        self._closed = True
        self._flowing.set()
        task = asyncio.get_running_loop().create_task(self._abandon(self._pull))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def __aenter__(self) -> PulledAnswer:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.close()

    async def _abandon(self, pull: asyncio.Task[bytes | None] | None) -> None:
        """Stop the pull under way first: an async generator cannot be closed while it runs."""
        if pull is not None and not pull.done():
            pull.cancel()
            await asyncio.wait([pull])
        await self._source.aclose()
        await self._release()

    async def _next(self) -> bytes | None:
        """The next raw piece, None at the end. Being paused counts for the total time only."""
        now = asyncio.get_running_loop().time
        phase = "total"
        try:
            async with asyncio.timeout_at(self._ends_at) as scope:
                await self._flowing.wait()
                if now() + self._idle < self._ends_at:
                    phase = "idle"
                    scope.reschedule(now() + self._idle)
                self._pull = asyncio.ensure_future(self._one())
                return await self._pull
        except TimeoutError:
            if not scope.expired():
                raise
            raise UpstreamTimeout(_SILENT[phase], phase=phase) from None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._closed and task is not None and not task.cancelling():
                raise UpstreamBroken("The answer was closed before its end.") from None
            raise

    async def _flows(self) -> None:
        try:
            async with asyncio.timeout_at(self._ends_at):
                await self._flowing.wait()
        except TimeoutError:
            raise UpstreamTimeout(_SILENT["total"], phase="total") from None

    async def _one(self) -> bytes | None:
        try:
            return await anext(self._source)
        except StopAsyncIteration:
            return None


_SILENT = {
    "idle": "The provider fell silent in the middle of its answer.",
    "total": "The call to the provider took longer than it may.",
}


def timed_out(phase: str) -> UpstreamError:
    """The error of a call that ended before its answer began."""
    return UpstreamTimeout(
        {
            "connect": "No connection to the provider in time.",
            "pool": "All connections to the provider are busy.",
            "first_byte": "The provider did not begin to answer in time.",
        }.get(phase, _SILENT["total"]),
        phase=phase,
    )
