"""Usage added up by hour and by day, in the transaction that writes the calls (R-D2): sums never lag or differ.

`sums` is plain arithmetic; `Rollups.add` brings it to the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from operator import attrgetter

from sqlalchemy import delete, select
from sqlalchemy.engine import Dialect

from gophergate.core.call import CallRecord
from gophergate.store import histogram
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
_dimensions = attrgetter(*DIMENSIONS)
_COUNTED = (*(COUNTERS.index(name) for name in TOKEN_CLASSES), COUNTERS.index("provider_cost"))
_counts = attrgetter(*TOKEN_CLASSES, "provider_cost")


def sums(records: Iterable[CallRecord], found: Sums | None = None) -> Sums:
    """The counters of these calls by hour, added to those `found` so far. Durations are whole microseconds, so that
    adding stays exact.
    """
    found = {} if found is None else found
    alike: dict[tuple[int, tuple[str | None, ...]], list[CallRecord]] = {}
    for record in records:
        where = record.started_at // HOUR_US, _dimensions(record)
        if where in alike:
            alike[where].append(record)
        else:
            alike[where] = [record]
    for (hour, names), calls in alike.items():
        key: tuple[int | str, ...] = (hour, *(name or "" for name in names))
        row = found.get(key)
        if row is None:
            row = found[key] = list(_ZEROS)
        _count(row, calls)
    return found


def _count(row: list[int], calls: Sequence[CallRecord]) -> None:
    """Add these calls, by columns: most of it is then done by the interpreter's own loops."""
    costs = [call.cost for call in calls]
    row[0] += len(calls)
    # Something was used and nobody knows its price: counted, never taken for zero (R-U2).
    row[1] += sum(call.cost is None and call.usage_source != "none" for call in calls) if None in costs else 0
    row[2] += [call.usage_source for call in calls].count("estimated")
    columns = zip(*[_counts(call.usage) for call in calls if call.usage is not None], strict=True)
    for at, column in zip(_COUNTED, columns, strict=False):
        row[at] += sum(filter(None, column))
    row[13] += sum(filter(None, costs))
    _time(row, 15, _LATENCY, [call.latency_ms for call in calls])
    firsts = [call.first_token_ms for call in calls if call.first_token_ms is not None]
    if firsts:
        row[16] += len(firsts)
        _time(row, 17, _FIRST_TOKEN, firsts)


def _time(row: list[int], total: int, buckets: int, durations: Sequence[float]) -> None:
    row[total] += sum([round(ms * 1000) for ms in durations])
    for bucket, count in Counter(map(histogram.bucket, durations)).items():
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
