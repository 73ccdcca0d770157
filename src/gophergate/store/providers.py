"""Providers made at run time. Their keys come and go sealed; this room never sees one."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row, Select, delete, insert, select, update

from gophergate.errors import NotHere
from gophergate.store import changes
from gophergate.store.database import Conflict, Database
from gophergate.store.tables import providers
from gophergate.store.values import names_from, names_text, to_text

TOPIC = "catalog"
"""The change mark that rises with everything a catalogue is built from."""


class ProviderRow(msgspec.Struct, frozen=True, kw_only=True):
    """One provider. Times are Unix microseconds, `timeouts` seconds by name. `settings` is what else is known of it:
    labels that later versions add live there."""

    name: str
    kind: str
    api_key_sealed: bytes | None = None
    api_key_masked: str | None = None
    base_url: str | None = None
    models: tuple[str, ...] = ()
    speaks: tuple[str, ...] = ()
    timeouts: dict[str, float] = {}
    settings: dict[str, Any] = {}
    enabled: bool = True
    version: int = 1
    created_at: int
    updated_at: int


class Providers:
    """The providers of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[ProviderRow]:
        """Every provider, by name."""
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(_PROVIDER.order_by(providers.c.name))]

    async def get(self, name: str) -> ProviderRow:
        """One provider. Raises NotHere."""
        async with self._database.read() as connection:
            row = (await connection.execute(_PROVIDER.where(providers.c.name == name))).one_or_none()
        if row is None:
            raise NotHere(f"There is no provider '{name}'.")
        return _row(row)

    async def create(self, provider: ProviderRow) -> None:
        """Store a provider. Raises Conflict for a taken name."""
        async with self._database.write() as connection:
            await connection.execute(insert(providers).values(_values(provider)))
            await changes.mark(connection, TOPIC)

    async def replace(self, provider: ProviderRow, *, expected_version: int) -> ProviderRow:
        """Store a provider over the one read with `expected_version`. Raises NotHere, Conflict when it was changed."""
        stored = msgspec.structs.replace(provider, version=expected_version + 1)
        async with self._database.write() as connection:
            changed = await connection.execute(
                update(providers)
                .where(providers.c.name == provider.name, providers.c.version == expected_version)
                .values(_values(stored))
            )
            if changed.rowcount == 0:
                await self.get(provider.name)
                raise Conflict(f"The provider '{provider.name}' was changed by somebody else. Read it again.")
            await changes.mark(connection, TOPIC)
        return stored

    async def delete(self, name: str) -> None:
        """Remove a provider. Raises NotHere."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(providers).where(providers.c.name == name))
            if gone.rowcount == 0:
                raise NotHere(f"There is no provider '{name}'.")
            await changes.mark(connection, TOPIC)


def _values(provider: ProviderRow) -> dict[str, Any]:
    return msgspec.structs.asdict(provider) | {
        "models": names_text(provider.models or None),
        "speaks": names_text(provider.speaks or None),
        "timeouts": to_text(provider.timeouts) if provider.timeouts else None,
        "settings": to_text(provider.settings) if provider.settings else None,
    }


def _row(row: Row[tuple[object, ...]]) -> ProviderRow:
    value = dict(row._mapping)
    for name in ("models", "speaks"):
        value[name] = names_from(value[name]) or ()
    for name in ("timeouts", "settings"):
        value[name] = msgspec.json.decode(value[name]) if value[name] else {}
    return ProviderRow(**value)


_PROVIDER: Select[tuple[object, ...]] = select(*(providers.c[name] for name in ProviderRow.__struct_fields__))
