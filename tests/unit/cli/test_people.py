"""`keys` and `users`: secrets are printed once, alone on standard output, and stored as hashes only."""

from __future__ import annotations

import asyncio
import io
import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gophergate.keyfile import find_master_key
from gophergate.secrets import Keyring, Passwords
from gophergate.settings import load
from gophergate.store.database import open_database
from gophergate.store.keys import Keys
from gophergate.store.users import Users
from kit.commands import Command


def works(home: Path, key: str) -> bool:
    """Whether the gateway would take this key."""
    settings = load(environ={"HOME": str(home)}, cwd=home)
    master = find_master_key(settings)
    assert master is not None

    async def look() -> bool:
        database = await open_database(settings.database.url.reveal())
        try:
            return await Keys(database).find(Keyring(master).hash_client_key(key)) is not None
        finally:
            await database.close()

    return asyncio.run(look())


def signs_in(home: Path, username: str, password: str) -> bool:
    settings = load(environ={"HOME": str(home)}, cwd=home)

    async def look() -> bool:
        database = await open_database(settings.database.url.reveal())
        passwords = Passwords(threads=1)
        try:
            found = await Users(database).by_username(username)
            return await passwords.fits(password, found[1] if found else None)
        finally:
            passwords.close()
            await database.close()

    return asyncio.run(look())


def test_a_key_is_printed_once_and_works(gophergate: Command, home: Path, data: Path) -> None:
    """O34: shown once; afterwards only what it may be known by."""
    ended = gophergate("keys", "create", "--client", "reports", "--name", "nightly")
    key = ended.out.strip()
    assert re.fullmatch(r"sk-gg-[A-Za-z0-9_-]{43}", key)
    assert "shown once" in ended.err
    assert key not in ended.err
    assert works(home, key)
    assert key.encode() not in b"".join(path.read_bytes() for path in data.iterdir() if path.is_file())
    listed = gophergate("keys", "list")
    assert key not in listed.out
    heading, row = (line.split("\t") for line in listed.out.splitlines())
    assert heading == ["ID", "CLIENT", "NAME", "KEY", "STATE", "CREATED", "LAST USED"]
    assert row[1:5] == ["reports", "nightly", f"sk-gg-...{key[-4:]}", "active"]


def test_what_a_key_may_do_is_said_when_it_is_made(gophergate: Command, data: Path) -> None:
    made = gophergate(
        *("keys", "create", "--json", "--model", "openai/*", "--model", "fast", "--ip", "10.0.0.0/8"),
        *("--rpm", "5", "--tpm", "1000", "--concurrency", "2", "--expires", "2099-12-31T00:00:00Z"),
    ).json()
    assert made["models"] == ["openai/*", "fast"]
    assert made["ip_allow"] == ["10.0.0.0/8"]
    assert made["limits"] == {"rpm": 5, "tpm": 1000, "concurrency": 2}
    assert made["expires_at"] == "2099-12-31T00:00:00.000Z"
    (listed,) = gophergate("keys", "list", "--json").json()
    assert listed == {name: value for name, value in made.items() if name != "key"}


def test_an_expiry_in_days_counts_from_now(gophergate: Command, data: Path) -> None:
    expires = datetime.fromisoformat(gophergate("keys", "create", "--json", "--expires", "30d").json()["expires_at"])
    assert 29.9 < (expires - datetime.now(UTC)).total_seconds() / 86_400 <= 30


@pytest.mark.parametrize("when", ["2001-01-01T00:00:00Z", "0"])
def test_an_end_that_is_past_is_wrong_words(gophergate: Command, data: Path, when: str) -> None:
    ended = gophergate("keys", "create", "--expires", when)
    assert ended.status == 2
    assert "is past: an end must lie ahead." in ended.err
    assert gophergate("keys", "list", "--json").json() == []


def test_a_bad_address_is_wrong_words(gophergate: Command, data: Path) -> None:
    ended = gophergate("keys", "create", "--ip", "nonsense")
    assert ended.status == 2
    assert "'nonsense' is neither an IP address nor a network." in ended.err
    assert gophergate("keys", "list", "--json").json() == []


def test_a_revoked_key_stops(gophergate: Command, home: Path, data: Path) -> None:
    made = gophergate("keys", "create", "--json").json()
    ended = gophergate("keys", "revoke", made["id"])
    assert (ended.status, ended.out) == (0, f"Revoked {made['id']}.\n")
    assert not works(home, made["key"])
    assert gophergate("keys", "list").out.splitlines()[1].split("\t")[4] == "revoked"
    assert gophergate("keys", "revoke", "nope").err == "gophergate: There is no key 'nope'.\n"
    ended = gophergate("keys", "rotate", made["id"])
    assert (ended.status, ended.err) == (1, "gophergate: The key was revoked; a revoked key has no successor.\n")


def test_a_rotated_key_works_for_its_grace(gophergate: Command, home: Path, data: Path) -> None:
    """N5: rotation with a grace period."""
    made = gophergate("keys", "create", "--json", "--name", "nightly").json()
    ended = gophergate("keys", "rotate", made["id"], "--grace", "3600")
    successor = ended.out.strip()
    assert works(home, successor)
    assert works(home, made["key"])
    rows = [line.split("\t") for line in gophergate("keys", "list").out.splitlines()[1:]]
    assert [(row[2], row[4]) for row in rows] == [("nightly", "in grace"), ("nightly", "active")]
    second = gophergate("keys", "list", "--json").json()[1]
    gophergate("keys", "rotate", second["id"])
    assert [line.split("\t")[4] for line in gophergate("keys", "list").out.splitlines()[1:]] == [
        "in grace",
        "expired",
        "active",
    ]


def test_keys_of_one_client(gophergate: Command, data: Path) -> None:
    gophergate("keys", "create", "--client", "a")
    made = gophergate("keys", "create", "--client", "b", "--json").json()
    assert [key["id"] for key in gophergate("keys", "list", "--client", "b", "--json").json()] == [made["id"]]
    assert [key["id"] for key in gophergate("keys", "list", "--client", made["client_id"], "--json").json()] == [
        made["id"]
    ]
    assert gophergate("keys", "list", "--client", "c").err == "gophergate: There is no client 'c'.\n"


def test_names_from_outside_cannot_move_the_terminal(gophergate: Command, data: Path) -> None:
    """Edge case 71, on a terminal."""
    gophergate("keys", "create", "--client", "a\x1b[2Jb\tc")
    assert "\x1b" not in gophergate("keys", "list").out
    assert len(gophergate("keys", "list").out.splitlines()[1].split("\t")) == 7


def test_a_user_is_made_with_a_password_printed_once(gophergate: Command, home: Path, data: Path) -> None:
    ended = gophergate("users", "create", "ann", "--role", "admin", "--display-name", "Ann")
    password = ended.out.strip()
    assert signs_in(home, "ann", password)
    (listed,) = gophergate("users", "list", "--json").json()
    assert (listed["username"], listed["display_name"], listed["role"]) == ("ann", "Ann", "admin")
    assert password not in gophergate("users", "list").out
    again = gophergate("users", "create", "ann")
    assert (again.status, again.err) == (1, "gophergate: There is a user 'ann' already.\n")


def test_a_given_password_is_not_printed(
    gophergate: Command, home: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    ended = gophergate("users", "create", "ann", "--password-stdin", "--json")
    assert "correct horse" not in ended.out + ended.err
    assert "password" not in ended.json()
    assert signs_in(home, "ann", "correct horse")
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    ended = gophergate("users", "create", "bob", "--password-stdin")
    assert ended.err == "gophergate: The password on standard input is empty.\n"


def test_a_password_is_reset(gophergate: Command, home: Path, data: Path) -> None:
    """O33."""
    old = gophergate("users", "create", "ann").out.strip()
    new = gophergate("users", "reset-password", "ann", "--json").json()["password"]
    assert signs_in(home, "ann", new)
    assert not signs_in(home, "ann", old)
    ended = gophergate("users", "reset-password", "nobody")
    assert (ended.status, ended.err) == (1, "gophergate: There is no user 'nobody'.\n")


@pytest.mark.parametrize("name", ["", " ", "a\nb"])
def test_a_user_needs_a_name_that_can_be_typed(gophergate: Command, data: Path, name: str) -> None:
    assert gophergate("users", "create", name).status == 2


def test_what_is_changed_here_is_in_the_audit_log_too(gophergate: Command, home: Path, data: Path) -> None:
    made = gophergate("keys", "create", "--json").json()
    rotated = gophergate("keys", "rotate", made["id"], "--json").json()
    gophergate("keys", "revoke", rotated["id"])
    gophergate("keys", "revoke", rotated["id"])
    gophergate("users", "create", "ann")
    password = gophergate("users", "reset-password", "ann").out.strip()
    with sqlite3.connect(data / "gophergate.db") as database:
        rows = database.execute("SELECT actor, action, target_kind, after FROM audit_entries ORDER BY at").fetchall()
    assert [row[1:3] for row in rows] == [
        ("create", "key"), ("rotate", "key"), ("revoke", "key"), ("create", "user"), ("set_password", "user"),
    ]  # fmt: skip
    assert all("command line" in row[0] for row in rows)
    assert not any(secret in str(rows) for secret in (made["key"], rotated["key"], password))


def test_a_password_that_is_too_long_is_refused(
    gophergate: Command, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("x" * 73 + "\n"))
    ended = gophergate("users", "create", "ann", "--password-stdin")
    assert (ended.status, ended.err) == (
        1, "gophergate: A password may have at most 72 bytes: bcrypt reads no more.\n",
    )  # fmt: skip
