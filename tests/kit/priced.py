"""What recorded calls used, and what genai-prices itself says they cost: shares no code with the rate cards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_HALF_EVEN
from typing import Any

import msgspec
from genai_prices import types
from genai_prices.data_snapshot import DataSnapshot

from gophergate.core.events import UsageSeen
from gophergate.core.usage import Usage
from gophergate.dialects.base import Dialect
from gophergate.doors.chat import dialects
from kit import exchanges

PRICE_IDS = {
    "anthropic": "anthropic",
    "azure": "azure",
    "bedrock": "aws",
    "bedrock-mantle": "aws",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "gemini": "google",
    "groq": "groq",
    "mistral": "mistral",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "vertex": "google",
    "xai": "x-ai",
    "zai": "zai",
}
"""The price list's id of each file of recordings that one provider answered."""
_SPOKEN = {
    "chat.completions": "openai_chat",
    "responses": "openai_responses",
    "messages": "anthropic_messages",
    "generateContent": "gemini",
    "streamGenerateContent": "gemini",
}
_SEARCHES = ("web_search", "google_search")


class Recorded(msgspec.Struct, frozen=True):
    """One recorded call that reported what it used."""

    id: str
    price_id: str
    model: str
    usage: Usage


def recorded() -> Iterator[Recorded]:
    """Every recorded answer with a usage, of every dialect."""
    spoken = dialects()
    for file, price_id in PRICE_IDS.items():
        for record in exchanges.records(file):
            dialect = spoken.get(_SPOKEN.get(record["endpoint"], ""))
            if dialect is None or record["status"] != 200 or record["framing"] not in ("sse", "json", "json-array"):
                continue
            usage, model = _usage(dialect, record), record["model"]
            if usage is not None and isinstance(model, str) and model:
                yield Recorded(record["id"], price_id, model, usage)


def _usage(dialect: Dialect, record: exchanges.Record) -> Usage | None:
    is_stream = record["framing"] == "sse"
    reader = dialect.reader(stream=is_stream, origin="maker")
    found: Usage | None = None
    for event in (*reader.feed(exchanges.response_bytes(record)), *reader.end()):
        if isinstance(event, UsageSeen):
            found = event.usage if found is None else found.merged(event.usage)
    return found


def theirs(snapshot: DataSnapshot, price_id: str, model: str, usage: Usage, when: datetime) -> int | None:
    """genai-prices' own calculation of a usage, in nano-dollars; None where it does not know the model."""
    try:
        cost = snapshot.calc(_said(usage), model, price_id, None, when, _context(usage.tier)).total_price
    except LookupError:
        return None
    return int((cost * 10**9).to_integral_value(rounding=ROUND_HALF_EVEN))


def _said(usage: Usage) -> types.Usage:
    tools, units = usage.tool_uses or {}, usage.units or {}
    counted: dict[str, Any] = {
        "input_tokens": usage.total_input,
        "cache_read_tokens": usage.cache_read or 0,
        "cache_write_tokens": (usage.cache_write or 0) + (usage.cache_write_1h or 0),
        "cache_write_5m_tokens": usage.cache_write or 0,
        "cache_write_1h_tokens": usage.cache_write_1h or 0,
        "input_audio_tokens": (usage.audio_input or 0) + units.get("cached_audio", 0),
        "input_image_tokens": (usage.image_input or 0) + units.get("cached_image", 0),
        "cache_audio_read_tokens": units.get("cached_audio", 0),
        "cache_image_read_tokens": units.get("cached_image", 0),
        "cache_audio_write_tokens": 0,
        "cache_image_write_tokens": 0,
        "output_tokens": usage.total_output + units.get("citation_tokens", 0),
        "output_reasoning_tokens": min(usage.reasoning or 0, usage.output or 0),
        "output_audio_tokens": usage.audio_output or 0,
        "output_image_tokens": usage.image_output or 0,
        "output_citation_tokens": units.get("citation_tokens", 0),
        "web_searches": sum(tools.get(name, 0) for name in _SEARCHES),
        "social_searches": tools.get("x_search", 0),
        "storage_searches": tools.get("file_search", 0) + tools.get("collections_search", 0),
        "code_executions": tools.get("code_execution", 0),
    }
    return types.Usage(**counted)


def _context(tier: str | None) -> dict[str, str]:
    return {} if tier is None else {"processing": "batch"} if tier == "batch" else {"service_tier": tier}
