"""What the audit log keeps of a change: who, when, from where, before and after, with secrets struck out.

Shared by the operators' API and the command line; knows neither.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gophergate.store.audit import AuditRow

_MASKED = "***"
_SECRETS = frozenset({"api_key", "key", "password", "password_hash", "token", "secret", "hash", "api_key_sealed"})


def entry(
    entry_id: str,
    *,
    at: int,
    actor: str,
    action: str,
    kind: str,
    target_id: str | None,
    actor_id: str | None = None,
    address: str | None = None,
    before: object = None,
    after: object = None,
) -> AuditRow:
    """One entry. `before` and `after` are plain values; `at` is Unix microseconds."""
    return AuditRow(
        id=entry_id,
        at=at,
        actor=actor,
        actor_id=actor_id,
        action=action,
        target_kind=kind,
        target_id=target_id,
        before=_text(before),
        after=_text(after),
        address=address,
    )


def masked(value: object) -> object:
    """The value with every member that is a secret by its name struck out."""
    if isinstance(value, Mapping):
        return {
            name: _MASKED if name in _SECRETS and isinstance(inner, str | bytes) and inner else masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    return value


def _text(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(masked(value)).decode()
