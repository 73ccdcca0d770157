"""Limits beside those that keys, clients and teams carry themselves: of organisations, users, models, and of any of
them for one model."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row, delete, insert, select, update

from gophergate.core.caller import Limits
from gophergate.errors import NotHere
from gophergate.store import changes
from gophergate.store.budgets import TOPIC
from gophergate.store.database import Conflict, Database
from gophergate.store.tables import limits
from gophergate.store.values import limits_from, to_text


class LimitRow(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a scope, for calls of one model only where `model` is not "". Times are Unix microseconds."""

    id: str
    scope: str
    scope_id: str
    model: str = ""
    limits: Limits
    version: int = 1
    created_at: int
    updated_at: int


class LimitRows:
    """The limits of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[LimitRow]:
        """Every one, the oldest first."""
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(_SHOWN.order_by(limits.c.id))]

    async def get(self, limit_id: str) -> LimitRow:
        """One of them. Raises NotHere."""
        async with self._database.read() as connection:
            row = (await connection.execute(_SHOWN.where(limits.c.id == limit_id))).one_or_none()
        if row is None:
            raise NotHere(f"There are no limits '{limit_id}'.")
        return _row(row)

    async def create(self, row: LimitRow) -> None:
        """Store limits. Raises Conflict when the scope has some already."""
        async with self._database.write() as connection:
            taken = select(limits.c.id).where(
                *(limits.c[name] == getattr(row, name) for name in ("scope", "scope_id", "model"))
            )
            if (await connection.execute(taken)).first() is not None:
                raise Conflict(f"This {row.scope} has limits of this kind already; change those.")
            await connection.execute(insert(limits).values(_values(row)))
            await changes.mark(connection, TOPIC)

    async def change(self, row: LimitRow) -> None:
        """Store what may change of them. Raises NotHere."""
        async with self._database.write() as connection:
            changed = await connection.execute(update(limits).where(limits.c.id == row.id).values(_values(row)))
            if changed.rowcount == 0:
                raise NotHere(f"There are no limits '{row.id}'.")
            await changes.mark(connection, TOPIC)

    async def delete(self, limit_id: str) -> None:
        """Remove limits. Raises NotHere."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(limits).where(limits.c.id == limit_id))
            if gone.rowcount == 0:
                raise NotHere(f"There are no limits '{limit_id}'.")
            await changes.mark(connection, TOPIC)


_SHOWN = select(*(limits.c[name] for name in LimitRow.__struct_fields__))


def _row(row: Row[Any]) -> LimitRow:
    value = dict(row._mapping)
    value["limits"] = limits_from(value["limits"])
    return LimitRow(**value)


def _values(row: LimitRow) -> dict[str, Any]:
    return msgspec.structs.asdict(row) | {"limits": to_text(row.limits)}
