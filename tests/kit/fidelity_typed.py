"""The vendors' own typed models as judges of the request bodies we write: no member unknown, mistyped or missing.

The SDKs never validate what their callers send; here pydantic does, against the same types, with unknown members
forbidden at every level.
"""

from __future__ import annotations

import collections.abc
import typing
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import ollama
import pydantic
import pydantic.warnings
import typing_extensions
from anthropic.types.beta import message_create_params as anthropic_params
from google.genai import types as google
from openai.types.chat import completion_create_params as chat_params
from openai.types.responses import response_create_params as responses_params

Json = Any

TOLERATED: dict[str, frozenset[str]] = {
    # What look-alikes of OpenAI take, and OpenAI's own types do not list: reasoning given back to open models, Google's
    # signatures, sampling of vLLM and its kin, video.
    "openai_chat": frozenset({"reasoning_content", "extra_content", "thinking", "top_k", "min_p"}),
    "openai_responses": frozenset(),
    # The newest SDK lists no sampling members any more; every model before Claude 5 takes them.
    "anthropic_messages": frozenset({"temperature", "top_p", "top_k"}),
}
"""Members that the vendor's newest types do not know and the wire does, with the reason."""


def _forbid_unknown(kind: Any, seen: set[Any]) -> None:
    """Make every TypedDict within `kind` refuse members it does not list."""
    if typing_extensions.is_typeddict(kind):
        if kind in seen:
            return
        seen.add(kind)
        kind.__pydantic_config__ = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True)
        for inner in typing_extensions.get_type_hints(kind, include_extras=True).values():
            _forbid_unknown(inner, seen)
        return
    for inner in typing.get_args(kind):
        if not isinstance(inner, str | list):
            _forbid_unknown(inner, seen)


@cache
def _adapter(name: str, stream: bool) -> pydantic.TypeAdapter[Any]:
    kinds: dict[str, tuple[Any, Any]] = {
        "openai_chat": (chat_params.CompletionCreateParamsNonStreaming, chat_params.CompletionCreateParamsStreaming),
        "openai_responses": (
            responses_params.ResponseCreateParamsNonStreaming,
            responses_params.ResponseCreateParamsStreaming,
        ),
        "anthropic_messages": (
            anthropic_params.MessageCreateParamsNonStreaming,
            anthropic_params.MessageCreateParamsStreaming,
        ),
    }
    kind = kinds[name][stream]
    _forbid_unknown(kind, set())
    with warnings.catch_warnings():
        # Types that take any further member say so themselves, and pydantic warns that they win.
        warnings.simplefilter("ignore", pydantic.warnings.TypedDictExtraConfigWarning)
        return pydantic.TypeAdapter(kind)


def _exhaust(value: Any) -> None:
    """Pydantic validates an Iterable only as it is walked."""
    if isinstance(value, dict):
        for inner in value.values():
            _exhaust(inner)
    elif isinstance(value, collections.abc.Iterable) and not isinstance(value, str | bytes):
        for inner in value:
            _exhaust(inner)


def _by_typed_dict(name: str) -> Callable[[dict[str, Json]], None]:
    def check(body: dict[str, Json]) -> None:
        told = _without(body, TOLERATED[name])
        if name == "openai_responses":
            told["input"] = [_identified(item) for item in told["input"]]
        if name == "openai_chat":
            told["modalities"] = [word for word in told.get("modalities", ()) if word != "image"]  # OpenRouter's
            told["messages"] = [_without_video(message) for message in told["messages"]]
        _exhaust(_adapter(name, bool(body.get("stream"))).validate_python(told))

    return check


def _identified(item: dict[str, Json]) -> dict[str, Json]:
    """An assistant's message with what the API makes itself where it is left out, though its type demands it."""
    if item.get("role") != "assistant" or isinstance(item.get("content"), str):
        return item
    return {"id": "msg_1", "status": "completed", **item}


def _without_video(message: dict[str, Json]) -> dict[str, Json]:
    """Look-alikes take `video_url` parts, of which OpenAI knows nothing."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [part for part in content if part.get("type") != "video_url"]}


def _without(value: Json, names: frozenset[str]) -> Json:
    """A body without the tolerated members, at any depth."""
    if isinstance(value, dict):
        return {name: _without(inner, names) for name, inner in value.items() if name not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value


_GOOGLE: dict[str, Any] = {
    "contents": list[google.Content],
    "systemInstruction": google.Content,
    "tools": list[google.Tool],
    "toolConfig": google.ToolConfig,
    "generationConfig": google.GenerationConfig,
    "safetySettings": list[google.SafetySetting],
    "cachedContent": str,
    "labels": dict[str, str],
    "serviceTier": str,
    "store": bool,
}


@cache
def _google_adapter(member: str) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(_GOOGLE[member])


def _gemini(body: dict[str, Json]) -> None:
    """Member by member, for google-genai types the parts of a body and not the whole."""
    for member, value in body.items():
        if member not in _GOOGLE:
            raise ValueError(f"generateContent has no member {member!r}")
        _google_adapter(member).validate_python(value)


def _ollama(body: dict[str, Json]) -> None:
    ollama._types.ChatRequest.model_validate(body)
    for message in body["messages"]:  # the request itself takes any mapping for one
        pictures = [{"value": picture} for picture in message.get("images", ())]
        ollama.Message.model_validate({**message, "images": pictures})
    known = ollama._types.ChatRequest.model_fields.keys()
    if unknown := body.keys() - known:
        raise ValueError(f"ChatRequest has no member {sorted(unknown)}")


CHECKS: dict[str, Callable[[dict[str, Json]], None]] = {
    "openai_chat": _by_typed_dict("openai_chat"),
    "openai_responses": _by_typed_dict("openai_responses"),
    "anthropic_messages": _by_typed_dict("anthropic_messages"),
    "gemini": _gemini,
    "ollama": _ollama,
}


def nearest(error: pydantic.ValidationError) -> str:
    """The complaints of the union's member that complains least: the one that was meant."""
    branches: dict[tuple[str, ...], list[str]] = {}
    for one in error.errors(include_url=False, include_input=False):
        where = tuple(str(step) for step in one["loc"])
        branch = tuple(step for step in where if step[:1].isupper() or "[" in step)
        branches.setdefault(branch, []).append(f"{'.'.join(where)}: {one['msg']}")
    least = min(branches, key=lambda branch: (len(branches[branch]), -len(branch)))
    return "; ".join(branches[least][:3])


def objection(dialect: str, body: dict[str, Json]) -> str:
    """What the vendor's types have against a body; "" when nothing."""
    try:
        CHECKS[dialect](body)
    except pydantic.ValidationError as error:
        return nearest(error)
    except (ValueError, TypeError) as error:
        return str(error)
    return ""
