"""What a call is charged, from the provider's bytes to its row: the truth over the estimate, the tier that served it,
the model that answered, and what a caller who left had been given."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gophergate.app import Gateway
from gophergate.core.call import CallRecord
from kit.gate import KEY, gate, rows, url
from kit.upstream import Asked, Say, Upstream, body, sse

BEARER = {"authorization": f"Bearer {KEY}"}


def event(kind: str, **members: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n".encode()


START = {"id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": []}
ESTIMATE = {"input_tokens": 999, "output_tokens": 1, "cache_read_input_tokens": 0, "service_tier": "standard"}
TRUTH = {"input_tokens": 10, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20, "output_tokens": 7}
CLAUDE = [
    event("message_start", message={**START, "usage": ESTIMATE}),
    event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hello, this is eight words of text."}),
    event("content_block_stop", index=0),
    event("message_delta", delta={"stop_reason": "end_turn"}, usage=TRUTH),
    event("message_stop"),
]
CLAUDE_COST = 10 * 3_000 + 100 * 300 + 20 * 3_750 + 7 * 15_000


def provider(upstream: Upstream, kind: str, model: str) -> dict[str, Any]:
    """A provider of that kind at the scripted address."""
    base = upstream.url if kind == "anthropic" else f"{upstream.url}/v1"
    return {"name": "up", "kind": kind, "api_key": "sk-1", "base_url": base, "models": [model]}


async def chat(gateway: Gateway, model: str, *, stream: bool = False) -> httpx2.Response:
    sent = {"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}]}
    async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
        return await client.post("/v1/chat/completions", json=sent, headers=BEARER)


def answer(usage: dict[str, Any], model: str = "gpt-5", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "Hello"}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": choices,
        "usage": usage,
    } | more


async def billed(folder: Path, kind: str, model: str, said: Say, asking: str = "", sections: str = "") -> CallRecord:
    """The row of one call that the provider answers so."""

    def script(_: Asked) -> Say:
        return said

    async with (
        Upstream(script) as upstream,
        gate(folder, provider(upstream, kind, model), sections=sections) as gateway,
    ):
        assert (await chat(gateway, asking or f"up/{model}")).status_code == 200
        [row] = await rows(gateway)
    return row


@pytest.mark.parametrize("door", ["/v1/messages", "/v1/chat/completions"])
async def test_the_truth_of_message_delta_is_billed_not_the_estimate(tmp_path: Path, door: str) -> None:
    """R-U4, edge case 23: verbatim and translated."""
    sent = {"model": "up/claude-sonnet-4-5", "stream": True, "max_tokens": 9}
    sent |= {"messages": [{"role": "user", "content": "hi"}]}

    def script(_: Asked) -> Say:
        return sse(*CLAUDE)

    async with (
        Upstream(script) as upstream,
        gate(tmp_path, provider(upstream, "anthropic", "claude-sonnet-4-5")) as gateway,
        httpx2.AsyncClient(base_url=url(gateway)) as client,
    ):
        assert (await client.post(door, json=sent, headers=BEARER)).status_code == 200
        [row] = await rows(gateway)
    assert (row.cost, row.usage_source) == (CLAUDE_COST, "provider")
    assert row.price_version is not None
    assert "anthropic/claude-sonnet-4-5 #" in row.price_version


async def test_a_caller_who_leaves_is_billed_for_what_was_delivered_as_an_estimate(tmp_path: Path) -> None:
    """R-U5: one row, client_closed; the input as the provider said it, the output by what was sent on."""
    hold = asyncio.Event()

    def script(_: Asked) -> Say:
        return sse(*CLAUDE[:3], hold=hold)

    async with (
        Upstream(script) as upstream,
        gate(tmp_path, provider(upstream, "anthropic", "claude-sonnet-4-5")) as gateway,
    ):
        sent = {"model": "up/claude-sonnet-4-5", "stream": True, "max_tokens": 9}
        sent |= {"messages": [{"role": "user", "content": "hi"}]}
        async with (
            httpx2.AsyncClient(base_url=url(gateway)) as client,
            client.stream("POST", "/v1/messages", json=sent, headers=BEARER) as reply,
        ):
            async for piece in reply.aiter_bytes():
                if b"eight words" in piece:
                    break
        [row] = await rows(gateway)
        hold.set()
    assert (row.status, row.usage_source) == ("client_closed", "estimated")
    assert row.usage is not None
    assert row.usage.input == 999
    assert row.cost == 999 * 3_000 + (row.usage.output or 0) * 15_000
    assert 5 <= (row.usage.output or 0) <= 12


async def test_the_tier_that_served_is_the_one_that_is_billed(tmp_path: Path) -> None:
    """R-U1, N6: the answer's own service tier, streamed and not, kept with the row."""
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    row = await billed(tmp_path / "a", "openai", "gpt-5", body(answer(usage, service_tier="flex")))
    assert row.usage is not None
    assert (row.usage.tier, row.cost) == ("flex", 1000 * 625 + 100 * 5_000)
    row = await billed(tmp_path / "b", "openai", "gpt-5", body(answer(usage, service_tier="default")))
    assert row.cost == 1000 * 1_250 + 100 * 10_000
    row = await billed(tmp_path / "c", "openai", "gpt-5", body(answer(usage, service_tier="turbo")))
    assert (row.cost, row.usage_source) == (None, "provider")


async def test_zero_is_zero_and_absent_is_unpriced(tmp_path: Path) -> None:
    """R-U3, edge case 58: a reported zero costs nothing; a model nobody knows has no cost; a refusal has neither."""
    zero = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    row = await billed(tmp_path / "a", "openai", "gpt-5", body(answer(zero)))
    assert (row.cost, row.usage_source) == (0, "provider")
    row = await billed(tmp_path / "b", "openai", "gpt-5-ours", body(answer(zero | {"prompt_tokens": 3})))
    assert (row.cost, row.price_version, row.usage_source) == (None, None, "provider")


async def test_the_providers_own_figure_is_kept_beside_ours(tmp_path: Path) -> None:
    """R-U3: OpenRouter's `usage.cost`, in a column of its own."""
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100, "cost": 0.0123}
    row = await billed(tmp_path, "openrouter", "openai/gpt-4.1", body(answer(usage)), "up/openai/gpt-4.1")
    assert row.usage is not None
    assert (row.usage.provider_cost, row.cost) == (12_300_000, 1000 * 2_000 + 100 * 8_000)


async def test_a_group_costs_what_the_model_costs_that_answered(tmp_path: Path) -> None:
    """Edge case 67; and the price stands under the model's name, never under the group's."""
    usage = {"prompt_tokens": 1000, "completion_tokens": 0, "total_tokens": 1000}
    sections = '[[groups]]\nname = "gpt-4o"\ntargets = [{ model = "up/gpt-5" }]\n'
    row = await billed(tmp_path, "openai", "gpt-5", body(answer(usage)), "gpt-4o", sections)
    assert (row.model_requested, row.model, row.cost) == ("gpt-4o", "gpt-5", 1_250_000)


async def test_the_error_text_of_a_stream_is_not_billed(tmp_path: Path) -> None:
    """R-U5: what had been said before it is, and no more."""
    said = {"error": {"message": "word " * 4_000, "type": "server_error", "code": "x"}}
    first = {"id": "c", "model": "gpt-5", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hello"}}]}
    pieces = [b"data: " + json.dumps(piece).encode() + b"\n\n" for piece in (first, said)]

    def script(_: Asked) -> Say:
        return sse(*pieces)

    async with Upstream(script) as upstream, gate(tmp_path, provider(upstream, "openai", "gpt-5")) as gateway:
        await chat(gateway, "up/gpt-5", stream=True)
        [row] = await rows(gateway)
    assert (row.status, row.usage_source) == ("error", "estimated")
    assert row.usage is not None
    assert (row.usage.output or 0) <= 3
