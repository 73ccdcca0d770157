from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys
import time
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from gophergate.errors import Unavailable
from gophergate.store.database import Conflict, Database, DatabaseUnavailable, database_address, open_database
from gophergate.store.tables import organisations, settings, teams
from kit.postgresql import ON_SQLITE


def row(name: str) -> dict[str, object]:
    return {"name": name, "value": "1", "version": 1, "updated_at": 0}


async def names(database: Database) -> list[str]:
    async with database.read() as connection:
        return list((await connection.execute(select(settings.c.name).order_by(settings.c.name))).scalars())


@ON_SQLITE
async def test_every_connection_is_set_up_for_one_writer_and_many_readers(database: Database) -> None:
    for opened in (database.read, database.write):
        async with opened() as connection:
            found = {
                name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert found == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 5000}


async def test_readers_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"read-?only"):
        async with database.read() as connection:
            await connection.execute(insert(settings).values(row("a")))
    assert await names(database) == []


async def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(insert(settings).values(row("a")))
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    async with database.write() as connection:
        await connection.execute(insert(settings).values(row("b")))
    assert await names(database) == ["b"]


async def test_a_cancelled_block_leaves_nothing_and_the_next_one_goes_on(database: Database) -> None:
    inside = asyncio.Event()

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(insert(settings).values(row("a")))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.write() as connection:
        await connection.execute(insert(settings).values(row("b")))
    assert await names(database) == ["b"]


@ON_SQLITE
async def test_writers_take_turns_and_readers_do_not_wait_for_them(database: Database) -> None:
    order: list[str] = []

    async def write(name: str) -> None:
        async with database.write() as connection:
            order.append(f"{name} begins")
            await connection.execute(insert(settings).values(row(name)))
            seen = await asyncio.create_task(names(database))
            assert name not in seen, "a reader saw what is not committed"
            order.append(f"{name} ends")

    await asyncio.gather(*(write(name) for name in "abc"))
    assert order == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]
    assert await names(database) == ["a", "b", "c"]


async def test_a_transaction_within_another_of_its_task_is_a_part_of_it(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as connection:
            await connection.execute(insert(settings).values(row("a")))
            async with database.write() as inner:
                await inner.execute(insert(settings).values(row("b")))
            assert await names(database) == ["a", "b"]
            raise RuntimeError
    assert await names(database) == []


async def test_a_reader_sees_the_newest_commit_without_reopening(database: Database) -> None:
    async with database.read() as reader:
        count = text("SELECT count(*) FROM settings")
        assert (await reader.execute(count)).scalar() == 0
        async with database.write() as connection:
            await connection.execute(insert(settings).values(row("a")))
        assert (await reader.execute(count)).scalar() == 1


@ON_SQLITE
async def test_a_database_locked_by_another_process_is_unavailable_and_recovers(database: Database) -> None:
    opened = await open_database(str(database.url), busy_seconds=0.05)
    other = sqlite3.connect(str(database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        async with opened.write():
            pass
    assert await names(opened) == [], "reading goes on"
    other.execute("COMMIT")
    other.close()
    async with opened.write() as connection:
        await connection.execute(insert(settings).values(row("a")))
    await opened.close()
    assert await names(database) == ["a"]


async def test_what_contradicts_the_schema_is_a_conflict(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(organisations).values(id="1", name="one", created_at=0))
    for wrong in (
        insert(organisations).values(id="2", name="one", created_at=0),
        insert(teams).values(id="1", name="t", organisation_id="missing", disabled=False, created_at=0),
    ):
        with pytest.raises(Conflict) as caught:
            async with database.write() as connection:
                await connection.execute(wrong)
        assert caught.value.status == 409


async def test_messages_hold_no_values(database: Database) -> None:
    """R-X4: what is written may be a secret."""
    with pytest.raises(DatabaseUnavailable) as caught:
        async with database.read() as connection:
            await connection.execute(insert(settings).values(row("a") | {"value": "canary-secret"}))
    chain: BaseException | None = caught.value
    while chain is not None:
        assert "canary-secret" not in str(chain)
        chain = chain.__cause__


def test_the_name_hides_the_password() -> None:
    assert "hunter2" not in database_address("postgresql://me:hunter2@host/db").render_as_string(hide_password=True)


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///x.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:///x.db", "sqlite+aiosqlite"),
        ("postgresql://me@host/db", "postgresql+asyncpg"),
        ("postgres://me@host/db", "postgresql+asyncpg"),
    ],
)
def test_a_url_gets_the_driver_we_use(given: str, driver: str) -> None:
    assert database_address(given).drivername == driver


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_is_none_is_refused_in_one_sentence(url: str) -> None:
    with pytest.raises(ValueError, match=r"^The database [^\n]+\.$"):
        database_address(url)


async def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"^The database file .*No such file or directory\.$"):
        await open_database(f"sqlite+aiosqlite:///{tmp_path}/missing/x.db")


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(DatabaseUnavailable, match="not a database"):
        await open_database(f"sqlite+aiosqlite:///{tmp_path}/x.db")


async def test_a_missing_driver_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(DatabaseUnavailable) as caught:
        await open_database("postgresql://me@127.0.0.1:1/db")
    assert str(caught.value) == (
        "PostgreSQL needs the driver asyncpg, which is not installed: install GopherGate with its extra, "
        "`pip install 'gophergate[postgresql]'`."
    )
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert "asyncpg" in project["optional-dependencies"]["postgresql"][0]


async def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    opened = await open_database(f"sqlite+aiosqlite:///{tmp_path}/new.db")
    assert stat.S_IMODE((tmp_path / "new.db").stat().st_mode) == 0o600
    await opened.close()


async def test_opening_costs_little(tmp_path: Path) -> None:
    """R-P3: printed, not asserted; most of it is connecting."""
    began = time.perf_counter()
    opened = await open_database(f"sqlite+aiosqlite:///{tmp_path}/new.db")
    print(f"\nopening a database: {(time.perf_counter() - began) * 1000:.1f} ms")
    await opened.close()
