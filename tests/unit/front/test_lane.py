"""What the lane reads: bounds of pipelining, trailers, upgrades, and what it hands to uvicorn's path."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import MutableMapping
from typing import Any

import pytest
from websockets.asyncio.client import connect

from gophergate.front.base import Inbound, Reply
from gophergate.front.edge import EdgeLimits
from kit.edges import PATIENCE, PLAIN, Front, Watched, echo, hello, running, stream

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop", "asyncio"])

GET = b"GET /v1/hello HTTP/1.1\r\nHost: h\r\n\r\n"
CHUNKED = b"POST /v1/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


# -- pipelining --------------------------------------------------------------------------------------------------------


async def test_pipelining_has_a_bound_behind_which_nothing_is_answered() -> None:
    """Law 9: a bound and a full-policy. The last that is answered says that it is the last."""
    async with running("lane", limits=EdgeLimits(max_pipelined=4)) as front:
        first = Watched()
        front.doors["POST", "/v1/first"] = first
        front.doors["GET", "/v1/hello"] = hello
        client = await front.connect()
        await client.send(b"POST /v1/first HTTP/1.1\r\nHost: h\r\n\r\n" + GET * 10)
        await first.wait_began()
        first.go.set()
        assert (await client.reply()).body == b"ok"
        said = [(await client.reply()).headers.get("connection") for _ in range(4)]
        assert said == [None, None, None, "close"]
        assert await client.ended()
        assert len(front.asked) == 5


async def test_reading_pauses_while_a_request_waits(lane: Front) -> None:
    """Law 9: a client cannot make us hold more than one read ahead of the answer it waits for."""
    first = Watched()
    lane.doors["POST", "/v1/first"] = first
    lane.doors["GET", "/v1/hello"] = hello
    client = await lane.connect()
    await client.send(b"POST /v1/first HTTP/1.1\r\nHost: h\r\n\r\n")
    await first.wait_began()
    for _ in range(5):
        await client.send(GET)
        await asyncio.sleep(0.005)
    assert len(lane.asked) == 2
    first.go.set()
    assert [(await client.reply()).body for _ in range(6)] == [b"ok", *[b"hello"] * 5]


async def test_a_refusal_waits_for_its_turn(lane: Front) -> None:
    """A second request that cannot be read must not spoil the answer to the first."""
    first = Watched()
    lane.doors["POST", "/v1/first"] = first
    client = await lane.connect()
    await client.send(b"POST /v1/first HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n" + GET)
    await first.wait_began()
    await asyncio.sleep(0.01)
    first.go.set()
    got = await client.reply()
    assert (got.status, got.body) == (200, b"ok")
    assert (await client.reply()).status == 400
    assert await client.ended()


async def test_the_applications_requests_and_ours_share_a_connection_with_bodies_split_anywhere(lane: Front) -> None:
    lane.doors["POST", "/v1/echo"] = echo
    body = b"POST /%b HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"
    requests = body % b"app" + body % b"v1/echo" + CHUNKED + b"4\r\nbody\r\n0\r\n\r\n" + body % b"app"
    client = await lane.connect()
    for at in range(1, len(requests), 5):
        await client.send(requests[:at])
        await asyncio.sleep(0)
        await client.send(requests[at:])
        bodies = [(await client.reply()).body for _ in range(4)]
        assert bodies == [b"app:/app:body", b"body", b"body", b"app:/app:body"]


@pytest.mark.parametrize("listening", [False, True])
@pytest.mark.parametrize(
    "half",
    [CHUNKED + b"4\r\nbo", b"POST /app HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo", b"GET /v1"],
)
async def test_a_waiting_half_request_is_dropped_when_the_client_sends_no_more(
    lane: Front, half: bytes, listening: bool
) -> None:
    """Also when the end is seen early, because the application listens for it."""
    began, go = asyncio.Event(), asyncio.Event()

    async def app(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        await receive()
        further = asyncio.ensure_future(receive()) if listening else None
        began.set()
        await go.wait()
        if further is not None:
            further.cancel()
        await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
        await send({"type": "http.response.body", "body": b"whole"})

    lane.wrapped = app
    lane.doors["POST", "/v1/echo"] = echo
    client = await lane.connect()
    await client.send(b"POST /first HTTP/1.1\r\nHost: h\r\n\r\n" + half)
    client.shut()
    await asyncio.wait_for(began.wait(), PATIENCE)
    await asyncio.sleep(0.02)
    go.set()
    assert (await client.reply()).body == b"whole"
    assert await client.ended()


# -- bodies ------------------------------------------------------------------------------------------------------------


async def test_trailer_fields_never_become_headers(lane: Front) -> None:
    """RFC 9110, 6.5.1: they could carry a key behind the back of whoever checked the head."""
    seen: list[Inbound] = []

    @lane.door("/v1/echo")
    async def door(inbound: Inbound, reply: Reply) -> None:
        await inbound.body()
        seen.append(inbound)
        await hello(inbound, reply)

    client = await lane.connect()
    await client.send(CHUNKED + b"3\r\nabc\r\n0\r\nAuthorization: Bearer stolen\r\n\r\n" + CHUNKED + b"0\r\n\r\n")
    for _ in range(2):
        assert (await client.reply()).body == b"hello"
    for inbound in seen:
        assert inbound.header(b"authorization") is None
        assert [name for name, _ in inbound.headers] == [b"host", b"transfer-encoding"]


@pytest.mark.parametrize(
    "rest",
    [
        b"3;" + b"e" * 400_000 + b"\r\nabc\r\n",
        b"3\r\nabc\r\n0\r\nX: " + b"t" * 400_000,
        b"3\r\nabc\r\n0\r\n" + b"X: t\r\n" * 60_000,
    ],
)
async def test_chunks_of_more_framing_than_body_are_refused(lane: Front, rest: bytes) -> None:
    """R-X8: bounded memory. Extensions and trailers have no bound of their own."""
    lane.doors["POST", "/v1/echo"] = echo
    client = await lane.connect()
    client.writer.write(CHUNKED + rest)
    got = await client.reply()
    assert got.status in (400, 431)
    assert await client.ended()


async def test_a_body_that_comes_in_single_byte_chunks_is_no_offence(lane: Front) -> None:
    lane.doors["POST", "/v1/echo"] = echo
    client = await lane.connect()
    client.writer.write(CHUNKED + b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n")
    assert len((await client.reply()).body) == 100_000


async def test_a_defect_of_the_router_is_a_500_and_logged(lane: Front, caplog: pytest.LogCaptureFixture) -> None:
    def broken(method: str, path: str) -> None:
        raise ZeroDivisionError

    lane.route = broken  # type: ignore[method-assign, assignment]
    got = await lane.ask(GET)
    assert (got.status, got.headers["connection"]) == (500, "close")
    assert any(record.exc_info for record in caplog.records)


# -- upgrades ----------------------------------------------------------------------------------------------------------


H2C = b"Connection: Upgrade, HTTP2-Settings, x-own\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n"


@pytest.mark.parametrize("path", [b"/v1/echo", b"/app"])
@pytest.mark.parametrize("count", [1, 3])
async def test_a_wish_for_http2_is_passed_over_and_its_body_kept(lane: Front, path: bytes, count: int) -> None:
    """RFC 9110, 7.8. Java's HttpClient sends this with every first request, bodies included."""
    lane.doors["POST", "/v1/echo"] = echo
    request = b"POST " + path + b" HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n" + H2C + b"\r\nhello"
    expected = b"hello" if path == b"/v1/echo" else b"app:/app:hello"
    client = await lane.connect()
    for _ in range(2):
        await client.send(request * count)
        for _ in range(count):
            assert (await client.reply()).body == expected
    for at in range(1, len(request), 3):
        await client.send(request[:at])
        await asyncio.sleep(0)
        await client.send(request[at:])
        assert (await client.reply()).body == expected


async def test_a_wish_for_another_protocol_leaves_the_other_headers_alone(lane: Front) -> None:
    seen: list[Inbound] = []

    @lane.door("/v1/echo")
    async def door(inbound: Inbound, reply: Reply) -> None:
        seen.append(inbound)
        await echo(inbound, reply)

    chunks = (
        b"POST /v1/echo HTTP/1.1\r\nX-A: 1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
        + H2C
        + b"\r\n2\r\nhi\r\n0\r\n\r\n"
    )
    assert (await lane.ask(chunks)).body == b"hi"
    assert list(seen[0].headers) == [
        (b"x-a", b"1"),
        (b"host", b"h"),
        (b"transfer-encoding", b"chunked"),
        (b"connection", b"x-own"),
    ]


async def test_websockets_go_to_the_application(front: Front) -> None:
    """Under both adapters; also behind a request on the same connection, and while that is still being answered."""
    async with connect(f"ws://127.0.0.1:{front.address[1]}/app/socket") as socket:
        await socket.send("hello")
        assert await socket.recv() == "/app/socket:hello"


async def test_frames_before_the_handshakes_answer_are_refused(lane: Front) -> None:
    """RFC 6455, 4.1: the client waits. What it sends earlier could be meant for a server that took it for HTTP."""
    client = await lane.connect()
    await client.send(
        b"GET /app/socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" + GET
    )
    assert (await client.reply()).status == 400
    assert await client.ended()


async def test_an_upgrade_waits_for_the_reply_before_it(lane: Front) -> None:
    first = Watched()
    lane.doors["POST", "/v1/first"] = first
    upgrade = (
        b"GET /app/socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    client = await lane.connect()
    await client.send(b"POST /v1/first HTTP/1.1\r\nHost: h\r\n\r\n" + upgrade)
    await first.wait_began()
    await asyncio.sleep(0.02)
    first.go.set()
    assert (await client.reply()).body == b"ok"
    head = await client.interim()
    assert head.startswith(b"HTTP/1.1 101 ")
    client.reset()


# -- uvicorn's path ----------------------------------------------------------------------------------------------------


async def test_the_application_sees_what_uvicorn_would_show_it() -> None:
    scopes: list[MutableMapping[str, Any]] = []
    async with running("lane", trusted=("127.0.0.1",)) as front:

        async def spy(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
            scopes.append(dict(scope))
            await front.echo_app(scope, receive, send)

        front.wrapped = spy
        await front.ask(b"POST /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nX-Two: 1\r\nX-Two: 2\r\nContent-Length: 1\r\n\r\nz")
        await front.ask(
            b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n\r\n"
        )
    first, second = scopes
    assert (first["method"], first["path"], first["raw_path"]) == ("POST", "/a b", b"/a%20b")
    assert (first["query_string"], first["http_version"], first["type"]) == (b"x=1", "1.1", "http")
    assert first["headers"] == [(b"host", b"h"), (b"x-two", b"1"), (b"x-two", b"2"), (b"content-length", b"1")]
    assert first["client"][0] == "127.0.0.1"
    assert (second["client"][0], second["scheme"]) == ("203.0.113.9", "https")


async def test_the_applications_expectation_is_met_by_uvicorn(lane: Front) -> None:
    client = await lane.connect()
    await client.send(b"POST /app HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    line = await client.interim()
    assert line.startswith(b"HTTP/1.1 100 ")
    await client.send(b"hi")
    assert (await client.reply()).body == b"app:/app:hi"


async def test_a_body_for_the_application_that_cannot_be_read_is_refused(lane: Front) -> None:
    client = await lane.connect()
    await client.send(CHUNKED.replace(b"/v1/echo", b"/app") + b"zz\r\n")
    assert (await client.reply()).status == 400
    assert await client.ended()


async def test_a_body_for_the_application_that_cannot_be_read_lets_the_reply_before_it_be(lane: Front) -> None:
    first = Watched()
    lane.doors["POST", "/v1/first"] = first
    client = await lane.connect()
    await client.send(b"POST /v1/first HTTP/1.1\r\nHost: h\r\n\r\n" + CHUNKED.replace(b"/v1/echo", b"/app") + b"zz\r\n")
    await first.wait_began()
    await asyncio.sleep(0.01)
    first.go.set()
    assert (await client.reply()).body == b"ok"
    assert (await client.reply()).status == 400
    assert not lane.app_calls


async def test_a_body_for_the_application_that_stops_is_408() -> None:
    """R-X8: slow senders. uvicorn alone would wait for ever."""
    async with running("lane", limits=EdgeLimits(body_idle_timeout=0.1)) as front:
        client = await front.connect()
        await client.send(b"POST /app HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nx")
        assert (await client.reply()).status == 408
        assert await client.ended()


async def test_an_application_that_answers_early_does_not_stop_the_clock() -> None:
    """Its unread body still comes; a sender that stalls in it holds no connection for ever."""
    async with running("lane", limits=EdgeLimits(body_idle_timeout=0.1)) as front:

        async def early(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 403, "headers": [*PLAIN, (b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"no"})

        front.wrapped = early
        client = await front.connect()
        await client.send(b"POST /app HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000)
        assert (await client.reply()).body == b"no"
        assert await client.ended()


async def test_an_application_that_fails_is_uvicorns_business(lane: Front) -> None:
    async def broken(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    lane.wrapped = broken
    got = await lane.ask(b"GET /app HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (got.status, got.body) == (500, b"Internal Server Error")


@pytest.mark.parametrize("behind", [b"", GET, b"GET /app HTTP/1.1\r\nHost: h\r\n\r\n"])
async def test_the_application_is_told_when_its_client_goes(lane: Front, behind: bytes) -> None:
    """Also when its request is not the last one read."""
    began, told = asyncio.Event(), asyncio.Event()

    async def waiting(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        await receive()
        began.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        told.set()

    lane.wrapped = waiting
    lane.doors["GET", "/v1/hello"] = hello
    client = await lane.connect()
    await client.send(b"GET /app HTTP/1.1\r\nHost: h\r\n\r\n" + behind)
    await asyncio.wait_for(began.wait(), PATIENCE)
    client.reset()
    await asyncio.wait_for(told.wait(), PATIENCE)


async def test_a_pipelined_stream_keeps_its_order_behind_the_application(lane: Front) -> None:
    go = asyncio.Event()

    async def slow(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
        await go.wait()
        await send({"type": "http.response.body", "body": b"slow"})

    lane.wrapped = slow
    lane.doors["POST", "/v1/stream"] = stream
    client = await lane.connect()
    await client.send(
        b"GET /app HTTP/1.1\r\nHost: h\r\n\r\nPOST /v1/stream HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nstream"
    )
    await asyncio.sleep(0.02)
    go.set()
    assert [(await client.reply()).body for _ in range(2)] == [b"slow", b"stream"]


async def test_nothing_is_logged_for_ordinary_traffic(lane: Front, caplog: pytest.LogCaptureFixture) -> None:
    """No line per request, no access log, and refusals of nonsense are no news either."""
    lane.doors["GET", "/v1/hello"] = hello
    with caplog.at_level(logging.DEBUG):
        await lane.ask(GET)
        await lane.ask(b"GET /app HTTP/1.1\r\nHost: h\r\n\r\n")
        await lane.ask(b"nonsense\r\n\r\n")
    assert [record for record in caplog.records if record.name != "asyncio"] == []
