"""Tables by period: each week of calls and each day of bodies has a table of its own, so that retention drops
tables and never deletes row by row (R-D2).

A period is told by a record's own time, so a replayed record comes to the same table. The table `periods` says
which exist. What is too old is first expired (nobody reads or writes it any more), then dropped some minutes
later, when no query can still be at it; its line stays, so that a late replay cannot bring it back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta

import msgspec
from sqlalchemy import Connection, MetaData, Table, insert, select, update
from sqlalchemy.sql import quoted_name

from gophergate.store import tables
from gophergate.store.connection import AsyncConnection
from gophergate.store.database import Database
from gophergate.store.tables import periods

DAY_US = 86_400_000_000
DROP_AFTER_US = 600_000_000
"""How long an expired period stays before it is dropped: longer than any query runs."""
_EPOCH = date(1970, 1, 1)


class Kind(msgspec.Struct, frozen=True):
    """Sort of rows kept by period: `template` is the empty table copied for each, `days` a period's length.

    Periods begin on days whose number since 1970-01-01, plus `shift`, is a multiple of `days`.
    """

    template: Table
    days: int
    shift: int = 0

    @property
    def name(self) -> str:
        return self.template.name

    def period(self, at: int) -> Period:
        """The period of a time in Unix microseconds."""
        day = at // DAY_US
        return Period(self.name, day - (day + self.shift) % self.days, self.days)


CALLS = Kind(tables.calls, 7, shift=3)
"""Weeks from Monday to Sunday, UTC (1970-01-01 was a Thursday)."""
BODIES = Kind(tables.call_bodies, 1)


class Period(msgspec.Struct, frozen=True, order=True):
    """One period of a kind: `days` days from `first_day` (days since 1970-01-01 UTC)."""

    kind: str
    first_day: int
    days: int

    @property
    def table(self) -> str:
        """The name of its table, such as calls_20260803."""
        return f"{self.kind}_{_EPOCH + timedelta(days=self.first_day):%Y%m%d}"

    @property
    def start(self) -> int:
        """Its first moment, Unix microseconds."""
        return self.first_day * DAY_US

    @property
    def end(self) -> int:
        """The first moment after it."""
        return (self.first_day + self.days) * DAY_US


class Periods:
    """The periods of one kind in one database. Remembers which are open, to spare the writer a look."""

    def __init__(self, database: Database, kind: Kind) -> None:
        self.kind = kind
        self._database = database
        self._open: set[Period] = set()
        self._tables: dict[Period, Table] = {}

    def table(self, period: Period) -> Table:
        """How statements name a period's table. Says nothing of whether it exists."""
        found = self._tables.get(period)
        if found is None:
            found = self._tables[period] = copied(self.kind.template, period)
        return found

    async def open(self, connection: AsyncConnection, wanted: Iterable[Period]) -> set[Period]:
        """Those of `wanted` that take rows, made now where they were missing; an expired one is left out.

        Runs inside the caller's transaction; `confirm` what it returned once that has committed.
        """
        found = set()
        for period in sorted(wanted):
            if period in self._open:
                found.add(period)
                continue
            row = (
                await connection.execute(
                    select(periods.c.expired_at).where(
                        periods.c.kind == period.kind, periods.c.first_day == period.first_day
                    )
                )
            ).one_or_none()
            if row is None:
                await connection.execute(
                    insert(periods).values(kind=period.kind, first_day=period.first_day, days=period.days)
                )
                await connection.run_sync(_create, self.kind.template.name, period)
            if row is None or row.expired_at is None:
                found.add(period)
        return found

    def confirm(self, opened: Collection[Period]) -> None:
        """The transaction that opened these has committed."""
        self._open.update(opened)

    def doubt(self) -> None:
        """A write failed: perhaps another process dropped a period. Look again next time."""
        self._open.clear()

    async def live(
        self, connection: AsyncConnection, since: int | None = None, until: int | None = None
    ) -> list[Period]:
        """The periods that hold rows from `since` up to but not including `until`, newest first."""
        query = select(periods.c.first_day, periods.c.days).where(
            periods.c.kind == self.kind.name, periods.c.expired_at.is_(None)
        )
        rows = await connection.execute(query.order_by(periods.c.first_day.desc()))
        found = [Period(self.kind.name, first_day, days) for first_day, days in rows]
        return [
            period
            for period in found
            if (since is None or period.end > since) and (until is None or period.start < until)
        ]

    async def retire(self, before: int, now: int) -> list[str]:
        """Expire the periods that ended by `before`, drop those expired long enough; the names of the dropped.

        To be called every hour or so; a row lives at most one period and `DROP_AFTER_US` longer than asked.
        """
        async with self._database.write() as connection:
            mine = periods.c.kind == self.kind.name
            await connection.execute(
                update(periods)
                .where(mine, periods.c.expired_at.is_(None))
                .where(periods.c.first_day + periods.c.days <= before // DAY_US)
                .values(expired_at=now)
            )
            due = mine & periods.c.dropped_at.is_(None) & (periods.c.expired_at <= now - DROP_AFTER_US)
            rows = (await connection.execute(select(periods.c.first_day, periods.c.days).where(due))).all()
            doomed = [Period(self.kind.name, first_day, days) for first_day, days in rows]
            for period in doomed:
                await connection.run_sync(self.table(period).drop)
            await connection.execute(update(periods).where(due).values(dropped_at=now))
        self._open = {period for period in self._open if period.end > before}
        return [period.table for period in doomed]


def copied(template: Table, period: Period) -> Table:
    """The template's shape under the period's name, indexes included; theirs are one name space in a database."""
    suffix = period.table.removeprefix(template.name)
    made = template.to_metadata(MetaData(), name=period.table)
    # PostgreSQL's reflected primary key has a name, which is an index's and so already taken.
    made.primary_key.name = None
    for index in made.indexes:
        index.name = quoted_name(f"{index.name}{suffix}", quote=None)
    return made


def _create(connection: Connection, template: str, period: Period) -> None:
    """Copied from the template as it stands *in the database*: while two versions run side by side, the older one
    makes tables with the newer one's columns too (R-I2).
    """
    copied(Table(template, MetaData(), autoload_with=connection), period).create(connection)
