"""A body as it is fed and awaited, without a network."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from gophergate.errors import BodyTooLarge, ClientGone, RequestTimeout
from gophergate.front.inbound import ReceivedRequest


class Source:
    def __init__(self) -> None:
        self.asked = 0

    def body_wanted(self, inbound: ReceivedRequest) -> None:
        self.asked += 1


def request(source: Source, limit: int = 10, coding: bytes | None = None) -> ReceivedRequest:
    headers = [(b"a", b"1")]
    return ReceivedRequest(source, limit, "POST", "/p", b"/p", b"", headers, dict(headers), coding, "127.0.0.1", "http")


async def test_a_body_that_is_here_already_is_given_without_asking() -> None:
    source = Source()
    inbound = request(source)
    inbound.feed(b"ab")
    inbound.feed(b"cd")
    inbound.complete()
    assert await inbound.body() == b"abcd"
    assert source.asked == 0


async def test_a_body_that_is_awaited_is_asked_for_once_and_given_when_whole() -> None:
    source = Source()
    inbound = request(source)
    assert not inbound.wanted
    waiting = asyncio.ensure_future(inbound.body())
    await asyncio.sleep(0)
    assert inbound.wanted
    inbound.feed(b"ab")
    await asyncio.sleep(0)
    assert not waiting.done()
    inbound.complete()
    assert await waiting == b"ab"
    assert source.asked == 1


async def test_beyond_the_limit_nothing_is_kept() -> None:
    """R-X8: bounded memory."""
    inbound = request(Source(), limit=3)
    assert inbound.feed(b"abc")
    assert not inbound.feed(b"d")
    assert not inbound.feed(b"x" * 100)
    assert inbound.size == 4
    inbound.complete()
    with pytest.raises(BodyTooLarge):
        await inbound.body()


async def test_the_first_failure_counts_and_a_whole_body_cannot_fail() -> None:
    inbound = request(Source())
    inbound.fail(RequestTimeout("late"))
    inbound.fail(ClientGone("gone"))
    with pytest.raises(RequestTimeout):
        await inbound.body()
    inbound = request(Source())
    inbound.feed(b"ab")
    inbound.complete()
    inbound.fail(ClientGone("gone"))
    assert await inbound.body() == b"ab"


async def test_a_source_may_fail_the_body_as_it_is_asked() -> None:
    class Failing(Source):
        def body_wanted(self, inbound: ReceivedRequest) -> None:
            inbound.fail(RequestTimeout("late"))

    with pytest.raises(RequestTimeout):
        await request(Failing()).body()


async def test_a_cancelled_wait_leaves_nothing_that_a_late_byte_could_trip_over() -> None:
    inbound = request(Source())
    waiting = asyncio.ensure_future(inbound.body())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    inbound.feed(b"x")
    inbound.complete()
    inbound.fail(ClientGone("gone"))


async def test_a_coded_body_is_bounded_before_and_after() -> None:
    """R-X8: decompression bombs."""
    for size, limit, fits in ((100, 100, True), (101, 100, False)):
        inbound = request(Source(), limit, b"gzip")
        inbound.feed(gzip.compress(b"x" * size))
        inbound.complete()
        if fits:
            assert await inbound.body() == b"x" * size
        else:
            with pytest.raises(BodyTooLarge):
                await inbound.body()
    inbound = request(Source(), 10, b"gzip")
    inbound.complete()
    assert await inbound.body() == b"", "no body has no coding"
