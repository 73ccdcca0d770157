"""Cards compiled from genai-prices, which is asked, never re-implemented: a rate is the marginal price of one unit of
its class, measured on its own calculation inside each context band.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gophergate.ledger.cards import ATTOS_PER_DOLLAR, Band, Card, multiplied
from gophergate.ledger.lookup import find
from gophergate.ledger.pricelists import PriceList
from gophergate.ledger.tiers import CONTEXTS, FACTORS, context_of

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider

_INPUTS: Mapping[str, Mapping[str, int]] = {
    "input": {},
    "cache_read": {"cache_read_tokens": 1},
    "cache_write": {"cache_write_tokens": 1, "cache_write_5m_tokens": 1},
    "cache_write_1h": {"cache_write_tokens": 1, "cache_write_1h_tokens": 1},
    "audio_input": {"input_audio_tokens": 1},
    "image_input": {"input_image_tokens": 1},
}
_OUTPUTS: Mapping[str, Mapping[str, int]] = {
    "output": {},
    "reasoning": {"output_reasoning_tokens": 1},
    "audio_output": {"output_audio_tokens": 1},
    "image_output": {"output_image_tokens": 1},
}
_UNITS: Mapping[str, tuple[str, Mapping[str, int], int]] = {
    # Our name: the price that must be there, what one (or `per`) of it is to genai-prices, and that `per`.
    "web_search": ("web_searches_kcount", {"web_searches": 1}, 1),
    "google_search": ("web_searches_kcount", {"web_searches": 1}, 1),
    "x_search": ("social_searches_kcount", {"social_searches": 1}, 1),
    "file_search": ("storage_searches_kcount", {"storage_searches": 1}, 1),
    "collections_search": ("storage_searches_kcount", {"storage_searches": 1}, 1),
    "code_execution": ("code_executions_kcount", {"code_executions": 1}, 1),
    "characters": ("input_mchars", {"input_characters": 1}, 1),
    "audio_input_ms": ("input_audio_hours", {"audio_seconds": 3600, "input_audio_seconds": 3600}, 3_600_000),
    "audio_output_ms": ("output_audio_hours", {"audio_seconds": 3600, "output_audio_seconds": 3600}, 3_600_000),
    "pages": ("input_document_kpages", {"input_document_pages": 1}, 1),
    "annotated_pages": (
        "input_annotated_document_kpages",
        {"input_document_pages": 1, "input_annotated_document_pages": 1},
        1,
    ),
    "searches": ("rerank_searches_kcount", {"rerank_searches": 1}, 1),
    "text_messages": ("input_text_messages_kcount", {"input_text_messages": 1}, 1),
    "citation_tokens": ("output_citation_mtok", {"output_tokens": 1, "output_citation_tokens": 1}, 1),
    "video_input": ("input_video_mtok", {"input_tokens": 1, "input_video_tokens": 1}, 1),
    "video_output": ("output_video_mtok", {"output_tokens": 1, "output_video_tokens": 1}, 1),
    "cached_audio": (
        "cache_audio_read_mtok",
        {"input_tokens": 1, "cache_read_tokens": 1, "input_audio_tokens": 1, "cache_audio_read_tokens": 1},
        1,
    ),
    "cached_image": (
        "cache_image_read_mtok",
        {"input_tokens": 1, "cache_read_tokens": 1, "input_image_tokens": 1, "cache_image_read_tokens": 1},
        1,
    ),
}


def compile_card(prices: PriceList, price_id: str, model: str, when: datetime, tier: str | None = None) -> Card | None:
    """A model's card at a time and in a service tier; None when the list does not know the model, or the tier's price.

    Takes about a millisecond the first time, microseconds while the same prices hold.
    """
    asked = (price_id, model)
    if asked not in prices.compiled:
        prices.compiled[asked] = find(prices.snapshot, price_id, model)
    found: tuple[Provider, ModelInfo] | None = prices.compiled[asked]
    if found is None:
        return None
    provider, known = found
    standard = known.get_prices(when)
    context = {} if tier is None else CONTEXTS.get((provider.id, tier)) or context_of(tier)
    variants = known.price_variants or () if tier is not None else ()
    active = tuple(variant.constraint is None or variant.constraint.active(when) for variant in variants)
    key = (price_id, model, tier, id(standard), active)
    if key not in prices.compiled:
        is_own = provider.id == price_id
        prices.compiled[key] = _compiled(prices, provider, known, price_id, tier, context if is_own else {}, when)
    card: Card | None = prices.compiled[key]
    return card


def _compiled(
    prices: PriceList,
    provider: Provider,
    known: ModelInfo,
    price_id: str,
    tier: str | None,
    context: Mapping[str, str],
    when: datetime,
) -> Card | None:
    """`context` is empty where the standard prices, or a vendor's factor on them, are all there is."""
    origin = f"{prices.version} {provider.id}/{known.id}"
    if tier is None:
        bands, by_piece = _bands(known.get_prices(when))
        return Card(origin, bands, by_piece=by_piece) if bands else None
    if context and _has_variant(known, context, when):
        bands, by_piece = _bands(known.get_prices(when, context))
        return Card(f"{origin} {tier}", bands, by_piece=by_piece) if bands else None
    factor = FACTORS.get(price_id, {}).get(tier)
    if factor is None:
        return None
    bands, by_piece = _bands(known.get_prices(when))
    return Card(f"{origin} {tier}", multiplied(bands, factor), by_piece=by_piece) if bands else None


def _has_variant(model: ModelInfo, context: Mapping[str, str], when: datetime) -> bool:
    return any(
        dict(variant.when) == dict(context) and (variant.constraint is None or variant.constraint.active(when))
        for variant in model.price_variants or ()
    )


def _bands(prices: ModelPrice) -> tuple[tuple[Band, ...], bool]:
    from genai_prices import types

    set_prices = {name: value for name, value in vars(prices).items() if value is not None}
    starts = {tier.start for value in set_prices.values() if hasattr(value, "tiers") for tier in value.tiers}

    def cost(**usage: int) -> Decimal:
        total: Decimal = prices.calc_price(types.Usage(**usage))["total_price"]
        return total

    units = {name: unit for name, unit in _UNITS.items() if unit[0] in set_prices}
    if not set_prices:
        return (), False
    by_piece = not any(name.endswith("_mtok") or name == "requests_kcount" for name in set_prices)
    return tuple(_band(cost, above, units) for above in (0, *sorted(starts - {0}))), by_piece


def _band(cost: Callable[..., Decimal], above: int, units: Mapping[str, tuple[str, Mapping[str, int], int]]) -> Band:
    base = above + 1 if above else 0
    nothing = cost(input_tokens=base, output_tokens=0)

    def attos(amount: Decimal, per: int = 1) -> int:
        return int((amount * ATTOS_PER_DOLLAR / per).to_integral_value())

    inputs = {
        name: attos(cost(input_tokens=base + 1, output_tokens=0, **parts) - nothing) for name, parts in _INPUTS.items()
    }
    outputs = {
        name: attos(cost(input_tokens=base, output_tokens=1, **parts) - nothing) for name, parts in _OUTPUTS.items()
    }
    rates = {}
    for name, (_, parts, per) in units.items():
        said: dict[str, Any] = {"output_tokens": 0, **parts, "input_tokens": base + parts.get("input_tokens", 0)}
        rates[name] = attos(cost(**said) - nothing, per)
        if name.startswith("cached_"):
            rates[name] -= inputs["cache_read"]
    request = attos(nothing) - base * inputs["input"]
    return Band(above=above, **inputs, **outputs, request=request, units=rates)
