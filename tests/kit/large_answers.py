"""How long an answer of 20 MB holds up the event loop (R-P2): of a provider of every dialect, to a client of each,
streamed and not.

    PYTHONPATH=tests python -m kit.large_answers [text call image] [--door D] [--to D]

Measured as in `kit.large`, whose measure this takes. The provider is a thread of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from kit.answers import Said, answer, provider
from kit.door_requests import asked
from kit.gate import gate
from kit.large import DOORS, WORDS, send, stalls
from kit.upstream import Say, body, sse

SIZE = 20_000_000


def large_answer(dialect: str, kind: str, *, stream: bool, size: int) -> Say | None:
    """An answer of some `size` bytes: one text, the arguments of one call, or one picture; None where the dialect's
    answers hold no pictures."""
    match kind:
        case "text":
            return answer(dialect, Said(thought="", text=WORDS * (size // len(WORDS)), calls=()), stream=stream)
        case "call":
            given = {"text": WORDS * (size // len(WORDS))}
            return answer(dialect, Said(thought="", text="", calls=(("write", given),)), stream=stream)
        case _:
            return _picture(
                dialect, base64.b64encode(b"\x89PNG\r\n\x1a\n" + os.urandom(size * 3 // 4)).decode(), stream
            )


def _picture(dialect: str, data: str, stream: bool) -> Say | None:
    plain = answer(dialect, Said(thought="", text="Here", calls=()), stream=stream)
    told: list[dict[str, Any]]
    match dialect:
        case "openai_chat":
            image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
            if not stream:
                whole = _json(plain)
                whole["choices"][0]["message"]["images"] = [image]
                return body(whole)
            choice = {"index": 0, "delta": {"images": [{**image, "index": 0}]}, "finish_reason": None}
            told = [{"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}]
            return _with(plain, told, at=1)
        case "openai_responses":
            item: dict[str, Any] = {"id": "ig_1", "type": "image_generation_call", "status": "completed"}
            item.update(output_format="png", result=data)
            if not stream:
                whole = _json(plain)
                whole["output"].append(item)
                return body(whole)
            pieces = list(plain.pieces)
            last = json.loads(pieces[-1].split(b"data: ", 1)[1])
            last["response"]["output"].append(item)
            begun = {**item, "status": "in_progress", "result": None}
            told = [
                {"type": "response.output_item.added", "output_index": 1, "item": begun, "sequence_number": 90},
                {"type": "response.output_item.done", "output_index": 1, "item": item, "sequence_number": 91},
                {**last, "sequence_number": 92},
            ]
            return sse(*pieces[:-1], *map(_event, told))
        case "gemini":
            part = {"inlineData": {"mimeType": "image/png", "data": data}}
            if not stream:
                whole = _json(plain)
                whole["candidates"][0]["content"]["parts"].append(part)
                return body(whole)
            candidate = {"index": 0, "content": {"role": "model", "parts": [part]}}
            return _with(plain, [{"responseId": "r1", "modelVersion": "m", "candidates": [candidate]}], at=1)
        case _:
            return None


def _json(say: Say) -> Any:
    return json.loads(b"".join(say.pieces))


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def _with(say: Say, told: list[dict[str, Any]], *, at: int) -> Say:
    pieces = list(say.pieces)
    return sse(*pieces[:at], *map(_event, told), *pieces[at:])


class Provider:
    """Answers everything with what `say` is, from a thread of its own."""

    def __init__(self) -> None:
        self.say = Say()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                whole = b"".join(owner.say.pieces)
                self.send_response(owner.say.status)
                for name, value in owner.say.headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(whole)))
                self.end_headers()
                self.wfile.write(whole)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Provider:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


async def measure(
    folder: Path, door: str, kind: str, speaks: str, *, stream: bool, size: int = SIZE
) -> dict[str, Any] | None:
    """One pair, after a small call that warms it; times in milliseconds. None where there is no such answer."""
    say = large_answer(speaks, kind, stream=stream, size=size)
    if say is None:
        return None
    with Provider() as upstream:
        async with gate(folder, provider(speaks, upstream.url)) as gateway:
            path, request = asked(door, "up/m", stream=stream)
            raw = json.dumps(request).encode()
            upstream.say = answer(speaks, Said(), stream=stream)
            await asyncio.to_thread(send, gateway.port, path, raw)
            upstream.say = say
            async with stalls() as longest:
                status, received = await asyncio.to_thread(send, gateway.port, path, raw)
    found = {"said": kind, "stream": stream, "by": speaks, "door": door, "status": status, "received": received}
    return {**found, **{name: round(value) for name, value in longest.items()}}


async def run(kinds: list[str], doors: list[str], speakers: list[str]) -> None:
    worst: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            for speaks in speakers:
                for door in doors:
                    for stream in (False, True):
                        at = Path(folder) / f"{kind}-{speaks}-{door}-{stream}"
                        found = await measure(at, door, kind, speaks, stream=stream)
                        if found is not None:
                            print(json.dumps(found), flush=True)
                            worst[kind] = max(worst.get(kind, 0), found["cpu_ms"])
    print(json.dumps({"longest_cpu_ms": worst}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=["text", "call", "image"])
    parser.add_argument("--door", action="append")
    parser.add_argument("--to", action="append")
    said = parser.parse_intermixed_args()
    asyncio.run(run(said.kinds, said.door or list(DOORS), said.to or list(DOORS)))


if __name__ == "__main__":
    main()
