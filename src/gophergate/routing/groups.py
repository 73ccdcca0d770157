"""Model groups: virtual models that stand for others, and what makes a set of them sound. No choosing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from gophergate.errors import BadRequest

DEPTH = 10
"""Groups within groups, at most."""

Strategy = Literal[
    "ordered", "weighted", "least_latency", "least_busy", "cheapest", "sticky", "heuristic", "classifier"
]


class GroupProblem(BadRequest):
    """A group that cannot work. `group` is its name, `member` the one of its members that is wrong."""

    code = "invalid_group"

    def __init__(self, group: str, member: str, message: str) -> None:
        super().__init__(message, param=member)
        self.group = group
        self.member = member


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a group may resolve to: "provider/model", or another group. `weight` is its share under weighted."""

    model: str
    weight: float = 1.0


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group or an alias. `rules` are the ordered conditions of the heuristic strategy."""

    name: str
    strategy: Strategy = "ordered"
    targets: tuple[Target, ...] = ()
    fallbacks: tuple[str, ...] = ()
    rules: tuple[dict[str, Any], ...] = ()

    @property
    def members(self) -> tuple[str, ...]:
        """Every name it may lead to, in order, each once."""
        named = [target.model for target in self.targets]
        for rule in self.rules:
            named += [rule[word] for word in ("model", "fallback") if isinstance(rule.get(word), str)]
        return tuple(dict.fromkeys((*named, *self.fallbacks)))


def checked_groups(groups: Mapping[str, Group]) -> Mapping[str, Group]:
    """The same groups. Raises GroupProblem for an empty one, a cycle (which it shows) or too deep a nest."""
    for group in groups.values():
        if not group.members:
            raise GroupProblem(group.name, "targets", f"The group '{group.name}' has no targets.")
        if group.strategy == "weighted" and not any(target.weight > 0 for target in group.targets):
            raise GroupProblem(group.name, "targets", f"Every weight of the group '{group.name}' is zero.")
        _descend(groups, group, (group.name,))
    return groups


def _descend(groups: Mapping[str, Group], group: Group, path: tuple[str, ...]) -> None:
    for name in group.members:
        inner = groups.get(name)
        if inner is None:
            continue
        way = (*path, name)
        if name in path:
            shown = " -> ".join(way[path.index(name) :])
            raise GroupProblem(path[0], "targets", f"The group '{path[0]}' leads back to itself: {shown}.")
        if len(way) > DEPTH:
            raise GroupProblem(
                path[0], "targets", f"Groups may nest {DEPTH} deep, and '{path[0]}' goes deeper: {' -> '.join(way)}."
            )
        _descend(groups, inner, way)
