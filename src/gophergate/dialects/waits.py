"""What a provider's headers say of asking again, in every language. A date is left to whoever has a clock: the header
rides along."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HINTS = frozenset({"retry-after", "retry-after-ms", "x-should-retry"})
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?")


def hints_of(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that tell whether and when to ask again, names in lower case."""
    return {name.lower(): value for name, value in headers.items() if name.lower() in _HINTS}


def wait_of(hints: Mapping[str, str]) -> float | None:
    """Seconds to wait by these hints, the finer one first; None when they say no number."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        if (found := seconds(hints.get(name, ""))) is not None:
            return found * unit
    return None


def seconds(text: str) -> float | None:
    """A plain number; a date is none."""
    return float(text) if _NUMBER.fullmatch(text := text.strip()) else None
