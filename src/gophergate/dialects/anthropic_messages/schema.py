"""JSON schemas under the vendor's rule for constrained output: a smaller language than JSON Schema.

Every object must be closed, and most constraints on values are refused with a 400. As the vendor's own SDK does,
a constraint that cannot be enforced is told in the description instead; that it is only told is a named loss.
Source: https://platform.claude.com/docs/en/build-with-claude/structured-outputs and the SDK's `transform_schema`.
"""

from __future__ import annotations

from typing import Any

from gophergate.core.blocks import Json
from gophergate.dialects.base import encode

_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"},
)
_KEPT = frozenset({"type", "enum", "const", "description", "title", "required", "$ref"})
_NESTED = frozenset({"anyOf", "allOf"})
_TABLES = frozenset({"properties", "$defs", "definitions"})
_ITEMS = (("minItems", 0), ("minItems", 1))
_REFERENCE = frozenset({"$ref", "$defs", "definitions"})
_SILENT = frozenset({"$schema", "$id", "$comment", "examples", "default", "additionalProperties"})
"""Members that say nothing about which values are valid, or are dealt with apart."""


def constrained(schema: Json) -> tuple[Json, bool]:
    """The schema as the vendor takes it, and whether some constraint is now only told in words.

    Never fails: what is no schema comes back as it is.
    """
    if not isinstance(schema, dict):
        return schema, False
    if "$ref" in schema:
        # Nothing may stand beside a reference but definitions.
        schema = {key: value for key, value in schema.items() if key in _REFERENCE}
    out: dict[str, Any] = {}
    told: dict[str, Json] = {}
    lost = False
    for key, value in schema.items():
        if key in _KEPT:
            out[key] = value
        elif key in _NESTED or (key == "oneOf" and "anyOf" not in schema):
            out["anyOf" if key == "oneOf" else key], worse = _each(value)
            lost |= worse
        elif key in _TABLES and isinstance(value, dict):
            table = {name: constrained(inner) for name, inner in value.items()}
            out[key] = {name: inner for name, (inner, _) in table.items()}
            lost |= any(worse for _, worse in table.values())
        elif key == "items" and isinstance(value, dict):
            out[key], worse = constrained(value)
            lost |= worse
        elif (key, value) in _ITEMS or (key == "format" and isinstance(value, str) and value in _FORMATS):
            out[key] = value
        elif key not in _SILENT:
            told[key] = value
    if _is_object(schema):
        lost |= schema.get("additionalProperties", False) is not False
        out["additionalProperties"] = False
        out.setdefault("properties", {})
    if told:
        words = ", ".join(f"{key}: {encode(value).decode()}" for key, value in told.items())
        described = out.get("description")
        out["description"] = f"{described}\n\n{{{words}}}" if isinstance(described, str) else f"{{{words}}}"
    return out, lost or bool(told)


def object_schema(parameters: Json) -> dict[str, Json]:
    """A tool's `input_schema`, which must be there and be an object's (edge case 25: tools without a schema)."""
    if not isinstance(parameters, dict) or not parameters:
        return {"type": "object", "properties": {}}
    return parameters if "type" in parameters else {"type": "object", **parameters}


def _each(value: Json) -> tuple[Json, bool]:
    if not isinstance(value, list):
        return value, False
    done = [constrained(inner) for inner in value]
    return [inner for inner, _ in done], any(worse for _, worse in done)


def _is_object(schema: dict[str, Json]) -> bool:
    kind = schema.get("type")
    if kind is None:
        return "properties" in schema
    return kind == "object" or (isinstance(kind, list) and "object" in kind)
