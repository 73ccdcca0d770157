"""Schemas at the Gemini wire: Google's `Schema` message (an OpenAPI subset) and JSON Schema, both ways.

The canon keeps ordinary JSON Schema, so a reader translates `Schema` (upper-case types, `nullable`, `propertyOrdering`)
at the door, and a writer uses the fields that take JSON Schema (`parametersJsonSchema`, `responseJsonSchema`), where
`$ref`, `$defs`, type lists, `anyOf` and `additionalProperties` mean what they say. Only schema positions are walked:
property names, enum values and defaults are data.
"""

from __future__ import annotations

from collections.abc import Callable

from gophergate.core.blocks import Json
from gophergate.dialects.gemini.wire import camel

_MAPS = frozenset({"properties", "$defs", "defs", "definitions", "patternProperties", "dependentSchemas"})
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_ONES = frozenset(
    {
        "items",
        "additionalProperties",
        "not",
        "if",
        "then",
        "else",
        "contains",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_TYPES = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"})
_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})


def folded(schema: Json) -> Json:
    """A JSON Schema with its type names in lower case: clients send upper-case ones in either field."""
    if not isinstance(schema, dict):
        return schema
    return _walked(_lower_types(schema), folded)


def from_google(schema: Json) -> Json:
    """Google's `Schema` message as JSON Schema; a JSON Schema sent in its place comes out unharmed."""
    if not isinstance(schema, dict):
        return schema
    plain = dict(_lower_types(camel(schema)))
    for name in _COUNTS & plain.keys():
        count = plain[name]
        if isinstance(count, str) and count.isdigit():  # protobuf JSON writes int64 as a string
            plain[name] = int(count)
    if "example" in plain and "examples" not in plain:
        plain = {("examples" if name == "example" else name): value for name, value in plain.items()}
        plain["examples"] = [plain["examples"]]
    if "ref" in plain:
        plain["$ref"] = plain.pop("ref")
    if "defs" in plain:
        plain["$defs"] = plain.pop("defs")
    ordering, properties = plain.pop("propertyOrdering", None), plain.get("properties")
    if isinstance(ordering, list) and isinstance(properties, dict):
        first = {name: properties[name] for name in ordering if isinstance(name, str) and name in properties}
        plain["properties"] = {**first, **properties}
    nullable = plain.pop("nullable", None)
    walked = _walked(plain, from_google)
    return _or_null(walked) if nullable is True else walked


def for_google(schema: Json) -> Json:
    """A JSON Schema as the JSON Schema fields take it, of equal meaning.

    `$schema` is left out and `const` becomes an `enum` of one, because they are unknown there; a `$ref` beside other
    members moves into an `anyOf`, because a sub-schema with `$ref` may have no others but those with `$`.
    """
    plain = _plain(schema)
    if isinstance(plain, dict) and plain and not plain.keys() & {"type", "$ref", "anyOf", "oneOf", "allOf"}:
        return {"type": "object", **plain}
    return plain


def _plain(schema: Json, root: bool = True) -> Json:
    if not isinstance(schema, dict):
        return schema
    plain = {name: value for name, value in schema.items() if name != "$schema"}
    if "const" in plain:
        plain = {("enum" if name == "const" else name): value for name, value in plain.items() if name != "enum"}
        plain["enum"] = [plain["enum"]]
    if not root and "$ref" in plain and "anyOf" not in plain and any(not name.startswith("$") for name in plain):
        reference = plain.pop("$ref")
        plain = {"anyOf": [{"$ref": reference}], **plain}
    return _walked(plain, _inner)


def _inner(schema: Json) -> Json:
    return _plain(schema, root=False)


def _walked(schema: dict[str, Json], change: Callable[[Json], Json]) -> dict[str, Json]:
    """The schema with `change` applied to each of its sub-schemas."""
    out: dict[str, Json] = {}
    for name, value in schema.items():
        if isinstance(value, dict) and name in _MAPS:
            out[name] = {key: change(inner) for key, inner in value.items()}
        elif isinstance(value, dict) and name in _ONES:
            out[name] = change(value)
        elif isinstance(value, list) and (name in _LISTS or name == "items"):
            out[name] = [change(inner) for inner in value]
        else:
            out[name] = value
    return out


def _lower_types(schema: dict[str, Json]) -> dict[str, Json]:
    said = schema.get("type")
    if isinstance(said, str) and said in _TYPES:
        return {**schema, "type": said.lower()}
    if said == "TYPE_UNSPECIFIED":
        return {name: value for name, value in schema.items() if name != "type"}
    if isinstance(said, list):
        return {**schema, "type": [_lower(word) for word in said]}
    return schema


def _lower(word: Json) -> Json:
    return word.lower() if isinstance(word, str) and word in _TYPES else word


def _or_null(schema: dict[str, Json]) -> dict[str, Json]:
    said = schema.get("type")
    if isinstance(said, str) and "enum" not in schema and said != "null":
        return {**schema, "type": [said, "null"]}
    if isinstance(schema.get("anyOf"), list):
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    told: dict[str, Json] = {name: schema[name] for name in ("title", "description", "default") if name in schema}
    return {**told, "anyOf": [{k: v for k, v in schema.items() if k not in told}, {"type": "null"}]}
