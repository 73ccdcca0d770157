"""Which deployment's prompt cache still holds what of which conversation, as far as calls have shown it.

A guess that only steers a choice (`strategies.cheapest`): nothing is charged by it. Bounded, and forgotten by age.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping

from gophergate.routing.traits import Traits

_MOST = 10_000
_KEPT = 300.0
"""Seconds that vendors keep a cached prompt alive after its last use, at the least."""
_SHORTEST = 1024
"""Tokens below which no vendor caches a prompt."""
_NONE: Mapping[str, int] = {}


class Warmth:
    """By the key of a prompt's prefix: the deployments that have read it lately, and how many tokens long it was."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, dict[str, tuple[float, int]]] = OrderedDict()

    def of(self, traits: Traits) -> Mapping[str, int]:
        """Tokens cached by deployment label, for what that request begins with."""
        if not self._seen or traits.input_tokens < _SHORTEST:
            return _NONE
        found = self._seen.get(traits.prefix)
        if found is None:
            return _NONE
        since = self._clock() - _KEPT
        return {label: tokens for label, (at, tokens) in found.items() if at >= since}

    def key(self, traits: Traits) -> tuple[str, int] | None:
        """What to note once somebody has read that prompt; None for one too short to be cached."""
        tokens = traits.input_tokens
        return (traits.prefix, tokens) if tokens >= _SHORTEST else None

    def note(self, prefix: str, label: str, tokens: int) -> None:
        """A prompt of so many tokens with that prefix has been read there."""
        self._seen.setdefault(prefix, {})[label] = (self._clock(), tokens)
        self._seen.move_to_end(prefix)
        while len(self._seen) > _MOST:
            self._seen.popitem(last=False)
