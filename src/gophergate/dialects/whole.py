"""What the writers of one JSON body share: nothing is told before the reply is whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from gophergate.core.blocks import Json
from gophergate.core.events import Event, Failed, Finished
from gophergate.core.reply import Reply, fold
from gophergate.dialects.base import encode


class BodyWriter(ABC):
    """One JSON body, given with `Finished`. A `Failed` raises its error."""

    content_type = b"application/json"

    __slots__ = ("_events",)

    def __init__(self) -> None:
        self._events: list[Event] = []

    def write(self, event: Event) -> bytes:
        """See Writer.write."""
        self._events.append(event)
        return self.write_all(self._events) if type(event) is Finished or type(event) is Failed else b""

    def write_all(self, events: Iterable[Event]) -> bytes:
        """See Writer.write_all; of a whole reply only."""
        return encode(self._body(fold(events)))

    @abstractmethod
    def _body(self, reply: Reply) -> dict[str, Json]:
        """What the client gets."""
