"""Prices as they cross the operators' API: rates in US dollars, what an operator gives, and where each comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field as Member
from pydantic import StringConstraints

from gophergate.admin.shapes import Dollars, Given, Shown
from gophergate.ledger.cards import ATTOS_A_TOKEN, ATTOS_PER_DOLLAR, CLASSES, Band, in_dollars

UnitName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Factor = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,6})?$")]
Like = Annotated[str, StringConstraints(min_length=3, max_length=320, pattern=r"^[^\s/]+/\S+$")]


class TokenPricesGiven(Given):
    """US dollars per million tokens of each class; what is left out keeps its known price."""

    input: Dollars | None = None
    cache_read: Dollars | None = None
    cache_write: Dollars | None = None
    cache_write_1h: Dollars | None = None
    output: Dollars | None = None
    reasoning: Dollars | None = None
    audio_input: Dollars | None = None
    audio_output: Dollars | None = None
    image_input: Dollars | None = None
    image_output: Dollars | None = None


class LongContextGiven(TokenPricesGiven):
    """The prices of a call whose prompt has more than `above` tokens."""

    above: Annotated[int, Member(ge=1, le=1_000_000_000)]


class PriceGiven(TokenPricesGiven):
    """An operator's price: tokens per million, `request` for each call, `tools` for each use, `units` for each piece,
    `tiers` factors on token prices in a service tier; `like` the "provider/model" whose price it has."""

    request: Dollars | None = None
    tools: dict[UnitName, Dollars] = Member(default_factory=dict)
    units: dict[UnitName, Dollars] = Member(default_factory=dict)
    tiers: dict[UnitName, Factor] = Member(default_factory=dict)
    long_context: Annotated[list[LongContextGiven], Member(max_length=10, default_factory=list)]
    like: Like | None = None

    def rates(self) -> dict[str, str]:
        """All of it by the names of `ledger.cards.overridden`, and `like`."""
        found = {name: getattr(self, name) for name in (*CLASSES, "request", "like")}
        for kind, amounts in (("tool", self.tools), ("unit", self.units), ("tier", self.tiers)):
            found |= {f"{kind}.{name}": amount for name, amount in amounts.items()}
        for long in self.long_context:
            found |= {f"above.{long.above}.{name}": getattr(long, name) for name in CLASSES}
        return {name: amount for name, amount in found.items() if amount is not None}


class BandShown(Shown):
    """US dollars per million tokens for prompts of more than `above` tokens. `units` are dollars for each use of a tool
    or each piece; `request` for each call."""

    above: int
    input: str
    cache_read: str
    cache_write: str
    cache_write_1h: str
    audio_input: str
    image_input: str
    output: str
    reasoning: str
    audio_output: str
    image_output: str
    request: str
    units: dict[str, str]


class PriceShown(Shown):
    """US dollars per million tokens, where a price is known, for the shortest prompts; `bands` is how many lengths of
    prompt are priced apart, `version` says whose it is. All of it: GET /api/prices/{model}."""

    version: str
    input: str
    cache_read: str
    cache_write: str
    cache_write_1h: str
    output: str
    bands: int


def band_shown(band: Band) -> BandShown:
    """One band of it."""
    rates = {name: in_dollars(getattr(band, name), ATTOS_A_TOKEN) for name in CLASSES}
    units = {name: in_dollars(rate, ATTOS_PER_DOLLAR) for name, rate in sorted(band.units.items())}
    return BandShown(above=band.above, **rates, request=in_dollars(band.request, ATTOS_PER_DOLLAR), units=units)


def given_rates(price: PriceGiven | None) -> Mapping[str, str]:
    """What to store of a price that was given; nothing for one that was taken back."""
    return price.rates() if price is not None else {}
