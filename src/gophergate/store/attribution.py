"""Usage by those whom the roll-ups do not know: end users, sessions, and the values of a tag. Summed from the calls
themselves, so the range has a bound; the same calls, the same sums as everywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from sqlalchemy import JSON, BigInteger, ColumnElement, Select, Table, Text, case, cast, func, select, type_coerce

from gophergate.store.calls import Calls
from gophergate.store.database import Database
from gophergate.store.tables import TOKEN_CLASSES
from gophergate.store.usage import UsageFilter, UsageSum

Attribute = Literal["end_user", "session", "tag"]
LONGEST_DAYS = 92
MOST = 1000
"""Sums at most, the dearest."""
_STATUSES = ("ok", "error", "refused", "timeout", "client_closed")


class Attributions:
    """The usage of one database by such attributes."""

    def __init__(self, database: Database, calls: Calls) -> None:
        self._database = database
        self._calls = calls

    async def sums(self, by: Attribute, *, tag: str = "", since: int, until: int, where: UsageFilter) -> list[UsageSum]:
        """The `MOST` dearest, of calls that began in [since, until) (Unix microseconds). `name` is "" for calls that
        say nothing of it. Raises DatabaseUnavailable."""
        found: dict[str, UsageSum] = {}
        async with self._database.read() as connection:
            for period in await self._calls.periods.live(connection, since, until):
                query = self._query(self._calls.periods.table(period), by, tag, where)
                table = self._calls.periods.table(period)
                query = query.where(table.c.started_at >= since, table.c.started_at < until)
                for name, *values in await connection.execute(query):
                    row = found.setdefault(name or "", UsageSum(name=name or ""))
                    for member, value in zip(_MEMBERS, values, strict=True):
                        setattr(row, member, getattr(row, member) + int(value or 0))
        return sorted(found.values(), key=lambda row: (-row.cost, -row.calls, row.name))[:MOST]

    def _query(self, table: Table, by: Attribute, tag: str, where: UsageFilter) -> Select[Any]:
        named = self._tag(table, tag) if by == "tag" else table.c[by]
        # Grouped by the place of the column: what is bound in an expression is another one to PostgreSQL.
        query = select(named.label("named"), *_counted(table)).group_by("named")
        for name, value in msgspec.structs.asdict(where).items():
            if value is not None:
                query = query.where(func.coalesce(table.c[name], "") == value)
        return query

    def _tag(self, table: Table, tag: str) -> ColumnElement[Any]:
        tags: ColumnElement[Any]
        if self._database.dialect == "postgresql":
            tags = cast(table.c.tags, JSON)
        else:
            tags = type_coerce(table.c.tags, JSON)
        return cast(tags[tag].as_string(), Text)


_MEMBERS = (
    "calls",
    *_STATUSES,
    "unpriced",
    "estimated",
    *TOKEN_CLASSES,
    "cost",
    "provider_cost",
    "latency_us",
    "first_tokens",
    "first_token_us",
)


def _counted(table: Table) -> Iterator[ColumnElement[Any]]:
    column = table.c
    yield func.count()
    for status in _STATUSES:
        yield func.sum(case((column.status == status, 1), else_=0))
    yield func.sum(case((column.cost.is_(None) & (column.usage_source != "none"), 1), else_=0))
    yield func.sum(case((column.usage_source == "estimated", 1), else_=0))
    for name in (*TOKEN_CLASSES, "cost", "provider_cost"):
        yield func.sum(column[name])
    yield func.sum(cast(column.latency_ms * 1000, BigInteger))
    yield func.count(column.first_token_ms)
    yield func.sum(cast(column.first_token_ms * 1000, BigInteger))
