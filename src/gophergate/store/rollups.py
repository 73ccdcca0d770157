"""Usage added up by hour and by day, in the transaction that writes the calls (R-D2): sums never lag or differ.

`sums` is plain arithmetic; `Rollups.add` brings it to the database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import repeat
from math import fsum
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.engine import Dialect

from gophergate.store import histogram, rows
from gophergate.store.bulk import BulkInsert, upsert
from gophergate.store.connection import AsyncConnection
from gophergate.store.tables import COUNTERS, DIMENSIONS, HISTOGRAMS, TOKEN_CLASSES, usage_daily, usage_hourly

HOUR_US = 3_600_000_000

Sums = dict[tuple[int | str, ...], list[int]]
"""Counters in the order of COLUMNS, by (slot, *DIMENSIONS)."""

COLUMNS = (*COUNTERS, *HISTOGRAMS)
_LATENCY = len(COUNTERS)
_FIRST_TOKEN = _LATENCY + histogram.SIZE
_ZEROS = (0,) * len(COLUMNS)
_STARTED_AT = rows.COLUMNS.index("started_at")
_WHERE = tuple(map(rows.COLUMNS.index, DIMENSIONS))
_ADDED = ("cost", *TOKEN_CLASSES, "provider_cost")
_PLACES = tuple(map(COUNTERS.index, _ADDED))
_COUNTED = tuple(map(rows.COLUMNS.index, ("usage_source", "latency_ms", "first_token_ms", *_ADDED)))


def sums(calls: Sequence[Sequence[Any]], found: Sums | None = None) -> Sums:
    """The counters of these calls by hour, added to those `found` so far. The calls are the columns that
    `rows.to_columns` makes of them. Durations are whole microseconds, so that adding stays exact.
    """
    found = {} if found is None else found
    times = calls[_STARTED_AT]
    first, last = min(times) // HOUR_US, max(times) // HOUR_US
    hours = repeat(first, len(times)) if first == last else [at // HOUR_US for at in times]
    alike: defaultdict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for where, counted in zip(
        zip(hours, *(calls[at] for at in _WHERE), strict=True),
        zip(*(calls[at] for at in _COUNTED), strict=True),
        strict=True,
    ):
        alike[where].append(counted)
    for (hour, *names), some in alike.items():
        key: tuple[int | str, ...] = (hour, *(name or "" for name in names))
        row = found.get(key)
        if row is None:
            row = found[key] = list(_ZEROS)
        _count(row, some)
    return found


def _count(row: list[int], calls: Sequence[tuple[Any, ...]]) -> None:
    """Add these calls, by columns: nearly all of it is then done by the interpreter's own loops."""
    sources, latencies, firsts, *added = zip(*calls, strict=True)
    row[0] += len(calls)
    # Something was used and nobody knows its price: counted, never taken for zero (R-U2).
    row[1] += added[0].count(None) - list(zip(added[0], sources, strict=True)).count((None, "none"))
    row[2] += sources.count("estimated")
    for at, column in zip(_PLACES, added, strict=True):
        row[at] += sum(filter(None, column))
    _time(row, 15, _LATENCY, latencies)
    timed = [ms for ms in firsts if ms is not None] if None in firsts else firsts
    if timed:
        row[16] += len(timed)
        _time(row, 17, _FIRST_TOKEN, timed)


def _time(row: list[int], total: int, buckets: int, durations: Sequence[float]) -> None:
    row[total] += round(fsum(durations) * 1000)
    for bucket, count in histogram.counted(durations):
        row[buckets + bucket] += count


def by_day(hourly: Sums) -> Sums:
    """The same counters by day."""
    found: Sums = {}
    for (hour, *dimensions), counters in hourly.items():
        key = (int(hour) // 24, *dimensions)
        row = found.get(key)
        found[key] = counters if row is None else [a + b for a, b in zip(row, counters, strict=True)]
    return found


class Rollups:
    """Adds sums to the stored ones. Safe to share; holds compiled statements only."""

    def __init__(self, dialect: Dialect) -> None:
        columns = ("slot", *DIMENSIONS, *COLUMNS)
        self._hourly = BulkInsert(upsert(usage_hourly, COLUMNS, dialect), columns, dialect)
        self._daily = BulkInsert(upsert(usage_daily, COLUMNS, dialect), columns, dialect)

    async def add(self, connection: AsyncConnection, hourly: Sums) -> None:
        """Count calls, each of which must be new, inside the caller's transaction."""
        # In sorted order, so that two nodes that add to the same rows queue up instead of locking each other out.
        await self._hourly.execute(connection, [(*key, *hourly[key]) for key in sorted(hourly)])
        daily = by_day(hourly)
        await self._daily.execute(connection, [(*key, *daily[key]) for key in sorted(daily)])


async def forget_hours(connection: AsyncConnection, before: int, *, limit: int = 24) -> int:
    """Remove the hourly sums of the oldest `limit` hours before a time (Unix microseconds); how many hours went.

    The daily sums stay, so only the hour-by-hour view of that past is given up. Call it until it answers 0.
    """
    table = usage_hourly
    oldest = select(table.c.slot).where(table.c.slot < before // HOUR_US).order_by(table.c.slot).limit(1)
    for done in range(limit):
        slot = (await connection.execute(oldest)).scalar()
        if slot is None:
            return done
        await connection.execute(delete(table).where(table.c.slot == slot))
    return limit
