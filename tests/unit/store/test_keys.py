from __future__ import annotations

import time

import pytest
from sqlalchemy import event

from gophergate.core.caller import Caller, Limits, ScopeLimits
from gophergate.errors import NotHere
from gophergate.store import changes
from gophergate.store.clients import ClientRow, Clients, OrganisationRow, TeamRow
from gophergate.store.database import Conflict, Database
from gophergate.store.keys import TOPIC, Keys, NewKey
from gophergate.store.users import UserRow, Users
from kit.postgresql import ON_SQLITE

NOW = 1_000_000_000


@pytest.fixture
async def keys(database: Database) -> Keys:
    """Two clients: one alone, one in a team of an organisation, owned by a person."""
    clients = Clients(database)
    await clients.create_organisation(OrganisationRow(id="org", name="Org", created_at=0))
    team = TeamRow(id="team", name="Team", organisation_id="org", limits=Limits(tpm=9), created_at=0)
    await clients.create_team(team)
    await Users(database).create(
        UserRow(id="user", username="ann", display_name="Ann", role="viewer", created_at=0), password_hash=None
    )
    await clients.create(ClientRow(id="alone", name="Alone", created_at=0))
    await clients.create(
        ClientRow(id="full", name="Full", team_id="team", user_id="user", limits=Limits(rpm=7), created_at=0)
    )
    return Keys(database)


def new(number: int = 1, **changes: object) -> NewKey:
    members: dict[str, object] = {
        "id": f"key{number}",
        "client_id": "alone",
        "name": "a key",
        "hash": bytes([number]) * 32,
        "prefix": "sk-gg-abc",
        "last4": "wxyz",
    }
    return NewKey(**(members | changes))  # type: ignore[arg-type]


async def rotated(keys: Keys, key_id: str = "key1", number: int = 2, grace: float = 60) -> None:
    await keys.rotate(
        key_id, new_id=f"key{number}", new_hash=bytes([number]) * 32, prefix="sk-gg-abc", last4="new4", now=NOW,
        grace_seconds=grace,
    )  # fmt: skip


async def test_a_key_is_found_by_its_hash_with_all_it_stands_for(keys: Keys) -> None:
    await keys.create(
        new(
            client_id="full",
            models=("openai/*", "fast"),
            ip_allow=("10.0.0.0/8",),
            expires_at=NOW + 5,
            limits=Limits(concurrency=2),
        ),
        now=NOW,
    )
    assert await keys.find(bytes([1]) * 32) == Caller(
        key_id="key1",
        client_id="full",
        team_id="team",
        user_id="user",
        organisation_id="org",
        models=("openai/*", "fast"),
        ip_allow=("10.0.0.0/8",),
        expires_at=NOW + 5,
        limits=(
            ScopeLimits("key", "key1", concurrency=2),
            ScopeLimits("client", "full", rpm=7),
            ScopeLimits("team", "team", tpm=9),
        ),
    )


async def test_a_key_of_a_client_alone_has_no_bounds(keys: Keys) -> None:
    await keys.create(new(), now=NOW)
    assert await keys.find(bytes([1]) * 32) == Caller(key_id="key1", client_id="alone")


async def test_no_models_is_not_every_model(keys: Keys) -> None:
    await keys.create(new(models=()), now=NOW)
    found = await keys.find(bytes([1]) * 32)
    assert found is not None
    assert found.models == ()


@pytest.mark.parametrize("digest", [b"", b"\x01", bytes(32), b"' OR '1'='1"])
async def test_an_unknown_hash_finds_nobody(keys: Keys, digest: bytes) -> None:
    """R-X1, R-X2."""
    await keys.create(new(), now=NOW)
    assert await keys.find(digest) is None


@ON_SQLITE
async def test_looking_up_a_key_is_one_indexed_read(keys: Keys, database: Database) -> None:
    """R-D3."""
    await keys.create(new(client_id="full"), now=NOW)
    seen: list[str] = []
    async with database.read() as connection:
        engine = connection.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    began = time.perf_counter()
    assert await keys.find(bytes([1]) * 32) is not None
    print(f"\nlooking up a key: {(time.perf_counter() - began) * 1000:.2f} ms", end="")
    assert len(seen) == 1
    async with database.read() as connection:
        plan = [row[3] for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {seen[0]}", (b"",))]
    assert len(plan) == 3
    assert all(step.startswith("SEARCH") and "USING INDEX" in step for step in plan), plan


async def test_a_revoked_key_finds_nobody_and_stays_listed(keys: Keys) -> None:
    await keys.create(new(), now=NOW)
    assert (await keys.revoke("key1", now=NOW + 1)).revoked_at == NOW + 1
    assert (await keys.revoke("key1", now=NOW + 9)).revoked_at == NOW + 1, "the first time counts"
    assert await keys.find(bytes([1]) * 32) is None
    assert [key.revoked_at for key in await keys.page()] == [NOW + 1]


async def test_a_disabled_client_or_team_stops_its_keys(keys: Keys, database: Database) -> None:
    await keys.create(new(client_id="full"), now=NOW)
    clients = Clients(database)
    await clients.set_disabled("full", True)
    assert await keys.find(bytes([1]) * 32) is None
    await clients.set_disabled("full", False)
    assert await keys.find(bytes([1]) * 32) is not None
    async with database.write() as connection:
        await connection.exec_driver_sql("UPDATE teams SET disabled = true")
    assert await keys.find(bytes([1]) * 32) is None


async def test_a_rotated_key_works_until_its_grace_ends(keys: Keys) -> None:
    await keys.create(new(models=("fast",), ip_allow=("::1",), limits=Limits(rpm=1), expires_at=NOW + 10**9), now=NOW)
    await rotated(keys)
    old, successor = await keys.find(bytes([1]) * 32), await keys.find(bytes([2]) * 32)
    assert old is not None
    assert successor is not None
    assert old.expires_at == NOW + 60_000_000
    assert (successor.models, successor.ip_allow, successor.expires_at) == (("fast",), ("::1",), NOW + 10**9)
    shown = await keys.get("key1")
    assert (shown.replaced_by, shown.grace_until) == ("key2", NOW + 60_000_000)
    assert (await keys.get("key2")).limits == Limits(rpm=1)


async def test_grace_does_not_outlive_the_keys_own_end(keys: Keys) -> None:
    await keys.create(new(expires_at=NOW + 5), now=NOW)
    await rotated(keys, grace=3600)
    old = await keys.find(bytes([1]) * 32)
    assert old is not None
    assert old.expires_at == NOW + 5


async def test_a_key_is_rotated_once_and_never_after_it_was_revoked(keys: Keys) -> None:
    await keys.create(new(), now=NOW)
    await rotated(keys)
    with pytest.raises(Conflict, match="successor"):
        await rotated(keys, number=3)
    await keys.revoke("key2", now=NOW)
    with pytest.raises(Conflict, match="revoked"):
        await rotated(keys, "key2", number=3)
    assert len(await keys.page()) == 2


async def test_what_is_not_there_is_said_so(keys: Keys) -> None:
    for attempt in (keys.get("none"), keys.revoke("none", now=NOW), rotated(keys, "none")):
        with pytest.raises(NotHere, match="'none'"):
            await attempt


async def test_a_key_needs_a_client_and_a_hash_of_its_own(keys: Keys) -> None:
    await keys.create(new(), now=NOW)
    with pytest.raises(Conflict):
        await keys.create(new(2, client_id="nobody"), now=NOW)
    with pytest.raises(Conflict):
        await keys.create(new(2, hash=bytes([1]) * 32), now=NOW)


async def test_keys_are_listed_by_client_and_in_pages(keys: Keys) -> None:
    for number in range(1, 6):
        await keys.create(new(number, client_id="full" if number % 2 else "alone"), now=NOW)
    assert [key.id for key in await keys.page(client_id="full")] == ["key1", "key3", "key5"]
    first = await keys.page(limit=3)
    assert [key.id for key in await keys.page(after=first[-1].id, limit=3)] == ["key4", "key5"]


async def test_every_change_of_who_may_call_raises_the_mark(keys: Keys, database: Database) -> None:
    """R-X5: other processes see by one small read that they must look again."""

    async def mark() -> int:
        return (await changes.marks(database)).get(TOPIC, 0)

    before = await mark()
    await keys.create(new(), now=NOW)
    await rotated(keys)
    await keys.revoke("key1", now=NOW)
    await Clients(database).set_disabled("alone", True)
    assert await mark() == before + 4
    with pytest.raises(NotHere):
        await keys.revoke("none", now=NOW)
    assert await mark() == before + 4


async def test_deleting_a_client_takes_its_keys_along(keys: Keys, database: Database) -> None:
    await keys.create(new(), now=NOW)
    async with database.write() as connection:
        await connection.exec_driver_sql("DELETE FROM clients WHERE id = 'alone'")
    assert await keys.page() == []
