from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from gophergate.store.database import open_database
from gophergate.store.revision import HEAD, SHIPPED, Migrations, UpgradeFailed, current_revision, is_behind, upgrade
from gophergate.store.tables import metadata
from kit.postgresql import PostgreSQL


def url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def contents(path: Path) -> dict[str, object]:
    """What a database file is: columns, indexes, references and rows of every table, in no order."""
    connection = sqlite3.connect(path)
    tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    found: dict[str, object] = {}
    for table, sql in tables:
        columns = {row[1:] for row in connection.execute("SELECT * FROM pragma_table_xinfo(?)", (table,))}
        references = {row[2:] for row in connection.execute("SELECT * FROM pragma_foreign_key_list(?)", (table,))}
        indexes = set()
        for _, name, *kind in connection.execute("SELECT * FROM pragma_index_list(?)", (table,)).fetchall():
            parts = tuple(row[2] for row in connection.execute("SELECT * FROM pragma_index_info(?)", (name,)))
            made = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()
            indexes.add((None if name.startswith("sqlite_autoindex") else name, *kind, parts, made))
        rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()  # noqa: S608
        found[table] = (columns, references, indexes, rows, "WITHOUT ROWID" in sql)
    connection.close()
    return found


async def test_both_ways_to_the_schema_end_in_the_same_place(tmp_path: Path) -> None:
    """An empty database gets today's tables at once; every migration in turn must give the same, rows included."""
    for name, stepwise in (("at_once", False), ("stepwise", True)):
        database = await open_database(url(tmp_path / name))
        assert await upgrade(database, stepwise=stepwise)
        assert await current_revision(database) == HEAD
        await database.close()
    assert contents(tmp_path / "at_once") == contents(tmp_path / "stepwise")


async def test_both_ways_end_in_the_same_place_on_postgresql(postgresql_server: PostgreSQL) -> None:
    found = []
    for stepwise in (False, True):
        database = await open_database(await postgresql_server.empty())
        assert await upgrade(database, stepwise=stepwise)
        async with database.read() as connection:
            columns = await connection.execute(
                text(
                    "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns "
                    "WHERE table_schema = 'public' ORDER BY 1, 2"
                )
            )
            indexes = await connection.execute(
                text("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")
            )
            found.append((columns.all(), indexes.all()))
        await database.close()
    assert found[0] == found[1]


async def test_migrations_make_exactly_the_tables_we_declare(tmp_path: Path) -> None:
    database = await open_database(url(tmp_path / "x.db"))
    await upgrade(database, stepwise=True)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return compare_metadata(context, metadata)

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


def test_the_constant_names_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(SHIPPED.folder))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [HEAD]
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert sorted(revisions, reverse=True) == revisions, "revisions are numbered in order"


async def test_a_second_upgrade_has_nothing_to_do(fresh: Callable[[], Path]) -> None:
    database = await open_database(url(fresh()))
    assert not await upgrade(database)
    await database.close()


def test_older_newer_and_none() -> None:
    """R-I2: version N-1 runs on the schema of version N."""
    assert is_behind(None)
    assert not is_behind(HEAD)
    assert not is_behind("9999")
    assert is_behind(HEAD, "9999")


def test_alembic_is_imported_only_when_there_are_steps_to_run(tmp_path: Path, fresh: Callable[[], Path]) -> None:
    """R-P3."""
    program = """
import asyncio, sys
from gophergate.store.database import open_database
from gophergate.store.revision import upgrade
async def main():
    database = await open_database(sys.argv[1])
    await upgrade(database)
    await database.close()
asyncio.run(main())
print([name for name in sys.modules if name.split(".")[0] in ("alembic", "mako", "gophergate.store.calls")])
"""
    for path in (fresh(), tmp_path / "new.db"):
        done = subprocess.run([sys.executable, "-c", program, url(path)], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


def test_two_processes_upgrade_once(tmp_path: Path) -> None:
    """R-I2: under a lock. Both end well, exactly one of them did it."""
    program = """
import asyncio, sys
from gophergate.store.database import open_database
from gophergate.store.revision import upgrade
async def main():
    database = await open_database(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    print(await upgrade(database, stepwise=True))
    await database.close()
asyncio.run(main())
"""
    path = tmp_path / "x.db"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, url(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(answers) == ["False", "True"]


NEXT = f"{int(HEAD) + 1:04d}"


def migrations(folder: Path, body: str) -> Migrations:
    """Our migrations and one more."""
    shutil.copytree(SHIPPED.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / f"{NEXT}_next.py").write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\nrevision = '{NEXT}'\ndown_revision = '{HEAD}'\n"
        f"def upgrade():\n{body}\n"
    )
    return Migrations(folder, NEXT)


FAILS_HALFWAY = """
    op.create_table("extra", sa.Column("a", sa.Text()))
    op.add_column("settings", sa.Column("note", sa.Text()))
    op.execute("INSERT INTO missing VALUES (1)")
"""


async def test_a_failed_upgrade_leaves_the_old_schema(fresh: Callable[[], Path], tmp_path: Path) -> None:
    """R-I2."""
    path = fresh()
    before = contents(path)
    database = await open_database(url(path))
    with pytest.raises(UpgradeFailed, match="left as it was"):
        await upgrade(database, migrations(tmp_path / "m", FAILS_HALFWAY))
    assert await current_revision(database) == HEAD
    await database.close()
    assert contents(path) == before


async def test_an_upgrade_keeps_the_rows(fresh: Callable[[], Path], tmp_path: Path) -> None:
    """R-I2: with data."""
    database = await open_database(url(fresh()))
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO settings VALUES ('a', '1', 1, 0)"))
    body = '    op.add_column("settings", sa.Column("note", sa.Text()))'
    assert await upgrade(database, migrations(tmp_path / "m", body))
    assert await current_revision(database) == NEXT
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT * FROM settings"))).all() == [("a", "1", 1, 0, None)]
    await database.close()


async def test_a_table_may_be_rebuilt_without_losing_what_refers_to_it(
    fresh: Callable[[], Path], tmp_path: Path
) -> None:
    """SQLite changes a column by copying the table; its ON DELETE must not fire when the old one goes."""
    database = await open_database(url(fresh()))
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO clients (id, name, disabled, created_at) VALUES ('c', 'c', 0, 0)"))
        await connection.execute(
            text(
                "INSERT INTO keys (id, client_id, name, hash, prefix, last4, created_at) "
                "VALUES ('k', 'c', 'k', x'00', 'sk', 'abcd', 0)"
            )
        )
    body = """
    with op.batch_alter_table("clients") as table:
        table.alter_column("name", type_=sa.String(200))
"""
    assert await upgrade(database, migrations(tmp_path / "m", body))
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT id, client_id FROM keys"))).all() == [("k", "c")]
    await database.close()


async def test_a_migration_that_leaves_rows_dangling_is_refused(fresh: Callable[[], Path], tmp_path: Path) -> None:
    database = await open_database(url(fresh()))
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO organisations VALUES ('o', 'o', 0)"))
        await connection.execute(
            text("INSERT INTO teams (id, organisation_id, name, disabled, created_at) VALUES ('t', 'o', 't', 0, 0)")
        )
    with pytest.raises(UpgradeFailed, match="refer to nothing"):
        await upgrade(database, migrations(tmp_path / "m", '    op.execute("DELETE FROM organisations")'))
    await database.close()


async def test_a_cancelled_upgrade_leaves_an_empty_database(tmp_path: Path) -> None:
    database = await open_database(url(tmp_path / "x.db"))
    task = asyncio.create_task(upgrade(database))
    while not task.done():
        await asyncio.sleep(0)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await current_revision(database) is None
    assert await upgrade(database)
    await database.close()
