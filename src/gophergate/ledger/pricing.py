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


class PriceBook:
    """Finds and keeps cards. `wall` gives Unix seconds; `row` a provider's row by its name, None for one that is gone.

    `compile_card` is slow on its first use (genai-prices takes half a second to import): `warm` does that in a thread,
    so that no call has to.
    """

    def __init__(self, *, wall: Callable[[], float], row: Callable[[str], PriceRow | None]) -> None:
        self._wall = wall
        self._row = row
        self._cards: dict[tuple[str, str], Card | None] = {}
        self._until = 0.0

    def forget(self) -> None:
        """Something changed that cards are made of: make them anew as they are asked for."""
        self._cards = {}

    def card(self, provider: str, model: str) -> Card | None:
        """The card of a model at a provider, None when nobody knows its price."""
        now = self._wall()
        if now >= self._until or len(self._cards) > 10_000:
            self._cards = {}
            self._until = (now // _PERIOD + 1) * _PERIOD
        where = (provider, model)
        try:
            return self._cards[where]
        except KeyError:
            card = self._cards[where] = self._made(provider, model, now)
            return card

    def _made(self, provider: str, model: str, now: float) -> Card | None:
        row = self._row(provider)
        if row is None:
            return None
        fixed = row.prices.get(model)
        if fixed is not None:
            return fixed_card(fixed)
        return compile_card(row.price_id, model, datetime.fromtimestamp(now, UTC)) if row.price_id else None

    def price(self, deployment: Any, usage: Usage | None) -> tuple[int | None, str | None]:
        """Nano-dollars and the price's version for a usage at a deployment; (None, None) when unpriced."""
        if usage is None:
            return None, None
        card = self.card(deployment.provider_name, deployment.model)
        return (card.price(usage), card.version) if card is not None else (None, None)


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
