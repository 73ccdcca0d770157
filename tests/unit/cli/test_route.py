"""`gophergate route`: explain, simulate and seed without a server, and with the state of one that runs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from gophergate.store.calls import Calls
from gophergate.store.database import open_database
from kit.call_records import call
from kit.commands import Command
from kit.operator import operator
from kit.serving import serving

FILE = """
[[providers]]
name = "openai"
kind = "openai"
api_key = "sk-1"
models = ["gpt-4.1", "gpt-4.1-mini", "o3"]

[[groups]]
name = "fast"
strategy = "heuristic"
targets = [{ model = "openai/gpt-4.1" }]
rules = [{ model = "openai/o3", any_of_tags = ["hard"] }]
"""


@pytest.fixture
def configured(home: Path, data: Path) -> Path:
    (home / "gophergate.toml").write_text(FILE)
    return home


def test_explain_says_each_step_each_candidate_and_the_cost(gophergate: Command, configured: Path) -> None:
    out = gophergate("route", "explain", "fast", "--tag", "hard=yes").out
    assert "rule 1 fits (it has a tag of hard), so openai/o3" in out
    assert "\n1\topenai/o3\t0.004" in out
    assert "\n-\topenai/gpt-4.1\t" in out
    assert "No running gateway was asked" in out
    request = configured / "request.json"
    request.write_text(json.dumps({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 10}))
    found = gophergate("route", "explain", "fast", "--file", str(request), "--json").json()
    assert (found["deployments"], found["output_tokens"], found["state"]) == (["openai/gpt-4.1"], 10, "fresh")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("explain", "FAST"), "Did you mean 'fast'?"),
        (("explain", "fast", "--file", "gone.json"), "gone.json cannot be read"),
        (("explain", "fast", "--server", "http://127.0.0.1:9"), "wants an admin token"),
        (("simulate", "gone.toml"), "gone.toml cannot be read"),
        (("seed", "no-such"), "There is no seeded group no-such"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    gophergate: Command, configured: Path, words: tuple[str, ...], says: str
) -> None:
    ended = gophergate("route", *words)
    assert ended.status in (1, 2)
    assert says in ended.err
    assert ended.err.count("\n") == 1


def test_past_calls_are_replayed_against_a_file(gophergate: Command, configured: Path, data: Path) -> None:
    async def fill() -> None:
        database = await open_database(f"sqlite+aiosqlite:///{data / 'gophergate.db'}")
        await Calls(database).write([call(number, tags={"hard": "1"} if number % 2 else {}) for number in range(20)])
        await database.close()

    asyncio.run(fill())
    proposed = configured / "proposed.toml"
    proposed.write_text('[[groups]]\nname = "fast"\ntargets = [{ model = "openai/gpt-4.1-mini" }]\n')
    found = gophergate("route", "simulate", str(proposed), "--json").json()
    assert (found["calls"], found["moved"], found["priced"]) == (20, 20, 20)
    assert found["models"][0] == {
        "model": "openai/gpt-4.1-mini",
        "before": 0,
        "after": 20,
        "cost_before": "0.00",
        "cost_after": found["cost_after"],
    }
    out = gophergate("route", "simulate", str(proposed), "--last", "4", "--show", "1").out
    assert out.startswith("4 calls, 4 answered by another model, 0 refused")
    assert gophergate("route", "simulate", str(proposed), "--requested", "other").out.startswith("0 calls")


def test_groups_to_begin_with_are_made_once_and_put_on_record(gophergate: Command, configured: Path) -> None:
    """O29."""
    dry = {one["name"]: one["state"] for one in gophergate("route", "seed", "--dry-run", "--json").json()}
    assert dry["openai-auto"] == "would be made"
    made = gophergate("route", "seed", "openai-auto").out
    assert "openai-auto\tmade\topenai/" in made
    assert "openai-auto\tthere" in gophergate("route", "seed", "openai-auto").out
    assert "gophergate" in gophergate("models", "show", "openai-auto").out
    explained = gophergate("config", "explain", "--json").json()
    (row,) = [row for row in explained if row["name"] == "groups.openai-auto"]
    assert "version 1" in row["source"]
    assert "gpt-4.1" in row["value"]


def test_the_running_gateway_is_asked_with_a_token(
    gophergate: Command, configured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path / "served") as served:

        async def token() -> str:
            async with operator(served.gateway) as admin:
                made = await admin.make("/api/tokens", {"name": "cli", "scopes": ["view"]})
                return str(made["token"])

        monkeypatch.setenv("GOPHERGATE_ADMIN_TOKEN", served.run(token()))
        asked = gophergate("route", "explain", "demo/echo", "--server", served.url)
        assert "No running gateway" not in asked.out
        assert "1\tdemo/echo" in asked.out
        refused = gophergate("route", "explain", "nothing", "--server", served.url)
        assert (refused.status, "refused with 404" in refused.err) == (1, True)
    gone = gophergate("route", "explain", "demo/echo", "--server", served.url)
    assert (gone.status, "cannot be asked" in gone.err) == (1, True)
