"""What providers of each dialect answer, written by hand: a thought, words, one tool call, and what it used.

Each says the same: thinks "Hm.", says "Hello wörld", calls `weather` with {"city":"Ulm"}; 10 tokens in, 7 out; or what
a `Said` says instead. `script` answers streamed or whole, as it is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kit.upstream import Asked, Say, body, sse

THOUGHT = "Hm."
TEXT = "Hello wörld"
CITY = {"city": "Ulm"}
ARGUMENTS = json.dumps(CITY)
SIGNATURE = "U0lHTkFUVVJFLW9mLXRoaXMtdHVybg=="


@dataclass(frozen=True)
class Said:
    """What an answer says: each part only when it is not empty. `calls` are (name, arguments)."""

    thought: str = THOUGHT
    text: str = TEXT
    calls: tuple[tuple[str, dict[str, Any]], ...] = (("weather", CITY),)
    turn: int = 1
    """Makes the ids of one turn differ from those of the next."""

    def id(self, kind: str, number: int) -> str:
        """The id of call `number`."""
        return f"{kind}_{self.turn}" + (f"_{number}" if number else "")


USUAL = Said()

SPEAKERS = {
    "openai_chat": "deepseek",
    "openai_responses": "openai",
    "anthropic_messages": "anthropic",
    "gemini": "gemini",
    "ollama": "ollama",
}
"""A provider kind for each dialect."""


def provider(dialect: str, url: str, name: str = "up") -> dict[str, Any]:
    """A configured provider that speaks only `dialect`."""
    root = f"{url}/v1" if dialect.startswith("openai") else url
    kind = SPEAKERS[dialect]
    return {"name": name, "kind": kind, "base_url": root, "api_key": "canary-up", "speaks": [dialect], "models": ["m"]}


def _event(value: dict[str, Any], name: str = "") -> bytes:
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + json.dumps(value).encode() + b"\n\n"


def _chat(said: Said, stream: bool) -> Say:
    calls = [
        {"id": said.id("call", n), "type": "function", "function": {"name": name, "arguments": json.dumps(given)}}
        for n, (name, given) in enumerate(said.calls)
    ]
    finish = "tool_calls" if calls else "stop"
    usage = {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17}
    head: dict[str, Any] = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m"}
    thought: dict[str, Any] = {"reasoning_content": said.thought} if said.thought else {}
    if not stream:
        message = {
            "role": "assistant",
            "content": said.text or None,
            **thought,
            **({"tool_calls": calls} if calls else {}),
        }
        choice = {"index": 0, "message": message, "finish_reason": finish}
        return body({**head, "choices": [choice], "usage": usage})
    head["object"] = "chat.completion.chunk"
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [thought] if thought else []
    deltas += [{"content": said.text[:4]}, {"content": said.text[4:]}] if said.text else []
    deltas += [{"tool_calls": [{"index": n, **call}]} for n, call in enumerate(calls)]
    chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    chunks.append({**head, "choices": [], "usage": usage})
    return sse(*(_event(chunk) for chunk in chunks), b"data: [DONE]\n\n")


def _responses(said: Said, stream: bool) -> Say:
    items: list[dict[str, Any]] = []
    if said.thought:
        summary = [{"type": "summary_text", "text": said.thought}]
        reasoning = {"id": f"rs_{said.turn}", "type": "reasoning", "summary": summary}
        items.append({**reasoning, "encrypted_content": SIGNATURE})
    if said.text:
        part = {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}
        message = {"id": f"msg_{said.turn}", "type": "message", "role": "assistant", "status": "completed"}
        items.append({**message, "content": [part]})
    for n, (name, given) in enumerate(said.calls):
        call = {"id": said.id("fc", n), "type": "function_call", "call_id": said.id("call", n), "name": name}
        items.append({**call, "arguments": json.dumps(given), "status": "completed"})
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    whole = {
        "id": f"resp_{said.turn}",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": "completed",
        "output": items,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {"input_tokens": 10, "output_tokens": 7, "total_tokens": 17, **details},
    }
    if not stream:
        return body(whole)
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**whole, "status": "in_progress", "output": [], "usage": None}}
    ]
    for index, item in enumerate(items):
        events += _item_events(index, item)
    events.append({"type": "response.completed", "response": whole})
    return sse(*(_event({**event, "sequence_number": n}, event["type"]) for n, event in enumerate(events)))


def _item_events(index: int, item: dict[str, Any]) -> list[dict[str, Any]]:
    at = {"output_index": index, "item_id": item["id"]}
    events: list[dict[str, Any]] = [
        {"type": "response.output_item.added", "output_index": index, "item": _unfilled(item)}
    ]
    if item["type"] == "message":
        more = {**at, "content_index": 0}
        [part] = item["content"]
        text = part["text"]
        events.append({"type": "response.content_part.added", **more, "part": {**part, "text": ""}})
        events.append({"type": "response.output_text.delta", **more, "delta": text, "logprobs": []})
        events.append({"type": "response.output_text.done", **more, "text": text, "logprobs": []})
        events.append({"type": "response.content_part.done", **more, "part": part})
    elif item["type"] == "function_call":
        given = item["arguments"]
        events.append({"type": "response.function_call_arguments.delta", **at, "delta": given})
        events.append({"type": "response.function_call_arguments.done", **at, "arguments": given})
    events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    return events


def _unfilled(item: dict[str, Any]) -> dict[str, Any]:
    if item["type"] == "message":
        return {**item, "content": [], "status": "in_progress"}
    if item["type"] == "function_call":
        return {**item, "arguments": "", "status": "in_progress"}
    return {**item, "summary": []}


def _anthropic(said: Said, stream: bool) -> Say:
    head = {"id": f"msg_{said.turn}", "type": "message", "role": "assistant", "model": "m"}
    ends = {"stop_reason": "tool_use" if said.calls else "end_turn", "stop_sequence": None}
    told: list[tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]] = []
    """Each block as it is whole, as it opens, and its deltas."""
    if said.thought:
        thinking = {"type": "thinking", "thinking": said.thought, "signature": SIGNATURE}
        deltas: list[dict[str, Any]] = [
            {"type": "thinking_delta", "thinking": said.thought},
            {"type": "signature_delta", "signature": SIGNATURE},
        ]
        told.append((thinking, {**thinking, "thinking": "", "signature": ""}, deltas))
    if said.text:
        deltas = [{"type": "text_delta", "text": piece} for piece in (said.text[:4], said.text[4:]) if piece]
        told.append(({"type": "text", "text": said.text}, {"type": "text", "text": ""}, deltas))
    for n, (name, given) in enumerate(said.calls):
        call = {"type": "tool_use", "id": said.id("toolu", n), "name": name, "input": given}
        deltas = [{"type": "input_json_delta", "partial_json": json.dumps(given)}]
        told.append((call, {**call, "input": {}}, deltas))
    if not stream:
        blocks = [block for block, _, _ in told]
        return body({**head, **ends, "content": blocks, "usage": {"input_tokens": 10, "output_tokens": 7}})
    started = {**head, "content": [], "stop_reason": None, "stop_sequence": None}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**started, "usage": {"input_tokens": 10, "output_tokens": 1}}}
    ]
    for index, (_, opened, deltas) in enumerate(told):
        events.append({"type": "content_block_start", "index": index, "content_block": opened})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events.append({"type": "message_delta", "delta": ends, "usage": {"output_tokens": 7}})
    events.append({"type": "message_stop"})
    return sse(*(_event(event, event["type"]) for event in events))


def _gemini(said: Said, stream: bool) -> Say:
    parts: list[dict[str, Any]] = [{"text": said.thought, "thought": True}] if said.thought else []
    parts += [{"text": said.text}] if said.text else []
    for n, (name, given) in enumerate(said.calls):
        call: dict[str, Any] = {"functionCall": {"id": said.id("call", n), "name": name, "args": given}}
        parts.append(call if n else {**call, "thoughtSignature": SIGNATURE})
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 7, "totalTokenCount": 17}
    head = {"responseId": "r1", "modelVersion": "m"}

    def chunk(*some: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {**head, "candidates": [{"index": 0, "content": {"role": "model", "parts": list(some)}, **more}]}

    last = {"usageMetadata": usage}
    if not stream:
        return body({**chunk(*parts, finishReason="STOP"), **last})
    return sse(*map(_event, [*map(chunk, parts), {**chunk(finishReason="STOP"), **last}]))


def _ollama(said: Said, stream: bool) -> Say:
    head = {"model": "m", "created_at": "2026-01-01T00:00:00Z"}
    calls = [{"function": {"name": name, "arguments": given}} for name, given in said.calls]
    ended = {"done": True, "done_reason": "stop", "prompt_eval_count": 10, "eval_count": 7}
    thought: dict[str, Any] = {"thinking": said.thought} if said.thought else {}
    if not stream:
        message = {"role": "assistant", "content": said.text, **thought, **({"tool_calls": calls} if calls else {})}
        return body({**head, **ended, "message": message})
    deltas: list[dict[str, Any]] = [{"content": "", **thought}] if thought else []
    deltas += [{"content": said.text[:4]}, {"content": said.text[4:]}] if said.text else []
    deltas += [{"content": "", "tool_calls": [call]} for call in calls]
    lines = [{**head, "message": {"role": "assistant", **delta}, "done": False} for delta in deltas]
    lines.append({**head, "message": {"role": "assistant", "content": ""}, **ended})
    pieces = [json.dumps(line).encode() + b"\n" for line in lines]
    return Say(headers=(("content-type", "application/x-ndjson"),), pieces=pieces)


_ANSWERS: dict[str, Callable[[Said, bool], Say]] = {
    "openai_chat": _chat,
    "openai_responses": _responses,
    "anthropic_messages": _anthropic,
    "gemini": _gemini,
    "ollama": _ollama,
}


def wants_stream(asked: Asked) -> bool:
    """Whether a request asks for a stream, in any dialect."""
    return "streamGenerateContent" in asked.target or bool(asked.body and asked.json.get("stream"))


def answer(dialect: str, said: Said, *, stream: bool) -> Say:
    """`said` as a provider of `dialect` says it."""
    return _ANSWERS[dialect](said, stream)


def script(dialect: str, said: Said = USUAL) -> Callable[[Asked], Say]:
    """The script of an upstream that speaks `dialect` and always says the same."""
    return lambda asked: answer(dialect, said, stream=wants_stream(asked))
