"""The in-memory twin: a `Transport` made of a function. No socket, no thread; ships for tests and the demo.

It keeps the contract where a socket is not needed for it: checks of the Ask, decoding, one consumption, time-outs,
cancellation and close reach the function's generator, so its `finally` runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable

from gophergate.errors import UpstreamUnreachable
from gophergate.transport.base import Ask, RawHeaders
from gophergate.transport.head import check
from gophergate.transport.pulled import PulledAnswer, timed_out

Body = bytes | Iterable[bytes] | AsyncIterable[bytes]
"""The whole body, or its pieces. An async generator is closed when the answer is given up."""

Handler = Callable[[Ask], Awaitable[tuple[int, RawHeaders, Body]]]
"""Answers one Ask. What it raises comes out of `send`; what its body raises, out of reading."""


class MemoryTransport:
    """`Transport` over `handler`. `asks` holds every call in order, `abandoned` counts answers not read to the end."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[PulledAnswer] = set()
        self._closed = False
        self.asks: list[Ask] = []
        self.abandoned = 0

    async def send(self, ask: Ask) -> PulledAnswer:
        check(ask)
        if self._closed:
            raise UpstreamUnreachable("The gateway has closed its connections.")
        self.asks.append(ask)
        now = asyncio.get_running_loop().time()
        ends_at = now + ask.timeouts.total
        try:
            async with asyncio.timeout_at(min(now + ask.timeouts.first_byte, ends_at)) as scope:
                status, headers, body = await self._handler(ask)
        except TimeoutError:
            if not scope.expired():
                raise
            raise timed_out("first_byte" if ask.timeouts.first_byte < ask.timeouts.total else "total") from None
        bodyless = ask.method == "HEAD" or status in (204, 304)
        pieces = _pieces(b"" if bodyless else body)
        ended = False

        async def source() -> AsyncGenerator[bytes, None]:
            nonlocal ended
            async for piece in pieces:
                yield piece
            ended = True

        async def release() -> None:
            self._open.discard(answer)
            self.abandoned += not ended
            await pieces.aclose()

        answer = PulledAnswer(
            status,
            headers,
            source(),
            release=release,
            tasks=self._tasks,
            timeouts=ask.timeouts,
            ends_at=ends_at,
            bodyless=bodyless,
        )
        self._open.add(answer)
        return answer

    async def aclose(self) -> None:
        self._closed = True
        for answer in list(self._open):
            answer.close()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def statistics(self) -> dict[str, int]:
        """`open` answers, `asks` so far, `abandoned` answers."""
        return {
            "open": len(self._open),
            "idle": 0,
            "waiting": 0,
            "asks": len(self.asks),
            "abandoned": self.abandoned,
        }


async def _pieces(body: Body) -> AsyncGenerator[bytes, None]:
    if isinstance(body, bytes):
        yield body
    elif isinstance(body, AsyncIterable):
        try:
            async for piece in body:
                yield piece
        finally:
            if isinstance(body, AsyncGenerator):
                await body.aclose()
    else:
        for piece in body:
            yield piece
