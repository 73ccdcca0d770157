"""The official OpenAI client, unmodified, against a whole gateway and its simulator."""

from __future__ import annotations

import asyncio
from pathlib import Path

import openai
import pytest
from openai import AsyncOpenAI

from kit.gate import KEY, gate, rows, url

ASKED = [{"role": "user", "content": "Hello there, gopher"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


async def test_asked_and_answered_streamed_and_not_with_tools_and_every_call_is_a_row(tmp_path: Path) -> None:
    """Law 1; O20, O21: an unmodified client, a real answer, a row."""
    async with gate(tmp_path) as gateway, AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key=KEY) as client:
        whole = await client.chat.completions.create(model="demo/echo", messages=ASKED)  # type: ignore[call-overload]
        assert whole.choices[0].message.content == "Hello there, gopher"
        assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (3, 3)

        text, thought, usage = "", "", None
        stream = await client.chat.completions.create(  # type: ignore[call-overload]
            model="demo/think", messages=ASKED, stream=True, stream_options={"include_usage": True}
        )
        async for piece in stream:
            usage = piece.usage or usage
            for choice in piece.choices:
                text += choice.delta.content or ""
                thought += getattr(choice.delta, "reasoning_content", None) or ""
        assert text == "You said: Hello there, gopher"
        assert thought.startswith("The user says")
        assert usage.completion_tokens_details.reasoning_tokens > 0

        asked = await client.chat.completions.create(model="demo/tools", messages=ASKED, tools=[WEATHER])  # type: ignore[call-overload]
        [call] = asked.choices[0].message.tool_calls
        assert (call.function.name, asked.choices[0].finish_reason) == ("weather", "tool_calls")
        told = await client.chat.completions.create(  # type: ignore[call-overload]
            model="demo/tools",
            tools=[WEATHER],
            messages=[
                *ASKED,
                asked.choices[0].message.model_dump(exclude_none=True),
                {"role": "tool", "tool_call_id": call.id, "content": "22 degrees"},
            ],
        )
        assert told.choices[0].message.content == "The tool answered: 22 degrees"

        kept = await rows(gateway, 4)
    assert [row.model for row in kept] == ["echo", "think", "tools", "tools"]
    assert all(row.status == "ok" and row.cost and row.usage_source == "provider" for row in kept)
    assert all(row.client_id and row.key_id and row.latency_ms > 0 for row in kept)
    assert [row.stream for row in kept] == [False, True, False, False]


async def test_the_model_list_and_one_of_it(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key=KEY) as client:
        listed = [model.id async for model in client.models.list()]
        assert {"demo/echo", "demo/tools", "demo/down"} <= set(listed)
        assert (await client.models.retrieve("demo/echo")).owned_by == "demo"
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("demo/nonsense")


async def test_each_refusal_is_the_clients_own_error_class(tmp_path: Path) -> None:
    """R-E1 for the chat door: the class is found by status, the message by the envelope."""
    async with (
        gate(tmp_path) as gateway,
        AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key=KEY, max_retries=0) as client,
        AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key="sk-gg-wrong-wrong", max_retries=0) as stranger,
    ):
        with pytest.raises(openai.AuthenticationError) as unknown:
            await stranger.chat.completions.create(model="demo/echo", messages=ASKED)  # type: ignore[call-overload]
        assert unknown.value.code == "invalid_api_key"
        with pytest.raises(openai.NotFoundError) as missing:
            await client.chat.completions.create(model="demo/ecco", messages=ASKED)  # type: ignore[call-overload]
        assert missing.value.code == "model_not_found"
        assert "demo/echo" in missing.value.message
        with pytest.raises(openai.BadRequestError):
            await client.chat.completions.create(model="", messages=ASKED)  # type: ignore[call-overload]
        with pytest.raises(openai.InternalServerError):
            await client.chat.completions.create(model="demo/down", messages=ASKED)  # type: ignore[call-overload]
        kept = await rows(gateway, 3)
        await asyncio.sleep(0.2)
        assert len(await rows(gateway, 3)) == 3, "who is not known leaves no row"
    assert sorted((row.status, row.http_status) for row in kept) == [("error", 502), ("refused", 400), ("refused", 404)]
