"""A client's request, read: bytes to the canonical Request.

Only members that are understood are held to a type. Any other, and any of a type we do not expect, rides along in the
extras of this dialect, so that a member we got slightly wrong never refuses a request its provider would take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec.structs import replace

from gophergate.core.blocks import Json, Text, ToolCall
from gophergate.core.request import OutputFormat, Reasoning, Request, Tool, Turn
from gophergate.dialects.base import decode_object
from gophergate.dialects.members import text_of
from gophergate.dialects.openai_responses.items_in import read_input
from gophergate.dialects.openai_responses.tools import read_choice, read_tools
from gophergate.dialects.openai_responses.wire import INSTRUCTIONS, NAME, UNSAID_NAMESPACE, extra_of, own, without
from gophergate.errors import BadRequest

SAID_INCLUDE = "_include"
"""Note: the whole `include`, of which Request.include holds what the canon has no word for."""
SAID_EMPTY = "_empty_input"
"""Note: the `input` was there and empty."""
SAID_TEXT = "_text"
"""Note: the members of `text` besides its format and verbosity."""

_Value = TypeVar("_Value")
ENCRYPTED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"
_CARRIED = frozenset({ENCRYPTED, LOGPROBS})
"""What the canon carries whether asked to or not: seals always travel, token lists have a setting of their own."""


def read_request(body: bytes, model: str = "", stream: bool = False) -> Request:
    """The request a body makes. Raises BadRequest with `param` for what cannot be understood at all."""
    said = _Members(decode_object(body))
    notes: dict[str, Json] = {}
    if said.members.get("input") == []:
        notes[SAID_EMPTY] = True
    tools = read_tools(said.members)
    turns = _turns(said)
    said.members.pop("tools", None)
    include = said.texts("include")
    if include is not None and _CARRIED.intersection(include):
        notes[SAID_INCLUDE] = list(include)
    output_format, verbosity, rest = _read_text(said.object("text"))
    if rest:
        notes[SAID_TEXT] = rest
    # Most requests say few of the settings there are.
    settings: dict[str, Any] = {
        name: _SETTINGS[name](said, name) for name in sorted(_SETTINGS.keys() & said.members.keys())
    }
    name = said.members.pop("model", None) or model
    if not isinstance(name, str) or not name:
        raise BadRequest("'model' must name the model to ask.", param="model")
    return Request(
        dialect=NAME,
        model=name,
        turns=_with_namespaces(turns, tools),
        tools=tools,
        tool_choice=read_choice(said.members.pop("tool_choice", None)),
        stream=bool(said.flag("stream")) or stream,
        logprobs=True if include and LOGPROBS in include else None,
        reasoning=_read_reasoning(said.object("reasoning")),
        format=output_format,
        verbosity=verbosity,
        include=tuple([entry for entry in include if entry not in _CARRIED]) if include else (),
        **settings,
        extra=extra_of({**said.others(), **notes}),
    )


class _Members:
    """A body's members, taken one by one by name and type; what is of another type stays."""

    def __init__(self, members: dict[str, Any]) -> None:
        self.members = members

    def text(self, name: str) -> str | None:
        value = self.members.get(name)
        return self._taken(name, value) if isinstance(value, str) else None

    def flag(self, name: str) -> bool | None:
        value = self.members.get(name)
        return self._taken(name, value) if isinstance(value, bool) else None

    def count(self, name: str) -> int | None:
        value = self.members.get(name)
        return self._taken(name, value) if isinstance(value, int) and not isinstance(value, bool) else None

    def number(self, name: str) -> float | None:
        value = self.members.get(name)
        return self._taken(name, value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def object(self, name: str) -> dict[str, Any] | None:
        value = self.members.get(name)
        return self._taken(name, value) if isinstance(value, dict) else None

    def texts(self, name: str) -> tuple[str, ...] | None:
        value = self.members.get(name)
        if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            return tuple(self._taken(name, value))
        return None

    def _taken(self, name: str, value: _Value) -> _Value:
        del self.members[name]
        return value

    def others(self) -> dict[str, Json]:
        """What was not taken; null says nothing."""
        return {name: value for name, value in self.members.items() if value is not None}


_SETTINGS: dict[str, Callable[[_Members, str], object]] = {
    **dict.fromkeys(("background", "parallel_tool_calls", "store"), _Members.flag),
    **dict.fromkeys(("max_output_tokens", "top_logprobs"), _Members.count),
    **dict.fromkeys(("frequency_penalty", "presence_penalty", "temperature", "top_p"), _Members.number),
    **dict.fromkeys(("previous_response_id", "prompt_cache_key", "service_tier", "truncation", "user"), _Members.text),
    "metadata": _Members.object,
}
"""Members that are settings as they stand, under the canon's names, and how they are read."""


def _turns(said: _Members) -> list[Turn]:
    turns: list[Turn] = []
    instructions = said.text("instructions")
    if instructions is not None:
        turns.append(Turn(role="system", blocks=(Text(text=instructions),), extra=extra_of({INSTRUCTIONS: True})))
    value = said.members.pop("input", None)
    if value is not None:
        turns.extend(read_input(value))
    return turns


def _with_namespaces(turns: list[Turn], tools: tuple[Any, ...]) -> tuple[Turn, ...]:
    """Calls that name no namespace, though only a namespace has their tool, get it: elsewhere it is in the name."""
    client = [tool for tool in tools if isinstance(tool, Tool)]
    top = {tool.name for tool in client if not tool.namespace}
    spaces = {tool.name: tool.namespace for tool in client if tool.namespace and tool.name not in top}
    if not spaces:
        return tuple(turns)
    return tuple(
        replace(turn, blocks=tuple(_with_namespace(block, spaces) for block in turn.blocks))
        if turn.role == "assistant"
        else turn
        for turn in turns
    )


def _with_namespace(block: Any, spaces: dict[str, str]) -> Any:
    if not isinstance(block, ToolCall) or block.namespace or block.name not in spaces:
        return block
    notes = {**own(block.extra), UNSAID_NAMESPACE: True}
    return replace(block, namespace=spaces[block.name], extra={NAME: notes})


def _read_reasoning(members: dict[str, Any] | None) -> Reasoning | None:
    if members is None:
        return None
    effort = text_of(members.get("effort")) or None
    summary = text_of(members.get("summary")) or text_of(members.get("generate_summary")) or None
    rest = {k: v for k, v in without(members, "effort", "summary").items() if v is not None}
    return Reasoning(
        enabled=False if effort == "none" else None,
        effort=effort,
        summary=summary,
        extra=extra_of(rest),
    )


def _read_text(members: dict[str, Any] | None) -> tuple[OutputFormat | None, str | None, dict[str, Json]]:
    """The format, the verbosity, and what else `text` says."""
    if members is None:
        return None, None, {}
    said = _Members(dict(members))
    verbosity = said.text("verbosity")
    form = members.get("format")
    output_format = _read_format(form) if isinstance(form, dict) else None
    if output_format is not None:
        said.members.pop("format")
    return output_format, verbosity, said.others()


def _read_format(members: dict[str, Any]) -> OutputFormat | None:
    match members.get("type"):
        case "text":
            return OutputFormat(kind="text")
        case "json_object":
            return OutputFormat(kind="json")
        case "json_schema":
            strict = members.get("strict")
            rest = without(members, "type", "name", "description", "schema", "strict")
            return OutputFormat(
                kind="json_schema",
                schema=members.get("schema"),
                name=text_of(members.get("name")),
                description=text_of(members.get("description")),
                strict=strict if isinstance(strict, bool) else None,
                extra=extra_of(rest),
            )
    return None
