"""Prices: what each model costs and why, newer price lists, past calls priced again, providers' exports held against
the ledger."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Query
from pydantic import Field as Member

from gophergate.admin.desk import AtDesk, Desk
from gophergate.admin.paging import Cursor, Limit, page_of
from gophergate.admin.price_shapes import PriceShown
from gophergate.admin.shapes import Given, Listing, Moment, Money, Shown, Time, microseconds
from gophergate.billing.explained import Explained, explained
from gophergate.billing.prices import PriceNews
from gophergate.billing.reconciling import kind_of, reconcile, shown
from gophergate.billing.repricing import Job, Repricer
from gophergate.errors import BadRequest, NotHere
from gophergate.ledger.cards import Card
from gophergate.planning.offered import described, names
from gophergate.store.database import Conflict
from gophergate.store.prices import PriceCards, ReconciliationRow, Reconciliations, unpriced_calls
from gophergate.store.repricing import Which

_PATIENCE = 10.0
"""Seconds that a request to price again waits for the end before it answers with how far it has come."""
_DAYS = 30
_DAY_US = 86_400_000_000

ModelName = Annotated[str, Member(max_length=320, examples=["gpt-4.1"])]
ProviderName = Annotated[str, Member(max_length=64, examples=["openai"])]


class PriceListShown(Shown):
    """The price list in force. `since` null: it came with the program; `checked_at` when it was last seen to be the
    newest; `error` why the last look for a newer one failed."""

    version: str
    since: Moment | None
    checked_at: Moment | None
    error: str


class PricedModelShown(Shown):
    """A model of the catalogue: its price, or how many calls of the last 30 days had none. `source` is "yours" where an
    operator set any of it."""

    model: str
    provider: str
    price: PriceShown | None
    source: Literal["yours", "list", "provider", "none"]
    discounts: int
    unpriced_calls: int


class PricesShown(Listing[PricedModelShown]):
    """Every model with its price, and the list that prices come from."""

    list: PriceListShown


class RateShown(Shown):
    """One rate, and where it comes from: a file and line, the database, the price list."""

    name: str
    above: int
    dollars: str
    per: str
    source: str


class PriceExplainedShown(Shown):
    """What a model costs at a time, and why. `version` null is unpriced, and `why` says why."""

    model: str
    sent_as: str
    at: Moment
    version: str | None
    origin: str
    rates: list[RateShown]
    discounts: list[str]
    tiers: dict[str, tuple[str, str]]
    why: str


class CardShown(Shown):
    """The rate card that a call's `price_version` names, in atto-dollars (10^-18) a unit."""

    version: str
    provider: str
    model: str
    first_used_at: Moment
    card: dict[str, Any]


class RepriceGiven(Given):
    """Which calls to price again; what is left out means all. `dry_run` only tells what would change. `latest` goes by
    the newest price list, not by that of each call's date."""

    since: Time | None = None
    until: Time | None = None
    provider: ProviderName | None = None
    model: ModelName | None = None
    dry_run: bool = True
    latest: bool = False


class RepricedShown(Shown):
    """Costs before and after. `changed` calls cost something else or are priced by another card; `kept` are those of a
    provider that is not configured any more."""

    model: str
    rows: int
    changed: int
    before: Money
    after: Money
    unpriced_before: int
    unpriced_after: int
    kept: int


class RepricingShown(Shown):
    """A run: `done` of `weeks` so far."""

    state: Literal["running", "done", "failed"]
    dry_run: bool
    error: str
    done: int
    weeks: int
    total: RepricedShown
    models: list[RepricedShown]


class ReconciliationGiven(Given):
    """A provider's usage or cost export as text (JSON or CSV), and the provider here whose account it is of."""

    provider: ProviderName
    file: Annotated[str, Member(min_length=1, max_length=255)] = "export"
    content: Annotated[str, Member(min_length=2, max_length=3_900_000)]
    kind: Literal["openai", "anthropic"] | None = None


class ReconciliationShown(Shown):
    """An export held against the ledger, day by day and model by model; amounts are US dollars as decimal text."""

    id: str
    created_at: Moment
    provider: str
    file: str
    actor: str
    report: dict[str, Any]


async def list_(desk: AtDesk, limit: Limit = 200, cursor: Cursor = None) -> PricesShown:
    """Every model of the catalogue with its price and whose it is, and calls without one."""
    rooms = desk.rooms
    # Whoever is confined to a team does not see what others called.
    counted = await unpriced_calls(rooms.database, desk.now() - _DAYS * _DAY_US) if desk.team is None else {}
    found = {name for name in names(rooms.configuration) if rooms.configuration.current.group(name) is None}
    found |= {f"{provider}/{model}" for provider, model in counted if provider and model}
    labels = sorted(name for name in found if cursor is None or name > cursor)
    items = [_priced(desk, label, counted) for label in labels[:limit]]
    news = await asyncio.to_thread(rooms.prices.news)
    after = labels[limit - 1] if len(labels) > limit else None
    return PricesShown(items=items, next_cursor=after, list=list_shown(news))


async def explain(
    name: str, desk: AtDesk, at: Annotated[Time | None, Query(description="By default now.")] = None
) -> PriceExplainedShown:
    """What a model costs, class by class, with the source of each rate; or why it has no price."""
    if "/" not in name:
        raise NotHere(f"'{name}' names no provider; prices are of a model at one, such as openai/gpt-4.1.")
    moment = at.timestamp() if at is not None else desk.rooms.wall()
    found = await asyncio.to_thread(explained, desk.rooms.configuration, desk.rooms.prices.book, name, moment)
    return _explained(found)


async def card(desk: AtDesk, version: Annotated[str, Query(min_length=1, max_length=500)]) -> CardShown:
    """The rate card that a call's `price_version` names."""
    row = await PriceCards(desk.rooms.database).get(version)
    found = msgspec.json.decode(row.card, type=Card)
    return CardShown(**msgspec.structs.asdict(row) | {"card": msgspec.to_builtins(found)})


async def refresh(desk: AtDesk) -> PriceListShown:
    """Look for newer prices now."""
    async with desk.change():
        await desk.note("refresh", "prices", None)
    return list_shown(await desk.rooms.prices.refresh())


async def reprice(given: RepriceGiven, desk: AtDesk) -> RepricingShown:
    """Price past calls again from what they used. Answers at the end, or after ten seconds with how far it has come."""
    prices = desk.rooms.prices
    if prices.job is not None and prices.job.state == "running":
        raise Conflict("Calls are being priced again already; GET /api/prices/reprice tells how far that is.")
    job = prices.job = Job(dry_run=given.dry_run)
    if not given.dry_run:
        async with desk.change():
            await desk.note("reprice", "calls", None, after=given)
    desk.rooms.later(_run(job, given, desk))
    try:
        async with asyncio.timeout(_PATIENCE):
            await job.ended.wait()
    except TimeoutError:
        pass
    return _job(job)


async def repricing(desk: AtDesk) -> RepricingShown:
    """The last run that priced past calls again, or the one under way."""
    job = desk.rooms.prices.job
    if not isinstance(job, Job):
        raise NotHere("No calls were priced again since the start.")
    return _job(job)


async def list_reconciliations(desk: AtDesk, limit: Limit = 50, cursor: Cursor = None) -> Listing[ReconciliationShown]:
    """Reconciliations, the newest first."""
    rows = await Reconciliations(desk.rooms.database).page(cursor=cursor, limit=limit + 1)
    return page_of(ReconciliationShown, rows, limit, lambda row: str(row.id))


async def create_reconciliation(given: ReconciliationGiven, desk: AtDesk) -> ReconciliationShown:
    """Hold a provider's export against the ledger, and keep what came of it."""
    rooms = desk.rooms
    row = rooms.configuration.row(given.provider)
    if row is None:
        raise BadRequest(f"There is no provider '{given.provider}'.", param="provider")
    report = await reconcile(
        rooms.database,
        given.content.encode(),
        provider=given.provider,
        kind=given.kind or kind_of(row.kind),
        price_id=row.price_id or "",
        prices=lambda: rooms.prices.lists.current,
    )
    kept = ReconciliationRow(
        id=rooms.ids.new(),
        created_at=desk.now(),
        provider=given.provider,
        file=given.file,
        actor=desk.who.name,
        report=shown(report),
    )
    async with desk.change():
        await Reconciliations(rooms.database).add(kept)
        await desk.note("create", "reconciliation", kept.id, after={"provider": kept.provider, "file": kept.file})
    return ReconciliationShown.model_validate(kept)


async def get_reconciliation(reconciliation_id: str, desk: AtDesk) -> ReconciliationShown:
    """One reconciliation."""
    row = await Reconciliations(desk.rooms.database).get(reconciliation_id)
    return ReconciliationShown.model_validate(row)


async def delete_reconciliation(reconciliation_id: str, desk: AtDesk) -> None:
    """Forget a reconciliation."""
    async with desk.change():
        reconciliations = Reconciliations(desk.rooms.database)
        kept = await reconciliations.get(reconciliation_id)
        await reconciliations.delete(reconciliation_id)
        before = {"provider": kept.provider, "file": kept.file}
        await desk.note("delete", "reconciliation", reconciliation_id, before=before)


def list_shown(news: PriceNews) -> PriceListShown:
    """A price list for people."""
    since = news.since * 1_000_000 or None
    checked = None if news.checked_at is None else news.checked_at * 1_000_000
    return PriceListShown(version=news.version, since=since, checked_at=checked, error=news.error)


def _priced(desk: Desk, label: str, counted: dict[tuple[str, str], int]) -> PricedModelShown:
    rooms = desk.rooms
    provider, _, model = label.partition("/")
    one = described(rooms.configuration, rooms.prices.book, label)
    terms = rooms.configuration.terms(label)
    row = rooms.configuration.row(provider)
    source: Literal["yours", "list", "provider", "none"] = "list"
    if one.price is None:
        source = "none"
    elif terms.price or terms.like or one.price.version.startswith("default"):
        source = "yours"
    elif row is not None and model in row.prices:
        source = "provider"
    return PricedModelShown(
        model=label,
        provider=provider,
        price=PriceShown.model_validate(one.price) if one.price is not None else None,
        source=source,
        discounts=len(terms.discounts),
        unpriced_calls=counted.get((provider, one.mapped_name or model), 0),
    )


def _explained(found: Explained) -> PriceExplainedShown:
    said = msgspec.structs.asdict(found)
    rates = [RateShown.model_validate(rate) for rate in found.rates]
    return PriceExplainedShown(
        **said | {"at": int(found.at * 1_000_000), "rates": rates, "discounts": list(found.discounts)}
    )


def _job(job: Job) -> RepricingShown:
    outcome = job.outcome
    return RepricingShown(
        state=job.state,
        dry_run=job.dry_run,
        error=job.error,
        done=outcome.done,
        weeks=outcome.weeks,
        total=RepricedShown.model_validate(outcome.total),
        models=[RepricedShown.model_validate(each) for _, each in sorted(outcome.models.items())],
    )


async def _run(job: Job, given: RepriceGiven, desk: Desk) -> None:
    rooms = desk.rooms
    which = Which(
        since=microseconds(given.since), until=microseconds(given.until), provider=given.provider, model=given.model
    )
    repricer = Repricer(rooms.database, rooms.calls, rooms.configuration, rooms.prices.book, now=desk.now)
    try:
        await job.run(repricer, which, latest=given.latest)
        if given.dry_run:
            return
        rooms.spending.reread()
        async with desk.change():
            await desk.note(
                "repriced", "calls", None, after={"state": job.state, **_job(job).total.model_dump(mode="json")}
            )
    finally:
        job.ended.set()
