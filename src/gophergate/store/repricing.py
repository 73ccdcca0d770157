"""Changing what past calls cost: rows read in pieces, and a piece's new costs written with the sums they change, in one
transaction, so that sums and rows agree at every commit (R-A1). Plain SQL that any database understands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Table, case, literal, select, update

from gophergate.core.call import Attempt
from gophergate.core.usage import Usage
from gophergate.store import changes
from gophergate.store.calls import Calls
from gophergate.store.connection import AsyncConnection
from gophergate.store.database import Database
from gophergate.store.periods import Period
from gophergate.store.rollups import HOUR_US
from gophergate.store.tables import DIMENSIONS, usage_daily, usage_hourly

TOPIC = "repriced"
"""Raised when past costs have changed: what was summed from them must be summed anew."""
_COUNTS = tuple(name for name in Usage.__struct_fields__)
_USED = msgspec.json.Decoder(dict[str, int]).decode
_TRIED = msgspec.json.Decoder(tuple[Attempt, ...]).decode
_ROWS_A_STATEMENT = 64


class CallPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What a stored call used and cost. `seq` is its row, `dimensions` what it is summed by."""

    seq: int
    started_at: int
    provider: str
    model: str
    model_requested: str
    usage: Usage
    cost: int | None
    version: str | None
    dimensions: tuple[str, ...]
    lost: int = 0
    """What of `cost` is for attempts that were given up beside it or cut short (lost hedges): what those used is not
    stored, so that it stays what it is."""


class NewPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What a call shall cost from now on."""

    call: CallPrice
    cost: int | None
    version: str | None


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """The calls that are meant; None means all. Times are Unix microseconds, `until` is not included."""

    since: int | None = None
    until: int | None = None
    provider: str | None = None
    model: str | None = None


class StoredPrices:
    """The prices of one database's calls."""

    def __init__(self, database: Database, calls: Calls) -> None:
        self._database = database
        self._calls = calls

    async def weeks(self, which: Which) -> list[Period]:
        """The periods that hold such calls, the oldest first."""
        async with self._database.read() as connection:
            return list(reversed(await self._calls.periods.live(connection, which.since, which.until)))

    async def read(self, week: Period, which: Which, *, after: int, limit: int) -> list[CallPrice]:
        """Calls of a period that used something, in the order of their rows, from behind the row `after`."""
        table = self._calls.periods.table(week)
        names = ("seq", "started_at", "model_requested", "cost", "price_version", "attempts", *_COUNTS, *DIMENSIONS)
        query = (
            select(*(table.c[name] for name in names))
            .where(table.c.seq > after, *_conditions(table, which))
            .order_by(table.c.seq)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [_call(row._mapping) for row in await connection.execute(query)]

    async def write(self, week: Period, new: Sequence[NewPrice]) -> list[NewPrice]:
        """Store these costs and what they change in the sums, all or nothing; those that were stored. A call that
        somebody else priced since it was read is left as it is. Raises DatabaseUnavailable."""
        table = self._calls.periods.table(week)
        async with self._database.write() as connection:
            stored: list[NewPrice] = []
            for at in range(0, len(new), _ROWS_A_STATEMENT):
                stored += await self._write(connection, table, new[at : at + _ROWS_A_STATEMENT])
            if stored:
                await _adjust(connection, stored)
                await changes.mark(connection, TOPIC)
        return stored

    async def _write(self, connection: AsyncConnection, table: Table, new: Sequence[NewPrice]) -> list[NewPrice]:
        seqs = [each.call.seq for each in new]
        held = select(table.c.seq, table.c.cost, table.c.price_version).where(table.c.seq.in_(seqs)).with_for_update()
        now = {row.seq: (row.cost, row.price_version) for row in await connection.execute(held)}
        same = [each for each in new if now.get(each.call.seq) == (each.call.cost, each.call.version)]
        for version in sorted({each.version or "" for each in same}):
            some = [each for each in same if (each.version or "") == version]
            costs = {each.call.seq: literal(each.cost, BigInteger) for each in some if each.cost is not None}
            values: dict[str, Any] = {
                "price_version": version or None,
                "cost": case(*((table.c.seq == seq, cost) for seq, cost in costs.items()), else_=None)
                if costs
                else None,
            }
            of_these = table.c.seq.in_([each.call.seq for each in some])
            await connection.execute(update(table).where(of_these).values(values))
        return same


def _conditions(table: Table, which: Which) -> Iterable[ColumnElement[bool]]:
    yield table.c.usage_source != "none"
    yield table.c.provider.is_not(None)
    yield table.c.model.is_not(None)
    if which.since is not None:
        yield table.c.started_at >= which.since
    if which.until is not None:
        yield table.c.started_at < which.until
    if which.provider is not None:
        yield table.c.provider == which.provider
    if which.model is not None:
        yield table.c.model == which.model


def _call(row: Mapping[Any, Any]) -> CallPrice:
    counts = {name: row[name] for name in _COUNTS}
    for name in ("tool_uses", "units"):
        counts[name] = _USED(counts[name]) if counts[name] is not None else None
    return CallPrice(
        seq=row["seq"],
        started_at=row["started_at"],
        provider=row["provider"],
        model=row["model"],
        model_requested=row["model_requested"],
        usage=Usage(**counts),
        cost=row["cost"],
        version=row["price_version"],
        dimensions=tuple(row[name] or "" for name in DIMENSIONS),
        lost=sum(each.cost or 0 for each in _TRIED(row["attempts"])) if row["attempts"] else 0,
    )


async def _adjust(connection: AsyncConnection, stored: Sequence[NewPrice]) -> None:
    """Bring the differences to the sums, in sorted order as the writer does. Hours that were retired are not there."""
    hours: dict[tuple[int, tuple[str, ...]], list[int]] = {}
    for each in stored:
        change = hours.setdefault((each.call.started_at // HOUR_US, each.call.dimensions), [0, 0])
        change[0] += (each.cost or 0) - (each.call.cost or 0)
        change[1] += (each.cost is None) - (each.call.cost is None)
    days: dict[tuple[int, tuple[str, ...]], list[int]] = {}
    for (hour, dimensions), (cost, unpriced) in hours.items():
        change = days.setdefault((hour // 24, dimensions), [0, 0])
        change[0] += cost
        change[1] += unpriced
    for table, sums in ((usage_hourly, hours), (usage_daily, days)):
        for (slot, dimensions), (cost, unpriced) in sorted(sums.items()):
            if cost or unpriced:
                same = [table.c[name] == value for name, value in zip(DIMENSIONS, dimensions, strict=True)]
                await connection.execute(
                    update(table)
                    .where(table.c.slot == slot, *same)
                    .values(cost=table.c.cost + cost, unpriced=table.c.unpriced + unpriced)
                )
