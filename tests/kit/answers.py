"""What providers of each dialect answer, written by hand: a thought, words, one tool call, and what it used.

Each says the same: thinks "Hm.", says "Hello wörld", calls `weather` with {"city":"Ulm"}; 10 tokens in, 7 out.
`script` answers streamed or whole, as it is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from kit.upstream import Asked, Say, body, sse

THOUGHT = "Hm."
TEXT = "Hello wörld"
CITY = {"city": "Ulm"}
ARGUMENTS = json.dumps(CITY)
SIGNATURE = "U0lHTkFUVVJFLW9mLXRoaXMtdHVybg=="

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


def _chat(stream: bool) -> Say:
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ARGUMENTS}}
    usage = {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17}
    head: dict[str, Any] = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m"}
    if not stream:
        message = {"role": "assistant", "content": TEXT, "reasoning_content": THOUGHT, "tool_calls": [call]}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        return body({**head, "choices": [choice], "usage": usage})
    head["object"] = "chat.completion.chunk"
    deltas = [
        {"role": "assistant", "content": ""},
        {"reasoning_content": THOUGHT},
        {"content": TEXT[:4]},
        {"content": TEXT[4:]},
        {"tool_calls": [{"index": 0, **call}]},
    ]
    chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    chunks.append({**head, "choices": [], "usage": usage})
    return sse(*(_event(chunk) for chunk in chunks), b"data: [DONE]\n\n")


def _responses(stream: bool) -> Say:
    reasoning = {
        "id": "rs_1",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": THOUGHT}],
        "encrypted_content": SIGNATURE,
    }
    part = {"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    call = {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "call_1",
        "name": "weather",
        "arguments": ARGUMENTS,
        "status": "completed",
    }
    items = [reasoning, message, call]
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    whole = {
        "id": "resp_1",
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
        at = {"output_index": index, "item_id": item["id"]}
        events.append({"type": "response.output_item.added", "output_index": index, "item": _unfilled(item)})
        if item is message:
            more = {**at, "content_index": 0}
            events.append({"type": "response.content_part.added", **more, "part": {**part, "text": ""}})
            events.append({"type": "response.output_text.delta", **more, "delta": TEXT, "logprobs": []})
            events.append({"type": "response.output_text.done", **more, "text": TEXT, "logprobs": []})
            events.append({"type": "response.content_part.done", **more, "part": part})
        if item is call:
            events.append({"type": "response.function_call_arguments.delta", **at, "delta": ARGUMENTS})
            events.append({"type": "response.function_call_arguments.done", **at, "arguments": ARGUMENTS})
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    events.append({"type": "response.completed", "response": whole})
    return sse(*(_event({**event, "sequence_number": n}, event["type"]) for n, event in enumerate(events)))


def _unfilled(item: dict[str, Any]) -> dict[str, Any]:
    if item["type"] == "message":
        return {**item, "content": [], "status": "in_progress"}
    if item["type"] == "function_call":
        return {**item, "arguments": "", "status": "in_progress"}
    return {**item, "summary": []}


def _anthropic(stream: bool) -> Say:
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m"}
    ends = {"stop_reason": "tool_use", "stop_sequence": None}
    blocks = [
        {"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE},
        {"type": "text", "text": TEXT},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": CITY},
    ]
    if not stream:
        return body({**head, **ends, "content": blocks, "usage": {"input_tokens": 10, "output_tokens": 7}})
    opened: list[dict[str, Any]] = [
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "text", "text": ""},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}},
    ]
    deltas: list[list[dict[str, Any]]] = [
        [{"type": "thinking_delta", "thinking": THOUGHT}, {"type": "signature_delta", "signature": SIGNATURE}],
        [{"type": "text_delta", "text": TEXT[:4]}, {"type": "text_delta", "text": TEXT[4:]}],
        [{"type": "input_json_delta", "partial_json": ARGUMENTS}],
    ]
    started = {**head, "content": [], "stop_reason": None, "stop_sequence": None}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**started, "usage": {"input_tokens": 10, "output_tokens": 1}}}
    ]
    for index, (block, grown) in enumerate(zip(opened, deltas, strict=True)):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in grown]
        events.append({"type": "content_block_stop", "index": index})
    events.append({"type": "message_delta", "delta": ends, "usage": {"output_tokens": 7}})
    events.append({"type": "message_stop"})
    return sse(*(_event(event, event["type"]) for event in events))


def _gemini(stream: bool) -> Say:
    parts: list[dict[str, Any]] = [
        {"text": THOUGHT, "thought": True},
        {"text": TEXT},
        {"functionCall": {"id": "call_1", "name": "weather", "args": CITY}, "thoughtSignature": SIGNATURE},
    ]
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 7, "totalTokenCount": 17}
    head = {"responseId": "r1", "modelVersion": "m"}

    def chunk(*said: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {**head, "candidates": [{"index": 0, "content": {"role": "model", "parts": list(said)}, **more}]}

    last = {"usageMetadata": usage}
    if not stream:
        return body({**chunk(*parts, finishReason="STOP"), **last})
    pieces = [chunk(parts[0]), chunk(parts[1]), chunk(parts[2]), {**chunk(finishReason="STOP"), **last}]
    return sse(*map(_event, pieces))


def _ollama(stream: bool) -> Say:
    head = {"model": "m", "created_at": "2026-01-01T00:00:00Z"}
    call = {"function": {"name": "weather", "arguments": CITY}}
    ended = {"done": True, "done_reason": "stop", "prompt_eval_count": 10, "eval_count": 7}
    if not stream:
        message = {"role": "assistant", "content": TEXT, "thinking": THOUGHT, "tool_calls": [call]}
        return body({**head, **ended, "message": message})
    said: list[dict[str, Any]] = [
        {"content": "", "thinking": THOUGHT},
        {"content": TEXT[:4]},
        {"content": TEXT[4:]},
        {"content": "", "tool_calls": [call]},
    ]
    lines = [{**head, "message": {"role": "assistant", **delta}, "done": False} for delta in said]
    lines.append({**head, "message": {"role": "assistant", "content": ""}, **ended})
    pieces = [json.dumps(line).encode() + b"\n" for line in lines]
    return Say(headers=(("content-type", "application/x-ndjson"),), pieces=pieces)


_ANSWERS: dict[str, Callable[[bool], Say]] = {
    "openai_chat": _chat,
    "openai_responses": _responses,
    "anthropic_messages": _anthropic,
    "gemini": _gemini,
    "ollama": _ollama,
}


def script(dialect: str) -> Callable[[Asked], Say]:
    """The script of an upstream that speaks `dialect`."""

    def answer(asked: Asked) -> Say:
        streams = "streamGenerateContent" in asked.target or bool(asked.body and asked.json.get("stream"))
        return _ANSWERS[dialect](streams)

    return answer
