from __future__ import annotations

import pytest

from gophergate.core.caller import Limits
from gophergate.errors import NotHere
from gophergate.store.clients import ClientRow, Clients, OrganisationRow, TeamRow
from gophergate.store.database import Conflict, Database


async def test_what_was_stored_comes_back(database: Database) -> None:
    clients = Clients(database)
    organisation = OrganisationRow(id="o", name="Org", created_at=1)
    team = TeamRow(id="t", name="Team", organisation_id="o", limits=Limits(rpm=1, tpm=2, concurrency=3), created_at=2)
    client = ClientRow(id="c", name="App", team_id="t", limits=Limits(rpm=0), created_at=3)
    await clients.create_organisation(organisation)
    await clients.create_team(team)
    await clients.create(client)
    assert await clients.organisations() == [organisation]
    assert await clients.teams() == [team]
    assert await clients.page() == [client]
    assert await clients.get("c") == await clients.by_name("App") == client
    assert await clients.by_name("app") is None


async def test_names_are_taken_once_and_references_must_hold(database: Database) -> None:
    clients = Clients(database)
    await clients.create(ClientRow(id="c", name="App", created_at=0))
    for wrong in (
        clients.create(ClientRow(id="d", name="App", created_at=0)),
        clients.create(ClientRow(id="d", name="Other", team_id="none", created_at=0)),
        clients.create_team(TeamRow(id="t", name="T", organisation_id="none", created_at=0)),
    ):
        with pytest.raises(Conflict):
            await wrong
    assert len(await clients.page()) == 1


async def test_clients_come_in_pages_and_by_team(database: Database) -> None:
    clients = Clients(database)
    await clients.create_team(TeamRow(id="t", name="T", created_at=0))
    for number in range(5):
        await clients.create(
            ClientRow(id=f"c{number}", name=f"n{number}", team_id="t" if number > 2 else None, created_at=0)
        )
    assert [client.id for client in await clients.page(limit=2, after="c1")] == ["c2", "c3"]
    assert [client.id for client in await clients.page(team_id="t")] == ["c3", "c4"]


async def test_an_unknown_client_is_said_so(database: Database) -> None:
    clients = Clients(database)
    for attempt in (clients.get("x"), clients.set_disabled("x", True)):
        with pytest.raises(NotHere, match="'x'"):
            await attempt
