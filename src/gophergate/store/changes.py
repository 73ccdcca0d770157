"""Marks that rise with every change, so that another process sees by one small read that it has to look again."""

from __future__ import annotations

from sqlalchemy import select

from gophergate.store.bulk import upsert
from gophergate.store.connection import AsyncConnection
from gophergate.store.database import Database
from gophergate.store.tables import change_marks


async def mark(connection: AsyncConnection, topic: str) -> None:
    """Raise the mark of a topic, inside the transaction that makes the change."""
    await connection.execute(upsert(change_marks, ["version"], connection.dialect).values(topic=topic, version=1))


async def marks(database: Database) -> dict[str, int]:
    """Every topic's mark; a topic that never changed has none. Raises DatabaseUnavailable."""
    async with database.read() as connection:
        rows = await connection.execute(select(change_marks.c.topic, change_marks.c.version))
        return {row.topic: row.version for row in rows}
