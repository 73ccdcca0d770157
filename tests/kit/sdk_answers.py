"""Whole answers with all that the vendors' types can say, one thing at a time, and the streams that tell the same.

Each `Told` is a provider's bytes: a body, or the stream of the same items, blocks, parts or chunks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import ollama
from anthropic.types import beta as anthropic
from google.genai import types as google
from openai.types import chat, responses

from kit.sdk_samples import Json, full, members, sparse

Body = dict[str, Json]


@dataclass(frozen=True, eq=False)
class Told:
    """`said` is what the provider means, however it says it: its leaves are what must not be lost."""

    said: Json
    bytes: bytes
    stream: bool


@cache
def answers(dialect: str) -> tuple[Told, ...]:
    """What a provider of that dialect may answer."""
    return tuple(_MAKERS[dialect]())


def _body(said: Json, body: Body) -> Told:
    return Told(said, json.dumps(body).encode(), stream=False)


def _stream(said: Json, *events: Body, lines: bool = False) -> Told:
    if lines:
        return Told(said, b"".join(json.dumps(event).encode() + b"\n" for event in events), stream=True)
    told = (f"event: {event['type']}\n" if "type" in event else "" for event in events)
    frames = (f"{name}data: {json.dumps(event)}\n\n" for name, event in zip(told, events, strict=True))
    return Told(said, "".join(frames).encode(), stream=True)


# -- OpenAI Responses -------------------------------------------------------------------------------------------------

_RESPONSE = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "in_progress", "output": []}
_WITHIN = (
    ("reasoning", "reasoning"),
    ("custom_tool_call", "custom_tool_call"),
    ("function_call", "function_call"),
    ("output_text", "message"),
    ("refusal", "message"),
    ("content_part", "message"),
)
"""Which item an event is of whose name does not say it."""


def _responses() -> Iterator[Told]:
    items = [item for kind in members(responses.ResponseOutputItem) for item in full(kind)[:1] + sparse(kind)]
    for item in items:
        item = {**item, "status": "completed"} if "status" in item else item
        whole = {**_RESPONSE, "status": "completed", "output": [item]}
        yield _body(item, whole)
        at = {"output_index": 0, "item": item}
        yield _stream(
            item,
            {"type": "response.created", "response": _RESPONSE},
            {"type": "response.output_item.added", **at},
            {"type": "response.output_item.done", **at},
            {"type": "response.completed", "response": whole},
        )
    kinds = {item["type"]: {**item, "id": "item_1"} for item in reversed(items)}
    for kind in members(responses.ResponseStreamEvent):
        yield from _responses_event(full(kind)[0], kinds)


def _responses_event(event: Body, kinds: dict[str, Body]) -> Iterator[Told]:
    """A stream with one event of that type inside, and the item it is of before and behind it."""
    name = event["type"]
    if "response" in event or name in ("error", "response.output_item.added", "response.output_item.done"):
        return
    named = (kind for kind in sorted(kinds, key=len, reverse=True) if name.startswith(f"response.{kind}"))
    kind = next(named, None) or next((item for word, item in _WITHIN if word in name), None)
    began = {"type": "response.created", "response": _RESPONSE}
    if kind is None:  # sound, which is of no item
        event = {**event, "delta": "QUJD"} if name == "response.audio.delta" else event
        done = {"type": "response.completed", "response": {**_RESPONSE, "status": "completed"}}
        yield _stream(event.get("delta", ""), began, event, done)
        return
    item = kinds[kind]
    places = {"item_id": "item_1", "output_index": 0, "content_index": 0, "summary_index": 0, "annotation_index": 0}
    event = {member: places.get(member, value) for member, value in event.items()}
    at = {"output_index": 0, "item": item}
    yield _stream(
        {member: value for member, value in event.items() if member not in ("sequence_number", "status")},
        began,
        {"type": "response.output_item.added", **at},
        event,
        {"type": "response.output_item.done", **at},
        {"type": "response.completed", "response": {**_RESPONSE, "status": "completed", "output": [item]}},
    )


# -- Anthropic Messages -----------------------------------------------------------------------------------------------


def _messages() -> Iterator[Told]:
    usage = {"input_tokens": 3, "output_tokens": 5}
    base = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "usage": usage}
    ends = {"stop_reason": "pause_turn", "stop_sequence": None}
    for kind in members(anthropic.BetaContentBlock):
        for block in full(kind)[:1] + sparse(kind):
            yield _body(block, {**base, **ends, "content": [block]})
            yield _stream(
                block,
                {"type": "message_start", "message": {**base, "content": [], "stop_reason": None}},
                {"type": "content_block_start", "index": 0, "content_block": block},
                {"type": "content_block_stop", "index": 0},
                {"type": "message_delta", "delta": ends, "usage": usage},
                {"type": "message_stop"},
            )
    hello = [{"type": "text", "text": "hi"}]
    for message in sparse(anthropic.BetaMessage):
        said = {**message, "type": "message", "content": hello, "usage": {**usage, **message["usage"]}}
        said["stop_reason"] = message.get("stop_reason") or "end_turn"
        yield _body({name: value for name, value in said.items() if name != "id"}, said)


# -- Gemini -----------------------------------------------------------------------------------------------------------

_GEMINI_USAGE = {"promptTokenCount": 3, "candidatesTokenCount": 5, "totalTokenCount": 8}


def _gemini() -> Iterator[Told]:
    head = {"modelVersion": "m", "responseId": "r1", "usageMetadata": _GEMINI_USAGE}
    content = {"role": "model", "parts": [{"text": "hi"}]}
    ended = {"finishReason": "STOP", "index": 0}
    for part in sparse(google.Part):
        if "functionCall" in part:
            call = {"name": "name_said", **part["functionCall"]}
            part = {**part, "functionCall": {name: v for name, v in call.items() if name not in _PARTIAL}}
        if not part.keys() - {"thought"} or not any(part.values()):
            continue
        candidate = {"content": {"role": "model", "parts": [part]}, **ended}
        yield _body(part, {**head, "candidates": [candidate]})
        first = {"content": {"role": "model", "parts": [part]}, "index": 0}
        yield _stream(part, {**head, "candidates": [first]}, {**head, "candidates": [ended]})
    for told in sparse(google.Candidate):
        if "content" not in told and told.get("finishReason") != "FINISH_REASON_UNSPECIFIED":
            yield _body(told, {**head, "candidates": [{"content": content, **ended, **told, "index": 0}]})
    for whole in sparse(google.GenerateContentResponse):
        said = {name: value for name, value in whole.items() if name not in _SDK_ONLY}
        if "usageMetadata" in said:
            said["usageMetadata"] = {**_GEMINI_USAGE, **said["usageMetadata"]}
        yield _body(said, {**head, "candidates": [{"content": content, **ended}], **said})


_PARTIAL = frozenset({"partialArgs", "willContinue"})
_SDK_ONLY = frozenset({"sdkHttpResponse", "parsed", "automaticFunctionCallingHistory", "candidates", "responseId"})


# -- OpenAI Chat ------------------------------------------------------------------------------------------------------


def _chat() -> Iterator[Told]:
    for body in sparse(chat.ChatCompletion):
        (choice,) = body["choices"]
        words = {"refusal": "hi"} if (choice.get("logprobs") or {}).get("refusal") else {"content": "hi"}
        choice = {**choice, "index": 0, "message": {**words, **choice["message"]}}
        said = {name: value for name, value in body.items() if name not in ("id", "created", "usage")}
        yield _body({**said, "choices": [choice]}, {**body, "choices": [choice]})
    for chunk in sparse(chat.ChatCompletionChunk):
        (choice,) = chunk["choices"]
        words = {"refusal": "hi"} if (choice.get("logprobs") or {}).get("refusal") else {"content": "hi"}
        delta = {**words, **choice["delta"], "role": "assistant"}
        choice = {**choice, "index": 0, "finish_reason": None, "delta": delta}
        for call in choice["delta"].get("tool_calls", ()):
            call["index"] = 0
            call["function"] = {"name": "name_said", **call.get("function", {})}
        last = {"index": 0, "delta": {}, "finish_reason": "stop"}
        said = {name: value for name, value in chunk.items() if name not in _CHUNK_ONLY}
        yield _stream({**said, "choices": [choice]}, {**chunk, "choices": [choice]}, {**chunk, "choices": [last]})


_CHUNK_ONLY = frozenset({"id", "created", "usage", "obfuscation", "object"})


# -- Ollama -----------------------------------------------------------------------------------------------------------


def _ollama() -> Iterator[Told]:
    ended = {"model": "m", "done": True, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 5}
    for body in sparse(ollama.ChatResponse):
        message = {"content": "hi", **body.get("message", {}), "role": "assistant"}
        message.pop("tool_name", None)
        if "images" in message:
            message["images"] = ["iVBORw0KGgo="]
        rest = {name: value for name, value in body.items() if name not in _SET_HERE}
        yield _body({**rest, "message": message}, {**ended, **rest, "message": message})
        words = {"model": "m", "message": message, "done": False}
        words.update({name: rest.pop(name) for name in ("logprobs",) if name in rest})
        yield _stream({**rest, "message": message}, words, {**ended, **rest}, lines=True)


_SET_HERE = frozenset({"created_at", "done_reason", "message", "model"})


_MAKERS: dict[str, Callable[[], Iterator[Told]]] = {
    "openai_responses": _responses,
    "openai_chat": _chat,
    "anthropic_messages": _messages,
    "gemini": _gemini,
    "ollama": _ollama,
}
