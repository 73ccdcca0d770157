"""Must show: what every recorded call used costs by our cards what genai-prices itself says, to the nano-dollar."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from gophergate.core.usage import Usage
from gophergate.ledger.compiled import compile_card
from gophergate.ledger.pricelists import shipped
from gophergate.ledger.pricing import priced
from kit import exchanges
from kit.priced import Recorded, recorded, theirs

LIST = shipped()
TIMES = (datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2025, 9, 1, 20, tzinfo=UTC))
DELIBERATE = {
    # genai-prices takes a ":free" name for the model before it; its price is then one it does not have.
    ("openrouter", "google/gemini-2.0-flash-exp:free", None): "unpriced",
    # genai-prices charges the standard price in a tier it has no rate for; Google's flex is half (ledger.tiers).
    ("google", "gemini-3-flash-preview", "flex"): "half",
}
OURS = [
    Recorded("1", "openai", "gpt-5", Usage(input=812, cache_read=1024, output=330, reasoning=256)),
    Recorded("2", "openai", "gpt-5", Usage(input=812, output=330, tier="flex")),
    Recorded("3", "openai", "gpt-4o-audio-preview", Usage(input=30, audio_input=900, output=12, audio_output=700)),
    Recorded("4", "openai", "gpt-4.1", Usage(input=9, output=9, tool_uses={"web_search": 2, "file_search": 1})),
    Recorded(
        "5",
        "anthropic",
        "claude-sonnet-4-5-20250929",
        Usage(input=3, cache_read=190_000, cache_write=9_000, cache_write_1h=2_000, output=77),
    ),
    Recorded("6", "anthropic", "claude-haiku-4-5", Usage(input=5, output=6, tool_uses={"web_search": 1}, tier="batch")),
    Recorded("7", "google", "gemini-2.5-pro", Usage(input=200_001, output=5, reasoning=3)),
    Recorded("8", "google", "gemini-2.5-flash", Usage(input=7, cache_read=70, output=1, units={"cached_audio": 30})),
    Recorded("9", "google", "gemini-2.5-flash-image", Usage(input=7, output=1, image_output=1290)),
    Recorded("10", "perplexity", "sonar-deep-research", Usage(input=7, output=90, reasoning=8)),
    Recorded("11", "deepseek", "deepseek-chat", Usage(input=7, cache_read=64, output=90)),
    Recorded("12", "mistral", "mistral-large-latest", Usage(input=7, output=90)),
    Recorded("13", "azure", "gpt-4o", Usage(input=7, output=90)),
    Recorded("14", "cohere", "embed-v4.0", Usage(input=7)),
]


def differences(calls: list[Recorded], when: datetime) -> list[tuple[str, str, str | None, int | None, int | None]]:
    found = []
    for call in calls:
        card = compile_card(LIST, call.price_id, call.model, when, call.usage.tier)
        ours = priced(card, call.usage)[0] if card is not None else None
        wanted = theirs(LIST.snapshot, call.price_id, call.model, call.usage, when)
        if ours != wanted:
            found.append((call.price_id, call.model, call.usage.tier, ours, wanted))
    return found


@pytest.mark.parametrize("when", TIMES, ids=str)
def test_costs_of_our_own_fixtures_are_those_of_genai_prices(when: datetime) -> None:
    """R-U1, O30, edge case 54: classes, context bands, service tiers, tools, at two times of two days."""
    unlike = [row for row in differences(OURS, when) if row[2] is None]
    assert unlike == []


def test_costs_in_a_tier_are_those_of_genai_prices_where_it_has_a_rate() -> None:
    assert differences(OURS, TIMES[0]) == []


@exchanges.wanted
def test_costs_of_every_recorded_exchange_are_those_of_genai_prices() -> None:
    calls = list(recorded())
    assert len(calls) > 2_500
    assert len({call.price_id for call in calls}) >= 12
    unlike = differences(calls, TIMES[0])
    assert {row[:3] for row in unlike} == DELIBERATE.keys()
    for price_id, model, tier, ours, wanted in unlike:
        assert wanted is not None
        match DELIBERATE[price_id, model, tier]:
            case "unpriced":
                assert ours is None
            case _:
                assert ours == wanted // 2


@exchanges.wanted
def test_what_a_provider_says_a_call_cost_is_kept_as_it_said_it() -> None:
    """R-U3: OpenRouter, Perplexity, xAI give their own figure; it is never mixed with ours."""
    given = Counter(call.price_id for call in recorded() if call.usage.provider_cost is not None)
    assert given["openrouter"] >= 190
    assert given["perplexity"] >= 15
    assert given["x-ai"] >= 80
