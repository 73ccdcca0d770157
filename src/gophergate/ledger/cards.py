"""Rate cards: a model's prices in whole numbers, so that pricing a call is a few multiplications (R-U1).

A card is a value: it knows neither where its prices come from nor when they hold. Its version names its contents, so
that a row which names a version says exactly what was charged. Amounts are atto-dollars (10^-18), in which every
price that vendors quote, its discount included, is a whole number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

import msgspec

from gophergate.core.usage import Usage

ATTOS_PER_NANO = 10**9
ATTOS_PER_DOLLAR = 10**18
ATTOS_A_TOKEN = 10**12
"""One dollar for a million tokens, in atto-dollars for each."""

CLASSES = (
    "input",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "audio_input",
    "image_input",
    "output",
    "reasoning",
    "audio_output",
    "image_output",
)
"""The token classes that have a rate each, as `Usage` names them."""
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
_OF_TOKENS = frozenset({"video_input", "video_output", "citation_tokens", "cached_audio", "cached_image"})
FREE_TOOLS = frozenset({"web_fetch", "mcp", "tool_search", "text_editor", "bash", "memory", "computer", "function"})
"""Tools that cost nothing but their tokens. Anthropic: "Web fetch ... no additional charges", text editor, bash and
memory by tokens only (platform.claude.com/docs/en/about-claude/pricing); OpenAI: MCP and tool search bill tokens only
(developers.openai.com/api/docs/pricing)."""


class Band(msgspec.Struct, frozen=True):
    """Rates in atto-dollars for prompts of more than `above` tokens. `reasoning` is the rate of a reasoning token (they
    are part of the output count). `units` holds rates by the use of a tool and by the names of `Usage.units`; those of
    `cached_*` are what such a token costs more (or less) than another that was read from the cache."""

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
    request: int = 0
    units: dict[str, int] = {}


class Card(msgspec.Struct, frozen=True):
    """A model's prices at one time, in one service tier. `bands` rise by `above`; the last that applies prices the
    whole call. `origin` says in words where they come from; `by_piece` that tokens have no rate, only pieces have."""

    origin: str
    bands: tuple[Band, ...]
    version: str = ""
    by_piece: bool = False

    def __post_init__(self) -> None:
        if not self.version:
            contents = hashlib.blake2b(msgspec.msgpack.encode(self.bands, order="sorted"), digest_size=4).hexdigest()
            msgspec.structs.force_setattr(self, "version", f"{self.origin} #{contents}")

    def told(self, origin: str, bands: tuple[Band, ...] | None = None) -> Card:
        """The same card under another origin, with other bands."""
        return Card(origin, self.bands if bands is None else bands, by_piece=self.by_piece)

    def price(self, usage: Usage) -> int:
        """Nano-dollars, rounded half to even. Integers only."""
        band = self.band(usage)
        output, reasoning = usage.output or 0, usage.reasoning or 0
        attos = (
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
                attos += uses * band.units.get(name, 0)
        if usage.units:
            for name, count in usage.units.items():
                attos += count * band.units.get(name, 0)
        whole, rest = divmod(attos, ATTOS_PER_NANO)
        half = ATTOS_PER_NANO // 2
        return whole + (rest > half or (rest == half and whole & 1))

    def band(self, usage: Usage) -> Band:
        """The band that prices a usage: told by all of its prompt."""
        bands = self.bands
        found = bands[0]
        if len(bands) > 1:
            total = usage.total_input
            for candidate in bands[1:]:
                if total > candidate.above:
                    found = candidate
        return found

    def gaps(self, usage: Usage) -> tuple[str, ...]:
        """What was used, costs something, and has no rate here: tools and pieces, by name."""
        if not (usage.tool_uses or usage.units):
            return ()
        known = self.band(usage).units
        found = [name for name, uses in (usage.tool_uses or {}).items() if uses and name not in FREE_TOOLS]
        found += [name for name, count in (usage.units or {}).items() if count and name not in _OF_TOKENS]
        return tuple(sorted(name for name in found if name not in known))


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
    fresh, out, cached = (n * ATTOS_PER_NANO for n in (price.input, price.output, price.cache_read))
    return Card("fixed", (Band(0, fresh, cached, fresh, fresh, fresh, fresh, out, out, out, out),))


def overridden(card: Card | None, price: Mapping[str, Decimal], tier: str | None = None) -> Card:
    """A card with an operator's prices in it. What they left out stays as known; of a model nobody knew it costs what
    it is a kind of.

    `price` holds dollars: per million tokens by class (CLASSES); "request" for each; "tool.NAME" and "unit.NAME" for
    each use or piece; "above.TOKENS.CLASS" per million for longer prompts; "tier.NAME" multiplies token rates in that
    service tier.
    """
    given = {name: int(amount * ATTOS_A_TOKEN) for name, amount in price.items() if name in CLASSES}
    units = {
        name.partition(".")[2]: int(amount * ATTOS_PER_DOLLAR)
        for name, amount in price.items()
        if name.startswith(("tool.", "unit."))
    }
    if card is None:
        known = {"input": given.get("input", given.get("output", 0))}
        for name, like in _LIKE.items():
            known[name] = given.get(name, known[like])
        bands: tuple[Band, ...] = (Band(above=0, units={}, **known),)
    elif given:
        if "output" in given:
            given.setdefault("reasoning", given["output"])
        # A price of theirs is one for every context length, unless they say otherwise below.
        bands = tuple(msgspec.structs.replace(band, **given) for band in card.bands)
    else:
        bands = card.bands
    if units:
        bands = tuple(msgspec.structs.replace(band, units={**band.units, **units}) for band in bands)
    if "request" in price:
        request = int(price["request"] * ATTOS_PER_DOLLAR)
        bands = tuple(msgspec.structs.replace(band, request=request) for band in bands)
    for above, rates in sorted(_long(price).items()):
        base = [band for band in bands if band.above < above][-1]
        if "output" in rates:
            rates.setdefault("reasoning", rates["output"])
        longer = msgspec.structs.replace(base, above=above, **rates)
        bands = (*(band for band in bands if band.above < above), longer, *(b for b in bands if b.above > above))
    if tier is not None and f"tier.{tier}" in price:
        bands = multiplied(bands, price[f"tier.{tier}"])
    if card is None:
        return Card("yours", bands, by_piece=not price.keys() & {"input", "output", "request"})
    return card.told(f"{card.origin}, yours: {' '.join(sorted(price))}", bands)


def _long(price: Mapping[str, Decimal]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for name, amount in price.items():
        if name.startswith("above."):
            _, tokens, kind = name.split(".")
            found.setdefault(int(tokens), {})[kind] = int(amount * ATTOS_A_TOKEN)
    return found


def multiplied(bands: tuple[Band, ...], factor: Decimal, *, everything: bool = False) -> tuple[Band, ...]:
    """Bands with their token rates times a factor; `everything` multiplies requests, tools and pieces too."""
    found = []
    for band in bands:
        rates = {name: int(getattr(band, name) * factor) for name in CLASSES}
        units = {
            name: int(rate * factor) if everything or name in _OF_TOKENS else rate for name, rate in band.units.items()
        }
        request = int(band.request * factor) if everything else band.request
        found.append(msgspec.structs.replace(band, units=units, request=request, **rates))
    return tuple(found)


def discounted(card: Card, share: Decimal) -> Card:
    """A card with a share off every price of it."""
    return card.told(f"{card.origin}, {share:%} off", multiplied(card.bands, 1 - share, everything=True))


def in_dollars(attos: int, unit: int) -> str:
    """A rate as decimal text, dollars for `unit` attos: two places at least, and every digit that says something."""
    sign, attos = ("-", -attos) if attos < 0 else ("", attos)
    whole, part = divmod(attos, unit)
    places = len(str(unit)) - 1
    return f"{sign}{whole}.{f'{part:0{places}d}'.rstrip('0').ljust(2, '0')}"
