"""Token counts of the Responses wire, to disjoint classes and back.

OpenAI counts cached and written tokens inside `input_tokens` and reasoning inside `output_tokens`; the other speakers
recorded (Azure, xAI, DeepSeek, Bedrock, OpenRouter) do the same.
"""

from __future__ import annotations

from typing import Any

from gophergate.core.blocks import Json
from gophergate.core.usage import NOTHING_REPORTED, Usage, tier_of
from gophergate.dialects.costs import own_cost
from gophergate.dialects.members import count_of, object_of


def read_usage(response: dict[str, Any], counted: dict[str, int]) -> Usage | None:
    """The usage of a response object; None when it reports none. Zero stays zero (edge case 58).

    `counted` are the server tools seen at work; what the provider itself counts wins.
    """
    raw = response.get("usage")
    if not isinstance(raw, dict):
        return None
    taken, made = object_of(raw.get("input_tokens_details")), object_of(raw.get("output_tokens_details"))
    total, cached, wrote = (
        _count(raw, "input_tokens"),
        _count(taken, "cached_tokens"),
        _count(taken, "cache_write_tokens"),
    )
    fresh = None if total is None else max(0, total - (cached or 0) - (wrote or 0))
    usage = Usage(
        input=fresh,
        cache_read=cached,
        cache_write=wrote,
        output=_count(raw, "output_tokens"),
        reasoning=_count(made, "reasoning_tokens"),
        tool_uses=_tool_uses(response, raw, counted),
        tier=tier_of(response.get("service_tier")),
        provider_cost=own_cost(raw),
    )
    return None if usage == Usage(tier=usage.tier) else usage


def _count(members: dict[str, Any], name: str) -> int | None:
    return count_of(members.get(name))


def _tool_uses(response: dict[str, Any], raw: dict[str, Any], counted: dict[str, int]) -> dict[str, int] | None:
    """xAI counts each server tool in the usage; OpenAI counts searches beside it."""
    uses = dict(counted)
    details = object_of(raw.get("server_side_tool_usage_details"))
    for name in details:
        times = _count(details, name)
        if times:
            uses[name.removesuffix("_calls")] = times
    tools = object_of(response.get("tool_usage"))
    for name, counts in tools.items():
        times = _count(object_of(counts), "num_requests")
        if times:
            uses[name] = times
    return uses or None


def write_usage(usage: Usage | None) -> dict[str, Json] | None:
    """The `usage` member of a response, its sums derived; None when nothing was reported."""
    if usage is None or usage == NOTHING_REPORTED:
        return None
    taken, made = usage.total_input, usage.total_output
    return {
        "input_tokens": taken,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read or 0,
            "cache_write_tokens": (usage.cache_write or 0) + (usage.cache_write_1h or 0),
        },
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
        "total_tokens": taken + made,
    }
