"""The root of a schema that is an object's: what stands in for a null or for another type beside the object.

A tool's arguments are an object on every wire, so a root that also allows null says nothing more than one that does
not; yet OpenAI ("schema must be a JSON Schema of 'type: "object"'"), Anthropic ("input_schema.type: Input should be
'object'") and Ollama (whose type of it is one word) refuse the longer way to say it. Google's `nullable` is where it
comes from. What a root's members hold is left as it is, for there every target takes lists of types.
"""

from __future__ import annotations

from gophergate.core.blocks import Json
from gophergate.dialects.loss import Losses

_NULL: Json = {"type": "null"}
_TOLD = frozenset({"title", "description", "default", "examples", "$schema", "$id", "$comment", "$defs", "definitions"})
"""Members that say nothing about which values are valid: beside a choice, they stand beside what is left of it too."""


def object_root(schema: Json) -> Json:
    """The schema with a root for objects alone, of equal meaning to them; as it is if its root allows no object in
    a list of types or beside null, and if it is no schema. Members keep their order, and the value is never changed."""
    if not isinstance(schema, dict):
        return schema
    match schema.get("type"):
        case list(types) if "object" in types:
            return {**schema, "type": "object"}
        case None:
            for name in ("anyOf", "oneOf"):
                if isinstance(schema.get(name), list) and _NULL in schema[name]:
                    return _without_null(schema, name)
    return schema


def object_answer(schema: Json, losses: Losses) -> Json:
    """The schema of an answer for a vendor whose structured answers are objects. An answer of null, which the caller
    would have taken, is then no longer asked for: that is named."""
    root = object_root(schema)
    if root != schema:
        losses.drop("nullable")
    return root


def _without_null(schema: dict[str, Json], name: str) -> Json:
    """A root without the branch of null: the one other branch itself where nothing beside the choice is in its way."""
    left = [branch for branch in schema[name] if branch != _NULL]
    beside = {key: value for key, value in schema.items() if key != name}
    if len(left) == 1 and isinstance(left[0], dict) and not (beside.keys() - _TOLD) & left[0].keys():
        return object_root({**left[0], **beside})
    return {**schema, name: left} if left else schema
