"""Webhooks, and the log of their deliveries. Secrets come and go sealed; this room never sees one."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from sqlalchemy import Row, delete, insert, select, update

from gophergate.errors import NotHere
from gophergate.store import changes
from gophergate.store.database import Conflict, Database
from gophergate.store.tables import webhook_deliveries, webhooks
from gophergate.store.values import names_from, to_text

TOPIC = "webhooks"
KEPT = 500
"""Deliveries that are kept of each webhook."""

State = Literal["pending", "delivered", "failed", "dropped"]


class WebhookRow(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to tell, of which kinds of event ("*" is every one). Times are Unix microseconds."""

    id: str
    name: str
    url: str
    secret_sealed: bytes
    events: tuple[str, ...]
    enabled: bool = True
    version: int = 1
    created_at: int
    updated_at: int


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one webhook. `payload` is the JSON that is sent."""

    id: str
    webhook_id: str
    event: str
    state: str
    attempts: int = 0
    http_status: int | None = None
    error: str | None = None
    payload: str
    created_at: int
    ended_at: int | None = None


class Webhooks:
    """The webhooks of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[WebhookRow]:
        """Every webhook, by name."""
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(_SHOWN.order_by(webhooks.c.name))]

    async def get(self, webhook_id: str) -> WebhookRow:
        """One webhook. Raises NotHere."""
        async with self._database.read() as connection:
            row = (await connection.execute(_SHOWN.where(webhooks.c.id == webhook_id))).one_or_none()
        if row is None:
            raise NotHere(f"There is no webhook '{webhook_id}'.")
        return _row(row)

    async def create(self, row: WebhookRow) -> None:
        """Store a webhook. Raises Conflict for a taken name."""
        async with self._database.write() as connection:
            taken = select(webhooks.c.id).where(webhooks.c.name == row.name)
            if (await connection.execute(taken)).first() is not None:
                raise Conflict(f"There is a webhook '{row.name}' already.")
            await connection.execute(insert(webhooks).values(_values(row)))
            await changes.mark(connection, TOPIC)

    async def change(self, row: WebhookRow) -> None:
        """Store what may change of a webhook. Raises NotHere, Conflict."""
        async with self._database.write() as connection:
            changed = await connection.execute(update(webhooks).where(webhooks.c.id == row.id).values(_values(row)))
            if changed.rowcount == 0:
                raise NotHere(f"There is no webhook '{row.id}'.")
            await changes.mark(connection, TOPIC)

    async def delete(self, webhook_id: str) -> None:
        """Remove a webhook and its log. Raises NotHere."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))
            if gone.rowcount == 0:
                raise NotHere(f"There is no webhook '{webhook_id}'.")
            await changes.mark(connection, TOPIC)

    async def put(self, row: DeliveryRow) -> None:
        """Store how a delivery stands; of those of its webhook, the newest `KEPT` stay."""
        values = msgspec.structs.asdict(row)
        column = webhook_deliveries.c
        async with self._database.write() as connection:
            changed = await connection.execute(update(webhook_deliveries).where(column.id == row.id).values(values))
            if changed.rowcount:
                return
            known = select(webhooks.c.id).where(webhooks.c.id == row.webhook_id)
            if (await connection.execute(known)).first() is None:
                return
            await connection.execute(insert(webhook_deliveries).values(values))
            mine = select(column.id).where(column.webhook_id == row.webhook_id)
            oldest = mine.order_by(column.id.desc()).offset(KEPT).limit(1)
            last = (await connection.execute(oldest)).scalar()
            if last is not None:
                old = delete(webhook_deliveries).where(column.webhook_id == row.webhook_id, column.id <= last)
                await connection.execute(old)

    async def deliveries(self, webhook_id: str, *, before: str | None, limit: int) -> list[DeliveryRow]:
        """The log of a webhook, the newest first."""
        query = _LOGGED.where(webhook_deliveries.c.webhook_id == webhook_id)
        if before is not None:
            query = query.where(webhook_deliveries.c.id < before)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(webhook_deliveries.c.id.desc()).limit(limit))
            return [DeliveryRow(**row._mapping) for row in rows]

    async def pending(self) -> list[DeliveryRow]:
        """What an earlier process did not bring to an end, the oldest first."""
        query = _LOGGED.where(webhook_deliveries.c.state == "pending").order_by(webhook_deliveries.c.id)
        async with self._database.read() as connection:
            return [DeliveryRow(**row._mapping) for row in await connection.execute(query)]


_SHOWN = select(*(webhooks.c[name] for name in WebhookRow.__struct_fields__))
_LOGGED = select(*(webhook_deliveries.c[name] for name in DeliveryRow.__struct_fields__))


def _row(row: Row[Any]) -> WebhookRow:
    value = dict(row._mapping)
    value["events"] = names_from(value["events"]) or ()
    return WebhookRow(**value)


def _values(row: WebhookRow) -> dict[str, Any]:
    return msgspec.structs.asdict(row) | {"events": to_text(row.events)}
