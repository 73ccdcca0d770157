"""What pricing one call costs: the rate card alone, and the whole way from a deployment to a price.

    python -m gatebench.pricing

Prints microseconds of CPU a call, the best of seven rounds, and what compiling a card takes (once per model, service
tier and half hour).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import NamedTuple

from gophergate.core.usage import Usage
from gophergate.ledger.cards import FixedPrice
from gophergate.ledger.compiled import compile_card
from gophergate.ledger.pricelists import shipped
from gophergate.ledger.pricing import PriceBook

CALLS, ROUNDS = 50_000, 7
MODELS = (
    ("openai", "gpt-5"),
    ("anthropic", "claude-sonnet-4-5"),
    ("google", "gemini-2.5-pro"),
    ("mistral", "codestral"),
)
USAGES = (
    Usage(input=812, cache_read=1024, output=330, reasoning=256),
    Usage(input=3, cache_read=190_000, cache_write=9_000, cache_write_1h=2_000, output=77),
    Usage(input=9, output=9, tool_uses={"web_search": 2}),
    Usage(input=250_000, output=2_000),
)


class _Deployment(NamedTuple):
    provider_name: str
    model: str
    label: str


class _Row(NamedTuple):
    price_id: str
    prices: dict[str, FixedPrice]


def main() -> None:
    """Measure and print."""
    prices, now = shipped(), datetime.now(UTC)
    book = PriceBook(wall=time.time, row=lambda name: _Row(name, {}))
    began = time.process_time()
    for provider, model in MODELS:
        compile_card(prices, provider, model, now)
    print(f"compile a card      {(time.process_time() - began) / len(MODELS) * 1e6:8.1f} us")
    cards = [book.card(provider, model) for provider, model in MODELS]
    deployments = [_Deployment(provider, model, f"{provider}/{model}") for provider, model in MODELS]
    for name, usage in zip(("plain", "with a cache", "with a tool", "long context"), USAGES, strict=True):
        card, deployment = cards[1], deployments[1]
        assert card is not None
        print(f"card, {name:14}{_best(lambda c=card, u=usage: c.price(u)):8.2f} us")
        print(f"book, {name:14}{_best(lambda d=deployment, u=usage: book.price(d, u)):8.2f} us")


def _best(work: object) -> float:
    assert callable(work)
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(CALLS):
            work()
        best = min(best, time.process_time() - began)
    return best / CALLS * 1e6


if __name__ == "__main__":
    main()
