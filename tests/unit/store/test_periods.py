from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, MetaData, Table, inspect, text

from gophergate.core.call import CallBodies
from gophergate.store.bodies import Bodies
from gophergate.store.calls import Calls
from gophergate.store.database import Database
from gophergate.store.migrations.period_tables import with_copies
from gophergate.store.periods import BODIES, CALLS, DROP_AFTER_US
from gophergate.store.usage import Usages
from kit.call_records import DAY, MONDAY, WEEK, call

LATER = MONDAY + 100 * DAY


async def tables(database: Database, kind: str) -> set[str]:
    async with database.read() as connection:
        names = await connection.run_sync(lambda plain: inspect(plain).get_table_names())
    return {name for name in names if name.startswith(f"{kind}_2")}


def test_a_week_of_calls_begins_on_monday() -> None:
    period = CALLS.period(MONDAY)
    assert (period.table, period.start, period.end) == ("calls_20260803", MONDAY, MONDAY + WEEK)
    assert datetime.fromtimestamp(period.start / 1e6, UTC).weekday() == 0
    assert CALLS.period(MONDAY + WEEK - 1) == period
    assert CALLS.period(MONDAY - 1).table == "calls_20260727"


def test_bodies_go_by_day() -> None:
    assert BODIES.period(MONDAY + DAY - 1).table == "call_bodies_20260803"
    assert BODIES.period(MONDAY + DAY).table == "call_bodies_20260804"


def test_the_first_days_of_time_are_no_special_case() -> None:
    assert CALLS.period(0).table == "calls_19691229"
    assert CALLS.period(-1).table == "calls_19691229"


async def test_a_period_is_made_once_it_is_needed_and_like_the_template(database: Database) -> None:
    calls = Calls(database)
    await calls.write([call(1), call(2, started_at=MONDAY + WEEK)])
    assert await tables(database, "calls") == {"calls_20260803", "calls_20260810"}

    def shape(connection: Connection, name: str) -> object:
        table = Table(name, MetaData(), autoload_with=connection)
        columns = [(column.name, str(column.type), column.nullable, column.primary_key) for column in table.columns]
        indexes = {
            (index.unique, tuple(index.columns.keys()), str(index.dialect_options[database.dialect]["where"]))
            for index in table.indexes
        }
        return columns, indexes

    async with database.read() as connection:
        template = await connection.run_sync(shape, "calls")
        assert await connection.run_sync(shape, "calls_20260803") == template
    assert any("status" in where for _, _, where in template[1]), "the partial index has lost its condition"  # type: ignore[index]


async def test_retention_drops_tables_and_keeps_the_sums(database: Database) -> None:
    """R-D2: no row is deleted. A row lives at most one period longer than asked."""
    calls = Calls(database)
    await calls.write([call(1), call(2, started_at=MONDAY + WEEK), call(3, started_at=MONDAY + 2 * WEEK)])
    assert await calls.periods.retire(MONDAY + WEEK - DAY, LATER) == [], "the week is not over"

    assert await calls.periods.retire(MONDAY + WEEK, LATER) == []
    assert [item.id for item in (await calls.page()).items] == [call(3).id, call(2).id]
    assert await calls.get(call(1).id) is None
    assert "calls_20260803" in await tables(database, "calls"), "a query may still be at it"

    assert await calls.periods.retire(MONDAY + WEEK, LATER + DROP_AFTER_US) == ["calls_20260803"]
    assert await tables(database, "calls") == {"calls_20260810", "calls_20260817"}
    assert await calls.periods.retire(MONDAY + WEEK, LATER + 2 * DROP_AFTER_US) == []
    (total,) = await Usages(database).sums(since=MONDAY, until=MONDAY + 3 * WEEK)
    assert total.calls == 3


async def test_a_retired_period_does_not_come_back(database: Database) -> None:
    """A journal found weeks later holds calls that were counted and retired long ago."""
    calls = Calls(database)
    await calls.write([call(1)])
    for now in (LATER, LATER + DROP_AFTER_US):
        await calls.periods.retire(MONDAY + WEEK, now)
        assert await calls.write([call(1), call(2, started_at=MONDAY + WEEK)]) <= {call(2).id}
    (total,) = await Usages(database).sums(since=MONDAY, until=MONDAY + 2 * WEEK)
    assert total.calls == 2


async def test_another_process_may_retire_under_a_running_writer(database: Database) -> None:
    """The writer remembers open periods; a wrong memory costs one failed try, no lost call and no endless loop."""
    writer, other = Calls(database), Calls(database)
    await writer.write([call(1)])
    await other.periods.retire(MONDAY + WEEK, LATER)
    await other.periods.retire(MONDAY + WEEK, LATER + DROP_AFTER_US)
    batch = [call(2), call(3, started_at=MONDAY + WEEK)]
    try:
        new = await writer.write(batch)
    except Exception:
        new = await writer.write(batch)
    assert new == {call(3).id}


async def test_bodies_are_retired_by_themselves(database: Database) -> None:
    """R-D1."""
    calls, bodies = Calls(database), Bodies(database)
    await calls.write([call(1)])
    await bodies.write([(MONDAY, CallBodies(call_id=call(1).id, request=b"hello"))])
    await bodies.periods.retire(MONDAY + DAY, LATER)
    assert await bodies.get(call(1).id, MONDAY) is None
    assert await bodies.periods.retire(MONDAY + DAY, LATER + DROP_AFTER_US) == ["call_bodies_20260803"]
    assert await calls.get(call(1).id) == call(1)


async def test_an_older_version_makes_tables_with_the_newer_ones_columns(database: Database) -> None:
    """R-I2: while N has upgraded the schema, N-1 still runs and begins a new week."""
    calls = Calls(database)
    await calls.write([call(1)])
    async with database.write() as connection:
        names = await connection.run_sync(with_copies, "calls")
        assert names == ["calls", "calls_20260803"]
        for name in names:
            await connection.execute(text(f"ALTER TABLE {name} ADD COLUMN newer TEXT"))
    await calls.write([call(2), call(3, started_at=MONDAY + WEEK)])
    async with database.write() as connection:
        await connection.execute(text("UPDATE calls_20260810 SET newer = 'x'"))
    assert len((await calls.page()).items) == 3
