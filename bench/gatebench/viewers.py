"""The live view under load: many viewers, some of whom never read, while calls go on. Calls must not notice.

    python -m gatebench.viewers --viewers 200 --silent 20 --rate 2000

Runs rounds without and with viewers by turns on one gateway, which answers from its simulator. Prints for each kind of
round the best p50 and p99 of the calls over all rounds (what else the machine does only ever adds), the rate that was
reached, the gateway's CPU time per call, and its memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import uvloop

from gatebench import contenders, load

PORT = 18311
CONNECTIONS = 16


class Viewer(asyncio.Protocol):
    """A page that takes what it is told, or (`silent`) leaves it lying."""

    def __init__(self, head: bytes, *, silent: bool) -> None:
        self._head = head
        self._silent = silent
        self.bytes = 0
        self.frames = 0
        self.is_cut = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        made = cast("asyncio.Transport", transport)
        self.transport = made
        made.write(self._head)
        if self._silent:
            made.pause_reading()

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        self.frames += data.count(b'{"type":"')

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_cut = True


async def watch(port: int, token: str, viewers: int, silent: int) -> None:
    """Watch until standard input ends; then say what came."""
    head = (
        f"GET /ws HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
        "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"authorization: Bearer {token}\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    pages: list[Viewer] = []
    for number in range(viewers):
        is_silent = number < silent
        _, page = await loop.create_connection(lambda s=is_silent: Viewer(head, silent=s), "127.0.0.1", port)  # type: ignore[misc]
        pages.append(page)
    while not all(page.frames for page in pages[silent:]):
        await asyncio.sleep(0.05)
    print("watching", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    reading = pages[silent:]
    told = {
        "messages_each": round(sum(page.frames for page in reading) / max(1, len(reading))),
        "mb_each": round(sum(page.bytes for page in reading) / max(1, len(reading)) / 1e6, 2),
        "cut_of_silent": sum(page.is_cut for page in pages[:silent]),
        "cut_of_reading": sum(page.is_cut for page in reading),
    }
    print(json.dumps(told), flush=True)


@contextmanager
def watching(port: int, token: str, viewers: int, silent: int, core: int) -> Iterator[dict[str, Any]]:
    """Viewers in a process of their own; what they were told is there afterwards."""
    told: dict[str, Any] = {}
    words = [sys.executable, "-m", "gatebench.viewers", "--watch", str(port), "--token", token]
    process = subprocess.Popen(
        [*words, "--viewers", str(viewers), "--silent", str(silent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"watching\n"
        yield told
    finally:
        process.stdin.close()
        line = process.stdout.readline()
        told.update(json.loads(line) if line else {})
        process.wait(15)


async def round_of(port: int, rate: float, seconds: float) -> dict[str, float]:
    """Calls at a steady rate: seconds of each, and the rate that was reached."""
    raw = load.request(stream=False, model="demo/echo")
    clients = [await load.connect(port) for _ in range(CONNECTIONS)]
    taken: list[float] = []
    began = time.perf_counter()
    calls = int(rate * seconds)
    number = 0

    async def worker(client: load.Client) -> None:
        nonlocal number
        while number < calls:
            due = began + number / rate
            number += 1
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            taken.append((await client.call(raw, b"}}}"))[1])

    await asyncio.gather(*(worker(client) for client in clients))
    lasted = time.perf_counter() - began
    for client in clients:
        assert client.transport is not None
        client.transport.close()
    taken.sort()
    return {
        "rate": len(taken) / lasted,
        "p50_ms": taken[len(taken) // 2] * 1000,
        "p99_ms": taken[int(len(taken) * 0.99)] * 1000,
    }


async def signed_in(port: int) -> str:
    """A session's token of the administrator."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = msgspec.json.encode({"username": "admin", "password": "benchmark-only"})
    head = (
        "POST /api/auth/login HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"connection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    return str(msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])["token"])


def measured(ours: contenders.Contender, rate: float, seconds: float) -> dict[str, float]:
    """One round, with what it cost the gateway."""
    cpu = ours.cpu_seconds()
    found = uvloop.run(round_of(ours.port, rate, seconds))
    found["cpu_us_per_call"] = (ours.cpu_seconds() - cpu) / max(1.0, found["rate"] * seconds) * 1e6
    found["memory_mb"] = ours.memory_mb()
    return found


def best(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The least of each figure over the rounds; of rate and memory the most."""
    return {
        name: round((max if name in ("rate", "memory_mb") else min)(one[name] for one in rounds), 2)
        for name in rounds[0]
    }


def main() -> int:
    """Measure, or (`--watch`) be the viewers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--silent", type=int, default=20)
    parser.add_argument("--rate", type=float, default=2000.0)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--watch", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--token", default="", help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.watch:
        uvloop.run(watch(words.watch, words.token, words.viewers, words.silent))
        return 0
    core = 1 if (os.cpu_count() or 1) > 1 else 0
    os.sched_setaffinity(0, {core})
    without: list[dict[str, float]] = []
    beside: list[dict[str, float]] = []
    told: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="gateviewers-") as name:
        folder = Path(name)
        command = contenders.gophergate(folder, PORT, 1)
        with contenders.running("gophergate", command, PORT, 0, folder / "log") as ours:
            token = _when_up()
            measured(ours, words.rate, 2)
            for _ in range(words.rounds):
                without.append(measured(ours, words.rate, words.seconds))
                with watching(PORT, token, words.viewers, words.silent, core) as heard:
                    beside.append(measured(ours, words.rate, words.seconds))
                told.append(heard)
    result = {
        "asked_rate": words.rate,
        "without": best(without),
        "with": best(beside),
        "told": told[-1],
        "p99_ratio": round(best(beside)["p99_ms"] / best(without)["p99_ms"], 3),
    }
    print(json.dumps(result, indent=2))
    return 0


def _when_up() -> str:
    for _ in range(200):
        try:
            return uvloop.run(signed_in(PORT))
        except (OSError, msgspec.DecodeError, KeyError):
            time.sleep(0.1)
    raise TimeoutError("the gateway did not come up")


if __name__ == "__main__":
    sys.exit(main())
