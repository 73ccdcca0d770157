"""Work on large bodies, done beside the event loop (R-P2): reading fifty thousand messages takes a second of Python,
and nobody else's words may wait for it. Small bodies are worked on where they are: a thread would cost them more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LARGE = 256 << 10
"""Bytes of a body from which on its work goes to a thread: below, a turn of the loop stays under some twenty ms."""

HUGE = 4 << 20
"""Bytes from which on a body's work waits only for that of others as large."""

_LANE, _WIDE_LANE = ThreadPoolExecutor(1, "large"), ThreadPoolExecutor(1, "huge")
"""One body at a time, since the interpreter's lock has one holder: with four at work the loop waited for a step of each
of them, and none was done sooner. A second lane, so that a megabyte need not wait for sixty."""

_FEW = 100
"""Elements that are freed in one step."""


async def apart(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` gives or raises; it must be pure, for after a cancellation it runs on unheard. `size` is of the body
    it works on."""
    if size < LARGE:
        return work(*args, **kwargs)
    return await beside(size, work, *args, **kwargs)


async def beside(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The same for what is never done on the loop."""
    lane = _LANE if size < HUGE else _WIDE_LANE
    job: list[Callable[[], T]] = [partial(work, *args, **kwargs)]
    return await asyncio.get_running_loop().run_in_executor(lane, _done, job)


def _done(job: list[Callable[[], T]]) -> T:
    """The thread has let go of what it worked on before its end is heard of."""
    return job.pop()()


def let_go(many: Iterable[object]) -> None:
    """Free these beside the loop too, once whoever runs now has let go of what they are the elements of."""
    loop = asyncio.get_running_loop()
    loop.call_soon(loop.run_in_executor, _WIDE_LANE, free, list(many))


def free(many: list[object]) -> None:
    """Empty a list of elements that nothing else holds: fifty thousand turns take sixty milliseconds, in which CPython
    would let nobody else run."""
    while many:
        del many[-_FEW:]


def on_loop(loop: asyncio.AbstractEventLoop, work: Callable[..., object], *args: object) -> None:
    """Do `work` on `loop`: now, when that is where we are, or, from work that is done apart, before its end is heard
    of there. For what pure work has to tell to a store that lives in the loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        loop.call_soon_threadsafe(partial(work, *args))
    else:
        work(*args)
