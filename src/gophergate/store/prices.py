"""The rate cards that priced calls, under the versions their rows name, and the reconciliations that were made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select

from gophergate.errors import NotHere
from gophergate.store.database import Database
from gophergate.store.periods import DAY_US
from gophergate.store.tables import price_cards, reconciliations, usage_daily
from gophergate.store.values import to_text

_AT_ONCE = 200


class CardRow(msgspec.Struct, frozen=True, kw_only=True):
    """A card that priced calls: `card` is its JSON, `first_used_at` Unix microseconds."""

    version: str
    provider: str
    model: str
    card: str
    first_used_at: int


class PriceCards:
    """The cards of one database. They are added and never changed: a version means one content."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, cards: Mapping[str, CardRow]) -> None:
        """Keep those whose version is not kept yet. Raises DatabaseUnavailable."""
        versions = sorted(cards)
        for at in range(0, len(versions), _AT_ONCE):
            some = versions[at : at + _AT_ONCE]
            async with self._database.write() as connection:
                known = set(
                    (
                        await connection.execute(
                            select(price_cards.c.version).where(price_cards.c.version.in_(some)).with_for_update()
                        )
                    ).scalars()
                )
                new = [msgspec.structs.asdict(cards[version]) for version in some if version not in known]
                if new:
                    await connection.execute(insert(price_cards), new)

    async def get(self, version: str) -> CardRow:
        """The card of a version, as a call's row names it. Raises NotHere."""
        plain = version.partition(" without ")[0]
        query = select(*(price_cards.c[name] for name in CardRow.__struct_fields__))
        async with self._database.read() as connection:
            row = (await connection.execute(query.where(price_cards.c.version == plain))).one_or_none()
        if row is None:
            raise NotHere(f"No call was priced by '{plain}'.")
        return CardRow(**row._mapping)


async def unpriced_calls(database: Database, since: int) -> dict[tuple[str, str], int]:
    """How many calls have no price though they used something, by provider and model, since the day of a time (Unix
    microseconds)."""
    table = usage_daily
    count = func.sum(table.c.unpriced)
    query = (
        select(table.c.provider, table.c.model, count)
        .where(table.c.slot >= since // DAY_US)
        .group_by(table.c.provider, table.c.model)
        .having(count > 0)
    )
    async with database.read() as connection:
        return {(provider, model): int(calls) for provider, model, calls in await connection.execute(query)}


class DayOfModel(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger has of one model on one day (`slot`: days since 1970-01-01 UTC). `requests` are calls that used
    something; counts as in `core.usage`, audio and pictures in `input` and `output`; `cost` nano-dollars."""

    slot: int
    model: str
    requests: int
    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int
    cost: int
    unpriced: int
    estimated: int


async def days_of_models(database: Database, provider: str, since: int, until: int) -> list[DayOfModel]:
    """A provider's days from `since` to before `until` (Unix microseconds), by day and model."""
    column = usage_daily.c
    sums = {
        "requests": column.calls,
        "input": column.input + column.audio_input + column.image_input,
        "cache_read": column.cache_read,
        "cache_write": column.cache_write,
        "cache_write_1h": column.cache_write_1h,
        "output": column.output + column.audio_output + column.image_output,
        "cost": column.cost,
        "unpriced": column.unpriced,
        "estimated": column.estimated,
    }
    query = (
        select(column.slot, column.model, *(func.sum(value).label(name) for name, value in sums.items()))
        .where(column.provider == provider, column.slot >= since // DAY_US, column.slot < -(-until // DAY_US))
        .where(column.status != "refused")
        .group_by(column.slot, column.model)
    )
    async with database.read() as connection:
        return [
            DayOfModel(slot=row.slot, model=row.model, **{name: int(getattr(row, name)) for name in sums})
            for row in await connection.execute(query)
        ]


class ReconciliationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's export held against the ledger. `report` is JSON, `created_at` Unix microseconds."""

    id: str
    created_at: int
    provider: str
    file: str
    actor: str
    report: Any


class Reconciliations:
    """The reconciliations of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: ReconciliationRow) -> None:
        """Keep one."""
        async with self._database.write() as connection:
            values = msgspec.structs.asdict(row) | {"report": to_text(row.report)}
            await connection.execute(insert(reconciliations).values(values))

    async def page(self, *, cursor: str | None = None, limit: int = 50) -> list[ReconciliationRow]:
        """The newest first, from below the id `cursor`."""
        query = select(*_COLUMNS).order_by(reconciliations.c.id.desc()).limit(limit)
        if cursor is not None:
            query = query.where(reconciliations.c.id < cursor)
        async with self._database.read() as connection:
            return [_reconciliation(row) for row in await connection.execute(query)]

    async def get(self, reconciliation_id: str) -> ReconciliationRow:
        """One of them. Raises NotHere."""
        query = select(*_COLUMNS).where(reconciliations.c.id == reconciliation_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotHere(f"There is no reconciliation '{reconciliation_id}'.")
        return _reconciliation(row)

    async def delete(self, reconciliation_id: str) -> None:
        """Forget one. Raises NotHere."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(reconciliations).where(reconciliations.c.id == reconciliation_id))
            if gone.rowcount == 0:
                raise NotHere(f"There is no reconciliation '{reconciliation_id}'.")


_COLUMNS = tuple(reconciliations.c[name] for name in ReconciliationRow.__struct_fields__)


def _reconciliation(row: Any) -> ReconciliationRow:
    value = dict(row._mapping)
    return ReconciliationRow(**(value | {"report": msgspec.json.decode(value["report"])}))
