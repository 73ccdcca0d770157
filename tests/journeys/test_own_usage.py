"""A key holder's own `/v1/usage`: by their key, of their key, and it costs nothing."""

from __future__ import annotations

import httpx2
import pytest

from gophergate.app import Gateway
from kit.gate import KEY, rows, url
from kit.operator import operator


async def chat(gateway: Gateway, key: str, model: str = "demo/echo") -> None:
    asked = {"model": model, "messages": [{"role": "user", "content": "hello there"}]}
    async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
        await client.post("/v1/chat/completions", json=asked, headers={"authorization": f"Bearer {key}"})


async def test_a_key_sees_what_it_used_itself_and_nothing_else(gateway: Gateway) -> None:
    async with operator(gateway) as admin:
        other = (await admin.make("/api/clients", {"name": "other"}))["key"]
        total = await admin.get("/api/usage?by=key")
    for key, model in ((KEY, "demo/echo"), (KEY, "demo/lorem"), (KEY, "demo/none"), (other["key"], "demo/echo")):
        await chat(gateway, key, model)
    seen = await rows(gateway, at_least=4)
    mine = [row for row in seen if row.key_id != other["id"]]
    headers = {"x-api-key": KEY}
    async with httpx2.AsyncClient(base_url=url(gateway), timeout=30, headers=headers) as client:
        for path in ("/v1/usage", "/usage"):
            answer = await client.get(path)
            assert answer.status_code == 200
            told = answer.json()
            assert told["key_id"] == mine[0].key_id
            assert told["by"] == "day"
            assert told["total"]["calls"] == 3
            assert round(float(told["total"]["cost"]) * 1e9) == sum(row.cost or 0 for row in mine)
        by_model = (await client.get("/v1/usage?by=model")).json()
        assert {item["name"]: item["calls"] for item in by_model["items"]} == {"echo": 1, "lorem": 1, "": 1}
        assert (await client.get("/v1/usage?until=2020-01-01")).json()["total"]["calls"] == 0
    assert len(await rows(gateway)) == 4  # asking leaves no row
    assert total["total"]["calls"] == 0


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("by=client", "by"),
        ("by=", "by"),
        ("since=yesterday", "since"),
        ("until=9999999", "until"),
        ("since=2026-02-01&until=2026-01-01", "since"),
        ("since=1999-01-01&until=2026-01-01", "since"),
        ("client_id=x", "client_id"),
    ],
)
async def test_what_is_wrong_is_named(gateway: Gateway, query: str, param: str) -> None:
    async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
        answer = await client.get(f"/v1/usage?{query}", headers={"authorization": f"Bearer {KEY}"})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


async def test_without_a_key_there_is_nothing_to_see(gateway: Gateway) -> None:
    async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
        assert (await client.get("/v1/usage")).status_code == 401
        assert (await client.post("/v1/usage", headers={"x-api-key": KEY})).status_code == 405
