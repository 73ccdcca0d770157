"""Model groups made at run time, every version of each: a draft, the published one, and those before it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from sqlalchemy import Row, Select, delete, func, insert, select, update

from gophergate.errors import NotHere
from gophergate.store import changes
from gophergate.store.connection import AsyncConnection
from gophergate.store.database import Conflict, Database
from gophergate.store.providers import TOPIC
from gophergate.store.tables import groups
from gophergate.store.values import to_text

State = Literal["draft", "published", "retired"]


class GroupRow(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a group. `definition` holds the members of `[[groups]]` but for the name."""

    name: str
    version: int
    state: State
    definition: dict[str, Any]
    author_id: str | None = None
    created_at: int


class Groups:
    """The groups of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def published(self) -> list[GroupRow]:
        """What is in force, by name."""
        query = _GROUP.where(groups.c.state == "published").order_by(groups.c.name)
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(query)]

    async def latest(self) -> list[GroupRow]:
        """The newest version of each group, drafts included, by name."""
        newest = select(groups.c.name, func.max(groups.c.version).label("version")).group_by(groups.c.name).subquery()
        query = _GROUP.join(newest, (newest.c.name == groups.c.name) & (newest.c.version == groups.c.version)).order_by(
            groups.c.name
        )
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(query)]

    async def versions(self, name: str) -> list[GroupRow]:
        """Every version of a group, newest first. Raises NotHere."""
        async with self._database.read() as connection:
            rows = await connection.execute(_GROUP.where(groups.c.name == name).order_by(groups.c.version.desc()))
            found = [_row(row) for row in rows]
        if not found:
            raise NotHere(f"There is no group '{name}'.")
        return found

    async def is_there(self, name: str) -> bool:
        """Whether there is any version of a group of that name."""
        async with self._database.read() as connection:
            found = await connection.execute(select(groups.c.name).where(groups.c.name == name).limit(1))
            return found.one_or_none() is not None

    async def save(
        self,
        name: str,
        definition: dict[str, Any],
        *,
        state: Literal["draft", "published"],
        expected_version: int,
        author_id: str | None,
        now: int,
    ) -> GroupRow:
        """Add a version after `expected_version` (0: a new group). A published one takes the place of the last.

        Raises Conflict when somebody else added one since, or the name is taken.
        """
        async with self._database.write() as connection:
            newest = (
                await connection.execute(select(func.max(groups.c.version)).where(groups.c.name == name))
            ).scalar() or 0
            if newest != expected_version:
                taken = expected_version == 0
                raise Conflict(
                    f"There is a group '{name}' already."
                    if taken
                    else f"The group '{name}' was changed by somebody else. Read it again."
                )
            if state == "published":
                await _retire(connection, name)
            row = GroupRow(
                name=name,
                version=newest + 1,
                state=state,
                definition=definition,
                author_id=author_id,
                created_at=now,
            )
            await connection.execute(insert(groups).values(_values(row)))
            if state == "published":
                await changes.mark(connection, TOPIC)
        return row

    async def publish(self, name: str, version: int) -> GroupRow:
        """Put a version in force, be it a draft or an older one. Raises NotHere."""
        async with self._database.write() as connection:
            await _retire(connection, name)
            changed = await connection.execute(
                update(groups).where(groups.c.name == name, groups.c.version == version).values(state="published")
            )
            if changed.rowcount == 0:
                raise NotHere(f"There is no version {version} of the group '{name}'.")
            await changes.mark(connection, TOPIC)
            row = (await connection.execute(_GROUP.where(groups.c.name == name, groups.c.version == version))).one()
        return _row(row)

    async def delete(self, name: str) -> None:
        """Remove a group with its history. Raises NotHere."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(groups).where(groups.c.name == name))
            if gone.rowcount == 0:
                raise NotHere(f"There is no group '{name}'.")
            await changes.mark(connection, TOPIC)


async def _retire(connection: AsyncConnection, name: str) -> None:
    await connection.execute(
        update(groups).where(groups.c.name == name, groups.c.state == "published").values(state="retired")
    )


def _values(row: GroupRow) -> dict[str, Any]:
    return msgspec.structs.asdict(row) | {"definition": to_text(row.definition)}


def _row(row: Row[tuple[object, ...]]) -> GroupRow:
    value = dict(row._mapping)
    value["definition"] = msgspec.json.decode(value["definition"])
    return GroupRow(**value)


_GROUP: Select[tuple[object, ...]] = select(*(groups.c[name] for name in GroupRow.__struct_fields__))
