"""How a caller stands with its limits, in the headers its SDK knows: OpenAI's everywhere, Anthropic's at that door too.

Sources: OpenAI "Rate limits in headers", Anthropic "Rate limits: response headers".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil

from gophergate.policy.limits import KINDS, Kind, Standing
from gophergate.times import rfc3339

_ANTHROPIC = "anthropic_messages"
_NAMES: Mapping[Kind, tuple[bytes, bytes, bytes]] = {
    kind: (
        f"x-ratelimit-limit-{kind}".encode(),
        f"x-ratelimit-remaining-{kind}".encode(),
        f"x-ratelimit-reset-{kind}".encode(),
    )
    for kind in KINDS
}


def told(door: str, standings: Mapping[Kind, Standing], wall: Callable[[], float]) -> list[tuple[bytes, bytes]]:
    """The headers of a reply at a door. `wall` gives Unix seconds."""
    found: list[tuple[bytes, bytes]] = []
    for kind, (limit, remaining, reset) in standings.items():
        names = _NAMES[kind]
        found += ((names[0], b"%d" % limit), (names[1], b"%d" % remaining), (names[2], b"%ds" % ceil(reset)))
        if door == _ANTHROPIC:
            moment = rfc3339(int((wall() + reset) * 1_000_000))
            found += (
                (f"anthropic-ratelimit-{kind}-limit".encode(), b"%d" % limit),
                (f"anthropic-ratelimit-{kind}-remaining".encode(), b"%d" % remaining),
                (f"anthropic-ratelimit-{kind}-reset".encode(), moment.encode()),
            )
    return found
