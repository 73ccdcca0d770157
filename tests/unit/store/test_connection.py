"""A connection goes back to its pool whatever becomes of who used it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.util import await_

from gophergate.store.connection import AsyncEngine


@pytest.fixture
def engine(tmp_path: Path) -> AsyncEngine:
    return AsyncEngine(create_engine(f"sqlite+aiosqlite:///{tmp_path}/a.db"))


async def test_who_is_cancelled_while_giving_a_connection_back_ends_only_when_it_is_back(engine: AsyncEngine) -> None:
    giving_back, may_end = asyncio.Event(), asyncio.Event()

    @event.listens_for(engine.sync_engine, "reset")
    def slowly(*of_what: object) -> None:
        giving_back.set()
        await_(may_end.wait())

    async def use() -> None:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE t (a)"))

    user = asyncio.create_task(use())
    await giving_back.wait()
    for _ in range(3):  # However often.
        user.cancel()
        await asyncio.wait((user,), timeout=0.01)
        assert not user.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await user
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM t"))).scalar() == 0
    await engine.dispose()


async def test_a_result_is_read_after_its_connection_is_back(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        found = await connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n LIMIT 500) SELECT i FROM n"
        )
        many = await connection.execute(text("SELECT :a"), {"a": 7})
    assert [row[0] for row in found] == [*range(1, 501)]
    assert many.scalar() == 7
    await engine.dispose()


async def test_what_fails_while_it_begins_leaves_no_connection_taken(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "begin")
    def refuses(connection: object) -> None:
        raise ZeroDivisionError

    for _ in range(20):  # More than the pool has.
        with pytest.raises(ZeroDivisionError):
            async with engine.begin():
                pass
    await engine.dispose()
