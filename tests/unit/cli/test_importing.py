"""`gophergate import gophergate`: the original's file, brought over whole, in whichever version (O36)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

from gophergate.keyfile import find_master_key
from gophergate.secrets import Keyring, Passwords
from gophergate.settings import load
from gophergate.store.calls import Calls
from gophergate.store.database import Database, open_database
from gophergate.store.keys import Keys
from gophergate.store.models import Models
from gophergate.store.providers import Providers
from gophergate.store.usage import Usages
from gophergate.store.users import Users
from kit import original
from kit.commands import Command

JANUARY = (1767225600_000000, 1769904000_000000)


def look(home: Path, reading: Any) -> Any:
    """What an async function of (database, keyring) finds."""
    settings = load(environ={"HOME": str(home)}, cwd=home)
    master = find_master_key(settings)
    assert master is not None

    async def work() -> Any:
        database = await open_database(settings.database.url.reveal())
        try:
            return await reading(database, Keyring(master))
        finally:
            await database.close()

    return asyncio.run(work())


def outcomes(report: Any, kind: str) -> dict[str, str]:
    return {item["name"]: item["outcome"] for item in report["items"] if item["kind"] == kind}


def contents(home: Path) -> Any:
    """Every row there is, but for marks and notes, which move with a look."""
    with sqlite3.connect(home / ".gophergate/gophergate.db") as database:
        rows = [line for line in database.iterdump() if line.startswith("INSERT")]
    return [line for line in rows if not any(name in line for name in ("audit_entries", "change_marks", '"settings"'))]


def test_everything_is_brought_over_and_goes_on_working(gophergate: Command, home: Path, data: Path) -> None:
    key_file = home / "old.key"
    key_file.write_text(original.OLD_KEY.hex())
    path = str(original.full(home / "old.db"))
    gophergate("users", "create", "admin", "--role", "owner")
    report = gophergate("import", "gophergate", path, "--old-key-file", str(key_file), "--json").json()
    assert outcomes(report, "client") == {
        "Shop": "made", "Old app": "made", "Shop (client_twin)": "made", "client_lost": "made",
    }  # fmt: skip
    assert list(outcomes(report, "key").values()) == ["made", "made", "made", "left out", "left out", "left out"]
    assert outcomes(report, "user") == {"admin": "there", "grace": "made", "vic": "made", "odd": "made"}
    assert outcomes(report, "provider") == {
        "openai": "made", "grok": "made", "deepseek": "made", "ollama": "made", "mystery": "left out",
        "my own": "left out",
    }  # fmt: skip
    assert outcomes(report, "model") == {
        "openai/gpt-4.1": "made", "openai/gpt-4o": "made", "openai/fast": "made", "openai/plain": "left out",
        "nowhere": "left out",
    }  # fmt: skip
    assert outcomes(report, "group") == {
        "fast-flow": "made", "loop": "left out", "empty": "left out", "odd": "left out",
    }  # fmt: skip
    assert report["calls"] == {
        "made": 3, "left out: 'yesterday' is no time": 1, "left out: '-4' is no count": 1,
    }  # fmt: skip
    assert report["unread"] == ["clients.colour", "horoscopes"]
    assert report["dropped"]["llm_requests.request_body"] == "what was said is not carried over"

    async def there(database: Database, keyring: Keyring) -> None:
        caller = await Keys(database).find(keyring.hash_client_key(original.KEY))
        assert caller is not None
        assert [(one.scope, one.rpm) for one in caller.limits] == [("client", 60)]
        assert await Keys(database).find(keyring.hash_client_key("sk-" + "f" * 32)) is None
        passwords = Passwords(threads=1)
        for name, role in (("grace", "admin"), ("vic", "viewer")):
            found = await Users(database).by_username(name)
            assert found is not None
            assert found[0].role == role
            assert await passwords.fits(original.PASSWORD, found[1])
        passwords.close()
        kept = await Users(database).by_username("admin")
        assert kept is not None
        assert kept[1] != original.HASH
        rows = {row.name: row for row in await Providers(database).all()}
        for name, secret in (("openai", original.PROVIDER_KEY), ("grok", "xai-CANARY-sealed-key")):
            sealed = rows[name].api_key_sealed
            assert sealed is not None
            assert keyring.open(sealed, table="providers", row=name, column="api_key") == secret
        assert (rows["grok"].kind, rows["grok"].enabled) == ("xai", True)
        assert (rows["deepseek"].enabled, rows["ollama"].enabled) == (False, False)
        assert rows["openai"].settings["credit"]["balance"] == 12_500_000_000
        settings = {row.name: row for row in await Models(database).all()}
        assert settings["openai/gpt-4.1"].price == {"input": "2", "output": "8", "cache_read": "0.5"}
        assert not settings["openai/gpt-4o"].enabled
        assert settings["openai/fast"].mapped_name == "gpt-4.1-mini"

    look(home, there)


def test_calls_come_into_their_weeks_and_their_sums(gophergate: Command, home: Path, data: Path) -> None:
    gophergate("import", "gophergate", str(original.full(home / "old.db")))

    async def there(database: Database, keyring: Keyring) -> None:
        calls = (await Calls(database).page()).items
        assert [(call.provider, call.model, call.status) for call in calls] == [
            ("grok", "grok-3", "error"), ("openai", "gpt-4.1", "ok"), ("openai", "gpt-4.1", "ok"),
        ]  # fmt: skip
        first = calls[-1]
        assert first.usage is not None
        usage = first.usage
        assert (usage.input, usage.cache_read, usage.cache_write, usage.output) == (50, 40, 10, 20)
        assert (first.cost, first.latency_ms, first.started_at) == (250_000, 812.0, 1767603600_000000)
        assert (calls[1].cost, calls[1].started_at) == (None, 1767605400_123456)
        assert calls[0].usage_source == "none"
        (total,) = await Usages(database).sums("total", since=JANUARY[0], until=JANUARY[1])
        assert (total.calls, total.ok, total.error, total.cost, total.unpriced) == (3, 2, 1, 250_000, 1)

    look(home, there)
    usage = gophergate("usage", "--by", "client", "--since", "2026-01-01", "--json").json()
    assert {row["name"]: row["calls"] for row in usage["items"]} == {"Shop": 2, "client_lost": 1}


def test_a_second_time_changes_nothing(gophergate: Command, home: Path, data: Path) -> None:
    path = str(original.full(home / "old.db"))
    gophergate("import", "gophergate", path)
    before = contents(home)
    again = gophergate("import", "gophergate", path, "--json").json()
    assert {item["outcome"] for item in again["items"]} == {"there", "left out"}
    assert again["calls"]["there"] == 3
    assert "made" not in again["calls"]
    assert contents(home) == before


def test_a_dry_run_says_the_same_and_changes_nothing(gophergate: Command, home: Path, data: Path) -> None:
    path = str(original.full(home / "old.db"))
    before = contents(home)
    ended = gophergate("import", "gophergate", path, "--dry-run")
    assert (ended.status, contents(home)) == (0, before)
    assert "would be made" in ended.out
    assert "its key is encrypted: give --old-key-file" in ended.out
    assert "Not known, and not read: clients.colour, horoscopes." in ended.err
    tried = gophergate("import", "gophergate", path, "--dry-run", "--json").json()
    done = gophergate("import", "gophergate", path, "--json").json()
    assert tried["items"] == done["items"]
    assert tried["calls"] == done["calls"]


def test_what_was_made_is_in_the_audit_log_without_a_secret(gophergate: Command, home: Path, data: Path) -> None:
    gophergate("import", "gophergate", str(original.full(home / "old.db")))
    with sqlite3.connect(home / ".gophergate/gophergate.db") as database:
        rows = database.execute("SELECT actor, action, target_kind, before, after FROM audit_entries").fetchall()
    kinds = [row[2] for row in rows]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "client": 4, "key": 3, "user": 4, "provider": 4, "model": 3, "group": 1, "import": 1,
    }  # fmt: skip
    assert {row[1] for row in rows} == {"import"}
    text = json.dumps(rows)
    for secret in (original.KEY, original.PROVIDER_KEY, "CANARY", original.HASH):
        assert secret not in text
    assert "CANARY" not in "\n".join(contents(home))


def test_other_names_other_units_and_no_clients(gophergate: Command, home: Path, data: Path) -> None:
    report = gophergate("import", "gophergate", str(original.other(home / "other.db")), "--json").json()
    assert report["unread"] == []
    assert {item["outcome"] for item in report["items"] if item["name"] != "off"} == {"made"}

    async def there(database: Database, keyring: Keyring) -> None:
        caller = await Keys(database).find(keyring.hash_client_key(original.KEY))
        assert caller is not None
        assert caller.models == ("openai/gpt-4.1", "openai/gpt-4o")
        assert caller.expires_at == 4102444800_000000
        (model,) = await Models(database).all()
        assert model.price == {"input": "1", "output": "2"}
        assert (model.discounts[0].share, model.discounts[0].since) == ("0.25", JANUARY[0])
        calls = (await Calls(database).page()).items
        assert [(call.request_id, call.status, call.http_status, call.cost) for call in calls] == [
            ("r-3", "timeout", 504, 0), ("r-2", "refused", 429, 0), ("r-1", "ok", 200, 10_000),
        ]  # fmt: skip
        assert [call.stream for call in calls] == [False, False, True]
        assert calls[-1].client_id == caller.client_id
        users = {user.username: user.role for user in await Users(database).page()}
        assert users == {"root": "admin", "guest": "viewer"}
        (provider,) = await Providers(database).all()
        assert (provider.kind, provider.base_url, provider.models) == (
            "compatible", "http://127.0.0.1:9/v1", ("m1", "m2"),
        )  # fmt: skip

    look(home, there)


def test_a_list_of_keys_is_enough(gophergate: Command, home: Path, data: Path) -> None:
    report = gophergate("import", "gophergate", str(original.least(home / "least.db")), "--json").json()
    assert report["totals"] == {"client": {"made": 1}, "key": {"made": 1}}


def test_what_is_no_such_file_is_said_in_a_sentence(gophergate: Command, home: Path, data: Path) -> None:
    (home / "text").write_text("no database at all, however long it is")
    sqlite3.connect(home / "foreign.db").execute("CREATE TABLE pets (name TEXT)").connection.close()
    for name, said in (("none", "There is no file"), ("text", "cannot be read"), ("foreign.db", "none of the tables")):
        ended = gophergate("import", "gophergate", str(home / name))
        assert (ended.status, ended.out) == (1, "")
        assert said in ended.err
        assert ended.err.count("\n") == 1
    (home / "short.key").write_text("abc")
    ended = gophergate("import", "gophergate", "x", "--old-key-file", str(home / "short.key"))
    assert ended.status == 2
    assert "64 hexadecimal characters" in ended.err


def test_a_failure_half_way_leaves_nothing(gophergate: Command, home: Path, data: Path, monkeypatch: Any) -> None:
    """Law 10: all of it or nothing."""
    before = contents(home)

    async def fails(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gophergate.store.calls.Calls.write", fails)
    ended = gophergate("import", "gophergate", str(original.full(home / "old.db")))
    assert ended.status == 1
    assert "No space left on device" in ended.err
    assert contents(home) == before


def test_a_long_log_is_read_in_batches(gophergate: Command, home: Path, data: Path) -> None:
    path = str(original.busy(home / "busy.db", 2300))
    assert gophergate("import", "gophergate", path, "--json").json()["calls"] == {"made": 2300}
    usage = gophergate("usage", "--by", "total", "--since", "2026-01-01", "--json").json()
    assert usage["total"]["calls"] == 2300
    assert usage["total"]["input"] == sum(range(2300))
