"""`GET /v1/usage`: what the key that asks has used. A door like the others, by the same key; it costs nothing and is in
no log.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import get_args
from urllib.parse import parse_qsl

from gophergate.dialects.base import encode
from gophergate.errors import BadRequest
from gophergate.front.base import Inbound, Reply
from gophergate.policy.auth import Auth
from gophergate.store.rollups import HOUR_US
from gophergate.store.usage import By, UsageFilter, Usages
from gophergate.times import rfc3339

BY: tuple[By, ...] = tuple(
    one for one in get_args(By) if one in ("total", "hour", "day", "model", "provider", "status")
)
"""What a key holder may add up by: nothing that names others."""
_MEMBERS = ("by", "since", "until", "key")
_DAY = 24 * HOUR_US
_USUAL, _LONGEST = 30 * _DAY, 732 * _DAY


class OwnUsage:
    """Serves the door. `wall` gives Unix seconds."""

    def __init__(self, auth: Auth, usages: Usages, wall: Callable[[], float]) -> None:
        self._auth = auth
        self._usages = usages
        self._wall = wall

    async def get(self, inbound: Inbound, reply: Reply) -> None:
        """Sums of the caller's own key from the roll-ups, widened to whole hours UTC, and their total. Raises as auth
        does, and BadRequest naming the member of the query that is wrong."""
        caller = await self._auth.caller(inbound)
        by, since, until = self._asked(inbound.query)
        where = UsageFilter(key_id=caller.key_id)
        rows = await self._usages.sums(by, since=since, until=until, where=where)
        (total,) = rows if by == "total" else await self._usages.sums("total", since=since, until=until, where=where)
        body = encode(
            {
                "object": "usage",
                "key_id": caller.key_id,
                "client_id": caller.client_id,
                "by": by,
                "since": rfc3339(since),
                "until": rfc3339(until),
                "items": [row.told() for row in rows],
                "total": total.told(),
            }
        )
        reply.whole(200, [(b"content-type", b"application/json"), (b"cache-control", b"no-store")], body)

    def _asked(self, query: bytes) -> tuple[By, int, int]:
        said = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
        for name in said:
            if name not in _MEMBERS:
                raise BadRequest(f"'{name[:40]}' is not known here; there are by, since and until.", param=name[:40])
        by = next((one for one in BY if one == said.get("by", "day")), None)
        if by is None:
            raise BadRequest(f"'by' must be one of {', '.join(BY)}.", param="by")
        until = _moment(said, "until") or int(self._wall() * 1_000_000)
        since = _moment(said, "since")
        since = until - _USUAL if since is None else since
        if since >= until:
            raise BadRequest("'since' must be before 'until'.", param="since")
        if until - since > _LONGEST:
            raise BadRequest("At most two years at once.", param="since")
        return by, since - since % HOUR_US, -(-until // HOUR_US) * HOUR_US


def _moment(said: dict[str, str], name: str) -> int | None:
    """A day or a time (RFC 3339; a plus sign may have come as a space), Unix microseconds."""
    text = said.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+").replace("Z", "+00:00"))
        found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return round(found.timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        raise BadRequest(
            f"'{name}' must be a day or a time, such as 2026-01-31 or 2026-01-31T12:00:00Z.", param=name
        ) from None
