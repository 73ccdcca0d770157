"""Schemas under the vendor's rule for constrained output."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.dialects.anthropic_messages.schema import constrained


@pytest.mark.parametrize(
    ("schema", "expected", "is_weaker"),
    [
        (
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "$schema": "x"},
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "required": ["a"],
                "additionalProperties": False,
            },
            False,
        ),
        (
            {"type": "object", "additionalProperties": {"type": "integer"}},
            {"type": "object", "additionalProperties": False, "properties": {}},
            True,
        ),
        (
            {"type": "integer", "minimum": 1, "maximum": 10, "description": "A number"},
            {"type": "integer", "description": "A number\n\n{minimum: 1, maximum: 10}"},
            True,
        ),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}, False),
        ({"type": "string", "format": "iban"}, {"type": "string", "description": '{format: "iban"}'}, True),
        (
            {"type": "array", "items": {"type": "string", "maxLength": 3}, "minItems": 1},
            {"type": "array", "items": {"type": "string", "description": "{maxLength: 3}"}, "minItems": 1},
            True,
        ),
        ({"type": "array", "minItems": 2}, {"type": "array", "description": "{minItems: 2}"}, True),
        (
            {"oneOf": [{"type": "null"}, {"const": 1}], "default": None},
            {"anyOf": [{"type": "null"}, {"const": 1}]},
            False,
        ),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": {"type": "object"}}, "description": "gone"},
            {
                "$ref": "#/$defs/A",
                "$defs": {"A": {"type": "object", "additionalProperties": False, "properties": {}}},
            },
            False,
        ),
        ({"type": ["string", "null"], "enum": ["a", None]}, {"type": ["string", "null"], "enum": ["a", None]}, False),
        (True, True, False),
    ],
)
def test_what_becomes_of_a_schema(schema: Any, expected: Any, is_weaker: bool) -> None:
    """Objects are closed, unsupported constraints told in words, references kept."""
    assert constrained(schema) == (expected, is_weaker)


def test_properties_may_have_the_names_of_keywords() -> None:
    """A property called "minimum" is no constraint."""
    schema = {"type": "object", "properties": {"minimum": {"type": "integer"}, "$ref": {"type": "string"}}}
    out, is_weaker = constrained(schema)
    assert out["properties"] == schema["properties"]
    assert not is_weaker


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "items", "anyOf", "allOf", "oneOf", "$ref", "$defs", "format", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(schema=JSON)
def test_no_shape_breaks_it(schema: Any) -> None:
    """What is no schema comes back, and doing it twice changes nothing more."""
    out, _ = constrained(schema)
    constrained(out)
