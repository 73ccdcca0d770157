from __future__ import annotations

import pytest

from gophergate.core.call import CallBodies
from gophergate.store.calls import Calls
from gophergate.store.database import Database
from gophergate.store.periods import DROP_AFTER_US
from gophergate.store.retention import HOURLY_DAYS, retain
from gophergate.store.sessions import SessionRow, Sessions
from gophergate.store.usage import Usages
from gophergate.store.users import UserRow, Users
from kit.call_records import DAY, HOUR, MONDAY, WEEK, call

NOW = MONDAY + 100 * DAY


async def rounds(database: Database, calls: Calls, now: int, days: int, body_days: int) -> list[str]:
    """Two rounds, far enough apart for the second to drop what the first expired."""
    dropped = await retain(database, calls, now=now, days=days, body_days=body_days)
    return dropped + await retain(database, calls, now=now + DROP_AFTER_US, days=days, body_days=body_days)


@pytest.mark.parametrize(
    ("days", "body_days", "calls_kept", "bodies_kept"),
    [
        (0, 0, [0, 50, 90, 99], [0, 50, 90, 99]),
        (20, 0, [90, 99], [90, 99]),
        (0, 5, [0, 50, 90, 99], [99]),
        (60, 5, [50, 90, 99], [99]),
        (5, 60, [99], [99]),
    ],
)
async def test_calls_and_bodies_stay_as_long_as_they_shall(
    database: Database, days: int, body_days: int, calls_kept: list[int], bodies_kept: list[int]
) -> None:
    calls = Calls(database)
    made = {day: call(day, started_at=MONDAY + day * DAY) for day in (0, 50, 90, 99)}
    await calls.write(list(made.values()))
    await calls.write_bodies([(c.started_at, CallBodies(call_id=c.id, request=b"x")) for c in made.values()])
    await rounds(database, calls, NOW, days, body_days)
    assert [day for day, record in made.items() if await calls.get(record.id)] == calls_kept
    assert [day for day, record in made.items() if await calls.bodies(record)] == bodies_kept


async def test_a_round_with_nothing_to_do_does_nothing(database: Database) -> None:
    assert await rounds(database, Calls(database), NOW, 1, 1) == []


async def test_old_hours_and_sessions_go_and_days_stay(database: Database) -> None:
    calls = Calls(database)
    await calls.write([call(1)])
    await Users(database).create(
        UserRow(id="u", username="u", display_name="", role="viewer", created_at=0), password_hash=None
    )
    await Sessions(database).create(SessionRow(hash=b"s", user_id="u", created_at=0, seen_at=0, expires_at=MONDAY))
    later = MONDAY + HOURLY_DAYS * DAY + HOUR
    await retain(database, calls, now=later, days=0, body_days=0)
    usages = Usages(database)
    assert await usages.sums("hour", since=MONDAY, until=MONDAY + WEEK) == []
    assert [item.calls for item in await usages.sums("day", since=MONDAY, until=MONDAY + WEEK)] == [1]
    assert await Sessions(database).forget_expired(now=later) == 0
