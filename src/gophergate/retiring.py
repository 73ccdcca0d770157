"""What is old goes, once an hour, for as long as the gateway serves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from gophergate.errors import Unavailable
from gophergate.settings.schema import LoggingSettings
from gophergate.store.calls import Calls
from gophergate.store.database import Database
from gophergate.store.retention import retain

logger = logging.getLogger("gophergate")

EVERY = 3600.0


async def retire_old(database: Database, calls: Calls, kept: LoggingSettings, wall: Callable[[], float]) -> None:
    """Drop the tables of what is older than it may be kept, for ever. `wall` gives Unix seconds."""
    while True:
        try:
            gone = await retain(
                database,
                calls,
                now=int(wall() * 1_000_000),
                days=kept.retention_days,
                body_days=kept.body_retention_days,
            )
        except Unavailable as error:
            logger.warning("cannot retire old calls: %s", error.message)
        else:
            if gone:
                logger.info("retired %s", ", ".join(gone))
        await asyncio.sleep(EVERY)
