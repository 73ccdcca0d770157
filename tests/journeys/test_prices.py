"""Prices through the whole server: explained, refreshed, priced again, held against a provider's bill."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gophergate.app import Gateway
from gophergate.core.call import Attempt, CallRecord
from gophergate.core.money import from_dollars, to_dollars
from gophergate.core.usage import Usage
from gophergate.ledger.pricelists import shipped
from kit.call_records import call
from kit.gate import KEY, gate, rows, url
from kit.operator import Operator, operator

BEARER = {"authorization": f"Bearer {KEY}"}
OPENAI = {
    "name": "openai",
    "kind": "openai",
    "api_key": "sk-x",
    "base_url": "http://127.0.0.1:9/v1",
    "models": ["gpt-5"],
}
LAB = {"name": "lab", "kind": "compatible", "base_url": "http://127.0.0.1:9/v1", "models": ["own"]}
OVERRIDES = """
[pricing.overrides."lab/priced"]
input = 1
output = 2
tools = { web_search = 0.01 }
long_context = [ { above = 100000, input = 3 } ]
[pricing.overrides."openai/deployment"]
like = "openai/gpt-5"
"""


async def said(gateway: Gateway, model: str) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=url(gateway)) as client:
        body = {"model": model, "messages": [{"role": "user", "content": "one two three"}]}
        return await client.post("/v1/chat/completions", json=body, headers=BEARER)


async def test_why_a_model_costs_what_it_costs(tmp_path: Path) -> None:
    """Every rate with its source: the file's line, the database, a discount, the list's version and id; or why none."""
    async with gate(tmp_path, OPENAI, LAB, sections=OVERRIDES) as gateway, operator(gateway) as admin:
        known = await admin.get("/api/prices/openai/gpt-5")
        assert known["version"].startswith("genai-prices ")
        assert {rate["source"] for rate in known["rates"]} == {known["origin"]}
        assert next(rate for rate in known["rates"] if rate["name"] == "input")["dollars"] == "1.25"
        assert known["tiers"]["flex"] == ["0.625", "5.00"]
        ours = await admin.get("/api/prices/lab/priced")
        by_name = {(rate["name"], rate["above"]): rate for rate in ours["rates"]}
        assert by_name["output", 0]["source"].endswith("gophergate.toml:4")
        assert by_name["web_search", 0] | {"per": "each", "dollars": "0.01"} == by_name["web_search", 0]
        assert by_name["input", 100000]["dollars"] == "3.00"
        assert "like openai/gpt-5" in (await admin.get("/api/prices/openai/deployment"))["version"]
        for name, why in (
            ("lab/own", "nobody publishes prices for providers of the kind 'compatible'"),
            ("openai/gpt-5-foo", "knows no model 'gpt-5-foo'"),
            ("nobody/gpt-5", "no provider 'nobody' is configured"),
        ):
            none = await admin.get(f"/api/prices/{name}")
            assert none["version"] is None
            assert why in none["why"]
        change = {
            "price": {"output": "7", "units": {"images": "0.04"}, "tiers": {"flex": "0.25"}},
            "discounts": [{"share": "0.5", "since": "2020-01-01T00:00:00Z"}],
        }
        assert (await admin.ask("PATCH", "/api/models/openai/gpt-5", change))[0] == 200
        changed = await admin.get("/api/prices/openai/gpt-5")
        by_name = {(rate["name"], rate["above"]): rate for rate in changed["rates"]}
        assert (by_name["output", 0]["dollars"], by_name["output", 0]["source"]) == ("3.50", "the database")
        assert (by_name["images", 0]["dollars"], changed["discounts"]) == ("0.02", ["50% off"])
        before = await admin.get("/api/prices/openai/gpt-5?at=2019-01-01T00:00:00Z")
        assert before["discounts"] == []
        listed = await admin.get("/api/prices")
        by_model = {row["model"]: row for row in listed["items"]}
        assert (by_model["openai/gpt-5"]["source"], by_model["lab/own"]["source"]) == ("yours", "none")
        assert by_model["demo/echo"]["source"] == "provider"
        assert listed["list"]["since"] is None
        assert (await admin.ask("GET", "/api/prices/gpt-5"))[0] == 404


async def test_an_unpriced_model_is_told_once_a_day_and_a_default_price_may_be_charged(tmp_path: Path) -> None:
    """R-U2: null, counted, told on the live hub, shown; or a price of the operator's."""
    told: list[tuple[str, Any]] = []
    async with gate(tmp_path, OPENAI) as gateway, operator(gateway) as admin:
        gateway.pricing._announce = lambda kind, data: told.append((kind, data))
        used = Usage(input=10, output=10)
        for number in range(3):
            gateway.writer.put(unpriced(number, used))
        await rows(gateway, 3)
        async with asyncio.timeout(5):
            while not told:
                await asyncio.sleep(0.02)
        assert [(kind, data["model"]) for kind, data in told] == [("unpriced", "openai/gpt-99")]
        listed = await admin.get("/api/prices")
        shown = next(row for row in listed["items"] if row["model"] == "openai/gpt-99")
        assert (shown["price"], shown["unpriced_calls"]) == (None, 3)
    sections = '[pricing]\nunpriced = "default"\ndefault = { input = 1000, output = 2000 }\n'
    async with gate(tmp_path / "b", LAB, sections=sections) as gateway:
        card = gateway.pricing.book.card("lab", "own")
        assert card is not None
        assert (card.origin, card.price(used)) == ("default", 30_000_000)


def unpriced(number: int, usage: Usage, model: str = "gpt-99", **more: Any) -> CallRecord:
    """A call of now that nobody could price."""
    fields = {
        "started_at": int(time.time() * 1_000_000) - number,
        "cost": None,
        "usage": usage,
        "price_version": None,
        "provider": "openai",
        "model": model,
    }
    return call(number, **(fields | more))


async def sums(admin: Operator) -> dict[str, Any]:
    """R-A1: the usage API's totals by hour and day, the sum of the rows, and the CSV; all must say the same."""
    total = (await admin.get("/api/usage?by=total"))["total"]
    by_day = (await admin.get("/api/usage?by=day"))["total"]
    calls = (await admin.get("/api/calls?limit=500"))["items"]
    exported = list(csv.DictReader(io.StringIO((await admin.raw("GET", "/api/calls/export?format=csv")).text)))
    cost = sum(from_dollars(row["cost"]) for row in calls if row["cost"])
    assert from_dollars(total["cost"]) == from_dollars(by_day["cost"]) == cost
    assert sum(Decimal(row["cost"]) for row in exported if row["cost"]) == Decimal(to_dollars(cost))
    missing = sum(row["cost"] is None and row["usage_source"] != "none" for row in calls)
    assert total["unpriced"] == by_day["unpriced"] == missing
    return {"cost": to_dollars(cost), "unpriced": missing, "versions": {row["price_version"] for row in calls}}


async def test_past_calls_are_priced_again_with_their_sums_and_budgets(tmp_path: Path) -> None:
    """R-U2, R-A1, N6: dry run, then rows, roll-ups and budgets together; idempotent; audited; new calls go on."""
    async with gate(tmp_path, OPENAI) as gateway, operator(gateway) as admin:
        usage = Usage(input=1_000_000, output=100_000)
        for number in range(150):
            flex = Usage(input=1_000_000, output=100_000, tier="flex")
            gateway.writer.put(unpriced(number, flex if number % 3 == 0 else usage, "gpt-5", client_id="c1"))
        gateway.writer.put(unpriced(900, usage, "gpt-99"))
        gateway.writer.put(unpriced(901, usage, "gone", provider="gone", cost=5_000, price_version="old"))
        gateway.writer.put(unpriced(902, Usage(), "gpt-5", usage_source="none"))
        await rows(gateway, 153)
        assert (await sums(admin))["unpriced"] == 151
        status, dry = await admin.ask("POST", "/api/prices/reprice", {})
        assert (status, dry["state"], dry["dry_run"], dry["total"]["changed"]) == (200, "done", True, 150)
        assert (dry["total"]["unpriced_before"], dry["total"]["unpriced_after"]) == (151, 1)
        assert await sums(admin) == {"cost": "0.000005", "unpriced": 151, "versions": {None, "old"}}
        running = asyncio.create_task(said(gateway, "demo/echo"))
        status, done = await admin.ask("POST", "/api/prices/reprice", {"dry_run": False, "provider": "openai"})
        assert (status, done["state"], done["total"]["changed"]) == (200, "done", 150)
        assert (await running).status_code == 200
        flex_cost, plain_cost = (625_000_000 + 500_000_000), (1_250_000_000 + 1_000_000_000)
        assert from_dollars(done["total"]["after"]) == 50 * flex_cost + 100 * plain_cost
        await rows(gateway, 154)
        after = await sums(admin)
        assert after["unpriced"] == 1
        version = next(each for each in after["versions"] if each and "flex" in each)
        kept = await admin.get(f"/api/prices/card?version={version.replace('#', '%23')}")
        assert kept["card"]["bands"][0]["input"] == 625_000_000_000
        again = (await admin.ask("POST", "/api/prices/reprice", {"dry_run": False}))[1]
        assert (again["total"]["changed"], again["total"]["kept"]) == (0, 1)
        assert (await admin.get("/api/prices/reprice"))["state"] == "done"
        actions = [entry["action"] for entry in (await admin.get("/api/audit?limit=20"))["items"]]
        assert actions.count("reprice") == actions.count("repriced") == 2


async def test_a_new_price_keeps_what_lost_attempts_cost(tmp_path: Path) -> None:
    """R-U2, R-A1: a row's cost has the hedges in it that lost; what those used is not stored, so their part stays."""
    async with gate(tmp_path, OPENAI) as gateway, operator(gateway) as admin:
        usage = Usage(input=1_000_000, output=0)
        lost = (
            Attempt(model="gpt-5", provider="openai", error="hedge_lost", cost=7_000),
            Attempt(model="gpt-5", provider="openai", error="timeout"),
            Attempt(model="gpt-5", provider="openai", status=200),
        )
        wrong = {"cost": 9_000, "price_version": "old", "attempts": lost}
        gateway.writer.put(unpriced(1, usage, "gpt-5", **wrong))
        gateway.writer.put(unpriced(2, usage, "gpt-99", cost=7_000, attempts=lost))
        await rows(gateway, 2)
        for changed in (1, 0):
            done = (await admin.ask("POST", "/api/prices/reprice", {"dry_run": False}))[1]
            assert (done["state"], done["total"]["changed"]) == ("done", changed)
            assert from_dollars((await sums(admin))["cost"]) == 1_250_000_000 + 7_000 + 7_000


async def test_a_budget_sees_what_past_calls_cost_now(tmp_path: Path) -> None:
    async with gate(tmp_path, OPENAI) as gateway, operator(gateway) as admin:
        client_id = (await admin.get("/api/clients"))["items"][0]["id"]
        gateway.writer.put(unpriced(1, Usage(input=1_000_000, output=0), "gpt-5", client_id=client_id))
        await rows(gateway, 1)
        budget = await admin.make(
            "/api/budgets", {"scope": "client", "scope_id": client_id, "amount": "1", "period": "total"}
        )
        assert (await said(gateway, "demo/echo")).status_code == 200
        await admin.ask("POST", "/api/prices/reprice", {"dry_run": False})
        assert Decimal((await admin.get(f"/api/budgets/{budget['id']}"))["spent"]) > Decimal("1.25")
        assert (await said(gateway, "demo/echo")).status_code == 402


@asynccontextmanager
async def price_server(answers: list[tuple[int, bytes]]) -> AsyncIterator[str]:
    """Answers each GET with the next of these; the last stays."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(body)) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/data.json"
    finally:
        server.close()


def published(dearer: int = 1) -> bytes:
    """A list as genai-prices publishes it: ten providers, one of them with a price of ours."""

    def model(name: str, rate: float) -> dict[str, Any]:
        return {"id": name, "match": {"equals": name}, "prices": {"input_mtok": rate, "output_mtok": rate}}

    providers = []
    for number, name in enumerate(["openai", "anthropic", "google", *(f"p{n}" for n in range(8))]):
        models = [model(f"m-{number}-{each}", 1) for each in range(40)]
        providers.append({"id": name, "name": name, "api_pattern": "x", "models": models})
    providers[0]["models"] += [model("gpt-5", 100 * dearer), model("gpt-4.1", 2), model("gpt-99", 9)]  # type: ignore[operator]
    providers[1]["models"] += [model("claude-sonnet-4-5", 3)]  # type: ignore[operator]
    providers[2]["models"] += [model("gemini-2.5-pro", 1)]  # type: ignore[operator]
    return json.dumps(providers).encode()


async def test_prices_are_refreshed_checked_and_kept_with_their_dates(tmp_path: Path) -> None:
    """Atomic, validated before the swap, offline-safe; a call is priced again by the list of its own date."""
    bad = [(500, b""), (200, b"{}"), (200, b"[]"), (200, b"[" * 100_000), (200, published()[:-9])]
    async with price_server([*bad, (200, published()), (200, published()), (200, published(2))]) as source:
        sections = f'[pricing]\nsource = "{source}"\n'
        async with gate(tmp_path, OPENAI, sections=sections) as gateway, operator(gateway) as admin:
            base = (await admin.get("/api/prices"))["list"]["version"]
            for _ in bad:
                status, failed = await admin.ask("POST", "/api/prices/refresh")
                assert (status, failed["version"]) == (200, base)
                assert failed["error"]
            assert list((tmp_path / "data").glob("prices/*")) == []
            used = Usage(input=1_000_000, output=0)
            gateway.writer.put(unpriced(1, used, "gpt-5", started_at=1_780_000_000_000_000))
            gateway.writer.put(unpriced(2, used, "gpt-99", started_at=1_780_000_000_000_001))
            _, new = await admin.ask("POST", "/api/prices/refresh")
            assert (new["error"], new["version"] != base) == ("", True)
            assert new["since"] is not None
            card = gateway.pricing.book.card("openai", "gpt-5")
            assert card is not None
            assert card.price(used) == 100_000_000_000
            assert (await admin.ask("POST", "/api/prices/refresh"))[1]["since"] == new["since"]  # nothing new
            await rows(gateway, 2)
            done = (await admin.ask("POST", "/api/prices/reprice", {"dry_run": False}))[1]
            # The first as it was priced then, the second by the first list that knows it.
            assert {each["model"]: each["after"] for each in done["models"]} == {
                "openai/gpt-5": "1.25",
                "openai/gpt-99": "9.00",
            }
            latest = (await admin.ask("POST", "/api/prices/reprice", {"latest": True}))[1]
            assert next(each for each in latest["models"] if each["model"] == "openai/gpt-5")["after"] == "100.00"
        async with gate(tmp_path, OPENAI, sections=sections) as gateway, operator(gateway) as admin:
            assert (await admin.get("/api/prices"))["list"]["version"] == new["version"]  # it outlives a restart
            assert len(list((tmp_path / "data").glob("prices/*.json.gz"))) == 1


OPENAI_CSV = """start_time,start_time_iso,model,num_model_requests,input_tokens,output_tokens,input_cached_tokens
1785801600,2026-08-04T00:00:00+00:00,gpt-5-2025-08-07,2,300,50,100
1785888000,2026-08-05T00:00:00+00:00,gpt-5-2025-08-07,1,10,5,0
"""


async def test_a_providers_export_is_held_against_the_ledger(tmp_path: Path) -> None:
    async with gate(tmp_path, OPENAI) as gateway, operator(gateway) as admin:
        at = 1_785_801_600_000_000 + 5_000_000
        for number, more in enumerate((0, 1)):
            used = Usage(input=100, cache_read=50, output=25 + more)
            gateway.writer.put(unpriced(number, used, "gpt-5", started_at=at + number, cost=1_000))
        await rows(gateway, 2)
        given = {"provider": "openai", "file": "usage.csv", "content": OPENAI_CSV}
        made = await admin.make("/api/reconciliations", given)
        first, second = made["report"]["rows"]
        assert (first["day"], first["model"], first["why"]) == ("2026-08-04", "gpt-5", ["tokens differ: output +1"])
        assert (second["ours"], second["why"][0][:24]) == (None, "no call of it passed her")
        assert (await admin.get("/api/reconciliations"))["items"][0]["id"] == made["id"]
        assert (await admin.get(f"/api/reconciliations/{made['id']}"))["file"] == "usage.csv"
        assert (await admin.ask("DELETE", f"/api/reconciliations/{made['id']}"))[0] == 204
        assert (await admin.ask("GET", f"/api/reconciliations/{made['id']}"))[0] == 404
        status, problem = await admin.ask("POST", "/api/reconciliations", given | {"content": "a,b\n1,2\n"})
        assert (status, problem["error"]["code"]) == (400, "unreadable_export")
        assert "No column says the day" in problem["error"]["message"]
        assert (await admin.ask("POST", "/api/reconciliations", given | {"provider": "nobody"}))[0] == 400


async def test_credit_runs_down_live_and_its_end_is_told(tmp_path: Path) -> None:
    """O31."""
    told: list[tuple[str, Any]] = []
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        gateway.pricing._announce = lambda kind, data: told.append((kind, data))
        await admin.make("/api/providers", {"name": "paid", "kind": "openai", "api_key": "sk-1", "models": ["gpt-5"]})
        _, credit = await admin.ask("PUT", "/api/providers/paid/credits", {"balance": "10", "low": "2"})
        assert (credit["left"], credit["is_low"]) == ("10.00", False)
        await gateway.pricing._look_at_credit()
        assert told == []
        gateway.writer.put(unpriced(1, Usage(input=1), "gpt-5", provider="paid", cost=8_500_000_000))
        await rows(gateway, 1)
        shown = await admin.get("/api/providers/paid/credits")
        assert (shown["spent"], shown["left"], shown["is_low"]) == ("8.50", "1.50", True)
        await gateway.pricing._look_at_credit()
        await gateway.pricing._look_at_credit()
        assert told == [("credit", {"provider": "paid", "left": "1.50", "low": "2.00"})]


@pytest.mark.parametrize("path", ["/api/prices/refresh", "/api/prices/reprice", "/api/reconciliations"])
async def test_viewers_look_and_change_nothing(tmp_path: Path, path: str) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        await admin.make("/api/users", {"username": "eve", "password": "a-long-password-1", "role": "viewer"})
        async with operator(gateway, "eve", "a-long-password-1") as eve:
            assert (await eve.ask("POST", path, {}))[0] == 403
            assert (await eve.ask("GET", "/api/prices"))[0] == 200


def test_the_shipped_list_needs_no_file() -> None:
    assert shipped().since == 0
