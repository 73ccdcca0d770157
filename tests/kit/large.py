"""How long 20 MB bodies hold up the event loop (R-P2), at each door, to the simulator and to
providers of every dialect.

    PYTHONPATH=tests python -m kit.large

For each pair: the longest stretch of the loop thread's own CPU time between two turns of the loop, which no other
process of the machine can spend, and the longest by the clock, which holds also the waits for the interpreter's lock
and for a core. The caller is a thread of its own; the provider, in the same loop, does not read what it gets.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import http.client
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from kit.answers import USUAL, answer, provider
from kit.door_requests import asked
from kit.gate import KEY, gate
from kit.upstream import Upstream

DOORS = ("openai_chat", "openai_responses", "anthropic_messages", "gemini", "ollama")
WORDS = "Lorem ipsum dolor sit amet "


def large(door: str, kind: str, model: str) -> tuple[str, bytes]:
    """A request of some 20 MB: one text, one base64 image, or fifty thousand turns."""
    path, body = asked(door, model, stream=False)
    turns = 50_001 if kind == "turns" else 1
    words = WORDS * (13 if kind == "turns" else 740_000 if kind == "text" else 1)
    image = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\r" + os.urandom(14_900_000)).decode() if kind == "image" else ""
    said: list[Any] = []
    for number in range(turns):
        role = ("user", "model" if door == "gemini" else "assistant")[number % 2]
        said.append({"role": role, **_content(door, words, image)})
    body[{"gemini": "contents", "openai_responses": "input"}.get(door, "messages")] = said
    return path, json.dumps(body).encode()


def _content(door: str, words: str, image: str) -> dict[str, Any]:
    address = f"data:image/png;base64,{image}"
    source = {"type": "base64", "media_type": "image/png", "data": image}
    match door:
        case "gemini":
            shown: list[Any] = [{"inlineData": {"mimeType": "image/png", "data": image}}] if image else []
            return {"parts": [{"text": words}, *shown]}
        case "ollama":
            return {"content": words, **({"images": [image]} if image else {})}
        case _ if not image:
            return {"content": words}
        case "openai_chat":
            return {"content": [{"type": "image_url", "image_url": {"url": address}}]}
        case "openai_responses":
            return {"content": [{"type": "input_image", "image_url": address}]}
        case _:
            return {"content": [{"type": "image", "source": source}]}


def send(port: int, path: str, body: bytes) -> tuple[int, int]:
    """The status of one call, and how many bytes its answer had."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", path, body, {"authorization": f"Bearer {KEY}"})
    told = connection.getresponse()
    received = len(told.read())
    connection.close()
    return told.status, received


@asynccontextmanager
async def stalls() -> AsyncIterator[dict[str, float]]:
    """The longest stretches between two turns of the loop while the scope is open, in milliseconds; the collector is
    set as `process.serve` sets it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    longest = {"cpu_ms": 0.0, "clock_ms": 0.0}

    async def watch() -> None:
        while True:
            worked, seen = time.thread_time(), time.perf_counter()
            await asyncio.sleep(0)
            longest["cpu_ms"] = max(longest["cpu_ms"], (time.thread_time() - worked) * 1000)
            longest["clock_ms"] = max(longest["clock_ms"], (time.perf_counter() - seen) * 1000)

    watching = asyncio.create_task(watch())
    yield longest
    watching.cancel()


async def measure(folder: Path, door: str, kind: str, target: str) -> dict[str, Any]:
    """One pair, after a small call that warms it; times in milliseconds."""
    speaks = "openai_chat" if target == "simulator" else target
    model = "demo/echo" if target == "simulator" else "up/m"
    async with (
        Upstream(lambda _: answer(speaks, USUAL, stream=False)) as upstream,
        gate(folder, provider(speaks, upstream.url)) as gateway,
    ):
        path, body = large(door, kind, model)
        await asyncio.to_thread(send, gateway.port, path, json.dumps(asked(door, model, stream=False)[1]).encode())
        async with stalls() as longest:
            status, _ = await asyncio.to_thread(send, gateway.port, path, body)
    return {"kind": kind, "door": door, "to": target, "status": status, **{k: round(v) for k, v in longest.items()}}


async def run(kinds: list[str]) -> None:
    worst: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            for door in DOORS:
                for target in ("simulator", *DOORS):
                    found = await measure(Path(folder) / f"{kind}-{door}-{target}", door, kind, target)
                    print(json.dumps(found), flush=True)
                    worst[kind] = max(worst.get(kind, 0), found["cpu_ms"])
    print(json.dumps({"longest_cpu_ms": worst}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=["text", "image", "turns"])
    asyncio.run(run(parser.parse_args().kinds))


if __name__ == "__main__":
    main()
