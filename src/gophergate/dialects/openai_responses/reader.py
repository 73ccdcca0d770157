"""A provider's reply, read: the event stream or one response object, to canonical events.

Both go through the same `_Reply`, which keeps the output items by their index. Events of unknown types are passed
over; a stream that ends without `response.completed` (or incomplete, failed, error) is a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from gophergate.core.blocks import Json, Media
from gophergate.core.events import Event
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import decode, encode
from gophergate.dialects.openai_responses.errors import Complaint, complaint_of, refusal_of
from gophergate.dialects.openai_responses.items_seen import (
    Key,
    Seen,
    SeenCall,
    SeenMessage,
    SeenOpaque,
    SeenThought,
    seen_item,
)
from gophergate.dialects.openai_responses.usage import read_usage
from gophergate.dialects.openai_responses.wire import (
    ANSWERED,
    READ_INCOMPLETE,
    RESPONSE,
    UNFINISHED,
    extra_of,
    list_of,
    object_of,
    text_of,
)
from gophergate.dialects.sound import SoundPieces
from gophergate.dialects.sse import SseDecoder
from gophergate.errors import UpstreamBroken


class _Said(msgspec.Struct):
    """The members of stream events that are read."""

    type: str = ""
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    delta: Any = None
    logprobs: Any = None
    text: Any = None
    refusal: Any = None
    arguments: Any = None
    input: Any = None
    part: Any = None
    item: Any = None
    annotation: Any = None
    response: Any = None


_PRICED = frozenset({"web_search", "file_search", "code_interpreter", "image_generation"})
_SPEECH = "speech"
_DECODER = msgspec.json.Decoder(_Said)


class _Reply:
    """A reply while it comes in."""

    def __init__(self, origin: str) -> None:
        self.assembler = Assembler()
        self._origin = origin
        self._items: dict[Key, Seen] = {}
        self._uses: dict[str, int] = {}
        self._sound = SoundPieces()

    # -- items --------------------------------------------------------------------------------------------------

    def seen(self, said: _Said, kind: str, item: Json = None) -> Seen:
        """The item an event speaks of; one that was never announced begins here."""
        key: Key = said.output_index if said.output_index is not None else said.item_id or ""
        if key == "":
            key = text_of(object_of(item).get("id"))
        found = self._items.get(key)
        if found is None:
            members = object_of(item) or {"type": kind, "id": said.item_id or ""}
            found = self._items[key] = seen_item(self.assembler, key, members, self._origin)
            found.ids.add(text_of(members.get("id")))
        return found

    def known(self, said: _Said) -> Seen | None:
        """The item an event speaks of, if it was announced."""
        return self._items.get(said.output_index if said.output_index is not None else said.item_id or "")

    def whole(self, seen: Seen, item: dict[str, Any]) -> None:
        """An item's last word."""
        if not seen.is_whole:
            seen.ids.add(text_of(item.get("id")))
            seen.finish(item)
            self._count(item)

    def _count(self, item: dict[str, Any]) -> None:
        """Server tools are priced by the use; of a search's actions only the search itself is."""
        name, is_call, _ = text_of(item.get("type")).rpartition("_call")
        action = object_of(item.get("action")).get("type")
        if is_call and name in _PRICED and action in (None, "search"):
            self._uses[name] = self._uses.get(name, 0) + 1

    # -- the response -------------------------------------------------------------------------------------------

    def begin(self, response: Json) -> None:
        """The provider began; said with every early snapshot of the response."""
        members = object_of(response)
        created = members.get("created_at")
        self.assembler.start(
            id=text_of(members.get("id")),
            model=text_of(members.get("model")),
            created=int(created) if isinstance(created, int | float) and abs(created) < 2**53 else None,
        )

    def conclude(self, response: dict[str, Any], status: str = "") -> None:
        """The provider's last word: the whole response. Items that were not told before are told now."""
        self.begin(response)
        status = status or text_of(response.get("status"))
        error = response.get("error")
        if status == "failed" or (error and not response.get("output")):
            self.assembler.usage(read_usage(response, self._uses))
            self.fail(complaint_of({"error": error}) or Complaint("The provider failed and did not say why."), response)
            return
        self._settle(list_of(response.get("output")))
        self.assembler.usage(read_usage(response, self._uses))
        self._end(response, status)

    def _settle(self, output: list[Any]) -> None:
        """Match the final output with what was seen, by id, then by place and kind; each seen item answers once, for
        xAI gives all reasoning of a reply one id, and GitHub's gateway gives an item another id in each telling."""
        unmatched = dict(self._items)
        ids = [text_of(object_of(item).get("id")) for item in output]
        named = set(ids) - {""}
        for index, entry in enumerate(output):
            item = object_of(entry)
            key: Key | None = next((k for k, seen in unmatched.items() if ids[index] and ids[index] in seen.ids), None)
            placed = unmatched.get(index)
            if key is None and placed is not None and placed.kind == item.get("type") and placed.ids.isdisjoint(named):
                key = index
            if key is None:
                key = index if index not in self._items else f"output {index}"
                seen = self._items[key] = seen_item(self.assembler, key, item, self._origin)
            else:
                seen = unmatched.pop(key)
            self.whole(seen, item)

    def _end(self, response: dict[str, Any], status: str) -> None:
        extra = extra_of({RESPONSE: {name: value for name, value in response.items() if name not in ANSWERED}})
        if status == "incomplete":
            why = text_of(object_of(response.get("incomplete_details")).get("reason"))
            self.assembler.ending(READ_INCOMPLETE.get(why, "length"), native=why or status, extra=extra)
        elif status == "cancelled":
            self.assembler.fail(UpstreamBroken("The provider cancelled its reply."))
        elif status in UNFINISHED:
            self.assembler.ending("pause", native=status, extra=extra)
        else:
            self.assembler.ending("stop", native=status, extra=extra)
        self.assembler.done()

    def speak(self, data: str = "", transcript: str = "", *, is_over: bool = False) -> None:
        """More sound, which belongs to no item."""
        self.assembler.open(_SPEECH, Media(kind="audio"))
        self.assembler.grow(_SPEECH, self._sound.joined(data), transcript=transcript)
        if is_over:
            self.assembler.grow(_SPEECH, self._sound.rest())

    def fail(self, complaint: Complaint, raw: Json) -> None:
        """The provider said what went wrong, inside a 200."""
        self.assembler.fail(refusal_of(complaint, encode(raw).decode()))


# -- stream events, by type -------------------------------------------------------------------------------------


def _began(reply: _Reply, said: _Said) -> None:
    reply.begin(said.response)


def _added(reply: _Reply, said: _Said) -> None:
    if isinstance(said.item, dict):
        reply.seen(said, "", said.item)


def _item_done(reply: _Reply, said: _Said) -> None:
    if isinstance(said.item, dict):
        reply.whole(reply.seen(said, "", said.item), said.item)


def _text_delta(reply: _Reply, said: _Said) -> None:
    seen = reply.seen(said, "message")
    if isinstance(seen, SeenMessage):
        seen.grow(said.content_index or 0, said.delta, list_of(said.logprobs) or None)


def _refusal_delta(reply: _Reply, said: _Said) -> None:
    seen = reply.seen(said, "message")
    if isinstance(seen, SeenMessage):
        seen.grow(said.content_index or 0, said.delta, refusal=True)


def _text_done(reply: _Reply, said: _Said) -> None:
    seen = reply.seen(said, "message")
    if isinstance(seen, SeenMessage):
        whole = {"text": said.text} if said.refusal is None else {"refusal": said.refusal}
        seen.settle(said.content_index or 0, {**whole, "logprobs": said.logprobs})


def _annotated(reply: _Reply, said: _Said) -> None:
    seen = reply.seen(said, "message")
    if isinstance(seen, SeenMessage) and isinstance(said.annotation, dict):
        seen.cite(said.content_index or 0, said.annotation)


def _part_added(reply: _Reply, said: _Said) -> None:
    part = object_of(said.part)
    seen = reply.known(said)
    if isinstance(seen, SeenMessage) and part.get("type") in ("output_text", "refusal"):
        seen.begin(said.content_index or 0, refusal=part.get("type") == "refusal")


def _part_done(reply: _Reply, said: _Said) -> None:
    seen, part = reply.known(said), object_of(said.part)
    if isinstance(seen, SeenMessage):
        seen.settle(said.content_index or 0, part)
        seen.close_part(said.content_index or 0)
    elif isinstance(seen, SeenThought):
        seen.settle("content", said.content_index or 0, part.get("text"))


def _arguments_delta(reply: _Reply, said: _Said) -> None:
    seen = reply.seen(said, "function_call")
    if isinstance(seen, SeenCall):
        seen.grow(said.delta)


def _input_delta(reply: _Reply, said: _Said) -> None:
    seen = reply.seen(said, "custom_tool_call")
    if isinstance(seen, SeenCall):
        seen.grow(said.delta)


def _arguments_done(reply: _Reply, said: _Said) -> None:
    seen = reply.seen(said, "function_call" if said.input is None else "custom_tool_call")
    if isinstance(seen, SeenCall):
        seen.settle(said.arguments if said.input is None else said.input)


def _summary_delta(reply: _Reply, said: _Said) -> None:
    seen = reply.seen(said, "reasoning")
    if isinstance(seen, SeenThought):
        seen.grow("summary", said.summary_index or 0, said.delta)


def _summary_done(reply: _Reply, said: _Said) -> None:
    seen = reply.seen(said, "reasoning")
    if isinstance(seen, SeenThought):
        whole = said.text if said.part is None else object_of(said.part).get("text")
        seen.settle("summary", said.summary_index or 0, whole)


def _thought_delta(reply: _Reply, said: _Said) -> None:
    seen = reply.seen(said, "reasoning")
    if isinstance(seen, SeenThought):
        seen.grow("content", said.content_index or 0, said.delta)


def _thought_done(reply: _Reply, said: _Said) -> None:
    seen = reply.seen(said, "reasoning")
    if isinstance(seen, SeenThought):
        seen.settle("content", said.content_index or 0, said.text)


def _sounded(reply: _Reply, said: _Said) -> None:
    reply.speak(data=text_of(said.delta))


def _spoken(reply: _Reply, said: _Said) -> None:
    reply.speak(transcript=text_of(said.delta))


def _sound_over(reply: _Reply, said: _Said) -> None:
    reply.speak(is_over=True)


def _concluded(reply: _Reply, said: _Said) -> None:
    if not isinstance(said.response, dict):
        return
    status = said.type.removeprefix("response.")
    told = text_of(said.response.get("status"))
    # A "completed" event wins over a stale status inside it, but not over a telling one.
    reply.conclude(said.response, told if status == "completed" and told and told not in UNFINISHED else status)


_HANDLERS: Mapping[str, Callable[[_Reply, _Said], None]] = {
    "response.created": _began,
    "response.queued": _began,
    "response.in_progress": _began,
    "response.output_item.added": _added,
    "response.output_item.done": _item_done,
    "response.content_part.added": _part_added,
    "response.content_part.done": _part_done,
    "response.reasoning_part.done": _part_done,
    "response.output_text.delta": _text_delta,
    "response.output_text.done": _text_done,
    "response.output_text.annotation.added": _annotated,
    "response.refusal.delta": _refusal_delta,
    "response.refusal.done": _text_done,
    "response.function_call_arguments.delta": _arguments_delta,
    "response.function_call_arguments.done": _arguments_done,
    "response.custom_tool_call_input.delta": _input_delta,
    "response.custom_tool_call_input.done": _arguments_done,
    "response.reasoning_summary_text.delta": _summary_delta,
    "response.reasoning_summary_text.done": _summary_done,
    "response.reasoning_summary_part.done": _summary_done,
    "response.reasoning_summary.delta": _summary_delta,
    "response.reasoning_summary.done": _summary_done,
    "response.reasoning_text.delta": _thought_delta,
    "response.reasoning_text.done": _thought_done,
    "response.reasoning.delta": _thought_delta,
    "response.reasoning.done": _thought_done,
    "response.audio.delta": _sounded,
    "response.audio.done": _sound_over,
    "response.audio.transcript.delta": _spoken,
    "response.completed": _concluded,
    "response.incomplete": _concluded,
    "response.failed": _concluded,
    "response.cancelled": _concluded,
}
"""The two-word reasoning events are Open Responses' names, and OpenAI's first ones."""


class StreamReader:
    """The event stream. Unknown events and comments are passed over; bytes that are no JSON are a failure."""

    __slots__ = ("_reply", "_sse")

    def __init__(self, origin: str) -> None:
        self._sse = SseDecoder()
        self._reply = _Reply(origin)

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
                said = _DECODER.decode(data)
                handler = _HANDLERS.get(said.type)
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

    def _other(self, said: _Said, name: bytes, data: bytes) -> None:
        """Errors, reports of server tools, and what nobody knows yet."""
        seen = self._reply.known(said) if said.output_index is not None or said.item_id else None
        if isinstance(seen, SeenOpaque):
            seen.report(decode(data))
        elif said.type in ("", "error"):
            event = decode(data)
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
        self._reply = _Reply(origin)

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
            response = decode(body)
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
