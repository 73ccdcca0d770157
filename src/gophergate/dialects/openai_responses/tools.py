"""Tools and the choice among them, both ways.

Functions, free-form tools and the members of namespaces are client tools; everything else the vendor runs itself and
is declared to nobody else. Tools also come in an input item, `additional_tools`, which Codex uses for its newest
models: they are read among the tools, remember the item, and go back into it where it stood.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from gophergate.core.blocks import Json
from gophergate.core.request import ServerTool, Tool, ToolChoice
from gophergate.dialects.base import Target
from gophergate.dialects.loss import Losses
from gophergate.dialects.members import list_of, object_of, text_of
from gophergate.dialects.openai_responses.wire import NAME, extra_of, own, without
from gophergate.dialects.roots import object_root

ADDITIONAL = "additional_tools"

_AT = "_at"
"""Note: the index of the input item that a tool came in."""
_FROM = "_from"
"""Note: that item's members besides its tools."""
_NAMESPACE = "_namespace"
"""Note: the members of the tool's namespace besides its name and tools."""
_UNSAID_STRICT = "_unsaid_strict"
"""Note: `strict` was left out."""
_UNSAID_PARAMETERS = "_unsaid_parameters"
"""Note: `parameters` were left out."""

_KNOWN = ("type", "name", "description", "parameters", "strict", "format")


# -- reading -------------------------------------------------------------------------------------------------


def read_tools(body: dict[str, Any]) -> tuple[Tool | ServerTool, ...]:
    """The tools of a request: those at its top, then those in its input."""
    tools = _read_list(body.get("tools"), {})
    for index, item in enumerate(list_of(body.get("input"))):
        if is_additional(item):
            tools += _read_list(item["tools"], {_AT: index, _FROM: without(item, "tools")})
    return tuple(tools)


def is_additional(item: Json) -> bool:
    """True for an input item whose tools are read among the request's."""
    return isinstance(item, dict) and item.get("type") == ADDITIONAL and bool(item.get("tools"))


def _read_list(tools: Json, notes: dict[str, Json]) -> list[Tool | ServerTool]:
    found: list[Tool | ServerTool] = []
    for tool in list_of(tools):
        members = object_of(tool)
        if not members:
            continue
        inner = list_of(members.get("tools"))
        if members.get("type") != "namespace":
            found.append(_read_tool(members, notes, ""))
        elif inner and all(object_of(one).get("type") in ("function", "custom") for one in inner):
            space = {**notes, _NAMESPACE: without(members, "name", "tools")}
            read = [_read_tool(one, space, text_of(members.get("name"))) for one in inner]
            first, told = read[0], text_of(members.get("description"))
            if isinstance(first, Tool) and not any(_is_told(one, first.namespace, told) for one in found):
                read[0] = replace(first, namespace_description=told)
            found.extend(read)
        else:
            found.append(_server_tool(members, notes))
    return found


def _read_tool(members: dict[str, Any], notes: dict[str, Json], namespace: str) -> Tool | ServerTool:
    kind, name = members.get("type"), members.get("name")
    if kind not in ("function", "custom") or not isinstance(name, str):
        return _server_tool(members, notes)
    rest = {**notes, **{k: v for k, v in members.items() if k not in _KNOWN and v is not None}}
    strict = members.get("strict")
    if kind == "function" and strict is None:
        rest[_UNSAID_STRICT] = True
        strict = fits_strict(members.get("parameters"))
    if kind == "function" and members.get("parameters") is None:
        rest[_UNSAID_PARAMETERS] = True
    return Tool(
        name=name,
        description=text_of(members.get("description")),
        parameters=members.get("parameters"),
        strict=strict if isinstance(strict, bool) else None,
        custom=kind == "custom",
        format=members.get("format"),
        namespace=namespace,
        extra=extra_of(rest),
    )


def _is_told(tool: Tool | ServerTool, namespace: str, description: str) -> bool:
    return isinstance(tool, Tool) and (tool.namespace, tool.namespace_description) == (namespace, description)


def _server_tool(members: dict[str, Any], notes: dict[str, Json]) -> ServerTool:
    return ServerTool(
        dialect=NAME,
        label=text_of(members.get("type")) or "tool",
        data=members,
        name=text_of(members.get("name")),
        extra=extra_of(notes),
    )


def fits_strict(schema: Json) -> bool:
    """What an unsaid `strict` means here: OpenAI is strict wherever the schema allows it. It does when every object in
    it closes itself and requires all that it names."""
    if isinstance(schema, list):
        return all(map(fits_strict, schema))
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties")
    if schema.get("type") == "object" or properties is not None:
        names = set(object_of(properties))
        required = {name for name in list_of(schema.get("required")) if isinstance(name, str)}
        if schema.get("additionalProperties") is not False or not names <= required:
            return False
    inner = [schema.get("items"), schema.get("anyOf"), *object_of(properties).values()]
    inner += [*object_of(schema.get("$defs")).values(), *object_of(schema.get("definitions")).values()]
    return all(map(fits_strict, inner))


def read_choice(value: Json) -> ToolChoice | None:
    """The `tool_choice`; None when unsaid. A choice of a vendor's own tool is native."""
    if value is None or isinstance(value, str):
        match value:
            case "auto" | "none" | "required":
                return ToolChoice(mode=value)
            case None:
                return None
    members = object_of(value)
    name = members.get("name")
    match members.get("type"):
        case "function" | "custom" as kind if isinstance(name, str):
            return ToolChoice(mode="named", names=(name,), custom=kind == "custom", **_native(members, "type", "name"))
        case "allowed_tools":
            entries = [object_of(entry) for entry in list_of(members.get("tools"))]
            names = tuple(
                text_of(entry.get("name")) for entry in entries if entry.get("type") in ("function", "custom")
            )
            simple = len(names) == len(entries) and all(len(entry) == 2 for entry in entries)
            return ToolChoice(
                mode="allowed",
                names=names,
                required=members.get("mode") == "required",
                dialect="" if simple else NAME,
                native=None if simple else value,
            )
    return ToolChoice(mode="native", dialect=NAME, native=value)


def _native(members: dict[str, Any], *known: str) -> dict[str, Any]:
    """The whole choice, when it says more than the canon holds."""
    return {"dialect": NAME, "native": members} if without(members, *known) else {}


# -- writing -------------------------------------------------------------------------------------------------


class ToolsWritten:
    """`top` are the request's own tools; `items`, the additional_tools items by the input index they came from."""

    __slots__ = ("items", "top")

    def __init__(self, tools: tuple[Tool | ServerTool, ...], target: Target, losses: Losses) -> None:
        self.top: list[dict[str, Json]] = []
        self.items: dict[int, dict[str, Json]] = {}
        space: dict[str, Json] | None = None
        group: tuple[Json, str, Json] | None = None
        for tool in tools:
            if isinstance(tool, ServerTool) and tool.dialect != NAME:
                losses.drop(tool.label)
                continue
            notes = own(tool.extra)
            place = self._place(notes)
            if isinstance(tool, ServerTool):
                place.append(tool.data)
                group = None
                continue
            if tool.cache is not None:
                losses.drop("cache_control")
            losses.foreign(tool.extra, NAME)
            written = write_tool(tool, target)
            if not tool.namespace:
                place.append(written)
                group = None
                continue
            beside = (notes.get(_AT), tool.namespace, notes.get(_NAMESPACE))
            if space is None or group != beside:
                group = beside
                rest = object_of(notes.get(_NAMESPACE))
                space = {"type": "namespace", "name": tool.namespace, "description": "", **rest, "tools": []}
                place.append(space)
            space["tools"].append(written)

    def _place(self, notes: dict[str, Json]) -> list[dict[str, Json]]:
        at = notes.get(_AT)
        if not isinstance(at, int):
            return self.top
        item = self.items.setdefault(at, {**object_of(notes.get(_FROM)), "tools": []})
        place: list[dict[str, Json]] = item["tools"]
        return place


def write_tool(tool: Tool, target: Target) -> dict[str, Json]:
    """A function or a free-form tool. `strict` is written out, because leaving it out means true here and false
    elsewhere; only a caller of this wire may have left it out."""
    rest = {name: value for name, value in own(tool.extra).items() if not name.startswith("_")}
    members: dict[str, Json] = {"type": "custom" if tool.custom else "function", "name": tool.name}
    if tool.description:
        members["description"] = tool.description
    if tool.custom:
        if tool.format is not None:
            members["format"] = _write_format(tool.format)
        return {**members, **rest}
    if _UNSAID_PARAMETERS not in own(tool.extra):
        schema = object_root(tool.parameters)
        members["parameters"] = {"type": "object", "properties": {}} if schema is None else schema
    if _UNSAID_STRICT not in own(tool.extra) and target.traits.strict_tools:
        members["strict"] = bool(tool.strict)
    return {**members, **rest}


def _write_format(format: Json) -> Json:
    """A free-form tool's format. Chat nests a grammar one level deeper."""
    nested = object_of(format).get("grammar")
    return {"type": "grammar", **nested} if isinstance(nested, dict) else format


def write_choice(choice: ToolChoice, tools: tuple[Tool | ServerTool, ...], losses: Losses) -> Json:
    """The `tool_choice`; None for one that only another vendor understands (it is dropped and named)."""
    if choice.native is not None and choice.dialect == NAME:
        return choice.native
    custom = {tool.name for tool in tools if isinstance(tool, Tool) and tool.custom}
    match choice.mode:
        case "auto" | "none" | "required":
            return choice.mode
        case "named" if choice.names:
            name = choice.names[0]
            return {"type": "custom" if choice.custom or name in custom else "function", "name": name}
        case "allowed":
            return {
                "type": "allowed_tools",
                "mode": "required" if choice.required else "auto",
                "tools": [{"type": "custom" if name in custom else "function", "name": name} for name in choice.names],
            }
    losses.drop("tool_choice")
    return None
