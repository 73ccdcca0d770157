"""The request log: one row a call, written in batches with its roll-ups, read newest first. No bodies here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import Column, Table, func, insert, select

from gophergate.core.call import CallBodies, CallRecord, GuardFinding
from gophergate.errors import BadRequest
from gophergate.store import keys
from gophergate.store.bodies import Bodies
from gophergate.store.bulk import BulkInsert
from gophergate.store.connection import AsyncConnection
from gophergate.store.database import Conflict, Database
from gophergate.store.filters import CallFilter, Place, conditions, from_cursor, to_cursor
from gophergate.store.periods import CALLS, Period, Periods
from gophergate.store.rollups import Rollups, Sums, sums
from gophergate.store.rows import COLUMNS, from_row, read_findings, to_columns

_ATTEMPTS = 8
"""Of a write that other nodes contradict. Each time one of them has stored what it had, so that few are enough."""
_AT_ONCE = 100
"""Records worked on before the event loop gets its turn: about half a millisecond."""
_id, _started_at, _key_id = attrgetter("id"), attrgetter("started_at"), attrgetter("key_id")
_EVERYTHING = CallFilter()


class Page(msgspec.Struct, frozen=True):
    """Some calls and where the next page begins; None after the last."""

    items: list[CallRecord]
    next_cursor: str | None


class Calls:
    """The calls of one database. `ledger.writer.CallStore` is this, `write` and `write_bodies`."""

    def __init__(self, database: Database, *, bodies: Bodies | None = None) -> None:
        self._database = database
        self.body_store = bodies or Bodies(database)
        self.periods = Periods(database, CALLS)
        self._rollups = Rollups(database.sql)
        self._inserts: dict[Period, BulkInsert] = {}
        self._touched: dict[str, int] = {}

    # -- writing ------------------------------------------------------------------------------------------------

    async def write(self, records: Sequence[CallRecord], *, look_first: bool = False) -> set[str]:
        """Store these calls and count them in the roll-ups, all in one transaction; the ids of those that were new.

        A call that is stored already changes nothing, however often it comes, and so does one whose period has
        been retired. Most are new, so that it is tried before it is looked up; `look_first` where many may not be,
        and inside another transaction, which a conflict would spoil. Raises DatabaseUnavailable (nothing was
        written) or another error for a record that no database would take.
        """
        unique = dict(zip(map(_id, records), records, strict=True))
        for attempt in range(_ATTEMPTS):
            try:
                return await self._write(unique, look_first=look_first or attempt > 0)
            except Conflict:
                # Rare: one of them is there already, or another node made the same period first.
                if attempt + 1 == _ATTEMPTS:
                    raise
            except Exception:
                self.periods.doubt()
                raise
        raise AssertionError("The last attempt returns or raises.")

    async def _write(self, records: dict[str, CallRecord], *, look_first: bool) -> set[str]:
        by_period = self._by_period(list(records.values()))
        async with self._database.write() as connection:
            opened = await self.periods.open(connection, by_period)
            new: list[CallRecord] = []
            hourly: Sums = {}
            for period in sorted(opened):
                wanted = by_period[period]
                if look_first:
                    known = await self._known(connection, period, [record.id for record in wanted])
                    wanted = [record for record in wanted if record.id not in known]
                if wanted:
                    columns = await _counted(wanted, hourly)
                    await self._insert(period).execute_columns(connection, columns)
                new += wanted
            if new:
                await self._rollups.add(connection, hourly)
            used = self._used(new)
            await keys.touch(connection, used)
        self.periods.confirm(opened)
        self._touched.update(used)
        return set(map(_id, new))

    def _by_period(self, records: list[CallRecord]) -> dict[Period, list[CallRecord]]:
        found: dict[Period, list[CallRecord]] = {}
        if records:
            period = self.periods.kind.period
            times = list(map(_started_at, records))
            first = period(min(times))
            if first == period(max(times)):
                return {first: records}
        for record in records:
            found.setdefault(period(record.started_at), []).append(record)
        return found

    def _insert(self, period: Period) -> BulkInsert:
        found = self._inserts.get(period)
        if found is None:
            found = BulkInsert(insert(self.periods.table(period)), COLUMNS, self._database.sql)
            self._inserts[period] = found
        return found

    async def _known(self, connection: AsyncConnection, period: Period, ids: Sequence[str]) -> set[str]:
        table = self.periods.table(period)
        return set((await connection.execute(select(table.c.id).where(table.c.id.in_(ids)))).scalars())

    async def known(self, records: Sequence[CallRecord]) -> set[str]:
        """The ids of those of these calls that are stored already."""
        found: set[str] = set()
        async with self._database.read() as connection:
            live = set(await self.periods.live(connection))
            for period, calls in self._by_period(list(records)).items():
                if period in live:
                    found |= await self._known(connection, period, list(map(_id, calls)))
        return found

    def _used(self, records: Sequence[CallRecord]) -> dict[str, int]:
        """When each key was last used, for those whose stored time is a minute old or more."""
        last = max(map(_started_at, records), default=0)
        keys_seen = set(map(_key_id, records))
        due = {key_id for key_id in keys_seen if key_id is not None and self._is_due(key_id, last)}
        used: dict[str, int] = {}
        if due:
            for record in records:
                key_id = record.key_id
                if key_id is not None and key_id in due and record.started_at > used.get(key_id, 0):
                    used[key_id] = record.started_at
        return {key_id: at for key_id, at in used.items() if self._is_due(key_id, at)}

    def _is_due(self, key_id: str, at: int) -> bool:
        return at - self._touched.get(key_id, 0) >= keys.TOUCH_EVERY_US

    async def write_bodies(self, bodies: Sequence[tuple[int, CallBodies]]) -> None:
        """Store bodies, each with the `started_at` of its call. See `Bodies.write`."""
        await self.body_store.write(bodies)

    # -- reading ------------------------------------------------------------------------------------------------

    async def page(self, where: CallFilter = _EVERYTHING, *, cursor: str | None = None, limit: int = 50) -> Page:
        """Calls newest first, at most `limit`. Pages neither repeat nor miss a call that was there at the first.

        Raises BadRequest for a cursor no list gave.
        """
        place = from_cursor(cursor)
        until = where.until
        if place is not None:
            until = min(place.started_at + 1, until if until is not None else place.started_at + 1)
        rows: list[Sequence[Any]] = []
        async with self._database.read() as connection:
            for period in await self.periods.live(connection, where.since, until):
                table = self.periods.table(period)
                query = (
                    select(*_columns(table))
                    .where(*conditions(table, where, place))
                    .order_by(table.c.started_at.desc(), table.c.id.desc())
                    .limit(limit + 1 - len(rows))
                )
                rows += (await connection.execute(query)).all()
                if len(rows) > limit:
                    break
        items = [from_row(row) for row in rows[:limit]]
        more = len(rows) > limit and bool(items)
        return Page(items, to_cursor(Place(items[-1].started_at, items[-1].id)) if more else None)

    async def guarded(self, since: int, *, team_id: str | None = None, limit: int) -> list[tuple[GuardFinding, ...]]:
        """What guards found in the calls since then, the newest first, by call: of at most `limit` calls. Reads no
        others (their index holds only these)."""
        rows: list[str] = []
        async with self._database.read() as connection:
            for period in await self.periods.live(connection, since):
                table = self.periods.table(period)
                query = (
                    select(table.c.guards)
                    .where(table.c.guards.is_not(None), table.c.started_at >= since)
                    .order_by(table.c.started_at.desc())
                    .limit(limit - len(rows))
                )
                if team_id is not None:
                    query = query.where(table.c.team_id == team_id)
                rows += (await connection.execute(query)).scalars()
                if len(rows) == limit:
                    break
        return [read_findings(row) for row in rows]

    async def get(self, call_id: str) -> CallRecord | None:
        """The call with that id."""
        async with self._database.read() as connection:
            for period in await self.periods.live(connection):
                table = self.periods.table(period)
                row = (await connection.execute(select(*_columns(table)).where(table.c.id == call_id))).one_or_none()
                if row is not None:
                    return from_row(row)
        return None

    async def bodies(self, call: CallRecord) -> CallBodies | None:
        """What was said in a call, where it was kept."""
        return await self.body_store.get(call.id, call.started_at)

    async def follow(self, cursor: str | None = None, *, limit: int = 500) -> Page:
        """Calls in the order they were written, from where the last answer ended; without a cursor none yet, only
        where to begin. Every answer has a cursor.

        On SQLite nothing is ever missed. On PostgreSQL a call may be, when two nodes commit in the same
        instant: the live view is the exact one.
        """
        seen = _positions(cursor)
        found: list[tuple[Period, Sequence[Any]]] = []
        async with self._database.read() as connection:
            periods = await self.periods.live(connection)
            if cursor is None:
                seen = {period.table: await self._last(connection, period) for period in periods}
                periods = []
            for period in reversed(periods):
                table = self.periods.table(period)
                query = (
                    select(table.c.seq, *_columns(table))
                    .where(table.c.seq > seen.get(period.table, 0))
                    .order_by(table.c.seq)
                    .limit(limit - len(found))
                )
                found += [(period, row) for row in (await connection.execute(query)).all()]
                if len(found) == limit:
                    break
        # A period that is gone is of no more interest; one with nothing new keeps its place.
        seen = {name: seq for name, seq in seen.items() if cursor is None or name in {p.table for p in periods}}
        seen |= {period.table: row[0] for period, row in found}
        items = [from_row(row[1:]) for _, row in found]
        return Page(items, " ".join(f"{name}:{seq}" for name, seq in sorted(seen.items())) or "-")

    async def _last(self, connection: AsyncConnection, period: Period) -> int:
        table = self.periods.table(period)
        return (await connection.execute(select(func.max(table.c.seq)))).scalar() or 0


async def _counted(records: Sequence[CallRecord], hourly: Sums) -> list[Sequence[Any]]:
    """The columns of these records, whose sums are added to `hourly`."""
    pieces: list[list[Sequence[Any]]] = []
    for at in range(0, len(records), _AT_ONCE):
        piece = to_columns(records[at : at + _AT_ONCE])
        pieces.append(piece)
        sums(piece, hourly)
        await asyncio.sleep(0)
    return [list(chain.from_iterable(parts)) for parts in zip(*pieces, strict=True)]


def _columns(table: Table) -> list[Column[Any]]:
    return [table.c[name] for name in COLUMNS]


def _positions(cursor: str | None) -> dict[str, int]:
    if cursor in (None, "-"):
        return {}
    found = {}
    for part in str(cursor).split(" "):
        name, colon, seq = part.partition(":")
        if not colon or not seq.isdecimal() or len(seq) > 18:
            raise BadRequest("The cursor is not one this list gave.", param="cursor")
        found[name] = int(seq)
    return found
