from __future__ import annotations

import asyncio

from gophergate.store.changes import mark, marks
from gophergate.store.database import Database


async def test_marks_rise_by_topic_and_lose_none(database: Database) -> None:
    async def change(topic: str) -> None:
        async with database.write() as connection:
            await mark(connection, topic)

    assert await marks(database) == {}
    await asyncio.gather(*(change(topic) for topic in ["keys", "settings", "keys", "keys"]))
    assert await marks(database) == {"keys": 3, "settings": 1}
