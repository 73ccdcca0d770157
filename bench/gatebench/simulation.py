"""How long a simulation takes, and whether anybody waits for it: `python -m gatebench.simulation [CALLS]`.

Fills an embedded database with calls, proposes a group that chooses by rules for two thirds of them and one that
chooses the cheapest for the rest, replays all, and watches the event loop meanwhile.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from gophergate.configured import read_group
from gophergate.core.call import CallRecord
from gophergate.core.usage import Usage
from gophergate.doors.chat import dialects
from gophergate.planning import simulation as simulation
from gophergate.process import assembled
from gophergate.settings import load
from gophergate.store.replays import Replays

MODELS = ("gpt-4.1", "gpt-4.1-mini", "gpt-4o", "o3")
_BATCH = 1000
_LOOK = 0.005


def record(number: int, draw: random.Random, began: int) -> CallRecord:
    """One past call of a plausible shape."""
    model = draw.choice(MODELS)
    return CallRecord(
        id=f"{number:026x}",
        request_id=f"req_{number}",
        started_at=began + number * 1000,
        status="ok",
        http_status=200,
        door="openai_chat",
        operation="chat",
        client_id="client",
        key_id="key",
        session=f"s{number % 500}",
        tags={"team": "red"} if number % 4 == 0 else {},
        model_requested=("smart", "smart", "cheap")[number % 3],
        model=model,
        provider="openai",
        usage=Usage(input=draw.randrange(50, 20_000), cache_read=draw.randrange(0, 5000), output=draw.randrange(2000)),
        usage_source="provider",
        cost=draw.randrange(1_000, 10_000_000),
        latency_ms=draw.lognormvariate(6, 1),
        decision=("'smart' is a group", "ordered: openai/gpt-4.1 is the first"),
    )


PROPOSED: dict[str, dict[str, Any]] = {
    "smart": {
        "strategy": "heuristic",
        "targets": [{"model": "openai/gpt-4.1"}, {"model": "openai/gpt-4o"}],
        "rules": [
            {"model": "openai/o3", "any_of_tags": ["team=red"]},
            {"model": "openai/o3", "requires_reasoning": True},
            {"model": "openai/gpt-4.1-mini", "max_input_tokens_lt": 4000},
        ],
    },
    "cheap": {"strategy": "cheapest", "targets": [{"model": f"openai/{model}"} for model in MODELS]},
}


async def measure(calls: int, folder: Path) -> None:
    """Fill, replay, say."""
    provider = f'[[providers]]\nname = "openai"\nkind = "openai"\napi_key = "sk-1"\nmodels = {list(MODELS)}\n'
    (folder / "gophergate.toml").write_text(f"[server]\nport = 0\n[pricing]\nrefresh = 0\n{provider}")
    settings = load(environ={"HOME": str(folder)}, cwd=folder, data=str(folder / "data"))
    async with assembled(settings, announce=lambda _: None) as gateway:
        draw, began = random.Random(1), int(time.time() * 1e6) - calls * 1000
        for first in range(0, calls, _BATCH):
            batch = [record(number, draw, began) for number in range(first, min(first + _BATCH, calls))]
            await gateway.calls.write(batch)
        groups = {name: read_group(name, definition) for name, definition in PROPOSED.items()}
        catalog = await gateway.configuration.proposed(groups)
        replays = Replays(gateway.parts.database, gateway.calls.body_store)
        gaps: list[float] = []
        watch = asyncio.ensure_future(watched(gaps))
        wanted = simulation.Wanted(last=calls)
        cpu = time.process_time()
        found = await simulation.simulate(catalog, gateway.pricing.book, replays, dialects(), wanted)
        cpu = time.process_time() - cpu
        watch.cancel()
    gaps.sort()
    print(f"{found.calls} calls, {found.moved} answered by another, {found.priced} priced, unknown: {found.unknown}")
    print(f"cost ${found.cost_before / 1e9:.2f} -> ${found.cost_after / 1e9:.2f}")
    print(f"latency {found.latency_ms_before:.0f} ms -> {found.latency_ms_after:.0f} ms over {found.timed} calls")
    print(f"{found.seconds:.2f} s, {cpu:.2f} s of CPU, {cpu / calls * 1e6:.0f} us a call")
    median, most = gaps[len(gaps) // 2] * 1000, gaps[-1] * 1000
    print(f"the event loop meanwhile: late by {median:.1f} ms at the median, {most:.0f} ms at most")


async def watched(gaps: list[float]) -> None:
    """How late the loop is, look by look."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(_LOOK)
        gaps.append(time.perf_counter() - before - _LOOK)


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(measure(calls, Path(folder)))


if __name__ == "__main__":
    main()
