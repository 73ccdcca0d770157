"""Tools and the choice among them, both ways: functions, free-form tools, what vendors run themselves, and the
deprecated `functions`.

Source: https://platform.openai.com/docs/api-reference/chat/create (tools, tool_choice). To a caller of another door,
free-form tools go out as functions and an allowed subset as the subset itself: look-alikes know no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from gophergate.core.blocks import Json
from gophergate.core.request import Request, ServerTool, Tool, ToolChoice
from gophergate.dialects.base import Traits
from gophergate.dialects.loss import Losses
from gophergate.dialects.members import object_of, text_of
from gophergate.dialects.openai_chat.parts import cache_mark
from gophergate.dialects.openai_chat.wire import NAME, NOTE_LEGACY, marked_extra, mistyped, others, own, said
from gophergate.dialects.toolnames import as_function, flat_name, offered
from gophergate.errors import BadRequest

LEGACY = "function_call"
"""The deprecated interface's name for a call, and for the choice of one."""


def read_tools(tools: list[Any]) -> tuple[Tool | ServerTool, ...]:
    """The `tools` member. Raises BadRequest that names the entry."""
    read: list[Tool | ServerTool] = []
    for position, tool in enumerate(tools):
        if not isinstance(tool, dict):
            raise mistyped(f"tools[{position}]", "an object", tool)
        kind = text_of(tool.get("type"))
        if kind == "custom" and isinstance(tool.get("custom"), dict):
            read.append(_read_custom(tool, tool["custom"]))
        elif kind in ("", "function") and isinstance(tool.get("function"), dict):
            read.append(_read_function(tool, tool["function"], f"tools[{position}].function"))
        else:
            name = text_of(tool.get("name")) or text_of(object_of(tool.get("function")).get("name"))
            read.append(ServerTool(dialect=NAME, label=kind or "tool", data=tool, name=name))
    return tuple(read)


def _read_function(tool: dict[str, Any], said: dict[str, Any], where: str) -> Tool:
    name = text_of(said.get("name"))
    if not name:
        path = f"{where}.name"
        raise BadRequest(f"'{path}' is required and must be a string.", param=path)
    unknown = others(tool, frozenset({"type", "function"}))
    nested = others(said, frozenset({"name", "description", "parameters", "strict"}))
    if nested:
        unknown["function"] = nested
    return Tool(
        name=name,
        description=text_of(said.get("description")),
        parameters=said.get("parameters"),
        # Unsaid means false here but true in Responses: said, so that a crossing keeps the meaning.
        strict=said.get("strict") is True,
        cache=cache_mark(tool) or cache_mark(said),
        extra=marked_extra(unknown),
    )


def _read_custom(tool: dict[str, Any], said: dict[str, Any]) -> Tool:
    unknown = others(tool, frozenset({"type", "custom"}))
    return Tool(
        name=text_of(said.get("name")),
        description=text_of(said.get("description")),
        custom=True,
        format=_flat_grammar(said.get("format")),
        cache=cache_mark(tool),
        extra=marked_extra(unknown),
    )


def _flat_grammar(form: Json) -> Json:
    """A free-form tool's format as Responses has it, flat: the canon's form."""
    match form:
        case {"type": "grammar", "grammar": dict(grammar)}:
            return {"type": "grammar", **grammar}
        case _:
            return form


def read_functions(functions: list[Any]) -> tuple[Tool, ...]:
    """The deprecated `functions` member."""
    tools = [_read_function({}, object_of(function), f"functions[{i}]") for i, function in enumerate(functions)]
    return tuple(replace(tool, extra={NAME: {**own(tool.extra), NOTE_LEGACY: True}}) for tool in tools)


def read_choice(choice: Json, *, legacy: bool) -> ToolChoice | None:
    """`tool_choice`, or the deprecated `function_call`."""
    match choice:
        case None | "":
            return None
        case "auto":
            return ToolChoice(mode="auto")
        case "none":
            return ToolChoice(mode="none")
        case "required" | "any":
            return ToolChoice(mode="required")
        case {"name": str(name)} if legacy:
            return ToolChoice(mode="named", names=(name,))
        case {"type": "custom", "custom": {"name": str(name)}}:
            return ToolChoice(mode="named", names=(name,), custom=True)
        case {"function": {"name": str(name)}}:
            return ToolChoice(mode="named", names=(name,))
        case {"type": "allowed_tools", "allowed_tools": {"tools": list(tools), **rest}}:
            said = [object_of(tool) for tool in tools]
            names = [text_of(object_of(t.get("function") or t.get("custom")).get("name")) for t in said]
            if all(names):
                return ToolChoice(mode="allowed", names=tuple(names), required=rest.get("mode") == "required")
    return ToolChoice(mode="native", dialect=NAME, native=choice)


class ToolsWritten:
    """The tools of one request on their way to a target."""

    __slots__ = ("_losses", "_native", "_request", "_strict")

    def __init__(self, request: Request, traits: Traits, losses: Losses) -> None:
        self._request = request
        self._native = request.dialect == NAME
        self._strict = traits.strict_tools
        self._losses = losses

    def write(self, body: dict[str, Json]) -> None:
        """Put them into the body."""
        choice = self._request.tool_choice
        names = self._offer(body, choice) if self._request.tools else {}
        if choice is not None:
            self._choice(choice, body, names)
        if self._request.parallel_tool_calls is not None:
            if "tools" in body or self._native:
                body["parallel_tool_calls"] = self._request.parallel_tool_calls
            else:
                self._losses.drop("parallel_tool_calls")

    def _offer(self, body: dict[str, Json], choice: ToolChoice | None) -> dict[str, str]:
        """The flat names of the tools that go out, by the names the caller may call them."""
        allowed = set(choice.names) if choice is not None and choice.mode == "allowed" and not self._native else None
        written, functions = [], []
        named: dict[str, str] = {}
        flat: dict[str, str] = {}
        for tool in offered(self._request, NAME, self._losses):
            if type(tool) is not Tool:
                if tool.dialect == NAME:
                    written.append(tool.data)
                else:
                    self._losses.drop(tool.label)
                continue
            name = flat_name(tool)
            if allowed is not None and tool.name not in allowed and name not in allowed:
                continue
            named[tool.name], flat[name] = name, name
            if tool.extra:
                self._losses.foreign(tool.extra, NAME)
            if tool.cache is not None and not self._native:
                self._losses.drop("cache_control")
            if own(tool.extra).get(NOTE_LEGACY) and self._native:
                functions.append(self._function(tool))
            else:
                written.append(self._tool(tool))
        if functions:
            body["functions"] = functions
        if written:
            body["tools"] = written
        return named | flat

    def _tool(self, tool: Tool) -> dict[str, Json]:
        rest = {name: value for name, value in said(tool.extra).items() if name != "function"} if tool.extra else {}
        if tool.custom and self._native:
            custom: dict[str, Json] = {"name": tool.name}
            if tool.description:
                custom["description"] = tool.description
            if tool.format is not None:
                custom["format"] = _nested_grammar(tool.format)
            return {"type": "custom", "custom": custom, **rest}
        return {"type": "function", "function": self._function(tool), **rest}

    def _function(self, tool: Tool) -> dict[str, Json]:
        function = as_function(tool)
        told: dict[str, Json] = {"name": function.name}
        if function.description:
            told["description"] = function.description
        if function.parameters is not None:
            told["parameters"] = function.parameters
        if function.strict:
            if self._strict:
                told["strict"] = True
            else:
                self._losses.drop("strict")
        nested = own(tool.extra).get("function")
        return {**told, **nested} if isinstance(nested, dict) else told

    def _choice(self, choice: ToolChoice, body: dict[str, Json], names: dict[str, str]) -> None:
        legacy = "functions" in body
        member = LEGACY if legacy else "tool_choice"
        if choice.mode == "native":
            if choice.dialect == NAME:
                body[member] = choice.native
            else:
                self._losses.drop("tool_choice")
            return
        if not legacy and "tools" not in body and not self._native:
            # Nothing to choose from: said or not, no tool is called. A demand to call one is lost, and named.
            if choice.mode not in ("auto", "none"):
                self._losses.drop("tool_choice")
            return
        match choice.mode:
            case "auto" | "none" | "required":
                body[member] = choice.mode
            case "named":
                name = names.get(choice.names[0]) if choice.names else None
                if name is None and not self._native:
                    self._losses.drop("tool_choice")  # It went with its tool (edge case 26).
                    return
                name = name or choice.names[0]
                if legacy:
                    body[member] = {"name": name}
                else:
                    kind = "custom" if choice.custom and self._native else "function"
                    body[member] = {"type": kind, kind: {"name": name}}
            case "allowed":
                mode = "required" if choice.required else "auto"
                # Others than OpenAI do not know allowed_tools: the tools left out above say the same.
                body[member] = self._allowed(mode, choice.names) if self._native else mode

    def _allowed(self, mode: str, names: Iterable[str]) -> dict[str, Json]:
        custom = {tool.name for tool in self._request.tools if isinstance(tool, Tool) and tool.custom}
        tools = []
        for name in names:
            kind = "custom" if name in custom else "function"
            tools.append({"type": kind, kind: {"name": name}})
        return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


def _nested_grammar(form: Json) -> Json:
    """A free-form tool's format: this wire nests the grammar that the canon, like Responses, has flat."""
    if isinstance(form, dict) and form.get("type") == "grammar" and "grammar" not in form:
        return {"type": "grammar", "grammar": {name: value for name, value in form.items() if name != "type"}}
    return form
