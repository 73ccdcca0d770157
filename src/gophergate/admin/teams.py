"""Teams, and the organisations they belong to."""

from __future__ import annotations

from typing import Literal

import msgspec
from fastapi import Request, Response

from gophergate.admin.desk import AtDesk, Desk, tagged, unchanged_since
from gophergate.admin.paging import Cursor, Limit, Sought, has, page_at_hand
from gophergate.admin.shapes import Given, Id, LimitsGiven, LimitsShown, Listing, Moment, Name, Shown
from gophergate.core.caller import NO_LIMITS, Limits
from gophergate.errors import NotHere
from gophergate.store.clients import Clients, OrganisationRow, TeamRow


class TeamShown(Shown):
    """A team. Its limits hold for all its clients together."""

    id: str
    name: str
    organisation_id: str | None
    limits: LimitsShown
    disabled: bool
    created_at: Moment


class TeamGiven(Given):
    """A new team."""

    name: Name
    organisation_id: Id | None = None
    limits: LimitsGiven | None = None
    disabled: bool = False


class TeamChange(Given):
    """What may change of a team; what is left out stays."""

    name: Name | None = None
    organisation_id: Id | None = None
    limits: LimitsGiven | None = None
    disabled: bool | None = None


class OrganisationShown(Shown):
    """An organisation: a tenant."""

    id: str
    name: str
    created_at: Moment


class OrganisationGiven(Given):
    """An organisation's name."""

    name: Name


def limits_of(given: LimitsGiven | None) -> Limits:
    """The limits that were given."""
    return NO_LIMITS if given is None else Limits(**given.model_dump())


async def list_(
    desk: AtDesk,
    limit: Limit = 50,
    cursor: Cursor = None,
    sort: Literal["name", "-name", "created_at", "-created_at"] = "name",
    q: Sought = None,
    organisation_id: Id | None = None,
    disabled: bool | None = None,
) -> Listing[TeamShown]:
    """Teams, by name where no other order is asked for."""
    rows = [
        row
        for row in await Clients(desk.rooms.database).teams()
        if desk.team in (None, row.id)
        and has(q, row.name)
        and organisation_id in (None, row.organisation_id)
        and disabled in (None, row.disabled)
    ]
    return page_at_hand(TeamShown, rows, sort=sort, cursor=cursor, limit=limit)


async def get(team_id: Id, response: Response, desk: AtDesk) -> TeamShown:
    """One team."""
    desk.confine(team_id, "team")
    return _shown(response, await Clients(desk.rooms.database).team(team_id))


async def create(given: TeamGiven, response: Response, desk: AtDesk) -> TeamShown:
    """Make a team."""
    team = TeamRow(
        id=desk.rooms.ids.new(),
        name=given.name,
        organisation_id=given.organisation_id,
        limits=limits_of(given.limits),
        disabled=given.disabled,
        created_at=desk.now(),
    )
    async with desk.change():
        await Clients(desk.rooms.database).create_team(team)
        await desk.note("create", "team", team.id, after=TeamShown.model_validate(team))
    return _shown(response, team)


async def change(team_id: Id, given: TeamChange, request: Request, response: Response, desk: AtDesk) -> TeamShown:
    """Change a team. Running calls go on; the next one sees it."""
    clients = Clients(desk.rooms.database)
    said = {
        n: getattr(given, n)
        for n in given.model_fields_set
        if n not in ("name", "disabled") or given.said()[n] is not None
    }
    if "limits" in said:
        said["limits"] = limits_of(given.limits)
    async with desk.change():
        before = await clients.team(team_id)
        unchanged_since(request, TeamShown.model_validate(before))
        after = msgspec.structs.replace(before, **said)
        await clients.change_team(after)
        await desk.note(
            "change", "team", team_id, before=TeamShown.model_validate(before), after=TeamShown.model_validate(after)
        )
    desk.keys_changed()
    return _shown(response, after)


async def delete(team_id: Id, request: Request, desk: AtDesk) -> None:
    """Remove a team. Its clients and users stay, without one."""
    clients = Clients(desk.rooms.database)
    async with desk.change():
        before = await clients.team(team_id)
        unchanged_since(request, TeamShown.model_validate(before))
        await clients.delete_team(team_id)
        await desk.note("delete", "team", team_id, before=TeamShown.model_validate(before))
    desk.keys_changed()


async def list_organisations(desk: AtDesk, limit: Limit = 50, cursor: Cursor = None) -> Listing[OrganisationShown]:
    """Organisations, by name."""
    return page_at_hand(OrganisationShown, await _organisations(desk), sort="name", cursor=cursor, limit=limit)


async def get_organisation(organisation_id: Id, response: Response, desk: AtDesk) -> OrganisationShown:
    """One organisation."""
    row = await Clients(desk.rooms.database).organisation(organisation_id)
    if row not in await _organisations(desk):
        raise NotHere(f"There is no organisation '{organisation_id}'.")
    return tagged(response, OrganisationShown.model_validate(row))


async def _organisations(desk: Desk) -> list[OrganisationRow]:
    """Those that may be seen: of whoever is confined to a team, the team's own."""
    clients = Clients(desk.rooms.database)
    rows = await clients.organisations()
    if desk.team is None:
        return rows
    own = (await clients.team(desk.team)).organisation_id
    return [row for row in rows if row.id == own]


async def create_organisation(given: OrganisationGiven, response: Response, desk: AtDesk) -> OrganisationShown:
    """Make an organisation."""
    row = OrganisationRow(id=desk.rooms.ids.new(), name=given.name, created_at=desk.now())
    shown = OrganisationShown.model_validate(row)
    async with desk.change():
        await Clients(desk.rooms.database).create_organisation(row)
        await desk.note("create", "organisation", row.id, after=shown)
    return tagged(response, shown)


async def change_organisation(
    organisation_id: Id, given: OrganisationGiven, request: Request, response: Response, desk: AtDesk
) -> OrganisationShown:
    """Rename an organisation."""
    clients = Clients(desk.rooms.database)
    async with desk.change():
        before = await clients.organisation(organisation_id)
        unchanged_since(request, OrganisationShown.model_validate(before))
        after = msgspec.structs.replace(before, name=given.name)
        shown = OrganisationShown.model_validate(after)
        await clients.change_organisation(after)
        await desk.note(
            "change", "organisation", organisation_id, before=OrganisationShown.model_validate(before), after=shown
        )
    return tagged(response, shown)


async def delete_organisation(organisation_id: Id, request: Request, desk: AtDesk) -> None:
    """Remove an organisation. Its teams and clients stay, without one."""
    clients = Clients(desk.rooms.database)
    async with desk.change():
        before = await clients.organisation(organisation_id)
        unchanged_since(request, OrganisationShown.model_validate(before))
        await clients.delete_organisation(organisation_id)
        await desk.note("delete", "organisation", organisation_id, before=OrganisationShown.model_validate(before))
    desk.keys_changed()


def _shown(response: Response, team: TeamRow) -> TeamShown:
    return tagged(response, TeamShown.model_validate(team))
