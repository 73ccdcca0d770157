"""Which version the schema has, and bringing it up to date. Alembic is imported only when there are steps to run."""

from __future__ import annotations

from pathlib import Path

import msgspec
from sqlalchemy import Connection, text

from gophergate.store.columns import say_conditions_to_postgresql
from gophergate.store.connection import AsyncConnection
from gophergate.store.database import Database, engine
from gophergate.store.tables import metadata

HEAD = "0009"
"""The newest revision; four digits, in order, so that newer and older can be told without Alembic."""

_LOCK_SECONDS = 120.0
_POSTGRESQL_LOCK = 0x676F7068
_EXISTS = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'",
    "postgresql": "SELECT count(to_regclass('alembic_version'))",
}
_VERSION_TABLE = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


class UpgradeFailed(RuntimeError):
    """The schema could not be brought up to date; it is as it was before."""


class Migrations(msgspec.Struct, frozen=True):
    """Where the steps are and which is the last."""

    folder: Path
    head: str


SHIPPED = Migrations(Path(__file__).with_name("migrations"), HEAD)


async def current_revision(database: Database) -> str | None:
    """The revision of the schema, None of an empty database. Raises DatabaseUnavailable."""
    async with database.read() as connection:
        return await _current(connection)


def is_behind(revision: str | None, head: str = HEAD) -> bool:
    """Whether this version of the program needs a newer schema. One that is ahead is fine: versions N and N-1
    run side by side (R-I2).
    """
    return revision is None or revision < head


async def upgrade(database: Database, migrations: Migrations = SHIPPED, *, stepwise: bool = False) -> bool:
    """Bring the schema to the head; whether anything had to be done.

    An empty database gets today's tables at once, unless `stepwise` asks for every migration: Alembic costs over
    half a second at the first start, and a test holds both ways to the same result, rows included.

    One process does it while the others wait (SQLite: the write lock, PostgreSQL: an advisory lock). All of it is
    one transaction: after a failure or cancellation the old schema stands, untouched. Raises UpgradeFailed, or
    DatabaseUnavailable when the lock cannot be had in two minutes.
    """
    if not is_behind(await current_revision(database), migrations.head):
        return False
    # An engine of its own: SQLite can only be told outside a transaction not to enforce foreign keys, and a
    # migration that rebuilds a table must not set off its ON DELETE.
    upgrading = engine(database.url, for_writing=True, size=1, busy_seconds=_LOCK_SECONDS, foreign_keys=False)
    try:
        with database.translated():
            async with upgrading.begin() as connection:
                if database.dialect == "postgresql":
                    await connection.execute(
                        text("SELECT pg_advisory_xact_lock(:number)"), {"number": _POSTGRESQL_LOCK}
                    )
                # Perhaps another process has done it while we waited.
                revision = await _current(connection)
                if not is_behind(revision, migrations.head):
                    return False
                try:
                    if revision is None and not stepwise:
                        await connection.run_sync(_create, migrations.head)
                    else:
                        await connection.run_sync(_migrate, migrations.folder)
                except Exception as error:
                    cause = getattr(error, "orig", None) or error
                    raise UpgradeFailed(
                        f"The schema of {database.name} could not be upgraded and was left as it was: {cause}."
                    ) from error
        return True
    finally:
        await upgrading.dispose()


async def _current(connection: AsyncConnection) -> str | None:
    if not (await connection.execute(text(_EXISTS[connection.dialect.name]))).scalar():
        return None
    found: str | None = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    return found


def _create(connection: Connection, head: str) -> None:
    connection.execute(text(_VERSION_TABLE))
    if connection.dialect.name == "postgresql":
        say_conditions_to_postgresql()
    metadata.create_all(connection, checkfirst=False)
    connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": head})


def _migrate(connection: Connection, folder: Path) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).fetchall()
        if broken:
            raise ValueError(f"{len(broken)} rows would refer to nothing, the first in table {broken[0][0]}")
