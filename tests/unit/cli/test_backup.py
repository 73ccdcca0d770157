"""`backup` and `restore`: the way there and back, and every reason not to go."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kit.commands import Command


def test_there_and_back(gophergate: Command, home: Path, data: Path) -> None:
    gophergate("users", "create", "ann")
    copy = home / "copy.db"
    ended = gophergate("backup", str(copy))
    assert (ended.status, ended.out) == (0, "")
    assert copy.stat().st_mode & 0o077 == 0
    gophergate("users", "create", "bob")
    ended = gophergate("restore", str(copy))
    assert ended.status == 0, ended.err
    assert [user["username"] for user in gophergate("users", "list", "--json").json()] == ["ann"]
    with sqlite3.connect(data / "gophergate.db.before-restore-1") as kept:
        assert kept.execute("SELECT count(*) FROM users").fetchone() == (2,)
    with sqlite3.connect(data / "gophergate.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_copy_is_taken_while_others_write(gophergate: Command, home: Path, data: Path) -> None:
    writer = sqlite3.connect(data / "gophergate.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO organisations VALUES ('o', 'half-way', 0)")
    from gophergate.store import backup

    backup._copy(data / "gophergate.db", home / "copy.db")
    writer.execute("COMMIT")
    writer.close()
    with sqlite3.connect(home / "copy.db") as copy:
        assert copy.execute("SELECT count(*) FROM organisations").fetchone() == (0,)


def test_nothing_is_written_over_without_a_word(gophergate: Command, home: Path, data: Path) -> None:
    (home / "copy.db").write_text("mine")
    ended = gophergate("backup", str(home / "copy.db"))
    assert (ended.status, "there already" in ended.err) == (1, True)
    assert (home / "copy.db").read_text() == "mine"
    assert gophergate("backup", str(home / "copy.db"), "--force").status == 0
    assert gophergate("backup", str(home / "no" / "such" / "place")).err.count("\n") == 1


def test_a_database_in_use_is_not_replaced(gophergate: Command, home: Path, data: Path) -> None:
    gophergate("backup", str(home / "copy.db"))
    server = sqlite3.connect(data / "gophergate.db")
    server.execute("SELECT count(*) FROM users").fetchone()
    ended = gophergate("restore", str(home / "copy.db"))
    server.close()
    assert (ended.status, "is in use: stop the gateway first" in ended.err) == (1, True)
    assert gophergate("restore", str(home / "copy.db")).status == 0


def test_what_is_no_backup_is_refused(gophergate: Command, home: Path, data: Path) -> None:
    (home / "text").write_text("no database")
    sqlite3.connect(home / "foreign.db").execute("CREATE TABLE pets (name TEXT)").connection.close()
    for name in ("none", "text", "foreign.db"):
        ended = gophergate("restore", str(home / name))
        assert ended.status == 1
        assert ended.err.count("\n") == 1
        assert "defect" not in ended.err


def test_a_backup_of_another_key_is_refused(gophergate: Command, home: Path, data: Path) -> None:
    gophergate("users", "create", "ann")
    gophergate("backup", str(home / "copy.db"))
    (data / "encryption.key").write_text("ab" * 32)
    ended = gophergate("restore", str(home / "copy.db"))
    assert (ended.status, "another key" in ended.err) == (1, True)


def test_a_damaged_database_can_be_replaced(gophergate: Command, home: Path, data: Path) -> None:
    gophergate("users", "create", "ann")
    gophergate("backup", str(home / "copy.db"))
    for name in ("gophergate.db-wal", "gophergate.db-shm"):
        (data / name).unlink(missing_ok=True)
    (data / "gophergate.db").write_bytes(b"\0" * 8192)
    assert gophergate("restore", str(home / "copy.db")).status == 0
    assert [user["username"] for user in gophergate("users", "list", "--json").json()] == ["ann"]
