"""Roots of schemas that every target accepts (edge cases 25 and 37)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from gophergate.core.blocks import Text
from gophergate.core.request import OutputFormat, Request, Tool, Turn
from gophergate.dialects.base import Target
from gophergate.dialects.gemini.schema import from_google
from gophergate.dialects.roots import object_root
from gophergate.doors.chat import dialects

_TYPES = ("object", "null", "string", "array", "integer")
DIALECTS = dialects()
_kinds = st.one_of(st.sampled_from(_TYPES), st.lists(st.sampled_from(_TYPES), min_size=1, unique=True))
_NULL = {"type": "null"}


def _wrapped(schemas: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas with choices, told members and properties around others."""
    properties = st.dictionaries(st.sampled_from(("type", "anyOf", "b")), schemas, max_size=2)
    return st.one_of(
        st.fixed_dictionaries({"type": _kinds}, optional={"properties": properties, "description": st.just("d")}),
        st.fixed_dictionaries(
            {}, optional={"anyOf": st.lists(schemas, min_size=1, max_size=3), "properties": properties}
        ),
        st.builds(lambda name, one: {name: [one, _NULL], "title": "t"}, st.sampled_from(("anyOf", "oneOf")), schemas),
    )


SCHEMAS = st.recursive(st.fixed_dictionaries({"type": _kinds}), _wrapped, max_leaves=4)
_OBJECTS: tuple[Any, ...] = ({}, {"b": None}, {"b": {}}, {"b": 1, "type": "x"}, {"anyOf": [], "type": None})


@given(SCHEMAS)
def test_a_root_takes_the_same_objects_as_before(schema: Any) -> None:
    """The objects that fit are those that fitted, nothing below the root is touched, and a list of types that has the
    object, or one object beside null, leaves the one word."""
    root = object_root(schema)
    before, after = Draft202012Validator(schema), Draft202012Validator(root)
    assert [before.is_valid(one) for one in _OBJECTS] == [after.is_valid(one) for one in _OBJECTS]
    assert object_root(root) == root
    assert "object" not in schema.get("type", ()) or root == {**schema, "type": "object"}
    branches = root.get("anyOf", [])
    assert _NULL not in branches or all(one == _NULL for one in branches) or "type" in root
    one = {"anyOf": [{"type": ["null", "object"], "properties": {"b": schema}}, _NULL]}
    assert object_root(one) == {"type": "object", "properties": {"b": schema}}


@pytest.mark.parametrize("odd", [None, True, "object", [], {}, {"type": 3}, {"anyOf": 1}, {"anyOf": [_NULL]}])
def test_what_has_no_object_at_its_root_is_left_as_it_is(odd: Any) -> None:
    assert object_root(odd) is odd


_BELOW = {"b": {"type": ["string", "null"]}, "c": {"anyOf": [{"type": "object"}, _NULL]}}
_ROOTS = (
    {"type": ["object", "null"], "properties": _BELOW},
    {"type": ["null", "object", "string"], "properties": _BELOW},
    from_google({"type": "OBJECT", "nullable": True, "properties": _BELOW}),
    from_google({"anyOf": [{"type": "OBJECT", "properties": _BELOW}], "nullable": True}),
    from_google({"type": "OBJECT", "enum": [{}], "nullable": True, "description": "d", "properties": _BELOW}),
)


_PARAMETERS = ("parameters", "input_schema", "parametersJsonSchema")
_ANSWERS = ("schema", "responseJsonSchema", "format")


def _members(value: Any, name: str) -> list[Any]:
    """Every value under `name`, at any depth but inside another such value."""
    if isinstance(value, list):
        return [found for one in value for found in _members(one, name)]
    if not isinstance(value, dict):
        return []
    return [value[name]] if name in value else [found for one in value.values() for found in _members(one, name)]


@pytest.mark.parametrize(("door", "target"), list(itertools.product(DIALECTS, DIALECTS)))
def test_tools_and_answers_go_to_every_target_with_the_one_word_at_the_root(door: str, target: str) -> None:
    tools = tuple(Tool(name=f"f{i}", parameters=schema) for i, schema in enumerate(_ROOTS))
    form = OutputFormat(kind="json_schema", schema=_ROOTS[0], name="r")
    request = Request(
        dialect=door, model="m", tools=tools, format=form, turns=(Turn(role="user", blocks=(Text(text="x"),)),)
    )
    written = DIALECTS[target].write_request(request, Target(model="m"))
    tools_told = [_members(written.body["tools"], name) for name in _PARAMETERS]
    (schemas,) = filter(None, tools_told)
    assert len(schemas) == len(_ROOTS)
    for schema in schemas:
        assert schema["type"] == "object"
        assert schema["properties"] == _BELOW
        assert not schema.keys() & {"anyOf", "oneOf"}
    rest = {name: value for name, value in written.body.items() if name != "tools"}
    answers = [found for name in _ANSWERS for found in _members(rest, name) if "properties" in found]
    narrows = door != target and target.startswith(("openai", "anthropic"))
    assert answers[0]["type"] == ("object" if narrows else ["object", "null"])
    assert ("nullable" in written.dropped) is narrows
