"""How a connection of the lane closes, how long it waits, and how it notices that its client has gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping
from typing import Any

import pytest
import uvicorn.config

from gophergate.front.base import Inbound, Reply
from gophergate.front.edge import Edge, EdgeLimits
from gophergate.front.lane import LaneProtocol
from gophergate.front.listener import Listener
from gophergate.front.server import Binding
from kit.edges import PATIENCE, PLAIN, Front, Watched, echo, hello, running, write_error

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop", "asyncio"])

GET = b"GET /v1/hello HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /v1/door HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"


# -- one write ---------------------------------------------------------------------------------------------------------


class Pipe(asyncio.Transport):
    """A transport that notes each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


def protocol_on(pipe: Pipe, front: Front, wall: float = 0.0) -> LaneProtocol:
    config = uvicorn.config.Config(front.app, log_config=None, lifespan="off", interface="asgi3")
    config.load()
    edge = Edge(front, write_error, new_id=lambda: "made-up-id")
    listener = Listener(edge, config, asyncio.get_running_loop(), max_connections=10, wall=lambda: wall)
    protocol = LaneProtocol(listener)
    protocol.connection_made(pipe)
    return protocol


async def test_a_small_reply_is_one_write_with_the_date_of_its_second() -> None:
    front, pipe = Front("lane"), Pipe()
    front.doors["GET", "/v1/hello"] = hello
    protocol_on(pipe, front, wall=784111777.9).data_received(GET)
    await asyncio.sleep(0)
    assert pipe.writes == [
        b"HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 5\r\n"
        b"content-type: text/plain\r\n\r\nhello"
    ]


async def test_the_head_of_a_stream_goes_with_its_first_piece_or_with_the_next_turn_of_the_loop() -> None:
    front, pipe = Front("lane"), Pipe()
    go = asyncio.Event()

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        await inbound.body()
        reply.start(200, [])
        if inbound.header(b"x-late"):
            await go.wait()
        reply.send(b"abc")
        await go.wait()
        reply.send(b"de")
        reply.end()

    protocol = protocol_on(pipe, front)
    protocol.data_received(POST)
    await asyncio.sleep(0)
    assert len(pipe.writes) == 1
    assert pipe.writes[0].endswith(b"\r\n\r\n3\r\nabc\r\n")
    go.set()
    await asyncio.sleep(0.01)
    assert pipe.writes[1:] == [b"2\r\nde\r\n", b"0\r\n\r\n"]
    go.clear()
    pipe.writes.clear()
    protocol.data_received(POST.replace(b"Host", b"X-Late: 1\r\nHost"))
    await asyncio.sleep(0.01)
    assert len(pipe.writes) == 1
    assert pipe.writes[0].endswith(b"transfer-encoding: chunked\r\n\r\n")
    go.set()
    await asyncio.sleep(0.01)


# -- waiting -----------------------------------------------------------------------------------------------------------


async def test_an_idle_connection_is_closed_without_a_word() -> None:
    async with running("lane", limits=EdgeLimits(keep_alive_timeout=0.1)) as front:
        front.doors["GET", "/v1/hello"] = hello
        fresh, used = await front.connect(), await front.connect()
        await used.send(GET)
        assert (await used.reply()).body == b"hello"
        assert await fresh.ended()
        assert await used.ended()


async def test_a_handler_may_take_longer_than_any_time_out_of_the_edge() -> None:
    """Edge case 60: 90 s of silence from a model is no reason to hang up on its caller."""
    short = EdgeLimits(
        keep_alive_timeout=0.05, header_timeout=0.05, body_idle_timeout=0.05, body_timeout=0.05, write_timeout=0.05
    )
    async with running("lane", limits=short) as front:

        @front.door("/v1/door")
        async def door(inbound: Inbound, reply: Reply) -> None:
            await inbound.body()
            await asyncio.sleep(0.3)
            reply.start(200, PLAIN)
            await asyncio.sleep(0.3)
            reply.send(b"late")
            reply.end()

        assert (await front.ask(POST)).body == b"late"


async def test_a_slow_head_behind_a_running_request_is_refused_in_its_turn() -> None:
    async with running("lane", limits=EdgeLimits(header_timeout=0.1)) as front:
        first = Watched()
        front.doors["POST", "/v1/door"] = first
        client = await front.connect()
        await client.send(POST + b"GET /v1")
        await first.wait_began()
        await asyncio.sleep(0.3)
        first.go.set()
        assert (await client.reply()).body == b"ok"
        assert (await client.reply()).status == 408
        assert await client.ended()


async def test_a_reader_that_is_slow_but_steady_is_not_cut_off() -> None:
    """Only one that takes nothing at all is."""
    async with running("lane", limits=EdgeLimits(write_timeout=0.2)) as front:

        @front.door("/v1/door")
        async def door(inbound: Inbound, reply: Reply) -> None:
            reply.start(200, PLAIN, length=8_000_000)
            reply.send(b"x" * 8_000_000)
            reply.end()

        client = await front.connect(slow=True)
        await client.send(POST)
        read = 0
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            read += len(await asyncio.wait_for(client.reader.read(65_536), PATIENCE))
            await asyncio.sleep(0.01)
        while data := await asyncio.wait_for(client.reader.read(65_536), PATIENCE):
            read += len(data)
            if read > 8_000_000:
                break
        assert read > 8_000_000


async def test_a_steady_reader_is_not_cut_off_by_a_handler_that_goes_on_sending() -> None:
    """What is queued meanwhile must not look as if nothing had been taken."""
    async with running("lane", limits=EdgeLimits(write_timeout=0.2, max_backlog=100_000_000)) as front:
        front.doors["POST", "/v1/door"] = door = Watched()

        async def answer(inbound: Inbound, reply: Reply) -> None:
            reply.start(200, PLAIN)
            reply.send(b"x" * 6_000_000)
            while not door.go.is_set():
                reply.send(b"x" * 100_000)
                await asyncio.sleep(0.01)
            reply.end()

        door.answer = answer  # type: ignore[method-assign]
        client = await front.connect(slow=True)
        await client.send(POST)
        end = time.monotonic() + 0.8
        while time.monotonic() < end:
            await asyncio.wait_for(client.reader.read(8192), PATIENCE)
            await asyncio.sleep(0.01)
        door.go.set()
        await door.wait_over()
        assert not door.cancelled
        client.reset()


@pytest.mark.parametrize("keep", [b"keep-alive", b"close"])
async def test_a_client_that_never_takes_its_whole_reply_is_cut_off_after_the_end(keep: bytes) -> None:
    """An ordinary close waits for the buffer to empty, and this one never does."""
    async with running("lane", limits=EdgeLimits(write_timeout=0.2, keep_alive_timeout=0.1)) as front:

        @front.door("/v1/door")
        async def door(inbound: Inbound, reply: Reply) -> None:
            reply.start(200, PLAIN, length=8_000_000)
            reply.send(b"x" * 8_000_000)
            reply.end()

        client = await front.connect(slow=True)
        await client.send(POST.replace(b"Host", b"Connection: " + keep + b"\r\nHost"))
        await asyncio.sleep(0.05)
        await front.quiet()
        client.reset()


async def test_a_refused_sender_is_not_read_for_ever() -> None:
    async with running("lane", limits=EdgeLimits(max_body_bytes=10, linger_timeout=0.1)) as front:
        front.doors["POST", "/v1/door"] = echo
        client = await front.connect()
        await client.send(POST.replace(b"Length: 0", b"Length: 99999999"))
        assert (await client.reply()).status == 413
        async with asyncio.timeout(PATIENCE):
            while not client.writer.transport.is_closing():  # the reset, once it has arrived, closes it
                client.writer.write(b"x" * 1000)
                await asyncio.sleep(0.005)


# -- going -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["before the head", "inside the stream", "behind a waiting request", "application"])
async def test_a_client_that_has_closed_is_told_from_one_that_only_sends_no_more(lane: Front, part: str) -> None:
    """R-F3: within a second. The handler is silent, so nothing it writes can find out."""
    door = Watched()
    told = asyncio.Event()

    async def silent(inbound: Inbound, reply: Reply) -> None:
        await inbound.body()
        if part == "inside the stream":
            reply.start(200, PLAIN)
            reply.send(b"token")
        await asyncio.sleep(30)

    async def app(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        told.set()

    door.answer = silent  # type: ignore[method-assign]
    lane.doors["POST", "/v1/door"] = door
    lane.wrapped = app
    client = await lane.connect()
    await client.send(POST.replace(b"/v1/door", b"/app") if part == "application" else POST)
    if part == "behind a waiting request":
        await client.send(GET)
    await asyncio.sleep(0.05)
    began = time.monotonic()
    await client.close()
    if part == "application":
        await asyncio.wait_for(told.wait(), PATIENCE)
    else:
        await door.wait_over()
        assert door.cancelled
    assert time.monotonic() - began < (1.5 if part == "behind a waiting request" else 0.5)


async def test_the_probe_of_a_half_closed_connection_harms_nobody_who_listens(lane: Front) -> None:
    """h11 reads the interim reply, and the chunk sizes that begin with a zero."""
    halves = {"before": asyncio.Event(), "inside": asyncio.Event()}

    @lane.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        await halves["before"].wait()
        reply.start(200, PLAIN)
        reply.send(b"one")
        await halves["inside"].wait()
        reply.send(b"two")
        reply.send(b"x" * 100_000)
        reply.end()

    client = await lane.connect()
    await client.send(POST)
    client.shut()
    await asyncio.sleep(0.05)
    halves["before"].set()
    halves["inside"].set()
    got = await client.reply()
    assert (got.interim, got.body) == ([100], b"onetwo" + b"x" * 100_000)

    client = await lane.connect()
    await client.send(POST)
    await asyncio.sleep(0.02)
    halves["inside"].clear()
    client.shut()
    await asyncio.sleep(0.05)
    halves["inside"].set()
    got = await client.reply()
    assert (got.interim, got.body, got.whole) == ([], b"onetwo" + b"x" * 100_000, True)


async def test_an_http10_client_is_sent_no_interim_reply(lane: Front) -> None:
    """RFC 9110, 15.2."""
    door = Watched()
    lane.doors["POST", "/v1/door"] = door
    client = await lane.connect()
    await client.send(b"POST /v1/door HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
    client.shut()
    await door.wait_began()
    await asyncio.sleep(0.05)
    door.go.set()
    got = await client.reply()
    assert (got.body, got.interim) == (b"ok", [])


# -- too many ----------------------------------------------------------------------------------------------------------


async def test_connections_over_the_limit_are_told_so_and_the_others_served() -> None:
    """Law 9. Beyond the limit some are still answered, then they are only closed."""
    async with running("lane", binding=Binding(port=0, max_connections=3)) as front:
        front.doors["GET", "/v1/hello"] = hello
        kept = [await front.connect() for _ in range(3)]
        for client in kept:
            await client.send(GET)
            assert (await client.reply()).status == 200
        over = await front.connect()
        await over.send(GET)
        got = await over.reply()
        assert (got.status, got.headers["connection"]) == (503, "close")
        assert await over.ended()
        crowd = [await front.connect() for _ in range(90)]
        ends = [await _status_or_closed(client) for client in crowd]
        assert ends[0] == 503
        assert ends[-1] is None
        for client in [*crowd, kept.pop()]:
            await client.close()
        async with asyncio.timeout(PATIENCE):
            while len(front.state.connections) > 2:
                await asyncio.sleep(0.01)
        client = await front.connect()
        await client.send(GET)
        assert (await client.reply()).status == 200, "room again"


async def _status_or_closed(client: Any) -> int | None:
    try:
        return int((await client.reply()).status)
    except ConnectionError:
        return None
