"""One budget, many callers, and a gateway that is killed: does the money add up, to the nano-dollar?

    python -m gatebench.budgets --callers 500 --calls 20000 --kills 3

Callers ask for answers of random sizes, streamed and not; some leave in the middle, some are let down by the provider,
and the gateway is killed (SIGKILL) and started again while they go on. Then it must hold:

- never above the cap by more than one call's estimation error: the provider never uses more than the reservation's
  estimate allows, so what is over is less than the dearest single reservation could be;
- no payer is refused while money is left: a refusal for good (402, `x-should-retry: false`) comes only once the sum
  of the ledger has reached the cap; while others hold the rest, a call waits, and is at most told to try again;
- every call whose client saw an answer has exactly one row, and no call has two;
- in the end nothing is reserved, and what the budget says is spent is the sum of the rows, live and after a restart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gatebench.fickle import Fickle

KEY, PASSWORD = "sk-gg-benchmark0000000000000000000000000", "benchmark-only"
INPUT, OUTPUT = 1_000, 2_000
"""Nano-dollars a token: a dollar and two a million."""
LONGEST, MOST_TOKENS = 1_600, 400
_HEAD_BYTES = 200
"""More than the JSON around the text."""
ERROR = (LONGEST + _HEAD_BYTES) // 3 * INPUT + MOST_TOKENS * OUTPUT
"""The dearest single reservation."""


class Plan(NamedTuple):
    """How much of everything. `share` of what the calls would cost is what the budget allows."""

    callers: int
    calls: int
    kills: int
    share: float = 0.55
    seed: int = 7


class Reply(NamedTuple):
    """What a client saw: status 0 for nothing at all; `is_whole` when it came to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool


async def ask(
    port: int, method: str, path: str, headers: Mapping[str, str], body: bytes = b"", leave: float | None = None
) -> Reply:
    """One request on a connection of its own. With `leave` it is given up after so many seconds."""
    try:
        async with asyncio.timeout(leave):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                lines = [f"{method} {path} HTTP/1.1", "host: gateway", "connection: close"]
                lines += [f"{name}: {value}" for name, value in headers.items()]
                writer.write("\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body)
                return _reply(await reader.read(-1))
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        return Reply(0, {}, b"", False)


def _reply(data: bytes) -> Reply:
    head, gap, body = data.partition(b"\r\n\r\n")
    if not gap:
        return Reply(0, {}, b"", False)
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "content-length" in headers:
        return Reply(int(status[9:12]), headers, body, len(body) == int(headers["content-length"]))
    return Reply(int(status[9:12]), headers, body, body.endswith(b"\r\n0\r\n\r\n"))


class Gateway:
    """The process under test, on one port and one data directory through all its lives."""

    def __init__(self, folder: Path, upstream: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.folder = folder
        self.is_up = asyncio.Event()
        self._process: subprocess.Popen[bytes] | None = None
        prices = f"{{ input = {INPUT / 1000}, output = {OUTPUT / 1000} }}"
        (folder / "gophergate.toml").write_text(
            f'[server]\nport = {self.port}\n[pricing]\noverrides = {{ "up/m" = {prices} }}\n'
            f'[[providers]]\nname = "up"\nkind = "compatible"\nmodels = ["m"]\n'
            f'base_url = "http://127.0.0.1:{upstream}/v1"\n'
        )

    async def start(self) -> None:
        """Start it, and wait until it answers. Callers wait for `is_up`."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("GOPHERGATE_")}
        environ |= {"GOPHERGATE_BOOTSTRAP_KEY": KEY, "GOPHERGATE_ADMIN_PASSWORD": PASSWORD}
        command = [sys.executable, "-m", "gophergate", "serve", "--config", str(self.folder / "gophergate.toml")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--data", str(self.folder / "data")], stdout=log, stderr=log, env=environ
            )
        for _ in range(1200):
            if (await ask(self.port, "GET", "/health/ready", {}, leave=5)).status == 200:
                return
            if self._process.poll() is not None:
                break
            await asyncio.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])

    async def end(self, number: int) -> None:
        """End it with a signal, and see it gone."""
        self.is_up.clear()
        assert self._process is not None
        self._process.send_signal(number)
        await asyncio.to_thread(self._process.wait, 60)

    async def operator(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """Ask the operators' API."""
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        reply = await ask(self.port, method, path, headers, b"" if body is None else json.dumps(body).encode(), 30)
        if not 200 <= reply.status < 300:
            raise RuntimeError(f"{method} {path}: {reply.status} {reply.body[:300]!r}")
        data = reply.body
        if reply.headers.get("transfer-encoding") == "chunked":
            data = b"".join(re.findall(rb"[0-9a-f]+\r\n(.*?)\r\n", data, re.DOTALL))
        return json.loads(data)


class Payers:
    """Everybody who calls, and what they saw."""

    def __init__(self, plan: Plan, gateway: Gateway) -> None:
        self.seen: Counter[str] = Counter()
        self.answered: set[str] = set()
        """Ids of the requests whose clients saw an answer to its end."""
        self.begun = 0
        self._plan = plan
        self._gateway = gateway
        self._dice = random.Random(plan.seed)

    async def pay(self) -> None:
        """One caller: calls for as long as there are any left."""
        while self.begun < self._plan.calls:
            self.begun += 1
            await self._call(f"call-{self.begun}")

    async def _call(self, name: str) -> None:
        dice = self._dice
        is_streamed = dice.random() < 0.5
        leave = dice.uniform(0.001, 0.3) if dice.random() < 0.15 else None
        body = {
            "model": "up/m",
            "stream": is_streamed,
            "max_tokens": dice.randint(1, MOST_TOKENS),
            "messages": [{"role": "user", "content": "a" * dice.randint(1, LONGEST)}],
        }
        for number in range(100):
            await self._gateway.is_up.wait()
            headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
            headers["x-request-id"] = f"{name}.{number}"
            reply = await ask(
                self._gateway.port, "POST", "/v1/chat/completions", headers, json.dumps(body).encode(), leave or 120
            )
            if reply.is_whole:
                self.answered.add(headers["x-request-id"])
            if reply.status == 402 and reply.headers.get("x-should-retry") == "true":
                self.seen["told to try again"] += 1
                await asyncio.sleep(float(reply.headers["retry-after"]))
                continue
            break
        self.seen[_outcome(reply, is_streamed=is_streamed, left=leave is not None)] += 1


def _outcome(reply: Reply, *, is_streamed: bool, left: bool) -> str:
    if not reply.is_whole:
        return "left" if left else "lost to a kill"
    if reply.status == 402:
        return "refused"
    if reply.status == 200:
        return "served" if not is_streamed or b"[DONE]" in reply.body else "failed in the stream"
    return f"failed with {reply.status}"


class Books(NamedTuple):
    """What the database says in the end."""

    cost: int
    rows: int
    by_request: Mapping[str, int]


def books(folder: Path) -> Books:
    """The sum and the number of all rows, and how many each request has."""
    cost = rows = 0
    found: Counter[str] = Counter()
    with sqlite3.connect(f"file:{folder}/data/gophergate.db?mode=ro", uri=True) as database:
        names = "SELECT name FROM sqlite_master WHERE type='table' AND name GLOB 'calls_2*'"
        for (table,) in database.execute(names).fetchall():
            for request, price in database.execute(f'SELECT request_id, cost FROM "{table}"'):  # noqa: S608
                rows += 1
                cost += price or 0
                found[str(request)] += 1
    return Books(cost, rows, found)


def nanos(dollars: str) -> int:
    """A decimal amount in nano-dollars."""
    whole, _, part = dollars.partition(".")
    return int(whole) * 10**9 + int(part.ljust(9, "0"))


async def proved(plan: Plan, folder: Path) -> dict[str, Any]:
    """Do all of it; what was seen. Raises AssertionError for a promise that was broken."""
    began = time.perf_counter()
    async with Fickle(random.Random(plan.seed + 1)) as upstream:
        gateway = Gateway(folder, upstream.port)
        await gateway.start()
        try:
            return await _proved(plan, gateway) | {"seconds": round(time.perf_counter() - began, 1)}
        finally:
            await gateway.end(signal.SIGTERM)


async def _proved(plan: Plan, gateway: Gateway) -> dict[str, Any]:
    a_call = LONGEST // 2 // 4 * INPUT + MOST_TOKENS // 4 * OUTPUT
    cap = int(plan.calls * a_call * plan.share)
    budget, token = await _budget(gateway, cap)
    payers = Payers(plan, gateway)
    gateway.is_up.set()
    paying = [asyncio.create_task(payers.pay()) for _ in range(plan.callers)]
    spent_at_kills = []
    for number in range(plan.kills):
        while payers.begun < plan.calls * (number + 1) // (plan.kills + 2):
            await asyncio.sleep(0.01)
        await gateway.end(signal.SIGKILL)
        await gateway.start()
        spent_at_kills.append(nanos((await gateway.operator("GET", f"/api/budgets/{budget}", None, token))["spent"]))
        gateway.is_up.set()
        assert not payers.seen["refused"] or spent_at_kills[-1] >= cap, "somebody was refused while money was left"
    await asyncio.gather(*paying)
    while (await gateway.operator("GET", "/api/calls/running", None, token))["items"]:
        await asyncio.sleep(0.1)
    live = await gateway.operator("GET", f"/api/budgets/{budget}", None, token)
    await gateway.end(signal.SIGTERM)
    kept = books(gateway.folder)
    await gateway.start()
    again = await gateway.operator("GET", f"/api/budgets/{budget}", None, token)
    result = {
        **plan._asdict(),
        "cap": cap,
        "spent": kept.cost,
        "over by": max(0, kept.cost - cap),
        "one call's error at most": ERROR,
        "spent after each kill": spent_at_kills,
        "rows": kept.rows,
        "answered": len(payers.answered),
        "seen": dict(payers.seen.most_common()),
        "reserved in the end": live["reserved"],
    }
    print(json.dumps(result, indent=2))
    _judge(result, cap, kept, payers, live, again)
    return result


async def _budget(gateway: Gateway, cap: int) -> tuple[str, str]:
    signed = await gateway.operator("POST", "/api/auth/login", {"username": "admin", "password": PASSWORD})
    token = signed["token"]
    (client,) = (await gateway.operator("GET", "/api/clients", None, token))["items"]
    given = {"scope": "client", "scope_id": client["id"], "amount": f"{cap / 1e9:.9f}", "period": "total"}
    made = await gateway.operator("POST", "/api/budgets", given, token)
    return made["id"], token


def _judge(
    result: Mapping[str, Any], cap: int, kept: Books, payers: Payers, live: Mapping[str, Any], again: Mapping[str, Any]
) -> None:
    assert kept.cost <= cap + ERROR, f"over the cap by {kept.cost - cap}, more than one call's error"
    assert not payers.seen["refused"] or kept.cost >= cap, "somebody was refused while money was left"
    assert payers.seen["refused"], "the budget was never used up: nothing was shown"
    missing = [name for name in payers.answered if kept.by_request.get(name) != 1]
    assert not missing, f"{len(missing)} answered calls without exactly one row, such as {missing[:3]}"
    twice = [name for name, count in kept.by_request.items() if count > 1]
    assert not twice, f"calls with more than one row: {twice[:3]}"
    assert live["reserved"] == again["reserved"] == "0.00", "something stayed reserved"
    assert nanos(live["spent"]) == nanos(again["spent"]) == kept.cost, "counter, ledger and restart do not agree"


def main() -> int:
    """Run it in a directory of its own; status 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", type=int, default=500)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    words = parser.parse_args()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of every client that leaves
    plan = Plan(words.callers, words.calls, words.kills, seed=words.seed)
    with tempfile.TemporaryDirectory(prefix="gatebudgets-") as name:
        try:
            result = asyncio.run(proved(plan, Path(name)))
        except AssertionError as broken:
            print(f"BROKEN: {broken}", file=sys.stderr)
            return 1
    print(f"held, in {result['seconds']} seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
