from __future__ import annotations

import pytest

from gophergate.errors import NotHere
from gophergate.store.database import Conflict, Database
from gophergate.store.sessions import SessionRow, Sessions
from gophergate.store.users import UserRow, Users

ANN = UserRow(id="1", username="ann", display_name="Ann <img onerror=x>", role="admin", created_at=5)


async def test_a_user_comes_back_with_the_hash_only_where_it_is_asked_for(database: Database) -> None:
    users = Users(database)
    await users.create(ANN, password_hash="$2b$12$hash")
    assert await users.get("1") == ANN
    assert await users.page() == [ANN]
    assert await users.by_username("ann") == (ANN, "$2b$12$hash")
    assert await users.by_username("bob") is None
    assert await users.by_username("' OR '1'='1") is None
    assert await users.count() == 1


async def test_a_name_is_taken_once(database: Database) -> None:
    users = Users(database)
    await users.create(ANN, password_hash=None)
    with pytest.raises(Conflict):
        await users.create(
            UserRow(id="2", username="ann", display_name="", role="viewer", created_at=0), password_hash="h"
        )


async def test_a_new_password_ends_every_session(database: Database) -> None:
    users, sessions = Users(database), Sessions(database)
    await users.create(ANN, password_hash="old")
    await sessions.create(SessionRow(hash=b"s", user_id="1", created_at=0, seen_at=0, expires_at=100))
    await users.set_password_hash("1", "new", now=9)
    found = await users.by_username("ann")
    assert found is not None
    assert (found[0].password_changed_at, found[1]) == (9, "new")
    assert await sessions.find(b"s", now=10) is None


async def test_an_unknown_user_is_said_so(database: Database) -> None:
    users = Users(database)
    for attempt in (users.get("x"), users.set_password_hash("x", "h", now=0)):
        with pytest.raises(NotHere, match="'x'"):
            await attempt


async def test_users_come_in_pages_by_name(database: Database) -> None:
    users = Users(database)
    for name in "dbca":
        await users.create(
            UserRow(id=name, username=name, display_name=name, role="viewer", created_at=0), password_hash=None
        )
    assert [user.username for user in await users.page(after="b", limit=1)] == ["c"]
