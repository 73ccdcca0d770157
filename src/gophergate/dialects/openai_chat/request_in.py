"""A client's Chat Completions body to the canonical request.

Source: https://platform.openai.com/docs/api-reference/chat/create, its deprecated `functions`, and the members that
look-alikes added. A member without a canonical name rides along in `extra`. A null means unsaid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from gophergate.core.blocks import NO_EXTRA, Block, Extra, Json, Media, Opaque, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import OutputFormat, Reasoning, Request, Role, Turn
from gophergate.dialects.base import decode_object, encode
from gophergate.dialects.members import list_of, object_of, text_of
from gophergate.dialects.openai_chat.parts import cache_mark, read_part
from gophergate.dialects.openai_chat.thoughts import DETAILS, read_thoughts
from gophergate.dialects.openai_chat.tools import read_choice, read_functions, read_tools
from gophergate.dialects.openai_chat.wire import (
    NAME,
    NOTE_LEGACY,
    NOTE_REASONING,
    PLAIN_THOUGHTS,
    marked_extra,
    mistyped,
    others,
    own_extra,
    seal_in,
)
from gophergate.errors import BadRequest

_T = TypeVar("_T")

REASONING = ("reasoning_effort", "reasoning", "thinking", "enable_thinking")
"""Members that say how much to think: OpenAI's, OpenRouter's, Z.AI's and DeepSeek's, Qwen's."""
_REASONING = frozenset(REASONING)
_REASONING_WORDS: Mapping[str, frozenset[str]] = {
    "reasoning": frozenset({"effort", "max_tokens", "enabled", "exclude"}),
    "thinking": frozenset({"type", "budget_tokens"}),
}
"""What is understood inside of them."""

_KNOWN = frozenset(
    {
        "model",
        "messages",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "stream",
        "stream_options",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "presence_penalty",
        "frequency_penalty",
        "stop",
        "n",
        "seed",
        "logprobs",
        "top_logprobs",
        "logit_bias",
        "response_format",
        "verbosity",
        "modalities",
        "audio",
        "service_tier",
        "user",
        "metadata",
        "prompt_cache_key",
        "store",
        "functions",
        "function_call",
        *REASONING,
    }
)
_OPTIONS = frozenset({"include_usage"})
_MESSAGE = frozenset(
    {
        "role",
        "content",
        "name",
        "refusal",
        "tool_calls",
        "tool_call_id",
        "function_call",
        "audio",
        "extra_content",
        DETAILS,
        *PLAIN_THOUGHTS,
    }
)
_ROLES: dict[str, Role] = {"system": "system", "developer": "developer", "user": "user", "assistant": "assistant"}


def read_request(body: bytes) -> Request:
    """The canonical request. Raises BadRequest, with the member's path in `param`."""
    said = _Members(decode_object(body))
    members = said.members
    options = said.object("stream_options") or {}
    extra = others(members, _KNOWN)
    more_options = others(options, _OPTIONS)
    if more_options:
        extra["stream_options"] = more_options
    response_format = said.object("response_format")
    output = _read_format(response_format) if response_format is not None else None
    if response_format is not None and output is None:
        extra["response_format"] = response_format
    legacy = bool(members.get("functions")) and not members.get("tools")
    settings: dict[str, Any] = {}
    # Most requests say few of the settings there are.
    for name in sorted(_SETTINGS.keys() & members.keys()):
        setting, read = _SETTINGS[name]
        value = read(said, name)
        if value is not None:
            settings[setting] = value
    limit = said.integer("max_completion_tokens")
    if limit is not None:
        settings["max_output_tokens"] = limit
    return Request(
        dialect=NAME,
        model=said.required_text("model"),
        turns=_read_turns(said.list("messages")),
        tools=read_functions(said.list("functions")) if legacy else read_tools(said.list("tools")),
        tool_choice=read_choice(members.get("function_call" if legacy else "tool_choice"), legacy=legacy),
        include_usage=options.get("include_usage") is True,
        reasoning=None if _REASONING.isdisjoint(members) else _read_reasoning(members),
        format=output,
        extra=own_extra(extra),
        **settings,
    )


class _Members:
    """The top-level members, taken out by type. Each raises BadRequest that names the member."""

    __slots__ = ("members",)

    def __init__(self, members: dict[str, Any]) -> None:
        self.members = members

    def required_text(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise BadRequest(f"'{name}' is required and must be a string.", param=name)
        return value

    def text(self, name: str) -> str | None:
        return self._typed(name, str, "a string")

    def boolean(self, name: str) -> bool | None:
        return self._typed(name, bool, "a boolean")

    def object(self, name: str) -> dict[str, Any] | None:
        return self._typed(name, dict, "an object")

    def list(self, name: str) -> list[Any]:
        return self._typed(name, list, "an array") or []

    def integer(self, name: str) -> int | None:
        value = self.number(name)
        if value is not None and value != int(value):
            raise BadRequest(f"'{name}' must be a whole number.", param=name)
        return None if value is None else int(value)

    def number(self, name: str) -> float | None:
        value = self.members.get(name)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        raise mistyped(name, "a number", value)

    def _typed(self, name: str, kind: type[_T], words: str) -> _T | None:
        value = self.members.get(name)
        if value is None or isinstance(value, kind):
            return value
        raise mistyped(name, words, value)


# -- turns ----------------------------------------------------------------------------------------------------


def _read_turns(messages: list[Any]) -> tuple[Turn, ...]:
    if not messages:
        raise BadRequest("'messages' is required and must hold at least one message.", param="messages")
    turns: list[Turn] = []
    results: list[ToolResult] = []
    legacy_ids: list[str] = []
    for position, message in enumerate(messages):
        path = f"messages[{position}]"
        if not isinstance(message, dict):
            raise mistyped(path, "an object", message)
        role = text_of(message.get("role"))
        if role in ("tool", "function"):
            results.append(_read_result(message, path, legacy_ids))
            continue
        if results:
            turns.append(Turn(role="user", blocks=tuple(results)))
            results = []
        if role not in _ROLES:
            raise BadRequest(f"'{path}.role' must be system, developer, user, assistant or tool.", param=f"{path}.role")
        turns.append(_read_message(message, path, _ROLES[role], legacy_ids))
    if results:
        turns.append(Turn(role="user", blocks=tuple(results)))
    return tuple(turns)


def _read_message(message: dict[str, Any], path: str, role: Role, legacy_ids: list[str]) -> Turn:
    unknown = others(message, _MESSAGE)
    blocks: list[Block] = []
    if role == "assistant":
        blocks.extend(read_thoughts(message, unknown))
    content = _read_content(message.get("content"), f"{path}.content")
    if role == "assistant":
        blocks.extend(_sealed(content, message))
        if text_of(message.get("refusal")):
            blocks.append(Text(text=message["refusal"], refusal=True))
        spoken = text_of(object_of(message.get("audio")).get("id"))
        if spoken:
            blocks.append(Media(kind="audio", file_id=spoken, dialect=NAME))
        blocks.extend(_read_calls(message, path, legacy_ids))
    else:
        blocks.extend(content)
    mark = cache_mark(message)
    if mark is not None and blocks and not isinstance(blocks[-1], Thought):
        blocks[-1] = replace(blocks[-1], cache=mark)
    return Turn(role=role, blocks=tuple(blocks), name=text_of(message.get("name")), extra=marked_extra(unknown))


def _read_content(content: Json, path: str) -> list[Any]:
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [Text(text=content)]
    if isinstance(content, list):
        for position, part in enumerate(content):
            if not isinstance(part, dict | str):
                raise mistyped(f"{path}[{position}]", "an object", part)
        return [read_part(part) for part in content]
    if isinstance(content, dict):
        return [read_part(content)] if "type" in content else [Text(text=encode(content).decode())]
    raise mistyped(path, "a string or an array", content)


def _sealed(content: list[Any], message: dict[str, Any]) -> list[Any]:
    """The content with a message-level signature of Google's on its last text, or on an empty one."""
    if "extra_content" not in message:
        return content
    seal = seal_in(message["extra_content"])
    if seal is None:
        return content
    for position in range(len(content) - 1, -1, -1):
        if isinstance(content[position], Text):
            content[position] = replace(content[position], seal=seal)
            return content
    return [*content, Text(text="", seal=seal)]


def _read_calls(message: dict[str, Any], path: str, legacy_ids: list[str]) -> list[ToolCall]:
    calls = []
    for position, told in enumerate(list_of(message.get("tool_calls"))):
        if not isinstance(told, dict):
            raise mistyped(f"{path}.tool_calls[{position}]", "an object", told)
        # `index` is the stream's; strict vendors refuse it here, and the position says the same.
        unknown = others(told, frozenset({"id", "type", "index", "function", "custom", "extra_content"}))
        custom = "function" not in told and "custom" in told
        said = object_of(told.get("custom" if custom else "function"))
        nested = others(said, frozenset({"name", "input" if custom else "arguments"}))
        if nested:
            unknown["function"] = nested
        arguments = said.get("input" if custom else "arguments")
        if arguments is not None and not isinstance(arguments, str):
            arguments = encode(arguments).decode()
        calls.append(
            ToolCall(
                id=text_of(told.get("id")),
                name=text_of(said.get("name")),
                arguments=arguments or "",
                custom=custom,
                seal=seal_in(told.get("extra_content")),
                cache=cache_mark(told),
                extra=marked_extra(unknown),
            )
        )
    legacy = object_of(message.get("function_call"))
    if text_of(legacy.get("name")):
        # The old interface has no ids; other dialects match results by them. The count is the same every time.
        legacy_ids.append(f"call_{len(legacy_ids)}")
        calls.append(
            ToolCall(
                id=legacy_ids[-1],
                name=text_of(legacy.get("name")),
                arguments=text_of(legacy.get("arguments")),
                extra={NAME: {NOTE_LEGACY: True}},
            )
        )
    return calls


def _read_result(message: dict[str, Any], path: str, legacy_ids: list[str]) -> ToolResult:
    content = tuple(b for b in _read_content(message.get("content"), f"{path}.content"))
    for block in content:
        if not isinstance(block, Text | Media | Opaque):
            raise BadRequest(f"'{path}.content' holds a part that a tool result cannot have.", param=f"{path}.content")
    unknown = others(message, _MESSAGE)
    call_id = text_of(message.get("tool_call_id"))
    if message.get("role") == "function":
        call_id = legacy_ids[-1] if legacy_ids else ""
        unknown[NOTE_LEGACY] = True
    return ToolResult(
        call_id=call_id,
        content=content,
        name=text_of(message.get("name")),
        cache=cache_mark(message),
        extra=marked_extra(unknown),
    )


# -- settings -------------------------------------------------------------------------------------------------


def _read_stop(said: _Members, name: str) -> tuple[str, ...] | None:
    stop = said.members[name]
    if stop is None:
        return None
    if isinstance(stop, str):
        return (stop,)
    if isinstance(stop, list) and all(isinstance(word, str) for word in stop):
        return tuple(stop)
    raise mistyped(name, "a string or an array of strings", stop)


def _read_modalities(said: _Members, name: str) -> tuple[str, ...]:
    return tuple(text_of(word) for word in said.list(name))


_SETTINGS: dict[str, tuple[str, Callable[[_Members, str], object]]] = {
    "max_tokens": ("max_output_tokens", _Members.integer),
    "modalities": ("modalities", _read_modalities),
    "stop": ("stop", _read_stop),
    **{name: (name, _Members.boolean) for name in ("logprobs", "parallel_tool_calls", "store", "stream")},
    **{name: (name, _Members.integer) for name in ("n", "seed", "top_k", "top_logprobs")},
    **{
        name: (name, _Members.number)
        for name in ("frequency_penalty", "min_p", "presence_penalty", "temperature", "top_p")
    },
    **{name: (name, _Members.object) for name in ("audio", "logit_bias", "metadata")},
    **{name: (name, _Members.text) for name in ("prompt_cache_key", "service_tier", "user", "verbosity")},
}
"""Members that are settings as they stand: what the canon calls them, and how they are read."""


def _read_reasoning(members: dict[str, Any]) -> Reasoning | None:
    """How much to think, whichever member says it; members other than OpenAI's own are kept as said."""
    said = {name: members[name] for name in REASONING if members.get(name) is not None}
    if not said:
        return None
    effort = text_of(said.get("reasoning_effort")) or None
    enabled: bool | None = None
    budget: int | None = None
    adaptive = False
    visible: bool | None = None
    unified = said.get("reasoning")
    if isinstance(unified, dict):
        effort = text_of(unified.get("effort")) or effort
        budget = unified.get("max_tokens") if isinstance(unified.get("max_tokens"), int) else None
        enabled = unified.get("enabled") if isinstance(unified.get("enabled"), bool) else None
        visible = False if unified.get("exclude") is True else None
    thinking = said.get("thinking")
    if isinstance(thinking, dict):
        word = thinking.get("type")
        adaptive = word == "adaptive"
        enabled = False if word == "disabled" else True if word in ("enabled", "adaptive") else enabled
        budget = thinking["budget_tokens"] if isinstance(thinking.get("budget_tokens"), int) else budget
    if isinstance(said.get("enable_thinking"), bool):
        enabled = said["enable_thinking"]
    if effort == "none":
        enabled = False
    plain = set(said) == {"reasoning_effort"} and effort is not None
    extra: Extra = NO_EXTRA if plain else {NAME: {NOTE_REASONING: said, **dict(_not_understood(said))}}
    return Reasoning(enabled=enabled, effort=effort, budget=budget, adaptive=adaptive, visible=visible, extra=extra)


def _not_understood(said: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    """Members of those members that the canon has no word for, under dotted names."""
    for name, words in _REASONING_WORDS.items():
        inner = said.get(name)
        if isinstance(inner, dict):
            yield from ((f"{name}.{word}", value) for word, value in inner.items() if word not in words)
        elif inner is not None:
            yield name, inner


def _read_format(said: dict[str, Any] | None) -> OutputFormat | None:
    match (said or {}).get("type"):
        case "text":
            return OutputFormat(kind="text")
        case "json_object":
            return OutputFormat(kind="json", schema=(said or {}).get("schema"))  # Together's and llama.cpp's
        case "json_schema":
            inner = object_of((said or {}).get("json_schema"))
            rest = others(inner, frozenset({"name", "description", "schema", "strict"}))
            strict = inner.get("strict")
            return OutputFormat(
                kind="json_schema",
                schema=inner.get("schema"),
                name=text_of(inner.get("name")),
                description=text_of(inner.get("description")),
                strict=strict if isinstance(strict, bool) else None,
                extra=own_extra(rest),
            )
        case _:
            return None
