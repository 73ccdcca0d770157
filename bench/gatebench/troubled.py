"""Providers in trouble, for `gatebench.chaos`: each on a socket of its own, each failing in its own way by seeded dice.

They speak Chat Completions, and remember which call each of them saw: its number stands in the prompt.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Callable

NUMBER = re.compile(rb"call (\d+)")
WORDS = [f"word{number} " for number in range(12)]
_USAGE = {"prompt_tokens": 9, "completion_tokens": len(WORDS), "total_tokens": 9 + len(WORDS)}
_HEAD = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}


class Troubled:
    """One provider. `mood` names how each call fares; `saw` is shared by all: by call, who saw it in which order, with
    a "!" where the connection was reset without an answer. `cuts` are the calls whose answers broke off in the middle.
    """

    def __init__(self, name: str, mood: Callable[[], str], saw: dict[int, list[str]]) -> None:
        self.name = name
        self.port = 0
        self.cuts: set[int] = set()
        self._mood = mood
        self._saw = saw
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def aclose(self) -> None:
        """Stop, whatever is under way."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # The gateway gave this answer up, or the play is over.
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])  # type: ignore[index]
        body = await reader.readexactly(length)
        number = int(NUMBER.search(body)[1])  # type: ignore[index]
        mood = self._mood()
        self._saw.setdefault(number, []).append(self.name + "!" * (mood == "reset"))
        stream = json.loads(body).get("stream") is True
        return await self._answer(mood, number, stream=stream, writer=writer)

    async def _answer(self, mood: str, number: int, *, stream: bool, writer: asyncio.StreamWriter) -> bool:
        match mood.split():
            case ["refuse", status]:
                hint = b"retry-after: 1\r\n" if status == "429" else b""
                _whole(writer, int(status), {"error": {"message": "troubled", "type": "t", "code": status}}, hint)
            case ["reset"]:
                writer.transport.abort()
                return False
            case ["hang"]:
                await asyncio.sleep(3600)
            case ["slow", seconds]:
                await asyncio.sleep(float(seconds))
                await self._say(writer, stream=stream)
            case ["overload"] if stream:
                _begin(writer)
                _chunk(writer, {**_HEAD, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
                _chunk(writer, {"error": {"message": "Overloaded", "type": "overloaded", "code": 529}})
                _end(writer)
            case ["cut", pieces] if stream:
                self.cuts.add(number)
                await self._say(writer, stream=True, pieces=int(pieces))
                writer.transport.abort()
                return False
            case _:
                await self._say(writer, stream=stream)
        await writer.drain()
        return True

    async def _say(self, writer: asyncio.StreamWriter, *, stream: bool, pieces: int | None = None) -> None:
        if not stream:
            message = {"role": "assistant", "content": "".join(WORDS)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            _whole(writer, 200, {**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _USAGE})
            return
        _begin(writer)
        for word in WORDS[:pieces]:
            _chunk(writer, {**_HEAD, "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]})
            await writer.drain()
            await asyncio.sleep(0.002)
        if pieces is None:
            _chunk(writer, {**_HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
            _chunk(writer, {**_HEAD, "choices": [], "usage": _USAGE})
            _piece(writer, b"data: [DONE]\n\n")
            _end(writer)


def moods(dice: random.Random, clock: Callable[[], float]) -> dict[str, Callable[[], str]]:
    """By provider: how its next call fares."""
    faults = ("refuse 500", "refuse 529", "refuse 503", "refuse 429", "reset", "overload", "cut 5", "cut 0", "fine")
    return {
        "failing": lambda: dice.choice(faults),
        "flapping": lambda: "fine" if int(clock() / 2) % 2 else dice.choice(("refuse 503", "reset")),
        "slow": lambda: dice.choice(("slow 0.05", "slow 0.3", "slow 0.8", "fine", "fine", "hang")),
        "sound": lambda: "fine",
    }


def _whole(writer: asyncio.StreamWriter, status: int, said: object, hint: bytes = b"") -> None:
    if writer.transport.is_closing():
        raise ConnectionResetError
    body = json.dumps(said).encode()
    head = b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\n%bcontent-length: %d\r\n\r\n"
    writer.write(head % (status, hint, len(body)) + body)


def _begin(writer: asyncio.StreamWriter) -> None:
    if writer.transport.is_closing():
        raise ConnectionResetError
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")


def _chunk(writer: asyncio.StreamWriter, said: object) -> None:
    _piece(writer, b"data: " + json.dumps(said).encode() + b"\n\n")


def _piece(writer: asyncio.StreamWriter, data: bytes) -> None:
    if writer.transport.is_closing():
        raise ConnectionResetError
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))


def _end(writer: asyncio.StreamWriter) -> None:
    writer.write(b"0\r\n\r\n")
