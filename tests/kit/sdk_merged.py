"""Several of the things that the vendors' types can say, at once: in one conversation, and in one answer, whole and
streamed as its vendor streams. `sdk_requests` and `sdk_answers` say each of them alone; here they stand side by side,
in an order that dice choose.

    PYTHONPATH=tests python -m kit.sdk_merged [--count N] [--seed S]
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from anthropic.types.beta import BetaContentBlock
from google.genai import types as google
from openai.types import responses

from kit import fidelity, sdk_merged_read
from kit.sdk_answers import Told
from kit.sdk_requests import Body, bodies
from kit.sdk_samples import Json, full, members, sparse

BYTES = "Qnl0ZXM="
_OWN_NAMES = ("call_id_said", "tool_use_id_said", "tool_call_id_said", "name_said", "id_said", "item_id_said")


def plausible(value: Json, name: str = "") -> Json:
    """A sample with values that its members would hold: base64, addresses, arguments, an object's schema."""
    if isinstance(value, dict):
        if value.get("type") == "tool_result":
            value = {"content": "x", **value}  # of a failure without words is said that it is one
        if name == "parameters" and isinstance(value.get("type"), str):
            value = {**value, "type": "OBJECT" if value["type"].isupper() else "object"}
        return {inner: plausible(child, inner) for inner, child in value.items()}
    if isinstance(value, list):
        return [plausible(child, name) for child in value]
    if not isinstance(value, str) or not value.endswith("_said"):
        return value
    if name in ("data", "file_data", "image", "result"):
        return BYTES
    if name == "think":
        return "high"
    if name == "arguments":
        return '{"city": "Ulm", "at": [1, 2]}'
    return f"https://sources.example/{name}.png" if name.lower().endswith(("url", "uri", "source")) else value


def numbered(value: Json, number: int) -> Json:
    """With ids and names of its own."""
    text = json.dumps(value)
    for name in _OWN_NAMES:
        text = text.replace(f'"{name}"', f'"{name}_{number}"')
    return json.loads(text)


# -- requests ---------------------------------------------------------------------------------------------------------

TURNS = {"openai_responses": "input", "gemini": "contents"}
"""The member that holds the conversation, where it is not `messages`."""


def request(dialect: str, dice: random.Random) -> Body:
    """One to five of a dialect's requests as one: a conversation after the other, all their tools and settings."""
    turns_in = TURNS.get(dialect, "messages")
    merged: Body = {}
    turns: list[Json] = []
    for number, body in enumerate(dice.sample(bodies(dialect), dice.choice((1, 2, 3, 5)))):
        said = numbered(plausible(body), number)
        told = said.pop(turns_in)
        turns += [{"role": "user", "content": told}] if isinstance(told, str) else told
        for name, value in said.items():
            known = merged.get(name)
            if isinstance(value, list) and isinstance(known, list):
                merged[name] = [*known, *value]
            elif isinstance(value, dict) and isinstance(known, dict):
                merged[name] = {**known, **value}
            else:
                merged[name] = value
    return {**merged, turns_in: turns}


# -- answers ----------------------------------------------------------------------------------------------------------


def answer(dialect: str, dice: random.Random) -> Told:
    """Up to five blocks, items or parts in one answer, whole or streamed."""
    return _MAKERS[dialect](dice, dice.random() < 0.7)


def _some(of: tuple[Json, ...], dice: random.Random) -> list[Json]:
    return [numbered(plausible(one), number) for number, one in enumerate(dice.sample(of, dice.choice((1, 2, 3, 5))))]


def _pieces(text: str, dice: random.Random) -> list[str]:
    at = sorted(dice.sample(range(len(text) + 1), min(2, len(text) + 1)))
    return [piece for piece in (text[: at[0]], text[at[0] : at[-1]], text[at[-1] :]) if piece]


def _told(whole: Body, events: Iterator[Body] | None, *, lines: bool = False) -> Told:
    if events is None:
        return Told(whole, json.dumps(whole).encode(), stream=False)
    if lines:
        return Told(whole, b"".join(json.dumps(event).encode() + b"\n" for event in events), stream=True)
    names = ((f"event: {event['type']}\n" if "type" in event else "", event) for event in events)
    frames = (f"{name}data: {json.dumps(event)}\n\n" for name, event in names)
    return Told(whole, "".join(frames).encode(), stream=True)


@cache
def _blocks() -> tuple[Json, ...]:
    found = [block for kind in members(BetaContentBlock) for block in full(kind)[:1] + sparse(kind)]
    rare = {kind: [block for block in found if block["type"] == kind] for kind in {block["type"] for block in found}}
    usual = [*rare["text"], *rare["thinking"], *rare["tool_use"]]
    return tuple(usual * 8 + [block for blocks in rare.values() for block in blocks[:6]])


_MESSAGE_USAGE = {
    "input_tokens": 11,
    "cache_creation_input_tokens": 3,
    "cache_read_input_tokens": 5,
    "output_tokens": 7,
}


def _messages(dice: random.Random, is_stream: bool) -> Told:
    blocks = _some(_blocks(), dice)
    ends = "tool_use" if any(block["type"] == "tool_use" for block in blocks) else "end_turn"
    base = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "usage": _MESSAGE_USAGE}
    ended = {"stop_reason": ends, "stop_sequence": None}
    whole = {**base, **ended, "content": blocks}

    def events() -> Iterator[Body]:
        yield {"type": "message_start", "message": {**base, "content": [], "stop_reason": None, "stop_sequence": None}}
        for index, block in enumerate(blocks):
            bare, deltas = _grown(block, dice)
            yield {"type": "content_block_start", "index": index, "content_block": bare}
            for delta in deltas:
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        yield {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 7}}
        yield {"type": "message_stop"}

    return _told(whole, events() if is_stream else None)


def _grown(block: Body, dice: random.Random) -> tuple[Body, list[Body]]:
    """How a block begins in a stream, and what it grows by."""
    match block["type"]:
        case "text":
            deltas = [{"type": "text_delta", "text": piece} for piece in _pieces(block["text"], dice)]
            cited = [{"type": "citations_delta", "citation": one} for one in block.get("citations") or ()]
            return {**block, "text": "", **({"citations": []} if cited else {})}, [*deltas, *cited]
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in _pieces(block["thinking"], dice)]
            sealed = {"type": "signature_delta", "signature": block["signature"]}
            return {**block, "thinking": "", "signature": ""}, [*deltas, sealed]
        case "tool_use" | "server_tool_use" | "mcp_tool_use":
            pieces = _pieces(json.dumps(block["input"]), dice)
            return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return block, []


@cache
def _items() -> tuple[Json, ...]:
    made = (item for kind in members(responses.ResponseOutputItem) for item in full(kind)[:1] + sparse(kind))
    found = [item for item in made if _is_likely(item)]
    kinds = {kind: [item for item in found if item["type"] == kind] for kind in {item["type"] for item in found}}
    usual = [*kinds["message"], *kinds["reasoning"], *kinds["function_call"], *kinds["custom_tool_call"]]
    told = usual * 3 + [item for items in kinds.values() for item in items[:6]]
    return tuple({**item, "status": "completed"} if "status" in item else item for item in told)


def _is_likely(item: Body) -> bool:
    """Not of a message that is half a refusal, nor of an answer that encrypts some of its reasoning and not all."""
    if item["type"] == "message":
        return all(part["type"] != "refusal" for part in item["content"])
    return item["type"] != "reasoning" or "encrypted_content" in item


def _responses(dice: random.Random, is_stream: bool) -> Told:
    items = [{"id": f"item_{number}", **item} for number, item in enumerate(_some(_items(), dice))]
    usage = {
        "input_tokens": 11,
        "input_tokens_details": {"cached_tokens": 5},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 18,
    }
    base = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "tools": [], "tool_choice": "auto"}
    began = {**base, "status": "in_progress", "output": [], "parallel_tool_calls": True, "error": None}
    whole = {**began, "status": "completed", "output": items, "usage": usage}

    def events() -> Iterator[Body]:
        yield {"type": "response.created", "response": began}
        for index, item in enumerate(items):
            yield from ({**event, "output_index": index} for event in _item_events(item, dice))
        yield {"type": "response.completed", "response": whole}

    return _told(whole, events() if is_stream else None)


def _item_events(item: Body, dice: random.Random) -> Iterator[Body]:
    at = {"item_id": item["id"]}
    match item["type"]:
        case "message":
            yield {"type": "response.output_item.added", "item": {**item, "status": "in_progress", "content": []}}
            for index, part in enumerate(item["content"]):
                yield from _part_events(part, {**at, "content_index": index}, dice)
        case "reasoning":
            yield {"type": "response.output_item.added", "item": {**item, "summary": [], "content": []}}
            for index, part in enumerate(item.get("summary") or ()):
                where = {**at, "summary_index": index}
                yield {"type": "response.reasoning_summary_part.added", **where, "part": {**part, "text": ""}}
                for piece in _pieces(part["text"], dice):
                    yield {"type": "response.reasoning_summary_text.delta", **where, "delta": piece}
                yield {"type": "response.reasoning_summary_text.done", **where, "text": part["text"]}
                yield {"type": "response.reasoning_summary_part.done", **where, "part": part}
            for index, part in enumerate(item.get("content") or ()):
                where = {**at, "content_index": index}
                for piece in _pieces(part["text"], dice):
                    yield {"type": "response.reasoning_text.delta", **where, "delta": piece}
                yield {"type": "response.reasoning_text.done", **where, "text": part["text"]}
        case "function_call":
            yield {"type": "response.output_item.added", "item": {**item, "arguments": ""}}
            for piece in _pieces(item["arguments"], dice):
                yield {"type": "response.function_call_arguments.delta", **at, "delta": piece}
            yield {"type": "response.function_call_arguments.done", **at, "arguments": item["arguments"]}
        case "custom_tool_call":
            yield {"type": "response.output_item.added", "item": {**item, "input": ""}}
            for piece in _pieces(item["input"], dice):
                yield {"type": "response.custom_tool_call_input.delta", **at, "delta": piece}
            yield {"type": "response.custom_tool_call_input.done", **at, "input": item["input"]}
        case _:
            yield {"type": "response.output_item.added", "item": item}
    yield {"type": "response.output_item.done", "item": item}


def _part_events(part: Body, where: Body, dice: random.Random) -> Iterator[Body]:
    if part["type"] == "refusal":
        yield {"type": "response.content_part.added", **where, "part": {**part, "refusal": ""}}
        for piece in _pieces(part["refusal"], dice):
            yield {"type": "response.refusal.delta", **where, "delta": piece}
        yield {"type": "response.refusal.done", **where, "refusal": part["refusal"]}
    else:
        yield {"type": "response.content_part.added", **where, "part": {**part, "text": "", "annotations": []}}
        for piece in _pieces(part["text"], dice):
            yield {"type": "response.output_text.delta", **where, "delta": piece, "logprobs": []}
        for number, annotation in enumerate(part["annotations"]):
            named = {"annotation_index": number, "annotation": annotation}
            yield {"type": "response.output_text.annotation.added", **where, **named}
        yield {"type": "response.output_text.done", **where, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **where, "part": part}


_NOT_ANSWERED = frozenset({"functionResponse", "inlineData", "fileData"})
"""Parts that no model answers, and those that other clients are told in words."""


@cache
def _parts() -> tuple[Json, ...]:
    found = []
    for part in [{"text": "first"}, {"text": "second"}, {"text": "thought", "thought": True}] * 8 + sparse(google.Part):
        if "functionCall" in part:
            call = {"name": "name_said", **part["functionCall"]}
            part = {**part, "functionCall": {k: v for k, v in call.items() if k not in ("partialArgs", "willContinue")}}
        if part.keys() - {"thought", *_NOT_ANSWERED} and any(part.values()):
            found.append(part)
    return tuple(found)


def _gemini(dice: random.Random, is_stream: bool) -> Told:
    parts = _some(_parts(), dice)
    usage = {"promptTokenCount": 11, "candidatesTokenCount": 7, "thoughtsTokenCount": 2, "cachedContentTokenCount": 5}
    head = {"modelVersion": "m", "responseId": "r1", "usageMetadata": {**usage, "totalTokenCount": 20}}

    def chunk(parts: list[Json], **ended: Json) -> Body:
        return {**head, "candidates": [{"content": {"role": "model", "parts": parts}, "index": 0, **ended}]}

    def events() -> Iterator[Body]:
        for part in parts[:-1]:
            pieces = _pieces(part.get("text") or "", dice)
            yield from (chunk([{**part, "text": piece}]) for piece in pieces)
            if not pieces:
                yield chunk([part])
        yield chunk(parts[-1:], finishReason="STOP")

    return _told(chunk(parts, finishReason="STOP"), events() if is_stream else None)


def _chat(dice: random.Random, is_stream: bool) -> Told:
    calls = [
        {"id": f"call_{n}", "type": "function", "function": {"name": f"name_{n}", "arguments": '{"city": "Ulm"}'}}
        for n in range(dice.choice((0, 0, 1, 3)))
    ]
    words = dice.choice(({"content": "Some words."}, {"content": None}, {"refusal": "I cannot.", "content": None}))
    thought = dice.choice(({}, {"reasoning_content": "Let me see."}, {"reasoning": "Let me see."}))
    cited = {"type": "url_citation", "url_citation": {"url": "https://a.example", "title": "A"}}
    cited["url_citation"] |= {"start_index": 0, "end_index": 4}
    more = dice.choice(({}, {"annotations": [cited]})) if words["content"] else {}
    said = {**words, **thought, **more, **({"tool_calls": calls} if calls else {})}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    usage |= {"prompt_tokens_details": {"cached_tokens": 5}, "completion_tokens_details": {"reasoning_tokens": 2}}
    end = "tool_calls" if calls else "stop"
    head = {"id": "c1", "created": 1, "model": "m"}
    choice = {"index": 0, "message": {"role": "assistant", **said}, "finish_reason": end}
    whole = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}

    def events() -> Iterator[Body]:
        def chunk(delta: Body, ended: str | None = None) -> Body:
            told = [{"index": 0, "delta": delta, "finish_reason": ended}]
            return {**head, "object": "chat.completion.chunk", "choices": told}

        yield chunk({"role": "assistant", "content": ""})
        for name in ("reasoning_content", "reasoning", "content", "refusal"):
            yield from (chunk({name: piece}) for piece in _pieces(said.get(name) or "", dice))
        yield from (chunk({name: said[name]}) for name in ("annotations",) if name in said)
        for index, call in enumerate(calls):
            yield chunk({"tool_calls": [{**call, "index": index, "function": {**call["function"], "arguments": ""}}]})
            for piece in _pieces(call["function"]["arguments"], dice):
                yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
        yield chunk({}, end)
        yield {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage}

    return _told(whole, events() if is_stream else None)


def _ollama(dice: random.Random, is_stream: bool) -> Told:
    calls = [{"function": {"name": f"name_{n}", "arguments": {"n": n}}} for n in range(dice.choice((0, 0, 1, 3)))]
    message: Body = {"role": "assistant", "content": dice.choice(("", "Some words.")) or ("" if calls else "Words.")}
    message |= dice.choice(({}, {"thinking": "Let me see."}))
    message |= {"tool_calls": calls} if calls else {}
    ended = {"model": "m", "done": True, "done_reason": "stop", "prompt_eval_count": 11, "eval_count": 7}

    def events() -> Iterator[Body]:
        for name in ("thinking", "content"):
            for piece in _pieces(message.get(name) or "", dice):
                yield {"model": "m", "message": {"role": "assistant", "content": "", name: piece}, "done": False}
        for call in calls:
            told = {"role": "assistant", "content": "", "tool_calls": [call]}
            yield {"model": "m", "message": told, "done": False}
        yield {**ended, "message": {"role": "assistant", "content": ""}}

    return _told({**ended, "message": message}, events() if is_stream else None, lines=True)


_MAKERS: dict[str, Callable[[random.Random, bool], Told]] = {
    "openai_responses": _responses,
    "openai_chat": _chat,
    "anthropic_messages": _messages,
    "gemini": _gemini,
    "ollama": _ollama,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    dice = random.Random(asked.seed)
    found: Counter[str] = Counter()
    shown: dict[str, Any] = {}
    for _ in range(asked.count):
        for dialect in fidelity.DIALECTS:
            said, told = request(dialect, dice), answer(dialect, dice)
            for why in (*sdk_merged_read.of_request(dialect, said), *sdk_merged_read.of_answer(dialect, told)):
                kind, _, detail = why.partition(": ")
                found[kind] += 1
                shown.setdefault(kind, detail)
    for kind, times in found.most_common():
        print(f"{times} {kind}: {shown[kind][:700]}")


if __name__ == "__main__":
    main()
