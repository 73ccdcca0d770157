"""The heuristic strategy: ordered rules, and which of them a request matches."""

from __future__ import annotations

from gophergate.routing.groups import Group
from gophergate.routing.traits import Traits


def match(group: Group, traits: Traits) -> tuple[tuple[str, ...], str]:
    """The names to ask, in order, and why."""
    return group.members, "heuristic: no rule matches, so the targets are tried as listed"
