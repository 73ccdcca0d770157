"""The guards of file and database as rules in force, and the words about one that cannot be.

What guards work with is imported with the first of them: a gateway without guards starts as quickly as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from gophergate.core.guarding import UNGUARDED, Guards
from gophergate.settings import GuardSettings, Settings, SettingsError

if TYPE_CHECKING:
    from gophergate.policy.guards.rules import Rule


def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """The file's guards. Raises SettingsError with the place of what is wrong."""
    if not settings.guards:
        return ()
    from gophergate.policy.guards.rules import BadGuard

    found = []
    for number, guard in enumerate(settings.guards):
        try:
            found.append(_rule(guard))
        except BadGuard as error:
            at = [int(part) if part.isdecimal() else part for part in error.member.split(".")]
            raise SettingsError(f"the guard {guard.name}: {error}", settings.source("guards", number, *at)) from None
    return tuple(found)


def read_guard(name: str, definition: Mapping[str, Any]) -> Rule:
    """A rule from the members of `[[guards]]`. Raises BadGuard naming the member."""
    from gophergate.policy.guards.rules import BadGuard

    try:
        settings = msgspec.convert({**definition, "name": name}, GuardSettings)
    except msgspec.ValidationError as error:
        said, _, at = str(error).partition(" - at `$")
        raise BadGuard(at.rstrip("`").lstrip(".") or "name", said) from None
    return _rule(settings)


def _rule(guard: GuardSettings) -> Rule:
    from gophergate.policy.guards.rules import Definition, ready

    return ready(msgspec.convert(guard, Definition, from_attributes=True))


def in_force(rules: Iterable[Rule], unusable: Iterable[str] = ()) -> Guards:
    """Those of them that are switched on. While one is `unusable` no call is let through."""
    used, unusable = [rule for rule in rules if rule.definition.enabled], tuple(unusable)
    if not used and not unusable:
        return UNGUARDED
    from gophergate.policy.guards.room import Guards as InForce

    return InForce(used, unusable)


def must_hold(definition: Mapping[str, Any]) -> bool:
    """Whether no call may pass while a guard that says so cannot be used."""
    acts = definition.get("mode") != "monitor" and definition.get("action") != "warn"
    return acts and definition.get("enabled") is not False and definition.get("on_error") != "open"
