"""A smallest value that a JSON schema accepts, for the simulator's tool calls (JSON Schema 2020-12, common words)."""

from __future__ import annotations

from typing import Any

from gophergate.core.blocks import Json
from gophergate.dialects.members import list_of, object_of

_DEPTH = 24
_MOST = 1000
"""Values in all, and elements or characters that a schema may ask for: a caller's schema must not cost more."""
_LARGEST, _SMALLEST_STEP = 2**53, 1e-9
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
    """A value valid under `schema`; {} for a schema that says nothing. `pattern` is not solved, and words of a wrong
    type say nothing."""
    value = _Sampler(schema).of(schema)
    return {} if value is None and not isinstance(schema, dict) else value


class _Sampler:
    """One look at a schema. `root` is what its references start from."""

    def __init__(self, root: Json) -> None:
        self._root = root
        self._left = _MOST

    def of(self, schema: Any, depth: int = 0) -> Json:
        """The value, None where the schema says nothing, or is too deep or too large."""
        self._left -= 1
        if not isinstance(schema, dict) or not schema or depth > _DEPTH or self._left < 0:
            return {} if depth == 0 else None
        if "const" in schema:
            return schema["const"]
        for word in ("enum", "examples"):
            if list_of(schema.get(word)):
                return schema[word][0]
        if "default" in schema:
            return schema["default"]
        if isinstance(schema.get("$ref"), str):
            return self.of(_referred(schema["$ref"], self._root), depth + 1)
        for word in ("anyOf", "oneOf"):
            if list_of(schema.get(word)):
                return self.of(schema[word][0], depth + 1)
        if isinstance(schema.get("allOf"), list):
            return self._merged(schema["allOf"], depth)
        return self._by_type(schema, depth)

    def _merged(self, parts: list[Any], depth: int) -> Json:
        merged: dict[str, Any] = {}
        for part in parts:
            value = self.of(part, depth + 1)
            if not isinstance(value, dict):
                return value
            merged.update(value)
        return merged

    def _by_type(self, schema: dict[str, Any], depth: int) -> Json:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((word for word in kind if word != "null"), "null")
        kind = (
            kind.lower() if isinstance(kind, str) else ("object" if "properties" in schema or depth == 0 else "string")
        )
        match kind:
            case "object":
                named = object_of(schema.get("properties"))
                required = [name for name in list_of(schema.get("required")) if isinstance(name, str)]
                return {name: self.of(named.get(name, {"type": "string"}), depth + 1) for name in required or named}
            case "array":
                items = schema.get("items", {"type": "string"})
                return [self.of(items, depth + 1) for _ in range(max(1, _count(schema.get("minItems"), 1)))]
            case "integer" | "number":
                return _number(schema, whole=kind == "integer")
            case "boolean":
                return True
            case "null":
                return None
            case _:
                text = _FORMATS.get(str(schema.get("format")), "sample")
                text = text.ljust(_count(schema.get("minLength"), 0), "x")
                return text[: _count(schema.get("maxLength"), len(text))]


def _count(value: Any, otherwise: int) -> int:
    """How many a schema asks for."""
    number = _told(value)
    return otherwise if number is None else max(0, min(int(number), _MOST))


def _told(value: Any) -> float | None:
    """A number of the schema, None for what is none."""
    return value if type(value) in (int, float) and abs(value) < _LARGEST else None


def _number(schema: dict[str, Any], *, whole: bool) -> int | float:
    above, below = _told(schema.get("exclusiveMinimum")), _told(schema.get("exclusiveMaximum"))
    low, high = _told(schema.get("minimum")), _told(schema.get("maximum"))
    step = _told(schema.get("multipleOf"))
    value: float = 1
    if low is not None and value < low:
        value = low
    if above is not None and value <= above:
        value = above + 1
    if high is not None and value > high:
        value = high
    if below is not None and value >= below:
        value = below - 1
    if step is not None and step >= _SMALLEST_STEP:
        value = -(-value // step) * step
    return int(value) if whole else value


def _referred(reference: str, root: Json) -> Json:
    node = root
    for part in reference.lstrip("#/").split("/"):
        if not part:
            continue
        node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
    return node
