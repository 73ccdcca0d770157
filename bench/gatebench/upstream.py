"""A scripted provider for the benchmark: the cheapest server that can answer, so that it is never what is measured.

Non-streamed calls get 0.8 kB; streamed ones get `chunks` events, `gap` seconds apart. Run as a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast

import httptools
import uvloop

_TEXT = "The quick brown fox jumps over the lazy dog. " * 9


def whole() -> bytes:
    """A Chat Completions answer of about 0.8 kB."""
    return json.dumps(
        {
            "id": "chatcmpl-bench0000000000000000",
            "object": "chat.completion",
            "created": 1760000000,
            "model": "bench",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": _TEXT, "refusal": None, "annotations": []},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": 60,
                "completion_tokens": 90,
                "total_tokens": 150,
                "prompt_tokens_details": {"cached_tokens": 0},
            },
        }
    ).encode()


def event(number: int, last: int) -> bytes:
    """One streamed chunk, as OpenAI sends them."""
    head = '{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,"model":"bench",'
    if number == last:
        usage = '"choices":[],"usage":{"prompt_tokens":60,"completion_tokens":98,"total_tokens":158}}'
        return f"data: {head}{usage}\n\ndata: [DONE]\n\n".encode()
    reason = '"stop"' if number == last - 1 else "null"
    delta = '{"role":"assistant","content":""}' if number == 0 else '{"content":" word"}'
    if number == last - 1:
        delta = "{}"
    return f'data: {head}"choices":[{{"index":0,"delta":{delta},"finish_reason":{reason}}}]}}\n\n'.encode()


class Provider(asyncio.Protocol):
    """One connection."""

    def __init__(self, chunks: int, gap: float) -> None:
        body = whole()
        self._whole = (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
        )
        self._events = [event(n, chunks - 1) for n in range(chunks)]
        self._gap = gap
        self._streams = False
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._streams = self._streams or b'"stream":true' in body or b'"stream": true' in body

    def on_message_complete(self) -> None:
        if self._transport is None:
            return
        if self._streams:
            self._streams = False
            self._transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            self._next(0)
        else:
            self._transport.write(self._whole)

    def _next(self, number: int) -> None:
        if self._transport is None:
            return
        piece = self._events[number]
        self._transport.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if number + 1 < len(self._events):
            asyncio.get_running_loop().call_later(self._gap, self._next, number + 1)
        else:
            self._transport.write(b"0\r\n\r\n")


async def main(port: int, chunks: int, gap: float) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: Provider(chunks, gap), "127.0.0.1", port, backlog=8192
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
