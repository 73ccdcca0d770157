"""Settings changed at run time: a name, a JSON text and a version that tells who was first."""

from __future__ import annotations

import msgspec
from sqlalchemy import Select, insert, select, update

from gophergate.store import changes
from gophergate.store.database import Conflict, Database
from gophergate.store.tables import settings

TOPIC = "settings"


class SettingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One setting; `value` is JSON text."""

    name: str
    value: str
    version: int
    updated_at: int


class SettingRows:
    """The settings of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[str, SettingRow]:
        """Every setting that was ever changed, by name."""
        async with self._database.read() as connection:
            return {row.name: SettingRow(**row._mapping) for row in await connection.execute(_SETTING)}

    async def put(self, name: str, value: str, *, now: int, expected_version: int) -> SettingRow:
        """Store a value over the one that was read with `expected_version` (0: there was none).

        Raises Conflict when somebody else changed it since.
        """
        row = SettingRow(name=name, value=value, version=expected_version + 1, updated_at=now)
        async with self._database.write() as connection:
            if expected_version == 0:
                await connection.execute(insert(settings).values(msgspec.structs.asdict(row)))
            else:
                changed = await connection.execute(
                    update(settings)
                    .where(settings.c.name == name, settings.c.version == expected_version)
                    .values(value=value, version=row.version, updated_at=now)
                )
                if changed.rowcount == 0:
                    raise Conflict(f"The setting '{name}' was changed by somebody else. Read it again.")
            await changes.mark(connection, TOPIC)
        return row


_SETTING: Select[tuple[object, ...]] = select(*(settings.c[name] for name in SettingRow.__struct_fields__))
