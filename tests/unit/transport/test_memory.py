"""What the in-memory twin adds to the contract (which test_conformance.py tries): it remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gophergate.errors import UpstreamUnreachable
from gophergate.transport.base import Ask, RawHeaders
from gophergate.transport.memory import Body, MemoryTransport


async def test_asks_are_kept_and_bodies_may_be_bytes_lists_or_streams() -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"a"
        yield b""
        yield b"b"

    bodies: list[Body] = [b"ab", [b"a", b"b"], stream()]

    async def handler(ask: Ask) -> tuple[int, RawHeaders, Body]:
        return 200, (), bodies.pop(0)

    transport = MemoryTransport(handler)
    for number in range(3):
        ask = Ask(method="GET", url=f"http://x/{number}")
        async with await transport.send(ask) as answer:
            assert await answer.read(2) == b"ab"
    assert [ask.url for ask in transport.asks] == ["http://x/0", "http://x/1", "http://x/2"]
    assert transport.statistics() == {"open": 0, "idle": 0, "waiting": 0, "asks": 3, "abandoned": 0}
    await transport.aclose()


async def test_abandoned_answers_are_counted_and_their_streams_closed() -> None:
    closed = asyncio.Event()

    async def stream() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await asyncio.sleep(60)
        finally:
            closed.set()

    async def handler(ask: Ask) -> tuple[int, RawHeaders, Body]:
        return 200, (), stream()

    transport = MemoryTransport(handler)
    async with await transport.send(Ask(method="GET", url="http://x/")) as answer:
        async for _ in answer:
            break
    await asyncio.wait_for(closed.wait(), 1)
    await transport.aclose()
    assert transport.abandoned == 1


async def test_what_the_handler_raises_comes_out() -> None:
    async def handler(ask: Ask) -> tuple[int, RawHeaders, Body]:
        raise UpstreamUnreachable("down")

    transport = MemoryTransport(handler)
    with pytest.raises(UpstreamUnreachable, match="down"):
        await transport.send(Ask(method="GET", url="http://x/"))
    await transport.aclose()
