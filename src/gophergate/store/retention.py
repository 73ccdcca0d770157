"""What is old goes: calls and bodies by whole tables, hourly sums and sessions by small steps (R-D2)."""

from __future__ import annotations

from gophergate.store.calls import Calls
from gophergate.store.database import Database
from gophergate.store.periods import DAY_US
from gophergate.store.rollups import forget_hours
from gophergate.store.sessions import Sessions

HOURLY_DAYS = 400
"""Days for which usage is known by the hour; by the day it is known for ever."""


async def retain(database: Database, calls: Calls, *, now: int, days: int, body_days: int) -> list[str]:
    """One round, to be run every hour or so; the names of the tables that were dropped.

    Calls stay `days` days and at most a week more; bodies `body_days` days and at most one more, and never longer
    than their call. 0 days is for ever, 0 for bodies as long as the call. `now` is Unix microseconds. Safe to run
    in several processes. Raises DatabaseUnavailable; the next round does what this one did not.
    """
    dropped: list[str] = []
    kept = [count for count in (days, body_days) if count > 0]
    if kept:
        dropped += await calls.body_store.periods.retire(now - min(kept) * DAY_US, now)
    if days > 0:
        dropped += await calls.periods.retire(now - days * DAY_US, now)
    async with database.write() as connection:
        await forget_hours(connection, now - HOURLY_DAYS * DAY_US)
    await Sessions(database).forget_expired(now=now)
    return dropped
