"""Answers of these operations to events: each object of theirs is one block that only its own door understands.

Pictures and sound stand in it as they came, unread: nobody looks into them. Never raises for what a provider sends.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gophergate.core.blocks import Json, Media, Opaque
from gophergate.core.events import Event, Failed
from gophergate.core.usage import Usage
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.members import object_of, text_of
from gophergate.dialects.openai_chat.errors import complaint_of, refusal_of
from gophergate.dialects.platform.table import Operation
from gophergate.dialects.sse import SseDecoder
from gophergate.errors import UpstreamBroken, UpstreamCut

DONE = b"[DONE]"
SAID_DONE = "_done"
"""In the extras of a finish: the stream ended with `[DONE]`."""
_HEAVY = frozenset({"b64_json", "audio", "audio_data", "partial_image_b64"})
"""Members that hold a picture or sound."""
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANY = msgspec.json.Decoder()
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def decoded(body: bytes | msgspec.Raw) -> Json:
    """A JSON value but for its pictures and sound, which stay as they were written. Raises msgspec.DecodeError."""
    if bytes(memoryview(body)[:1]) != b"{":
        return _ANY.decode(body)
    return {name: _value(name, raw) for name, raw in _MEMBERS.decode(body).items()}


def _value(name: str, raw: msgspec.Raw) -> Json:
    if name in _HEAVY:
        return raw
    first = bytes(memoryview(raw)[:1])
    if first == b"[" and name == "data":
        return [decoded(item) for item in _LIST.decode(raw)]
    return _ANY.decode(raw)


class WholeReader:
    """One answer in one piece: JSON, or plain text (subtitles)."""

    __slots__ = ("_operation", "_pieces", "finished")

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._pieces: list[bytes] = []
        self.finished = False

    def feed(self, data: bytes) -> list[Event]:
        """Nothing yet."""
        if not self.finished:
            self._pieces.append(data)
        return []

    def end(self) -> list[Event]:
        """Everything."""
        if self.finished:
            return []
        self.finished = True
        body = b"".join(self._pieces).strip()
        self._pieces = []
        events = Assembler()
        value: Json
        try:
            value = decoded(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            value = body.decode("utf-8", "replace")
        if not value or (isinstance(value, str) and value[:1] in "{["):
            events.fail(UpstreamBroken("The provider's answer is empty or cut."))
            return events.take()
        answer = object_of(value)
        refused = complaint_of(answer) if answer.get("error") or answer.get("base_resp") else None
        if refused is not None:
            events.fail(refusal_of(refused, body.decode("utf-8", "replace")))
            return events.take()
        events.start(model=text_of(answer.get("model")))
        events.whole(Opaque(dialect=self._operation.dialect, label="answer", data=value))
        events.usage(self._operation.usage(answer))
        events.ending("stop")
        events.done()
        return events.take()

    def tail(self) -> bytes:
        """Nothing: an answer is whole or broken."""
        return b""


class EventReader:
    """Server-sent events. It is over with `[DONE]`, or with the bytes once an event that ends it was seen."""

    __slots__ = ("_events", "_operation", "_sse")

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._sse = SseDecoder()
        self._events = Assembler()

    @property
    def finished(self) -> bool:
        """See Reader.finished."""
        return self._events.finished

    def feed(self, data: bytes) -> list[Event]:
        """See Reader.feed."""
        for event, payload in self._sse.feed(data):
            self._read(event, payload)
        return self._events.take()

    def end(self) -> list[Event]:
        """See Reader.end."""
        for event, payload in self._sse.end():
            self._read(event, payload)
        if self._events.has_reason:
            self._events.done()
        else:
            self._events.fail(UpstreamCut())
        return self._events.take()

    def tail(self) -> bytes:
        """Nothing: no client waits for more than the last event."""
        return b""

    def _read(self, name: bytes, payload: bytes) -> None:
        events = self._events
        if events.finished:
            return
        if payload.strip() == DONE:
            events.ending("stop", extra={self._operation.dialect: {SAID_DONE: True}})
            events.done()
            return
        try:
            value = decoded(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            events.fail(UpstreamBroken("The provider sent an event that is not JSON."))
            return
        said: dict[str, Any] = object_of(value)
        kind = text_of(said.get("type"))
        if said.get("error") or kind == "error":
            complaint = complaint_of(said)
            if complaint is not None:
                events.fail(refusal_of(complaint, payload.decode("utf-8", "replace")))
                return
        events.start(model=text_of(said.get("model")))
        label = name.decode("utf-8", "replace")
        events.whole(Opaque(dialect=self._operation.dialect, label=label, data=value))
        if said.get("usage"):
            events.usage(self._operation.usage(said))
        if kind in self._operation.ends:
            events.ending("stop")


class SoundReader:
    """Bytes that nobody reads: they are an answer from the first one on, and whole when their transfer is.

    `used` is what the request says of its use, which holds once there is an answer."""

    __slots__ = ("_begun", "_events")

    def __init__(self, kind: str, used: Usage | None) -> None:
        self._events = Assembler()
        self._events.whole(Media(kind="audio", media_type=kind))
        self._events.usage(used)
        self._begun = False

    @property
    def finished(self) -> bool:
        """See Reader.finished. Only the transfer says that it is over."""
        return False

    def feed(self, data: bytes) -> list[Event]:
        """See Reader.feed."""
        if self._begun or not data:
            return []
        self._begun = True
        return self._events.take()

    def end(self) -> list[Event]:
        """See Reader.end."""
        if self._begun:
            self._events.ending("stop")
            self._events.done()
            return self._events.take()
        return [Failed(UpstreamBroken("The provider's answer is empty."))]

    def tail(self) -> bytes:
        """See Reader.tail."""
        return b""
