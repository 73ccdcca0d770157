"""Guards made at run time."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row, Select, delete, insert, select, update

from gophergate.errors import NotHere
from gophergate.store import changes
from gophergate.store.database import Conflict, Database
from gophergate.store.providers import TOPIC
from gophergate.store.tables import guards
from gophergate.store.values import to_text


class GuardRow(msgspec.Struct, frozen=True, kw_only=True):
    """One guard. `definition` holds the members of `[[guards]]` but for the name; times are Unix microseconds."""

    name: str
    definition: dict[str, Any]
    version: int = 1
    created_at: int
    updated_at: int


class Guards:
    """The guards of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[GuardRow]:
        """Every guard, by name."""
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(_GUARD.order_by(guards.c.name))]

    async def get(self, name: str) -> GuardRow:
        """One guard. Raises NotHere."""
        async with self._database.read() as connection:
            row = (await connection.execute(_GUARD.where(guards.c.name == name))).one_or_none()
        if row is None:
            raise NotHere(f"There is no guard '{name}'.")
        return _row(row)

    async def create(self, guard: GuardRow) -> None:
        """Store a guard. Raises Conflict for a taken name."""
        async with self._database.write() as connection:
            taken = select(guards.c.name).where(guards.c.name == guard.name)
            if (await connection.execute(taken)).first() is not None:
                raise Conflict(f"There is a guard '{guard.name}' already.")
            await connection.execute(insert(guards).values(_values(guard)))
            await changes.mark(connection, TOPIC)

    async def replace(self, guard: GuardRow, *, expected_version: int) -> GuardRow:
        """Store a guard over the one read with `expected_version`. Raises NotHere, Conflict when it was changed."""
        stored = msgspec.structs.replace(guard, version=expected_version + 1)
        async with self._database.write() as connection:
            changed = await connection.execute(
                update(guards)
                .where(guards.c.name == guard.name, guards.c.version == expected_version)
                .values(_values(stored))
            )
            if changed.rowcount == 0:
                await self.get(guard.name)
                raise Conflict(f"The guard '{guard.name}' was changed by somebody else. Read it again.")
            await changes.mark(connection, TOPIC)
        return stored

    async def delete(self, name: str) -> None:
        """Remove a guard. Raises NotHere."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(guards).where(guards.c.name == name))
            if gone.rowcount == 0:
                raise NotHere(f"There is no guard '{name}'.")
            await changes.mark(connection, TOPIC)


def _values(guard: GuardRow) -> dict[str, Any]:
    return msgspec.structs.asdict(guard) | {"definition": to_text(guard.definition)}


def _row(row: Row[tuple[object, ...]]) -> GuardRow:
    value = dict(row._mapping)
    value["definition"] = msgspec.json.decode(value["definition"])
    return GuardRow(**value)


_GUARD: Select[tuple[object, ...]] = select(*(guards.c[name] for name in GuardRow.__struct_fields__))
