"""Many slow streams at once, then clients killed at random moments: nothing may be lost, nothing may be left behind.

    python -m gatebench.soak --streams 5000 --kills 5000

Prints memory per stream, and descriptors and rows before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped,unused-ignore]
import uvloop

from gatebench import contenders, load

CHUNKS, GAP = 40, 0.5


async def whole_streams(port: int, count: int, process: psutil.Process) -> dict[str, Any]:
    """`count` streams at once, each `CHUNKS` pieces over twenty seconds."""
    before = process.memory_info().rss
    raw = load.request(stream=True)
    clients: list[load.Client] = []
    for at in range(0, count, 250):
        clients += await asyncio.gather(*(load.connect(port) for _ in range(min(250, count - at))))
    began = time.perf_counter()
    running = [asyncio.ensure_future(client.call(raw, b"\r\n0\r\n\r\n")) for client in clients]
    peak = 0
    while not all(task.done() for task in running):
        peak = max(peak, process.memory_info().rss)
        await asyncio.sleep(0.5)
    ended = [task.exception() is None for task in running]
    for client in clients:
        assert client.transport is not None
        client.transport.close()
    sizes = {client.bytes // 1000 for client in clients}
    return {
        "streams": count,
        "whole": sum(ended),
        "seconds": round(time.perf_counter() - began, 1),
        "kb_received_each": sorted(sizes),
        "kb_memory_per_stream": round((peak - before) / count / 1000, 1),
        "peak_mb": round(peak / 1e6, 1),
    }


async def killed_streams(port: int, count: int, at_once: int = 200) -> int:
    """`count` clients that vanish at a random moment of their call, some before it was even sent whole."""
    dice = random.Random(7)
    raw = load.request(stream=True)
    done = 0

    async def one() -> None:
        nonlocal done
        client = await load.connect(port)
        assert client.transport is not None
        sent = raw if dice.random() > 0.1 else raw[: dice.randrange(1, len(raw))]
        client.transport.write(sent)
        await asyncio.sleep(dice.random() * 1.2)
        client.transport.abort()
        done += 1

    async def worker(share: int) -> None:
        for _ in range(share):
            await one()

    await asyncio.gather(*(worker(count // at_once) for _ in range(at_once)))
    return done


def rows(folder: Path) -> dict[str, int]:
    """Calls by status, from the hourly roll-ups' own table of calls."""
    with sqlite3.connect(f"file:{folder}/data/gophergate.db?mode=ro", uri=True) as database:
        tables = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table' AND name LIKE 'calls_%'")
        ]
        found: dict[str, int] = {}
        for table in tables:
            for status, count in database.execute(f'SELECT status, count(*) FROM "{table}" GROUP BY status'):  # noqa: S608
                found[str(status)] = found.get(str(status), 0) + count
    return found


def main() -> int:
    """Run both parts against one gateway."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=5000)
    words = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="gatesoak-") as name:
        folder = Path(name)
        log = folder / "log"
        provider = [sys.executable, "-m", "gatebench.upstream", "18301", str(CHUNKS), str(GAP)]
        gateway = contenders.gophergate(folder, 18302, 18301)
        core = 1 if (os.cpu_count() or 1) > 1 else 0
        with (
            contenders.running("provider", provider, 18301, core, log),
            contenders.running("gophergate", gateway, 18302, 0, log) as ours,
        ):
            process = psutil.Process(ours.process.pid)
            _until_up(18302)
            idle = process.num_fds()
            result = {"limit": soft, "idle_fds": idle} | uvloop.run(whole_streams(18302, words.streams, process))
            time.sleep(3)
            result["fds_after_streams"] = process.num_fds()
            result["killed"] = uvloop.run(killed_streams(18302, words.kills))
            time.sleep(5)
            result["fds_after_kills"] = process.num_fds()
            result["rss_after_mb"] = round(process.memory_info().rss / 1e6, 1)
            result["rows"] = rows(folder)
        print(json.dumps(result, indent=2))
        print(log.read_text(errors="replace")[-1500:], file=sys.stderr)
    return 0 if result["whole"] == words.streams else 1


def _until_up(port: int) -> None:
    for _ in range(200):
        try:
            uvloop.run(load.connect(port))
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the gateway did not come up")


if __name__ == "__main__":
    sys.exit(main())
