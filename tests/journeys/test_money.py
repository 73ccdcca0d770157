"""Limits and budgets through the whole server: refused in each dialect, settled to the nano-dollar, and after kills."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from kit.gate import KEY, gate, rows, url
from kit.operator import Operator, operator

BEARER = {"authorization": f"Bearer {KEY}"}


async def chat(client: httpx2.AsyncClient, text: str = "one two three", **more: Any) -> httpx2.Response:
    """One chat call at the simulator."""
    headers = {**BEARER, **more.pop("headers", {})}
    body = {"model": "demo/echo", "messages": [{"role": "user", "content": text}], **more}
    return await client.post("/v1/chat/completions", json=body, headers=headers)


async def client_of(admin: Operator) -> str:
    """The id of the first client."""
    found: str = (await admin.get("/api/clients"))["items"][0]["id"]
    return found


async def test_a_budget_refuses_names_itself_and_is_seen(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        async with httpx2.AsyncClient(base_url=url(gateway)) as client:
            cost = (await chat(client)).headers["x-gophergate-cost"]
            budget = await admin.make(
                "/api/budgets",
                {"scope": "client", "scope_id": await client_of(admin), "amount": cost, "period": "day"},
            )
            await rows(gateway, 1)
            assert budget["spent"] == cost  # what was spent before the budget was set counts
            assert (budget["reserved"], budget["scope_name"]) == ("0.00", "default")
            refused = await chat(client)
            assert refused.status_code == 402
            error = refused.json()["error"]
            assert error["code"] == "budget_exceeded"
            assert f"${cost} spent" in error["message"]
            assert int(refused.headers["retry-after"]) > 0
            anthropic = await client.post(
                "/v1/messages",
                json={"model": "demo/echo", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]},
                headers={"x-api-key": KEY},
            )
            assert (anthropic.status_code, anthropic.json()["type"]) == (402, "error")
            google = await client.post(
                "/v1beta/models/demo/echo:generateContent",
                json={"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
                headers={"x-goog-api-key": KEY},
            )
            assert (google.status_code, google.json()["error"]["code"]) == (402, 402)
            ollama = await client.post(
                "/api/chat",
                json={"model": "demo/echo", "messages": [{"role": "user", "content": "hi"}]},
                headers=BEARER,
            )
            assert ollama.status_code == 402
            status, raised = await admin.ask("PATCH", f"/api/budgets/{budget['id']}", {"amount": "5"})
            assert (status, raised["amount"]) == (200, "5.00")
            assert (await chat(client)).status_code == 200
            assert (await admin.ask("DELETE", f"/api/budgets/{budget['id']}"))[0] == 204
            assert (await admin.get("/api/budgets"))["items"] == []
        found = await rows(gateway, 6)
        assert [row.status for row in found].count("refused") == 4
        assert {row.error_code for row in found if row.status == "refused"} == {"budget_exceeded"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scope": "client", "scope_id": "nobody", "amount": "1"}, "scope_id"),
        ({"scope": "planet", "scope_id": "x", "amount": "1"}, "scope"),
        ({"scope": "model", "scope_id": "m", "amount": "-1"}, "amount"),
        ({"scope": "model", "scope_id": "m", "amount": "1", "period": "year"}, "period"),
        ({"scope": "model", "scope_id": "m", "amount": "1", "timezone": "Mars/Base"}, "timezone"),
    ],
)
async def test_wrong_budgets_say_what_is_wrong(tmp_path: Path, body: dict[str, Any], field: str) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        status, said = await admin.ask("POST", "/api/budgets", body)
        assert (status, said["error"]["param"]) == (400, field)


async def test_limits_hold_exactly_under_load_and_are_told(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        made = await admin.make("/api/clients", {"name": "limited", "limits": {"rpm": 20}})
        headers = {"authorization": f"Bearer {made['key']['key']}"}
        async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
            first = await chat(client, headers=headers)
            assert first.headers["x-ratelimit-limit-requests"] == "20"
            assert first.headers["x-ratelimit-remaining-requests"] == "19"
            answers = await asyncio.gather(*(chat(client, headers=headers) for _ in range(60)))
            assert [answer.status_code for answer in answers].count(200) == 19
            refused = next(answer for answer in answers if answer.status_code == 429)
            assert refused.json()["error"]["code"] == "rate_limit_exceeded"
            assert 1 <= int(refused.headers["retry-after"]) <= 60
            assert refused.headers["x-ratelimit-remaining-requests"] == "0"
            assert (await chat(client)).status_code == 200  # another client's business

            slow = await admin.make("/api/clients", {"name": "slow", "limits": {"concurrency": 1}})
            bearer = {"authorization": f"Bearer {slow['key']['key']}"}
            running = asyncio.create_task(chat(client, headers=bearer, model="demo/slow", stream=True))
            await asyncio.sleep(0.3)
            assert (await chat(client, headers=bearer)).status_code == 429
            status, _ = await admin.ask("PATCH", f"/api/clients/{slow['id']}", {"limits": {"concurrency": 2}})
            assert status == 200
            assert (await chat(client, headers=bearer)).status_code == 200  # R-X5: at once
            await running


async def test_an_unpriced_model_is_counted_or_blocked(tmp_path: Path) -> None:
    sections = '[pricing]\nunpriced = "block"\n'
    lab = {"name": "lab", "kind": "compatible", "base_url": "http://127.0.0.1:9/v1", "models": ["own"]}
    async with (
        gate(tmp_path, lab, sections=sections) as gateway,
        operator(gateway) as admin,
        httpx2.AsyncClient(base_url=url(gateway)) as client,
    ):
        refused = await chat(client, model="lab/own")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "model_unpriced")
        assert (await chat(client)).status_code == 200
        status, shown = await admin.ask("PATCH", "/api/models/lab/own", {"price": {"input": "1", "output": "2"}})
        assert (status, shown["price"]["version"].partition(" #")[0]) == (200, "yours")
        assert (await chat(client, model="lab/own")).status_code == 502  # let in now; nobody is there


async def test_a_price_of_ours_and_a_discount_are_charged(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        change = {
            "price": {"input": "1000", "output": "2000"},
            "discounts": [{"share": "0.5", "since": "2020-01-01T00:00:00Z"}],
        }
        assert (await admin.ask("PATCH", "/api/models/demo/echo", change))[0] == 200
        async with httpx2.AsyncClient(base_url=url(gateway)) as client:
            await chat(client)
        (row,) = await rows(gateway)
        usage = row.usage
        assert usage is not None
        assert row.cost == ((usage.input or 0) * 1_000_000 + (usage.output or 0) * 2_000_000) // 2
        assert row.price_version is not None
        assert "off" in row.price_version
