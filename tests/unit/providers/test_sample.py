from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.providers.sample import sample

WORDS = [
    "type",
    "properties",
    "items",
    "required",
    "enum",
    "const",
    "default",
    "anyOf",
    "oneOf",
    "allOf",
    "$ref",
    "$defs",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "minLength",
    "maxLength",
    "format",
]
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["object", "array", "#/$defs/a", "x"])
)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"enum": ["x"]}}},
        {"type": "array", "items": {"type": "string", "minLength": 9}, "minItems": 2},
        {"type": "number", "exclusiveMinimum": 7.5, "multipleOf": 0.5},
        {"type": "integer", "maximum": -2, "multipleOf": 2},
        {"type": "string", "maxLength": 2},
        {"allOf": [{"type": "object", "properties": {"a": {"type": "null"}}}, {"properties": {"b": {"const": 1}}}]},
        {"type": ["null", "boolean"]},
    ],
)
def test_a_sample_is_valid(schema: dict[str, Any]) -> None:
    """INTERFACE: `demo/tools` calls with arguments that are valid under the schema."""
    assert jsonschema_rs.is_valid(schema, sample(schema))


@given(st.recursive(LEAVES, lambda below: st.lists(below) | st.dictionaries(st.sampled_from(WORDS), below)))
def test_any_schema_gives_a_value(schema: Any) -> None:
    """A caller's schema may hold anything: what is given can be told as JSON."""
    json.loads(msgspec.json.encode(sample(schema)))


def test_no_schema_asks_for_more_than_a_little() -> None:
    """A schema of few bytes that refers to itself ten times, or wants a thousand million elements, costs little."""
    again = {"type": "object", "properties": {str(n): {"$ref": "#"} for n in range(10)}}
    assert len(msgspec.json.encode(sample(again))) < 100_000
    wanted = {"type": "array", "minItems": 10**9, "items": {"type": "string", "minLength": 10**9}}
    assert len(msgspec.json.encode(sample(wanted))) < 2_000_000
