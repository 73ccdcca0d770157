"""The Responses dialect for one call that leaves something behind: what passes is the same, and who asks is told.

A reply that goes out verbatim tells the id its maker keeps it under; one that we wrote tells the whole response.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from gophergate.core.events import Event, Failed, Finished, Started
from gophergate.core.request import Request
from gophergate.dialects.base import Reader, Stamp, Writer, WritesEach, encode
from gophergate.dialects.openai_responses import OpenAIResponses
from gophergate.dialects.openai_responses.writer import StreamWriter


class KeepingDoor(OpenAIResponses):
    """One call's dialect. `on_seen` gets the id of a reply in this dialect, once its provider has named it, and that
    provider's name; `on_made` the id and the bytes of a response that we wrote, before its last bytes go to the client;
    `on_told` each writer's events of a stream that we write.

    With `stateless`, what we see to ourselves (storage, earlier turns, the background) is not asked of the target; the
    response shows all the same what `said` says of it.
    """

    def __init__(
        self,
        said: Callable[[Request], Request],
        *,
        stateless: bool,
        on_seen: Callable[[str, str], None],
        on_made: Callable[[str, bytes], None],
        on_told: Callable[[object, bytes], None],
    ) -> None:
        self._said = said
        self._stateless = stateless
        self._on_seen = on_seen
        self._on_made = on_made
        self._on_told = on_told

    def read_request(self, body: bytes, *, model: str = "", stream: bool = False) -> Request:
        request = super().read_request(body, model=model, stream=stream)
        if self._stateless:
            request = replace(request, store=None, background=None, previous_response_id=None)
        return request

    def reader(self, *, stream: bool, origin: str = "") -> Reader:
        return _WatchedReader(super().reader(stream=stream, origin=origin), origin, self._on_seen)

    def writer(self, request: Request, stamp: Stamp, *, stream: bool) -> Writer:
        writer = super().writer(self._said(request), stamp, stream=stream)
        return _WatchedWriter(writer, f"resp_{stamp.token}", self._on_made, self._on_told if stream else None)


class CompactDoor(OpenAIResponses):
    """`POST /v1/responses/compact`: in this dialect or not at all. One that is made in the background is told to
    `on_seen`, as `KeepingDoor` tells it."""

    def __init__(self, on_seen: Callable[[str, str], None] | None = None) -> None:
        self._on_seen = on_seen

    def door(self, model: str, *, stream: bool) -> str:
        return "/responses/compact"

    def reader(self, *, stream: bool, origin: str = "") -> Reader:
        reader = super().reader(stream=stream, origin=origin)
        return reader if self._on_seen is None else _WatchedReader(reader, origin, self._on_seen)


class _WatchedReader:
    """A reader that tells the reply's id once."""

    __slots__ = ("_on_seen", "_origin", "_reader")

    def __init__(self, reader: Reader, origin: str, on_seen: Callable[[str, str], None]) -> None:
        self._reader = reader
        self._origin = origin
        self._on_seen: Callable[[str, str], None] | None = on_seen

    @property
    def finished(self) -> bool:
        return self._reader.finished

    def feed(self, data: bytes) -> list[Event]:
        return self._watched(self._reader.feed(data))

    def end(self) -> list[Event]:
        return self._watched(self._reader.end())

    def tail(self) -> bytes:
        return self._reader.tail()

    def _watched(self, events: list[Event]) -> list[Event]:
        if events and self._on_seen is not None:
            for event in events:
                if type(event) is Started and event.id:
                    self._on_seen(event.id, self._origin)
                    self._on_seen = None
                    break
        return events


class _WatchedWriter(WritesEach):
    """A writer that tells the response it wrote."""

    __slots__ = ("_id", "_on_made", "_on_told", "_writer", "content_type")

    def __init__(
        self,
        writer: Writer,
        response_id: str,
        on_made: Callable[[str, bytes], None],
        on_told: Callable[[object, bytes], None] | None,
    ) -> None:
        self._on_told = on_told
        self.content_type = writer.content_type
        self._id = response_id
        self._writer = writer
        self._on_made = on_made

    def write(self, event: Event) -> bytes:
        said = self._writer.write(event)
        if self._on_told is not None:
            self._on_told(self, said)
        if isinstance(event, Finished | Failed):
            if not isinstance(self._writer, StreamWriter):
                self._on_made(self._id, said)
            elif self._writer.response is not None:
                self._on_made(self._id, encode(self._writer.response))
        return said

    def pieces(self, event: Event) -> list[bytes]:
        """As `write`, unjoined."""
        if not isinstance(self._writer, StreamWriter):
            return [self.write(event)]
        pieces = self._writer.pieces(event)
        if self._on_told is not None:
            for said in pieces:
                self._on_told(self, said)
        if isinstance(event, Finished) and self._writer.response is not None:
            self._on_made(self._id, encode(self._writer.response))
        return pieces
