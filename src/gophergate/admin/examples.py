"""An example of every body and answer, put together from what its members say of themselves: the documentation shows
one for each, and a test holds each to its own schema. A member's own `examples` go first; then what a member of that
name usually holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ID, _OTHER_ID = "019a1f3c2b7e41d0a95c66f0e2", "019a1f3c2b7e98a2037d10b4c1"
_USUAL: Mapping[str, Any] = {
    "id": _ID,
    "call_id": _OTHER_ID,
    "client_id": _OTHER_ID,
    "key_id": _OTHER_ID,
    "team_id": _OTHER_ID,
    "user_id": _OTHER_ID,
    "author_id": _OTHER_ID,
    "actor_id": _OTHER_ID,
    "target_id": _OTHER_ID,
    "organisation_id": _OTHER_ID,
    "name": "shop",
    "username": "grace",
    "display_name": "Grace",
    "actor": "admin",
    "action": "change",
    "target_kind": "client",
    "model": "openai/gpt-4.1",
    "model_requested": "fast",
    "provider": "openai",
    "kind": "openai",
    "label": "OpenAI",
    "key": "sk-gg-...",
    "token": "gg-admin-...",
    "csrf_token": "8c1f...",
    "prefix": "sk-gg-",
    "last4": "x7Qa",
    "api_key_masked": "sk-...x7Qa",
    "base_url": "https://api.openai.com",
    "address": "192.0.2.7",
    "client_ip": "192.0.2.7",
    "ip_allow": ["192.0.2.0/24"],
    "currency": "USD",
    "timezone": "Europe/Berlin",
    "next_cursor": None,
    "message": "What was wrong, where, and what would be right.",
    "error": "",
    "type": "invalid_request",
    "code": "invalid_request",
    "param": "name",
    "field": "name",
    "door": "openai_chat",
    "operation": "chat",
    "status": "ok",
    "http_status": 200,
    "usage_source": "provider",
    "finish_reason": "stop",
    "price_version": "genai-prices 0.0.40",
    "decision": ["'fast' is the group fast (ordered)"],
    "tags": {"team": "red"},
    "rpm": 60,
    "tpm": 100_000,
    "concurrency": 8,
    "input": 812,
    "output": 96,
    "latency_ms": 1240.5,
    "first_token_ms": 310.2,
    "version": 3,
    "share": "0.25",
    "like": "openai/gpt-4.1",
}
"""What a member of that name usually holds, where its schema takes it."""
_MOMENT = "2026-01-31T12:00:00Z"


def add_examples(document: dict[str, Any]) -> None:
    """Give every schema of an OpenAPI document an example, unless it has one."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    for name, schema in schemas.items():
        if "examples" not in schema:
            schema["examples"] = [_example(schema, "", schemas, (name,))]


def _example(schema: Mapping[str, Any], name: str, schemas: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    if "$ref" in schema:
        inner = str(schema["$ref"]).rpartition("/")[2]
        if "examples" in schemas[inner]:
            return schemas[inner]["examples"][0]
        return None if inner in path else _example(schemas[inner], name, schemas, (*path, inner))
    if schema.get("examples"):
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return _USUAL[name] if _USUAL.get(name) in schema["enum"] else schema["enum"][0]
    choices = schema.get("anyOf") or schema.get("oneOf") or ()
    if choices:
        if name in _USUAL and _USUAL[name] is None:
            return None
        return _example(next((one for one in choices if one.get("type") != "null"), choices[0]), name, schemas, path)
    return _plain(schema, name, schemas, path)


def _plain(schema: Mapping[str, Any], name: str, schemas: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    usual = _USUAL.get(name)
    match schema.get("type"):
        case "object":
            if "properties" in schema:
                return {key: _example(one, key, schemas, path) for key, one in schema["properties"].items()}
            return usual if isinstance(usual, dict) else {}
        case "array":
            if isinstance(usual, list):
                return usual
            one = _example(schema.get("items", {}), name.removesuffix("s"), schemas, path)
            return [] if one is None else [one]
        case "string":
            if schema.get("format") == "date-time":
                return _MOMENT
            return usual if isinstance(usual, str) else schema.get("default", "text")
        case "integer" | "number":
            least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
            return usual if isinstance(usual, int | float) else schema.get("default", max(least, 1))
        case "boolean":
            return schema.get("default", True)
        case _:
            return schema.get("default")
