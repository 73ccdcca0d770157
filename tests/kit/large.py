"""How long 20 MB bodies hold up the event loop (R-P2), at each door, to the simulator and to
providers of every dialect.

    PYTHONPATH=tests python -m kit.large [text image turns] [--coding gzip|deflate|br|zstd] [--count] [--times N]

For each pair the longest stretch between two turns of the loop: by the clock, which holds also the waits for the
interpreter's lock and for a core; of CPU time, which no other process of the machine can spend, of all threads of the
gateway, so with those waits for the lock; and of the loop's own thread. Of `N` calls the least of each. Caller and
provider are a process of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from kit.answers import provider
from kit.gate import KEY, gate
from kit.large_peers import Peers
from kit.large_said import COUNTING, DOORS

_BETWEEN = 0.001
"""Seconds. A watch that never rested would take a core and the interpreter's lock from what it watches."""


_CLOCKS = {"cpu_ms": time.thread_time, "process_ms": time.process_time, "clock_ms": time.perf_counter}


@asynccontextmanager
async def stalls() -> AsyncIterator[dict[str, float]]:
    """The longest stretches between two turns of the loop while the scope is open, in milliseconds, by each of
    `_CLOCKS`; up to `_BETWEEN` too long. The collector is set as `process.serve` sets it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    longest = dict.fromkeys(_CLOCKS, 0.0)

    async def watch() -> None:
        before = {name: clock() for name, clock in _CLOCKS.items()}
        while True:
            await asyncio.sleep(_BETWEEN)
            for name, clock in _CLOCKS.items():
                now = clock()
                longest[name] = max(longest[name], (now - before[name]) * 1000)
                before[name] = now

    watching = asyncio.create_task(watch())
    yield longest
    watching.cancel()


async def watched(call: Callable[[], Coroutine[Any, Any, tuple[int, int]]], times: int) -> dict[str, int]:
    """What came of a call, and the least that any of so many of it held the loop up, in whole milliseconds."""
    least: dict[str, float] = {}
    status = received = 0
    for _ in range(times):
        async with stalls() as longest:
            status, received = await call()
        least = {name: min(value, least.get(name, value)) for name, value in longest.items()}
    return {"status": status, "received": received, **{name: round(value) for name, value in least.items()}}


async def measure(
    peers: Peers, folder: Path, door: str, kind: str, target: str, times: int, **how: Any
) -> dict[str, Any]:
    """One pair, after a small call that warms it; times in milliseconds."""
    speaks = "openai_chat" if target == "simulator" else target
    model = "demo/echo" if target == "simulator" else "up/m"
    await peers.answers(speaks)
    async with gate(folder, provider(speaks, peers.url)) as gateway:
        await peers.call(gateway.port, KEY, door, model)
        found = await watched(lambda: peers.call(gateway.port, KEY, door, model, kind, **how), times)
    return {"kind": kind, "door": door, "to": target, **found}


async def run(kinds: list[str], times: int, coding: str, count: bool) -> None:
    worst: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with Peers() as peers:
            for kind in kinds:
                for door in COUNTING if count else DOORS:
                    for target in ("simulator", *DOORS):
                        at = Path(folder) / f"{kind}-{door}-{target}"
                        found = await measure(peers, at, door, kind, target, times, coding=coding, count=count)
                        note(found, kind, worst)
    print(json.dumps({"longest": worst}))


def note(found: dict[str, Any], kind: str, worst: dict[str, dict[str, int]]) -> None:
    """Tell what was found, and keep the worst of its kind."""
    print(json.dumps(found), flush=True)
    known = worst.setdefault(kind, {})
    for name in _CLOCKS:
        known[name] = max(known.get(name, 0), found[name])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=["text", "image", "turns"])
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--coding", default="", help="the content coding of the requests")
    parser.add_argument("--count", action="store_true", help="have their tokens counted and no more")
    said = parser.parse_intermixed_args()
    uvloop.run(run(said.kinds, said.times, said.coding, said.count))


if __name__ == "__main__":
    main()
