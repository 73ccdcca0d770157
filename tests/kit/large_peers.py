"""The caller and the provider of a large call, in a process of their own: what either holds of an interpreter's lock
must hold up no loop but theirs.

    async with Peers() as peers:
        await peers.answers("gemini", "text", stream=True)
        status, received = await peers.call(port, KEY, "openai_chat", "up/m", stream=True)

Run as a program it is that process: a line of JSON in is one thing to do, a line out what came of it.
"""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import os
import sys
import threading
import zlib
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import brotli
from backports import zstd

from kit.answers import Said, answer
from kit.door_requests import asked
from kit.large_said import SIZE, large_answer, large_request
from kit.upstream import Say

_SMALL = "small"
_READ = 1 << 20


class Peers:
    """Both, from outside their process. `url` is where the provider listens."""

    url: str
    _process: Process

    async def __aenter__(self) -> Peers:
        here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        program = (sys.executable, "-m", __name__)
        self._process = await asyncio.create_subprocess_exec(*program, stdin=PIPE, stdout=PIPE, env=here)
        self.url = await self._told()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def answers(
        self, dialect: str, kind: str = _SMALL, *, stream: bool = False, size: int = SIZE, coding: str = ""
    ) -> bool:
        """From now on the provider says this, in a content coding; False where the dialect has no such answer."""
        return bool(await self._do("answers", dialect, kind, stream, size, coding))

    async def call(
        self,
        port: int,
        key: str,
        door: str,
        model: str,
        kind: str = _SMALL,
        *,
        stream: bool = False,
        coding: str = "",
        count: bool = False,
    ) -> tuple[int, int]:
        """The status of one call, in a content coding or only to count its tokens, and the bytes of its answer."""
        status, received = await self._do("call", port, key, door, model, kind, stream, coding, count)
        return status, received

    async def _do(self, *what: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        return await self._told()

    async def _told(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(await self._process.stdout.readline())


class _Provider:
    """Answers everything with what `say` is."""

    def __init__(self) -> None:
        self.say = Say()
        self._packed = b""
        self._coding = ""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                left = int(self.headers["content-length"])
                while left:
                    left -= len(self.rfile.read(min(left, _READ)))
                whole = owner._packed or b"".join(owner.say.pieces)
                self.send_response(owner.say.status)
                for name, value in owner.say.headers:
                    self.send_header(name, value)
                if owner._coding:
                    self.send_header("content-encoding", owner._coding)
                self.send_header("content-length", str(len(whole)))
                self.end_headers()
                self.wfile.write(whole)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answers(self, dialect: str, kind: str, stream: bool, size: int, coding: str) -> bool:
        self._coding, self._packed = "", b""
        if kind == _SMALL:
            self.say = answer(dialect, Said(), stream=stream)
            return True
        say = large_answer(dialect, kind, stream=stream, size=size)
        if say is not None:
            self.say = say
            if coding:
                self._coding, self._packed = coding, _PACK[coding](b"".join(say.pieces))
        return say is not None


_PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 1),
    "deflate": lambda data: zlib.compress(data, 1),
    "br": lambda data: bytes(brotli.compress(data, quality=1)),
    "zstd": zstd.compress,
}
_COUNTS = {
    "openai_responses": "/v1/responses/input_tokens",
    "anthropic_messages": "/v1/messages/count_tokens",
    "gemini": "/v1beta/models/{model}:countTokens",
}


def _call(
    port: int, key: str, door: str, model: str, kind: str, stream: bool, coding: str, count: bool
) -> tuple[int, int]:
    if kind == _SMALL:
        path, small = asked(door, model, stream=stream)
        body = json.dumps(small).encode()
    else:
        path, body = large_request(door, kind, model)
    if count:
        path = _COUNTS[door].format(model=model)
    headers = {"authorization": f"Bearer {key}"}
    if coding:
        headers["content-encoding"], body = coding, _PACK[coding](body)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", path, body, headers)
    told, received = connection.getresponse(), 0
    while piece := told.read(_READ):
        received += len(piece)
    connection.close()
    return told.status, received


def main() -> None:
    provider = _Provider()
    does = {"answers": provider.answers, "call": _call}
    print(json.dumps(provider.url), flush=True)
    for line in sys.stdin:
        verb, *given = json.loads(line)
        print(json.dumps(does[verb](*given)), flush=True)


if __name__ == "__main__":
    main()
