"""Token counts as each vendor gives them, in disjoint classes, and back as sums (R-U1, edge cases 54, 58)."""

from __future__ import annotations

from typing import Any

import pytest

from gophergate.core.events import UsageSeen
from gophergate.core.usage import Usage
from gophergate.dialects.base import encode
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.dialects.openai_chat.usage import read_usage, write_usage


def counts(prompt: int, completion: int, total: int | None = None, **members: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completion, **members}
    return said if total is None else {**said, "total_tokens": total}


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        (counts(10, 5, 15), Usage(input=10, output=5)),
        (counts(0, 0, 0), Usage(input=0, output=0)),
        (
            counts(
                100,
                50,
                150,
                prompt_tokens_details={"cached_tokens": 60, "audio_tokens": 10},
                completion_tokens_details={"reasoning_tokens": 20, "audio_tokens": 5},
            ),
            Usage(input=30, cache_read=60, audio_input=10, output=45, reasoning=20, audio_output=5),
        ),
        (
            counts(86, 3, prompt_cache_hit_tokens=64, prompt_cache_miss_tokens=22),
            Usage(input=22, cache_read=64, output=3),
        ),
        (counts(30, 3, cached_tokens=8), Usage(input=22, cache_read=8, output=3)),
        (counts(30, 3, num_cached_tokens=8), Usage(input=22, cache_read=8, output=3)),
        (
            counts(100, 5, 105, prompt_tokens_details={"cached_tokens": 0, "cache_write_tokens": 80}, cost=0.000123),
            Usage(input=20, cache_read=0, cache_write=80, output=5, provider_cost=123_000),
        ),
        (
            counts(2168, 100, 2268, prompt_tokens_details={"cached_tokens": 2161, "cache_write_tokens": 2161}),
            Usage(input=7, cache_read=2161, cache_write=0, output=100),
        ),
        (
            counts(468, 82, 870, completion_tokens_details={"reasoning_tokens": 320}, cost_in_usd_ticks=2_488_500),
            Usage(input=468, output=402, reasoning=320, provider_cost=248_850),
        ),
        (counts(15, 16, 31, estimated_cost=0.0000268), Usage(input=15, output=16, provider_cost=26_800)),
        (counts(35, 12, 109), Usage(input=35, output=74, reasoning=62)),
        (
            counts(61, 10, 71, completion_tokens_details={"reasoning_tokens": 96}),
            Usage(input=61, output=106, reasoning=96),
        ),
        (
            counts(9, 248, 632, prompt_tokens_details={"cached_tokens": 0, "audio_tokens": 375}),
            Usage(input=9, cache_read=0, audio_input=375, output=248),
        ),
        (
            counts(10, 213, 223, prompt_tokens_details={"cached_tokens": 161}),
            Usage(input=10, cache_read=161, output=213),
        ),
        (
            counts(8, 1, 9, cost={"total_cost": 0.00522}, num_search_queries=2),
            Usage(input=8, output=1, provider_cost=5_220_000, tool_uses={"web_search": 2}),
        ),
        (
            counts(8, 1, server_tool_use_details={"web_search_requests": 3}),
            Usage(input=8, output=1, tool_uses={"web_search": 3}),
        ),
        (counts(8, 1, prompt_tokens_details=None, completion_tokens_details=None), Usage(input=8, output=1)),
        (None, None),
        ({}, None),
        ("many", None),
        ({"prompt_tokens": None, "completion_tokens": None}, None),
        ({"prompt_tokens": True, "completion_tokens": -1}, None),
    ],
    ids=[
        "plain",
        "zero stays zero",
        "openai with sound",
        "deepseek",
        "moonshot",
        "mistral",
        "openrouter cache write",
        "openrouter stored and read at once",
        "xai counts reasoning apart",
        "deepinfra's own figure",
        "google's door does not name its thoughts",
        "vercel for gemini",
        "mistral counts sound apart",
        "grok on azure counts cached apart",
        "perplexity",
        "openrouter search",
        "null details",
        "null",
        "empty",
        "no object",
        "null counts",
        "no counts",
    ],
)
def test_reading(raw: Any, usage: Usage | None) -> None:
    assert read_usage(raw) == usage


def test_writing_derives_the_sums_and_leaves_out_what_was_not_reported() -> None:
    usage = Usage(input=3, cache_read=0, cache_write=1, cache_write_1h=2, audio_input=4, output=5, reasoning=2)
    assert write_usage(usage) == {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 3, "audio_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    assert write_usage(Usage(output=0)) == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def test_what_was_written_reads_the_same() -> None:
    usage = Usage(
        input=3,
        cache_read=4,
        cache_write=5,
        audio_input=6,
        image_input=7,
        output=8,
        audio_output=9,
        image_output=10,
        reasoning=2,
        tool_uses={"web_search": 1},
    )
    assert read_usage(write_usage(usage)) == usage


@pytest.mark.parametrize(
    ("word", "tier"), [("on_demand", None), ("default", None), (None, None), ("flex", "flex"), ("priority", "priority")]
)
@pytest.mark.parametrize("stream", [True, False])
def test_the_standard_tier_by_any_name(stream: bool, word: str | None, tier: str | None) -> None:
    """R-U1; PROTOCOLS: Groq calls the standard tier "on_demand"."""
    said = {"delta" if stream else "message": {"content": "a"}, "index": 0, "finish_reason": "stop"}
    body = encode({"id": "c", "choices": [said], "usage": counts(10, 5, 15), "service_tier": word})
    reader = OpenAIChat().reader(stream=stream)
    events = reader.feed(b"data: " + body + b"\n\n" if stream else body) + reader.end()
    assert [event.usage.tier for event in events if isinstance(event, UsageSeen)] == [tier]
