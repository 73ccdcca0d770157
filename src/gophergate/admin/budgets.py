"""Budgets: so much money for a scope in a period, what of it is spent and held, and when it begins anew."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import Request, Response
from pydantic import AfterValidator, StringConstraints
from pydantic import Field as Member

from gophergate.admin.desk import AtDesk, Desk, tagged, unchanged_since
from gophergate.admin.shapes import Dollars, Given, Id, Listing, Moment, Money, Shown, Time, microseconds
from gophergate.core.money import from_dollars
from gophergate.errors import BadRequest, NotHere
from gophergate.policy.windows import zone
from gophergate.spending import budget_of
from gophergate.store.budgets import BudgetRow
from gophergate.store.clients import Clients
from gophergate.store.keys import Keys
from gophergate.store.users import Users

Scope = Literal["organisation", "team", "user", "client", "key", "model", "session"]
Period = Literal["hour", "day", "week", "month", "total"]
_NAMED = ("model", "session")
"""Scopes whose ids are no objects of ours: any name may come to be called."""


def _known_zone(name: str) -> str:
    zone(name)
    return name


Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_known_zone), Member(examples=["Europe/Berlin"])]
ScopeId = Annotated[str, StringConstraints(min_length=1, max_length=320, pattern=r"^\S+$")]


class BudgetShown(Shown):
    """A budget now. `reserved` is held for calls under way; `resets_at` is null for a total."""

    id: str
    scope: Scope
    scope_id: str
    scope_name: str
    amount: Money
    period: Period
    timezone: str
    hard: bool
    raised: Money
    raised_until: Moment | None
    spent: Money
    reserved: Money
    window_start: Moment | None
    resets_at: Moment | None
    created_at: Moment
    updated_at: Moment


class BudgetGiven(Given):
    """A new budget. `scope_id` is the object's id; a model's name ("openai/gpt-4.1"); a session's, or "*" for each."""

    scope: Scope
    scope_id: ScopeId
    amount: Dollars
    period: Period = "month"
    hard: bool = True
    timezone: Zone | None = None


class BudgetChange(Given):
    """What may change of it. A raise is an addition to the amount until a moment."""

    amount: Dollars | None = None
    hard: bool | None = None
    timezone: Zone | None = None
    raised: Dollars | None = None
    raised_until: Time | None = None


async def list_(desk: AtDesk) -> Listing[BudgetShown]:
    """Every budget, with what is spent of it."""
    names = await _names(desk)
    rows = await desk.rooms.spending.rows.all()
    return Listing[BudgetShown](items=[await _shown(desk, row, names) for row in rows if _is_seen(desk, row)])


async def get(budget_id: Id, response: Response, desk: AtDesk) -> BudgetShown:
    """One budget."""
    shown: BudgetShown = tagged(response, await _known(desk, budget_id))
    return shown


async def create(given: BudgetGiven, response: Response, desk: AtDesk) -> BudgetShown:
    """Set a budget. It counts what was spent in the running period already."""
    now = desk.now()
    row = BudgetRow(
        id=desk.rooms.ids.new(),
        scope=given.scope,
        scope_id=given.scope_id,
        period=given.period,
        amount=from_dollars(given.amount),
        hard=given.hard,
        timezone=given.timezone or "UTC",
        created_at=now,
        updated_at=now,
    )
    names = await _names(desk)
    if given.scope not in _NAMED and (given.scope, given.scope_id) not in names:
        raise BadRequest(f"There is no {given.scope} '{given.scope_id}'.", param="scope_id")
    if not _is_seen(desk, row):
        desk.confine("", given.scope)
    async with desk.change():
        await desk.rooms.spending.rows.create(row)
        await desk.note("create", "budget", row.id, after=given)
    await desk.rooms.spending.reload()
    shown: BudgetShown = tagged(response, await _shown(desk, row, names))
    return shown


async def change(budget_id: Id, given: BudgetChange, request: Request, response: Response, desk: AtDesk) -> BudgetShown:
    """Change a budget; calls are judged by the new one at once."""
    async with desk.change():
        before = await _known(desk, budget_id)
        unchanged_since(request, before)
        row = await desk.rooms.spending.rows.get(budget_id)
        said = given.said()
        changed = msgspec.structs.replace(
            row,
            amount=from_dollars(given.amount) if given.amount is not None else row.amount,
            hard=row.hard if given.hard is None else given.hard,
            timezone=given.timezone or row.timezone,
            raised=from_dollars(given.raised or "0") if "raised" in said else row.raised,
            raised_until=microseconds(given.raised_until) if "raised_until" in said else row.raised_until,
            version=row.version + 1,
            updated_at=desk.now(),
        )
        await desk.rooms.spending.rows.change(changed)
        await desk.note("change", "budget", budget_id, before=before, after=given)
    await desk.rooms.spending.reload()
    shown: BudgetShown = tagged(response, await _known(desk, budget_id))
    return shown


async def delete(budget_id: Id, desk: AtDesk) -> None:
    """Remove a budget: spending is no longer limited by it."""
    async with desk.change():
        before = await _known(desk, budget_id)
        await desk.rooms.spending.rows.delete(budget_id)
        await desk.note("delete", "budget", budget_id, before=before)
    await desk.rooms.spending.reload()


def _is_seen(desk: Desk, row: BudgetRow) -> bool:
    """Whoever is confined to a team sees that team's own budget."""
    return desk.team is None or (row.scope == "team" and row.scope_id == desk.team)


async def _known(desk: Desk, budget_id: str) -> BudgetShown:
    row = await desk.rooms.spending.rows.get(budget_id)
    if not _is_seen(desk, row):
        raise NotHere(f"There is no budget '{budget_id}'.")
    return await _shown(desk, row, await _names(desk))


async def _shown(desk: Desk, row: BudgetRow, names: dict[tuple[str, str], str]) -> BudgetShown:
    standing = await desk.rooms.spending.budgets.standing(budget_of(row), desk.now())
    return BudgetShown(
        **msgspec.structs.asdict(row),
        scope_name=names.get((row.scope, row.scope_id), row.scope_id),
        spent=standing.spent,
        reserved=standing.reserved,
        window_start=standing.window.start or None,
        resets_at=standing.window.end,
    )


async def _names(desk: Desk) -> dict[tuple[str, str], str]:
    database = desk.rooms.database
    clients = Clients(database)
    found = {("client", row.id): row.name for row in await clients.page(limit=100_000)}
    found |= {("team", row.id): row.name for row in await clients.teams()}
    found |= {("organisation", row.id): row.name for row in await clients.organisations()}
    found |= {("user", row.id): row.username for row in await Users(database).page(limit=100_000)}
    found |= {("key", row.id): f"{row.name} ...{row.last4}" for row in await Keys(database).page(limit=100_000)}
    return found
