from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from gophergate.store.bulk import BulkInsert, upsert
from gophergate.store.calls import Calls
from gophergate.store.database import Conflict, Database
from gophergate.store.tables import change_marks
from kit.call_records import call

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


async def test_columns_that_no_row_fills_are_left_out_and_the_next_rows_may_fill_them(database: Database) -> None:
    calls = Calls(database)
    batches = [
        [call(1), call(2, stream=True)],
        [call(3, cost=0, session=""), call(4, tags={"a": "b"}, usage=None)],
        [call(5)],
        [call(number, session=None if number % 3 else "s") for number in range(6, 150)],
    ]
    for batch in batches:
        assert await calls.write(batch) == {record.id for record in batch}
    stored = {record.id: record for record in (await calls.page(limit=500)).items}
    assert stored == {record.id: record for batch in batches for record in batch}


async def test_what_must_be_there_is_never_left_out(database: Database) -> None:
    inserting = BulkInsert(insert(change_marks), COLUMNS, database.sql)
    with pytest.raises(Conflict):
        async with database.write() as connection:
            await inserting.execute(connection, [("topic", None)])
    assert await stored(database) == []
