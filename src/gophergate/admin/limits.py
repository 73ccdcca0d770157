"""Limits of organisations, users and models, and of any scope for one model; keys, clients, teams carry their own."""

from __future__ import annotations

from typing import Literal

import msgspec
from fastapi import Request, Response
from pydantic import model_validator

from gophergate.admin.budgets import ModelId, ScopeId, names_of
from gophergate.admin.desk import AtDesk, Desk, tagged, unchanged_since
from gophergate.admin.paging import Cursor, Limit, page_at_hand
from gophergate.admin.shapes import Given, Id, LimitsGiven, LimitsShown, Listing, Moment, Shown
from gophergate.admin.teams import limits_of
from gophergate.errors import BadRequest, NotHere
from gophergate.store.limits import LimitRow

Scope = Literal["organisation", "team", "user", "client", "key", "model"]
_OWN = ("team", "client", "key")


class ScopeLimitsShown(Shown):
    """The limits of a scope; with `model` they count and hold its calls of that model alone."""

    id: str
    scope: Scope
    scope_id: str
    scope_name: str
    model: str | None
    limits: LimitsShown
    created_at: Moment
    updated_at: Moment


class ScopeLimitsGiven(Given):
    """New limits. `scope_id` is the object's id, or a model's name."""

    scope: Scope
    scope_id: ScopeId
    model: ModelId | None = None
    limits: LimitsGiven

    @model_validator(mode="after")
    def _has_no_others(self) -> ScopeLimitsGiven:
        if self.scope in _OWN and self.model is None:
            raise ValueError(f"a {self.scope}'s limits for all models are set on the {self.scope} itself")
        if self.scope == "model" and self.model is not None:
            raise ValueError("a model's limits are for that model alone: leave out 'model'")
        return self


class ScopeLimitsChange(Given):
    """The limits that hold from now on."""

    limits: LimitsGiven


async def list_(desk: AtDesk, limit: Limit = 50, cursor: Cursor = None) -> Listing[ScopeLimitsShown]:
    """Limits, the oldest first."""
    names = await names_of(desk)
    rows = [row for row in await desk.rooms.spending.limits.all() if desk.sees(row)]
    return page_at_hand(
        ScopeLimitsShown, rows, sort="created_at", cursor=cursor, limit=limit, shown=lambda row: _shown(row, names)
    )


async def get(limit_id: Id, response: Response, desk: AtDesk) -> ScopeLimitsShown:
    """One of them."""
    return tagged(response, await _known(desk, limit_id))


async def create(given: ScopeLimitsGiven, response: Response, desk: AtDesk) -> ScopeLimitsShown:
    """Set limits."""
    now = desk.now()
    row = LimitRow(
        id=desk.rooms.ids.new(),
        scope=given.scope,
        scope_id=given.scope_id,
        model=given.model or "",
        limits=limits_of(given.limits),
        created_at=now,
        updated_at=now,
    )
    desk.from_above("limits")
    names = await names_of(desk)
    if given.scope != "model" and (given.scope, given.scope_id) not in names:
        raise BadRequest(f"There is no {given.scope} '{given.scope_id}'.", param="scope_id")
    shown = _shown(row, names)
    async with desk.change():
        await desk.rooms.spending.limits.create(row)
        await desk.note("create", "limits", row.id, after=shown)
    await desk.rooms.spending.reload()
    return tagged(response, shown)


async def change(
    limit_id: Id, given: ScopeLimitsChange, request: Request, response: Response, desk: AtDesk
) -> ScopeLimitsShown:
    """Change limits; calls are judged by the new ones at once, and what was used stays used."""
    async with desk.change():
        before = await _to_change(desk, limit_id)
        unchanged_since(request, before)
        row = await desk.rooms.spending.limits.get(limit_id)
        changed = msgspec.structs.replace(
            row, limits=limits_of(given.limits), version=row.version + 1, updated_at=desk.now()
        )
        await desk.rooms.spending.limits.change(changed)
        after = before.model_copy(update={"limits": _limits(changed), "updated_at": changed.updated_at})
        await desk.note("change", "limits", limit_id, before=before, after=after)
    await desk.rooms.spending.reload()
    return tagged(response, await _known(desk, limit_id))


async def delete(limit_id: Id, request: Request, desk: AtDesk) -> None:
    """Remove limits."""
    async with desk.change():
        before = await _to_change(desk, limit_id)
        unchanged_since(request, before)
        await desk.rooms.spending.limits.delete(limit_id)
        await desk.note("delete", "limits", limit_id, before=before)
    await desk.rooms.spending.reload()


async def _known(desk: Desk, limit_id: str) -> ScopeLimitsShown:
    row = await desk.rooms.spending.limits.get(limit_id)
    if not desk.sees(row):
        raise NotHere(f"There are no limits '{limit_id}'.")
    return _shown(row, await names_of(desk))


async def _to_change(desk: Desk, limit_id: str) -> ScopeLimitsShown:
    known = await _known(desk, limit_id)
    desk.from_above("limits")
    return known


def _limits(row: LimitRow) -> LimitsShown:
    return LimitsShown(**msgspec.structs.asdict(row.limits))


def _shown(row: LimitRow, names: dict[tuple[str, str], str]) -> ScopeLimitsShown:
    return ScopeLimitsShown(
        **msgspec.structs.asdict(row) | {"limits": _limits(row), "model": row.model or None},
        scope_name=names.get((row.scope, row.scope_id), row.scope_id),
    )
