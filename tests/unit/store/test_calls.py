from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from gophergate.core.call import CallBodies, CallRecord, GuardFinding
from gophergate.core.usage import NOTHING_REPORTED
from gophergate.errors import BadRequest, Unavailable
from gophergate.store.calls import Calls
from gophergate.store.clients import ClientRow, Clients
from gophergate.store.database import Database, Unstorable, open_database
from gophergate.store.filters import CallFilter, conditions
from gophergate.store.keys import Keys, NewKey
from gophergate.store.rollups import by_day, sums
from gophergate.store.rows import to_columns
from gophergate.store.tables import DIMENSIONS, usage_daily, usage_hourly
from gophergate.store.usage import Usages
from kit.call_records import DAY, HOUR, MONDAY, WEEK, call, records
from kit.postgresql import ON_SQLITE

NEVER = 10**18


def ids(items: list[CallRecord]) -> list[str]:
    return [item.id for item in items]


async def everything(calls: Calls, where: CallFilter | None = None, *, limit: int = 50) -> list[CallRecord]:
    found: list[CallRecord] = []
    cursor = None
    while True:
        page = await calls.page(where or CallFilter(), cursor=cursor, limit=limit)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


# -- writing ------------------------------------------------------------------------------------------------------


async def test_a_batch_is_stored_once_however_often_it_comes(database: Database) -> None:
    """R-D4: replays are idempotent by call id; a batch may repeat an id inside itself too."""
    calls = Calls(database)
    batch = [call(number) for number in range(100)]
    assert await calls.write([*batch, *batch[:10]]) == set(ids(batch))
    assert await calls.write(batch) == set()
    assert await calls.write([*batch[50:], call(100)]) == {call(100).id}
    assert await everything(calls) == [call(number) for number in range(100, -1, -1)]
    (total,) = await Usages(database).sums(since=MONDAY, until=MONDAY + HOUR)
    assert (total.calls, total.cost, total.input) == (101, 101 * 1_234, 101 * 100)


async def test_two_writers_of_the_same_calls_count_them_once(database: Database) -> None:
    writers = [Calls(database) for _ in range(4)]
    batches = [[call(number) for number in range(start, start + 60)] for start in (0, 30, 0, 45)]
    new = await asyncio.gather(*(writer.write(batch) for writer, batch in zip(writers, batches, strict=True)))
    assert sorted(call_id for found in new for call_id in found) == ids([call(number) for number in range(105)])
    (total,) = await Usages(database).sums(since=MONDAY, until=MONDAY + HOUR)
    assert total.calls == 105


async def test_nothing_of_a_batch_stays_when_one_record_cannot_be_stored(database: Database) -> None:
    calls = Calls(database)
    refused = [call(2, session="a\0b")] if database.dialect == "postgresql" else []
    for wrong in (call(2, cost=2**70), call(2, session="\ud800"), *refused):
        with pytest.raises((OverflowError, UnicodeEncodeError, Unstorable)) as raised:
            await calls.write([call(1), wrong])
        assert not isinstance(raised.value, Unavailable), "it would be tried again for ever"
    assert await everything(calls) == []
    assert (await Usages(database).sums(since=0, until=MONDAY + WEEK))[0].calls == 0
    assert await calls.write([call(1)]) == {call(1).id}


async def test_a_cancelled_write_leaves_nothing_and_can_be_repeated(database: Database) -> None:
    calls = Calls(database)
    batch = [call(number) for number in range(10)]
    for steps in range(0, 60, 3):
        task = asyncio.create_task(calls.write(batch))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert len(await everything(calls)) in (0, 10)
    await calls.write(batch)
    (total,) = await Usages(database).sums(since=MONDAY, until=MONDAY + HOUR)
    assert total.calls == 10


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made=st.lists(records(st.integers(0, 30).map(lambda n: f"{n:04d}")), max_size=40, unique_by=lambda r: r.id),
    seed=st.integers(0, 2**32),
)
def test_the_sums_are_the_sums_of_the_rows(fresh: Callable[[], Path], made: list[CallRecord], seed: int) -> None:
    """R-A1, law 6: for any records, with any repetitions, cut into batches anywhere."""
    order = random.Random(seed)

    async def check() -> None:
        database = await open_database(f"sqlite+aiosqlite:///{fresh()}")
        calls = Calls(database)
        stream = [*made, *(order.choices(made, k=len(made)) if made else [])]
        order.shuffle(stream)
        new: list[str] = []
        while stream:
            size = order.randint(1, len(stream))
            new += await calls.write(stream[:size])
            del stream[:size]
        assert sorted(new) == sorted(ids(made))
        expected = [msgspec.structs.replace(r, usage=None) if r.usage == NOTHING_REPORTED else r for r in made]
        rows = await everything(calls, limit=7)
        assert rows == sorted(expected, key=lambda r: (r.started_at, r.id), reverse=True)
        hourly = sums(to_columns(rows)) if rows else {}
        async with database.read() as connection:
            for table, wanted in ((usage_hourly, hourly), (usage_daily, by_day(hourly))):
                width = 1 + len(DIMENSIONS)
                stored = {tuple(row[:width]): list(row[width:]) for row in await connection.execute(select(table))}
                assert stored == wanted
        await database.close()

    asyncio.run(check())


async def test_a_key_remembers_when_it_was_last_used(database: Database) -> None:
    """Right to a minute, and never backwards."""
    await Clients(database).create(ClientRow(id="client", name="c", created_at=0))
    keys, calls = Keys(database), Calls(database)
    await keys.create(NewKey(id="key", client_id="client", name="k", hash=b"h", prefix="sk", last4="abcd"), now=0)
    for at, expected in ((MONDAY, MONDAY), (MONDAY + 59_000_000, MONDAY), (MONDAY + 60_000_000, MONDAY + 60_000_000)):
        await calls.write([call(at % 1000, id=str(at), started_at=at)])
        assert (await keys.get("key")).last_used_at == expected
    await Calls(database).write([call(1, id="late", started_at=MONDAY + 1)])
    assert (await keys.get("key")).last_used_at == MONDAY + 60_000_000


# -- reading ------------------------------------------------------------------------------------------------------


async def test_an_empty_log_is_an_empty_page(database: Database) -> None:
    page = await Calls(database).page()
    assert (page.items, page.next_cursor) == ([], None)


@pytest.mark.parametrize("limit", [1, 3, 10, 11])
async def test_pages_hold_every_call_once_newest_first(database: Database, limit: int) -> None:
    """Across periods, and with calls that began in the same microsecond."""
    calls = Calls(database)
    made = [call(number, started_at=MONDAY + (number // 3) * 3 * DAY) for number in range(10)]
    await calls.write(made)
    assert await everything(calls, limit=limit) == made[::-1]


async def test_pages_stay_stable_while_calls_arrive(database: Database) -> None:
    """Neither repeated nor missed, whatever is written between two pages, in front of or behind the cursor."""
    calls = Calls(database)
    made = [call(number * 10) for number in range(30)]
    await calls.write(made)
    seen: list[str] = []
    cursor, number = None, 0
    while True:
        page = await calls.page(cursor=cursor, limit=4)
        seen += ids(page.items)
        number += 1
        await calls.write(
            [call(number * 10 + 5), call(1000 + number), call(5000 + number, started_at=MONDAY - number * DAY)]
        )
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert [call_id for call_id in seen if call_id in set(ids(made))] == ids(made[::-1])


FILTERS = {
    "key_id": "k2",
    "client_id": "c2",
    "model": "m2",
    "provider": "p2",
    "status": "error",
    "request_id": "r2",
    "session": "s2",
    "end_user": "e2",
    "user_id": "u2",
    "team_id": "t2",
    "organisation_id": "o2",
    "model_requested": "q2",
    "door": "gemini",
    "operation": "embeddings",
}


@pytest.mark.parametrize("name", FILTERS)
async def test_each_filter_keeps_what_matches(database: Database, name: str) -> None:
    calls = Calls(database)
    await calls.write([call(1), call(2, **{name: FILTERS[name]}), call(3), call(4, **{name: FILTERS[name]})])
    assert ids(await everything(calls, CallFilter(**{name: FILTERS[name]}))) == [call(4).id, call(2).id]


async def test_filters_combine(database: Database) -> None:
    calls = Calls(database)
    shapes = [(k, p, s) for k in ("k1", "k2") for p in ("p1", "p2") for s in ("ok", "error")]
    made = [call(n, key_id=k, provider=p, status=s) for n, (k, p, s) in enumerate(shapes * 3)]
    await calls.write(made)
    for where in (
        CallFilter(key_id="k1", provider="p2"),
        CallFilter(key_id="k2", status="ok"),
        CallFilter(provider="p1", status="error"),
        CallFilter(key_id="k1", provider="p1", status="error", since=made[3].started_at, until=made[20].started_at),
        CallFilter(since=made[5].started_at, until=made[9].started_at),
    ):
        wanted = [
            record
            for record in made[::-1]
            if all(getattr(where, name) in (None, getattr(record, name)) for name in ("key_id", "provider", "status"))
            and (where.since or 0) <= record.started_at < (where.until or NEVER)
        ]
        assert await everything(calls, where, limit=2) == wanted


@ON_SQLITE
@pytest.mark.parametrize(
    ("where", "index"),
    [
        (CallFilter(), "started_at_id"),
        (CallFilter(key_id="a"), "key_id_started_at"),
        (CallFilter(key_id="a", provider="b", model="c"), "key_id_started_at"),
        (CallFilter(client_id="a", status="error"), "client_id_started_at"),
        (CallFilter(provider="a", status="ok"), "provider_started_at"),
        (CallFilter(provider="a", status="error"), "status_started_at"),
        (CallFilter(model="a", since=5), "model_started_at"),
    ],
)
async def test_pages_are_read_along_an_index(database: Database, where: CallFilter, index: str) -> None:
    """R-D2: no scan, no sort of more than ties, at the first page and at a later one."""
    calls = Calls(database)
    await calls.write([call(1)])
    table = calls.periods.table(calls.periods.kind.period(MONDAY))
    from gophergate.store.filters import Place

    for place in (None, Place(MONDAY, "a")):
        query = select(table.c.id).where(*conditions(table, where, place))
        query = query.order_by(table.c.started_at.desc(), table.c.id.desc()).limit(51)
        sql = query.compile(dialect=database.sql, compile_kwargs={"literal_binds": True})
        async with database.read() as connection:
            plan = [row[3] for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
        assert any(f"USING INDEX ix_calls_{index}_2026" in step or f"INDEX ix_calls_{index}_" in step for step in plan)
        assert not any(step == "USE TEMP B-TREE FOR ORDER BY" for step in plan), plan


@pytest.mark.parametrize("cursor", ["", "x", "1", "1.", ".a", "-1.a", "1e3.a", f"{10**30}.a"])
async def test_a_cursor_no_list_gave_is_a_bad_request(database: Database, cursor: str) -> None:
    with pytest.raises(BadRequest):
        await Calls(database).page(cursor=cursor)


async def test_one_call_is_found_by_its_id_in_any_period(database: Database) -> None:
    calls = Calls(database)
    made = [call(number, started_at=MONDAY + number * WEEK) for number in range(4)]
    await calls.write(made)
    for record in made:
        assert await calls.get(record.id) == record
    assert await calls.get("missing") is None


async def test_following_gives_every_call_once_in_the_order_of_writing(database: Database) -> None:
    """A long call is written after shorter ones that began later, perhaps in last week's table."""
    calls = Calls(database)
    await calls.write([call(1)])
    page = await calls.follow()
    assert page.items == []
    seen: list[str] = []
    for batch in (
        [call(5)],
        [call(3), call(2)],
        [],
        [call(4, started_at=MONDAY - DAY)],
        [call(6, started_at=MONDAY + WEEK), call(7, started_at=MONDAY - 5 * WEEK)],
    ):
        await calls.write(batch)
        while True:
            page = await calls.follow(page.next_cursor, limit=1)
            seen += ids(page.items)
            if not page.items:
                break
    assert sorted(seen) == sorted(call(number).id for number in (2, 3, 4, 5, 6, 7))
    assert seen[:3] == [call(5).id, call(3).id, call(2).id]


async def test_following_begins_in_an_empty_log(database: Database) -> None:
    calls = Calls(database)
    page = await calls.follow()
    await calls.write([call(1)])
    assert ids((await calls.follow(page.next_cursor)).items) == [call(1).id]


@pytest.mark.parametrize("cursor", ["x", "x:", "x:-1", "calls_20260803:1 y", f"x:{10**30}"])
async def test_a_position_nobody_gave_is_a_bad_request(database: Database, cursor: str) -> None:
    with pytest.raises(BadRequest):
        await Calls(database).follow(cursor)


async def test_lists_never_touch_bodies(database: Database) -> None:
    """R-D1: the bodies' tables can be gone and every list goes on."""
    calls = Calls(database)
    await calls.write([call(1)])
    await calls.write_bodies([(call(1).started_at, CallBodies(call_id=call(1).id, request=b"q", response=b"a"))])
    found = await calls.bodies(call(1))
    assert found is not None
    assert (found.request, found.response) == (b"q", b"a")
    async with database.write() as connection:
        await connection.execute(text("DROP TABLE call_bodies_20260803"))
    assert len((await calls.page()).items) == len((await calls.follow("-")).items) == 1


def multiply(path: Path, times: int) -> None:
    """Make many calls and sums of a few, in the file itself."""
    connection = sqlite3.connect(path)
    for table, unique in (("calls_20260803", "id"), ("usage_hourly", "key_id"), ("usage_daily", "key_id")):
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "seq"]
        values = ", ".join(f"{name} || '-' || n" if name == unique else name for name in names)
        connection.execute(
            f"WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {times}) "  # noqa: S608
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table}, number"
        )
    connection.commit()
    connection.close()


async def test_a_page_and_a_month_of_usage_among_a_hundred_thousand_calls(fresh: Callable[[], Path]) -> None:
    """R-D2: times are printed, not asserted."""
    path = fresh()
    database = await open_database(f"sqlite+aiosqlite:///{path}")
    calls = Calls(database)
    seeds = [call(n, started_at=MONDAY + n * HOUR // 7, model=f"m{n % 5}", key_id=f"k{n % 9}") for n in range(1000)]
    await calls.write(seeds)
    multiply(path, 99)
    reads = {
        "first page": lambda: calls.page(),
        "page of one model": lambda: calls.page(CallFilter(model="m3")),
        "page of a filter without index": lambda: calls.page(CallFilter(request_id="req_7")),
        "usage of the week by model": lambda: Usages(database).sums("model", since=MONDAY, until=MONDAY + WEEK),
        "usage by hour": lambda: Usages(database).sums("hour", since=MONDAY, until=MONDAY + WEEK),
    }
    for name, read in reads.items():
        await read()
        began = time.perf_counter()
        await read()
        print(f"\n{name}: {(time.perf_counter() - began) * 1000:.1f} ms", end="")
    (total,) = await Usages(database).sums(since=MONDAY, until=MONDAY + WEEK)
    assert total.calls == 100_000
    await database.close()


# -- what guards found --------------------------------------------------------------------------------------------


async def test_what_guards_found_is_read_from_the_calls_that_have_some(database: Database) -> None:
    """Newest first, over two weeks' tables, of a team where asked, and no more than asked for."""
    calls = Calls(database)
    found = [
        (GuardFinding(guard=f"g{n}", action="mask", mode="enforce", where="input", found={"EMAIL": n}),)
        for n in range(6)
    ]
    written = [
        call(n, started_at=MONDAY + WEEK - 3 * HOUR + n * HOUR, guards=found[n], team_id="a" if n % 2 else "b")
        for n in range(6)
    ]
    quiet = [call(100 + n, started_at=MONDAY + WEEK - 3 * HOUR + n * HOUR) for n in range(6)]
    await calls.write([*written, *quiet])
    assert await calls.guarded(MONDAY, limit=10) == found[::-1]
    assert await calls.guarded(MONDAY + WEEK - 2 * HOUR, limit=10) == found[:0:-1]
    assert await calls.guarded(MONDAY, limit=2) == found[:3:-1]
    assert await calls.guarded(MONDAY, limit=4) == found[:1:-1]
    assert await calls.guarded(MONDAY, team_id="a", limit=10) == [found[5], found[3], found[1]]
    assert await calls.guarded(NEVER, limit=10) == []


@ON_SQLITE
async def test_what_guards_found_reads_no_other_calls(database: Database) -> None:
    """R-D2: along the index that holds only these, whatever else a day has."""
    calls = Calls(database)
    await calls.write([call(1)])
    period = calls.periods.kind.period(MONDAY)
    table = calls.periods.table(period)
    query = select(table.c.guards).where(table.c.guards.is_not(None), table.c.started_at >= 1)
    query = query.order_by(table.c.started_at.desc()).limit(5)
    sql = query.compile(dialect=database.sql, compile_kwargs={"literal_binds": True})
    async with database.read() as connection:
        plan = [row[3] for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
    assert len(plan) == 1, plan
    assert f"INDEX ix_calls_started_at{period.table.removeprefix('calls')} (" in plan[0]
