"""A provider's Messages reply to canonical events: the stream, and the whole body.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming. Blocks of text that never say anything are
not opened: the API refuses them when they come back (edge cases 18, 19). A block that only this dialect understands
(a server tool's call or result, a compaction) is told whole once it is complete, because only then it means anything.
"""

from __future__ import annotations

import msgspec

from gophergate.core.blocks import Json, Opaque, Text, ToolCall
from gophergate.core.events import Event
from gophergate.dialects.anthropic_messages import failures
from gophergate.dialects.anthropic_messages.blocks import read_block, read_citations, seal_of
from gophergate.dialects.anthropic_messages.usage import merge_reports, read_usage
from gophergate.dialects.anthropic_messages.wire import READ_REASON, extra_of
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import decode
from gophergate.dialects.foreign import decode_foreign
from gophergate.dialects.members import count_of, object_of, text_of
from gophergate.dialects.sse import SseDecoder
from gophergate.errors import BadRequest, UpstreamBroken

MESSAGE_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

_PLAIN = frozenset({"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"})
"""Members of a message that have a canonical name; the others ride along to the same dialect."""

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, BadRequest)


class _Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    partial_json: str = ""


class _Frame(msgspec.Struct):
    """The one event that comes by the thousand, decoded no further than it is read."""

    type: str = ""
    index: int = -1
    delta: _Delta | None = None


_FRAMES = msgspec.json.Decoder(_Frame)


class StreamReader:
    """Server-sent events. `ping` and unknown events mean nothing; an `error` event ends the reply."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._sse = SseDecoder()
        self._out = Assembler()
        self._next = 0
        self._keys: dict[int, int] = {}
        self._last = -1
        self._silent: dict[int, Text] = {}
        self._empty: dict[int, str] = {}
        self._whole: dict[int, tuple[dict[str, Json], list[str]]] = {}
        self._usage: dict[str, Json] = {}
        self._extra: dict[str, Json] = {}
        self._tail = b""

    @property
    def finished(self) -> bool:
        return self._out.finished

    def feed(self, data: bytes) -> list[Event]:
        for name, payload in self._sse.feed(data):
            self._event(name, payload)
        return self._out.take()

    def end(self) -> list[Event]:
        if not self._out.finished:
            for name, payload in self._sse.end():
                self._event(name, payload)
        if not self._out.finished:
            self._finish()
            self._tail = MESSAGE_STOP if self._out.has_reason else b""
        return self._out.take()

    def tail(self) -> bytes:
        return self._tail

    def _event(self, name: bytes, payload: bytes) -> None:
        if self._out.finished or not payload or payload == b"[DONE]":
            return
        try:
            if name == b"content_block_delta" and self._delta_of_text(payload):
                return
            self._other(decode_foreign(payload), name)
        except _UNREADABLE as error:
            self._out.fail(UpstreamBroken(f"An event of the provider's stream cannot be read: {_why(error)}."))

    def _delta_of_text(self, payload: bytes) -> bool:
        """The short way for what a stream mostly is. False when the event is another, or not quite as expected."""
        try:
            frame = _FRAMES.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        delta = frame.delta
        if delta is None or frame.index not in self._keys:
            return False
        match delta.type:
            case "text_delta":
                self._say(self._keys[frame.index], delta.text)
            case "thinking_delta":
                self._out.grow(self._keys[frame.index], delta.thinking)
            case "input_json_delta":
                self._argue(self._keys[frame.index], delta.partial_json)
            case _:
                return False
        return True

    def _other(self, said: Json, name: bytes) -> None:
        event = object_of(said)
        match text_of(event.get("type")) or name.decode("utf-8", "replace"):
            case "content_block_delta":
                self._delta(event.get("index"), object_of(event.get("delta")))
            case "content_block_start":
                self._open(event.get("index"), event.get("content_block"))
            case "content_block_stop":
                key = self._key(event.get("index"))
                if key is not None:
                    self._close(key)
            case "message_start":
                self._start(object_of(event.get("message")))
            case "message_delta":
                self._end(event)
            case "message_stop":
                self._finish()
            case "error":
                self._out.fail(failures.read_event(said))
            case _ if event.get("error"):  # what stands before the vendor's door breaks off in words of its own
                self._out.fail(failures.read_event(said))

    def _start(self, message: dict[str, Json]) -> None:
        extra = {name: value for name, value in message.items() if name not in _PLAIN and value is not None}
        self._out.start(text_of(message.get("id")), text_of(message.get("model")), extra=extra_of(extra))
        self._report(message.get("usage"))

    def _report(self, usage: Json) -> None:
        if isinstance(usage, dict):
            merge_reports(self._usage, usage)
            self._out.usage(read_usage(self._usage))

    # -- blocks -----------------------------------------------------------------------------------------------

    def _key(self, index: Json) -> int | None:
        """The block an event speaks of; one without an index, as some speakers of this wire tell it, of the last."""
        number = count_of(index)
        return self._keys.get(self._last if number is None else number)

    def _open(self, index: Json, raw: Json) -> None:
        number = count_of(index)
        index = self._last + 1 if number is None else number
        self._last = index
        before = self._keys.get(index)
        if before is not None:
            self._close(before)
        key = self._keys[index] = self._next
        self._next += 1
        block = read_block(raw, "content_block", origin=self._origin, role="assistant")
        match block:
            case Text() if not (block.text or block.citations):
                self._silent[key] = block
            case ToolCall():
                # The arguments come in pieces; should none come, those of the opening stand ("{}" as a rule).
                self._empty[key] = block.arguments
                self._out.open(key, msgspec.structs.replace(block, arguments=""))
            case Opaque():
                self._whole[key] = (dict(object_of(raw)), [])
            case _:
                self._out.open(key, block)

    def _delta(self, index: Json, delta: dict[str, Json]) -> None:
        kind = text_of(delta.get("type"))
        key = self._key(index)
        if key is None:
            # A provider that leaves the opening out: text and thinking can be told without it, a call cannot.
            if kind not in ("text_delta", "thinking_delta"):
                raise BadRequest("a block grows that was never begun")
            self._open(index, {"type": kind.removesuffix("_delta")})
            key = self._key(index)
            assert key is not None  # noqa: S101 - just opened
        match kind:
            case "text_delta":
                self._say(key, text_of(delta.get("text")))
            case "thinking_delta":
                self._out.grow(key, text_of(delta.get("thinking")))
            case "input_json_delta":
                self._argue(key, text_of(delta.get("partial_json")))
            case "signature_delta":
                signature = text_of(delta.get("signature"))
                if signature:
                    self._out.grow(key, seal=seal_of(signature, self._origin)[0])
            case "citations_delta":
                self._voice(key)
                self._out.grow(key, citations=read_citations([delta.get("citation")]))
            case _ if key in self._whole:
                block, _ = self._whole[key]
                block.update((name, value) for name, value in delta.items() if name != "type" and value is not None)

    def _say(self, key: int, text: str) -> None:
        if text:
            self._voice(key)
            self._out.grow(key, text)

    def _voice(self, key: int) -> None:
        """Open a block of text that has been silent so far."""
        block = self._silent.pop(key, None)
        if block is not None:
            self._out.open(key, block)

    def _argue(self, key: int, piece: str) -> None:
        if not piece:
            return
        if key in self._whole:
            self._whole[key][1].append(piece)
            return
        self._empty.pop(key, None)
        self._out.grow(key, piece)

    def _close(self, key: int) -> None:
        if key in self._silent:
            del self._silent[key]
        elif key in self._empty:
            self._out.grow(key, self._empty.pop(key))
        elif key in self._whole:
            block, pieces = self._whole.pop(key)
            if pieces:
                block["input"] = _input_of(pieces)
            self._out.whole(read_block(block, "content_block", origin=self._origin, role="assistant"))
        self._out.close(key)

    # -- the end ----------------------------------------------------------------------------------------------

    def _end(self, event: dict[str, Json]) -> None:
        self._report(event.get("usage"))
        delta = object_of(event.get("delta"))
        members = {**event, **delta}
        known = ("type", "delta", "usage", "stop_reason", "stop_sequence")
        self._extra.update((name, value) for name, value in members.items() if name not in known and value is not None)
        native = text_of(delta.get("stop_reason"))
        if native:
            _end_with(self._out, native, delta.get("stop_sequence"), self._extra, self._usage)

    def _finish(self) -> None:
        if self._out.has_reason:
            for key in [*self._empty, *self._whole]:
                self._close(key)
        self._out.done()


class BodyReader:
    """One JSON body, read once it is whole. White space around and inside it means nothing."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._pieces: list[bytes] = []
        self._out = Assembler()

    @property
    def finished(self) -> bool:
        return self._out.finished

    def feed(self, data: bytes) -> list[Event]:
        if not self._out.finished:
            self._pieces.append(data)
        return []

    def end(self) -> list[Event]:
        if not self._out.finished:
            body = b"".join(self._pieces)
            self._pieces.clear()
            try:
                self._read(decode_foreign(body))
            except _UNREADABLE as error:
                self._out.fail(UpstreamBroken(f"The provider's answer cannot be read: {_why(error)}."))
        return self._out.take()

    def tail(self) -> bytes:
        return b""

    def _read(self, said: Json) -> None:
        message = object_of(said)
        if message.get("type") == "error" or message.get("error"):
            self._out.fail(failures.read_event(said))
            return
        content = message.get("content")
        if not isinstance(content, list):
            raise BadRequest("it is no message")
        out = self._out
        out.start(text_of(message.get("id")), text_of(message.get("model")))
        for raw in content:
            block = read_block(raw, "content", origin=self._origin, role="assistant")
            if not (isinstance(block, Text) and not block.text and not block.citations):
                out.whole(block)
        usage = object_of(message.get("usage"))
        out.usage(read_usage(usage))
        extra = {name: value for name, value in message.items() if name not in _PLAIN and value is not None}
        # A body is whole by its last brace: one that gives no reason has still ended.
        native = text_of(message.get("stop_reason")) or "end_turn"
        _end_with(out, native, message.get("stop_sequence"), extra, usage)
        out.done()


def _end_with(out: Assembler, native: str, sequence: Json, extra: dict[str, Json], usage: dict[str, Json]) -> None:
    """`usage` as the provider told it rides along, so that its own clients get all of it back."""
    out.ending(
        READ_REASON.get(native, "stop"),
        native=native,
        stop_sequence=sequence if isinstance(sequence, str) else None,
        extra=extra_of({**extra, **({"usage": dict(usage)} if usage else {})}),
    )


def _why(error: Exception) -> str:
    if isinstance(error, BadRequest):
        return error.message.rstrip(".")
    return "it is nested too deeply" if isinstance(error, RecursionError) else "it is not whole JSON"


def _input_of(pieces: list[str]) -> Json:
    """A server tool's input. Cut short (the tokens ran out), it stands as the text that came."""
    text = "".join(pieces)
    try:
        return decode(text.encode())
    except (msgspec.DecodeError, RecursionError):
        return {"input": text}
