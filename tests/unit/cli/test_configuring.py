"""`config explain`, `init` and `db`: what a fresh machine is set up with."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from kit.commands import Command


def test_explain_prints_values_and_sources_masked(
    gophergate: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-G1, law 8."""
    (home / "gophergate.toml").write_text("[server]\nport = 9000\n")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-secret-0123")
    monkeypatch.setenv("GOPHERGATE_ENCRYPTION_KEY", "ab" * 32)
    ended = gophergate("config", "explain", "--demo")
    lines = [line.split("\t") for line in ended.out.splitlines()]
    assert lines[0] == ["NAME", "VALUE", "SOURCE"]
    assert ["server.port", "9000", "gophergate.toml:2"] in lines
    assert ["providers.openai.api_key", '"sk-...0123"', "OPENAI_API_KEY"] in lines
    assert ["providers.demo.kind", '"simulator"', "--demo"] in lines
    assert "canary" not in ended.out
    assert "abab" not in ended.out
    rows = {row["name"]: row for row in gophergate("config", "explain", "--json").json()}
    assert rows["server.port"]["source"] == "gophergate.toml:2"
    assert rows["server.port"]["meaning"]


def test_init_writes_file_directory_and_key(gophergate: Command, home: Path) -> None:
    ended = gophergate("init", "--data", "state")
    key = home / "state" / "encryption.key"
    assert (ended.status, ended.out) == (0, "")
    assert ended.err == (
        f"Wrote gophergate.toml.\nMade the encryption key {key}; keep a copy, for without it no stored secret can be "
        "read.\n"
    )
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "gophergate.toml").stat().st_mode) == 0o600
    assert gophergate("config", "explain").status == 0


def test_init_never_overwrites_unless_forced_and_never_the_key(gophergate: Command, home: Path) -> None:
    gophergate("init")
    key = (home / ".gophergate" / "encryption.key").read_text()
    (home / "gophergate.toml").write_text("mine")
    ended = gophergate("init")
    assert ended.status == 1
    assert ended.err == "gophergate: gophergate.toml is there already; --force writes over it.\n"
    assert (home / "gophergate.toml").read_text() == "mine"
    assert gophergate("init", "--force").status == 0
    assert (home / "gophergate.toml").read_text().startswith("# GopherGate's configuration.")
    assert (home / ".gophergate" / "encryption.key").read_text() == key


def test_init_says_why_it_cannot_write(gophergate: Command, home: Path) -> None:
    ended = gophergate("init", "--config", "no/such/directory.toml")
    assert ended.status == 1
    assert ended.err == "gophergate: no/such/directory.toml cannot be written: No such file or directory.\n"


def test_db_upgrade_and_current(gophergate: Command, home: Path) -> None:
    """R-I2: explicit, repeatable, and it says where it stands."""
    name = f"sqlite+aiosqlite:///{home}/.gophergate/gophergate.db"
    first, second = gophergate("db", "upgrade"), gophergate("db", "upgrade")
    assert first.err.splitlines()[-1] == f"The schema of {name} is now at revision {first.err.split()[-1]}"
    assert "already at revision" in second.err
    current = gophergate("db", "current", "--json").json()
    assert current == {"revision": current["head"], "head": current["head"], "behind": False}
    assert gophergate("db", "current").out == f"{current['head']}\n"


def test_an_empty_database_is_behind(gophergate: Command, home: Path) -> None:
    (home / "empty.db").touch()
    (home / "gophergate.toml").write_text("[database]\nurl = 'sqlite+aiosqlite:///empty.db'\n")
    assert gophergate("db", "current", "--json").json()["behind"] is True
    assert "run `gophergate db upgrade`" in gophergate("db", "current").out
    ended = gophergate("keys", "list")
    assert ended.status == 1
    assert ended.err == (
        "gophergate: The schema of sqlite+aiosqlite:///empty.db is behind this version: run `gophergate db upgrade`, "
        "or start `gophergate serve` once.\n"
    )
