"""A scripted upstream on a raw socket, for everything a server may do to a client, decent or not.

A script is a coroutine over one `Peer`; it says byte for byte what goes out and when. It keeps no HTTP rule by
itself. What a script raises (a failed assertion, say) comes out when the server is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

PATIENCE = 10.0
"""Seconds a script may wait for its client before the test is given up."""


@dataclass
class Received:
    """One request as it came."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def method(self) -> str:
        return self.line.split(" ")[0]

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    def values(self, name: str) -> list[str]:
        return [value for field, value in self.headers if field.lower() == name]


@dataclass
class Peer:
    """One accepted connection, seen from the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    """0 for the first connection the server accepted."""
    _log: list[Received] = field(default_factory=list)

    async def head(self) -> Received:
        """A request without its body. Raises EOFError when the client has closed."""
        try:
            raw = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise EOFError from error
        line, *rest = raw.decode("latin-1").split("\r\n")[:-2]
        fields = [tuple(one.split(": ", 1)) for one in rest]
        return Received(line, [(name, value) for name, value in fields], b"")

    async def request(self) -> Received:
        """A whole request, entered into the server's log. Raises EOFError when the client has closed."""
        received = await self.head()
        length = int((received.values("content-length") or ["0"])[0])
        received.body = await asyncio.wait_for(self.reader.readexactly(length), PATIENCE)
        self._log.append(received)
        return received

    async def send(self, *pieces: bytes, pause: float = 0.0) -> None:
        """Each piece on its own; with `pause` seconds between, so that they arrive apart. Raises ConnectionError when
        the client has gone."""
        for piece in pieces:
            if self.writer.is_closing():  # uvloop says so with a RuntimeError
                raise ConnectionResetError
            self.writer.write(piece)
            await self.writer.drain()
            if pause:
                await asyncio.sleep(pause)

    async def gone(self) -> None:
        """Until the client has closed its side, whatever it still sends."""

        async def watch() -> None:
            with contextlib.suppress(ConnectionError):
                while await self.reader.read(65536):
                    pass

        await asyncio.wait_for(watch(), PATIENCE)

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Close with RST in place of FIN."""
        peer = self.writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


class HostileServer:
    """`async with HostileServer(script) as server`. Small `buffer` bytes make its sockets fill up early."""

    def __init__(
        self,
        script: Script,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        buffer: int | None = None,
    ) -> None:
        self._script = script
        self._tls = tls
        self._host = host
        self._buffer = buffer
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []
        self.connections = 0
        self.requests: list[Received] = []
        self.port = 0

    def url(self, path: str = "/", host: str | None = None) -> str:
        name = host or (f"[{self._host}]" if ":" in self._host else self._host)
        return f"{'https' if self._tls else 'http'}://{name}:{self.port}{path}"

    async def __aenter__(self) -> HostileServer:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._buffer)
        listener.bind((self._host, 0))
        self.port = listener.getsockname()[1]
        self._server = await asyncio.start_server(
            self._accept, sock=listener, ssl=self._tls, limit=self._buffer or 2**20
        )
        return self

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer, self.connections, self.requests)
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._script(peer)
        except (EOFError, ConnectionError):
            pass
        except asyncio.CancelledError:
            if task.cancelling() > 1:
                raise
        except BaseException as error:
            self._failures.append(error)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def __aexit__(self, kind: object, *exc: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=PATIENCE)
        await self._server.wait_closed()
        if kind is None and self._failures:
            raise self._failures[0]


def answer(body: bytes = b"", status: str = "200 OK", *fields: str) -> bytes:
    """A decent answer with a length."""
    head = "".join(f"{one}\r\n" for one in fields)
    return f"HTTP/1.1 {status}\r\n{head}content-length: {len(body)}\r\n\r\n".encode("latin-1") + body


def chunked(*pieces: bytes, fields: str = "", trailer: bytes = b"") -> bytes:
    """A decent answer in chunks."""
    head = f"HTTP/1.1 200 OK\r\n{fields}transfer-encoding: chunked\r\n\r\n".encode("latin-1")
    return head + b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n" + trailer + b"\r\n"


def saying(*replies: bytes) -> Script:
    """A script that answers the requests of each connection by turns, the last reply again and again."""

    async def script(peer: Peer) -> None:
        turn = 0
        while True:
            await peer.request()
            await peer.send(replies[min(turn, len(replies) - 1)])
            turn += 1

    return script
