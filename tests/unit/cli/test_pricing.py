"""`models price`, `reprice`, `reconcile`, and what `doctor` says of prices."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

import pytest

from gophergate.core.call import CallRecord
from gophergate.core.usage import Usage
from gophergate.store.calls import Calls
from gophergate.store.database import open_database
from kit.call_records import call
from kit.commands import Command

FILE = """
[pricing.overrides."openai/home-grown"]
input = 1.5

[[providers]]
name = "openai"
kind = "openai"
api_key = "sk-1"
models = ["gpt-4.1", "home-grown", "odd"]
"""


def store(data: Path, *records: CallRecord) -> None:
    async def write() -> None:
        database = await open_database(f"sqlite+aiosqlite:///{data}/gophergate.db")
        await Calls(database).write(records)
        await database.close()

    asyncio.run(write())


def test_a_price_says_where_each_rate_comes_from(gophergate: Command, home: Path, data: Path) -> None:
    (home / "gophergate.toml").write_text(FILE)
    known = gophergate("models", "price", "openai/gpt-4.1").out.splitlines()
    assert known[0].startswith("openai/gpt-4.1: genai-prices ")
    assert known[1].split("\t") == ["CLASS", "PROMPT", "RATE", "PER", "SOURCE"]
    assert known[2].split("\t")[:4] == ["input", "", "$2.00", "per million tokens"]
    assert "openai/gpt-4.1" in known[2].split("\t")[4]
    ours = gophergate("models", "price", "openai/home-grown", "--json").json()
    assert {rate["name"]: rate["source"] for rate in ours["rates"]}["input"].endswith("gophergate.toml:3")
    assert ours["version"].startswith("yours #")
    none = gophergate("models", "price", "openai/odd")
    assert none.status == 0
    assert none.out.splitlines()[0] == "openai/odd: unpriced"
    assert "knows no model 'odd'" in none.out
    maker = gophergate("models", "price", "claude-sonnet-4-5", "--at", "2026-01-01T00:00:00Z")
    assert "anthropic/claude-sonnet-4-5" in maker.out
    assert "> 200,000" in maker.out
    assert gophergate("models", "price", "x", "--at", "yesterday").status == 2


def test_calls_are_priced_again(gophergate: Command, home: Path, data: Path) -> None:
    """N6: a dry run changes nothing; the run is idempotent and on the audit log."""
    (home / "gophergate.toml").write_text(FILE)
    used = Usage(input=1_000_000, output=0)
    at = int(time.time() * 1_000_000)
    store(data, *(call(n, cost=None, usage=used, price_version=None, started_at=at - n) for n in range(3)))
    dry = gophergate("reprice", "--dry-run")
    assert dry.out.splitlines()[1].split("\t") == ["openai/gpt-4.1", "3", "3", "0.00", "6.00", "3", "0"]
    assert "Nothing was changed" in dry.err
    assert "unpriced" in gophergate("usage", "--by", "total").out
    done = gophergate("reprice", "--json", "--since", "1d").json()
    assert (done["total"]["changed"], done["total"]["after"]) == (3, "6.00")
    assert gophergate("reprice", "--json").json()["total"]["changed"] == 0
    assert gophergate("usage", "--by", "total", "--json").json()["total"]["cost"] == "6.00"
    assert gophergate("reprice", "--provider", "nobody", "--json").json()["total"]["rows"] == 0


def test_an_export_is_held_against_the_ledger(gophergate: Command, home: Path, data: Path) -> None:
    (home / "gophergate.toml").write_text(FILE)
    at = 1_785_801_600_000_000
    store(data, call(1, cost=2_000_000_000, usage=Usage(input=1_000_000, output=0), started_at=at))
    bucket = {
        "start_time": 1_785_801_600,
        "results": [{"object": "organization.costs.result", "amount": {"value": 2.5, "currency": "usd"}}],
    }
    (home / "costs.json").write_text(json.dumps({"object": "page", "data": [bucket]}))
    report = gophergate("reconcile", "costs.json", "--provider", "openai", "--json").json()
    assert (report["ours"], report["theirs"], report["drift"]) == ("2.00", "2.50", "-0.50")
    lines = gophergate("reconcile", "costs.json", "--provider", "openai").out.splitlines()
    assert lines[1].split("\t")[:5] == ["2026-08-04", "(all)", "2.00", "2.50", "-0.50"]
    (home / "bad.csv").write_text("start_time,amount_value\n2026-08-04,much\n")
    bad = gophergate("reconcile", "bad.csv", "--provider", "openai")
    assert bad.status == 1
    assert "line 2, its cost is 'much', no amount" in bad.err
    assert gophergate("reconcile", "costs.json", "--provider", "nobody").status == 1


@pytest.mark.parametrize(
    ("age", "refresh", "state"),
    [(None, 86_400, "ok"), (None, 0, "warn"), (86_400, 86_400, "ok"), (8e5, 86_400, "warn")],
)
def test_doctor_tells_how_old_prices_are(
    gophergate: Command, home: Path, data: Path, age: float | None, refresh: float, state: str
) -> None:
    (home / "gophergate.toml").write_text(f"[pricing]\nrefresh = {refresh}\n")
    if age is not None:
        (data / "prices").mkdir()
        kept = data / "prices" / "1780000000-0123456789ab.json.gz"
        kept.write_bytes(b"")
        os.utime(kept, (time.time() - age, time.time() - age))
    findings = {each["name"]: each for each in gophergate("doctor", "--json").json()}
    assert findings["prices"]["state"] == state
