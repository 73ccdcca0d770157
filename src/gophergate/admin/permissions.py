"""Who may do what: one table. A route names what it needs; a role, or a token's scopes, either hold it or do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from gophergate.store.users import Role

Permission = Literal["view", "bodies", "edit", "route", "configure", "people", "audit", "own"]
"""view: everything but secrets and what was said. bodies: prompts and answers. edit: clients, keys, budgets. route:
models and groups, which all teams share. configure: providers, settings, backups, imports. people: users, teams,
tokens. audit: the audit log. own: owners."""

PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

BY_ROLE: Mapping[Role, frozenset[Permission]] = {
    "viewer": frozenset({"view"}),
    "editor": frozenset({"view", "bodies", "edit", "route"}),
    "admin": frozenset({"view", "bodies", "edit", "route", "configure", "people", "audit"}),
    "owner": frozenset(PERMISSIONS),
}

WITHIN_A_TEAM: frozenset[Permission] = frozenset({"view", "bodies", "edit"})
"""What can be held by somebody confined to one team: the rest is about things that all teams share."""


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever is asking: a user by session, or an admin token. `team_id` narrows what they see to one team: that of a
    viewer or editor who has one. `user_id` None is a token, which `author_id` has made."""

    name: str
    permissions: frozenset[Permission]
    role: Role | None = None
    user_id: str | None = None
    token_id: str | None = None
    author_id: str | None = None
    team_id: str | None = None

    def may(self, permission: Permission) -> bool:
        """Whether they hold it."""
        return permission in self.permissions


def team_of(role: Role, team_id: str | None) -> str | None:
    """The team a user is confined to: administrators see all teams."""
    return team_id if role in ("viewer", "editor") else None


def held(permissions: frozenset[Permission], team_id: str | None) -> frozenset[Permission]:
    """What of these permissions is left to somebody confined to `team_id`; all of them without one."""
    return permissions if team_id is None else permissions & WITHIN_A_TEAM
