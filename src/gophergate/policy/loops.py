"""Notices an agent that goes round in circles: the very same request, again and again, in one session (or by one key,
where none is told) within a minute.

A warning, never a refusal: what stops a runaway agent is its session's budget. Bounded; what is pushed out is counted
anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

_WITHIN = 60.0
_MOST = 10_000
_TAIL = 4096
"""Bytes at a request's end that, with its length, tell it from others: a turn more or less shows there."""


class Loops:
    """Counts equal requests. `clock` gives seconds that only rise."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: OrderedDict[tuple[str, int, int], list[float]] = OrderedDict()

    def seen(self, session: str, body: bytes) -> int:
        """How often this request was made in this session within the minute that began with the first of them."""
        key = (session, len(body), hash(body[-_TAIL:]))
        now = self._clock()
        found = self._seen.get(key)
        if found is not None and now - found[0] < _WITHIN:
            found[1] += 1
            return int(found[1])
        self._seen[key] = [now, 1]
        self._seen.move_to_end(key)
        if len(self._seen) > _MOST:
            self._seen.popitem(last=False)
        return 1
