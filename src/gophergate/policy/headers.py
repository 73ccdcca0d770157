"""How a caller stands with its limits, in the headers its SDK knows: OpenAI's everywhere, Anthropic's at that door too.

Sources: OpenAI "Rate limits in headers", Anthropic "Rate limits: response headers".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import ceil

from gophergate.policy.limits import Kind, Standing
from gophergate.times import rfc3339

_ANTHROPIC = "anthropic_messages"


def told(door: str, standings: Mapping[Kind, Standing], wall: Callable[[], float]) -> Iterator[tuple[str, str]]:
    """The headers of a reply at a door. `wall` gives Unix seconds."""
    for kind, standing in standings.items():
        yield f"x-ratelimit-limit-{kind}", str(standing.limit)
        yield f"x-ratelimit-remaining-{kind}", str(standing.remaining)
        yield f"x-ratelimit-reset-{kind}", f"{ceil(standing.reset)}s"
        if door == _ANTHROPIC:
            yield f"anthropic-ratelimit-{kind}-limit", str(standing.limit)
            yield f"anthropic-ratelimit-{kind}-remaining", str(standing.remaining)
            yield f"anthropic-ratelimit-{kind}-reset", rfc3339(int((wall() + standing.reset) * 1_000_000))
