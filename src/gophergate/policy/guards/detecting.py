"""What a detector is: something that finds stretches of a text, however the text is cut into pieces.

A text may come piece by piece, so a detector says beside its finds how far the text is decided: up to there no text to
come can add a find or change one. What is decided may go on to whoever reads it; the rest is held back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, Protocol

CONTEXT = 4
"""Characters before a place that a detector may look back at."""


class Find(NamedTuple):
    """A stretch of a text and what it is ("EMAIL")."""

    start: int
    end: int
    label: str


class Detector(Protocol):
    """Finds one kind of thing, in time that grows with the text and no faster."""

    def scan(self, text: str, start: int, *, is_whole: bool) -> tuple[list[Find], int]:
        """The finds that begin at or after `start` and are decided, in order and apart from each other; and where what
        is not decided begins, which is where the next scan starts. `is_whole`: nothing follows the text, so all of it
        is decided. Any cutting of a text into pieces gives the same finds."""


Check = Callable[[str, int, int], int]
"""The end of a candidate (text, start, end), -1 for one that is none after all."""


def as_it_is(text: str, start: int, end: int) -> int:
    """Every candidate is a find."""
    return end


class Shape:
    """A built-in expression of bounded length. `alphabet` holds every character that a find may hold; nothing is held
    back but the run of those that the text ends with, of at most `reach`: that is more than the longest find and the
    character after it. `begins` are those that a find may begin with, `needs` an
    expression for a sign that every find has: a text without it costs a look."""

    def __init__(
        self,
        label: str,
        expression: str,
        *,
        alphabet: Callable[[str], bool],
        reach: int,
        begins: Callable[[str], bool] | None = None,
        check: Check = as_it_is,
        needs: str = "",
    ) -> None:
        self._label = label
        self._pattern = re.compile(expression)
        self._alphabet = alphabet
        self._begins = begins or alphabet
        self._reach = reach
        self._check = check
        self._needs = re.compile(needs)

    def scan(self, text: str, start: int, *, is_whole: bool) -> tuple[list[Find], int]:
        size = len(text)
        decided = size if is_whole else self._open(text, start)
        finds: list[Find] = []
        if self._needs.search(text, start) is None:
            return finds, decided
        at = start
        while (found := self._pattern.search(text, at)) is not None and found.start() < decided:
            end = self._check(text, found.start(), found.end())
            if end < 0:
                at = found.start() + 1
            else:
                finds.append(Find(found.start(), end, self._label))
                at = end
        return finds, max(decided, at if finds else start)

    def _open(self, text: str, start: int) -> int:
        """Where the run begins that the text ends with."""
        at = size = len(text)
        least = max(start, size - self._reach)
        alphabet = self._alphabet
        while at > least and alphabet(text[at - 1]):
            at -= 1
        if at == least and least > start:
            return least  # Longer than any find: what begins before is decided.
        begins = self._begins
        while at < size and not begins(text[at]):
            at += 1
        return at
