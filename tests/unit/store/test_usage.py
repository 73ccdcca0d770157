from __future__ import annotations

import random
from typing import get_args

import pytest
from sqlalchemy import func, select

from gophergate.core.call import CallRecord
from gophergate.core.usage import Usage
from gophergate.store.calls import Calls
from gophergate.store.database import Database
from gophergate.store.rollups import forget_hours
from gophergate.store.tables import usage_daily, usage_hourly
from gophergate.store.usage import By, UsageFilter, Usages
from kit.call_records import DAY, HOUR, MONDAY, call

BY = {
    "model": "model",
    "provider": "provider",
    "client": "client_id",
    "key": "key_id",
    "team": "team_id",
    "user": "user_id",
    "organisation": "organisation_id",
    "status": "status",
}


def month() -> list[CallRecord]:
    """Calls over four days, some of them unpriced, failed, estimated or of nobody."""
    draw = random.Random(7)
    return [
        call(
            number,
            started_at=MONDAY + draw.randrange(4 * DAY),
            model=draw.choice(["m1", "m2", None]),
            provider=draw.choice(["p1", "p2"]),
            key_id=draw.choice(["k1", "k2", "k3"]),
            team_id=draw.choice([None, "t1"]),
            user_id=draw.choice([None, "u1"]),
            status=draw.choice(["ok", "ok", "error", "refused", "timeout", "client_closed"]),
            usage=Usage(input=draw.randrange(1000), output=draw.randrange(100), cache_read=draw.choice([None, 5])),
            cost=draw.choice([None, 0, draw.randrange(10**9)]),
            usage_source=draw.choice(["provider", "estimated", "none"]),
            latency_ms=draw.expovariate(1 / 500),
            first_token_ms=draw.choice([None, draw.expovariate(1 / 100)]),
        )
        for number in range(300)
    ]


RANGES = [
    (MONDAY, MONDAY + 4 * DAY),
    (MONDAY + 5 * HOUR, MONDAY + 3 * DAY + 7 * HOUR),
    (MONDAY + 2 * HOUR, MONDAY + 9 * HOUR),
    (MONDAY + DAY, MONDAY + 2 * DAY),
    (MONDAY + 23 * HOUR, MONDAY + 25 * HOUR),
    (MONDAY + 5 * DAY, MONDAY + 6 * DAY),
    (MONDAY + DAY, MONDAY + DAY),
]


@pytest.mark.parametrize("span", RANGES, ids=str)
async def test_every_view_adds_up_to_the_rows(database: Database, span: tuple[int, int]) -> None:
    """R-A1: whichever way it is cut, from hours or from days, to the nano-dollar."""
    made = month()
    await Calls(database).write(made)
    since, until = span
    rows = [record for record in made if since <= record.started_at < until]
    usages = Usages(database)
    for by in get_args(By):
        found = await usages.sums(by, since=since, until=until)
        assert sum(item.calls for item in found) == len(rows)
        assert sum(item.cost for item in found) == sum(record.cost or 0 for record in rows)
        if by in BY:
            for item in found:
                mine = [record for record in rows if (getattr(record, BY[by]) or "") == item.name]
                assert item.calls == len(mine)
                assert item.input == sum(record.usage.input or 0 for record in mine if record.usage)
                assert item.unpriced == sum(r.cost is None and r.usage_source != "none" for r in mine)
                assert item.estimated == sum(r.usage_source == "estimated" for r in mine)
                assert item.error == sum(r.status == "error" for r in mine)
                assert item.ok + item.error + item.refused + item.timeout + item.client_closed == item.calls
        if by in ("hour", "day"):
            width = HOUR if by == "hour" else DAY
            assert [item.at for item in found] == sorted({record.started_at // width * width for record in rows})


async def test_of_no_calls_everything_is_zero(database: Database) -> None:
    """Edge case 69."""
    (total,) = await Usages(database).sums(since=MONDAY, until=MONDAY + 3 * DAY, histograms=True)
    assert (total.calls, total.cost, total.ok) == (0, 0, 0)
    assert total.latency_ms(0.5) is None
    assert await Usages(database).sums("model", since=MONDAY, until=MONDAY + DAY) == []


async def test_unpriced_is_counted_and_never_zero_cost(database: Database) -> None:
    """R-U2. A refusal used nothing, so it is not unpriced."""
    await Calls(database).write(
        [call(1, cost=None), call(2, cost=0), call(3, cost=None, status="refused", usage=None, usage_source="none")]
    )
    (total,) = await Usages(database).sums(since=MONDAY, until=MONDAY + HOUR)
    assert (total.calls, total.unpriced, total.cost) == (3, 1, 0)


async def test_filters_narrow_the_sums(database: Database) -> None:
    made = month()
    await Calls(database).write(made)
    for where in (UsageFilter(model="m1"), UsageFilter(key_id="k2", provider="p1"), UsageFilter(team_id="")):
        (total,) = await Usages(database).sums(since=MONDAY, until=MONDAY + 4 * DAY, where=where)
        mine = [
            record
            for record in made
            if all(
                getattr(where, name) in (None, getattr(record, name) or "")
                for name in ("model", "key_id", "provider", "team_id")
            )
        ]
        assert total.calls == len(mine) > 0


async def test_the_dearest_comes_first(database: Database) -> None:
    await Calls(database).write([call(1, model="a", cost=1), call(2, model="b", cost=9), call(3, model="c", cost=1)])
    found = await Usages(database).sums("model", since=MONDAY, until=MONDAY + HOUR)
    assert [item.name for item in found] == ["b", "a", "c"]


async def test_percentiles_survive_being_added_up(database: Database) -> None:
    made = month()
    await Calls(database).write(made)
    (total,) = await Usages(database).sums(since=MONDAY, until=MONDAY + 4 * DAY, histograms=True)
    assert sum(total.latency_histogram) == len(made)
    assert sum(total.first_token_histogram) == total.first_tokens
    assert total.latency_us == sum(round(record.latency_ms * 1000) for record in made)
    true = sorted(record.latency_ms for record in made)[len(made) // 2]
    median = total.latency_ms(0.5)
    assert median is not None
    assert true / 2 < median < true * 2


async def test_old_hours_can_be_given_up_and_their_days_stay(database: Database) -> None:
    await Calls(database).write(month())
    while True:
        async with database.write() as connection:
            if await forget_hours(connection, MONDAY + 2 * DAY, limit=10) == 0:
                break
    async with database.read() as connection:
        assert (await connection.execute(select(func.min(usage_hourly.c.slot)))).scalar_one() >= (
            MONDAY + 2 * DAY
        ) // HOUR
        assert (await connection.execute(select(func.sum(usage_daily.c.calls)))).scalar_one() == 300
    (total,) = await Usages(database).sums(since=MONDAY, until=MONDAY + 4 * DAY)
    assert total.calls == 300
