"""The rules and ratings of the original's groups, in our words. Both of its forms: patterns, and conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gophergate.original import values

_MEMBERS: Mapping[str, str] = {
    "model": "model", "primary": "model", "primary_model": "model", "target": "model", "target_model": "model",
    "fallback": "fallback", "fallback_model": "fallback", "pattern": "pattern", "match": "pattern", "text": "pattern",
    "contains": "pattern", "keyword": "pattern", "case": "case", "case_sensitive": "case", "match_case": "case",
    "any_of_tags": "any_of_tags", "tags": "any_of_tags", "max_input_tokens_lt": "max_input_tokens_lt",
    "requires_reasoning": "requires_reasoning", "requires_tool_calling": "requires_tool_calling",
    "has_multimodal_input": "has_multimodal_input", "is_default_fallback": "is_default_fallback",
    "is_default": "is_default_fallback", "default": "is_default_fallback",
}  # fmt: skip
_KINDS = ("type", "kind", "match_type", "pattern_type")
_NESTED = ("conditions", "condition", "when")
_SAYS_NOTHING = frozenset({"name", "id", "description", "priority", "order", "enabled", "comment"})
_FLAGS = frozenset(
    {"case", "requires_reasoning", "requires_tool_calling", "has_multimodal_input", "is_default_fallback"}
)


def rule(said: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as `[[groups]]` has it. Raises ValueError for one that says what is not known here."""
    found: dict[str, Any] = {}
    for name, value in _flat(said):
        known = _MEMBERS.get(name)
        if name in _KINDS:
            if values.words(value).lower() in ("regex", "regexp", "re"):
                found["regex"] = True
        elif name == "regex" and isinstance(value, str):
            found |= {"pattern": value, "regex": True}
        elif name == "regex":
            found["regex"] = bool(values.flag(value))
        elif known is None:
            raise ValueError(f"a rule of it says '{name[:40]}', which is not known here")
        elif value is not None:
            found[known] = _read(known, value)
    if "model" not in found:
        raise ValueError("a rule of it names no model")
    return found


def classifier(model: Any, threshold: Any) -> dict[str, Any]:
    """Who rates, and up to what. Raises ValueError where nobody does."""
    name = values.words(model)
    if not name:
        raise ValueError("it rates requests, and does not say by which model")
    most = values.count(threshold)
    return {"model": name, **({"threshold": most} if most else {})}


def _flat(said: Mapping[str, Any]) -> list[tuple[str, Any]]:
    members: list[tuple[str, Any]] = []
    for key, value in said.items():
        name = str(key).lower()
        if name in _NESTED and isinstance(value, dict):
            members += _flat(value)
        elif name not in _SAYS_NOTHING:
            members.append((name, value))
    return members


def _read(known: str, value: Any) -> Any:
    if known in _FLAGS:
        return bool(values.flag(value))
    if known == "any_of_tags":
        return [values.words(one) for one in value] if isinstance(value, list) else list(values.names(value))
    return values.count(value) if known == "max_input_tokens_lt" else values.words(value)
