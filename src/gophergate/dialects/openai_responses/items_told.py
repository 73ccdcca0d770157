"""One output item while a reply goes out: the events that tell of it, and what it is as a whole.

An item has a beginning (`response.output_item.added`), pieces, and an end (`response.output_item.done`), on which some
clients act alone. Ids are the provider's where it gave some, because OpenAI binds encrypted reasoning to its item's id;
otherwise they derive from the call's token.
"""

from __future__ import annotations

from typing import Literal

from gophergate.core.blocks import Block, Citation, Json, Media, Opaque, Seal, Text, Thought, ToolCall
from gophergate.core.events import BlockGrew
from gophergate.dialects.base import encode
from gophergate.dialects.loss import in_words
from gophergate.dialects.openai_responses.frames import Frames, Ids, Item, Place
from gophergate.dialects.openai_responses.items_out import split_parts
from gophergate.dialects.openai_responses.parts import show_annotation
from gophergate.dialects.openai_responses.seals import show_block_seal, show_call_seal, show_thought_seal
from gophergate.dialects.openai_responses.wire import (
    CUTS,
    EVENTS,
    ITEM,
    NAME,
    PART,
    PARTS,
    list_of,
    object_of,
    own,
    text_of,
    without,
)

Status = Literal["completed", "incomplete"]
_DEFAULT_NAMESPACE = "functions"
"""OpenAI leaves this namespace out of calls, and Codex looks its members up without one."""


_TAIL = b',"sequence_number":'
_TEXT_TAIL = b',"logprobs":[],"sequence_number":'


class Told:
    """An item of any kind. `item` is the whole of it once `finish` was called; `seal` what it carries for its maker."""

    __slots__ = ("item", "place", "seal")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.item: Item = {}
        self.seal: Seal | None = None

    def begin(self) -> bytes:
        raise AssertionError("each kind of item begins in its own way")

    def grow(self, event: BlockGrew) -> bytes:
        """More of the open block."""
        return b""

    def close(self) -> bytes:
        """The open block is whole."""
        return b""

    def finish(self, status: Status) -> bytes:
        """The item is whole."""
        raise AssertionError("each kind of item ends in its own way")

    def carried_seal(self) -> str:
        """The token of a reasoning item that must go along with this item, "" for none."""
        return ""


class ToldMessage(Told):
    """A message; its content parts are Texts, one after another."""

    __slots__ = ("_annotations", "_content", "_first", "_head", "_logprobs", "_pieces", "_refusal", "_rest")

    def __init__(self, place: Place, text: Text) -> None:
        super().__init__(place)
        self._first = text
        self._rest = without(object_of(own(text.extra).get(ITEM)), "id", "type", "status")
        self._content: list[Item] = []
        self._pieces: list[str] = []
        self._annotations: list[Json] = []
        self._logprobs: list[Json] = []
        self._refusal = False
        self._head = b""

    def begin(self) -> bytes:
        return self.place.added(self._whole("in_progress")) + self.part(self._first)

    def part(self, text: Text) -> bytes:
        """The next content part opens."""
        self._refusal = text.refusal
        self._pieces, self._annotations, self._logprobs = [], [], []
        self.seal = text.seal
        where = {"content_index": len(self._content)}
        kind = "response.refusal.delta" if self._refusal else "response.output_text.delta"
        self._head = self.place.delta_head(kind, where)
        said = self.place.event("response.content_part.added", {**where, "part": self._part("")})
        if text.text:
            said += self._words(text.text, None)
        return said + self._cite(text.citations) if text.citations else said

    def grow(self, event: BlockGrew) -> bytes:
        said = b""
        if event.text or event.logprobs:
            said = self._words(event.text, event.logprobs)
        if event.citations:
            said += self._cite(event.citations)
        if event.seal is not None:
            self.seal = event.seal
        return said

    def _words(self, text: str, logprobs: Json) -> bytes:
        if text:
            self._pieces.append(text)
        if self._refusal:
            return self.place.frames.delta(self._head, text, _TAIL)
        if logprobs:
            self._logprobs.extend(logprobs)
            return self.place.frames.delta(self._head, text, b',"logprobs":%b%b' % (encode(logprobs), _TAIL))
        return self.place.frames.delta(self._head, text, _TEXT_TAIL)

    def _cite(self, citations: tuple[Citation, ...]) -> bytes:
        said = b""
        for citation in citations:
            annotation = show_annotation(citation)
            if annotation is None:
                continue
            where = {"content_index": len(self._content), "annotation_index": len(self._annotations)}
            self._annotations.append(annotation)
            said += self.place.event("response.output_text.annotation.added", {**where, "annotation": annotation})
        return said

    def close(self) -> bytes:
        text = "".join(self._pieces)
        where: Item = {"content_index": len(self._content)}
        if self._refusal:
            said = self.place.event("response.refusal.done", {**where, "refusal": text})
        else:
            said = self.place.event("response.output_text.done", {**where, "text": text, "logprobs": self._logprobs})
        part = self._part(text)
        self._content.append(part)
        return said + self.place.event("response.content_part.done", {**where, "part": part})

    def finish(self, status: Status) -> bytes:
        self.item = self._whole(status)
        return self.place.done(self.item)

    def carried_seal(self) -> str:
        return show_block_seal(self.seal) if self.seal is not None else ""

    def _part(self, text: str) -> Item:
        if self._refusal:
            return {"type": "refusal", "refusal": text}
        return {"type": "output_text", "text": text, "annotations": self._annotations, "logprobs": self._logprobs}

    def _whole(self, status: str) -> Item:
        return {
            "id": self.place.id,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": list(self._content),
            **self._rest,
        }


class ToldSpeech(ToldMessage):
    """Sound: its words are a message, and a stream tells the sound itself beside them, for which no item has a
    place."""

    __slots__ = ("_media",)

    def __init__(self, place: Place, media: Media) -> None:
        super().__init__(place, Text(text=media.transcript or ""))
        self._media = media

    def begin(self) -> bytes:
        return super().begin() + self._sound(self._media.data or "")

    def grow(self, event: BlockGrew) -> bytes:
        return self._sound(event.text) + (self._words(event.transcript, None) if event.transcript else b"")

    def close(self) -> bytes:
        return self.place.frames.frame("response.audio.done", {}) + super().close()

    def _sound(self, data: str) -> bytes:
        return self.place.frames.frame("response.audio.delta", {"delta": data}) if data else b""


class ToldCall(Told):
    """A function call, or a free-form one."""

    __slots__ = ("_call", "_call_id", "_head", "_member", "_name", "_pieces", "_sealed_before")

    def __init__(self, place: Place, call: ToolCall, call_id: str, *, sealed_before: bool) -> None:
        super().__init__(place)
        self._call = call
        self._call_id = call_id
        self._member = "input" if call.custom else "arguments"
        self._name = "response.custom_tool_call_input" if call.custom else "response.function_call_arguments"
        self._pieces: list[str] = []
        self._head = place.delta_head(f"{self._name}.delta", {})
        self._sealed_before = sealed_before
        self.seal = call.seal

    def begin(self) -> bytes:
        said = self.place.added(self._whole("", "in_progress"))
        return said + self._more(self._call.arguments) if self._call.arguments else said

    def grow(self, event: BlockGrew) -> bytes:
        if event.seal is not None:
            self.seal = event.seal
        return self._more(event.text) if event.text else b""

    def _more(self, text: str) -> bytes:
        self._pieces.append(text)
        return self.place.frames.delta(self._head, text, _TAIL)

    def close(self) -> bytes:
        said = b""
        if not self._pieces and not self._call.custom:
            said = self._more("{}")  # Clients parse the arguments of every call.
        members: Item = {self._member: "".join(self._pieces)}
        if not self._call.custom:
            members["name"] = self._call.name
        return said + self.place.event(f"{self._name}.done", members)

    def finish(self, status: Status) -> bytes:
        self.item = self._whole("".join(self._pieces), status)
        return self.place.done(self.item)

    def carried_seal(self) -> str:
        if self.seal is None or self._sealed_before:
            return ""
        return show_call_seal(self.seal, self._call_id)

    def _whole(self, said: str, status: str) -> Item:
        call = self._call
        item: Item = {
            "id": self.place.id,
            "type": "custom_tool_call" if call.custom else "function_call",
            "status": status,
            "call_id": self._call_id,
            "name": call.name,
            self._member: said,
        }
        if call.namespace and call.namespace != _DEFAULT_NAMESPACE:
            item["namespace"] = call.namespace
        return {**item, **without(object_of(own(call.extra).get(ITEM)), "status")}


class ToldThought(Told):
    """A reasoning item. What another maker thought is told as a summary, the form every client knows."""

    __slots__ = ("_done", "_form", "_head", "_pieces", "_rest", "_thought")

    def __init__(self, place: Place, thought: Thought) -> None:
        super().__init__(place)
        notes = own(thought.extra)
        self._thought = thought
        self._form = "content" if notes.get(PARTS) == "content" else "summary"
        self._rest = object_of(notes.get(ITEM))
        self._done: list[Item] = []
        self._pieces: list[str] | None = None
        self._head = b""
        self.seal = thought.seal

    def begin(self) -> bytes:
        said = self.place.added(self._whole())
        for piece in split_parts(self._thought.text, own(self._thought.extra).get(CUTS)):
            said += self._end_part() + self._open_part() + (self._more(piece) if piece else b"")
        return said

    def grow(self, event: BlockGrew) -> bytes:
        said = b""
        notes = own(event.extra)
        if event.seal is not None:
            self.seal = event.seal
        if ITEM in notes:
            self._rest = object_of(notes[ITEM])
        if CUTS in notes:
            # The text of this event is the joint between two parts, which are told apart here.
            return (self._open_part() if self._pieces is None else b"") + self._end_part() + self._open_part()
        if event.text:
            if self._pieces is None:
                said = self._open_part()
            said += self._more(event.text)
        return said

    def close(self) -> bytes:
        return self._end_part()

    def finish(self, status: Status) -> bytes:
        self.item = self._whole()
        return self.place.done(self.item)

    def _open_part(self) -> bytes:
        self._pieces = []
        where = self._where()
        if self._form == "content":
            self._head = self.place.delta_head("response.reasoning_text.delta", where)
            return self.place.event("response.content_part.added", {**where, "part": self._part("")})
        self._head = self.place.delta_head("response.reasoning_summary_text.delta", where)
        return self.place.event("response.reasoning_summary_part.added", {**where, "part": self._part("")})

    def _more(self, text: str) -> bytes:
        if self._pieces is not None:
            self._pieces.append(text)
        return self.place.frames.delta(self._head, text, _TAIL)

    def _end_part(self) -> bytes:
        if self._pieces is None:
            return b""
        text, where = "".join(self._pieces), self._where()
        self._pieces = None
        part = self._part(text)
        self._done.append(part)
        words, whole = "response.reasoning_summary_text.done", "response.reasoning_summary_part.done"
        if self._form == "content":
            words, whole = "response.reasoning_text.done", "response.content_part.done"
        return self.place.event(words, {**where, "text": text}) + self.place.event(whole, {**where, "part": part})

    def _where(self) -> Item:
        return {"content_index" if self._form == "content" else "summary_index": len(self._done)}

    def _part(self, text: str) -> Item:
        return {"type": "reasoning_text" if self._form == "content" else "summary_text", "text": text}

    def _whole(self) -> Item:
        item: Item = {"id": self.place.id, "type": "reasoning", "summary": []}
        item[self._form] = list(self._done)
        item.update(self._rest)
        if self.seal is not None:
            item["encrypted_content"] = show_thought_seal(self.seal, self._thought.redacted)
        return item


class ToldPicture(Told):
    """A picture the model made."""

    __slots__ = ("_media", "_pieces")

    def __init__(self, place: Place, media: Media) -> None:
        super().__init__(place)
        self._media = media
        self._pieces = [media.data or ""]
        self.seal = media.seal

    def begin(self) -> bytes:
        return self.place.added(self._whole("in_progress", None))

    def grow(self, event: BlockGrew) -> bytes:
        self._pieces.append(event.text)
        if event.seal is not None:
            self.seal = event.seal
        return b""

    def finish(self, status: Status) -> bytes:
        self.item = self._whole(status, "".join(self._pieces))
        return self.place.done(self.item)

    def carried_seal(self) -> str:
        return show_block_seal(self.seal) if self.seal is not None else ""

    def _whole(self, status: str, result: str | None) -> Item:
        item: Item = {"id": self.place.id, "type": "image_generation_call", "status": status, "result": result}
        if self._media.media_type.startswith("image/"):
            item["output_format"] = self._media.media_type.removeprefix("image/")
        return item


class ToldOpaque(Told):
    """An item of this wire that only its own clients understand, with what it reported while it ran."""

    __slots__ = ("_block",)

    def __init__(self, place: Place, block: Opaque) -> None:
        super().__init__(place)
        self._block = block
        self.item = {**block.data, "id": place.id}

    def begin(self) -> bytes:
        item = {**self.item, "status": "in_progress"} if "status" in self.item else self.item
        said = self.place.added(item)
        for report in list_of(own(self._block.extra).get(EVENTS)):
            members = without(report, "type", "item_id", "output_index", "sequence_number")
            said += self.place.event(text_of(report.get("type")), members)
        return said

    def finish(self, status: Status) -> bytes:
        return self.place.done(self.item)


def told_block(block: Block, frames: Frames, ids: Ids, index: int) -> list[Told]:
    """The items that begin with a block: the block's own, last, and before it one for a call's seal.

    None at all for what this wire cannot tell: another dialect's server tools.
    """
    match block:
        case Text():
            wanted = text_of(object_of(own(block.extra).get(ITEM)).get("id"))
            return [ToldMessage(Place(frames, index, ids.take(wanted, "msg")), block)]
        case Thought():
            return [ToldThought(Place(frames, index, ids.take(block.item_id, "rs")), block)]
        case ToolCall():
            call_id = block.id or ids.take("", "call")
            before = [told_seal(show_call_seal(block.seal, call_id), frames, ids, index)] if block.seal else []
            place = Place(frames, index + len(before), ids.take(block.item_id, "ctc" if block.custom else "fc"))
            return [*before, ToldCall(place, block, call_id, sealed_before=bool(before))]
        case Media() if ITEM in own(block.extra):
            notes = own(block.extra)
            whole = {**object_of(notes[ITEM]), "result": block.data}
            extra = {NAME: {EVENTS: notes.get(EVENTS)}}
            return told_block(Opaque(dialect=NAME, label="picture", data=whole, extra=extra), frames, ids, index)
        case Media() if block.kind == "image" and block.data is not None:
            return [ToldPicture(Place(frames, index, ids.take("", "ig")), block)]
        case Media() if block.kind == "audio":
            return [ToldSpeech(Place(frames, index, ids.take("", "msg")), block)]
        case Media():
            return told_block(Text(text=in_words(block)), frames, ids, index)
        case Opaque() if block.dialect == NAME and isinstance(block.data, dict) and PART not in own(block.extra):
            return [ToldOpaque(Place(frames, index, ids.take(text_of(block.data.get("id")), "item")), block)]
    return []


class _ToldSeal(Told):
    """A reasoning item that only carries a seal."""

    __slots__ = ("_token",)

    def __init__(self, place: Place, token: str) -> None:
        super().__init__(place)
        self._token = token

    def begin(self) -> bytes:
        self.item = {"id": self.place.id, "type": "reasoning", "summary": [], "encrypted_content": self._token}
        return self.place.added(self.item)

    def finish(self, status: Status) -> bytes:
        return self.place.done(self.item)


def told_seal(token: str, frames: Frames, ids: Ids, index: int) -> Told:
    """A reasoning item for `token` alone."""
    return _ToldSeal(Place(frames, index, ids.take("", "rs")), token)
