"""A smallest value that a JSON schema accepts, for the simulator's tool calls (JSON Schema 2020-12, common words)."""

from __future__ import annotations

from typing import Any

from gophergate.core.blocks import Json

_DEPTH = 24
_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
}


def sample(schema: Json) -> Json:
    """A value valid under `schema`; {} for a schema that says nothing. `pattern` is not solved."""
    value = _sample(schema, schema, 0)
    return {} if value is None and not isinstance(schema, dict) else value


def _sample(schema: Any, root: Any, depth: int) -> Json:
    if not isinstance(schema, dict) or not schema or depth > _DEPTH:
        return {} if depth == 0 else None
    if "const" in schema:
        return schema["const"]
    for word in ("enum", "examples"):
        if isinstance(schema.get(word), list) and schema[word]:
            return schema[word][0]
    if "default" in schema:
        return schema["default"]
    if isinstance(schema.get("$ref"), str):
        return _sample(_referred(schema["$ref"], root), root, depth + 1)
    for word in ("anyOf", "oneOf"):
        if isinstance(schema.get(word), list) and schema[word]:
            return _sample(schema[word][0], root, depth + 1)
    if isinstance(schema.get("allOf"), list):
        return _merged(schema, root, depth)
    return _by_type(schema, root, depth)


def _merged(schema: dict[str, Any], root: Any, depth: int) -> Json:
    merged: dict[str, Any] = {}
    for part in schema["allOf"]:
        value = _sample(part, root, depth + 1)
        if not isinstance(value, dict):
            return value
        merged.update(value)
    return merged


def _by_type(schema: dict[str, Any], root: Any, depth: int) -> Json:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((word for word in kind if word != "null"), "null")
    kind = kind.lower() if isinstance(kind, str) else ("object" if "properties" in schema or depth == 0 else "string")
    match kind:
        case "object":
            properties = schema.get("properties")
            named = properties if isinstance(properties, dict) else {}
            required = schema.get("required")
            wanted = required if isinstance(required, list) and required else list(named)
            return {name: _sample(named.get(name, {"type": "string"}), root, depth + 1) for name in wanted}
        case "array":
            items = schema.get("items", {"type": "string"})
            return [_sample(items, root, depth + 1) for _ in range(max(1, int(schema.get("minItems", 1))))]
        case "integer" | "number":
            return _number(schema, whole=kind == "integer")
        case "boolean":
            return True
        case "null":
            return None
        case _:
            text = _FORMATS.get(str(schema.get("format")), "sample")
            least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
            text = text.ljust(least, "x")
            return text[: int(most)] if isinstance(most, int) else text


def _number(schema: dict[str, Any], *, whole: bool) -> int | float:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    step = schema.get("multipleOf")
    value: float = 1
    if low is not None and value <= low:
        value = low + (1 if "exclusiveMinimum" in schema else 0)
    if high is not None and value >= high and "exclusiveMaximum" in schema:
        value = high - 1
    elif high is not None and value > high:
        value = high
    if step:
        value = -(-value // step) * step
    return int(value) if whole else value


def _referred(reference: str, root: Any) -> Any:
    node = root
    for part in reference.lstrip("#/").split("/"):
        if not part:
            continue
        node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
    return node
