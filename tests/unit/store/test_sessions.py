from __future__ import annotations

import pytest

from gophergate.store.database import Conflict, Database
from gophergate.store.sessions import SessionRow, Sessions
from gophergate.store.users import UserRow, Users

SESSION = SessionRow(hash=b"s", user_id="1", created_at=0, seen_at=0, expires_at=100, address="::1", agent="browser")


@pytest.fixture
async def sessions(database: Database) -> Sessions:
    for name in "12":
        await Users(database).create(
            UserRow(id=name, username=name, display_name="", role="viewer", created_at=0), password_hash=None
        )
    made = Sessions(database)
    await made.create(SESSION)
    return made


async def test_a_session_is_found_until_it_is_over(sessions: Sessions) -> None:
    assert await sessions.find(b"s", now=99) == SESSION
    assert await sessions.find(b"s", now=100) is None
    assert await sessions.find(b"t", now=0) is None


async def test_a_session_can_be_renewed_while_it_lives(sessions: Sessions) -> None:
    """O11."""
    await sessions.renew(b"s", now=60, expires_at=200)
    found = await sessions.find(b"s", now=150)
    assert found is not None
    assert (found.seen_at, found.expires_at) == (60, 200)
    await sessions.renew(b"s", now=201, expires_at=300)
    assert await sessions.find(b"s", now=250) is None


async def test_signing_out_ends_it_on_the_server(sessions: Sessions) -> None:
    """Edge case 73. A renewal that was under way does not bring it back."""
    await sessions.end(b"s")
    await sessions.end(b"s")
    await sessions.renew(b"s", now=1, expires_at=500)
    assert await sessions.find(b"s", now=2) is None


async def test_a_disabled_user_has_no_session(sessions: Sessions, database: Database) -> None:
    async with database.write() as connection:
        await connection.exec_driver_sql("UPDATE users SET disabled = true")
    assert await sessions.find(b"s", now=0) is None


async def test_a_session_needs_a_user(sessions: Sessions) -> None:
    with pytest.raises(Conflict):
        await sessions.create(SessionRow(hash=b"x", user_id="none", created_at=0, seen_at=0, expires_at=1))


async def test_what_is_over_is_forgotten(sessions: Sessions) -> None:
    assert await sessions.forget_expired(now=99) == 0
    assert await sessions.forget_expired(now=100) == 1
