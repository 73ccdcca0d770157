"""Values that live in a column as JSON text: limits and lists. No SQL."""

from __future__ import annotations

import msgspec

from gophergate.core.caller import NO_LIMITS, Limits
from gophergate.core.resilience import Disconnect


def to_text(value: object) -> str:
    """The JSON text of a value."""
    return msgspec.json.encode(value).decode()


def limits_text(limits: Limits) -> str | None:
    """Limits as stored; NULL where there are none."""
    return None if limits == NO_LIMITS else to_text(limits)


def limits_from(text: str | None) -> Limits:
    """Limits from their column."""
    return NO_LIMITS if text is None else msgspec.json.decode(text, type=Limits)


def disconnect_text(policy: Disconnect | None) -> str | None:
    """A key's policy for clients that leave, as stored; NULL where it has none of its own."""
    return None if policy is None else to_text(policy)


def disconnect_from(text: str | None) -> Disconnect | None:
    """That policy from its column."""
    return None if text is None else msgspec.json.decode(text, type=Disconnect)


def names_text(names: tuple[str, ...] | None) -> str | None:
    """A list of names as stored; None, which is not the empty list, is NULL."""
    return None if names is None else to_text(names)


def names_from(text: str | None) -> tuple[str, ...] | None:
    """A list of names from its column."""
    return None if text is None else msgspec.json.decode(text, type=tuple[str, ...])
