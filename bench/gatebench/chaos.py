"""Providers that fail, flap, dawdle and hang, under load, at several doors: what holds all the same.

    python -m gatebench.chaos --minutes 10

Exit status 0 when every call left exactly one row, none hung past its deadline, each call with a sound fallback was
answered unless its answer was cut in the middle, and the attempts on every row are what the providers saw, in order.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import uvloop

from gatebench.contenders import KEY
from gatebench.troubled import WORDS, Troubled, moods
from gophergate.app import Gateway
from gophergate.core.call import CallRecord
from gophergate.process import assembled
from gophergate.providers.registry import BY_KIND
from gophergate.settings import load
from gophergate.store.calls import Calls

FIRST_BYTE = 2.0
RETRY_DEADLINE = 6.0
LONGEST = RETRY_DEADLINE + 8.0
"""Seconds within which any call must be over: the last attempt begins before the retry deadline, and a whole answer of
these providers takes less than the rest."""
_SAFE = ("resilient", "quick", "loyal", "hedged")
"""The groups that have the sound provider to fall back on."""

_SETTINGS = """
[server]
port = 0
drain_timeout = 3

[pricing]
refresh = 0

[[groups]]
name = "resilient"
strategy = "weighted"
targets = [{ model = "failing/m" }, { model = "flapping/m" }, { model = "slow/m" }, { model = "down/m" }]
fallbacks = ["sound/m"]

[[groups]]
name = "quick"
strategy = "least_latency"
targets = [{ model = "flapping/m" }, { model = "slow/m" }, { model = "sound/m" }]

[[groups]]
name = "loyal"
strategy = "sticky"
targets = [{ model = "failing/m" }, { model = "flapping/m" }]
fallbacks = ["sound/m"]

[[groups]]
name = "hedged"
hedge_after = 100
targets = [{ model = "slow/m" }, { model = "sound/m" }]

[[groups]]
name = "alone"
targets = [{ model = "failing/m" }]
"""


class Ending:
    """How one call ended for its client."""

    def __init__(self, group: str, *, stream: bool) -> None:
        self.group = group
        self.stream = stream
        self.status = 0
        self.text = b""
        self.seconds = 0.0
        self.left = False
        self.hung = False

    @property
    def is_answered(self) -> bool:
        """A whole answer, once."""
        return self.status == 200 and b"error" not in self.text and self.text.count(WORDS[-1].strip().encode()) == 1


async def call(port: int, number: int, dice: random.Random) -> Ending:
    """One call of a client that may leave in the middle."""
    group = dice.choice((*_SAFE, *_SAFE, "alone"))
    ending = Ending(group, stream=dice.random() < 0.5)
    path, said = _request(dice.choice(("chat", "messages", "gemini")), group, number, stream=ending.stream)
    body = json.dumps(said).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {KEY}\r\n"
        f"x-request-id: call-{number}\r\nx-gophergate-session: s{number % 50}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    leaves = dice.random() * 0.3 if dice.random() < 0.05 else None
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head.encode() + body)
        if leaves is not None:
            await asyncio.sleep(leaves)
            ending.left = True
            return ending
        data = await asyncio.wait_for(reader.read(-1), 60)
        ending.status = int(data.split(b" ", 2)[1])
        ending.text = data.partition(b"\r\n\r\n")[2]
    except TimeoutError:
        ending.hung = True
    finally:
        ending.seconds = time.monotonic() - began
        writer.transport.abort()
    return ending


def _request(door: str, group: str, number: int, *, stream: bool) -> tuple[str, dict[str, Any]]:
    messages = [{"role": "user", "content": f"call {number} please"}]
    match door:
        case "chat":
            return "/v1/chat/completions", {"model": group, "stream": stream, "messages": messages}
        case "messages":
            return "/v1/messages", {"model": group, "stream": stream, "max_tokens": 99, "messages": messages}
        case _:
            verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
            contents = [{"role": "user", "parts": [{"text": messages[0]["content"]}]}]
            return f"/v1beta/models/{group}:{verb}", {"contents": contents}


async def chaos(seconds: float, *, clients: int, seed: int = 11) -> dict[str, Any]:
    """Play it; what was found. `problems` is empty when all held."""
    dice = random.Random(seed)
    saw: dict[int, list[str]] = {}
    cast = [Troubled(name, mood, saw) for name, mood in moods(dice, time.monotonic).items()]
    for one in cast:
        await one.start()
    try:
        with tempfile.TemporaryDirectory(prefix="gatechaos-") as name:
            async with _gateway(Path(name), cast) as gateway:
                endings = await _played(gateway, seconds, clients, dice)
                kept = await _rows(gateway, len(endings))
                leftover = gateway.server.statistics()["running"]
    finally:
        for one in cast:
            await one.aclose()
    cuts = set().union(*(one.cuts for one in cast))
    return _judged(endings, kept, saw, cuts) | {"still_running": leftover}


def _gateway(folder: Path, cast: list[Troubled]) -> Any:
    breaker = "breaker = { failures = 5, recovery = 2 }"
    rest = f"retry_deadline = {RETRY_DEADLINE}\n{breaker}\ntimeouts = {{ first_byte = {FIRST_BYTE}, idle = 6.0 }}\n"
    lines = [_SETTINGS]
    for name, port in [*((one.name, one.port) for one in cast), ("down", 9)]:
        lines.append(
            f'[[providers]]\nname = "{name}"\nkind = "compatible"\nbase_url = "http://127.0.0.1:{port}/v1"\n'
            f'api_key = "key-{name}"\nmodels = ["m"]\n{rest}'
        )
    (folder / "gophergate.toml").write_text("\n".join(lines))
    given = {"GOPHERGATE_BOOTSTRAP_KEY": KEY, "GOPHERGATE_ADMIN_PASSWORD": "chaos-only"}
    file, data = str(folder / "gophergate.toml"), str(folder / "data")
    return assembled(load(environ=given, cwd=folder, config=file, data=data, kinds=BY_KIND), announce=lambda _: None)


async def _played(gateway: Gateway, seconds: float, clients: int, dice: random.Random) -> dict[int, Ending]:
    await gateway.operators.built()  # Its imports take the interpreter for themselves.
    endings: dict[int, Ending] = {}
    numbers = iter(range(1, 1 << 40))
    until = time.monotonic() + seconds

    async def client(own: random.Random) -> None:
        while time.monotonic() < until:
            number = next(numbers)
            endings[number] = await call(gateway.port, number, own)
            await asyncio.sleep(own.random() * 0.1)

    await asyncio.gather(*(client(random.Random(dice.random())) for _ in range(clients)))
    return endings


async def _rows(gateway: Gateway, calls: int) -> list[CallRecord]:
    """Every row, once the ledger is at rest."""
    for _ in range(500):
        if not gateway.server.statistics()["running"] and not gateway.writer.statistics().queued:
            break
        await asyncio.sleep(0.02)
    store, kept = Calls(gateway.parts.database), list[CallRecord]()
    page = await store.page(limit=1000)
    kept += page.items
    while page.next_cursor is not None:
        page = await store.page(cursor=page.next_cursor, limit=1000)
        kept += page.items
    return kept


def _judged(
    endings: dict[int, Ending], kept: list[CallRecord], saw: dict[int, list[str]], cuts: set[int]
) -> dict[str, Any]:
    by_number: dict[int, list[CallRecord]] = {}
    for row in kept:
        by_number.setdefault(int(row.request_id.removeprefix("call-")), []).append(row)
    problems: list[str] = []
    tally: dict[str, Counter[str]] = {}
    excused = 0
    for number, ending in endings.items():
        rows = by_number.get(number, [])
        if len(rows) != 1 and not (ending.left and not rows and number not in saw):
            problems.append(f"call {number} left {len(rows)} rows")
        if ending.hung or ending.seconds > LONGEST:
            problems.append(f"call {number} to {ending.group} took {ending.seconds:.1f} s")
        if ending.left:
            tally.setdefault(ending.group, Counter())["left"] += 1
            continue
        tally.setdefault(ending.group, Counter())["answered" if ending.is_answered else "failed"] += 1
        if not ending.is_answered and ending.group in _SAFE:
            if ending.stream and number in cuts:
                excused += 1
            else:
                problems.append(f"call {number} to {ending.group} failed: {ending.status} {ending.text[-300:]!r}")
        if rows:
            problems += _compared(number, ending, rows[0], saw.get(number, []))
    slowest = max((ending.seconds for ending in endings.values()), default=0.0)
    return {
        "calls": len(endings),
        "rows": len(kept),
        "attempts": sum(len(row.attempts) for row in kept),
        "by_group": {group: dict(counts) for group, counts in sorted(tally.items())},
        "by_status": dict(Counter(row.status for row in kept)),
        "cut_in_the_middle": excused,
        "slowest_s": round(slowest, 2),
        "problems": problems[:20],
        "problem_count": len(problems),
    }


def _compared(number: int, ending: Ending, row: CallRecord, seen: list[str]) -> list[str]:
    """Whether the record tells what the providers saw, one by one; what nobody could see is left out."""
    recorded = [one.provider for one in row.attempts if one.provider != "down"]
    lost = [one.provider for one in row.attempts if one.error == "hedge_lost" and not one.status]
    for provider in lost:
        if provider not in [one.rstrip("!") for one in seen]:
            recorded.remove(provider)  # It was given up before its provider had read it.
    alike = _tells(sorted(recorded), sorted(seen)) if ending.group == "hedged" else _tells(recorded, seen)
    if not alike:
        return [f"call {number} to {ending.group}: recorded {recorded}, seen {seen}"]
    if ending.is_answered != (row.status == "ok"):
        return [f"call {number} to {ending.group}: {row.status} on the record, {ending.status} at the client"]
    return []


def _tells(recorded: list[str], seen: list[str]) -> bool:
    """Whether a record tells what was seen. A kept-alive connection that breaks before a byte of an answer is replaced
    by a new one within the same attempt, once (RFC 9112, 9.3.1), so that such a pair may stand for one attempt."""
    if not recorded or not seen:
        return not recorded and not seen
    first = seen[0].rstrip("!")
    if first != recorded[0]:
        return False
    if _tells(recorded[1:], seen[1:]):
        return True
    is_pair = seen[0].endswith("!") and len(seen) > 1 and seen[1].rstrip("!") == first
    return is_pair and _tells(recorded[1:], seen[2:])


def main() -> int:
    """Play it and print what was found."""
    parser = argparse.ArgumentParser(prog="gatebench.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--seed", type=int, default=11)
    words = parser.parse_args()
    found = uvloop.run(chaos(words.minutes * 60, clients=words.clients, seed=words.seed))
    print(json.dumps(found, indent=2))
    return 1 if found["problem_count"] or found["still_running"] else 0


if __name__ == "__main__":
    sys.exit(main())
