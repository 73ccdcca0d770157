"""Items that are told word by word: messages, sound with its words, reasoning."""

from __future__ import annotations

from gophergate.core.blocks import Citation, Json, Media, Text, Thought
from gophergate.core.events import BlockGrew
from gophergate.dialects.base import encode
from gophergate.dialects.logprobs import whole_tokens
from gophergate.dialects.members import list_of, object_of
from gophergate.dialects.openai_responses.frames import Item, Place
from gophergate.dialects.openai_responses.items_out import split_parts
from gophergate.dialects.openai_responses.parts import show_annotation
from gophergate.dialects.openai_responses.seals import show_block_seal, show_thought_seal
from gophergate.dialects.openai_responses.told import TAIL, Status, Told, once
from gophergate.dialects.openai_responses.wire import CUTS, ITEM, PARTS, own, without

_TEXT_TAIL = b',"logprobs":[],"sequence_number":'


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
            return self.place.frames.delta(self._head, text, TAIL)
        if logprobs:
            logprobs = whole_tokens(list_of(logprobs))
            self._logprobs.extend(logprobs)
            return self.place.frames.delta(self._head, text, b',"logprobs":%b%b' % (encode(logprobs), TAIL))
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
        text = once("".join(self._pieces))
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

    def _part(self, text: Json) -> Item:
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
        return self.place.frames.delta(self._head, text, TAIL)

    def _end_part(self) -> bytes:
        if self._pieces is None:
            return b""
        text, where = once("".join(self._pieces)), self._where()
        self._pieces = None
        part = self._part(text)
        self._done.append(part)
        words, whole = "response.reasoning_summary_text.done", "response.reasoning_summary_part.done"
        if self._form == "content":
            words, whole = "response.reasoning_text.done", "response.content_part.done"
        return self.place.event(words, {**where, "text": text}) + self.place.event(whole, {**where, "part": part})

    def _where(self) -> Item:
        return {"content_index" if self._form == "content" else "summary_index": len(self._done)}

    def _part(self, text: Json) -> Item:
        return {"type": "reasoning_text" if self._form == "content" else "summary_text", "text": text}

    def _whole(self) -> Item:
        item: Item = {"id": self.place.id, "type": "reasoning", "summary": []}
        item[self._form] = list(self._done)
        item.update(self._rest)
        if self.seal is not None:
            item["encrypted_content"] = show_thought_seal(self.seal, self._thought.redacted)
        return item
