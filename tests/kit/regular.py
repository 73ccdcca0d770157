"""Bytes so regular that every content coding makes them some hundred times smaller, and none two hundred times."""

from __future__ import annotations

import random

_BLOCK = 4096


def regular(size: int, seed: int = 0) -> bytes:
    """About `size` bytes, the same for the same seed."""
    chance = random.Random(seed)
    words = b"Lorem ipsum dolor sit amet " * 150
    return b"".join(chance.randbytes(30) + words for _ in range(size // _BLOCK + 1))
