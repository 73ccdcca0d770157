"""Starting, stopping, and what running requests and their clients see of it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from gophergate.front.base import Inbound, Reply
from gophergate.front.edge import Edge
from gophergate.front.server import Binding, CannotListen, Server, serve
from kit.edges import PLAIN, Client, Front, Watched, hello, running, stream, write_error

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop", "asyncio"])

GET = b"GET /v1/hello HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /v1/door HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"


def edge_of(front: Front) -> Edge:
    return Edge(front, write_error, new_id=lambda: "made-up-id")


def server_of(front: Front, binding: Binding | None = None, drain_timeout: float = 5.0) -> Server:
    server = Server(front.app, edge_of(front), binding or Binding(port=0), drain_timeout=drain_timeout)
    front.doors["GET", "/v1/hello"] = hello
    return server


async def reach(front: Front, server: Server) -> Client:
    front.address = ("127.0.0.1", server.port)
    return await front.connect()


async def test_port_zero_is_told_and_two_servers_stand_side_by_side() -> None:
    one, two = Front("lane"), Front("lane")
    async with server_of(one) as first, server_of(two) as second:
        assert first.port != second.port
        assert first.addresses == (("127.0.0.1", first.port),)
        for front, server in ((one, first), (two, second)):
            client = await reach(front, server)
            await client.send(GET)
            assert (await client.reply()).body == b"hello"
            assert server.statistics()["connections"] == 1
            assert server.statistics()["max_connections"] >= 16
            await client.close()
    assert first.addresses == ()
    assert first.statistics() == {"connections": 0, "running": 0, "max_connections": 0}


async def test_an_address_that_is_taken_is_an_error_unless_it_is_shared() -> None:
    """Several workers share one address by SO_REUSEPORT."""
    async with server_of(Front("lane"), Binding(port=0, reuse_port=True)) as first:
        with pytest.raises(CannotListen, match="in use"):
            await server_of(Front("lane"), Binding(port=first.port)).start()
        async with server_of(Front("lane"), Binding(port=first.port, reuse_port=True)) as second:
            assert first.port == second.port


async def test_a_unix_socket_serves_and_is_removed(tmp_path: Path) -> None:
    path = str(tmp_path / "edge.sock")
    front = Front("lane")
    seen: list[str] = []

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        seen.append(inbound.client)
        await hello(inbound, reply)

    async with server_of(front, Binding(unix=path)) as server:
        assert server.addresses == (path,)
        client = Client(*await asyncio.open_unix_connection(path))
        await client.send(POST)
        assert (await client.reply()).body == b"hello"
        await client.send(b"GET /app HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await client.reply()).body == b"app:/app:"
        await client.close()
    assert seen == [""]
    assert not os.path.exists(path)


async def test_a_client_of_a_unix_socket_that_closes_is_noticed(tmp_path: Path) -> None:
    front = Front("lane")
    front.doors["POST", "/v1/door"] = door = Watched()
    async with server_of(front, Binding(unix=str(tmp_path / "edge.sock"))):
        client = Client(*await asyncio.open_unix_connection(tmp_path / "edge.sock"))
        await client.send(POST)
        await door.wait_began()
        await client.close()
        await door.wait_over()
        assert door.cancelled


async def test_logging_is_left_as_it_is() -> None:
    logger = logging.getLogger("uvicorn.access")
    before = (logger.handlers, logger.propagate, logging.getLogger("uvicorn").handlers)
    async with server_of(Front("lane")):
        assert (logger.handlers, logger.propagate, logging.getLogger("uvicorn").handlers) == before


# -- draining ----------------------------------------------------------------------------------------------------------


async def test_draining_lets_running_requests_finish_and_accepts_no_more() -> None:
    front = Front("lane")
    first, app_go = Watched(), asyncio.Event()
    front.doors["POST", "/v1/door"] = first
    streaming = asyncio.Event()

    @front.door("/v1/stream")
    async def streams(inbound: Inbound, reply: Reply) -> None:
        reply.start(200, PLAIN)
        reply.send(b"begun ")
        streaming.set()
        await app_go.wait()
        reply.send(b"ended")
        reply.end()

    server = server_of(front)
    await server.start()
    idle, busy, streamed = [await reach(front, server) for _ in range(3)]
    await idle.send(GET)
    assert (await idle.reply()).status == 200
    await busy.send(POST)
    await streamed.send(POST.replace(b"door", b"stream"))
    await first.wait_began()
    await streaming.wait()
    stopping = asyncio.ensure_future(server.aclose())
    assert await idle.ended()
    with pytest.raises(ConnectionRefusedError):
        await front.connect()
    first.go.set()
    app_go.set()
    got = await busy.reply()
    assert (got.body, got.headers["connection"]) == (b"ok", "close")
    got = await streamed.reply()
    assert (got.body, got.whole) == (b"begun ended", True)
    assert await busy.ended()
    assert await streamed.ended()
    await asyncio.wait_for(stopping, 5)
    await front.close_clients()


async def test_what_waits_behind_a_running_request_is_not_begun_by_a_drain() -> None:
    """The running reply says that it is the last, so the client knows what was not answered (RFC 9112, 9.6)."""
    front = Front("lane")
    front.doors["POST", "/v1/door"] = door = Watched()
    server = server_of(front)
    await server.start()
    client = await reach(front, server)
    await client.send(POST + GET)
    await door.wait_began()
    stopping = asyncio.ensure_future(server.aclose())
    await asyncio.sleep(0.02)
    door.go.set()
    got = await client.reply()
    assert (got.body, got.headers["connection"]) == (b"ok", "close")
    assert await client.ended()
    await asyncio.wait_for(stopping, 5)
    await front.close_clients()


@pytest.mark.parametrize("next_request", [GET, b"GET /app HTTP/1.1\r\nHost: h\r\n\r\n"])
async def test_a_reply_that_promised_to_keep_the_connection_is_followed_by_one_more(next_request: bytes) -> None:
    """Its head was sent before the drain began; the next one takes the promise back."""
    front = Front("lane")
    go = asyncio.Event()

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        reply.start(200, PLAIN)
        reply.send(b"begun ")
        await go.wait()
        reply.send(b"ended")
        reply.end()

    server = server_of(front)
    await server.start()
    client = await reach(front, server)
    await client.send(POST + next_request)
    assert b"200 OK" in (head := await client.interim())
    assert b"close" not in head
    stopping = asyncio.ensure_future(server.aclose())
    await asyncio.sleep(0.02)
    go.set()
    assert (await client.interim()).endswith(b"ended\r\n0")
    assert b"connection: close" in await client.interim()
    await asyncio.wait_for(stopping, 5)
    await front.close_clients()


async def test_a_head_under_way_when_the_drain_begins_is_still_answered() -> None:
    front = Front("lane")
    server = server_of(front)
    await server.start()
    client = await reach(front, server)
    await client.send(GET[:20])
    await asyncio.sleep(0.02)
    stopping = asyncio.ensure_future(server.aclose())
    await asyncio.sleep(0.02)
    await client.send(GET[20:])
    got = await client.reply()
    assert (got.body, got.headers["connection"]) == (b"hello", "close")
    await asyncio.wait_for(stopping, 5)
    await front.close_clients()


async def test_the_application_drains_too() -> None:
    front = Front("lane")
    go = asyncio.Event()

    async def slow(scope: object, receive: object, send: object) -> None:
        await go.wait()
        await front.echo_app(scope, receive, send)  # type: ignore[arg-type]

    front.wrapped = slow
    server = server_of(front)
    await server.start()
    client = await reach(front, server)
    await client.send(b"GET /app HTTP/1.1\r\nHost: h\r\n\r\n")
    await asyncio.sleep(0.02)
    stopping = asyncio.ensure_future(server.aclose())
    await asyncio.sleep(0.02)
    go.set()
    got = await client.reply()
    assert (got.body, got.headers["connection"]) == (b"app:/app:", "close")
    await asyncio.wait_for(stopping, 5)
    await front.close_clients()


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_what_outlasts_the_drain_is_cut_off_so_that_the_client_sees_it(version: bytes) -> None:
    """Law 3: a stream that was cut must not look complete, and its handler learns that its client is gone."""
    front = Front("lane")
    door = Watched()

    async def endless(inbound: Inbound, reply: Reply) -> None:
        reply.start(200, PLAIN)
        reply.send(b"begun")
        await asyncio.sleep(30)

    door.answer = endless  # type: ignore[method-assign]
    front.doors["POST", "/v1/door"] = door
    async with server_of(front, drain_timeout=0.1) as server:
        client = await reach(front, server)
        await client.send(POST.replace(b"1.1", version))
        assert b"200 OK" in await client.interim()
    assert door.cancelled
    reset, rest = False, b""
    try:
        while piece := await asyncio.wait_for(client.reader.read(1000), 5):
            rest += piece
    except ConnectionResetError:
        reset = True
    assert reset == (version == b"1.0"), "where the close is the end of the body, it must not be an ordinary one"
    assert not rest.endswith(b"0\r\n\r\n")
    await front.close_clients()


async def test_a_handler_that_sees_to_its_own_end_is_given_time_for_it() -> None:
    """Its ledger entry is written after its client has been cut off."""
    front = Front("lane")
    settled: list[bool] = []
    began = asyncio.Event()

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        gone = asyncio.Event()
        reply.on_gone(gone.set)
        began.set()
        await gone.wait()
        await asyncio.sleep(0.05)
        settled.append(reply.gone)

    async with server_of(front, drain_timeout=0.05) as server:
        client = await reach(front, server)
        await client.send(POST)
        await began.wait()
    assert settled == [True]
    await front.close_clients()


async def test_websockets_are_closed_by_the_drain() -> None:
    front = Front("lane")
    async with server_of(front, drain_timeout=2.0) as server:
        socket_ = await connect(f"ws://127.0.0.1:{server.port}/app/socket")
        await socket_.send("x")
        assert await socket_.recv() == "/app/socket:x"
        stopping = asyncio.ensure_future(server.aclose())
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket_.recv(), 5)
        await asyncio.wait_for(stopping, 5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains_and_a_second_one_ends_at_once(number: int) -> None:
    front = Front("lane")
    door = Watched()
    front.doors["POST", "/v1/door"] = door
    listening: asyncio.Future[Server] = asyncio.get_running_loop().create_future()
    serving = asyncio.ensure_future(
        serve(front.app, edge_of(front), Binding(port=0), drain_timeout=60, started=listening.set_result)
    )
    server = await asyncio.wait_for(listening, 5)
    client = await reach(front, server)
    await client.send(POST)
    await door.wait_began()
    os.kill(os.getpid(), number)
    await asyncio.sleep(0.1)
    assert not serving.done()
    os.kill(os.getpid(), number)
    await asyncio.wait_for(serving, 5)
    assert door.cancelled
    await front.close_clients()


async def test_cancelling_the_drain_cuts_everything_off() -> None:
    front = Front("lane")
    door = Watched()
    front.doors["POST", "/v1/door"] = door
    server = server_of(front, drain_timeout=60)
    await server.start()
    client = await reach(front, server)
    await client.send(POST)
    await door.wait_began()
    stopping = asyncio.ensure_future(server.aclose())
    await asyncio.sleep(0.05)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert door.cancelled
    await server.aclose()
    await front.close_clients()


async def test_nothing_is_left_after_a_busy_time() -> None:
    """R-P1 in small: half of the clients go in the middle; sockets and tasks return to none."""
    async with running("lane") as front:
        front.doors["POST", "/v1/stream"] = stream
        request = b"POST /v1/stream HTTP/1.1\r\nHost: h\r\nContent-Length: 400\r\n\r\n" + b"x" * 400

        async def visit(rude: bool) -> None:
            client = await front.connect()
            await client.send(request * 2)
            if rude:
                await client.reader.read(10)
                client.reset()
            else:
                assert (await client.reply()).whole
                await client.close()

        await asyncio.gather(*(visit(n % 2 == 0) for n in range(60)))
        await front.quiet()
        assert front.server is not None
        assert front.server.statistics()["connections"] == 0


@pytest.mark.parametrize("host", ["8.8.8.8", "no.such.host.invalid"])
async def test_an_address_that_cannot_be_had_is_said_in_a_sentence(host: str) -> None:
    """Starting is an operator's affair: neither a traceback nor a defect of ours."""
    with pytest.raises(CannotListen, match=rf"^Cannot listen on {host}:1234: [a-z ]+\.$"):
        await server_of(Front("lane"), Binding(host=host, port=1234)).start()
