"""Senders that are slow, ambiguous or immoderate, over both adapters (see test_base.py): R-X8."""

from __future__ import annotations

import asyncio

import pytest

from gophergate.front.base import Inbound, Reply
from gophergate.front.edge import EdgeLimits
from kit.edges import PLAIN, Client, Front, Got, echo, get, hello, lane_only, post, running

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop", "asyncio"])

# -- slow senders ----------------------------------------------------------------------------------------------------


async def test_a_head_that_does_not_end_in_time_is_408(adapter: str) -> None:
    """R-X8: slow senders. From the first byte, however steadily the rest trickles in."""
    lane_only(adapter, "head-bounds")
    async with running(adapter, limits=EdgeLimits(header_timeout=0.1)) as front:
        client = await front.connect()
        await client.send(b"POST /v1/echo HTTP/1.1\r\nX-Slow: ")
        trickle = asyncio.ensure_future(_trickle(client))
        got = await client.reply()
        trickle.cancel()
        assert (got.status, got.headers["connection"], got.headers["x-door"]) == (408, "close", "/v1/echo")


async def test_a_body_that_stops_is_408(adapter: str) -> None:
    """R-X8: slow senders."""
    async with running(adapter, limits=EdgeLimits(body_idle_timeout=0.1)) as front:
        front.doors["POST", "/v1/echo"] = echo
        client = await front.connect()
        await client.send(b"POST /v1/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
        got = await client.reply()
        assert (got.status, got.headers["connection"]) == (408, "close")


async def test_a_body_that_trickles_for_too_long_is_408(adapter: str) -> None:
    """R-X8: slow senders. Never idle, and yet too slow in all."""
    async with running(adapter, limits=EdgeLimits(body_idle_timeout=5, body_timeout=0.2)) as front:
        front.doors["POST", "/v1/echo"] = echo
        client = await front.connect()
        await client.send(b"POST /v1/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")
        trickle = asyncio.ensure_future(_trickle(client))
        got = await client.reply()
        trickle.cancel()
        assert got.status == 408


async def test_a_body_nobody_awaits_is_not_too_slow(adapter: str) -> None:
    """While we ourselves do not read, the clock does not run against the sender."""
    wanted = asyncio.Event()
    async with running(adapter, limits=EdgeLimits(body_idle_timeout=0.5, body_timeout=0.5)) as front:

        @front.door("/v1/late")
        async def late(inbound: Inbound, reply: Reply) -> None:
            await wanted.wait()
            body = await inbound.body()
            reply.start(200, PLAIN, length=6)
            reply.send(b"%06d" % len(body))
            reply.end()

        client = await front.connect()
        request = post("/v1/late", b"x" * 900_000)
        client.writer.write(request[:1000])
        await asyncio.sleep(0.02)
        client.writer.write(request[1000:-400_000])
        await asyncio.sleep(0.7)
        client.writer.write(b"x" * 400_000)
        wanted.set()
        assert (await client.reply()).body == b"900000"


async def _trickle(client: Client) -> None:
    while True:
        await client.send(b"x")
        await asyncio.sleep(0.01)


# -- requests two readers could read differently ----------------------------------------------------------------------

HEAD = b"POST /v1/echo HTTP/1.1\r\nHost: h\r\n"
SMUGGLED = b"GET /v1/hello HTTP/1.1\r\nHost: h\r\n\r\n"

UNREADABLE = {
    "both framings": HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both framings, turned": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "one length twice": HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "list of lengths": HEAD + b"Content-Length: 3, 3\r\n\r\nabc",
    "signed length": HEAD + b"Content-Length: +3\r\n\r\nabc",
    "negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "hexadecimal length": HEAD + b"Content-Length: 0x3\r\n\r\nabc",
    "empty length": HEAD + b"Content-Length: \r\n\r\n",
    "endless length": HEAD + b"Content-Length: 99999999999999999999\r\n\r\n",
    "coding identity": HEAD + b"Transfer-Encoding: identity\r\n\r\n",
    "coding xchunked": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "coding twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding not last": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "coding after a tab": HEAD + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "blank before colon": HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "folded line": HEAD + b"X-A: b\r\n c\r\n\r\n",
    "bare CR": HEAD + b"X-A: b\rX-B: c\r\n\r\n",
    "bare LF": HEAD + b"X-A: b\nX-B: c\r\n\r\n",
    "NUL in a value": HEAD + b"X-A: b\0c\r\n\r\n",
    "NUL in a name": HEAD + b"X-\0A: b\r\n\r\n",
    "nameless field": HEAD + b": b\r\n\r\n",
    "field without colon": HEAD + b"abc\r\n\r\n",
    "blank line start": b"POST /v1/echo HTTP/1.1\r\n Host: h\r\n\r\n",
    "version 1.2": b"POST /v1/echo HTTP/1.2\r\nHost: h\r\n\r\n",
    "unknown method": b"HACK /v1/echo HTTP/1.1\r\nHost: h\r\n\r\n",
    "relative target": b"POST v1/echo HTTP/1.1\r\nHost: h\r\n\r\n",
    "NUL in the target": b"POST /v1/\0echo HTTP/1.1\r\nHost: h\r\n\r\n",
    "raw UTF-8 in the target": b"POST /v1/\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 50,
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}
"""Refused by both adapters, in front of any handler."""

UNREADABLE_HERE = {
    "coding gzip too": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "transfer-encoding"),
    "chunks in HTTP/1.0": (
        b"POST /v1/echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding",
    ),
    "no host": (b"POST /v1/echo HTTP/1.1\r\n\r\n", "host"),
    "two hosts": (HEAD + b"Host: i\r\n\r\n", "host"),
    "fragment": (b"POST /v1/echo#x HTTP/1.1\r\nHost: h\r\n\r\n", "fragment"),
    "encoded NUL": (b"POST /v1/echo%00 HTTP/1.1\r\nHost: h\r\n\r\n", "encoded-nul"),
    "version 0.9": (b"GET /v1/echo HTTP/0.9\r\n\r\n", "host"),
    "version 2.0": (b"GET /v1/echo HTTP/2.0\r\nHost: h\r\n\r\n", "host"),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "asterisk"),
    "CONNECT": (b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", "envelope"),
}

BROKEN_BODIES = {
    "size is no number": b"zz\r\nabc\r\n0\r\n\r\n",
    "size is signed": b"-3\r\nabc\r\n0\r\n\r\n",
    "size is 0x": b"0x3\r\nabc\r\n0\r\n\r\n",
    "size is followed by a blank": b"3 \r\nabc\r\n0\r\n\r\n",
    "size is endless": b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "LF for CRLF": b"3\nabc\r\n0\r\n\r\n",
    "longer than its size": b"3\r\nabcd\r\n0\r\n\r\n",
    "NUL in an extension": b"3;a=\0\r\nabc\r\n0\r\n\r\n",
    "a length in the trailer": b"3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n",
}


@pytest.mark.parametrize("case", UNREADABLE)
async def test_an_ambiguous_request_is_a_400_and_nothing_behind_it_is_served(front: Front, case: str) -> None:
    """R-X8: request smuggling, NUL."""
    await _refused(front, UNREADABLE[case])


@pytest.mark.parametrize("case", UNREADABLE_HERE)
async def test_what_the_stock_server_lets_pass_is_a_400_too(adapter: str, front: Front, case: str) -> None:
    """R-X8: request smuggling, NUL."""
    request, reason = UNREADABLE_HERE[case]
    lane_only(adapter, reason)
    await _refused(front, request)


async def _refused(front: Front, request: bytes) -> None:
    reached: list[str] = []

    async def door(inbound: Inbound, reply: Reply) -> None:
        reached.append(inbound.path)
        await hello(inbound, reply)

    front.doors["POST", "/v1/echo"] = front.doors["GET", "/v1/hello"] = door
    front.doors["GET", "/v1/echo"] = front.doors["OPTIONS", "*"] = door
    client = await front.connect()
    await client.send(request + SMUGGLED)
    got = await client.reply()
    assert (got.status, got.whole) == (400, True)
    assert await client.ended()
    assert not reached
    assert not front.app_calls
    if front.adapter == "lane":
        assert got.body.startswith(b"invalid_request: ")
        assert got.headers["connection"] == "close"


@pytest.mark.parametrize("case", BROKEN_BODIES)
async def test_broken_chunks_are_a_400_in_the_doors_words(adapter: str, front: Front, case: str) -> None:
    """R-X8. The handler waits for the body, so it is the one that is told."""
    front.doors["POST", "/v1/echo"] = echo
    front.doors["GET", "/v1/hello"] = hello
    client = await front.connect()
    await client.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + BROKEN_BODIES[case] + SMUGGLED)
    got = await client.reply()
    assert got.status == 400
    assert await client.ended()
    if adapter == "lane":
        assert (got.headers["x-door"], got.headers["connection"]) == ("/v1/echo", "close")


# -- bounds of the head ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([b"X-%d: y" % n for n in range(199)], 200),
        ([b"X-%d: y" % n for n in range(200)], 431),
        ([b"X-Long: " + b"y" * 65_000], 200),
        ([b"X-Long: " + b"y" * 66_000], 431),
        ([b"X-%d: %b" % (n, b"y" * 1000) for n in range(70)], 431),
    ],
)
async def test_a_head_has_a_bound(front: Front, fields: list[bytes], status: int) -> None:
    """R-X8: oversized headers. The Host field counts."""
    front.doors["GET", "/v1/hello"] = hello
    got = await front.ask(get("/v1/hello", *fields))
    assert got.status == status
    if status == 431:
        assert got.body.startswith(b"request_header_fields_too_large: ")
        if front.adapter == "lane":
            assert got.headers["connection"] == "close"


@pytest.mark.parametrize("start", [b"GET /" + b"x" * 70_000, b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 70_000])
@pytest.mark.parametrize("at", [0, 40_000])
async def test_a_head_over_its_bound_is_refused_before_it_ends(
    adapter: str, front: Front, start: bytes, at: int
) -> None:
    """R-X8: bounded memory."""
    lane_only(adapter, "head-bounds")
    client = await front.connect()
    await client.send(start[:at])
    await asyncio.sleep(0.01)
    await client.send(start[at:])
    assert (await client.reply()).status == 431
    assert await client.ended()


async def test_large_bodies_before_a_head_do_not_count_against_it(front: Front) -> None:
    front.doors["POST", "/v1/echo"] = echo
    client = await front.connect()
    for _ in range(2):
        client.writer.write(post("/v1/echo", b"x" * 150_000) * 3)
        for _ in range(3):
            got: Got = await client.reply()
            assert (got.status, len(got.body)) == (200, 150_000)
        client.writer.write(post("/v1/echo", b"x" * 250_000) + post("/v1/echo", b"y")[:20])
        assert len((await client.reply()).body) == 250_000
        await client.send(post("/v1/echo", b"y")[20:])
        assert (await client.reply()).body == b"y"
