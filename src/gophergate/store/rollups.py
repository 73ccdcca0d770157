"""Usage added up by hour and by day, in the transaction that writes the calls (R-D2): sums never lag or differ.

`sums` is plain arithmetic; `Rollups.add` brings it to the database.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.engine import Dialect

from gophergate.core.call import CallRecord
from gophergate.core.usage import Usage
from gophergate.store import histogram
from gophergate.store.bulk import BulkInsert, upsert
from gophergate.store.connection import AsyncConnection
from gophergate.store.tables import COUNTERS, DIMENSIONS, HISTOGRAMS, usage_daily, usage_hourly

HOUR_US = 3_600_000_000

Sums = dict[tuple[int | str, ...], list[int]]
"""Counters in the order of COLUMNS, by (slot, *DIMENSIONS)."""

COLUMNS = (*COUNTERS, *HISTOGRAMS)
_LATENCY = len(COUNTERS)
_FIRST_TOKEN = _LATENCY + histogram.SIZE
_ZEROS = (0,) * len(COLUMNS)
_NO_USAGE = Usage()


def sums(records: Iterable[CallRecord], found: Sums | None = None) -> Sums:
    """The counters of these calls by hour, added to those `found` so far. Durations are whole microseconds, so that
    adding stays exact.
    """
    found = {} if found is None else found
    for r in records:
        key = (
            r.started_at // HOUR_US,
            r.organisation_id or "",
            r.team_id or "",
            r.user_id or "",
            r.client_id or "",
            r.key_id or "",
            r.provider or "",
            r.model or "",
            r.status,
        )
        row = found.get(key)
        if row is None:
            row = found[key] = list(_ZEROS)
        u = r.usage or _NO_USAGE
        row[0] += 1
        # Something was used and nobody knows its price: counted, never taken for zero (R-U2).
        row[1] += r.cost is None and r.usage_source != "none"
        row[2] += r.usage_source == "estimated"
        row[3] += u.input or 0
        row[4] += u.cache_read or 0
        row[5] += u.cache_write or 0
        row[6] += u.cache_write_1h or 0
        row[7] += u.audio_input or 0
        row[8] += u.image_input or 0
        row[9] += u.output or 0
        row[10] += u.audio_output or 0
        row[11] += u.image_output or 0
        row[12] += u.reasoning or 0
        row[13] += r.cost or 0
        row[14] += u.provider_cost or 0
        row[15] += round(r.latency_ms * 1000)
        row[_LATENCY + histogram.bucket(r.latency_ms)] += 1
        if r.first_token_ms is not None:
            row[16] += 1
            row[17] += round(r.first_token_ms * 1000)
            row[_FIRST_TOKEN + histogram.bucket(r.first_token_ms)] += 1
    return found


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
