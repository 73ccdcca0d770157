"""The guards of file and database as rules in force, and the words about one that cannot be.

What guards work with is imported with the first of them: a gateway without guards starts as quickly as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from gophergate.core.guarding import UNGUARDED, Guards
from gophergate.ids import Ids
from gophergate.settings import GuardSettings, Settings, SettingsError
from gophergate.transport.head import split
from gophergate.transport.pool import parse_prefix
from gophergate.webhooks import Send, sign

if TYPE_CHECKING:
    from gophergate.policy.guards.rules import Rule
    from gophergate.policy.guards.verdicts import Ask

    Consult = Callable[[], Ask]


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
    from gophergate.policy.guards.rules import BadGuard, Definition, ready

    rule = ready(msgspec.convert(guard, Definition, from_attributes=True))
    try:
        if guard.url:
            parse_prefix(split(guard.url)[0])
    except ValueError as error:
        raise BadGuard("url", f"its address cannot be used: {error}") from None
    try:
        if guard.secret:
            sign(guard.secret.reveal(), "", 0, b"")
    except ValueError:
        raise BadGuard("secret", "its secret is none: it is 'whsec_' and base64, as webhooks have it") from None
    return rule


def asking(send: Send, ids: Ids, wall: Callable[[], float]) -> Consult:
    """Makes what reaches the endpoints of guards, once one has any. `wall` gives Unix seconds."""

    def consult() -> Ask:
        from gophergate.consulting import Consulting

        return Consulting(send, ids, wall)

    return consult


def in_force(rules: Iterable[Rule], unusable: Iterable[str] = (), consult: Consult | None = None) -> Guards:
    """Those of them that are switched on; `consult` makes what reaches the endpoints of those that have one. While one
    is `unusable` no call is let through."""
    used, unusable = [rule for rule in rules if rule.definition.enabled], tuple(unusable)
    if not used and not unusable:
        return UNGUARDED
    from gophergate.policy.guards.room import Guards as InForce

    if not any(rule.asks for rule in used):
        return InForce(used, unusable)
    from gophergate.policy.guards.asked import AskedGuarding
    from gophergate.policy.guards.verdicts import nobody

    return InForce(used, unusable, partial(AskedGuarding, ask=consult() if consult is not None else nobody))


def must_hold(definition: Mapping[str, Any]) -> bool:
    """Whether no call may pass while a guard that says so cannot be used."""
    acts = definition.get("mode") != "monitor" and definition.get("action") != "warn"
    return acts and definition.get("enabled") is not False and definition.get("on_error") != "open"
