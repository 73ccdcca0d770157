"""A gateway with a month behind it: teams, clients, providers, groups and 50,000 calls as a company would have them.

PYTHONPATH=tests python -m kit.seeding FOLDER [--calls N] [--traffic N]     serve one to look at, until Ctrl-C

`--traffic` asks the simulator so many times a second, for the live view to have something to show.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2

from gophergate.app import Gateway
from gophergate.core.call import Attempt, CallBodies, CallRecord, GuardFinding, Status
from gophergate.core.usage import Usage
from gophergate.ids import Ids
from kit.gate import KEY, PASSWORD, gate
from kit.operator import Operator, operator

DAY = 86_400
HOSTILE = "<img src=x onerror=alert(1)>"
"""A name that must stay text wherever it is shown."""

_MODELS: Sequence[tuple[str, str, float, int, int]] = (
    ("openai", "gpt-4.1", 0.24, 2_000, 8_000),
    ("openai", "gpt-4.1-mini", 0.26, 400, 1_600),
    ("anthropic", "claude-sonnet-4-5", 0.22, 3_000, 15_000),
    ("deepseek", "deepseek-chat", 0.14, 280, 420),
    ("groq", "llama-3.3-70b-versatile", 0.08, 590, 790),
    ("lab", "our-own-7b", 0.06, -1, -1),
)
"""Provider, model, share of calls, nano-dollars a token in and out (-1: no price)."""
_FOUND: Sequence[tuple[GuardFinding, ...]] = (
    (),
    (GuardFinding(guard="personal-data", action="mask", mode="monitor", where="input", found={"EMAIL": 1}),),
)
_TAIL = "And so the gopher kept the gate."


def providers() -> list[dict[str, Any]]:
    """The file's providers; nothing answers at their addresses."""
    found: dict[str, dict[str, Any]] = {}
    for provider, model, *_ in _MODELS:
        kind = "compatible" if provider == "lab" else provider
        entry = found.setdefault(provider, {"name": provider, "kind": kind, "models": []})
        entry["models"].append(model)
        entry["base_url"] = "http://127.0.0.1:9"
        if kind != "compatible":
            entry["api_key"] = f"sk-never-shown-{provider}"
    return list(found.values())


async def seed(gateway: Gateway, *, calls: int = 50_000, days: int = 30, now: float | None = None) -> None:
    """Fill it. The same numbers each time but for the time they are at."""
    dice = random.Random(7)
    async with operator(gateway) as admin:
        clients = await _people(admin)
    end = now or time.time()
    ids = Ids(lambda: end, dice.getrandbits)
    store = gateway.calls
    batch: list[CallRecord] = []
    bodies: list[tuple[int, CallBodies]] = []
    for number, at in enumerate(_moments(dice, calls, end, days)):
        record = _call(dice, ids.new(), at, dice.choices(clients, [5, 4, 3, 2, 1, 1])[0])
        batch.append(record)
        if number >= calls - 400 and record.provider:
            bodies.append((record.started_at, _bodies(dice, record)))
        if len(batch) == 1000:
            await store.write(batch)
            batch.clear()
    await store.write(batch)
    await store.write_bodies(bodies)
    async with operator(gateway) as admin:
        await _budgets(admin, clients)


async def _budgets(admin: Operator, clients: Sequence[Mapping[str, Any]]) -> None:
    """After the calls: what was spent already is read from the ledger."""
    kept = ((0, "month", "60.00"), (1, "month", "40.00"), (2, "week", "12.00"), (4, "day", "5.00"))
    for number, period, amount in kept:
        body = {"scope": "client", "scope_id": clients[number]["id"], "amount": amount, "period": period}
        await admin.make("/api/budgets", body)
    everything = {"scope": "team", "scope_id": clients[0]["team_id"], "amount": "120.00", "period": "month"}
    await admin.make("/api/budgets", {**everything, "hard": False})


async def _people(admin: Operator) -> list[Mapping[str, Any]]:
    organisation = await admin.make("/api/organisations", {"name": "Burrow Ltd"})
    teams = [
        await admin.make("/api/teams", {"name": name, "organisation_id": organisation["id"], "limits": limits})
        for name, limits in (("Checkout", {"rpm": 600}), ("Research", {"tpm": 2_000_000}), ("Support", {}))
    ]
    for username, role, name in (("grace", "admin", "Grace"), ("edith", "editor", "Edith"), ("vera", "viewer", "Vera")):
        body = {"username": username, "password": "a-long-password", "role": role, "display_name": name}
        await admin.make("/api/users", body)
    names = ("checkout-service", "search", "support-bot", "notebook", "coding-agents", HOSTILE)
    clients = []
    for number, name in enumerate(names):
        team = teams[number % 3]["id"] if number < 5 else None
        made = await admin.make("/api/clients", {"name": name, "team_id": team})
        clients.append({**made, "organisation_id": organisation["id"] if team else None})
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3 * DAY))
    await admin.make("/api/keys", {"client_id": clients[1]["id"], "name": "expiring", "expires_at": soon})
    fast = [{"model": "openai/gpt-4.1-mini", "weight": 3}, {"model": "groq/llama-3.3-70b-versatile"}]
    smart = [{"model": "anthropic/claude-sonnet-4-5"}]
    groups = (
        {"name": "fast", "strategy": "weighted", "targets": fast},
        {"name": "smart", "strategy": "ordered", "targets": smart, "fallbacks": ["openai/gpt-4.1"]},
    )
    for group in groups:
        await admin.make("/api/groups", group)
    await _guards(admin, teams[2]["id"])
    return clients


async def _guards(admin: Operator, team: str) -> None:
    """One that only puts on record, one for the models of a provider, one that is off: no call of a test meets them."""
    kept = (
        {"name": "personal-data", "kind": "pii", "action": "mask", "mode": "monitor", "teams": [team]},
        {"name": "project-names", "kind": "keywords", "keywords": ["Zephyr", HOSTILE], "models": ["openai/*"]},
        {"name": "ticket-numbers", "kind": "regex", "patterns": ["ACME-[0-9]{6}"], "action": "warn", "enabled": False},
    )
    for guard in kept:
        await admin.make("/api/guards", guard)


def _moments(dice: random.Random, calls: int, end: float, days: int) -> list[float]:
    """More by day than by night, more on working days, more each week."""
    found = []
    while len(found) < calls:
        at = end - dice.random() * days * DAY
        hour = (at % DAY) / 3600
        weight = 0.25 + 0.75 * max(0.0, math.sin((hour - 6) / 14 * math.pi)) if 6 <= hour <= 20 else 0.2
        weight *= 0.45 if int(at // DAY + 4) % 7 in (0, 6) else 1.0
        weight *= 0.6 + 0.4 * (1 - (end - at) / (days * DAY))
        if dice.random() < weight:
            found.append(at)
    return sorted(found)


def _call(dice: random.Random, call_id: str, at: float, client: Mapping[str, Any]) -> CallRecord:
    provider, model, _, price_in, price_out = dice.choices(_MODELS, [share for _, _, share, _, _ in _MODELS])[0]
    trouble = dice.random()
    asked = dice.choice(("fast", "smart", f"{provider}/{model}", f"{provider}/{model}"))
    whole = int(dice.lognormvariate(7, 1.1))
    cached = int(whole * dice.random() * 0.7) if provider in ("openai", "anthropic", "deepseek") else 0
    output = max(1, int(dice.lognormvariate(5.2, 0.9)))
    first = dice.lognormvariate(6.1, 0.45)
    latency = first + output * dice.uniform(6, 18)
    status: Status = "ok"
    http, code, said = 200, None, None
    usage: Usage | None = Usage(input=whole - cached, cache_read=cached or None, output=output)
    attempts = [Attempt(model=model, provider=provider, status=200, ms=latency)]
    cost = None if price_in < 0 else (whole - cached) * price_in + cached * price_in // 4 + output * price_out
    if trouble < 0.012:
        status, http, code, said = "error", 502, "upstream_error", "The provider answered 500: internal error."
        attempts = [
            Attempt(model=model, provider=provider, status=500, error="upstream_error", message=said, ms=latency)
        ]
    elif trouble < 0.016:
        status, http, code, said = "timeout", 504, "upstream_timeout", "The provider sent nothing for 60 seconds."
        attempts = [
            Attempt(model=model, provider=provider, status=0, error="upstream_timeout", message=said, ms=60_000)
        ]
    elif trouble < 0.03:
        status, http, code, said = (
            "refused",
            429,
            "rate_limit_exceeded",
            "The key's limit of 600 calls a minute is reached.",
        )
        attempts = []
    elif trouble < 0.045:
        status, http, code, said = "client_closed", 499, "client_closed", "The client closed the connection."
    elif trouble < 0.07:
        failed = Attempt(
            model="gpt-4.1", provider="openai", status=529, error="overloaded", message="Overloaded", ms=410
        )
        attempts.insert(0, failed)
    if status in ("error", "timeout", "refused"):
        usage, cost = None, None
    return CallRecord(
        id=call_id,
        request_id=f"req_{call_id}",
        started_at=int(at * 1_000_000),
        status=status,
        http_status=http,
        door=dice.choice(("openai_chat", "openai_chat", "anthropic_messages", "openai_responses", "gemini")),
        operation="chat",
        stream=dice.random() < 0.7,
        organisation_id=client["organisation_id"],
        team_id=client["team_id"],
        client_id=client["id"],
        key_id=client["key"]["id"],
        session=f"run-{dice.randrange(900)}" if dice.random() < 0.4 else None,
        tags={"env": dice.choice(("prod", "staging"))} if dice.random() < 0.5 else {},
        model_requested=asked,
        model=model if attempts else None,
        provider=provider if attempts else None,
        usage=usage,
        usage_source="provider" if usage else "none",
        cost=cost,
        price_version="genai-prices 0.2" if cost is not None else None,
        finish_reason="stop" if status == "ok" else None,
        latency_ms=round(latency, 3),
        first_token_ms=round(first, 3) if usage else None,
        overhead_ms=round(dice.uniform(0.4, 1.4), 3),
        attempts=tuple(attempts),
        decision=(f"'{asked}' is a group, tried in order",) if "/" not in asked else (),
        guards=_FOUND[dice.choices((0, 1), (60, 1))[0]] if usage else (),
        error_code=code,
        error_message=said,
        client_ip="10.0.3.7",
        request_bytes=whole * 4,
        response_bytes=output * 30,
    )


def _bodies(dice: random.Random, record: CallRecord) -> CallBodies:
    question = dice.choice(
        ("How deep is a gopher's burrow?", "Summarise the meeting notes.", f"What does {HOSTILE} do?")
    )
    turns = [{"role": "system", "content": "You keep the gate."}, {"role": "user", "content": question}]
    tool = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"what":"gophers"}'}}
    message = {"role": "assistant", "content": f"{question}\n\n{_TAIL}", "tool_calls": [tool]}
    asked = {"model": record.model_requested, "messages": turns}
    said = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    request, response = json.dumps(asked).encode(), json.dumps(said).encode()
    return CallBodies(
        call_id=record.id, request=request, response=response, request_size=len(request), response_size=len(response)
    )


async def _serve(folder: Path, calls: int, traffic: int) -> None:
    sections = '[server]\nport = 8099\n[logging]\nbodies = "all"\n'
    async with gate(folder, *providers(), sections=sections) as gateway:
        began = time.monotonic()
        if not (await gateway.calls.page(limit=1)).items:
            await seed(gateway, calls=calls)
        print(
            f"{calls} calls in {time.monotonic() - began:.1f} s; http://127.0.0.1:{gateway.port} admin {PASSWORD}",
            flush=True,
        )
        async with asyncio.TaskGroup() as tasks, httpx2.AsyncClient(timeout=60) as client:
            while True:
                for _ in range(traffic):
                    tasks.create_task(_asked(client, f"http://127.0.0.1:{gateway.port}"))
                    await asyncio.sleep(1 / traffic)
                await asyncio.sleep(0 if traffic else 3600)


async def _asked(client: httpx2.AsyncClient, address: str) -> None:
    """One call of a crowd's; how it ends is seen in the log."""
    model = random.choice(("demo/echo", "demo/lorem", "demo/lorem", "demo/think", "demo/tools", "demo/flaky"))
    prompt = random.choice(
        ("How deep is a gopher's burrow?", "Summarise the meeting notes.", "Write the release notes.")
    )
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": prompt}]}
    answer = await client.post(f"{address}/v1/chat/completions", json=body, headers={"x-api-key": KEY})
    await answer.aread()


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("folder", type=Path)
    words.add_argument("--calls", type=int, default=50_000)
    words.add_argument("--traffic", type=int, default=0)
    given = words.parse_args()
    asyncio.run(_serve(given.folder, given.calls, given.traffic))
