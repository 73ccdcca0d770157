"""The vendors' own clients, unmodified, brought to one shape: ask, and say what was understood."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import anthropic
import ollama
import openai
from google import genai
from google.genai import types

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
"""Of the tool `weather`, which every client offers."""


@dataclass
class Understood:
    """What a client made of an answer. `calls` are (name, arguments); `usage` is (input, output)."""

    text: str = ""
    thought: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    finish: str = ""
    usage: tuple[int, int] = (0, 0)


Client = Callable[[str, str, str, str, bool], Coroutine[Any, Any, Understood]]
"""`(address, key, model, words, stream)`."""


async def chat(address: str, key: str, model: str, words: str, stream: bool) -> Understood:
    """openai, Chat Completions."""
    tools: Any = [{"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}]
    said: Any = [{"role": "user", "content": words}]
    async with openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0) as client:
        if not stream:
            whole = await client.chat.completions.create(model=model, messages=said, tools=tools)
            message, usage = whole.choices[0].message, whole.usage
        else:
            async with client.chat.completions.stream(
                model=model, messages=said, tools=tools, stream_options={"include_usage": True}
            ) as events:
                async for _ in events:
                    pass
                whole = await events.get_final_completion()  # type: ignore[assignment]
            message, usage = whole.choices[0].message, whole.usage
        assert usage is not None
        return Understood(
            message.content or "",
            getattr(message, "reasoning_content", None) or "",
            [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or []],  # type: ignore[union-attr]
            whole.choices[0].finish_reason,
            (usage.prompt_tokens, usage.completion_tokens),
        )


async def responses(address: str, key: str, model: str, words: str, stream: bool) -> Understood:
    """openai, Responses."""
    tools: Any = [{"type": "function", "name": "weather", "parameters": PARAMETERS, "strict": False}]
    async with openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0) as client:
        if not stream:
            whole = await client.responses.create(model=model, input=words, tools=tools)
        else:
            async with client.responses.stream(model=model, input=words, tools=tools) as events:
                async for _ in events:
                    pass
                whole = await events.get_final_response()
        assert whole.usage is not None
        thought = "".join(
            part.text
            for item in whole.output
            if item.type == "reasoning"
            for part in (item.summary or item.content or [])
        )
        return Understood(
            whole.output_text,
            thought,
            [(item.name, json.loads(item.arguments)) for item in whole.output if item.type == "function_call"],
            whole.status or "",
            (whole.usage.input_tokens, whole.usage.output_tokens),
        )


async def messages(address: str, key: str, model: str, words: str, stream: bool) -> Understood:
    """anthropic."""
    tools: Any = [{"name": "weather", "input_schema": PARAMETERS}]
    said: Any = [{"role": "user", "content": words}]
    asked: dict[str, Any] = {"model": model, "max_tokens": 500, "messages": said, "tools": tools}
    async with anthropic.AsyncAnthropic(base_url=address, api_key=key, max_retries=0) as client:
        if not stream:
            whole = await client.messages.create(**asked)
        else:
            async with client.messages.stream(**asked) as events:
                async for _ in events:
                    pass
                whole = await events.get_final_message()
        return Understood(
            "".join(block.text for block in whole.content if block.type == "text"),
            "".join(block.thinking for block in whole.content if block.type == "thinking"),
            [(block.name, block.input) for block in whole.content if block.type == "tool_use"],
            whole.stop_reason or "",
            (whole.usage.input_tokens, whole.usage.output_tokens),
        )


async def gemini(address: str, key: str, model: str, words: str, stream: bool) -> Understood:
    """google-genai."""
    declared: Any = {"name": "weather", "parameters_json_schema": PARAMETERS}
    config: Any = {"tools": [{"function_declarations": [declared]}], "automatic_function_calling": {"disable": True}}
    client = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=address))
    got = Understood()
    async with client.aio as there:
        if stream:
            chunks = [
                chunk
                async for chunk in await there.models.generate_content_stream(
                    model=model, contents=words, config=config
                )
            ]
        else:
            chunks = [await there.models.generate_content(model=model, contents=words, config=config)]
    for chunk in chunks:
        if chunk.usage_metadata is not None:
            used = chunk.usage_metadata
            got.usage = (
                used.prompt_token_count or 0,
                (used.candidates_token_count or 0) + (used.thoughts_token_count or 0),
            )
        for candidate in chunk.candidates or []:
            got.finish = candidate.finish_reason.value if candidate.finish_reason else got.finish
            for part in (candidate.content.parts if candidate.content else None) or []:
                if part.function_call is not None:
                    got.calls.append((part.function_call.name or "", part.function_call.args))
                elif part.thought:
                    got.thought += part.text or ""
                else:
                    got.text += part.text or ""
    return got


async def local(address: str, key: str, model: str, words: str, stream: bool) -> Understood:
    """ollama."""
    tools: Any = [{"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}]
    said: Any = [{"role": "user", "content": words}]
    client = ollama.AsyncClient(host=address, headers={"authorization": f"Bearer {key}"})
    got = Understood()
    if stream:
        answers = [one async for one in await client.chat(model=model, messages=said, tools=tools, stream=True)]
    else:
        answers = [await client.chat(model=model, messages=said, tools=tools)]
    for answer in answers:
        got.text += answer.message.content or ""
        got.thought += answer.message.thinking or ""
        got.calls += [(call.function.name, dict(call.function.arguments)) for call in answer.message.tool_calls or []]
        got.finish = answer.done_reason or got.finish
        got.usage = (answer.prompt_eval_count or 0, answer.eval_count or 0)
    await client._client.aclose()
    return got


CLIENTS: dict[str, Client] = {
    "openai_chat": chat,
    "openai_responses": responses,
    "anthropic_messages": messages,
    "gemini": gemini,
    "ollama": local,
}
"""The client of each dialect."""

TOOL_FINISH = {
    "openai_chat": "tool_calls",
    "openai_responses": "completed",
    "anthropic_messages": "tool_use",
    "gemini": "STOP",
    "ollama": "stop",
}
"""What each client hears when a tool was called."""
