"""A consistent copy of a SQLite database, taken while it serves, and the way back."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from itertools import count
from pathlib import Path

import msgspec

from gophergate.store.database import Database

KEY_CHECK = "encryption.key_check"
"""The setting that tells whether a master key is the one its database was encrypted with."""


class NotABackup(ValueError):
    """The file is no database of ours, or is damaged; the sentence says which."""


async def copy_to(database: Database, target: Path) -> None:
    """Copy the database into `target`, replacing what is there. Calls and changes go on meanwhile; the copy is of one
    moment, compact, and readable by its owner only. Off the event loop. Raises OSError, sqlite3.Error."""
    source = Path(str(database.url.database))
    await asyncio.to_thread(_copy, source, target)


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    connection = sqlite3.connect(source, timeout=30.0)
    try:
        # VACUUM INTO reads one snapshot and holds no lock against writers in WAL mode.
        connection.execute("VACUUM INTO ?", (str(part),))
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        connection.close()
    part.replace(target)


class Backup(msgspec.Struct, frozen=True):
    """What a backup is: the revision of its schema, and the check value of the key it was encrypted with."""

    revision: str
    key_check: str | None


def examined(backup: Path) -> Backup:
    """What a file is. Raises NotABackup."""
    if not backup.is_file():
        raise NotABackup(f"There is no file {backup}.")
    connection = sqlite3.connect(f"{backup.resolve().as_uri()}?mode=ro", uri=True)
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        check = connection.execute("SELECT value FROM settings WHERE name = ?", (KEY_CHECK,)).fetchone()
        damage = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise NotABackup(f"{backup} is no database of GopherGate's: {error}.") from None
    finally:
        connection.close()
    if row is None:
        raise NotABackup(f"{backup} has no schema of GopherGate's.")
    if damage[0] != "ok":
        raise NotABackup(f"{backup} is damaged: {damage[0]}.")
    return Backup(str(row[0]), msgspec.json.decode(check[0], type=str) if check is not None else None)


def restore(backup: Path, target: Path) -> Path | None:
    """Put a backup in the place of the database at `target`, which nothing may have open. What was there is kept beside
    it, and its place returned. Raises NotABackup, also where somebody has the database open; OSError."""
    examined(backup)
    kept: Path | None = None
    if target.exists():
        _claim(target)
        kept = next(
            place
            for number in count(1)
            if not (place := target.with_name(f"{target.name}.before-restore-{number}")).exists()
        )
        _fold(target)
        target.replace(kept)
    for leftover in ("-wal", "-shm"):
        target.with_name(target.name + leftover).unlink(missing_ok=True)
    _copy(backup, target)
    return kept


def _claim(database: Path) -> None:
    """Raises NotABackup when anybody else has the database open: every connection in WAL mode holds a shared lock on
    the file, which an exclusive one does not go with (https://sqlite.org/pragma.html#pragma_locking_mode)."""
    connection = sqlite3.connect(database, timeout=0.2)
    try:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        raise NotABackup(f"{database} is in use: stop the gateway first.") from None
    except sqlite3.DatabaseError:
        return  # what is there is damaged, which may be why it is to be replaced
    finally:
        connection.close()


def _fold(database: Path) -> None:
    """Bring what is in the write-ahead log into the file itself, so that it can stand alone."""
    connection = sqlite3.connect(database)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError:
        return  # a damaged one is kept as it is
    finally:
        connection.close()
