"""A consistent copy of a SQLite database, taken while it serves, and the way back."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from itertools import count
from pathlib import Path

from gophergate.store.database import Database


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


def examined(backup: Path) -> str:
    """The revision of the schema in a backup. Raises NotABackup."""
    if not backup.is_file():
        raise NotABackup(f"There is no file {backup}.")
    connection = sqlite3.connect(f"file:{backup}?mode=ro", uri=True)
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        damage = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise NotABackup(f"{backup} is no database of GopherGate's: {error}.") from None
    finally:
        connection.close()
    if row is None:
        raise NotABackup(f"{backup} has no schema of GopherGate's.")
    if damage[0] != "ok":
        raise NotABackup(f"{backup} is damaged: {damage[0]}.")
    return str(row[0])


def restore(backup: Path, target: Path) -> Path | None:
    """Put a backup in the place of the database at `target`, which nothing may have open. What was there is kept beside
    it, and its place returned. Raises NotABackup, OSError."""
    examined(backup)
    kept: Path | None = None
    if target.exists():
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


def _fold(database: Path) -> None:
    """Bring what is in the write-ahead log into the file itself, so that it can stand alone."""
    connection = sqlite3.connect(database)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
