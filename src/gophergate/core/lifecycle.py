"""The checker of the event lifecycle (law 3, R-T1): fed events one by one, it raises at the first breach.

Ships with the package so that provider rows, dialects and tests all hold to the same sentences.
"""

from __future__ import annotations

from collections.abc import Iterable

from gophergate.core.events import (
    BlockClosed,
    BlockGrew,
    BlockOpened,
    Event,
    Failed,
    Finished,
    Started,
    UsageSeen,
)


class LifecycleBroken(AssertionError):
    """The event list breaks the lifecycle; the message says which sentence, and at which event."""


class Lifecycle:
    """Feed every event to `see`, then call `ended`."""

    def __init__(self) -> None:
        self._seen = 0
        self._started = False
        self._opened = 0
        self._open: set[int] = set()
        self._terminal = False

    def see(self, event: Event) -> None:
        """Check one more event. Raises LifecycleBroken."""
        self._check(not self._terminal, event, "nothing follows the terminal event")
        if not isinstance(event, Started | Failed):
            self._check(self._started, event, "Started comes first")
        match event:
            case Started():
                self._check(not self._started, event, "a reply starts once")
                self._started = True
            case BlockOpened():
                self._check(event.index == self._opened, event, f"the next index is {self._opened}")
                self._opened += 1
                self._open.add(event.index)
            case BlockGrew():
                self._check(event.index in self._open, event, "only an open block grows")
            case BlockClosed():
                self._check(event.index in self._open, event, "only an open block closes")
                self._open.remove(event.index)
            case UsageSeen():
                pass
            case Finished():
                self._check(not self._open, event, f"blocks {sorted(self._open)} are still open")
                self._terminal = True
            case Failed():
                self._terminal = True
        self._seen += 1

    def ended(self) -> None:
        """Check that the list was complete. Raises LifecycleBroken."""
        if not self._terminal:
            raise LifecycleBroken(f"no terminal event after {self._seen} events")

    def _check(self, holds: bool, event: Event, sentence: str) -> None:
        if not holds:
            raise LifecycleBroken(f"event {self._seen} ({event!r}): {sentence}")


def checked(events: Iterable[Event]) -> list[Event]:
    """The events as a list, once they have been held against the whole lifecycle."""
    lifecycle, seen = Lifecycle(), []
    for event in events:
        lifecycle.see(event)
        seen.append(event)
    lifecycle.ended()
    return seen
