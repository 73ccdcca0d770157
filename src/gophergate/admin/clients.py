"""Clients: the applications and persons that own keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
from fastapi import Request, Response

from gophergate.admin.desk import AtDesk, Desk, tagged, unchanged_since
from gophergate.admin.keys import KeyMade, made_key
from gophergate.admin.paging import Cursor, Limit, Sought, order_of, page_of, place_in
from gophergate.admin.shapes import Given, Id, LimitsGiven, LimitsShown, Listing, Moment, Name, Shown
from gophergate.admin.teams import limits_of
from gophergate.errors import Forbidden
from gophergate.store.clients import ClientRow, Clients
from gophergate.store.keys import Keys


class ClientShown(Shown):
    """A client."""

    id: str
    name: str
    organisation_id: str | None
    team_id: str | None
    user_id: str | None
    limits: LimitsShown
    disabled: bool
    created_at: Moment


class ClientMade(ClientShown):
    """A new client with its first key, which is shown this once."""

    key: KeyMade


class ClientGiven(Given):
    """A new client."""

    name: Name
    team_id: Id | None = None
    organisation_id: Id | None = None
    user_id: Id | None = None
    limits: LimitsGiven | None = None


class ClientChange(Given):
    """What may change of a client; what is left out stays."""

    name: Name | None = None
    team_id: Id | None = None
    organisation_id: Id | None = None
    user_id: Id | None = None
    limits: LimitsGiven | None = None
    disabled: bool | None = None


async def list_(
    desk: AtDesk,
    limit: Limit = 50,
    cursor: Cursor = None,
    sort: Literal["name", "-name", "created_at", "-created_at"] = "created_at",
    q: Sought = None,
    organisation_id: Id | None = None,
    team_id: Id | None = None,
    user_id: Id | None = None,
    disabled: bool | None = None,
) -> Listing[ClientShown]:
    """Clients, oldest first where no other order is asked for."""
    rows = await Clients(desk.rooms.database).page(
        order=order_of(sort, cursor),
        limit=limit + 1,
        text=q,
        organisation_id=organisation_id,
        team_id=desk.team or team_id,
        user_id=user_id,
        disabled=disabled,
    )
    return page_of(ClientShown, rows, limit, place_in(sort))


async def get(client_id: Id, response: Response, desk: AtDesk) -> ClientShown:
    """One client."""
    return _shown(response, await _own(desk, client_id))


async def create(given: ClientGiven, desk: AtDesk) -> ClientMade:
    """Make a client, and a working key for it (edge case 74)."""
    team_id = given.team_id or desk.team
    desk.confine(team_id, "client")
    _within_team(desk, given.said())
    client = ClientRow(
        id=desk.rooms.ids.new(),
        name=given.name,
        organisation_id=given.organisation_id,
        team_id=team_id,
        user_id=given.user_id,
        limits=limits_of(given.limits),
        created_at=desk.now(),
    )
    async with desk.change():
        await Clients(desk.rooms.database).create(client)
        secret, key = await made_key(desk, client_id=client.id, name="first key")
        await desk.note("create", "client", client.id, after=ClientShown.model_validate(client))
    desk.keys_changed()
    shown = ClientShown.model_validate(client)
    return ClientMade(**shown.__dict__, key=KeyMade.of(key, secret))


async def change(client_id: Id, given: ClientChange, request: Request, response: Response, desk: AtDesk) -> ClientShown:
    """Change a client. A disabled client's keys stop working at once."""
    clients = Clients(desk.rooms.database)
    said = given.said()
    said = {name: value for name, value in said.items() if value is not None or name not in ("name", "disabled")}
    if "limits" in said:
        said["limits"] = limits_of(given.limits)
    if "team_id" in said:
        desk.confine(said["team_id"], "client")
    _within_team(desk, said)
    async with desk.change():
        before = await _own(desk, client_id)
        unchanged_since(request, ClientShown.model_validate(before))
        after = msgspec.structs.replace(before, **said)
        await clients.change(after)
        await desk.note(
            "change",
            "client",
            client_id,
            before=ClientShown.model_validate(before),
            after=ClientShown.model_validate(after),
        )
    desk.keys_changed()
    if after.disabled and not before.disabled:
        for key in await Keys(desk.rooms.database).page(client_id=client_id, limit=10_000):
            desk.rooms.book.end_calls(key.id)
    return _shown(response, after)


async def delete(client_id: Id, request: Request, desk: AtDesk) -> None:
    """Remove a client and its keys. Its calls stay in the log."""
    async with desk.change():
        before = await _own(desk, client_id)
        unchanged_since(request, ClientShown.model_validate(before))
        keys = await Keys(desk.rooms.database).page(client_id=client_id, limit=10_000)
        await Clients(desk.rooms.database).delete(client_id)
        await desk.note("delete", "client", client_id, before=ClientShown.model_validate(before))
    desk.keys_changed()
    for key in keys:
        desk.rooms.book.end_calls(key.id)


def _within_team(desk: Desk, said: Mapping[str, object]) -> None:
    """Raises Forbidden where somebody of one team would charge a client's calls to others."""
    named = [name for name in ("organisation_id", "user_id") if said.get(name) is not None]
    if desk.team is not None and named:
        raise Forbidden(f"Only who sees all teams may set {named[0]}.", param=named[0])


async def _own(desk: Desk, client_id: str) -> ClientRow:
    client = await Clients(desk.rooms.database).get(client_id)
    desk.confine(client.team_id, "client")
    return client


def _shown(response: Response, client: ClientRow) -> ClientShown:
    return tagged(response, ClientShown.model_validate(client))
