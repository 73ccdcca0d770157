"""The output items that a block becomes while a reply goes out: words are told in `told_words`, the others here."""

from __future__ import annotations

from gophergate.core.blocks import Block, Json, Media, Opaque, Text, Thought, ToolCall
from gophergate.core.events import BlockGrew
from gophergate.dialects.loss import in_words
from gophergate.dialects.members import list_of, object_of, text_of
from gophergate.dialects.openai_responses.frames import Frames, Ids, Item, Place
from gophergate.dialects.openai_responses.seals import show_block_seal, show_call_seal
from gophergate.dialects.openai_responses.told import TAIL, Status, Told, once
from gophergate.dialects.openai_responses.told_words import ToldMessage, ToldSpeech, ToldThought
from gophergate.dialects.openai_responses.wire import EVENTS, ITEM, NAME, PART, own, without

_DEFAULT_NAMESPACE = "functions"
"""OpenAI leaves this namespace out of calls, and Codex looks its members up without one."""


class ToldCall(Told):
    """A function call, or a free-form one."""

    __slots__ = ("_call", "_call_id", "_given", "_head", "_member", "_name", "_pieces", "_sealed_before")

    def __init__(self, place: Place, call: ToolCall, call_id: str, *, sealed_before: bool) -> None:
        super().__init__(place)
        self._call = call
        self._call_id = call_id
        self._member = "input" if call.custom else "arguments"
        self._name = "response.custom_tool_call_input" if call.custom else "response.function_call_arguments"
        self._pieces: list[str] = []
        self._given: Json = ""
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
        return self.place.frames.delta(self._head, text, TAIL)

    def close(self) -> bytes:
        said = b""
        if not self._pieces and not self._call.custom:
            said = self._more("{}")  # Clients parse the arguments of every call.
        self._given = once("".join(self._pieces))
        members: Item = {self._member: self._given}
        if not self._call.custom:
            members["name"] = self._call.name
        return said + self.place.event(f"{self._name}.done", members)

    def finish(self, status: Status) -> bytes:
        self.item = self._whole(self._given or "".join(self._pieces), status)
        return self.place.done(self.item)

    def carried_seal(self) -> str:
        if self.seal is None or self._sealed_before:
            return ""
        return show_call_seal(self.seal, self._call_id)

    def _whole(self, said: Json, status: str) -> Item:
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
        self.item = self._whole(status, once("".join(self._pieces)))
        return self.place.done(self.item)

    def carried_seal(self) -> str:
        return show_block_seal(self.seal) if self.seal is not None else ""

    def _whole(self, status: str, result: Json) -> Item:
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
        if self._is_picture:
            self.item["result"] = once(self.item.get("result"))

    @property
    def _is_picture(self) -> bool:
        return bool(self.item.get("type") == "image_generation_call")

    def begin(self) -> bytes:
        item = self.item
        if "status" in item and not text_of(item.get("type")).endswith("_output"):
            # What a tool said comes whole: its types know no such word.
            item = {**item, "status": "in_progress"}
        if self._is_picture:
            item = {**item, "result": None}
        said = self.place.added(item)
        for report in list_of(own(self._block.extra).get(EVENTS)):
            members = without(report, "type", "item_id", "output_index", "sequence_number")
            said += self.place.event(text_of(report.get("type")), members)
        return said

    def finish(self, status: Status) -> bytes:
        return self.place.done(self.item)


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
