"""The memory of a serving process: what was built is not looked at again, and what building freed goes back.

Of `serve` alone: whoever embeds a gateway has a heap of their own.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc


def build_up() -> None:
    """Until `settle`, nothing is looked at: importing leaves a third of a megabyte of cycles, and looking for them as
    often as it is done takes a tenth of a start."""
    gc.disable()


def settle() -> None:
    """What has been built stays: the collector need not look at it, and calls leave few cycles behind."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


async def give_back(built: asyncio.Event) -> None:
    """Once all is built: that stays as well, and the pages that reading lists and importing freed go back to the
    system. glibc would keep them: 2 MB, and 14 where the price list was read. Milliseconds, in a thread."""
    await built.wait()
    await asyncio.to_thread(_trim)


def _trim() -> None:
    gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's alone
    if trim is not None:
        trim(0)
