"""The contract of `Inbound` and `Reply`, one suite over both adapters.

Where the stock server decides, and the adapters must therefore differ, `STOCK` says what it does instead; such a
case runs over the lane alone.
"""

from __future__ import annotations

import asyncio
import logging

import pytest

from gophergate.errors import ClientGone, Forbidden, RateLimited
from gophergate.front.base import Inbound, Reply
from gophergate.front.edge import EdgeLimits
from kit.edges import PLAIN, Client, Front, Got, Watched, echo, hello, running, stream

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop", "asyncio"])

STOCK = {
    "half-closed": "uvicorn closes a connection when the client shuts its sending half",
    "http10-stream": "uvicorn sends chunks to HTTP/1.0 clients too",
    "http10-keep-alive": "uvicorn closes after every HTTP/1.0 request",
    "head-bounds": "uvicorn bounds neither the size nor the time of a head",
    "host": "uvicorn does not ask for exactly one Host",
    "transfer-encoding": "uvicorn reads any list of codings that ends in chunked, and chunks in HTTP/1.0",
    "fragment": "uvicorn drops the fragment of a target",
    "encoded-nul": "uvicorn decodes %00 in a path",
    "upgrade-body": "uvicorn loses the body of a request with an unsupported upgrade",
    "asterisk": "uvicorn takes an asterisk for a path",
    "envelope": "uvicorn answers unreadable requests in plain text of its own",
    "abort-unstarted": "uvicorn answers 500 for an application that returns without a word",
    "stalled": "uvicorn never breaks off a client that stops reading",
    "pipeline-bound": "uvicorn queues any number of pipelined requests",
    "trailers": "uvicorn appends trailer fields to the headers",
}


def lane_only(adapter: str, case: str) -> None:
    if adapter == "asgi":
        pytest.skip(f"the stock server decides: {STOCK[case]}")


def post(path: str, body: bytes = b"", *fields: bytes) -> bytes:
    lines = [b"POST " + path.encode() + b" HTTP/1.1", b"Host: h", b"Content-Length: %d" % len(body), *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def get(path: str, *fields: bytes, method: str = "GET") -> bytes:
    return b"\r\n".join([f"{method} {path} HTTP/1.1".encode(), b"Host: h", *fields]) + b"\r\n\r\n"


def chunked(path: str, *chunks: bytes) -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return (
        b"POST " + path.encode() + b" HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"
    )


# -- one request ---------------------------------------------------------------------------------------------------


async def test_a_door_sees_the_request_as_it_was_sent(front: Front) -> None:
    seen: list[Inbound] = []

    @front.door("/v1/a b")
    async def door(inbound: Inbound, reply: Reply) -> None:
        seen.append(inbound)
        await echo(inbound, reply)

    request = post("/v1/a%20b?key=1&x=%2F", b"{}", b"X-One: 1", b"X-ONE: 2", b"Authorization: Bearer k")
    assert (await front.ask(request)).body == b"{}"
    inbound = seen[0]
    assert (inbound.method, inbound.path, inbound.raw_path) == ("POST", "/v1/a b", b"/v1/a%20b")
    assert inbound.query == b"key=1&x=%2F"
    assert inbound.header(b"authorization") == b"Bearer k"
    assert inbound.header(b"x-one") == b"1", "the first field of a name"
    assert inbound.header(b"absent") is None
    assert [value for name, value in inbound.headers if name == b"x-one"] == [b"1", b"2"]
    assert (inbound.client, inbound.scheme) == ("127.0.0.1", "http")


async def test_a_declared_length_is_sent_and_the_connection_serves_the_next_request(front: Front) -> None:
    front.doors["GET", "/v1/hello"] = hello
    client = await front.connect()
    for _ in range(3):
        await client.send(get("/v1/hello"))
        got = await client.reply()
        assert (got.status, got.body, got.whole) == (200, b"hello", True)
        assert got.headers["content-length"] == "5"
        assert "connection" not in got.headers
        assert "transfer-encoding" not in got.headers


async def test_without_a_length_the_body_is_chunked(front: Front) -> None:
    front.doors["POST", "/v1/stream"] = stream
    client = await front.connect()
    for _ in range(2):
        await client.send(post("/v1/stream", b"0123456789"))
        got = await client.reply()
        assert (got.body, got.whole) == (b"0123456789", True)
        assert got.headers["transfer-encoding"] == "chunked"
        assert "content-length" not in got.headers


@pytest.mark.parametrize("size", [32 * 1024 - 1, 32 * 1024, 300_000])
async def test_large_pieces_arrive_whole_in_both_framings(front: Front, size: int) -> None:
    piece = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    @front.door("/v1/large")
    async def door(inbound: Inbound, reply: Reply) -> None:
        declared = (await inbound.body()) == b"declared"
        reply.start(200, PLAIN, length=2 * size if declared else None)
        reply.send(piece)
        reply.send(piece)
        reply.end()

    for body in (b"declared", b"chunked!"):
        assert (await front.ask(post("/v1/large", body))).body == piece * 2


@pytest.mark.parametrize(("status", "length"), [(204, None), (204, 0), (304, None), (304, 7)])
async def test_a_status_without_a_body_sends_none(front: Front, status: int, length: int | None) -> None:
    @front.door("/v1/none")
    async def door(inbound: Inbound, reply: Reply) -> None:
        reply.start(status, [], length=length)
        reply.send(b"ignored")
        reply.end()

    front.doors["GET", "/v1/hello"] = hello
    client = await front.connect()
    await client.send(post("/v1/none") + get("/v1/hello"))
    got = await client.reply("POST")
    assert (got.status, got.body) == (status, b"")
    assert "transfer-encoding" not in got.headers
    assert (await client.reply()).body == b"hello", "the connection is still in step"


async def test_head_has_the_head_of_get_and_no_body(front: Front) -> None:
    front.doors["HEAD", "/v1/hello"] = hello
    front.doors["HEAD", "/v1/stream"] = stream
    client = await front.connect()
    await client.send(get("/v1/hello", method="HEAD") + get("/v1/stream", method="HEAD"))
    got = await client.reply("HEAD")
    assert (got.headers["content-length"], got.body) == ("5", b"")
    got = await client.reply("HEAD")
    assert (got.status, got.body, "content-length" in got.headers) == (200, b"", False)


async def test_options_reaches_a_door_that_wants_it(front: Front) -> None:
    front.doors["OPTIONS", "/v1/hello"] = hello
    assert (await front.ask(get("/v1/hello", method="OPTIONS"))).body == b"hello"


async def test_what_no_door_claims_goes_to_the_application(front: Front) -> None:
    """Also a method that the door does not have: the router decides on both."""
    front.doors["GET", "/v1/hello"] = hello
    got = await front.ask(post("/dashboard", b"x"))
    assert got.body == b"app:/dashboard:x"
    assert (await front.ask(post("/v1/hello", b"x"))).body == b"app:/v1/hello:x"


# -- several requests on a connection --------------------------------------------------------------------------------


async def test_ten_requests_in_one_write_are_answered_in_order(front: Front) -> None:
    """Handlers end in any order; and doors, streams and the application take turns."""

    @front.door("/v1/slow")
    async def slow(inbound: Inbound, reply: Reply) -> None:
        body = await inbound.body()
        await asyncio.sleep(0.002 * (10 - int(body)))
        reply.start(200, PLAIN, length=len(body))
        reply.send(body)
        reply.end()

    front.doors["POST", "/v1/stream"] = stream
    paths = [
        "/v1/slow",
        "/app",
        "/v1/stream",
        "/v1/slow",
        "/app",
        "/app",
        "/v1/stream",
        "/v1/stream",
        "/v1/slow",
        "/app",
    ]
    client = await front.connect()
    await client.send(b"".join(post(path, b"%d" % n) for n, path in enumerate(paths)))
    for n, path in enumerate(paths):
        got = await client.reply()
        assert got.body == (b"app:/app:%d" % n if path == "/app" else b"%d" % n)
    await client.send(post("/v1/slow", b"9"))
    assert (await client.reply()).body == b"9", "and the connection goes on"


async def test_a_waiting_request_begins_only_when_its_turn_has_come(front: Front) -> None:
    first, second = Watched(), Watched()
    front.doors["POST", "/v1/first"] = first
    front.doors["POST", "/v1/second"] = second
    client = await front.connect()
    await client.send(post("/v1/first") + post("/v1/second"))
    await first.wait_began()
    await asyncio.sleep(0.01)
    assert not second.began.is_set()
    first.go.set()
    second.go.set()
    assert [(await client.reply()).body for _ in range(2)] == [b"ok", b"ok"]


async def test_the_next_request_does_not_wait_for_a_handler_that_has_ended_its_reply(front: Front) -> None:
    """What a handler does after `end` (its ledger entry) is no time of the client's."""
    go, done = asyncio.Event(), asyncio.Event()

    @front.door("/v1/after")
    async def after(inbound: Inbound, reply: Reply) -> None:
        await hello(inbound, reply)
        await go.wait()
        done.set()

    front.doors["GET", "/v1/hello"] = hello
    client = await front.connect()
    await client.send(post("/v1/after") + get("/v1/hello"))
    assert (await client.reply()).body == b"hello"
    assert (await client.reply()).body == b"hello"
    client.reset()
    await asyncio.sleep(0.02)
    go.set()
    await asyncio.wait_for(done.wait(), 5)  # a client that goes after the end cancels nothing


async def test_connection_close_is_honoured_and_what_follows_is_not_answered(front: Front) -> None:
    front.doors["GET", "/v1/hello"] = hello
    client = await front.connect()
    await client.send(get("/v1/hello", b"Connection: close") + get("/v1/hello"))
    got = await client.reply()
    assert (got.body, got.headers["connection"]) == (b"hello", "close")
    assert await client.ended()
    assert front.asked == [("GET", "/v1/hello")]


async def test_http10_closes_after_its_reply(front: Front) -> None:
    front.doors["GET", "/v1/hello"] = hello
    client = await front.connect()
    await client.send(b"GET /v1/hello HTTP/1.0\r\n\r\n")
    got = await client.reply()
    assert (got.body, got.headers["connection"]) == (b"hello", "close")
    assert await client.ended()


async def test_http10_keeps_alive_only_when_asked(adapter: str, front: Front) -> None:
    lane_only(adapter, "http10-keep-alive")
    front.doors["GET", "/v1/hello"] = hello
    client = await front.connect()
    for _ in range(2):
        await client.send(b"GET /v1/hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        got = await client.reply()
        assert (got.body, got.headers["connection"]) == (b"hello", "keep-alive")


async def test_http10_streams_until_close(adapter: str, front: Front) -> None:
    lane_only(adapter, "http10-stream")
    front.doors["POST", "/v1/stream"] = stream
    client = await front.connect()
    await client.send(b"POST /v1/stream HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 8\r\n\r\n12345678")
    got = await client.reply()
    assert (got.body, got.headers["connection"]) == (b"12345678", "close")
    assert "transfer-encoding" not in got.headers


# -- bodies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunks", [(b"abc",), (b"a", b"b" * 300, b"c"), ()])
async def test_a_chunked_body_is_put_together(front: Front, chunks: tuple[bytes, ...]) -> None:
    front.doors["POST", "/v1/echo"] = echo
    client = await front.connect()
    await client.send(chunked("/v1/echo", *chunks))
    assert (await client.reply()).body == b"".join(chunks)
    await client.send(post("/v1/echo", b"next"))
    assert (await client.reply()).body == b"next"


@pytest.mark.parametrize("framing", ["identity", "chunked"])
async def test_a_request_may_be_split_at_every_byte(front: Front, framing: str) -> None:
    front.doors["POST", "/v1/echo"] = echo
    request = post("/v1/echo", b"0123456789") if framing == "identity" else chunked("/v1/echo", b"01234", b"56789")
    client = await front.connect()
    for at in range(1, len(request)):
        await client.send(request[:at])
        await asyncio.sleep(0)
        await client.send(request[at:])
        assert (await client.reply()).body == b"0123456789", f"split at {at}"


async def test_a_request_may_come_byte_by_byte(front: Front) -> None:
    front.doors["POST", "/v1/echo"] = echo
    client = await front.connect()
    for byte in chunked("/v1/echo", b"01234", b"56789"):
        await client.send(bytes([byte]))
        await asyncio.sleep(0.001)
    assert (await client.reply()).body == b"0123456789"


async def test_the_body_is_given_once(front: Front) -> None:
    @front.door("/v1/twice")
    async def door(inbound: Inbound, reply: Reply) -> None:
        await inbound.body()
        with pytest.raises(RuntimeError, match="already been read"):
            await inbound.body()
        await hello(inbound, reply)

    assert (await front.ask(post("/v1/twice", b"x"))).body == b"hello"


async def test_a_body_nobody_reads_does_not_disturb_the_next_request(front: Front) -> None:
    front.doors["POST", "/v1/hello"] = hello
    client = await front.connect()
    await client.send(post("/v1/hello", b"unread"))
    assert (await client.reply()).body == b"hello"
    await client.send(post("/v1/hello", b"unread"))
    assert (await client.reply()).body == b"hello"


async def test_a_declared_length_over_the_limit_is_refused_without_reading(adapter: str) -> None:
    """R-X8. The body is never sent here, and yet the answer comes."""
    async with running(adapter, limits=EdgeLimits(max_body_bytes=10)) as front:
        front.doors["POST", "/v1/echo"] = echo
        client = await front.connect()
        await client.send(b"POST /v1/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n")
        got = await client.reply()
        assert (got.status, got.headers["connection"], got.headers["x-door"]) == (413, "close", "/v1/echo")
        assert got.body.startswith(b"request_too_large: ")
        assert await client.ended()


async def test_a_body_at_the_limit_is_read_and_one_byte_more_is_refused(adapter: str) -> None:
    """R-X8. Chunks are counted as they come."""
    async with running(adapter, limits=EdgeLimits(max_body_bytes=10)) as front:
        front.doors["POST", "/v1/echo"] = echo
        assert (await front.ask(post("/v1/echo", b"0123456789"))).body == b"0123456789"
        assert (await front.ask(chunked("/v1/echo", b"01234", b"56789"))).body == b"0123456789"
        client = await front.connect()
        await client.send(
            b"POST /v1/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\nghijk"
        )
        got = await client.reply()
        assert (got.status, got.headers["connection"]) == (413, "close")


async def test_a_refused_sender_gets_its_refusal_even_while_it_goes_on_sending(adapter: str) -> None:
    """Closing with unread bytes would reset the connection, and the reset could overtake the 413."""
    if adapter == "asgi":
        pytest.skip("the stock server decides: uvicorn closes without reading on")
    async with running(adapter, limits=EdgeLimits(max_body_bytes=10)) as front:
        front.doors["POST", "/v1/echo"] = echo
        client = await front.connect()
        await client.send(b"POST /v1/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n")
        for _ in range(30):
            await client.send(b"x" * 100_000)
        got = await client.reply()
        assert (got.status, got.whole) == (413, True)


async def test_a_large_body_is_not_taken_in_before_the_handler_wants_it(front: Front) -> None:
    """Otherwise anybody without a key could make us hold the largest body allowed."""
    door = Watched()
    wanted = asyncio.Event()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        await wanted.wait()
        body = await inbound.body()
        reply.start(200, PLAIN, length=8)
        reply.send(b"%08d" % len(body))
        reply.end()

    door.answer = answer  # type: ignore[method-assign]
    front.doors["POST", "/v1/large"] = door
    client = await front.connect()
    client.writer.write(post("/v1/large", b"x" * 20_000_000))
    await door.wait_began()
    await asyncio.sleep(0.05)
    assert door.inbound.size < 2_000_000  # type: ignore[union-attr]
    wanted.set()
    assert (await client.reply()).body == b"20000000"


# -- Expect: 100-continue --------------------------------------------------------------------------------------------


EXPECTING = b"POST /v1/%b HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n"


async def test_continue_is_sent_when_the_body_is_awaited_and_not_before(front: Front) -> None:
    wanted = asyncio.Event()
    door = Watched()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        await wanted.wait()
        await echo(inbound, reply)

    door.answer = answer  # type: ignore[method-assign]
    front.doors["POST", "/v1/door"] = door
    client = await front.connect()
    await client.send(EXPECTING % (b"door", 5))
    await door.wait_began()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.reader.read(1), 0.02)
    wanted.set()
    line = await client.interim()
    assert line.startswith(b"HTTP/1.1 100 ")
    await client.send(b"hello")
    got = await client.reply()
    assert (got.status, got.body, got.interim) == (200, b"hello", [])


async def test_no_continue_for_a_body_nobody_awaits_and_the_connection_closes(front: Front) -> None:
    """The client may send the body or not (RFC 9110, 10.1.1), so nothing can follow."""

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        raise Forbidden("not you")

    client = await front.connect()
    await client.send(EXPECTING % (b"door", 5))
    got = await client.reply()
    assert (got.status, got.interim, got.headers["connection"]) == (403, [], "close")
    assert await client.ended()


async def test_no_continue_for_a_body_that_will_be_refused(adapter: str) -> None:
    async with running(adapter, limits=EdgeLimits(max_body_bytes=10)) as front:
        front.doors["POST", "/v1/echo"] = echo
        client = await front.connect()
        await client.send(EXPECTING % (b"echo", 11))
        got = await client.reply()
        assert (got.status, got.interim) == (413, [])


async def test_no_continue_when_the_body_came_along_anyway(front: Front) -> None:
    front.doors["POST", "/v1/echo"] = echo
    got = await front.ask(EXPECTING % (b"echo", 5) + b"hello")
    assert got.body == b"hello"
    if front.adapter == "lane":
        assert got.interim == []


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
    async with running(adapter, limits=EdgeLimits(body_idle_timeout=0.1, body_timeout=0.1)) as front:

        @front.door("/v1/late")
        async def late(inbound: Inbound, reply: Reply) -> None:
            await asyncio.sleep(0.3)
            body = await inbound.body()
            reply.start(200, PLAIN, length=6)
            reply.send(b"%06d" % len(body))
            reply.end()

        client = await front.connect()
        client.writer.write(post("/v1/late", b"x" * 900_000))
        assert (await client.reply()).body == b"900000"


async def _trickle(client: Client) -> None:
    while True:
        await client.send(b"x")
        await asyncio.sleep(0.01)


# -- the client goes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_client_that_goes_at_any_byte_of_its_request_leaves_nothing_behind(front: Front, how: str) -> None:
    """Edge case 57. Whatever had begun is cancelled; `running` asserts that nothing is left."""
    doors: list[Watched] = []

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        doors.append(Watched())
        await doors[-1](inbound, reply)

    request = post("/v1/door", b"12345")
    for at in range(len(request) + 1):
        client = await front.connect()
        await client.send(request[:at])
        await asyncio.sleep(0)
        if how == "reset":
            client.reset()
        else:
            await client.close()
    await front.quiet()
    assert len(doors) > 1
    for watched in doors:
        await watched.wait_over()
        assert watched.cancelled
        assert watched.reply is not None
        assert watched.reply.gone


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_client_that_goes_at_any_byte_of_its_reply_is_noticed(front: Front, how: str) -> None:
    """Edge case 57. The stream has no end of its own, so only the client's going can end the handler."""
    doors: list[Watched] = []

    async def endless(inbound: Inbound, reply: Reply) -> None:
        reply.start(200, [])
        while True:
            reply.send(b"0123456789")
            await asyncio.sleep(0.001)

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        doors.append(Watched())
        doors[-1].answer = endless  # type: ignore[method-assign]
        await doors[-1](inbound, reply)

    for at in range(0, 150, 3):
        client = await front.connect()
        await client.send(post("/v1/door"))
        if at:
            await asyncio.wait_for(client.reader.readexactly(at), 5)
        if how == "reset":
            client.reset()
        else:
            await client.close()
    await front.quiet()
    assert all(watched.cancelled and watched.reply.gone for watched in doors if watched.reply)


async def test_a_callback_takes_the_place_of_the_cancellation(front: Front) -> None:
    """R-F3: a call may go on draining its upstream after its client has gone."""
    called = asyncio.Event()
    door = Watched()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        reply.on_gone(called.set)
        reply.start(200, [])
        reply.send(b"x")
        await called.wait()
        reply.send(b"into the void")
        reply.end()
        reply.start(200, [])
        reply.abort()
        await reply.drain()
        await asyncio.sleep(0.01)

    door.answer = answer  # type: ignore[method-assign]
    front.doors["POST", "/v1/door"] = door
    client = await front.connect()
    await client.send(post("/v1/door"))
    await door.wait_began()
    client.reset()
    await door.wait_over()
    assert not door.cancelled
    assert door.error is None
    assert door.reply is not None
    assert door.reply.gone


async def test_taking_the_callback_back_restores_the_cancellation(front: Front) -> None:
    calls: list[str] = []
    door = Watched()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        reply.on_gone(lambda: calls.append("called"))
        reply.on_gone(None)
        await asyncio.sleep(30)

    door.answer = answer  # type: ignore[method-assign]
    front.doors["POST", "/v1/door"] = door
    client = await front.connect()
    await client.send(post("/v1/door"))
    await door.wait_began()
    client.reset()
    await door.wait_over()
    assert door.cancelled
    assert not calls


async def test_a_callback_set_after_the_client_has_gone_is_called_at_once(front: Front) -> None:
    calls: list[str] = []
    first = asyncio.Event()
    door = Watched()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        reply.on_gone(first.set)
        await first.wait()
        reply.on_gone(lambda: calls.append("second"))

    door.answer = answer  # type: ignore[method-assign]
    front.doors["POST", "/v1/door"] = door
    client = await front.connect()
    await client.send(post("/v1/door"))
    await door.wait_began()
    client.reset()
    await door.wait_over()
    assert calls == ["second"]


async def test_who_awaits_the_body_of_a_client_that_goes_is_told_so(front: Front) -> None:
    door = Watched()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        reply.on_gone(lambda: None)
        await inbound.body()

    door.answer = answer  # type: ignore[method-assign]
    front.doors["POST", "/v1/door"] = door
    client = await front.connect()
    await client.send(post("/v1/door", b"123456")[:-3])
    await door.wait_began()
    await client.close()
    await door.wait_over()
    assert isinstance(door.error, ClientGone)


@pytest.mark.parametrize("kind", ["at once", "later", "streamed", "pipelined"])
async def test_a_client_that_shuts_its_sending_half_still_gets_its_answer(
    adapter: str, front: Front, kind: str
) -> None:
    lane_only(adapter, "half-closed")

    @front.door("/v1/later")
    async def later(inbound: Inbound, reply: Reply) -> None:
        await asyncio.sleep(0.15)
        await hello(inbound, reply)

    @front.door("/v1/slowly")
    async def slowly(inbound: Inbound, reply: Reply) -> None:
        reply.start(200, PLAIN)
        for piece in (b"h", b"el", b"lo"):
            reply.send(piece)
            await asyncio.sleep(0.05)
        reply.end()

    front.doors["POST", "/v1/hello"] = hello
    path = {"at once": "/v1/hello", "later": "/v1/later", "streamed": "/v1/slowly", "pipelined": "/v1/later"}[kind]
    count = 3 if kind == "pipelined" else 1
    client = await front.connect()
    await client.send(post(path) * count)
    client.shut()
    for _ in range(count):
        got = await client.reply()
        assert (got.body, got.whole) == (b"hello", True)
    assert await client.ended()


# -- replies: rules ---------------------------------------------------------------------------------------------------


async def test_a_started_reply_never_gets_a_second_status(front: Front) -> None:
    """Law 2."""

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        with pytest.raises(RuntimeError, match="not been started"):
            reply.send(b"early")
        with pytest.raises(RuntimeError, match="not been started"):
            reply.end()
        reply.start(201, PLAIN, length=5)
        with pytest.raises(RuntimeError, match="already been started"):
            reply.start(500, PLAIN, length=0)
        reply.send(b"hello")
        reply.end()
        reply.end()
        with pytest.raises(RuntimeError, match="has ended"):
            reply.send(b"more")
        with pytest.raises(RuntimeError, match="already been started"):
            reply.start(500, PLAIN, length=0)

    front.doors["GET", "/v1/hello"] = hello
    client = await front.connect()
    await client.send(post("/v1/door") + get("/v1/hello"))
    got = await client.reply()
    assert (got.status, got.body) == (201, b"hello")
    assert (await client.reply()).body == b"hello"


@pytest.mark.parametrize(
    "field", [(b"x-model", b"a\r\nset-cookie: b"), (b"x", b"a\nb"), (b"x", b"a\rb"), (b"x", b"a\0b"), (b"x\r\ny", b"z")]
)
async def test_a_header_cannot_write_headers_of_its_own(front: Front, field: tuple[bytes, bytes]) -> None:
    """R-X8. A model's name goes into `x-gophergate-model`, and callers choose names."""

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            reply.start(200, [*PLAIN, field, (b"x-last", b"1")], length=0)
        assert not reply.started
        await hello(inbound, reply)

    got = await front.ask(post("/v1/door"))
    assert (got.status, got.body) == (200, b"hello")
    assert "set-cookie" not in got.headers


async def test_the_edge_alone_writes_the_framing(front: Front) -> None:
    """Headers copied from an upstream must not contradict the framing of ours."""

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        alien = [
            (b"content-length", b"3"),
            (b"transfer-encoding", b"chunked"),
            (b"connection", b"close"),
            (b"keep-alive", b"timeout=1"),
            (b"x-kept", b"yes"),
        ]
        reply.start(200, alien, length=5)
        reply.send(b"hello")
        reply.end()

    got = await front.ask(post("/v1/door"))
    assert (got.body, got.headers["content-length"], got.headers["x-kept"]) == (b"hello", "5", "yes")
    assert not got.headers.keys() & {"transfer-encoding", "connection", "keep-alive"}


@pytest.mark.parametrize("sent", [b"1234", b"123456"])
async def test_a_body_of_another_length_than_declared_breaks_the_connection(
    front: Front, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The client must see that it is not whole, and must not take what is too much for the next reply."""

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        reply.start(200, PLAIN, length=5)
        reply.send(sent[:2])
        await asyncio.sleep(0.02)
        reply.send(sent[2:])
        reply.end()

    got = await front.ask(post("/v1/door"))
    assert (got.status, got.whole) == (200, False)


@pytest.mark.parametrize("length", [None, 10])
async def test_abort_shows_the_client_that_the_body_is_not_whole(front: Front, length: int | None) -> None:
    """Law 3."""
    gone: list[bool] = []

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        reply.on_gone(lambda: gone.append(True))
        reply.start(200, PLAIN, length=length)
        reply.send(b"hello")
        await asyncio.sleep(0.02)
        reply.abort()
        await asyncio.sleep(0.02)

    got = await front.ask(post("/v1/door"))
    assert (got.status, got.body, got.whole) == (200, b"hello", False)
    assert not gone, "who aborts knows"


async def test_abort_before_the_start_closes_without_a_word(adapter: str, front: Front) -> None:
    lane_only(adapter, "abort-unstarted")

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        reply.abort()

    with pytest.raises(ConnectionError):
        await front.ask(post("/v1/door"))


async def test_an_aborted_http10_stream_is_reset(adapter: str, front: Front) -> None:
    """A plain close would be the end of the body."""
    lane_only(adapter, "http10-stream")

    @front.door("/v1/door", "GET")
    async def door(inbound: Inbound, reply: Reply) -> None:
        reply.start(200, PLAIN)
        reply.send(b"hello")
        await asyncio.sleep(0.02)
        reply.abort()

    got = await front.ask(b"GET /v1/door HTTP/1.0\r\n\r\n")
    assert (got.body, got.whole) == (b"hello", False)


# -- handlers that fail -----------------------------------------------------------------------------------------------


async def test_an_error_before_the_start_is_answered_in_the_doors_words(front: Front) -> None:
    """R-E1."""

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        await inbound.body()
        raise RateLimited("slow down")

    client = await front.connect()
    for sent, named in ((b"X-Request-Id: mine", "mine"), (b"X-Request-Id: not a word", "made-up-id")):
        await client.send(post("/v1/door", b"", sent))
        got = await client.reply()
        assert (got.status, got.body, got.headers["x-door"]) == (429, b"rate_limit_exceeded: slow down", "/v1/door")
        assert got.headers["x-request-id"] == named


async def test_a_defect_is_logged_with_its_request_id_and_told_without_its_cause(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        raise ZeroDivisionError("secret detail")

    with caplog.at_level(logging.ERROR, "gophergate.front"):
        got = await front.ask(post("/v1/door", b"", b"X-Request-Id: abc"))
    assert (got.status, got.headers["x-request-id"]) == (500, "abc")
    assert b"abc" in got.body
    assert b"secret" not in got.body
    assert b"Traceback" not in got.body
    record = next(record for record in caplog.records if record.name == "gophergate.front")
    assert "abc" in record.getMessage()
    assert record.exc_info is not None


@pytest.mark.parametrize("fault", [ZeroDivisionError("x"), Forbidden("x"), None])
async def test_a_handler_that_fails_after_the_start_breaks_the_connection(
    front: Front, fault: Exception | None
) -> None:
    """Law 2: never a clean finish; nor when it merely returns without an end."""

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        reply.start(200, PLAIN)
        reply.send(b"hello")
        await asyncio.sleep(0.02)
        if fault is not None:
            raise fault

    got = await front.ask(post("/v1/door"))
    assert (got.status, got.body, got.whole) == (200, b"hello", False)


async def test_a_handler_that_says_nothing_is_a_500(front: Front) -> None:
    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        await inbound.body()

    got = await front.ask(post("/v1/door"))
    assert (got.status, got.headers["x-request-id"]) == (500, "made-up-id")


async def test_a_handler_that_fails_after_the_end_is_logged_and_harms_nobody(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        await hello(inbound, reply)
        raise ZeroDivisionError

    client = await front.connect()
    for _ in range(2):
        await client.send(post("/v1/door"))
        assert (await client.reply()).body == b"hello"
    await asyncio.sleep(0.01)
    assert sum(record.name == "gophergate.front" for record in caplog.records) == 2


# -- back-pressure -----------------------------------------------------------------------------------------------------


async def test_a_slow_reader_gets_back_pressure(front: Front) -> None:
    """Edge case 61, law 9: what waits for a slow client stays near the high-water mark."""
    told: list[str] = []
    sent = 0
    piece = b"x" * 16_384
    door = Watched()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        nonlocal sent
        reply.on_pressure(lambda: told.append("pause"), lambda: told.append("resume"))
        reply.start(200, PLAIN)
        for _ in range(1000):
            reply.send(piece)
            sent += len(piece)
            await reply.drain()
            await asyncio.sleep(0)
        reply.end()

    door.answer = answer  # type: ignore[method-assign]
    front.doors["POST", "/v1/door"] = door
    client = await front.connect(slow=True)
    await client.send(post("/v1/door"))
    await door.wait_began()
    before = -1
    while before != sent:
        before = sent
        await asyncio.sleep(0.05)
    assert sent < 12_000_000, "the sender waits (the system's own buffers hold some megabytes)"
    assert told[-1] == "pause"
    got = await client.reply()
    assert (len(got.body), got.whole) == (16_384_000, True)
    assert told[-1] == "resume"
    assert told[::2] == ["pause"] * len(told[::2])
    assert told[1::2] == ["resume"] * len(told[1::2])


async def test_who_registers_under_pressure_is_paused_at_once_and_resumed_when_the_client_goes(front: Front) -> None:
    """Whoever was paused would otherwise wait for ever, and hold its upstream."""
    told: list[str] = []
    gone = asyncio.Event()
    door = Watched()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        reply.on_gone(gone.set)
        reply.start(200, PLAIN)
        for _ in range(2):  # one piece the stock server takes whatever its size
            reply.send(b"x" * 4_000_000)
            await asyncio.sleep(0.02)
        reply.on_pressure(lambda: told.append("pause"), lambda: told.append("resume"))
        door.go.set()
        await gone.wait()

    door.answer = answer  # type: ignore[method-assign]
    front.doors["POST", "/v1/door"] = door
    client = await front.connect(slow=True)
    await client.send(post("/v1/door"))
    await asyncio.wait_for(door.go.wait(), 5)
    assert told == ["pause"]
    client.reset()
    await door.wait_over()
    assert told == ["pause", "resume"]


async def test_who_sends_on_regardless_of_pressure_is_cut_off(adapter: str) -> None:
    """Law 9: every buffer has a bound and a stated full-policy."""
    async with running(adapter, limits=EdgeLimits(max_backlog=1_000_000)) as front:
        door = Watched()

        async def answer(inbound: Inbound, reply: Reply) -> None:
            reply.start(200, PLAIN)
            while True:
                reply.send(b"x" * 100_000)
                await asyncio.sleep(0)

        door.answer = answer  # type: ignore[method-assign]
        front.doors["POST", "/v1/door"] = door
        client = await front.connect(slow=True)
        await client.send(post("/v1/door"))
        await door.wait_over()
        assert door.cancelled
        client.reset()


async def test_a_client_that_stops_reading_is_cut_off(adapter: str) -> None:
    """Edge case 61: for a while it is waited for, but not for ever."""
    async with running(adapter, limits=EdgeLimits(write_timeout=0.2)) as front:
        door = Watched()

        async def answer(inbound: Inbound, reply: Reply) -> None:
            reply.start(200, PLAIN)
            while True:
                reply.send(b"x" * 65_536)
                await reply.drain()
                await asyncio.sleep(0)

        door.answer = answer  # type: ignore[method-assign]
        front.doors["POST", "/v1/door"] = door
        client = await front.connect(slow=True)
        await client.send(post("/v1/door"))
        await door.wait_over()
        assert door.cancelled
        client.reset()


# -- who asks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trusted", "expected"),
    [
        ((), ("127.0.0.1", "http")),
        (("10.0.0.0/8",), ("127.0.0.1", "http")),
        (("127.0.0.0/8",), ("203.0.113.9", "https")),
    ],
)
async def test_only_a_trusted_proxy_says_who_the_caller_is(
    adapter: str, trusted: tuple[str, ...], expected: tuple[str, str]
) -> None:
    async with running(adapter, trusted=trusted) as front:
        seen: list[tuple[str, str]] = []

        @front.door("/v1/door")
        async def door(inbound: Inbound, reply: Reply) -> None:
            seen.append((inbound.client, inbound.scheme))
            await hello(inbound, reply)

        await front.ask(
            post("/v1/door", b"", b"X-Forwarded-For: 198.51.100.1, 203.0.113.9, 127.0.0.3", b"X-Forwarded-Proto: https")
        )
        assert seen == [expected]


# -- paths -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/v1/%63hat", "/v1/chat"),
        ("/v1/%2563hat", "/v1/%63hat"),
        ("//v1/chat", "//v1/chat"),
        ("/v1//chat", "/v1//chat"),
        ("/v1/../v1/chat", "/v1/../v1/chat"),
        ("/v1/%2e%2e/chat", "/v1/../chat"),
        ("/v1/chat/", "/v1/chat/"),
        ("/V1/chat", "/V1/chat"),
        ("/v1/chat;x", "/v1/chat;x"),
        ("/v1/a%2Fb", "/v1/a/b"),
        ("/v1/caf%C3%A9", "/v1/café"),
        ("http://elsewhere/v1/chat?x=1", "/v1/chat"),
        ("http://elsewhere", "/"),
    ],
)
async def test_a_path_is_decoded_once_and_never_normalised(front: Front, target: str, path: str) -> None:
    """R-X1: what is decided on is exactly what is routed; a host never matters."""
    if front.adapter == "asgi" and target == "http://elsewhere":
        pytest.skip("the stock server decides: uvicorn refuses an absolute form without a path")
    got = await front.ask(get(target))
    assert front.asked == [("GET", path)]
    assert got.status == 200


async def test_the_host_is_never_looked_at(front: Front) -> None:
    """R-X1."""
    front.doors["GET", "/v1/hello"] = hello
    got = await front.ask(b"GET /v1/hello HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: other\r\n\r\n")
    assert got.body == b"hello"


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
async def test_a_head_over_its_bound_is_refused_before_it_ends(adapter: str, front: Front, start: bytes) -> None:
    """R-X8: bounded memory."""
    lane_only(adapter, "head-bounds")
    client = await front.connect()
    await client.send(start)
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
