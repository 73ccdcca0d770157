"""A reader's events on their way to the writer: calls get back the names their tools were offered under (R-C2), and
what the provider sealed is handed on to be remembered (R-S3). Adds nothing and leaves nothing out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from gophergate.core.blocks import Thought, ToolCall
from gophergate.core.events import BlockGrew, BlockOpened, Event, Finished
from gophergate.core.reply import Reply, fold
from gophergate.dialects.base import Reader
from gophergate.dialects.toolnames import Restorer


class Hearing(ABC):
    """A `Reader` around a reader, whose events it hears before they are given out."""

    __slots__ = ("_reader",)

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @property
    def finished(self) -> bool:
        return self._reader.finished

    def feed(self, data: bytes) -> list[Event]:
        events = self._reader.feed(data)
        return self._heard(events) if events else events

    def end(self) -> list[Event]:
        return self._heard(self._reader.end())

    def tail(self) -> bytes:
        return self._reader.tail()

    @abstractmethod
    def _heard(self, events: list[Event]) -> list[Event]:
        """What goes on in their place."""


class Listener(Hearing):
    """`keep` is called once, with a whole reply that holds seals, before its last event
    is given out; words are left out of that reply."""

    __slots__ = ("_events", "_keep", "_restorer", "_sealed", "_watched")

    def __init__(self, reader: Reader, restorer: Restorer | None, keep: Callable[[Reply], None]) -> None:
        super().__init__(reader)
        self._restorer = restorer
        self._keep = keep
        self._events: list[Event] = []
        self._watched: set[int] = set()
        self._sealed = False

    def _heard(self, events: list[Event]) -> list[Event]:
        if self._restorer is not None:
            feed = self._restorer.feed
            events = [told for event in events for told in feed(event)]
        for event in events:
            if type(event) is BlockGrew:
                if event.seal is not None:
                    self._sealed = True
                elif event.index not in self._watched:
                    continue
                self._events.append(event)
            elif type(event) is BlockOpened:
                if type(event.block) in (Thought, ToolCall):
                    self._watched.add(event.index)
                if getattr(event.block, "seal", None) is not None:
                    self._sealed = True
                self._events.append(event)
            elif type(event) is Finished and self._sealed:
                self._keep(fold([*self._events, event]))
        return events
