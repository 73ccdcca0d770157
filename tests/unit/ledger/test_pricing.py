from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from types import MappingProxyType
from typing import NamedTuple

import pytest
from genai_prices import types
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given
from hypothesis import strategies as st

from gophergate.core.usage import Usage
from gophergate.ledger.pricing import (
    NO_TERMS,
    Card,
    PriceBook,
    Terms,
    compile_card,
    discounted,
    fixed_card,
    overridden,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MODELS = [
    ("anthropic", "claude-sonnet-4-5-20250929"),
    ("openai", "gpt-4.1-mini"),
    ("openai", "gpt-5"),
    ("openai", "gpt-4o-audio-preview"),
    ("google", "gemini-2.5-pro"),
    ("google", "gemini-2.5-flash"),
    ("deepseek", "deepseek-chat"),
    ("x-ai", "grok-4"),
    ("mistral", "mistral-large-latest"),
    ("groq", "llama-3.3-70b-versatile"),
]
CARDS = {where: compile_card(*where, NOW) for where in MODELS}
counts = st.none() | st.integers(0, 400_000)
usages = st.builds(
    Usage,
    input=counts,
    cache_read=counts,
    cache_write=counts,
    cache_write_1h=counts,
    audio_input=counts,
    output=counts,
    audio_output=counts,
    tool_uses=st.none() | st.fixed_dictionaries({"web_search": st.integers(0, 9)}),
)


def theirs(where: tuple[str, str], usage: Usage) -> int:
    """genai-prices' own calculation, in nano-dollars."""
    _, model = get_snapshot().find_provider_model(where[1], None, where[0], None)
    said = types.Usage(
        input_tokens=usage.total_input,
        cache_read_tokens=usage.cache_read or 0,
        cache_write_tokens=(usage.cache_write or 0) + (usage.cache_write_1h or 0),
        cache_write_5m_tokens=usage.cache_write or 0,
        cache_write_1h_tokens=usage.cache_write_1h or 0,
        input_audio_tokens=usage.audio_input or 0,
        cache_audio_read_tokens=0,
        cache_audio_write_tokens=0,
        output_tokens=usage.total_output,
        output_audio_tokens=usage.audio_output or 0,
        web_searches=(usage.tool_uses or {}).get("web_search", 0),
    )
    total: Decimal = model.get_prices(NOW).calc_price(said)["total_price"]
    return int((total * 10**9).to_integral_value(rounding=ROUND_HALF_EVEN))


@pytest.mark.parametrize("where", MODELS, ids="/".join)
def test_every_model_compiles(where: tuple[str, str]) -> None:
    assert CARDS[where] is not None


@given(st.sampled_from(MODELS), usages)
def test_a_card_prices_what_genai_prices_prices_to_the_nano_dollar(where: tuple[str, str], usage: Usage) -> None:
    """R-U1: classes, context bands and per-call tools; integers only."""
    card = CARDS[where]
    assert card is not None
    assert card.price(usage) == theirs(where, usage)


def test_a_long_context_prices_the_whole_call_in_its_band() -> None:
    card = CARDS["anthropic", "claude-sonnet-4-5-20250929"]
    assert card is not None
    assert card.price(Usage(input=200_000)) == 600_000_000
    assert card.price(Usage(input=200_001)) == 1_200_006_000


def test_an_unknown_model_is_unpriced_never_free() -> None:
    """R-U2."""
    assert compile_card("openai", "no-such-model-anywhere", NOW) is None


class Fixed(NamedTuple):
    input: int = 150
    output: int = 600
    cache_read: int = 15


class Deployed(NamedTuple):
    provider_name: str
    model: str

    @property
    def label(self) -> str:
        return f"{self.provider_name}/{self.model}"


class Row(NamedTuple):
    price_id: str | None = None
    prices: Mapping[str, Fixed] = MappingProxyType({})


def test_the_book_keeps_cards_until_prices_may_have_changed_and_knows_rows_own_prices() -> None:
    now = [NOW.timestamp()]
    asked: list[str] = []

    def row(provider: str) -> Row | None:
        asked.append(provider)
        return {"openai": Row("openai"), "demo": Row(None, {"echo": Fixed()})}.get(provider)

    book = PriceBook(wall=lambda: now[0], row=row)
    usage = Usage(input=10, output=2)
    assert book.price(Deployed("demo", "echo"), usage) == (2700, "fixed")
    first = book.card("openai", "gpt-4.1")
    assert book.card("openai", "gpt-4.1") is first
    assert asked == ["demo", "openai"]
    assert book.price(Deployed("gone", "gpt-4.1"), usage) == (None, None)
    assert book.price(Deployed("openai", "gpt-4.1"), None) == (None, None)
    now[0] += 1800
    book.card("openai", "gpt-4.1")
    assert asked == ["demo", "openai", "gone", "openai"]
    book.forget()
    book.card("openai", "gpt-4.1")
    assert asked[-1] == "openai"
    assert len(asked) == 5


def test_a_price_of_our_own_is_a_card_like_any_other() -> None:
    card: Card = fixed_card(Fixed())
    assert card.price(Usage(input=1, cache_read=1, output=1, reasoning=1)) == 150 + 15 + 600


def test_an_operators_price_stands_over_the_known_one_and_a_discount_over_both() -> None:
    now = [1_000_000.0]
    at = 1_000_000 * 1_000_000
    terms = {
        "openai/gpt-4.1": Terms({"input": Decimal("1"), "output": Decimal("10")}),
        "lab/own": Terms({"input": Decimal("2")}, ((Decimal("0.25"), at, at + 60_000_000),)),
    }
    book = PriceBook(
        wall=lambda: now[0], row=lambda name: Row(price_id=name), terms=lambda label: terms.get(label, NO_TERMS)
    )
    usage = Usage(input=1_000_000, cache_read=1_000_000, output=1_000_000)
    cost, version = book.price(Deployed("openai", "gpt-4.1"), usage)
    assert cost == (1_000_000_000 + 500_000_000 + 10_000_000_000)  # the cached price stays the known one
    assert version is not None
    assert "yours: input output" in version
    assert book.price(Deployed("lab", "own"), usage) == (3 * 2_000_000_000 * 3 // 4, "yours, 25% off")
    now[0] += 61  # the discount ends to the second, though cards are otherwise kept for half an hour
    assert book.price(Deployed("lab", "own"), usage) == (6_000_000_000, "yours")


@given(
    st.dictionaries(
        st.sampled_from(["input", "output", "cache_read", "cache_write"]), st.integers(0, 10**6), min_size=1
    ),
    st.builds(Usage, input=st.integers(0, 10**6), cache_read=st.integers(0, 10**6), output=st.integers(0, 10**6)),
)
def test_prices_of_ours_are_exact(price: dict[str, int], usage: Usage) -> None:
    card = overridden(None, {name: Decimal(amount) / 1000 for name, amount in price.items()})
    fresh = price.get("input", price.get("output", 0))
    rates = {"input": fresh, "cache_read": price.get("cache_read", fresh), "output": price.get("output", fresh)}
    assert card.price(usage) == sum(rate * (getattr(usage, name) or 0) for name, rate in rates.items())
    half = discounted(card, Decimal("0.5")).price(usage)
    assert abs(half * 2 - card.price(usage)) <= 1
