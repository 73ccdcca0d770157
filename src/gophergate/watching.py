"""What another process changed (the command line, another node), noticed by the database's change marks.

Inside one process changes are pushed; this is the poll that R-X5 allows between them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from gophergate.errors import Unavailable
from gophergate.store import changes
from gophergate.store.database import Database

logger = logging.getLogger("gophergate")

EVERY = 1.0
"""Seconds between two looks (R-X5 allows five)."""


async def watch_changes(database: Database, heard: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
    """Call what stands beside a topic in `heard` whenever its mark has risen, for ever. What was changed before the
    first look is not told: who begins to watch reads everything anyway."""
    seen: dict[str, int] | None = None
    while True:
        try:
            marks = await changes.marks(database)
            if seen is not None:
                for topic, hear in heard.items():
                    if marks.get(topic) != seen.get(topic):
                        await hear()
        except Unavailable as error:
            logger.warning("cannot look for changes: %s", error.message)
        else:
            seen = marks
        await asyncio.sleep(EVERY)
