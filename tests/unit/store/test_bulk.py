from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from gophergate.store.bulk import BulkInsert, upsert
from gophergate.store.database import Conflict, Database
from gophergate.store.tables import change_marks

COLUMNS = ("topic", "version")


async def stored(database: Database) -> list[tuple[str, int]]:
    async with database.read() as connection:
        rows = await connection.execute(select(change_marks).order_by(change_marks.c.topic))
        return [tuple(row) for row in rows]


@pytest.mark.parametrize("count", [0, 1, 7, 8, 63, 64, 65, 137, 200])
async def test_any_number_of_rows_arrives_whole(database: Database, count: int) -> None:
    rows = [(f"{number:05d}", number) for number in range(count)]
    async with database.write() as connection:
        await BulkInsert(insert(change_marks), COLUMNS, database.sql).execute(connection, rows)
    assert await stored(database) == rows


def test_columns_in_another_order_are_refused(database: Database) -> None:
    """Values would land in the wrong columns."""
    with pytest.raises(ValueError, match="order"):
        BulkInsert(insert(change_marks), ("version", "topic"), database.sql)


async def test_an_upsert_adds_to_what_is_there(database: Database) -> None:
    adding = BulkInsert(upsert(change_marks, ["version"], database.sql), COLUMNS, database.sql)
    for _ in range(3):
        async with database.write() as connection:
            await adding.execute(connection, [(f"{number:03d}", number) for number in range(70)])
    assert await stored(database) == [(f"{number:03d}", 3 * number) for number in range(70)]


async def test_a_plain_insert_of_what_is_there_is_a_conflict_and_stores_none(database: Database) -> None:
    inserting = BulkInsert(insert(change_marks), COLUMNS, database.sql)
    async with database.write() as connection:
        await inserting.execute(connection, [("069", 1)])
    with pytest.raises(Conflict):
        async with database.write() as connection:
            await inserting.execute(connection, [(f"{number:03d}", number) for number in range(70)])
    assert await stored(database) == [("069", 1)]
