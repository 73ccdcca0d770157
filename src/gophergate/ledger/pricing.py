"""The price book: finds the card of a model at a provider, keeps it while it holds, and prices usages by it.

Where prices stand, each over the one before: the provider row's own price or the price list; what the operator set; a
dated discount. A model nobody can price is unpriced (None), never free (R-U2).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from gophergate.core.usage import Usage
from gophergate.ledger.cards import Card, FixedPrice, discounted, fixed_card, overridden
from gophergate.ledger.compiled import compile_card
from gophergate.ledger.pricelists import PriceList, PriceLists

_PERIOD = 1800
"""Seconds a card is good for: prices may depend on the time of day, and change on half hours at the finest."""
_MOST_CARDS = 10_000


class PriceRow(Protocol):
    """What a provider's row says of prices (`providers.base.Row` fits)."""

    @property
    def price_id(self) -> str | None: ...

    @property
    def prices(self) -> Mapping[str, FixedPrice]: ...


class Terms(msgspec.Struct, frozen=True):
    """What an operator set about a model's price. `price` is as `cards.overridden` takes it; `like` names the
    "provider/model" whose price it has; `discounts` are (share off, since, until), shares as decimals, times Unix
    microseconds, `until` None for no end."""

    price: Mapping[str, Decimal] = {}
    discounts: tuple[tuple[Decimal, int, int | None], ...] = ()
    like: str = ""


NO_TERMS = Terms()
Where = tuple[str, str, str, str | None]
"""Provider, model, what it is called here, service tier."""


class PriceBook:
    """Finds and keeps cards. `wall` gives Unix seconds; `row` a provider's row by its name, None for one that is gone;
    `terms` what an operator set about a "provider/model"; `default` prices what nobody else does.

    The first card is slow (genai-prices takes half a second to import): `warm` does that in a thread, so that no call
    has to.
    """

    def __init__(
        self,
        *,
        wall: Callable[[], float],
        row: Callable[[str], PriceRow | None],
        terms: Callable[[str], Terms] = lambda label: NO_TERMS,
        lists: PriceLists | None = None,
        default: Mapping[str, Decimal] | None = None,
    ) -> None:
        self._wall = wall
        self._row = row
        self._terms = terms
        self.lists = lists or PriceLists()
        self.default = overridden(None, default).told("default") if default else None
        self._cards: dict[Where, Card | None] = {}
        self._until = 0.0
        self.made_cards: dict[str, tuple[str, str, Card]] = {}
        """Cards by version that were made since somebody last took note of them, with provider and model."""

    def warm(self) -> None:
        """Read the price list. Takes half a second once; run it in a thread after the first call can be answered."""
        assert self.lists.current  # noqa: S101 - reads it

    def forget(self) -> None:
        """Something changed that cards are made of: make them anew as they are asked for."""
        self._cards = {}

    def apart(self) -> PriceBook:
        """The same prices with cards of its own, for a thread that prices much at once."""
        book = copy.copy(self)
        book._cards, book.made_cards = {}, {}
        return book

    def card(self, provider: str, model: str, label: str = "", tier: str | None = None) -> Card | None:
        """The card of a model at a provider, None when nobody knows its price. `label` is what it is called here, where
        that is not "provider/model"."""
        return self._card((provider, model, label, tier))

    def _card(self, where: Where) -> Card | None:
        now = self._wall()
        if now >= self._until:
            self._cards = {}
            self._until = (now // _PERIOD + 1) * _PERIOD
        try:
            return self._cards[where]
        except KeyError:
            if len(self._cards) > _MOST_CARDS:
                self._cards = {}
            card = self.made(where, now) or self.default
            self._cards[where] = card
            self._heed_edges(where, now)
            if card is not None and len(self.made_cards) < _MOST_CARDS:
                self.made_cards[card.version] = (where[0], where[1], card)
            return card

    def made(self, where: Where, at: float, prices: PriceList | None = None) -> Card | None:
        """A card as it was at a moment (Unix seconds), by a price list: the current one, which is not read before a
        card needs it, since reading it takes half a second. Without the default."""
        provider, model, label, tier = where
        terms = self._terms(label or f"{provider}/{model}")
        if terms.like:
            like, _, model = terms.like.partition("/")
            provider = like
        card = self._known(provider, model, at, tier, prices)
        if card is None and tier is not None and terms.price:
            # Their own price is one for every tier, but for what they say of this one.
            card = self._known(provider, model, at, None, prices)
            if card is not None and f"tier.{tier}" not in terms.price and not terms.price.keys() & {"input", "output"}:
                card = None
        if terms.price and (card is not None or not all(name.startswith("tier.") for name in terms.price)):
            card = overridden(card, terms.price, tier)
        if terms.like and card is not None:
            card = card.told(f"{card.origin}, like {terms.like}")
        for share, since, until in terms.discounts:
            if card is not None and since <= at * 1_000_000 and (until is None or at * 1_000_000 < until):
                card = discounted(card, share)
        return card

    def _heed_edges(self, where: Where, now: float) -> None:
        """Cards are made anew when a discount begins or ends."""
        provider, model, label, _ = where
        for _, since, until in self._terms(label or f"{provider}/{model}").discounts:
            for edge in (since, until):
                if edge is not None and now < edge / 1_000_000 < self._until:
                    self._until = edge / 1_000_000

    def _known(self, provider: str, model: str, at: float, tier: str | None, prices: PriceList | None) -> Card | None:
        row = self._row(provider)
        if row is None:
            return None
        fixed = row.prices.get(model)
        if fixed is not None:
            return fixed_card(fixed)
        when = datetime.fromtimestamp(at, UTC)
        if not row.price_id:
            return None
        return compile_card(prices or self.lists.current, row.price_id, model, when, tier)

    def price(self, deployment: Any, usage: Usage | None) -> tuple[int | None, str | None]:
        """Nano-dollars and the price's version for a usage at a deployment; (None, None) when unpriced."""
        if usage is None:
            return None, None
        card = self._card((deployment.provider_name, deployment.model, deployment.label, usage.tier))
        return priced(card, usage) if card is not None else (None, None)


def priced(card: Card, usage: Usage) -> tuple[int | None, str]:
    """What a usage costs by a card, and the version that says so. What has no rate is named in the version; where
    nothing else was used, there is no price."""
    if usage.tool_uses or usage.units:
        gaps = card.gaps(usage)
        if gaps:
            is_all = not (usage.total_input or usage.total_output)
            return (None if is_all else card.price(usage)), f"{card.version} without {', '.join(gaps)}"
    elif card.by_piece and (usage.total_input or usage.total_output):
        return None, f"{card.version} without tokens"
    return card.price(usage), card.version
