"""How far a client is behind, when what was queued a moment ago is no fault of its own.

A picture of twelve megabytes is told four times over in one turn of the loop (Responses), which no client can take in
between: only what was queued in earlier turns says that it takes too little.
"""

from __future__ import annotations

import asyncio


class Burst:
    """Counts the bytes queued under pressure within one turn of the running loop."""

    __slots__ = ("size",)

    def __init__(self) -> None:
        self.size = 0

    def add(self, size: int) -> None:
        """So many more, now."""
        if not self.size:
            asyncio.get_running_loop().call_soon(self._over)
        self.size += size

    def _over(self) -> None:
        self.size = 0
