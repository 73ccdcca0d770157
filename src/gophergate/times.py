"""Times as people and programs read them."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(microseconds: int) -> str:
    """Unix microseconds as RFC 3339 in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(microseconds / 1_000_000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
