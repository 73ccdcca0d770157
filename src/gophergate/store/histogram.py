"""Durations in a fixed set of buckets, so that percentiles survive being added up. Plain arithmetic, no SQL."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

BOUNDS = (25, 50, 100, 150, 250, 400, 600, 1000, 1500, 2500, 4000, 6000, 10_000, 15_000, 30_000, 60_000)
"""Upper bounds in milliseconds, each belonging to its bucket; one more bucket takes all that is longer.

Stored rows depend on them: to change one is a migration.
"""
SIZE = len(BOUNDS) + 1


bucket: Callable[[float], int] = partial(bisect_left, BOUNDS)
"""The number of the bucket a duration in milliseconds falls into."""


def counted(durations: Iterable[float]) -> Iterator[tuple[int, int]]:
    """The buckets that durations in milliseconds fall into, each with how many. Sorted, a bucket takes two looks."""
    ordered = sorted(durations)
    at = 0
    while at < len(ordered):
        number = bucket(ordered[at])
        end = bisect_right(ordered, BOUNDS[number], at) if number < len(BOUNDS) else len(ordered)
        yield number, end - at
        at = end


def percentile(counts: Sequence[int], share: float) -> float | None:
    """The duration in milliseconds that a `share` (0 to 1) of the counted ones stay within; None of nothing.

    Inside a bucket durations count as spread evenly, so the answer is right to the bucket's width. What fell
    beyond the last bound is answered with that bound: "a minute or more".
    """
    total = sum(counts)
    if total <= 0:
        return None
    wanted = share * total
    seen = 0
    for number, count in enumerate(counts[:-1]):
        if count > 0 and seen + count >= wanted:
            lower = BOUNDS[number - 1] if number else 0
            return lower + (BOUNDS[number] - lower) * (wanted - seen) / count
        seen += count
    return float(BOUNDS[-1])
