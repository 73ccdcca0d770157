"""Budgets, and what was spent under them: the sums of the ledger, exact for any window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    Table,
    and_,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from gophergate.errors import NotHere
from gophergate.store import changes
from gophergate.store.calls import Calls
from gophergate.store.database import Conflict, Database
from gophergate.store.rollups import HOUR_US
from gophergate.store.tables import budgets, usage_daily, usage_hourly
from gophergate.store.values import to_text

TOPIC = "budgets"

_COLUMN: Mapping[str, str] = {
    "organisation": "organisation_id",
    "team": "team_id",
    "user": "user_id",
    "client": "client_id",
    "key": "key_id",
    "session": "session",
}


class BudgetRow(msgspec.Struct, frozen=True, kw_only=True):
    """One budget. Amounts are nano-dollars, times Unix microseconds; `thresholds` None are the usual ones."""

    id: str
    scope: str
    scope_id: str
    period: str
    amount: int
    hard: bool
    timezone: str = "UTC"
    raised: int = 0
    raised_until: int | None = None
    seconds: int = 0
    model: str = ""
    thresholds: tuple[float, ...] | None = None
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
            return [_row(row) for row in await connection.execute(_SHOWN.order_by(budgets.c.id))]

    async def get(self, budget_id: str) -> BudgetRow:
        """One budget. Raises NotHere."""
        async with self._database.read() as connection:
            row = (await connection.execute(_SHOWN.where(budgets.c.id == budget_id))).one_or_none()
        if row is None:
            raise NotHere(f"There is no budget '{budget_id}'.")
        return _row(row)

    async def create(self, row: BudgetRow) -> None:
        """Store a budget. Raises Conflict when the scope has one for that period."""
        async with self._database.write() as connection:
            taken = select(budgets.c.id).where(
                *(budgets.c[name] == getattr(row, name) for name in ("scope", "scope_id", "period", "seconds", "model"))
            )
            if (await connection.execute(taken)).first() is not None:
                raise Conflict(f"This {row.scope} has a budget of this kind already; change that one.")
            await connection.execute(insert(budgets).values(_values(row)))
            await changes.mark(connection, TOPIC)

    async def change(self, row: BudgetRow) -> None:
        """Store what may change of a budget. Raises NotHere."""
        values = _values(row)
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


def _row(row: Row[Any]) -> BudgetRow:
    value = dict(row._mapping)
    kept = value["thresholds"]
    value["thresholds"] = None if kept is None else msgspec.json.decode(kept, type=tuple[float, ...])
    return BudgetRow(**value)


def _values(row: BudgetRow) -> dict[str, Any]:
    kept = row.thresholds
    return msgspec.structs.asdict(row) | {"thresholds": None if kept is None else to_text(kept)}


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """The calls whose cost is asked for: those of a scope, of one model only where that is not ""."""

    scope: str
    scope_id: str
    model: str = ""


async def spent(
    database: Database, calls: Calls, whose: Whose, begin: int, end: int | None, step: int = 0
) -> dict[int, int]:
    """The cost, in nano-dollars, of all stored calls of `whose` that began in [begin, end), by steps of so many
    microseconds, or in one sum at 0 for step 0. Whole days and hours come from the sums; what a window has of an hour
    at either edge, steps of less, and sessions, from the calls themselves."""
    if whose.scope == "session" or (step and step < HOUR_US):
        return await _of_calls(database, calls, whose, begin, end, step)
    first_hour = -(-begin // HOUR_US)
    last_hour = (end // HOUR_US) if end is not None else 1 << 40
    found: list[dict[int, int]] = []
    if begin % HOUR_US:
        found.append(await _of_calls(database, calls, whose, begin, first_hour * HOUR_US, step))
    if end is not None and end % HOUR_US and last_hour >= first_hour:
        found.append(await _of_calls(database, calls, whose, last_hour * HOUR_US, end, step))
    first_day, last_day = -(-first_hour // 24), last_hour // 24
    async with database.read() as connection:
        spans: list[tuple[Table, int, int]] = [(usage_hourly, first_hour, last_hour)]
        if first_day < last_day and not step:
            spans = [
                (usage_hourly, first_hour, first_day * 24),
                (usage_daily, first_day, last_day),
                (usage_hourly, last_day * 24, last_hour),
            ]
        for table, start, stop in spans:
            if start < stop:
                query = _by(table.c.slot if step else None, table).where(
                    table.c.slot >= start, table.c.slot < stop, *_is(table, whose)
                )
                found.append(_sums(await connection.execute(query)))
    return _together(found)


async def _of_calls(
    database: Database, calls: Calls, whose: Whose, begin: int, end: int | None, step: int
) -> dict[int, int]:
    found = []
    async with database.read() as connection:
        for period in await calls.periods.live(connection, begin, end):
            table = calls.periods.table(period)
            # Not bound: both databases must see the very expression twice to group by it.
            slot = table.c.started_at.op("/")(literal_column(str(int(step)))) if step else None
            query = _by(slot, table).where(table.c.started_at >= begin, *_is(table, whose))
            if end is not None:
                query = query.where(table.c.started_at < end)
            found.append(_sums(await connection.execute(query)))
    return _together(found)


def _by(slot: ColumnElement[int] | None, table: Table) -> Select[int, int | None]:
    cost = func.sum(table.c.cost)
    return select(literal_column("0", BigInteger), cost) if slot is None else select(slot, cost).group_by(slot)


def _sums(rows: Iterable[Row[int, int | None]]) -> dict[int, int]:
    return {int(slot): int(cost or 0) for slot, cost in rows}


def _together(found: Iterable[Mapping[int, int]]) -> dict[int, int]:
    total: dict[int, int] = {}
    for sums in found:
        for slot, cost in sums.items():
            total[slot] = total.get(slot, 0) + cost
    return total


def _is(table: Table, whose: Whose) -> Iterator[ColumnElement[bool]]:
    if whose.scope == "model":
        yield from _of_model(table, whose.scope_id)
    else:
        yield table.c[_COLUMN[whose.scope]] == whose.scope_id
    if whose.model:
        yield from _of_model(table, whose.model)


def _of_model(table: Table, name: str) -> Iterator[ColumnElement[bool]]:
    """A model goes by "provider/model" and by its own name, which may hold a slash too."""
    provider, slash, model = name.partition("/")
    own = table.c.model == name
    yield or_(own, and_(table.c.provider == provider, table.c.model == model)) if slash else own
