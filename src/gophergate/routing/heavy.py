"""Work on large bodies, done beside the event loop (R-P2): reading fifty thousand messages takes a second of Python,
and nobody else's words may wait for it. Small bodies are worked on where they are: a thread would cost them more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LARGE = 256 << 10
"""Bytes of a body from which on its work goes to a thread: below, a turn of the loop stays under some twenty ms."""


async def apart(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` gives or raises; it must be pure, for after a cancellation it runs on unheard. `size` is of the body
    it works on."""
    if size < LARGE:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)


def on_loop(loop: asyncio.AbstractEventLoop, work: Callable[..., object], *args: object) -> None:
    """Do `work` on `loop`: now, when that is where we are, or, from work that is done apart, before its end is heard
    of there. For what pure work has to tell to a store that lives in the loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        loop.call_soon_threadsafe(partial(work, *args))
    else:
        work(*args)
