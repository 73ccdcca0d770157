"""One output item while a reply comes in: what was said of it so far, and what its last word adds.

Providers repeat themselves: pieces, then the whole part, then the whole item, then the whole response. Each item takes
the first telling of everything and, from every later one, only what is missing: so arguments that come only in a
`.done`, or items that come only in `response.completed`, are not lost, and nothing is told twice.
"""

from __future__ import annotations

from typing import Any

from gophergate.core.blocks import NO_EXTRA, Json, Media, Opaque, Seal, Text, Thought, ToolCall
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import encode
from gophergate.dialects.members import list_of, object_of, text_of
from gophergate.dialects.openai_responses.parts import read_annotation, read_annotations
from gophergate.dialects.openai_responses.wire import CUTS, EVENTS, ITEM, JOINT, NAME, PART, PARTS, extra_of, without

_CALL_MEMBERS = (
    "type",
    "id",
    "call_id",
    "name",
    "arguments",
    "input",
    "namespace",
    "status",
    "item_id",  # Bedrock's non-streamed calls have this in place of an id, and their index.
    "output_index",
)

Key = int | str
"""An item's `output_index`, or its id where a provider gives no index."""


class Seen:
    """An item of any kind. `ids` are all that it went by; `is_whole` once its last word was read."""

    __slots__ = ("ids", "is_whole", "kind")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.is_whole = False
        self.ids: set[str] = set()

    def finish(self, item: dict[str, Any]) -> None:
        """Take the whole item: say what was not said yet, and close."""
        raise AssertionError("each kind of item ends in its own way")


class _Part:
    """A content part of a message."""

    __slots__ = ("annotations", "key", "length", "open", "with_logprobs")

    def __init__(self, key: tuple[Key, int]) -> None:
        self.key = key
        self.length = 0
        self.annotations = 0
        self.with_logprobs = False
        self.open = True


class SeenMessage(Seen):
    """A message: each content part is a Text."""

    __slots__ = ("_assembler", "_key", "_notes", "_parts")

    def __init__(self, assembler: Assembler, key: Key, item: dict[str, Any]) -> None:
        super().__init__("message")
        self._assembler = assembler
        self._key = key
        self._notes = without(item, "type", "role", "content", "status")
        self._parts: dict[int, _Part] = {}

    def begin(self, index: int, *, refusal: bool = False) -> None:
        """A part opens; the one before it is whole."""
        if index in self._parts:
            return
        for part in self._parts.values():
            self._close(part)
        extra = extra_of({ITEM: self._notes}) if not self._parts else NO_EXTRA
        part = self._parts[index] = _Part((self._key, index))
        self._assembler.open(part.key, Text(text="", refusal=refusal, extra=extra))

    def grow(self, index: int, text: Json, logprobs: Json = None, *, refusal: bool = False) -> None:
        """More words of a part."""
        part = self._parts.get(index)
        if part is None:
            self.begin(index, refusal=refusal)
            part = self._parts[index]
        said = text if isinstance(text, str) else ""
        if logprobs:
            part.with_logprobs = True
            self._assembler.grow(part.key, said, logprobs=logprobs)
        else:
            self._assembler.grow(part.key, said)
        part.length += len(said)

    def cite(self, index: int, annotation: dict[str, Any]) -> None:
        """A source of a part's text."""
        self.grow(index, "")
        part = self._parts[index]
        part.annotations += 1
        self._assembler.grow(part.key, citations=(read_annotation(annotation),))

    def settle(self, index: int, whole: dict[str, Any]) -> None:
        """A part's whole text was told: take what its pieces left out, but leave it open for its sources."""
        refusal = whole.get("type") == "refusal" or ("refusal" in whole and "text" not in whole)
        text = text_of(whole.get("refusal" if refusal else "text"))
        if index not in self._parts and text:
            self.begin(index, refusal=refusal)
        part = self._parts.get(index)
        if part is None:
            return
        if len(text) > part.length:
            self.grow(index, text[part.length :])
        logprobs = list_of(whole.get("logprobs"))
        if logprobs and not part.with_logprobs:
            self.grow(index, "", logprobs)
        missing = list_of(whole.get("annotations"))[part.annotations :]
        if missing:
            part.annotations += len(missing)
            self._assembler.grow(part.key, citations=read_annotations(missing))

    def close_part(self, index: int) -> None:
        """No more of that part will come."""
        if index in self._parts:
            self._close(self._parts[index])

    def finish(self, item: dict[str, Any]) -> None:
        self.is_whole = True
        self._notes = without(item, "type", "role", "content", "status")
        # Bedrock counts the parts of a message from 1, so the parts are matched by their order.
        told = sorted(self._parts)
        for place, entry in enumerate(list_of(item.get("content"))):
            whole = object_of(entry)
            if place < len(told):
                self.settle(told[place], whole)
            elif whole.get("type") in ("output_text", "text", "refusal", None):
                index = (told[-1] if told else -1) + 1 + place - len(told)
                self.begin(index, refusal=whole.get("type") == "refusal")
                self.settle(index, whole)
            else:
                self._assembler.whole(
                    Opaque(dialect=NAME, label=text_of(whole.get("type")), data=whole, extra={NAME: {PART: True}})
                )
        for part in self._parts.values():
            self._close(part)

    def _close(self, part: _Part) -> None:
        if part.open:
            part.open = False
            self._assembler.close(part.key)


class SeenCall(Seen):
    """A function call, or a free-form one."""

    __slots__ = ("_assembler", "_held", "_item", "_key", "_length", "_open")

    def __init__(self, assembler: Assembler, key: Key, item: dict[str, Any]) -> None:
        super().__init__(text_of(item.get("type")))
        self._assembler = assembler
        self._key = key
        self._length = 0
        self._held: list[str] = []
        self._open = False
        self._item: dict[str, Any] = {}
        self.begin(item)

    def begin(self, item: dict[str, Any], *, at_last: bool = False) -> None:
        """What is known of the call. It opens once it has a name, `at_last` without."""
        if self._open:
            return
        item = self._item = {**self._item, **{name: value for name, value in item.items() if value is not None}}
        name = text_of(item.get("name"))
        if not name and not at_last:
            return
        self._open = True
        item_id = text_of(item.get("id")) or text_of(item.get("item_id"))
        rest = without(item, *_CALL_MEMBERS)
        call = ToolCall(
            id=text_of(item.get("call_id")) or item_id or f"call_{self._key}",
            name=name,
            custom=self.kind == "custom_tool_call",
            namespace=text_of(item.get("namespace")),
            item_id=item_id,
            extra=extra_of({ITEM: rest}) if rest else NO_EXTRA,
        )
        self._assembler.open(self._key, call)
        for piece in self._held:
            self._assembler.grow(self._key, piece)
        self._held.clear()

    def grow(self, text: Json) -> None:
        """More of the arguments. Until the call has a name they wait."""
        if not isinstance(text, str):
            return
        self._length += len(text)
        if self._open:
            self._assembler.grow(self._key, text)
        else:
            self._held.append(text)

    def settle(self, whole: Json) -> None:
        """The whole arguments: take what the pieces left out."""
        if isinstance(whole, dict | list):
            whole = encode(whole).decode()
        if isinstance(whole, str) and len(whole) > self._length:
            self.grow(whole[self._length :])

    def finish(self, item: dict[str, Any]) -> None:
        self.begin(item)
        self.settle(item.get("input" if self.kind == "custom_tool_call" else "arguments"))
        self.is_whole = self._open  # The last word of one without a name may still come with the whole response.
        self._assembler.close(self._key)

    def give_up(self) -> None:
        """Nothing more will come: a call that never got its name is told without."""
        self.begin({}, at_last=True)
        self._assembler.close(self._key)


class SeenThought(Seen):
    """A reasoning item: one Thought, its parts joined.

    It opens with its first text, because only then is it known whether that is a summary; what it says in the other
    form is kept beside it.
    """

    __slots__ = ("_assembler", "_cuts", "_form", "_item_id", "_key", "_length", "_origin", "_part")

    def __init__(self, assembler: Assembler, key: Key, item: dict[str, Any], origin: str) -> None:
        super().__init__("reasoning")
        self._assembler = assembler
        self._key = key
        self._origin = origin
        self._item_id = text_of(item.get("id"))
        self._form = ""
        self._cuts: list[int] = []
        self._length = 0
        self._part = 0

    def grow(self, form: str, index: int, text: Json) -> None:
        """More of part `index` of the "summary" or the "content"."""
        if not isinstance(text, str):
            return
        self._open(form)
        if form != self._form:
            return
        self._reach(index)
        if text:
            self._assembler.grow(self._key, text)
            self._length += len(text)
            self._part += len(text)

    def settle(self, form: str, index: int, whole: Json) -> None:
        """A part's whole text: take what its pieces left out."""
        if not isinstance(whole, str) or (self._form and form != self._form) or index < len(self._cuts):
            return
        if index > len(self._cuts):
            self.grow(form, index, whole)
        elif len(whole) > self._part:
            self.grow(form, index, whole[self._part :])

    def finish(self, item: dict[str, Any]) -> None:
        self.is_whole = True
        form = self._form or ("content" if list_of(item.get("content")) else "summary")
        self._item_id = self._item_id or text_of(item.get("id"))
        for index, part in enumerate(list_of(item.get(form))):
            self.settle(form, index, text_of(object_of(part).get("text")))
        self._open(form)
        rest = without(item, "type", "id", "encrypted_content", "status", form)
        rest = {name: value for name, value in rest.items() if value not in (None, [])}
        token = text_of(item.get("encrypted_content"))
        self._assembler.grow(
            self._key,
            seal=Seal(token, NAME, self._origin) if token else None,
            extra=extra_of({ITEM: rest}) if rest else NO_EXTRA,
        )
        self._assembler.close(self._key)

    def _open(self, form: str) -> None:
        if not self._form:
            self._form = form
            extra = extra_of({PARTS: form}) if form == "content" else NO_EXTRA
            self._assembler.open(self._key, Thought(summary=form == "summary", item_id=self._item_id, extra=extra))

    def _reach(self, index: int) -> None:
        """Parts begin one after another; a joint stands between two."""
        while len(self._cuts) < index:
            self._cuts = [*self._cuts, self._length]
            self._assembler.grow(self._key, JOINT, extra=extra_of({CUTS: self._cuts}))
            self._length += len(JOINT)
            self._part = 0


class SeenOpaque(Seen):
    """Any other item. It is told when it is whole, with what it reported on the way."""

    __slots__ = ("_assembler", "_events", "_origin")

    def __init__(self, assembler: Assembler, item: dict[str, Any], origin: str) -> None:
        super().__init__(text_of(item.get("type")))
        self._assembler = assembler
        self._origin = origin
        self._events: list[Json] = []

    def report(self, event: dict[str, Any]) -> None:
        """Something it did meanwhile (searching, a piece of code, a first version of a picture)."""
        self._events.append(event)

    def finish(self, item: dict[str, Any]) -> None:
        self.is_whole = True
        self._assembler.whole(
            Opaque(
                dialect=NAME,
                label=self.kind or "item",
                data=item,
                origin=self._origin,
                extra=extra_of({EVENTS: self._events}) if self._events else NO_EXTRA,
            )
        )


class SeenPicture(SeenOpaque):
    """A picture the model made: to its own clients the item it came as, to all others the picture."""

    __slots__ = ()

    def finish(self, item: dict[str, Any]) -> None:
        picture = text_of(item.get("result"))
        if not picture:
            super().finish(item)
            return
        self.is_whole = True
        notes: dict[str, Json] = {ITEM: without(item, "result")}
        if self._events:
            notes[EVENTS] = self._events
        media_type = f"image/{text_of(item.get('output_format')) or 'png'}"
        self._assembler.whole(Media(kind="image", media_type=media_type, data=picture, extra=extra_of(notes)))


def seen_item(assembler: Assembler, key: Key, item: dict[str, Any], origin: str) -> Seen:
    """An item that has just been added."""
    match item.get("type"):
        case "message" if item.get("role") in ("assistant", None):  # A compaction repeats the user's messages.
            return SeenMessage(assembler, key, item)
        case "function_call" | "custom_tool_call":
            return SeenCall(assembler, key, item)
        case "reasoning":
            return SeenThought(assembler, key, item, origin)
        case "image_generation_call":
            return SeenPicture(assembler, item, origin)
        case _:
            return SeenOpaque(assembler, item, origin)
