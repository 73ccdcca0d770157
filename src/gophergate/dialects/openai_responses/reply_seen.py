"""A provider's reply while it comes in: the output items by their index, the server tools that were used, the sound
that belongs to none, and the last word. What comes as a stream and what comes as one object meet here.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gophergate.core.blocks import Json, Media
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import encode
from gophergate.dialects.complaints import Complaint
from gophergate.dialects.members import list_of, object_of, text_of
from gophergate.dialects.openai_responses.errors import complaint_of, refusal_of
from gophergate.dialects.openai_responses.items_seen import (
    Key,
    Seen,
    SeenCall,
    seen_item,
)
from gophergate.dialects.openai_responses.usage import read_usage
from gophergate.dialects.openai_responses.wire import ANSWERED, READ_INCOMPLETE, RESPONSE, UNFINISHED, extra_of
from gophergate.dialects.sound import SoundPieces
from gophergate.errors import UpstreamBroken


class Said(msgspec.Struct):
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
    name: Any = None
    part: Any = None
    item: Any = None
    annotation: Any = None
    response: Any = None


_PRICED = frozenset({"web_search", "file_search", "code_interpreter", "image_generation"})
_SPEECH = "speech"


class Reply:
    """A reply while it comes in."""

    def __init__(self, origin: str) -> None:
        self.assembler = Assembler()
        self._origin = origin
        self._items: dict[Key, Seen] = {}
        self._uses: dict[str, int] = {}
        self._sound = SoundPieces()

    # -- items --------------------------------------------------------------------------------------------------

    def seen(self, said: Said, kind: str, item: Json = None) -> Seen:
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

    def known(self, said: Said) -> Seen | None:
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
        for seen in self._items.values():
            if isinstance(seen, SeenCall):
                seen.give_up()
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
