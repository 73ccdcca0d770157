"""The guards of file and database as rules in force, and the words about one that cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gophergate.policy.guards.rules import BadGuard, Definition, Rule, ready
from gophergate.settings import GuardSettings, Settings, SettingsError


def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """The file's guards. Raises SettingsError with the place of what is wrong."""
    found = []
    for number, guard in enumerate(settings.guards):
        try:
            found.append(ready(definition_of(guard)))
        except BadGuard as error:
            at = [int(part) if part.isdecimal() else part for part in error.member.split(".")]
            raise SettingsError(f"the guard {guard.name}: {error}", settings.source("guards", number, *at)) from None
    return tuple(found)


def definition_of(guard: GuardSettings) -> Definition:
    """What the file says of a guard."""
    return msgspec.convert(guard, Definition, from_attributes=True)


def read_guard(name: str, definition: Mapping[str, Any]) -> Rule:
    """A rule from the members of `[[guards]]`. Raises BadGuard naming the member."""
    try:
        settings = msgspec.convert({**definition, "name": name}, GuardSettings)
    except msgspec.ValidationError as error:
        said, _, at = str(error).partition(" - at `$")
        raise BadGuard(at.rstrip("`").lstrip(".") or "name", said) from None
    return ready(definition_of(settings))


def in_force(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Those of them that are switched on."""
    return tuple(rule for rule in rules if rule.definition.enabled)


def must_hold(definition: Mapping[str, Any]) -> bool:
    """Whether no call may pass while a guard that says so cannot be used."""
    acts = definition.get("mode") != "monitor" and definition.get("action") != "warn"
    return acts and definition.get("enabled") is not False and definition.get("on_error") != "open"
