"""Tools and answers' schemas in the words that they become in a prompt, as vendors render them: `estimate` counts them.

OpenAI's models read TypeScript (published with gpt-oss: https://cookbook.openai.com/articles/openai-harmony), the
templates of most open models print the declaration as JSON, and Google counts what a declaration says and not its
marks. No I/O; nothing here recurses deeper than `_DEEPEST`, whatever a caller declares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from gophergate.core.blocks import Json
from gophergate.core.request import OutputFormat, Tool
from gophergate.dialects.base import encode

Style = Literal["typescript", "json", "said"]
"""How a family shows tools to its models."""
_DEEPEST = 24
_NESTS = ("items", "anyOf", "oneOf", "allOf", "prefixItems", "additionalProperties")
_NAMES = ("properties", "$defs", "definitions")
_SAYS = ("type", "description", "format", "$ref", "const", "default", "title", "pattern", "required", "enum")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "pattern", "format")


def rendered(tools: Iterable[Tool], style: Style) -> Iterator[str]:
    """The words of tools in a style."""
    for tool in tools:
        match style:
            case "typescript":
                yield _typed(tool)
            case "json":
                function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters or {}}
                yield _spaced({"type": "function", "function": function})
            case "said":
                yield from (tool.name, tool.description)
                yield from said(tool.parameters)


def answer_words(wanted: OutputFormat, style: Style) -> Iterator[str]:
    """The words of an answer's schema in a style."""
    match style:
        case "typescript":  # which OpenAI keeps for tools: an answer's schema stands there as JSON, next to its name
            yield from (wanted.name, wanted.description)
            yield encode(wanted.schema).decode().replace(',"additionalProperties":false', "")
        case "json":
            yield _spaced(wanted.schema)
        case "said":
            yield from said(wanted.schema)


def said(schema: Json) -> Iterator[str]:
    """Every name and word in a schema, without its marks."""
    for at in _schemas(schema):
        for name in _SAYS:
            value = at.get(name)
            yield from (word for word in (value if isinstance(value, list) else [value]) if isinstance(word, str))
        for name in _NAMES:
            if isinstance(at.get(name), dict):
                yield from at[name]


def shape(schema: Json) -> tuple[int, int]:
    """How many properties a schema has in all, and how many objects stand inside it."""
    properties = objects = 0
    for at in _schemas(schema):
        members = at.get("properties")
        properties += len(members) if isinstance(members, dict) else 0
        objects += at.get("type") == "object" or isinstance(members, dict)
    return properties, max(0, objects - 1)


def _schemas(schema: Json) -> Iterator[dict[str, Json]]:
    """A schema and all inside it, without recursion: a caller's may be as deep as it likes."""
    left: list[Json] = [schema]
    while left:
        at = left.pop()
        if isinstance(at, list):
            left.extend(at)
        elif isinstance(at, dict):
            yield at
            left.extend(at[name] for name in _NESTS if name in at)
            for name in _NAMES:
                if isinstance(at.get(name), dict):
                    left.extend(at[name].values())


def _spaced(value: Json) -> str:
    """JSON with the blanks that Python's `json` and most templates put in."""
    return encode(value).decode().replace('":', '": ').replace(',"', ', "')


def _typed(tool: Tool) -> str:
    takes = tool.parameters
    shown = _type(takes, 0) if isinstance(takes, dict) and takes.get("properties") else ""
    noted = _notes(takes) if shown else []
    named = f"type {tool.name} = (_: {shown}) => any;" if shown else f"type {tool.name} = () => any;"
    return "\n".join([*_comment(tool.description), *noted, named, "\n"])


def _type(schema: Json, depth: int) -> str:
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return "any"
    for name in ("anyOf", "oneOf"):
        if isinstance(schema.get(name), list):
            return " | ".join(_type(one, depth + 1) for one in schema[name])
    if isinstance(schema.get("enum"), list):
        return " | ".join(encode(value).decode() for value in schema["enum"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(str(one) for one in kind)
    members = schema.get("properties")
    if kind == "object" or isinstance(members, dict):
        return "\n".join(["{", *_members(schema, members if isinstance(members, dict) else {}, depth), "}"])
    if kind == "array":
        return f"{_type(schema.get('items'), depth + 1)}[]"
    return {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}.get(
        str(kind), "any"
    )


def _members(schema: dict[str, Json], members: dict[str, Json], depth: int) -> Iterator[str]:
    required = schema.get("required")
    for name, member in members.items():
        yield from _notes(member)
        mark = "" if isinstance(required, list) and name in required else "?"
        default = f" // default: {encode(member['default']).decode()}" if _has(member, "default") else ""
        yield f"{name}{mark}: {_type(member, depth + 1)},{default}"


def _notes(schema: Json) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from _comment(schema.get("description"))
        yield from (f"// {name}: {encode(schema[name]).decode()}" for name in _BOUNDS if name in schema)


def _has(schema: Json, name: str) -> bool:
    return isinstance(schema, dict) and name in schema


def _comment(words: Json) -> list[str]:
    return [f"// {line.strip()}" for line in words.strip().split("\n")] if isinstance(words, str) and words else []
