"""What a request means, in aspects that every dialect can be asked for, taken from the canonical request that a dialect
reads from its own body. White space between joined texts means nothing; order, pairing, names and values do.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gophergate.core.blocks import Block, Media, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import Request, ServerTool, Tool
from gophergate.dialects.loss import SETTINGS
from gophergate.dialects.toolnames import as_function, flat_name

Json = Any


@dataclass
class Meant:
    """`turns`: (role, words) of users and the model, neighbours as one. `calls`: (name, arguments). `results`: (number
    of the call it answers, words, whether it failed). `media`: what they are, by kind and content, in order. `thinks`:
    yes, no, seen (the thoughts are to be shown, if it does), "" unsaid.
    """

    system: str = ""
    turns: list[tuple[str, str]] = field(default_factory=list)
    calls: list[tuple[str, Json]] = field(default_factory=list)
    results: list[tuple[int, Json, bool]] = field(default_factory=list)
    media: list[tuple[str, str]] = field(default_factory=list)
    thoughts: str = ""
    tools: dict[str, Json] = field(default_factory=dict)
    server_tools: list[str] = field(default_factory=list)
    choice: tuple[str, tuple[str, ...]] = ("auto", ())
    parallel: bool = True
    format: Json = None
    thinks: str = ""
    settings: dict[str, Json] = field(default_factory=dict)


_ELSEWHERE = frozenset({"parallel_tool_calls", "format", "reasoning"})


def meaning(request: Request) -> Meant:
    """The aspects of a canonical request."""
    meant = Meant()
    numbers: dict[str, int] = {}
    for turn in request.turns:
        if turn.role in ("system", "developer"):
            meant.system += squeezed(_words(turn.blocks))
            continue
        _add_turn(meant, turn.role, squeezed(_words(turn.blocks)))
        for block in turn.blocks:
            _add_block(meant, block, numbers)
    for tool in request.tools:
        if isinstance(tool, ServerTool):
            meant.server_tools.append(tool.label)
        else:
            meant.tools[flat_name(tool)] = _tool(tool)
    _add_choice(meant, request)
    if request.format is not None and request.format.kind != "text":
        schema = request.format.schema
        if isinstance(schema, dict) and request.format.description:
            schema = {"description": request.format.description, **schema}
        meant.format = request.format.kind, None if schema is None else plain_schema(schema)
    if (reasoning := request.reasoning) is not None:
        off = reasoning.enabled is False or reasoning.effort == "none" or reasoning.budget == 0
        asked = reasoning.enabled or reasoning.effort or reasoning.budget or reasoning.adaptive
        seen = reasoning.visible or reasoning.summary
        meant.thinks = "no" if off else "yes" if asked else "seen" if seen else ""
    for name in SETTINGS:
        value = getattr(request, name)
        if name not in _ELSEWHERE and value is not None and value != ():
            meant.settings[name] = value
    return meant


def squeezed(text: str) -> str:
    return "".join(_LABEL.sub("", text).split())


_LABEL = re.compile(r"\[?Attachment \d+ of tool result \S+?(?: follows in the next message\]|:)")
"""What tells a Chat model where a picture of a tool result is: a tool's message holds text only."""


def _words(blocks: Iterable[Block]) -> str:
    return "".join(block.text for block in blocks if isinstance(block, Text))


def _add_turn(meant: Meant, role: str, words: str) -> None:
    if not words:
        return
    if meant.turns and meant.turns[-1][0] == role:
        words = meant.turns.pop()[1] + words
    meant.turns.append((role, words))


def _add_block(meant: Meant, block: Block, numbers: dict[str, int]) -> None:
    match block:
        case Media():
            meant.media.append(_medium(block))
        case Thought():
            meant.thoughts += squeezed(block.text)
        case ToolCall():
            numbers[block.id] = len(meant.calls)
            arguments = {"input": block.arguments} if block.custom else value_of(block.arguments)
            meant.calls.append((flat_name(block), arguments))
        case ToolResult():
            words = _words(block.content).strip()
            meant.media += [_medium(part) for part in block.content if isinstance(part, Media)]
            failed = bool(block.is_error) or words.casefold().startswith("error")
            meant.results.append((numbers.get(block.call_id, -1), _result(words), failed))


def _result(words: str) -> Json:
    """A result's words; as a value where they are one, for Gemini holds an object, under one of its two names."""
    words = _LABEL.sub("", re.sub(r"\AError: ", "", words)).strip()
    value = value_of(words)
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("result", "output", "error"):
        value = next(iter(value.values()))
        value = value_of(value) if isinstance(value, str) else value
    return squeezed(value) if isinstance(value, str) else value


def value_of(text: str) -> Json:
    try:
        return json.loads(text) if text.strip() else {}
    except ValueError:
        return text


def _medium(media: Media) -> tuple[str, str]:
    """Kind and identity; text documents by their words, for some wires have no other place for them."""
    if media.data is not None:
        raw = media.data.replace("-", "+").replace("_", "/").rstrip("=")
        return media.kind, hashlib.sha256(raw.encode()).hexdigest()[:12]
    if media.text is not None:
        raw = base64.b64encode(media.text.encode()).decode().rstrip("=")
        return media.kind, hashlib.sha256(raw.encode()).hexdigest()[:12]
    return media.kind, media.url or media.file_id or ""


def _tool(tool: Tool) -> Json:
    function = as_function(tool)
    schema = plain_schema(function.parameters) if function.parameters else None
    if schema == {"type": ["object"]}:
        schema = None  # no parameters, in three spellings
    return {"description": function.description, "schema": schema, "strict": bool(function.strict)}


def _add_choice(meant: Meant, request: Request) -> None:
    meant.parallel = request.parallel_tool_calls is not False
    choice = request.tool_choice
    if choice is None or not request.tools:
        return
    match choice.mode:
        case "named":
            meant.choice = "named", choice.names[:1]
        case "allowed":
            meant.choice = "allowed and required" if choice.required else "allowed", tuple(sorted(choice.names))
        case "native":
            meant.choice = "native", ()
        case mode:
            meant.choice = mode, ()


# -- schemas ------------------------------------------------------------------------------------------------------

_NOISE = frozenset({"$schema", "propertyOrdering", "property_ordering", "additionalProperties", "title", "default"})
"""Keywords that change nothing in what a model may answer with, or that strictness implies."""


_KINDS = ("type", "enum", "anyOf", "allOf", "$ref")
"""Keywords that say what a value is."""


def plain_schema(schema: Json) -> Json:
    """A schema without the spellings that mean the same: lower-case types, null as a type, references in place."""
    definitions = schema.get("$defs") or schema.get("definitions") or {} if isinstance(schema, dict) else {}
    plain = _plain(schema, definitions, ())
    if isinstance(plain, dict) and plain.keys().isdisjoint(_KINDS):
        plain["type"] = ["object"]  # what arguments and structured answers are
    return plain


def _plain(schema: Json, definitions: dict[str, Json], inside: tuple[str, ...]) -> Json:
    if isinstance(schema, list):
        return [_plain(one, definitions, inside) for one in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        if name in inside or name not in definitions:
            return {"$ref": name}
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _plain({**definitions[name], **beside}, definitions, (*inside, name))
    out: dict[str, Json] = {}
    for name, value in schema.items():
        if name in _NOISE or name in ("$defs", "definitions", "nullable") or (name == "properties" and value == {}):
            continue
        name = {"any_of": "anyOf", "oneOf": "anyOf", "min_items": "minItems", "max_items": "maxItems"}.get(name, name)
        if name == "properties" and isinstance(value, dict):
            out[name] = {one: _plain(inner, definitions, inside) for one, inner in value.items()}
        elif name == "type":
            kinds = [value] if isinstance(value, str) else list(value)
            kinds += ["null"] if schema.get("nullable") else []
            out[name] = sorted({kind.lower() for kind in kinds})
        elif name in ("enum", "required", "const", "examples", "example"):
            out[name] = sorted(value, key=str) if isinstance(value, list) else value
        else:
            out[name] = _plain(value, definitions, inside)
    return _null_in_type(out)


def _null_in_type(schema: dict[str, Json]) -> dict[str, Json]:
    """`anyOf` of one schema and null is that schema with one more type; `const` is an enum of one."""
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    if "enum" in schema:
        schema.pop("type", None)
    branches = schema.get("anyOf")
    if isinstance(branches, list) and len(branches) == 2 and {"type": ["null"]} in branches:
        (branch,) = [one for one in branches if one != {"type": ["null"]}] or [{}]
        kinds = branch.get("type")
        rest = {name: value for name, value in schema.items() if name != "anyOf"}
        if isinstance(kinds, list):
            return {**branch, **rest, "type": sorted({*kinds, "null"})}
        if "enum" in branch:
            return {**branch, **rest, "enum": sorted([*(e for e in branch["enum"] if e is not None), None], key=str)}
    if isinstance(schema.get("enum"), list):
        schema["enum"] = sorted(schema["enum"], key=str)
    return schema
