"""How long an answer of 20 MB holds up the event loop (R-P2): of a provider of every dialect, to a client of each,
streamed and not.

    PYTHONPATH=tests python -m kit.large_answers [text call image pieces] [--door D] [--to D] [--coding C] [--times N]

Measured as in `kit.large`, whose measure this takes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import uvloop

from kit.answers import provider
from kit.gate import KEY, gate
from kit.large import note, watched
from kit.large_peers import Peers
from kit.large_said import DOORS, SIZE


async def measure(
    peers: Peers,
    folder: Path,
    door: str,
    kind: str,
    speaks: str,
    *,
    stream: bool,
    size: int = SIZE,
    times: int = 1,
    coding: str = "",
) -> dict[str, Any] | None:
    """One pair, after a small call that warms it; times in milliseconds. None where there is no such answer."""
    await peers.answers(speaks, stream=stream)
    async with gate(folder, provider(speaks, peers.url)) as gateway:
        await peers.call(gateway.port, KEY, door, "up/m", stream=stream)
        if not await peers.answers(speaks, kind, stream=stream, size=size, coding=coding):
            return None
        found = await watched(lambda: peers.call(gateway.port, KEY, door, "up/m", stream=stream), times)
    return {"said": kind, "stream": stream, "by": speaks, "door": door, **found}


async def run(kinds: list[str], doors: list[str], speakers: list[str], times: int, coding: str) -> None:
    worst: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with Peers() as peers:
            for kind in kinds:
                for speaks in speakers:
                    for door in doors:
                        for stream in (False, True):
                            at = Path(folder) / f"{kind}-{speaks}-{door}-{stream}"
                            found = await measure(
                                peers, at, door, kind, speaks, stream=stream, times=times, coding=coding
                            )
                            if found is not None:
                                note(found, kind, worst)
    print(json.dumps({"longest": worst}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=["text", "call", "image", "pieces"])
    parser.add_argument("--door", action="append")
    parser.add_argument("--to", action="append")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--coding", default="", help="the content coding of the answers: gzip, deflate, br, zstd")
    said = parser.parse_intermixed_args()
    uvloop.run(run(said.kinds, said.door or list(DOORS), said.to or list(DOORS), said.times, said.coding))


if __name__ == "__main__":
    main()
