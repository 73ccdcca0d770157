"""Events of these operations to what a client reads: the objects of `readers` as they are, or as guards left them."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable

from gophergate.core.blocks import Json, Media, Opaque
from gophergate.core.events import BlockOpened, Event, Failed, Finished
from gophergate.dialects.base import Stamp, WritesEach, encode
from gophergate.dialects.openai_chat.errors import envelope
from gophergate.dialects.platform.readers import DONE, SAID_DONE
from gophergate.dialects.platform.table import Operation
from gophergate.dialects.sse import sse


class WholeWriter:
    """One object, one text, or sound: its type is known once it is written."""

    __slots__ = ("_now", "_said", "content_type")

    def __init__(self, stamp: Stamp) -> None:
        self._now = stamp.now
        self.content_type = b"application/json"
        self._said = b""

    def write(self, event: Event) -> bytes:
        """See Writer.write."""
        match event:
            case BlockOpened(block=Opaque(data=str(text))):
                self.content_type, self._said = b"text/plain; charset=utf-8", text.encode()
            case BlockOpened(block=Opaque(data=value)):
                self._said = encode(dated(value, self._now))
            case BlockOpened(block=Media(media_type=kind, data=str(sound))):
                self.content_type, self._said = kind.encode(), b64decode(sound)
            case Finished():
                return self._said
            case Failed(error):
                raise error
        return b""

    def write_all(self, events: Iterable[Event]) -> bytes:
        """See Writer.write_all."""
        return b"".join(map(self.write, events))


class EventWriter(WritesEach):
    """Server-sent events, named as they were."""

    content_type = b"text/event-stream; charset=utf-8"

    __slots__ = ("_now", "_operation")

    def __init__(self, operation: Operation, stamp: Stamp) -> None:
        self._operation = operation
        self._now = stamp.now

    def write(self, event: Event) -> bytes:
        """See Writer.write."""
        match event:
            case BlockOpened(block=Opaque(data=value, label=name)):
                return sse(encode(dated(value, self._now)), name.encode())
            case Finished() if SAID_DONE in event.extra.get(self._operation.dialect, {}):
                return sse(DONE)
            case Failed(error):
                return sse(encode(envelope(error)))
        return b""


def dated(value: Json, now: int) -> Json:
    """The object with the time in it where its maker, who has no clock (the simulator), left it open."""
    if not isinstance(value, dict):
        return value
    undated = [name for name in ("created", "created_at") if name in value and value[name] is None]
    return {**value, **dict.fromkeys(undated, now)} if undated else value
