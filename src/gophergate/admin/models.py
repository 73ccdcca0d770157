"""Models: what can be asked for, whether it may be, what it is called upstream and what it costs here."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Query, Request, Response
from pydantic import AfterValidator, StringConstraints
from pydantic import Field as Member

from gophergate.admin.desk import AtDesk, Desk, tagged, unchanged_since
from gophergate.admin.paging import Cursor, Limit, Sought, by_name, has, page_at_hand
from gophergate.admin.price_shapes import PriceGiven, PriceShown, given_rates
from gophergate.admin.shapes import Given, Listing, Moment, Shown, Time, microseconds
from gophergate.errors import NotHere
from gophergate.planning.offered import described, names
from gophergate.store.models import Discount, ModelRow

_SHARE = (
    r"^(0\.([1-9][0-9]{0,5}|0[1-9][0-9]{0,4}|00[1-9][0-9]{0,3}|000[1-9][0-9]{0,2}|0000[1-9][0-9]?|00000[1-9])"
    r"|1(\.0{1,6})?)$"
)
"""More than 0 and at most 1, in at most six decimals."""


def _share(text: str) -> str:
    if not re.fullmatch(_SHARE, text):
        raise ValueError(
            "a share is more than 0 and at most 1, in at most six decimals, such as 0.25 for a quarter off"
        )
    return text


Share = Annotated[str, AfterValidator(_share), Member(json_schema_extra={"pattern": _SHARE})]
ModelName = Annotated[
    str,
    StringConstraints(min_length=3, max_length=320, pattern=r"^[^\s/]+/\S+$"),
    # With its slash: programs that read the document learn from it that a path may hold one here.
    Member(examples=["openai/gpt-4.1"]),
]


class DiscountGiven(Given):
    """A share off every price for a time: "0.25" is a quarter off."""

    share: Share
    since: Time
    until: Time | None = None
    note: Annotated[str, Member(max_length=200)] = ""


class DiscountShown(Shown):
    """A share off every price for a time."""

    share: str
    since: Moment
    until: Moment | None
    note: str


class FactsShown(Shown):
    """What is known of a model by itself; null or empty is not known. Limits are tokens. `said_by` says whose word it
    is, as models.dev names them; `default_output` is what the model's maker allows an answer to be."""

    id: str
    name: str
    context: int | None
    max_input: int | None
    max_output: int | None
    default_output: int | None
    reads: list[str]
    writes: list[str]
    reasoning: bool | None
    tool_call: bool | None
    structured_output: bool | None
    temperature: bool | None
    knowledge: str
    released: str
    status: str
    said_by: str


class ModelShown(Shown):
    """A model at a provider, or a group with its members. `price` null is unpriced; `source` says where it stands: in
    the file, in the database, in its provider's own list, or nowhere ("call"). `operations` is what it may be asked
    for; a provider's models have all that the provider has, for nobody says what a single one can do."""

    name: str
    provider: str
    is_group: bool
    members: list[str]
    source: Literal["file", "database", "provider", "call"]
    enabled: bool
    mapped_name: str | None
    price: PriceShown | None
    price_override: dict[str, str] | None
    discounts: list[DiscountShown]
    facts: FactsShown | None
    operations: list[str]
    updated_at: Moment | None


class ModelChange(Given):
    """What may be set about a model; what is left out stays, null takes it back."""

    enabled: bool | None = None
    mapped_name: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^\S+$")] | None = None
    price: PriceGiven | None = None
    discounts: Annotated[list[DiscountGiven], Member(max_length=50)] | None = None


async def list_(
    desk: AtDesk,
    limit: Limit = 100,
    cursor: Cursor = None,
    sort: Literal["name", "-name", "updated_at", "-updated_at"] = "name",
    q: Sought = None,
    provider: Annotated[str | None, Query(max_length=64)] = None,
    enabled: bool | None = None,
) -> Listing[ModelShown]:
    """Every model, by name where no other order is asked for; those that are switched off too."""
    rows = {row.name: row for row in await desk.rooms.configuration.models.all()}
    listed = [
        row
        for row in (
            rows.get(name) or ModelRow(name=name, updated_at=0) for name in names(desk.rooms.configuration) | set(rows)
        )
        if has(q, row.name) and provider in (None, row.name.partition("/")[0]) and enabled in (None, row.enabled)
    ]
    return page_at_hand(
        ModelShown,
        listed,
        sort=sort,
        cursor=cursor,
        limit=limit,
        row_id=by_name,
        shown=lambda row: _shown(desk, row.name, rows.get(row.name)),
    )


async def get(name: str, response: Response, desk: AtDesk) -> ModelShown:
    """One model."""
    return tagged(response, await _known(desk, name))


async def change(name: ModelName, given: ModelChange, request: Request, response: Response, desk: AtDesk) -> ModelShown:
    """Switch a model on or off, map its name, set its price or a dated discount. The next call sees it."""
    configuration = desk.rooms.configuration
    said = given.model_fields_set
    async with desk.change():
        before = await _known(desk, name)
        unchanged_since(request, before)
        row = await configuration.models.get(name)
        after = row or ModelRow(name=name, updated_at=0)
        changes: dict[str, object] = {"updated_at": desk.now()}
        if given.enabled is not None:
            changes["enabled"] = given.enabled
        if "mapped_name" in said:
            changes["mapped_name"] = given.mapped_name
        if "price" in said:
            changes["price"] = given_rates(given.price)
        if "discounts" in said:
            changes["discounts"] = tuple(_discount(one) for one in given.discounts or ())
        after = msgspec.structs.replace(after, **changes)
        after = await configuration.models.put(after, expected_version=row.version if row is not None else 0)
        await configuration.rebuilt()
        await desk.note(
            "change", "model", name, before=_noted(row or ModelRow(name=name, updated_at=0)), after=_noted(after)
        )
    await desk.reconfigured()
    return await get(name, response, desk)


async def reset(name: ModelName, request: Request, desk: AtDesk) -> None:
    """Forget what was set: the model is again what it is by itself."""
    async with desk.change():
        before = await _known(desk, name)
        unchanged_since(request, before)
        row = await desk.rooms.configuration.models.get(name)
        await desk.rooms.configuration.models.delete(name)
        await desk.rooms.configuration.rebuilt()
        await desk.note("reset", "model", name, before=_noted(row or ModelRow(name=name, updated_at=0)))
    await desk.reconfigured()


async def _known(desk: Desk, name: str) -> ModelShown:
    row = await desk.rooms.configuration.models.get(name)
    catalog = desk.rooms.configuration.current
    if row is None and name not in catalog.groups and name.partition("/")[0] not in catalog.providers:
        raise NotHere(f"There is no model '{name}'. GET /api/models lists what there is.")
    return _shown(desk, name, row)


def _shown(desk: Desk, name: str, row: ModelRow | None) -> ModelShown:
    one = described(desk.rooms.configuration, desk.rooms.prices.book, name, row)
    return ModelShown(
        name=one.name,
        provider=one.provider,
        is_group=one.is_group,
        members=list(one.members),
        source=one.source,
        enabled=one.enabled,
        mapped_name=one.mapped_name,
        price=PriceShown.model_validate(one.price) if one.price is not None else None,
        price_override=(row.price or None) if row is not None else None,
        discounts=[DiscountShown.model_validate(each) for each in row.discounts] if row is not None else [],
        facts=FactsShown.model_validate(one.facts) if one.facts.is_known else None,
        operations=list(one.operations),
        updated_at=row.updated_at if row is not None else None,
    )


def _noted(row: ModelRow) -> dict[str, Any]:
    """What the audit log keeps of a model: what was set about it."""
    return {
        "name": row.name,
        "enabled": row.enabled,
        "mapped_name": row.mapped_name,
        "price": row.price,
        "discounts": [DiscountShown.model_validate(one).model_dump(mode="json") for one in row.discounts],
    }


def _discount(given: DiscountGiven) -> Discount:
    since = microseconds(given.since)
    assert since is not None  # noqa: S101 - narrows the type
    return Discount(share=given.share, since=since, until=microseconds(given.until), note=given.note)
