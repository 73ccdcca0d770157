"""A scripted provider on a real socket: keeps every request as received, answers what the script says.

Answers may be cut, slowed and chunked at will. Plain asyncio streams on purpose: nothing of ours is under it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Say:
    """One answer. `pieces` are written one by one, `pause` seconds apart; `cut` breaks the connection after them
    instead of ending the body; `wait` comes before the head; `framing` is "chunked", "length" or "close"."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = (("content-type", "application/json"),)
    pieces: Iterable[bytes] = (b"{}",)
    framing: str = "chunked"
    pause: float = 0.0
    wait: float = 0.0
    cut: bool = False
    hold: asyncio.Event | None = None


def sse(*pieces: bytes, **more: Any) -> Say:
    """A streamed answer."""
    return Say(headers=(("content-type", "text/event-stream"),), pieces=pieces, **more)


def body(data: bytes | dict[str, Any], status: int = 200, **more: Any) -> Say:
    """An answer in one piece."""
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Say(status=status, pieces=(raw,), framing="length", **more)


Script = Callable[[Asked], Say | Awaitable[Say]]


@dataclass
class Upstream:
    """`async with Upstream(script) as up:` serves on `up.url`; `up.asked` grows with each request."""

    script: Script
    asked: list[Asked] = field(default_factory=list)
    closed_early: int = 0
    open: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Upstream:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4096)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.open += 1
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            self.closed_early += 1
        except asyncio.CancelledError:
            pass
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line = await reader.readline()
        if not line:
            return False
        method, target, _ = line.decode("latin-1").split(" ", 2)
        headers: dict[str, str] = {}
        while (raw := await reader.readline()).strip():
            name, _, value = raw.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        data = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(method, target, headers, data)
        self.asked.append(asked)
        found = self.script(asked)
        say = found if isinstance(found, Say) else await found
        await self._say(say, reader, writer)
        return say.framing != "close" and not say.cut

    async def _say(self, say: Say, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = asyncio.ensure_future(reader.read(1)) if say.wait or say.pause or say.hold else None
        try:
            await self._pause(say.wait, gone)
            pieces = list(say.pieces)
            head = [f"HTTP/1.1 {say.status} X", *(f"{name}: {value}" for name, value in say.headers)]
            if say.framing == "length":
                head.append(f"content-length: {sum(map(len, pieces))}")
            elif say.framing == "chunked":
                head.append("transfer-encoding: chunked")
            else:
                head.append("connection: close")
            writer.write(("\r\n".join(head) + "\r\n\r\n").encode("latin-1"))
            for number, piece in enumerate(pieces):
                if number:
                    await self._pause(say.pause, gone)
                if say.framing == "chunked":
                    piece = b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b""
                writer.write(piece)
                await writer.drain()
            if say.hold is not None:
                waiting = asyncio.ensure_future(say.hold.wait())
                await asyncio.wait({waiting, *([gone] if gone else [])}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                if gone is not None and gone.done():
                    raise ConnectionResetError
            if say.cut:
                writer.transport.abort()
            elif say.framing == "chunked":
                writer.write(b"0\r\n\r\n")
            await writer.drain()
        finally:
            if gone is not None:
                gone.cancel()
                await asyncio.gather(gone, return_exceptions=True)  # The next request is read by nobody else.

    @staticmethod
    async def _pause(seconds: float, gone: asyncio.Future[bytes] | None) -> None:
        if not seconds or gone is None:
            return
        done, _ = await asyncio.wait({gone}, timeout=seconds)
        if done:
            raise ConnectionResetError
