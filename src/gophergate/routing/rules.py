"""The heuristic strategy: ordered rules, and the first of them that a request fits (O27)."""

from __future__ import annotations

from collections.abc import Mapping

from gophergate.routing.groups import Group, Rule
from gophergate.routing.patterns import finder
from gophergate.routing.traits import Traits

_YES_OR_NO = (
    ("requires_tool_calling", "has_tools", "it offers no tools", "it offers tools"),
    ("requires_reasoning", "wants_reasoning", "it asks for no reasoning", "it asks for reasoning"),
    ("has_multimodal_input", "has_media", "it holds no media", "it holds media"),
)
"""Condition, trait, and what is said of a request without it and with it."""


def match(group: Group, traits: Traits) -> tuple[tuple[str, ...], str]:
    """The names to ask, in order, and why: those of the first rule that the request fits, else the targets as listed.
    Raises BadRequest for a request that cannot be read, where a rule has to read it."""
    for at, rule in enumerate(group.rules):
        if not unmet(rule, traits):
            names = tuple(name for name in (rule.model, rule.fallback) if name is not None)
            return names, f"heuristic: rule {at + 1} fits ({described(rule)}), so {' then '.join(names)}"
    names = tuple(dict.fromkeys((*(target.model for target in group.targets), *group.fallbacks)))
    if group.rules:
        return names, "heuristic: no rule fits, so the targets are tried as listed"
    return names, "heuristic: there are no rules, so the targets are tried as listed"


def unmet(rule: Rule, traits: Traits) -> str:
    """Why a request does not fit a rule, in words: the first condition that does not hold; "" when all do. Conditions
    are looked at from the cheapest to the dearest, and nothing is read that none of them asks for."""
    if rule.any_of_tags and not _tagged(rule.any_of_tags, traits.tags):
        return f"it has none of the tags {', '.join(rule.any_of_tags)}"
    for condition, trait, missing, present in _YES_OR_NO:
        wanted = getattr(rule, condition)
        if wanted is not None and getattr(traits, trait) != wanted:
            return missing if wanted else present
    if rule.pattern and not finder(rule.pattern, regex=rule.regex, case=rule.case)(traits.last_user_text):
        return f"the user's words hold no {rule.pattern!r}"
    if rule.max_input_tokens_lt is not None and traits.input_tokens >= rule.max_input_tokens_lt:
        return f"its prompt has about {traits.input_tokens} tokens, not fewer than {rule.max_input_tokens_lt}"
    return ""


def described(rule: Rule) -> str:
    """The conditions of a rule in words."""
    parts = []
    if rule.any_of_tags:
        parts.append(f"it has a tag of {', '.join(rule.any_of_tags)}")
    for condition, _, missing, present in _YES_OR_NO:
        wanted = getattr(rule, condition)
        if wanted is not None:
            parts.append(present if wanted else missing)
    if rule.pattern:
        parts.append(f"the user's words hold {rule.pattern!r}")
    if rule.max_input_tokens_lt is not None:
        parts.append(f"its prompt has fewer than {rule.max_input_tokens_lt} tokens")
    return ", ".join(parts) or "it fits always"


def _tagged(wanted: tuple[str, ...], tags: Mapping[str, str]) -> bool:
    for tag in wanted:
        name, has_value, value = tag.partition("=")
        if name in tags and (not has_value or tags[name] == value):
            return True
    return False
