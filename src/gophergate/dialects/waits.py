"""What a provider's headers say of asking again, in every language. A date is left to whoever has a clock: the header
rides along."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HINTS = frozenset({"retry-after", "retry-after-ms", "x-should-retry"})
_TOLD = re.compile(r"\b(?:try again|retry) (?:in|after) ((?:\d{1,9}(?:\.\d{1,9})? ?[a-z]{1,12} ?){1,4})", re.IGNORECASE)
_PART = re.compile(r"(\d+(?:\.\d+)?) ?(ms|milliseconds?|h|hours?|m|minutes?|s|seconds?)(?![a-z])", re.IGNORECASE)
_UNITS = {"m": 60.0, "h": 3600.0, "s": 1.0}
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


def wait_in_words(message: str) -> float | None:
    """Seconds to wait as an error's sentence tells them: OpenAI's "Please try again in 6m0.5s", Azure's "retry after 26
    seconds", Google's "Please retry in 48.9s"; None when it tells none."""
    told = _TOLD.search(message)
    parts = _PART.findall(told[1]) if told else []
    return sum(float(number) * _unit(word.lower()) for number, word in parts) if parts else None


def _unit(word: str) -> float:
    return 0.001 if word.startswith(("ms", "milli")) else _UNITS[word[0]]
