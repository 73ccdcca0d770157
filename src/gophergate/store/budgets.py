"""Budgets, and what was spent under them: the sums of the ledger, exact for any window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, Table, and_, delete, func, insert, select, update

from gophergate.errors import NotHere
from gophergate.store import changes
from gophergate.store.calls import Calls
from gophergate.store.database import Conflict, Database
from gophergate.store.rollups import HOUR_US
from gophergate.store.tables import budgets, usage_daily, usage_hourly

TOPIC = "budgets"

_COLUMN: Mapping[str, str] = {
    "organisation": "organisation_id",
    "team": "team_id",
    "user": "user_id",
    "client": "client_id",
    "key": "key_id",
}
_DAY_US = 24 * HOUR_US


class BudgetRow(msgspec.Struct, frozen=True, kw_only=True):
    """One budget. Amounts are nano-dollars, times Unix microseconds."""

    id: str
    scope: str
    scope_id: str
    period: str
    amount: int
    hard: bool
    timezone: str = "UTC"
    raised: int = 0
    raised_until: int | None = None
    version: int = 1
    created_at: int
    updated_at: int


class Budgets:
    """The budgets of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[BudgetRow]:
        """Every budget, the oldest first."""
        async with self._database.read() as connection:
            return [BudgetRow(**row._mapping) for row in await connection.execute(_SHOWN.order_by(budgets.c.id))]

    async def get(self, budget_id: str) -> BudgetRow:
        """One budget. Raises NotHere."""
        async with self._database.read() as connection:
            row = (await connection.execute(_SHOWN.where(budgets.c.id == budget_id))).one_or_none()
        if row is None:
            raise NotHere(f"There is no budget '{budget_id}'.")
        return BudgetRow(**row._mapping)

    async def create(self, row: BudgetRow) -> None:
        """Store a budget. Raises Conflict when the scope has one for that period."""
        async with self._database.write() as connection:
            taken = select(budgets.c.id).where(
                budgets.c.scope == row.scope, budgets.c.scope_id == row.scope_id, budgets.c.period == row.period
            )
            if (await connection.execute(taken)).first() is not None:
                raise Conflict(f"This {row.scope} has a budget for the {row.period} already; change that one.")
            await connection.execute(insert(budgets).values(msgspec.structs.asdict(row)))
            await changes.mark(connection, TOPIC)

    async def change(self, row: BudgetRow) -> None:
        """Store what may change of a budget. Raises NotHere."""
        values = msgspec.structs.asdict(row)
        async with self._database.write() as connection:
            changed = await connection.execute(update(budgets).where(budgets.c.id == row.id).values(values))
            if changed.rowcount == 0:
                raise NotHere(f"There is no budget '{row.id}'.")
            await changes.mark(connection, TOPIC)

    async def delete(self, budget_id: str) -> None:
        """Remove a budget; what was spent stays in the ledger. Raises NotHere."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(budgets).where(budgets.c.id == budget_id))
            if gone.rowcount == 0:
                raise NotHere(f"There is no budget '{budget_id}'.")
            await changes.mark(connection, TOPIC)


_SHOWN = select(*(budgets.c[name] for name in BudgetRow.__struct_fields__))


async def spent(database: Database, calls: Calls, scope: str, scope_id: str, begin: int, end: int | None) -> int:
    """The cost, in nano-dollars, of all stored calls of a scope that began in [begin, end). Whole days and hours come
    from the sums; what a window has of an hour at either edge, and sessions, from the calls themselves."""
    if scope == "session":
        return await _of_calls(database, calls, scope, scope_id, begin, end)
    first_hour = -(-begin // HOUR_US)
    last_hour = (end // HOUR_US) if end is not None else 1 << 40
    total = 0
    if begin % HOUR_US:
        total += await _of_calls(database, calls, scope, scope_id, begin, first_hour * HOUR_US)
    if end is not None and end % HOUR_US and last_hour >= first_hour:
        total += await _of_calls(database, calls, scope, scope_id, last_hour * HOUR_US, end)
    first_day, last_day = -(-first_hour // 24), last_hour // 24
    async with database.read() as connection:
        spans: list[tuple[Table, int, int]] = [(usage_hourly, first_hour, last_hour)]
        if first_day < last_day:
            spans = [
                (usage_hourly, first_hour, first_day * 24),
                (usage_daily, first_day, last_day),
                (usage_hourly, last_day * 24, last_hour),
            ]
        for table, start, stop in spans:
            if start < stop:
                query: Select[Any] = select(func.coalesce(func.sum(table.c.cost), 0)).where(
                    table.c.slot >= start, table.c.slot < stop, _is(table, scope, scope_id)
                )
                total += int((await connection.execute(query)).scalar_one())
    return total


async def _of_calls(database: Database, calls: Calls, scope: str, scope_id: str, begin: int, end: int | None) -> int:
    total = 0
    async with database.read() as connection:
        for period in await calls.periods.live(connection, begin, end):
            table = calls.periods.table(period)
            query = select(func.coalesce(func.sum(table.c.cost), 0)).where(
                table.c.started_at >= begin, _is(table, scope, scope_id)
            )
            if end is not None:
                query = query.where(table.c.started_at < end)
            total += int((await connection.execute(query)).scalar_one())
    return total


def _is(table: Table, scope: str, scope_id: str) -> ColumnElement[bool]:
    if scope == "session":
        return table.c.session == scope_id
    if scope == "model":
        provider, slash, model = scope_id.partition("/")
        return and_(table.c.provider == provider, table.c.model == model) if slash else table.c.model == scope_id
    return table.c[_COLUMN[scope]] == scope_id
