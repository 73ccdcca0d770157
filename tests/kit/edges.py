"""A running edge on a real socket, under either adapter, and a client that controls every byte it sends.

Replies are read with h11, which shares no code with what is tested. Leaving `running` asserts that no connection,
task or handler is left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, MutableMapping
from typing import Any

import h11
import msgspec
import pytest
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gophergate.errors import GatewayError
from gophergate.front.asgi import AsgiFront
from gophergate.front.base import Handler, Header, Inbound, Refusal, Reply
from gophergate.front.cors import CrossOrigin
from gophergate.front.edge import Edge, EdgeLimits
from gophergate.front.forwarded import TrustedProxies
from gophergate.front.server import Binding, Server

PATIENCE = 5.0
"""Seconds after which a test has failed rather than waits on."""

PLAIN = [(b"content-type", b"text/plain")]


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
    "expectation": "uvicorn sends its 100 even when the body has begun to come",
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


class Got(msgspec.Struct):
    """A reply as the client saw it. `whole` is False when the connection broke before its end."""

    status: int
    headers: dict[str, str]
    body: bytes
    interim: list[int]
    whole: bool


class Client:
    """One connection. What is sent is exactly what is given."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._left = b""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    async def reply(self, method: str = "GET") -> Got:
        """The next reply, to a request of that method. Raises ConnectionError if there is none."""
        async with asyncio.timeout(PATIENCE):
            return await self._reply(method)

    async def _reply(self, method: str) -> Got:
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method=method, target="/", headers=[("host", "h")]))
        parser.send(h11.EndOfMessage())
        got = Got(0, {}, b"", [], False)
        body: list[bytes] = []
        data, self._left = self._left, b""
        if data:
            parser.receive_data(data)
        while True:
            try:
                event = parser.next_event()
                if event is h11.NEED_DATA:
                    data = await self.reader.read(65536)
                    if not data and not got.status:
                        raise ConnectionResetError("closed without a reply")
                    parser.receive_data(data)
                    continue
            except (h11.RemoteProtocolError, ConnectionResetError, BrokenPipeError):
                if not got.status:
                    raise
                got.body = b"".join(body)
                return got
            if isinstance(event, h11.InformationalResponse):
                got.interim.append(event.status_code)
            elif isinstance(event, h11.Response):
                got.status = event.status_code
                got.headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
            elif isinstance(event, h11.Data):
                body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                got.whole = True
                got.body = b"".join(body)
                self._left = bytes(parser.trailing_data[0])
                return got

    async def interim(self) -> bytes:
        """The next head by itself: of an interim reply, or of one that changes the protocol."""
        async with asyncio.timeout(PATIENCE):
            while b"\r\n\r\n" not in self._left:
                data = await self.reader.read(65536)
                if not data:
                    raise ConnectionResetError("closed without a reply")
                self._left += data
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        return head

    async def ended(self) -> bool:
        """Whether the server has closed, with nothing more to read."""
        async with asyncio.timeout(PATIENCE):
            try:
                return not self._left and await self.reader.read(65536) == b""
            except ConnectionResetError:
                return True

    def shut(self) -> None:
        """Close our half: no more will be sent."""
        self.writer.write_eof()

    def reset(self) -> None:
        """Break the connection with a reset."""
        sock = self.writer.get_extra_info("socket")
        if sock is None or sock.fileno() < 0:
            return  # reset by the server already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


class Front:
    """An edge that listens. `doors` maps (method, path) to handlers and may be filled at any time."""

    def __init__(self, adapter: str) -> None:
        self.adapter = adapter
        self.doors: dict[tuple[str, str], Handler] = {}
        self.asked: list[tuple[str, str]] = []
        """Every (method, path) the router was asked for."""
        self.app_calls: list[str] = []
        self.address: Any = None
        self.state = ServerState()
        self.server: Server | None = None
        self.wrapped: Any = None
        """An ASGI application to be asked in the place of `echo_app`."""
        self._clients: list[Client] = []

    def route(self, method: str, path: str) -> Handler | None:
        self.asked.append((method, path))
        return self.doors.get((method, path))

    def door(self, path: str, method: str = "POST") -> Callable[[Handler], Handler]:
        """Put the decorated handler behind a door."""

        def put(handler: Handler) -> Handler:
            self.doors[method, path] = handler
            return handler

        return put

    async def connect(self, *, slow: bool = False) -> Client:
        """One more connection. `slow` keeps the client's own buffers small, so that what it leaves unread is soon
        the server's matter."""
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if slow:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
        try:
            await asyncio.get_running_loop().sock_connect(sock, self.address)
        except OSError:
            sock.close()
            raise
        reader, writer = await asyncio.open_connection(sock=sock, limit=65_536)
        client = Client(reader, writer)
        self._clients.append(client)
        return client

    async def ask(self, data: bytes, method: str = "GET") -> Got:
        """One reply on a connection of its own."""
        client = await self.connect()
        await client.send(data)
        try:
            return await client.reply(method)
        finally:
            await client.close()

    async def app(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """What is not a door's goes to `wrapped`, if set, else to `echo_app`."""
        await (self.wrapped or self.echo_app)(scope, receive, send)

    async def echo_app(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Echoes its path and body; on a WebSocket its path and each message."""
        if scope["type"] == "websocket":
            await _echo_socket(scope, receive, send)
            return
        self.app_calls.append(scope["path"])
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        text = b"app:" + scope["path"].encode() + b":" + body
        length = (b"content-length", b"%d" % len(text))
        await send({"type": "http.response.start", "status": 200, "headers": [*PLAIN, length]})
        await send({"type": "http.response.body", "body": text})

    async def quiet(self) -> None:
        """Wait until nothing is open or running."""
        end = time.monotonic() + PATIENCE
        while (self.state.connections or self.state.tasks) and time.monotonic() < end:
            await asyncio.sleep(0.005)
        assert not self.state.connections, "a connection was left open"
        assert not self.state.tasks, f"a handler was left running: {self.state.tasks}"

    async def close_clients(self) -> None:
        for client in self._clients:
            await client.close()


def write_error(path: str, error: GatewayError, header: Header, request_id: str) -> Refusal:
    """An envelope that shows what it was given."""
    return (
        error.status,
        [*PLAIN, (b"x-door", path.encode()), (b"x-request-id", request_id.encode())],
        f"{error.code}: {error.message}".encode(),
    )


@contextlib.asynccontextmanager
async def running(
    adapter: str,
    *,
    limits: EdgeLimits | None = None,
    trusted: tuple[str, ...] = (),
    binding: Binding | None = None,
    drain_timeout: float = 0.2,
    origins: tuple[str, ...] = (),
) -> AsyncIterator[Front]:
    """An edge on 127.0.0.1. `adapter` is "lane", or "asgi" (ours on uvicorn's own protocol)."""
    before = asyncio.all_tasks()
    front = Front(adapter)
    shared = CrossOrigin(front, origins)
    edge = Edge(
        shared if origins else front,
        shared.errors(write_error) if origins else write_error,
        new_id=lambda: "made-up-id",
        limits=limits,
        proxies=TrustedProxies(trusted),
    )
    async with _lane(front, edge, binding, drain_timeout) if adapter == "lane" else _stock(front, edge):
        yield front
        await front.close_clients()
        await front.quiet()
    left = {task for task in asyncio.all_tasks() - before - {asyncio.current_task()} if not task.done()}
    assert not left, f"tasks were left running: {left}"


@contextlib.asynccontextmanager
async def _lane(front: Front, edge: Edge, binding: Binding | None, drain_timeout: float) -> AsyncIterator[None]:
    server = Server(front.app, edge, binding or Binding(port=0), drain_timeout=drain_timeout)
    async with server:
        front.server = server
        front.address = server.addresses[0][:2]
        front.state = server.state
        yield


@contextlib.asynccontextmanager
async def _stock(front: Front, edge: Edge) -> AsyncIterator[None]:
    config = Config(
        AsgiFront(edge, front.app),
        interface="asgi3",
        http=HttpToolsProtocol,
        lifespan="off",
        log_config=None,
        proxy_headers=False,
    )
    config.load()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HttpToolsProtocol(config, front.state, {}), "127.0.0.1", 0, backlog=1024)
    front.address = server.sockets[0].getsockname()
    try:
        yield
    finally:
        server.close()
        for connection in tuple(front.state.connections):
            connection.shutdown()


async def _echo_socket(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] != "websocket.disconnect":
        await send({"type": "websocket.send", "text": scope["path"] + ":" + message["text"]})


class Watched:
    """A door that notes what happens to it, and goes on only when `go` is set."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.go = asyncio.Event()
        self.over = asyncio.Event()
        self.cancelled = False
        self.error: BaseException | None = None
        self.inbound: Inbound | None = None
        self.reply: Reply | None = None

    async def __call__(self, inbound: Inbound, reply: Reply) -> None:
        self.inbound, self.reply = inbound, reply
        self.began.set()
        try:
            await self.answer(inbound, reply)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        except BaseException as error:
            self.error = error
            raise
        finally:
            self.over.set()

    async def answer(self, inbound: Inbound, reply: Reply) -> None:
        await inbound.body()
        await self.go.wait()
        reply.start(200, PLAIN, length=2)
        reply.send(b"ok")
        reply.end()

    async def wait_over(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.over.wait()

    async def wait_began(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.began.wait()


async def hello(inbound: Inbound, reply: Reply) -> None:
    reply.start(200, PLAIN, length=5)
    reply.send(b"hello")
    reply.end()


async def echo(inbound: Inbound, reply: Reply) -> None:
    body = await inbound.body()
    reply.start(200, PLAIN, length=len(body))
    reply.send(body)
    reply.end()


async def stream(inbound: Inbound, reply: Reply) -> None:
    """The body back in pieces of four bytes, without a declared length."""
    body = await inbound.body()
    reply.start(200, PLAIN)
    for at in range(0, len(body), 4):
        reply.send(body[at : at + 4])
        await asyncio.sleep(0)
    reply.end()
