from __future__ import annotations

import pytest
from sqlalchemy import Table, insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from gophergate.core.call import CallRecord
from gophergate.core.usage import Usage
from gophergate.store import histogram
from gophergate.store.bulk import BulkInsert, upsert
from gophergate.store.rollups import COLUMNS as SUMS
from gophergate.store.rows import COLUMNS
from gophergate.store.tables import DIMENSIONS, HISTOGRAMS, calls, metadata, usage_daily, usage_hourly


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)
def test_postgresql_can_make_it(table: Table) -> None:
    """R-I1: nothing here only SQLite understands."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    made = str(CreateTable(table).compile(dialect=dialect))
    assert "WITHOUT ROWID" not in made
    for index in table.indexes:
        assert str(CreateIndex(index).compile(dialect=dialect))


def test_a_call_has_a_column_for_every_member_of_its_record() -> None:
    members = {*CallRecord.__struct_fields__, *Usage.__struct_fields__} - {"usage"}
    assert set(COLUMNS) == members
    assert {column.name for column in calls.c} == members | {"seq"}


def test_hourly_and_daily_sums_have_the_same_columns() -> None:
    assert usage_hourly.c.keys() == usage_daily.c.keys() == ["slot", *DIMENSIONS, *SUMS]
    assert len(HISTOGRAMS) == 2 * histogram.SIZE


def test_inserts_are_words_postgresql_understands() -> None:
    from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

    dialect = PGDialect_asyncpg()
    one = BulkInsert(insert(calls), COLUMNS, dialect)
    (text,) = one._written(COLUMNS)
    assert text.count("$") == len(COLUMNS)
    assert "RETURNING" not in text
    columns = ("slot", *DIMENSIONS, *SUMS)
    (text,) = BulkInsert(upsert(usage_hourly, SUMS, dialect), columns, dialect)._written(columns)
    assert "ON CONFLICT (slot, organisation_id" in text
    assert "cost = (usage_hourly.cost + excluded.cost)" in text
