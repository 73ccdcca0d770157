"""Rate cards: a model's prices compiled once into whole numbers, so that pricing a call is a few multiplications.

The prices themselves come from genai-prices, which is asked, never re-implemented: a card holds the marginal price of
one unit of each usage class, measured on its own calculation inside each context band. A model nobody can price
is unpriced (None), never free (R-U2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from gophergate.core.usage import Usage

FEMTOS_PER_NANO = 1_000_000
_FEMTOS_PER_DOLLAR = 10**15
_PERIOD = 1800
"""Seconds a card is good for: prices may depend on the time of day, and change on half hours at the finest."""

_INPUTS = {
    "input": {},
    "cache_read": {"cache_read_tokens": 1},
    "cache_write": {"cache_write_tokens": 1, "cache_write_5m_tokens": 1},
    "cache_write_1h": {"cache_write_tokens": 1, "cache_write_1h_tokens": 1},
    "audio_input": {"input_audio_tokens": 1},
    "image_input": {"input_image_tokens": 1},
}
_OUTPUTS = {
    "output": {},
    "reasoning": {"output_reasoning_tokens": 1},
    "audio_output": {"output_audio_tokens": 1},
    "image_output": {"output_image_tokens": 1},
}
_TOOLS = {
    "web_search": "web_searches",
    "web_search_requests": "web_searches",
    "code_execution": "code_executions",
    "code_execution_requests": "code_executions",
}


class Band(msgspec.Struct, frozen=True):
    """Prices in femto-dollars for prompts of more than `above` tokens. `reasoning` is the price of a reasoning token
    (they are part of the output count)."""

    above: int
    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    audio_input: int
    image_input: int
    output: int
    reasoning: int
    audio_output: int
    image_output: int
    tools: dict[str, int]
    request: int = 0


class Card(msgspec.Struct, frozen=True):
    """A model's prices at one time. `bands` rise by `above`; the last that applies prices the whole call."""

    version: str
    bands: tuple[Band, ...]

    def price(self, usage: Usage) -> int:
        """Nano-dollars, rounded half to even. Integers only."""
        bands = self.bands
        band = bands[0]
        if len(bands) > 1:
            total = usage.total_input
            for candidate in bands[1:]:
                if total > candidate.above:
                    band = candidate
        output, reasoning = usage.output or 0, usage.reasoning or 0
        femtos = (
            band.request
            + (usage.input or 0) * band.input
            + (usage.cache_read or 0) * band.cache_read
            + (usage.cache_write or 0) * band.cache_write
            + (usage.cache_write_1h or 0) * band.cache_write_1h
            + (usage.audio_input or 0) * band.audio_input
            + (usage.image_input or 0) * band.image_input
            + output * band.output
            + min(reasoning, output) * (band.reasoning - band.output)
            + (usage.audio_output or 0) * band.audio_output
            + (usage.image_output or 0) * band.image_output
        )
        if usage.tool_uses:
            for name, uses in usage.tool_uses.items():
                femtos += uses * band.tools.get(name, 0)
        whole, rest = divmod(femtos, FEMTOS_PER_NANO)
        half = FEMTOS_PER_NANO // 2
        return whole + (rest > half or (rest == half and whole & 1))


class FixedPrice(Protocol):
    """A row's own price, in nano-dollars a token (`providers.base.Price` fits)."""

    @property
    def input(self) -> int: ...

    @property
    def output(self) -> int: ...

    @property
    def cache_read(self) -> int: ...


def fixed_card(price: FixedPrice) -> Card:
    """The card of a price that is ours to set."""
    fresh, out, cached = (n * FEMTOS_PER_NANO for n in (price.input, price.output, price.cache_read))
    return Card("fixed", (Band(0, fresh, cached, fresh, fresh, fresh, fresh, out, out, out, out, {}),))


class PriceRow(Protocol):
    """What a provider's row says of prices (`providers.base.Row` fits)."""

    @property
    def price_id(self) -> str | None: ...

    @property
    def prices(self) -> Mapping[str, FixedPrice]: ...


class Terms(msgspec.Struct, frozen=True):
    """What an operator set about a model's price. `price` is US dollars per million tokens by usage class; `discounts`
    are (share off, since, until), shares as decimals, times Unix microseconds, `until` None for no end."""

    price: Mapping[str, Decimal] = {}
    discounts: tuple[tuple[Decimal, int, int | None], ...] = ()


NO_TERMS = Terms()


class PriceBook:
    """Finds and keeps cards. `wall` gives Unix seconds; `row` a provider's row by its name, None for one that is gone;
    `terms` what an operator set about a "provider/model".

    `compile_card` is slow on its first use (genai-prices takes half a second to import): `warm` does that in a thread,
    so that no call has to.
    """

    def __init__(
        self,
        *,
        wall: Callable[[], float],
        row: Callable[[str], PriceRow | None],
        terms: Callable[[str], Terms] = lambda label: NO_TERMS,
    ) -> None:
        self._wall = wall
        self._row = row
        self._terms = terms
        self._cards: dict[tuple[str, str, str], Card | None] = {}
        self._until = 0.0

    def forget(self) -> None:
        """Something changed that cards are made of: make them anew as they are asked for."""
        self._cards = {}

    def card(self, provider: str, model: str, label: str = "") -> Card | None:
        """The card of a model at a provider, None when nobody knows its price. `label` is what it is called here, where
        that is not "provider/model"."""
        now = self._wall()
        if now >= self._until or len(self._cards) > 10_000:
            self._cards = {}
            self._until = (now // _PERIOD + 1) * _PERIOD
        where = (provider, model, label)
        try:
            return self._cards[where]
        except KeyError:
            card = self._cards[where] = self.made(provider, model, label, now)
            return card

    def made(self, provider: str, model: str, label: str, at: float) -> Card | None:
        """A card as it was at a moment (Unix seconds)."""
        terms = self._terms(label or f"{provider}/{model}")
        card = self._known(provider, model, at)
        if terms.price:
            card = overridden(card, terms.price)
        for share, since, until in terms.discounts:
            if card is not None and since <= at * 1_000_000 and (until is None or at * 1_000_000 < until):
                card = discounted(card, share)
            for edge in (since, until):
                if edge is not None and at < edge / 1_000_000 < self._until:
                    self._until = edge / 1_000_000  # Cards are made anew when a discount begins or ends.
        return card

    def _known(self, provider: str, model: str, at: float) -> Card | None:
        row = self._row(provider)
        if row is None:
            return None
        fixed = row.prices.get(model)
        if fixed is not None:
            return fixed_card(fixed)
        return compile_card(row.price_id, model, datetime.fromtimestamp(at, UTC)) if row.price_id else None

    def price(self, deployment: Any, usage: Usage | None) -> tuple[int | None, str | None]:
        """Nano-dollars and the price's version for a usage at a deployment; (None, None) when unpriced."""
        if usage is None:
            return None, None
        card = self.card(deployment.provider_name, deployment.model, deployment.label)
        return (card.price(usage), card.version) if card is not None else (None, None)


_FEMTOS_A_TOKEN = 10**9
"""One dollar for a million tokens, in femto-dollars for each."""
_LIKE = {
    "cache_read": "input",
    "cache_write": "input",
    "cache_write_1h": "cache_write",
    "audio_input": "input",
    "image_input": "input",
    "output": "input",
    "reasoning": "output",
    "audio_output": "output",
    "image_output": "output",
}
"""What a class costs when only others are known: what it is a kind of."""


def overridden(card: Card | None, price: Mapping[str, Decimal]) -> Card:
    """A card with an operator's prices in it. What they left out stays as known; of a model nobody knew it costs what
    it is a kind of. Their price is one for every context length."""
    given = {name: int(amount * _FEMTOS_A_TOKEN) for name, amount in price.items()}
    if card is None:
        known = {"input": given.get("input", given.get("output", 0))}
        for name, like in _LIKE.items():
            known[name] = given.get(name, known[like])
        return Card("yours", (Band(above=0, tools={}, **{**known, **given}),))
    if "output" in given:
        given.setdefault("reasoning", given["output"])
    bands = tuple(msgspec.structs.replace(band, **given) for band in card.bands)
    return Card(f"{card.version}, yours: {' '.join(sorted(price))}", bands)


def discounted(card: Card, share: Decimal) -> Card:
    """A card with a share off every price of it."""

    def less(femtos: int) -> int:
        return int(femtos * (1 - share))

    bands = []
    for band in card.bands:
        prices = {name: less(getattr(band, name)) for name in ("input", *_LIKE, "request")}
        tools = {name: less(femtos) for name, femtos in band.tools.items()}
        bands.append(msgspec.structs.replace(band, tools=tools, **prices))
    return Card(f"{card.version}, {share:%} off", tuple(bands))


def warm() -> None:
    """Import the price list. Takes half a second once; run it in a thread after the first call can be answered."""
    from genai_prices.data_snapshot import get_snapshot

    get_snapshot()


def compile_card(price_id: str, model: str, when: datetime) -> Card | None:
    """A model's card at a time, from genai-prices; None when it does not know the model."""
    from genai_prices import __version__, types
    from genai_prices.data_snapshot import get_snapshot

    try:
        _, known = get_snapshot().find_provider_model(model, None, price_id, None)
    except LookupError:
        return None
    prices = known.get_prices(when)
    if not any(value is not None for value in vars(prices).values()):
        return None
    starts = {
        tier.start for value in vars(prices).values() if isinstance(value, types.TieredPrices) for tier in value.tiers
    }

    def cost(**usage: int) -> Decimal:
        total: Decimal = prices.calc_price(types.Usage(**usage))["total_price"]
        return total

    bands = tuple(_band(cost, above) for above in (0, *sorted(starts - {0})))
    return Card(f"genai-prices {__version__} {price_id}/{known.id}", bands)


def _band(cost: Callable[..., Decimal], above: int) -> Band:
    base = above + 1 if above else 0
    nothing = cost(input_tokens=base, output_tokens=0)

    def femtos(amount: Decimal) -> int:
        return int((amount * _FEMTOS_PER_DOLLAR).to_integral_value())

    inputs = {
        name: femtos(cost(input_tokens=base + 1, output_tokens=0, **parts) - nothing) for name, parts in _INPUTS.items()
    }
    outputs = {
        name: femtos(cost(input_tokens=base, output_tokens=1, **parts) - nothing) for name, parts in _OUTPUTS.items()
    }
    tools = {
        name: femtos(cost(input_tokens=base, output_tokens=0, **{unit: 1}) - nothing) for name, unit in _TOOLS.items()
    }
    request = femtos(nothing) - base * inputs["input"]
    return Band(above=above, **inputs, **outputs, tools=tools, request=request)
