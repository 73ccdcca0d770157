"""R-U1: whole numbers, every class its rate, and a version that says exactly what was charged."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gophergate.core.usage import Usage
from gophergate.ledger.cards import ATTOS_PER_NANO, CLASSES, Band, Card, discounted, fixed_card, overridden

rates = st.integers(0, 10**14)
bands = st.builds(
    Band,
    above=st.just(0),
    **dict.fromkeys(CLASSES, rates),
    request=st.integers(0, 10**16),
    units=st.dictionaries(st.sampled_from(["web_search", "images", "pages"]), rates, max_size=3),
)
cards = st.builds(lambda band, long: Card("x", (band, msgspec.structs.replace(long, above=1000))), bands, bands)
counts = st.none() | st.integers(0, 10**6)
usages = st.builds(
    Usage,
    **dict.fromkeys(set(CLASSES) - {"reasoning"}, counts),
    reasoning=st.none() | st.integers(0, 2 * 10**6),
    tool_uses=st.none() | st.fixed_dictionaries({"web_search": st.integers(0, 9)}),
    units=st.none() | st.fixed_dictionaries({"images": st.integers(0, 9), "pages": st.integers(0, 99)}),
)


@given(cards, usages)
def test_a_price_is_the_sum_of_each_class_times_its_rate(card: Card, usage: Usage) -> None:
    band = card.bands[1] if usage.total_input > 1000 else card.bands[0]
    thought = min(usage.reasoning or 0, usage.output or 0)
    counted = {name: getattr(usage, name) or 0 for name in CLASSES} | {"reasoning": thought}
    counted["output"] -= thought
    attos = band.request + sum(count * getattr(band, name) for name, count in counted.items())
    for used in (usage.tool_uses or {}, usage.units or {}):
        attos += sum(count * band.units.get(name, 0) for name, count in used.items())
    exact = (Decimal(attos) / ATTOS_PER_NANO).to_integral_value(rounding=ROUND_HALF_EVEN)
    assert card.price(usage) == int(exact)
    assert type(card.price(usage)) is int


@given(bands, usages, st.sampled_from(sorted(set(CLASSES) - {"reasoning"})), st.integers(1, 10**6))
def test_more_never_costs_less(band: Band, usage: Usage, name: str, more: int) -> None:
    card = Card("x", (msgspec.structs.replace(band, reasoning=band.output),))
    larger = msgspec.structs.replace(usage, **{name: (getattr(usage, name) or 0) + more})
    assert card.price(larger) >= card.price(usage)


@given(cards)
def test_a_version_names_the_contents(card: Card) -> None:
    """The card that is kept under a version is the card again, and another content is another version."""
    assert msgspec.json.decode(msgspec.json.encode(card), type=Card) == card
    assert Card("x", card.bands).version == card.version
    dearer = msgspec.structs.replace(card.bands[0], output=card.bands[0].output + 1)
    assert Card("x", (dearer,)).version != Card("x", card.bands[:1]).version


def test_what_has_no_rate_is_named() -> None:
    card = overridden(None, {"input": Decimal(1), "tool.web_search": Decimal("0.01")})
    used = Usage(input=1, tool_uses={"web_search": 2, "web_fetch": 3, "maps": 1}, units={"images": 1, "video_input": 9})
    assert card.gaps(used) == ("images", "maps")
    assert card.price(Usage(tool_uses={"web_search": 3})) == 30_000_000


def test_an_operator_may_price_every_class_request_tool_piece_tier_and_context() -> None:
    price = {name: Decimal(place + 1) for place, name in enumerate(CLASSES)}
    more = {
        "request": Decimal("0.002"),
        "tool.web_search": Decimal("0.01"),
        "unit.images": Decimal("0.04"),
        "above.1000.input": Decimal(5),
        "above.1000.output": Decimal(50),
        "tier.flex": Decimal("0.5"),
    }
    card = overridden(None, price | more)
    usage = Usage(input=10, cache_read=10, output=10, tool_uses={"web_search": 1}, units={"images": 2})
    pieces = 2_000_000 + 10_000_000 + 80_000_000
    assert card.price(usage) == 10 * (1 + 2 + 7) * 1000 + pieces
    assert overridden(None, price | more, "flex").price(usage) == 10 * (1 + 2 + 7) * 500 + pieces
    assert overridden(None, price | more, "priority").price(usage) == card.price(usage)
    long = Usage(input=2000, output=10, reasoning=4)
    assert card.price(long) == 2_000_000 + 2000 * 5000 + 10 * 50_000
    known = overridden(card, {"input": Decimal(3)})
    assert known.bands[1].input == 3 * 10**12  # one price for every context, as long as they do not say otherwise
    assert known.bands[0].cache_read == 2 * 10**12


@given(
    st.dictionaries(
        st.sampled_from(["input", "output", "cache_read", "cache_write"]), st.integers(0, 10**6), min_size=1
    ),
    st.builds(Usage, input=st.integers(0, 10**6), cache_read=st.integers(0, 10**6), output=st.integers(0, 10**6)),
)
def test_prices_of_ours_are_exact(price: dict[str, int], usage: Usage) -> None:
    card = overridden(None, {name: Decimal(amount) / 1000 for name, amount in price.items()})
    fresh = price.get("input", price.get("output", 0))
    each = {"input": fresh, "cache_read": price.get("cache_read", fresh), "output": price.get("output", fresh)}
    assert card.price(usage) == sum(rate * (getattr(usage, name) or 0) for name, rate in each.items())
    half = discounted(card, Decimal("0.5")).price(usage)
    assert abs(half * 2 - card.price(usage)) <= 1


class Fixed(msgspec.Struct, frozen=True):
    input: int = 150
    output: int = 600
    cache_read: int = 15


def test_a_price_of_a_row_is_a_card_like_any_other() -> None:
    card = fixed_card(Fixed())
    assert card.price(Usage(input=1, cache_read=1, output=1, reasoning=1)) == 150 + 15 + 600
