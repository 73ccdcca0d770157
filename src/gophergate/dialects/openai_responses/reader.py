"""A provider's reply, read: the event stream or one response object, to canonical events.

Both go through the same `Reply`. Events of unknown types are passed over; a stream that ends without
`response.completed` (or incomplete, failed, error) is a failure.
"""

from __future__ import annotations

import msgspec

from gophergate.core.events import Event
from gophergate.dialects.foreign import decode_foreign, made_strict
from gophergate.dialects.openai_responses.errors import complaint_of
from gophergate.dialects.openai_responses.events_seen import HANDLERS
from gophergate.dialects.openai_responses.items_seen import (
    SeenOpaque,
)
from gophergate.dialects.openai_responses.reply_seen import Reply, Said
from gophergate.dialects.sse import SseDecoder
from gophergate.errors import UpstreamBroken

_DECODER = msgspec.json.Decoder(Said, strict=False)
"""Not strict: an index written as "0" or 0.0 is an index."""


class StreamReader:
    """The event stream. Unknown events and comments are passed over; bytes that are no JSON are a failure."""

    __slots__ = ("_reply", "_sse")

    def __init__(self, origin: str) -> None:
        self._sse = SseDecoder()
        self._reply = Reply(origin)

    @property
    def finished(self) -> bool:
        return self._reply.assembler.finished

    def feed(self, data: bytes) -> list[Event]:
        return self._read(self._sse.feed(data))

    def end(self) -> list[Event]:
        self._read_into(self._sse.end())
        self._reply.assembler.done()
        return self._reply.assembler.take()

    def tail(self) -> bytes:
        return b""

    def _read(self, pairs: list[tuple[bytes, bytes]]) -> list[Event]:
        self._read_into(pairs)
        return self._reply.assembler.take()

    def _read_into(self, pairs: list[tuple[bytes, bytes]]) -> None:
        reply = self._reply
        for name, data in pairs:
            if reply.assembler.finished:
                return
            try:
                said = self._said(data)
                handler = HANDLERS.get(said.type)
                if handler is not None:
                    handler(reply, said)
                else:
                    self._other(said, name, data)
            except msgspec.ValidationError:
                continue  # JSON, but no event of ours: passed over like one of an unknown type.
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                if data.strip() == b"[DONE]":
                    reply.assembler.done()
                elif data.strip():
                    reply.assembler.fail(UpstreamBroken("The provider's stream holds an event that is not JSON."))

    @staticmethod
    def _said(data: bytes) -> Said:
        try:
            return _DECODER.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            strict = None if isinstance(error, msgspec.ValidationError) else made_strict(data)
            if strict is None:
                raise
            return _DECODER.decode(strict)

    def _other(self, said: Said, name: bytes, data: bytes) -> None:
        """Errors, reports of server tools, and what nobody knows yet."""
        seen = self._reply.known(said) if said.output_index is not None or said.item_id else None
        if isinstance(seen, SeenOpaque):
            seen.report(decode_foreign(data))
        elif said.type in ("", "error"):
            event = decode_foreign(data)
            if said.type == "" and name == b"error" and not event.get("error"):
                event = {"error": event}
            complaint = complaint_of(event)
            if complaint is not None:
                self._reply.fail(complaint, event)


class BodyReader:
    """One response object. White space around it means nothing (OpenRouter keeps the line warm with it)."""

    __slots__ = ("_pieces", "_reply")

    def __init__(self, origin: str) -> None:
        self._pieces: list[bytes] = []
        self._reply = Reply(origin)

    @property
    def finished(self) -> bool:
        return self._reply.assembler.finished

    def feed(self, data: bytes) -> list[Event]:
        if not self.finished:
            self._pieces.append(data)
        return []

    def end(self) -> list[Event]:
        if not self.finished:
            self._conclude(b"".join(self._pieces))
            self._pieces.clear()
        return self._reply.assembler.take()

    def tail(self) -> bytes:
        return b""

    def _conclude(self, body: bytes) -> None:
        reply = self._reply
        try:
            response = decode_foreign(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            reply.assembler.fail(UpstreamBroken("The provider's answer is not JSON, or was cut."))
            return
        if isinstance(response, dict) and isinstance(response.get("output"), list):
            reply.conclude(response)
            return
        complaint = complaint_of(response)
        if complaint is not None:
            reply.fail(complaint, response)
        else:
            reply.assembler.fail(UpstreamBroken("The provider's answer is no response object."))
