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
from gophergate.ledger.compiled import compile_card
from gophergate.ledger.pricelists import PriceList, PriceLists, shipped
from gophergate.ledger.pricing import NO_TERMS, PriceBook, Terms, priced

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
LIST = shipped()
CARDS = {where: compile_card(LIST, *where, NOW) for where in MODELS}
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
    assert compile_card(LIST, "openai", "no-such-model-anywhere", NOW) is None


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
    cost, version = book.price(Deployed("demo", "echo"), usage)
    assert (cost, str(version).partition(" #")[0]) == (2700, "fixed")
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
    cost, version = book.price(Deployed("lab", "own"), usage)
    assert (cost, str(version).partition(" #")[0]) == (3 * 2_000_000_000 * 3 // 4, "yours, 25% off")
    now[0] += 61  # the discount ends to the second, though cards are otherwise kept for half an hour
    cost, version = book.price(Deployed("lab", "own"), usage)
    assert (cost, str(version).partition(" #")[0]) == (6_000_000_000, "yours")


def book_of(
    terms: Mapping[str, Terms] = MappingProxyType({}), default: Mapping[str, Decimal] | None = None
) -> PriceBook:
    """A book at NOW whose providers are called as in the price list."""
    return PriceBook(
        wall=NOW.timestamp,
        row=lambda name: Row(price_id=name),
        terms=lambda label: terms.get(label, NO_TERMS),
        default=default,
    )


def cost_of(book: PriceBook, model: str, usage: Usage) -> int | None:
    provider, _, name = model.partition("/")
    return book.price(Deployed(provider, name), usage)[0]


def test_a_service_tier_has_its_own_price_or_none() -> None:
    """R-U1, N6: by the list's own variants, by a vendor's factor, else unpriced: never the standard price."""
    book = book_of()
    usage = {
        tier: Usage(input=1_000_000, output=1_000_000, tier=tier) for tier in (None, "flex", "priority", "batch", "x")
    }
    gpt = {tier: cost_of(book, "openai/gpt-5", used) for tier, used in usage.items()}
    assert gpt == {
        None: 11_250_000_000,
        "flex": 5_625_000_000,
        "priority": 22_500_000_000,
        "batch": 5_625_000_000,
        "x": None,
    }
    claude = {tier: cost_of(book, "anthropic/claude-sonnet-4-5", used) for tier, used in usage.items()}
    # A million tokens are a long context: 6 and 22.50 dollars; the list's own batch rates stand below its standard.
    assert claude[None] == claude["priority"] == 28_500_000_000
    assert claude["batch"] == 14_250_000_000
    assert claude["flex"] is None
    assert cost_of(book, "groq/llama-3.3-70b-versatile", usage["flex"]) == cost_of(
        book, "groq/llama-3.3-70b-versatile", usage[None]
    )


def test_an_operators_price_is_one_for_every_tier_unless_they_say() -> None:
    terms = {
        "openai/gpt-5": Terms({"input": Decimal(1), "output": Decimal(2), "tier.turbo": Decimal(3)}),
        "openai/gpt-4.1": Terms({"tool.maps": Decimal(1)}),
        "openai/gpt-4o": Terms({"tier.turbo": Decimal(2)}),
        "lab/only-a-tier": Terms({"tier.turbo": Decimal(2)}),
    }
    book = book_of(terms)
    used = Usage(input=1_000_000, output=0)
    turbo, odd = (Usage(input=1_000_000, output=0, tier=tier) for tier in ("turbo", "odd"))
    assert [cost_of(book, "openai/gpt-5", u) for u in (used, turbo, odd)] == [10**9, 3 * 10**9, 10**9]
    assert [cost_of(book, "openai/gpt-4.1", u) for u in (used, odd)] == [2 * 10**9, None]
    assert [cost_of(book, "openai/gpt-4o", u) for u in (used, turbo)] == [2_500_000_000, 5 * 10**9]
    assert cost_of(book, "lab/only-a-tier", used) is None


def test_pieces_and_tools_are_priced_or_named() -> None:
    """R-U1, R-U2: sound by the hour, characters, pages, searches; what has no rate is told, and alone is unpriced."""
    book = book_of()
    assert cost_of(book, "groq/whisper-large-v3", Usage(units={"audio_input_ms": 3_600_000})) == 111_000_000
    assert cost_of(book, "openai/tts-1", Usage(units={"characters": 1_000})) == 15_000_000
    assert cost_of(book, "mistral/mistral-ocr-latest", Usage(units={"pages": 1_000})) == 4_000_000_000
    assert cost_of(book, "openai/gpt-5", Usage(input=0, output=0, tool_uses={"web_search": 2})) == 20_000_000
    assert cost_of(book, "openai/text-embedding-3-small", Usage(input=1_000_000)) == 20_000_000
    assert cost_of(book, "openai/whisper-1", Usage(input=10, output=10)) is None  # it has a price by the hour only
    assert cost_of(book, "openai/gpt-5", Usage(units={"images": 1})) is None
    card = book.card("openai", "gpt-5")
    assert card is not None
    cost, version = priced(card, Usage(input=1_000_000, tool_uses={"maps": 1}))
    assert (cost, version) == (1_250_000_000, f"{card.version} without maps")


def test_sound_and_pictures_read_from_the_cache_cost_their_own_price() -> None:
    book = book_of()
    text = cost_of(book, "google/gemini-2.5-flash", Usage(cache_read=1_000_000))
    sound = cost_of(book, "google/gemini-2.5-flash", Usage(cache_read=1_000_000, units={"cached_audio": 1_000_000}))
    assert (text, sound) == (30_000_000, 100_000_000)


def test_like_another_model_and_the_default() -> None:
    """An Azure deployment has its operator's name; what nobody prices may have a price of theirs."""
    terms = {"azure/prod-chat": Terms(like="openai/gpt-4.1"), "azure/lost": Terms(like="openai/no-such")}
    used = Usage(input=1_000_000)
    cost, version = book_of(terms).price(Deployed("azure", "prod-chat"), used)
    assert (cost, "like openai/gpt-4.1" in str(version)) == (2_000_000_000, True)
    assert cost_of(book_of(terms), "azure/lost", used) is None
    assert cost_of(book_of(), "lab/own", used) is None
    cost, version = book_of(default={"input": Decimal(7)}).price(Deployed("lab", "own"), used)
    assert (cost, str(version).partition(" #")[0]) == (7_000_000_000, "default")


def test_cards_that_were_made_are_told_once() -> None:
    """R-U3: so that the version on a row can be looked up for ever."""
    book = book_of()
    card = book.card("openai", "gpt-5")
    assert card is not None
    assert book.made_cards == {card.version: ("openai", "gpt-5", card)}


def test_a_price_that_stands_in_the_row_is_known_without_the_list() -> None:
    """R-P3: nothing is imported for a call that does not need it; reading the list takes half a second of its time."""

    def unread() -> PriceList:
        raise AssertionError("the list was read")

    rows = {"demo": Row(None, {"echo": Fixed()})}
    book = PriceBook(wall=lambda: 1.0, row=rows.get, lists=PriceLists(ships=unread))
    assert book.card("demo", "echo") is not None
    assert book.card("demo", "nobody") is None
