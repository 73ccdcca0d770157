"""Budgets: so much money for a scope in a period, what of it is spent and held, and when it begins anew."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import Query, Request, Response
from pydantic import AfterValidator, StringConstraints, model_validator
from pydantic import Field as Member

from gophergate.admin.desk import AtDesk, Desk, tagged, unchanged_since
from gophergate.admin.paging import Cursor, Limit, page_at_hand
from gophergate.admin.shapes import Dollars, Given, Id, Listing, Moment, Money, Shown, Time, microseconds
from gophergate.core.money import from_dollars
from gophergate.errors import BadRequest, NotHere
from gophergate.policy.budgets import THRESHOLDS
from gophergate.policy.windows import LONGEST_SPAN, SHORTEST_SPAN, check_span, zone
from gophergate.store.budgets import BudgetRow
from gophergate.store.clients import Clients
from gophergate.store.keys import Keys
from gophergate.store.users import Users

Scope = Literal["organisation", "team", "user", "client", "key", "model", "session"]
Period = Literal["hour", "day", "week", "month", "total", "rolling"]
_NAMED = ("model", "session")
"""Scopes whose ids are no objects of ours: any name may come to be called."""


def _known_zone(name: str) -> str:
    zone(name)
    return name


def _rising(shares: list[float]) -> list[float]:
    if sorted(set(shares)) != shares:
        raise ValueError("thresholds rise, and each is there once")
    return shares


Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_known_zone), Member(examples=["Europe/Berlin"])]
ScopeId = Annotated[str, StringConstraints(min_length=1, max_length=320, pattern=r"^\S+$")]
ModelId = Annotated[str, StringConstraints(min_length=1, max_length=320, pattern=r"^\S+$")]
Seconds = Annotated[int, Member(ge=SHORTEST_SPAN, le=LONGEST_SPAN, description="Of a rolling period.")]
Thresholds = Annotated[
    list[Annotated[float, Member(gt=0, le=10)]],
    Member(max_length=10, description="Shares of the amount at which it is told of.", examples=[[0.5, 0.8, 1.0]]),
    AfterValidator(_rising),
]


class BudgetShown(Shown):
    """A budget now. `reserved` is held for calls under way; `resets_at` is null for a total, and of a rolling period it
    is when the oldest of what is spent counts no more. A budget of each session ("*") has no spending of its own."""

    passing = frozenset({"scope_name", "spent", "reserved", "window_start", "resets_at"})

    id: str
    scope: Scope
    scope_id: str
    scope_name: str
    amount: Money
    period: Period
    seconds: int | None
    model: str | None
    timezone: str
    hard: bool
    thresholds: list[float]
    raised: Money
    raised_until: Moment | None
    spent: Money
    reserved: Money
    window_start: Moment | None
    resets_at: Moment | None
    created_at: Moment
    updated_at: Moment


class BudgetGiven(Given):
    """A new budget. `scope_id` is the object's id; a model's name ("openai/gpt-4.1"); a session's, or "*" for each. A
    period "rolling" is the last `seconds`. `model` narrows it to the calls of that model."""

    scope: Scope
    scope_id: ScopeId
    amount: Dollars
    period: Period = "month"
    seconds: Seconds | None = None
    model: ModelId | None = None
    hard: bool = True
    timezone: Zone | None = None
    thresholds: Thresholds | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> BudgetGiven:
        if (self.period == "rolling") != (self.seconds is not None):
            raise ValueError("'seconds' is the length of the period 'rolling', and of no other")
        if self.seconds is not None:
            check_span(self.seconds)
        if self.scope == "model" and self.model is not None:
            raise ValueError("a model's budget is for that model alone: leave out 'model'")
        return self


class BudgetChange(Given):
    """What may change of it. A raise is an addition to the amount until a moment."""

    amount: Dollars | None = None
    hard: bool | None = None
    timezone: Zone | None = None
    thresholds: Thresholds | None = None
    raised: Dollars | None = None
    raised_until: Time | None = None


class Raise(Given):
    """So much more, until a moment."""

    amount: Dollars
    until: Time


async def list_(
    desk: AtDesk,
    limit: Limit = 50,
    cursor: Cursor = None,
    sort: Literal[
        "scope_name", "-scope_name", "amount", "-amount", "spent", "-spent", "created_at", "-created_at"
    ] = "created_at",
    scope: Scope | None = None,
    scope_id: Annotated[str | None, Query(max_length=320)] = None,
    hard: bool | None = None,
) -> Listing[BudgetShown]:
    """Budgets with what is spent of them, the oldest first where no other order is asked for."""
    names = await names_of(desk)
    rows = [
        row
        for row in await desk.rooms.spending.budgets.all()
        if desk.sees(row)
        and scope in (None, row.scope)
        and scope_id in (None, row.scope_id)
        and hard in (None, row.hard)
    ]
    items = [await _shown(desk, row, names) for row in rows]
    return page_at_hand(BudgetShown, items, sort=sort, cursor=cursor, limit=limit)


async def get(budget_id: Id, response: Response, desk: AtDesk) -> BudgetShown:
    """One budget."""
    return tagged(response, await _known(desk, budget_id))


async def create(given: BudgetGiven, response: Response, desk: AtDesk) -> BudgetShown:
    """Set a budget. It counts what was spent in the running period already."""
    now = desk.now()
    row = BudgetRow(
        id=desk.rooms.ids.new(),
        scope=given.scope,
        scope_id=given.scope_id,
        period=given.period,
        seconds=given.seconds or 0,
        model=given.model or "",
        thresholds=None if given.thresholds is None else tuple(given.thresholds),
        amount=from_dollars(given.amount),
        hard=given.hard,
        timezone=given.timezone or "UTC",
        created_at=now,
        updated_at=now,
    )
    desk.from_above("budgets")
    names = await names_of(desk)
    if given.scope not in _NAMED and (given.scope, given.scope_id) not in names:
        raise BadRequest(f"There is no {given.scope} '{given.scope_id}'.", param="scope_id")
    async with desk.change():
        await desk.rooms.spending.budgets.create(row)
        await desk.note("create", "budget", row.id, after=_noted(row, names.get((row.scope, row.scope_id))))
    await desk.rooms.spending.reload()
    return tagged(response, await _shown(desk, row, names))


async def change(budget_id: Id, given: BudgetChange, request: Request, response: Response, desk: AtDesk) -> BudgetShown:
    """Change a budget; calls are judged by the new one at once."""
    async with desk.change():
        before = await _to_change(desk, budget_id)
        unchanged_since(request, before)
        row = await desk.rooms.spending.budgets.get(budget_id)
        said = given.said()
        changed = msgspec.structs.replace(
            row,
            amount=from_dollars(given.amount) if given.amount is not None else row.amount,
            hard=row.hard if given.hard is None else given.hard,
            timezone=given.timezone or row.timezone,
            thresholds=row.thresholds if given.thresholds is None else tuple(given.thresholds),
            raised=from_dollars(given.raised or "0") if "raised" in said else row.raised,
            raised_until=microseconds(given.raised_until) if "raised_until" in said else row.raised_until,
            version=row.version + 1,
            updated_at=desk.now(),
        )
        await desk.rooms.spending.budgets.change(changed)
        await desk.note(
            "change",
            "budget",
            budget_id,
            before=_noted(row, before.scope_name),
            after=_noted(changed, before.scope_name),
        )
    await desk.rooms.spending.reload()
    return tagged(response, await _known(desk, budget_id))


async def raise_(budget_id: Id, given: Raise, response: Response, desk: AtDesk) -> BudgetShown:
    """Allow more for a while: the amount is added until the moment given, in place of an earlier raise. Calls that wait
    for the budget go on at once; afterwards it is what it was."""
    now = desk.now()
    until = microseconds(given.until)
    if until is None or until <= now:
        raise BadRequest("'until' is a moment to come.", param="until")
    async with desk.change():
        before = await _to_change(desk, budget_id)
        row = await desk.rooms.spending.budgets.get(budget_id)
        raised = msgspec.structs.replace(
            row, raised=from_dollars(given.amount), raised_until=until, version=row.version + 1, updated_at=now
        )
        await desk.rooms.spending.budgets.change(raised)
        await desk.note(
            "raise", "budget", budget_id, before=_noted(row, before.scope_name), after=_noted(raised, before.scope_name)
        )
    await desk.rooms.spending.reload()
    return tagged(response, await _known(desk, budget_id))


async def delete(budget_id: Id, request: Request, desk: AtDesk) -> None:
    """Remove a budget: spending is no longer limited by it."""
    async with desk.change():
        before = await _to_change(desk, budget_id)
        unchanged_since(request, before)
        row = await desk.rooms.spending.budgets.get(budget_id)
        await desk.rooms.spending.budgets.delete(budget_id)
        await desk.note("delete", "budget", budget_id, before=_noted(row, before.scope_name))
    await desk.rooms.spending.reload()


async def _known(desk: Desk, budget_id: str) -> BudgetShown:
    row = await desk.rooms.spending.budgets.get(budget_id)
    if not desk.sees(row):
        raise NotHere(f"There is no budget '{budget_id}'.")
    return await _shown(desk, row, await names_of(desk))


async def _to_change(desk: Desk, budget_id: str) -> BudgetShown:
    known = await _known(desk, budget_id)
    desk.from_above("budgets")
    return known


def _noted(row: BudgetRow, scope_name: str | None) -> dict[str, Any]:
    """What the audit log keeps of a budget: what was set, and not what is spent of it."""
    as_set = BudgetShown(
        **_members(row), scope_name=scope_name or row.scope_id, spent=0, reserved=0, window_start=None, resets_at=None
    )
    return as_set.model_dump(mode="json", exclude=set(BudgetShown.passing) - {"scope_name"})


def _members(row: BudgetRow) -> dict[str, Any]:
    return msgspec.structs.asdict(row) | {
        "seconds": row.seconds or None,
        "model": row.model or None,
        "thresholds": list(THRESHOLDS if row.thresholds is None else row.thresholds),
    }


async def _shown(desk: Desk, row: BudgetRow, names: dict[tuple[str, str], str]) -> BudgetShown:
    standing = await desk.rooms.spending.standing(row, desk.now())
    return BudgetShown(
        **_members(row),
        scope_name=names.get((row.scope, row.scope_id), row.scope_id),
        spent=standing.spent,
        reserved=standing.reserved,
        window_start=standing.window.start or None,
        resets_at=standing.resets_at,
    )


async def names_of(desk: Desk) -> dict[tuple[str, str], str]:
    database = desk.rooms.database
    clients = Clients(database)
    found = {("client", row.id): row.name for row in await clients.page(limit=100_000)}
    found |= {("team", row.id): row.name for row in await clients.teams()}
    found |= {("organisation", row.id): row.name for row in await clients.organisations()}
    found |= {("user", row.id): row.username for row in await Users(database).page(limit=100_000)}
    found |= {("key", row.id): f"{row.name} ...{row.last4}" for row in await Keys(database).page(limit=100_000)}
    return found
