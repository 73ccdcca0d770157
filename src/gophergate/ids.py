"""Ids that sort by time: 12 hexadecimal digits of Unix milliseconds and 14 of randomness, 26 characters in all."""

from __future__ import annotations

from collections.abc import Callable


class Ids:
    """Makes ids from a clock (Unix seconds) and a source of random bits, both passed in."""

    __slots__ = ("_bits", "_clock")

    def __init__(self, clock: Callable[[], float], bits: Callable[[int], int]) -> None:
        self._clock = clock
        self._bits = bits

    def new(self) -> str:
        """A new id: [0-9a-f]{26}, unique for all practical purposes, in order of time to the millisecond."""
        return (int(self._clock() * 1000) << 56 | self._bits(56)).to_bytes(13, "big").hex()
