"""How long a page's main thread was held, task by task: in processor time, which other programs cannot lengthen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page

LONG = 50.0
"""Milliseconds from which on a task is felt (the bound of the Long Tasks API)."""
_RUN = "ThreadControllerImpl::RunTask"
_OVER = "what is watched is over"
_KNOWN = 80.0
_GRAIN = 0.2
"""Milliseconds by which it may seem shorter: the page's clock is rounded down to a tenth."""


class Tasks:
    """What ran, once it is over: `ms` each task's processor time, `wall` its time on the clock, both longest first."""

    def __init__(self) -> None:
        self.ms: list[float] = []
        self.wall: list[float] = []

    @property
    def longest(self) -> float:
        """Milliseconds of processor time."""
        return self.ms[0]


@contextmanager
def tasks_of(page: Page) -> Iterator[Tasks]:
    """The tasks of the page's main thread while the block runs, by Chromium's own trace. After it one of known length
    is run and must be found: so the others would have been."""
    browser = page.context.browser
    assert browser is not None
    found = Tasks()
    browser.start_tracing(page=page, categories=["toplevel", "blink.user_timing", "__metadata"])
    try:
        yield found
        page.evaluate(f"performance.mark({json.dumps(_OVER)})")
        page.evaluate(f"{{ const end = performance.now() + {_KNOWN}; while (performance.now() < end); }}")
        page.evaluate("0")  # Answers in a task of its own: so that of known length is over, and in the trace.
    finally:
        events: list[dict[str, Any]] = json.loads(browser.stop_tracing())["traceEvents"]
    mains = {(one["pid"], one["tid"]) for one in events if one.get("args", {}).get("name") == "CrRendererMain"}
    over = next(one["ts"] for one in events if one["name"] == _OVER)
    whole = [one for one in events if one["name"] == _RUN and "tdur" in one]
    runs = [one for one in whole if (one["pid"], one["tid"]) in mains]
    assert max(one["dur"] for one in runs if one["ts"] + one["dur"] > over) >= (_KNOWN - _GRAIN) * 1000
    watched = [one for one in runs if one["ts"] + one["dur"] <= over]
    found.ms = sorted((one["tdur"] / 1000 for one in watched), reverse=True)
    found.wall = sorted((one["dur"] / 1000 for one in watched), reverse=True)
