"""Answers as another vendor might have sent them: the same meaning in other bytes.

Each variant of a recorded (or our own) answer carries no other meaning than its original: members in another order,
members that nobody knows yet, what is optional left out or null, numbers as floats or text, other framing, other
pieces, empty deltas, a finish told twice. So it must be read alike.

    PYTHONPATH=tests python -m kit.variants_read [--count N] [--seed S] [--own]
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

Json = Any
FREE = frozenset({"arguments", "args", "input", "parameters", "response_schema", "partialArgs", "partial_json", "data"})
"""Members whose inside is the tool's own, not the dialect's."""


@dataclass(frozen=True)
class Told:
    """An answer in parts: the JSON texts with the name of their event, in order."""

    dialect: str
    framing: str
    """sse, lines or body."""
    parts: tuple[tuple[str, Json], ...]
    ensure_ascii: bool = False
    indent: int | None = None
    newline: str = "\n"
    space: str = " "
    named: bool = True
    between: str = ""
    """What stands before each event."""
    head: bytes = b""

    def bytes(self) -> bytes:
        if self.framing == "body":
            return self.head + self._text(self.parts[0][1]).encode()
        if self.framing == "lines":
            return self.head + b"".join(self._text(value, None).encode() + b"\n" for _, value in self.parts)
        said = []
        for name, value in self.parts:
            text = value if isinstance(value, str) else self._text(value)
            lines = [f"event:{self.space}{name}"] if name and self.named else []
            lines += [f"data:{self.space}{line}" for line in text.split("\n")]
            said.append(self.between + self.newline.join(lines) + self.newline * 2)
        return self.head + "".join(said).encode("utf-8", "surrogatepass")

    def _text(self, value: Json, indent: int | None = -1) -> str:
        return json.dumps(value, ensure_ascii=self.ensure_ascii, indent=self.indent if indent == -1 else indent)


def told(dialect: str, body: bytes) -> Told | None:
    """An answer taken apart; None for one that is no JSON (an error page, a cut stream)."""
    text = body.decode("utf-8", "replace").lstrip("\ufeff").replace("\r\n", "\n")
    try:
        if text.lstrip()[:1] in "{[":
            lines = [line for line in text.split("\n") if line.strip()]
            if dialect == "ollama" and len(lines) > 1:
                return Told(dialect, "lines", tuple(("", json.loads(line)) for line in lines))
            value = json.loads(text)
            return Told(dialect, "body", (("", value),)) if isinstance(value, dict) else None
        parts: list[tuple[str, Json]] = []
        for event in text.split("\n\n"):
            name, data = "", []
            for line in event.split("\n"):
                if line.startswith("event:"):
                    name = line[6:].strip()
                elif line.startswith("data:"):
                    data.append(line[5:].removeprefix(" "))
            if data:
                said = "\n".join(data)
                parts.append((name, said if said.strip() == "[DONE]" else json.loads(said)))
    except ValueError:
        return None
    return Told(dialect, "sse", tuple(parts)) if parts else None


# -- over every object ------------------------------------------------------------------------------------------------


def everywhere(value: Json, change: Callable[[dict[str, Json], str], dict[str, Json]], name: str = "") -> Json:
    """`change` done to every object of the dialect's own; `name` is the member it stands in."""
    if isinstance(value, dict):
        inner = {
            key: child if key in FREE and not isinstance(child, str) else everywhere(child, change, key)
            for key, child in value.items()
        }
        return change(inner, name)
    if isinstance(value, list):
        return [everywhere(child, change, name) for child in value]
    return value


def each(told: Told, change: Callable[[dict[str, Json], str], dict[str, Json]]) -> Told:
    return replace(told, parts=tuple((name, everywhere(value, change)) for name, value in told.parts))


def reordered(told: Told, dice: random.Random) -> Told:
    def change(said: dict[str, Json], _: str) -> dict[str, Json]:
        names = list(said)
        dice.shuffle(names)
        return {name: said[name] for name in names}

    return each(told, change)


UNKNOWN: tuple[Json, ...] = (None, True, 0, "new", [], {}, {"type": "future", "value": [1, {"a": None}]}, ["x"], 1e9)


def with_unknown(told: Told, dice: random.Random) -> Told:
    return each(told, lambda said, _: {**said, f"x_future_{dice.randint(0, 9)}": dice.choice(UNKNOWN)})


NULLS = {
    "openai_chat": "refusal tool_calls function_call audio annotations reasoning_content reasoning logprobs usage "
    "system_fingerprint service_tier error finish_reason name provider reasoning_details content citations",
    "openai_responses": "error incomplete_details logprobs annotations refusal summary encrypted_content phase "
    "namespace obfuscation created_by moderation metadata usage",
    "anthropic_messages": "stop_sequence stop_reason container context_management citations cache_creation "
    "server_tool_use service_tier signature caller stop_details error",
    "gemini": "thought thoughtSignature finishMessage safetyRatings citationMetadata groundingMetadata logprobsResult "
    "error promptFeedback usageMetadata avgLogprobs functionCall inlineData",
    "ollama": "thinking images tool_calls logprobs error done_reason total_duration remote_model",
}


def with_nulls(told: Told, dice: random.Random) -> Told:
    names = NULLS[told.dialect].split()

    def change(said: dict[str, Json], _: str) -> dict[str, Json]:
        return {**dict.fromkeys(dice.sample(names, 3)), **said}

    return each(told, change)


OPTIONAL = {
    "openai_chat": "object created model id system_fingerprint role service_tier logprobs refusal annotations "
    "obfuscation",
    "openai_responses": "sequence_number logprobs obfuscation annotations created_at object status parallel_tool_calls "
    "tool_choice tools text truncation store metadata temperature top_p",
    "anthropic_messages": "role model stop_sequence service_tier inference_geo container stop_details",
    "gemini": "modelVersion responseId index role safetyRatings createTime avgLogprobs",
    "ollama": "created_at model role total_duration load_duration prompt_eval_duration eval_duration",
}


def without_optional(told: Told, dice: random.Random) -> Told:
    """What a provider may leave out. Words that may mean something go only where they mean nothing."""
    gone = {name for name in OPTIONAL[told.dialect].split() if dice.random() < 0.5}

    def is_needed(name: str, value: Json) -> bool:
        if name == "text":
            return isinstance(value, str)
        if name in ("refusal", "stop_sequence"):
            return value is not None
        return name == "status" and value != "completed"

    return each(told, lambda said, _: {n: v for n, v in said.items() if n not in gone or is_needed(n, v)})


COUNTS = ("tokens", "TokenCount", "_count", "index", "Index", "created", "created_at", "sequence_number")


def _numbers(told: Told, made: Callable[[int], Json]) -> Told:
    def change(said: dict[str, Json], _: str) -> dict[str, Json]:
        return {
            name: made(value) if type(value) is int and name.endswith(COUNTS) else value for name, value in said.items()
        }

    return each(told, change)


def with_floats(told: Told, _: random.Random) -> Told:
    return _numbers(told, float)


def with_text_numbers(told: Told, _: random.Random) -> Told:
    return _numbers(told, str)


# -- framing ----------------------------------------------------------------------------------------------------------


def reframed(told: Told, dice: random.Random) -> Told:
    between = dice.choice(("", ": keep-alive\n\n", ": c\n", "id: 7\nretry: 300\n", "retry: 1\n\n", "\n\n", ":\n\n"))
    newline = dice.choice(("\n", "\r\n", "\r"))
    if told.framing != "sse":
        head = dice.choice((b"", b"\n", b"  \r\n ", b"\xef\xbb\xbf")) if told.framing == "body" else b""
        return replace(told, head=head, indent=dice.choice((None, 1)), ensure_ascii=dice.random() < 0.5)
    return replace(
        told,
        newline=newline,
        between=between.replace("\n", newline),
        space=dice.choice(("", " ")),
        indent=dice.choice((None, None, 1)),
        ensure_ascii=dice.random() < 0.5,
        head=dice.choice((b"", b"\xef\xbb\xbf", b": hello\n\n", b"\n")),
    )


def unnamed(told: Told, _: random.Random) -> Told:
    """No event has its name beside its data: what it is stands inside."""
    return replace(told, named=False)


# -- more and fewer events --------------------------------------------------------------------------------------------

FOREIGN: dict[str, list[tuple[str, Json]]] = {
    "openai_chat": [
        ("", {"id": "c", "object": "chat.completion.chunk", "choices": []}),
        ("", {"object": "future.event", "data": {"a": 1}}),
        ("ping", {"type": "ping"}),
        ("", {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": None}]}),
        ("", {"id": "c", "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": None}]}),
        ("", {"id": "c", "choices": [{"index": 0, "delta": {"content": None, "role": "assistant"}}]}),
        ("", {"id": "c", "choices": [{"index": 0, "delta": None}], "usage": None}),
        ("", {"id": "c", "choices": None}),
        ("", {"id": "c", "choices": [{"index": 0, "delta": {"tool_calls": []}}]}),
    ],
    "openai_responses": [
        ("response.future", {"type": "response.future", "sequence_number": 3, "value": {"a": 1}}),
        ("keepalive", {"type": "keepalive", "sequence_number": 3}),
        ("response.future_call.delta", {"type": "response.future_call.delta", "item_id": "zz", "output_index": 99}),
        ("", {"kind": "no type"}),
        ("", "null"),
    ],
    "anthropic_messages": [
        ("ping", {"type": "ping"}),
        ("future", {"type": "future", "index": 0, "value": 1}),
        (
            "content_block_delta",
            {"type": "content_block_delta", "index": 99, "delta": {"type": "text_delta", "text": ""}},
        ),
        ("", {"kind": "no type"}),
    ],
    "gemini": [
        ("", {"modelVersion": "m"}),
        ("", {"candidates": []}),
        ("", {"candidates": [{"index": 0, "content": {"role": "model", "parts": []}}]}),
        ("", {"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": ""}]}}]}),
        ("", {"candidates": [{"index": 0, "content": None}]}),
        ("", {"candidates": [{"index": 0, "content": {"role": "model", "parts": None}}]}),
        ("", {"usageMetadata": None}),
    ],
    "ollama": [
        ("", {"model": "m", "message": {"role": "assistant", "content": ""}, "done": False}),
        ("", {"model": "m", "done": False}),
        ("", {"status": "loading"}),
        ("", {"model": "m", "message": None, "done": False}),
    ],
}


def with_foreign(told: Told, dice: random.Random) -> Told:
    """Events of unknown types, and known ones that say nothing, between the others."""
    if told.framing == "body":
        return told
    parts = list(told.parts)
    for _ in range(dice.randint(1, 4)):
        parts.insert(dice.randint(1, max(1, len(parts) - 1)), dice.choice(FOREIGN[told.dialect]))
    return replace(told, parts=tuple(parts))


def _is_finish(dialect: str, value: Json) -> bool:
    match dialect:
        case "openai_chat":
            choices = value.get("choices") or []
            return any(one.get("finish_reason") and not (one.get("delta") or {}).get("content") for one in choices)
        case "openai_responses":
            return value.get("type") in ("response.output_item.done", "response.output_text.done", "response.completed")
        case "anthropic_messages":
            return value.get("type") in ("message_delta", "content_block_stop", "message_stop")
        case "gemini":
            return False
        case _:
            return value.get("done") is True


def finished_twice(told: Told, _: random.Random) -> Told:
    if told.framing == "body":
        return told
    parts: list[tuple[str, Json]] = []
    for name, value in told.parts:
        parts.append((name, value))
        if isinstance(value, dict) and _is_finish(told.dialect, value):
            parts.append((name, value))
    return replace(told, parts=tuple(parts))


# -- of one dialect ---------------------------------------------------------------------------------------------------


def content_listed(told: Told, _: random.Random) -> Told:
    """Chat: text as a list of parts, as Mistral tells it."""
    if told.dialect != "openai_chat":
        return told

    def change(said: dict[str, Json], name: str) -> dict[str, Json]:
        text = said.get("content")
        if name in ("message", "delta") and isinstance(text, str) and text:
            return {**said, "content": [{"type": "text", "text": text}]}
        return said

    return each(told, change)


def arguments_as_object(told: Told, _: random.Random) -> Told:
    """Chat and Responses: arguments that are whole in one place, as the object they are."""

    def change(said: dict[str, Json], name: str) -> dict[str, Json]:
        given = said.get("arguments")
        is_whole = name in ("function", "item", "output") or str(said.get("type")).endswith("arguments.done")
        if isinstance(given, str) and is_whole and given.lstrip().startswith("{"):
            try:
                return {**said, "arguments": json.loads(given)}
            except ValueError:
                return said
        return said

    return each(told, change) if told.dialect in ("openai_chat", "openai_responses") else told


def usage_moved(told: Told, dice: random.Random) -> Told:
    """Chat: usage beside the finish reason, in a chunk of its own with an empty choice, or in `x_groq`."""
    if told.dialect != "openai_chat" or told.framing != "sse":
        return told
    used = [v["usage"] for _, v in told.parts if isinstance(v, dict) and v.get("usage")]
    if len(used) != 1:
        return told
    parts = [(n, {k: m for k, m in v.items() if k != "usage"} if isinstance(v, dict) else v) for n, v in told.parts]
    parts = [(n, v) for n, v in parts if not (isinstance(v, dict) and v.get("choices") == [])]
    at = next((i for i, (_, v) in enumerate(parts) if isinstance(v, dict) and _is_finish("openai_chat", v)), None)
    if at is None:
        return told
    name, value = parts[at]
    match dice.randint(0, 2):
        case 0:
            parts[at] = (name, {**value, "usage": used[0]})
        case 1:
            parts[at] = (name, {**value, "x_groq": {"id": "r", "usage": used[0]}})
        case _:
            empty = {"index": 0, "delta": {"content": ""}, "finish_reason": None}
            parts.insert(at + 1, (name, {"id": "c", "choices": [empty], "usage": used[0]}))
    return replace(told, parts=tuple(parts))


def interleaved(told: Told, dice: random.Random) -> Told:
    """Pieces of parallel blocks or calls mixed, each one's own order kept."""
    if told.framing != "sse" or told.dialect not in ("openai_chat", "anthropic_messages", "openai_responses"):
        return told
    parts = list(told.parts)
    for _ in range(len(parts)):
        at = dice.randrange(max(1, len(parts) - 1))
        one, two = _lane(told.dialect, parts[at][1]), _lane(told.dialect, parts[(at + 1) % len(parts)][1])
        if one is not None and two is not None and one != two and at + 1 < len(parts):
            parts[at], parts[at + 1] = parts[at + 1], parts[at]
    return replace(told, parts=tuple(parts))


def _lane(dialect: str, value: Json) -> Json:
    """Which call's growth an event is, None for any other event: only those may change places."""
    if not isinstance(value, dict):
        return None
    match dialect:
        case "openai_chat":
            choices = value.get("choices") or []
            calls = (choices[0].get("delta") or {}).get("tool_calls") if len(choices) == 1 else None
            if not calls or len(calls) != 1 or choices[0].get("finish_reason") or (choices[0]["delta"].get("content")):
                return None
            is_piece = not (calls[0].get("function") or {}).get("name")
            return calls[0].get("index") if is_piece else None
        case "anthropic_messages":
            is_piece = value.get("type") == "content_block_delta" and value["delta"].get("type") == "input_json_delta"
            return value.get("index") if is_piece else None
        case _:
            is_piece = str(value.get("type")).endswith("arguments.delta")
            return value.get("output_index") if is_piece else None


def another_choice(told: Told, _: random.Random) -> Told:
    """An alternative that nobody asked for, beside the first."""
    if told.dialect not in ("openai_chat", "gemini") or told.framing == "lines":
        return told
    member = "choices" if told.dialect == "openai_chat" else "candidates"

    def change(value: Json) -> Json:
        some = value.get(member) if isinstance(value, dict) else None
        if not isinstance(some, list) or len(some) != 1 or not isinstance(some[0], dict):
            return value
        return {**value, member: [{**some[0], "index": 0}, {**some[0], "index": 1}]}

    return replace(told, parts=tuple((name, change(value)) for name, value in told.parts))


VARIANTS: dict[str, Callable[[Told, random.Random], Told]] = {
    made.__name__: made
    for made in (
        reordered,
        with_unknown,
        with_nulls,
        without_optional,
        with_floats,
        with_text_numbers,
        reframed,
        unnamed,
        with_foreign,
        finished_twice,
        content_listed,
        arguments_as_object,
        usage_moved,
        interleaved,
        another_choice,
    )
}


def varied(original: Told, dice: random.Random) -> tuple[str, Told]:
    """One to three of the variants, one on the other, with their names."""
    made, names = original, []
    for name in dice.sample(list(VARIANTS), dice.choice((1, 1, 1, 2, 3))):
        made = VARIANTS[name](made, dice)
        names.append(name)
    return " + ".join(names), made
