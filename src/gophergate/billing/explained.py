"""Why a model costs what it costs: every rate with where it comes from, or why there is none. For people."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from gophergate.configured import Configuration
from gophergate.ledger.cards import ATTOS_A_TOKEN, ATTOS_PER_DOLLAR, CLASSES, Band, Card, in_dollars
from gophergate.ledger.compiled import compile_card
from gophergate.ledger.lookup import find_anywhere
from gophergate.ledger.pastprices import PastPrices
from gophergate.ledger.pricing import PriceBook
from gophergate.settings.schema import BUILT_IN

TIERS = ("flex", "priority", "fast", "batch")
A_MILLION, EACH = "per million tokens", "each"


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """One price: of a token class, a request, a tool's use or a piece (`name`), in US dollars `per` so much, for
    prompts of more than `above` tokens; `source` is a file and line, the database, the provider's row, or the list."""

    name: str
    above: int
    dollars: str
    per: str
    source: str


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """A model's price at a time (Unix seconds). `version` None is unpriced, and `why` says why. `tiers` are the first
    band's input and output rates in other service tiers."""

    model: str
    sent_as: str
    at: float
    version: str | None
    origin: str
    rates: tuple[Rate, ...] = ()
    discounts: tuple[str, ...] = ()
    tiers: dict[str, tuple[str, str]] = {}
    why: str = ""


def explained(configuration: Configuration, book: PriceBook, label: str, at: float) -> Explained:
    """The price of "provider/model" at a time, by the price list of that time. Reads files: call it in a thread."""
    provider, _, name = label.partition("/")
    row = configuration.model_rows.get(label)
    sent_as = (row.mapped_name if row is not None else None) or name
    past = PastPrices(book)
    card = past.card((provider, sent_as, label, None), at)
    terms = configuration.terms(label)
    if card is None:
        why = _why(configuration, book, provider, sent_as, terms.like)
        return Explained(model=label, sent_as=sent_as, at=at, version=None, origin="", why=why)
    sources = _sources(configuration, label)
    base = card.origin.partition(", ")[0]
    discounts = tuple(
        f"{share:%} off"
        for share, since, until in terms.discounts
        if since <= at * 1_000_000 and (until is None or at * 1_000_000 < until)
    )
    tiers = {}
    for tier in TIERS:
        other = past.card((provider, sent_as, label, tier), at)
        if other is not None and other.bands != card.bands:
            first = other.bands[0]
            tiers[tier] = (in_dollars(first.input, ATTOS_A_TOKEN), in_dollars(first.output, ATTOS_A_TOKEN))
    return Explained(
        model=label,
        sent_as=sent_as,
        at=at,
        version=card.version,
        origin=card.origin,
        rates=tuple(rate for band in card.bands for rate in _rates(card, band, sources, base)),
        discounts=discounts,
        tiers=tiers,
    )


def published(book: PriceBook, name: str, at: float) -> Explained:
    """The price that a model's maker, else its first reseller, publishes: for a name that is not configured here."""
    prices = book.lists.at(at)
    found = find_anywhere(prices.snapshot, name)
    card = None
    if found is not None:
        card = compile_card(prices, found[0].id, name, datetime.fromtimestamp(at, UTC))
    if card is None:
        why = f"{prices.version} knows no model that is surely '{name}'"
        return Explained(model=name, sent_as=name, at=at, version=None, origin="", why=why)
    rates = tuple(rate for band in card.bands for rate in _rates(card, band, {}, card.origin))
    return Explained(model=name, sent_as=name, at=at, version=card.version, origin=card.origin, rates=rates)


def _rates(card: Card, band: Band, sources: dict[str, str], base: str) -> list[Rate]:
    def source(name: str, kind: str = "") -> str:
        above = f"above.{band.above}.{name}"
        return sources.get(above) or sources.get(f"{kind}{name}") or base

    def rate(name: str, attos: int, unit: int, kind: str = "") -> Rate:
        per = A_MILLION if unit == ATTOS_A_TOKEN else EACH
        dollars = in_dollars(attos, unit)
        return Rate(name=name, above=band.above, dollars=dollars, per=per, source=source(name, kind))

    found = [] if card.by_piece else [rate(name, getattr(band, name), ATTOS_A_TOKEN) for name in CLASSES]
    if band.request:
        found.append(rate("request", band.request, ATTOS_PER_DOLLAR))
    for name, attos in sorted(band.units.items()):
        kind = "unit." if f"unit.{name}" in sources else "tool."
        found.append(rate(name, attos, ATTOS_PER_DOLLAR, kind))
    return found


def _sources(configuration: Configuration, label: str) -> dict[str, str]:
    """Where each price that an operator set stands, by its name in `Terms.price`."""
    settings = configuration.settings
    overrides = settings.pricing.overrides
    key = label if label in overrides else label.partition("/")[2]
    found: dict[str, str] = {}
    if key in overrides:
        for name in overrides[key].rates():
            kind, _, rest = name.partition(".")
            at = {"tool": ("tools", rest), "unit": ("units", rest), "tier": ("tiers", rest)}.get(kind, (name,))
            source = settings.source("pricing", "overrides", key, *at)
            found[name] = str(source) if source != BUILT_IN else "the configuration"
    row = configuration.model_rows.get(label)
    for name in row.price if row is not None else ():
        found[name] = "the database"
    return found


def _why(configuration: Configuration, book: PriceBook, provider: str, sent_as: str, like: str) -> str:
    if like:
        return f"it is priced like {like}, which has no price"
    row = configuration.row(provider)
    if row is None:
        return f"no provider '{provider}' is configured"
    if not row.price_id:
        return f"nobody publishes prices for providers of the kind '{row.kind}': set one (pricing.overrides)"
    version = book.lists.current.version
    return f"{version} knows no model '{sent_as}' of '{row.price_id}' that is surely this one: set a price for it"
