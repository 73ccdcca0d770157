"""A Messages request's bytes to a canonical request: what a client of this dialect, or a count_tokens call, says.

Members without a canonical name ride along as extras, at every level. Only what cannot be understood at all is
refused, with the place of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from gophergate.core.blocks import Block, Json, Opaque, Seal, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import (
    OutputFormat,
    Reasoning,
    Request,
    ServerTool,
    Tool,
    ToolChoice,
    Turn,
)
from gophergate.dialects.anthropic_messages.blocks import REFERENCE, read_blocks, read_cache
from gophergate.dialects.anthropic_messages.names import unspelled
from gophergate.dialects.anthropic_messages.wire import INLINE, NAME, Members, extra_of, own
from gophergate.dialects.base import decode_object, json_type
from gophergate.dialects.members import object_of, text_of
from gophergate.dialects.toolnames import WITHHELD
from gophergate.errors import BadRequest

_ROLES = frozenset({"user", "assistant", "system"})
_THINKING = frozenset({"enabled", "adaptive", "disabled"})
_SIGN_TEXTS = frozenset({"gemini"})
"""Dialects whose makers seal texts: with the others a sealed thought without words is a thought of its own."""


def read_request(body: bytes, *, model: str = "", stream: bool = False) -> Request:
    """`model` and `stream` are used where the body leaves them out (Vertex puts both in the path).

    `max_tokens` may be missing: `count_tokens` has none, and a target that needs one gets one.
    """
    members = Members(decode_object(body), "")
    said: dict[str, Any] = {"model": model, "stream": stream}
    # Most requests say few of the settings there are.
    for name in sorted(_SETTINGS.keys() & members.rest.keys()):
        setting, read = _SETTINGS[name]
        value = read(members, name)
        if value is not None:
            said[setting] = value
    said["model"] = said["model"] or model
    if not said["model"]:
        raise BadRequest("'model' is missing.", param="model")
    turns = _messages(members)
    system = read_blocks(members.any("system"), "system", role="system")
    if system:
        turns.insert(0, Turn(role="system", blocks=system))
    said["tools"] = _tools(members.array("tools") or [], turns)
    if not _STRUCTURED.isdisjoint(members.rest):
        said |= _structured(members)
    return Request(dialect=NAME, turns=tuple(turns), extra=extra_of(members.rest), **said)


_STRUCTURED = frozenset({"tool_choice", "metadata", "output_config", "output_format", "thinking"})


def _structured(members: Members) -> dict[str, Any]:
    """The settings that are said by objects."""
    said: dict[str, Any] = {}
    said["tool_choice"], said["parallel_tool_calls"] = _tool_choice(members)
    labels = Members(members.any("metadata") or {}, "metadata")
    said["user"], said["metadata"] = labels.string("user_id"), labels.rest or None
    config = Members(members.any("output_config") or {}, "output_config")
    said["reasoning"] = _reasoning(members, config.string("effort"))
    said["format"] = _format(config, members)
    if config.rest:
        members.rest["output_config"] = config.rest
    return said


def _messages(members: Members) -> list[Turn]:
    raw = members.any("messages")
    if not isinstance(raw, list):
        said = "is missing" if raw is None else f"must be an array, not {json_type(raw)}"
        raise BadRequest(f"'messages' {said}.", param="messages")
    return [_turn(message, f"messages[{at}]") for at, message in enumerate(raw)]


def _turn(raw: Json, where: str) -> Turn:
    message = Members(raw, where)
    role = message.required("role")
    if role not in _ROLES:
        raise BadRequest(
            f"'{where}.role' is '{role}'; it must be 'user', 'assistant' or 'system'.", param=f"{where}.role"
        )
    blocks = read_blocks(message.any("content"), f"{where}.content", role=role)
    if role == "assistant":
        blocks = tuple(_with_their_seals(blocks))
    return Turn(role=role, blocks=blocks, extra=extra_of(message.rest))  # type: ignore[arg-type]  # checked above


def _with_their_seals(blocks: tuple[Block, ...]) -> list[Block]:
    """Texts with the seals that our writer put behind them, in thoughts without words."""
    out: list[Block] = []
    for block in blocks:
        before = out[-1] if out else None
        match before, block:
            case Text(seal=None), Thought(text="", seal=Seal(dialect=maker) as seal) if maker in _SIGN_TEXTS:
                out[-1] = replace(before, seal=seal)
            case _:
                out.append(block)
    return out


def _tools(raw: list[Json], turns: Iterable[Turn]) -> tuple[Tool | ServerTool, ...]:
    """The tools at the top, then those that a turn defines. Another vendor knows neither deferral nor changes on the
    way: it is offered what the model can see now, which a deferred tool is once it was found, added or called."""
    tools = [_tool(value, f"tools[{at}]") for at, value in enumerate(raw)] if raw else []
    blocks = [block for turn in turns for block in turn.blocks]
    if ToolResult in map(type, blocks):
        blocks = [part for block in blocks for part in (block, *getattr(block, "content", ()))]
    if not (Opaque in map(type, blocks) or any(map(_is_deferred, tools))):
        return tuple(tools)
    seen: set[str] = set()
    removed: set[str] = set()
    for block in blocks:
        if isinstance(block, Text):
            found = object_of(own(block.extra).get(REFERENCE))
            seen.add(unspelled(text_of(found.get("tool_name"))))
        elif isinstance(block, ToolCall):
            seen.add(block.name)
        elif isinstance(block, Opaque) and block.label in ("tool_addition", "tool_removal"):
            changed = object_of(object_of(block.data).get("tool"))
            defined = changed.get("definition")
            name = unspelled(text_of(object_of(defined or changed).get("name")))
            if block.label == "tool_removal":
                removed.add(name)
                continue
            removed.discard(name)
            seen.add(name)
            if defined is not None:
                tools.append(_noted(_tool(defined, "tool_addition.tool.definition"), INLINE))
    # Nobody else can search as the vendor would have: then all there is to find is offered at once.
    is_searched = any(isinstance(tool, ServerTool) and tool.label.startswith("tool_search") for tool in tools)
    hidden = removed | {tool.name for tool in tools if _is_deferred(tool) and tool.name not in seen and not is_searched}
    return tuple(_noted(tool, WITHHELD) if tool.name in hidden else tool for tool in tools)


def _is_deferred(tool: Tool | ServerTool) -> bool:
    return isinstance(tool, Tool) and own(tool.extra).get("defer_loading") is True


def _noted(tool: Tool | ServerTool, note: str) -> Tool | ServerTool:
    return replace(tool, extra=extra_of({**own(tool.extra), note: True}))


def _tool(raw: Json, where: str) -> Tool | ServerTool:
    tool = Members(raw, where)
    kind = tool.string("type")
    if kind not in (None, "custom"):
        return ServerTool(dialect=NAME, label=kind, data=raw, name=tool.string("name") or "")
    cache, more = read_cache(tool)
    return Tool(
        name=unspelled(tool.required("name")),
        description=tool.string("description") or "",
        parameters=tool.any("input_schema"),
        strict=tool.boolean("strict") or False,
        cache=cache,
        extra=extra_of({**tool.rest, **more}),
    )


def _tool_choice(members: Members) -> tuple[ToolChoice | None, bool | None]:
    raw = members.object("tool_choice")
    if raw is None:
        return None, None
    choice = Members(raw, "tool_choice")
    kind, alone = choice.required("type"), choice.boolean("disable_parallel_tool_use")
    parallel = None if alone is None else not alone
    name = choice.string("name")
    # What else it says is Anthropic's alone, and makes it no other choice.
    whole: dict[str, Any] = {"dialect": NAME, "native": raw} if choice.rest else {}
    match kind:
        case "auto" | "none":
            return ToolChoice(mode=kind, **whole), parallel
        case "any":
            return ToolChoice(mode="required", **whole), parallel
        case "tool" if name:
            return ToolChoice(mode="named", names=(unspelled(name),), **whole), parallel
        case _:
            return ToolChoice(mode="native", dialect=NAME, native=raw), None


def _reasoning(members: Members, effort: str | None) -> Reasoning | None:
    raw = members.object("thinking")
    if raw is None:
        return Reasoning(effort=effort) if effort else None
    kind = raw.get("type")
    if text_of(kind) not in _THINKING:
        return Reasoning(effort=effort, extra=extra_of({"thinking": raw}))
    thinking = Members(raw, "thinking")
    thinking.any("type")
    budget = thinking.integer("budget_tokens")
    display = raw.get("display")
    if display in ("summarized", "omitted"):
        thinking.any("display")
    return Reasoning(
        enabled=kind != "disabled",
        effort=effort,
        budget=budget,
        adaptive=kind == "adaptive",
        summary="auto" if display == "summarized" else None,
        visible=False if display == "omitted" else None,
        extra=extra_of(thinking.rest),
    )


def _format(config: Members, members: Members) -> OutputFormat | None:
    """`output_format` is the member's older place and name."""
    for holder, name in ((config, "format"), (members, "output_format")):
        raw = holder.rest.get(name)
        if isinstance(raw, dict) and raw.get("type") == "json_schema":
            form = Members(holder.any(name), holder.path(name))
            form.any("type")
            return OutputFormat(kind="json_schema", schema=form.any("schema"), strict=True, extra=extra_of(form.rest))
    return None


def _stop(members: Members, name: str) -> tuple[str, ...]:
    raw = members.array(name) or []
    if not all(isinstance(text, str) for text in raw):
        raise BadRequest("'stop_sequences' must be an array of strings.", param="stop_sequences")
    return tuple(raw)


_SETTINGS: dict[str, tuple[str, Callable[[Members, str], object]]] = {
    "model": ("model", Members.string),
    "stream": ("stream", Members.boolean),
    "max_tokens": ("max_output_tokens", Members.integer),
    "temperature": ("temperature", Members.number),
    "top_p": ("top_p", Members.number),
    "top_k": ("top_k", Members.integer),
    "stop_sequences": ("stop", _stop),
    "service_tier": ("service_tier", Members.string),
}
"""Members that are settings as they stand: what the canon calls them, and how they are read."""
