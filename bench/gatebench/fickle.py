"""A provider that draws lots: answers of any size up to what is allowed, errors, cut connections, streamed and not.

Its usage is honest: never more than the request's text and limit allow, so that an estimate by these is a bound.
"""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

ERRORS, CUTS = 0.05, 0.03
_WORDS = 8
"""Output tokens in one piece of a stream."""


class Fickle:
    """Served on a free port of the loopback. `dice` decides everything."""

    def __init__(self, dice: random.Random, *, slowest: float = 0.02) -> None:
        self.port = 0
        self.asked = 0
        self._dice = dice
        self._slowest = slowest
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Fickle:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=2048)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
                if not await self._answer(json.loads(await reader.readexactly(size)), writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, asked: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        self.asked += 1
        dice = self._dice
        fate = dice.random()
        await asyncio.sleep(dice.uniform(0, self._slowest))
        if fate < ERRORS:
            _whole(writer, dice.choice((500, 503, 400)), {"error": {"message": "no luck", "type": "server_error"}})
            return True
        text = "".join(turn["content"] for turn in asked["messages"])
        output = dice.randint(1, asked["max_tokens"])
        usage = {"prompt_tokens": 1 + len(text) // 4, "completion_tokens": output}
        is_cut = fate < ERRORS + CUTS
        if not asked.get("stream"):
            if not is_cut:
                choice = {"index": 0, "message": {"role": "assistant", "content": "w " * output}}
                _whole(writer, 200, _chunk(choices=[{**choice, "finish_reason": "stop"}], usage=usage))
            return not is_cut
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for begin in range(0, output, _WORDS):
            words = "w " * min(_WORDS, output - begin)
            _event(writer, _chunk(choices=[{"index": 0, "delta": {"content": words}}]))
            if is_cut and begin > output // 2:
                return False
            if dice.random() < 0.1:
                await asyncio.sleep(dice.uniform(0, self._slowest))
        _event(writer, _chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]))
        _event(writer, _chunk(choices=[], usage=usage))
        writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
        return True


def _chunk(**members: Any) -> dict[str, Any]:
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", **members}


def _event(writer: asyncio.StreamWriter, chunk: dict[str, Any]) -> None:
    data = b"data: %s\n\n" % json.dumps(chunk).encode()
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))


def _whole(writer: asyncio.StreamWriter, status: int, body: dict[str, Any]) -> None:
    data = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    writer.write(head.encode() + data)
