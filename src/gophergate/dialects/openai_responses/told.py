"""One output item while a reply goes out: the events that tell of it, and what it is as a whole.

An item has a beginning (`response.output_item.added`), pieces, and an end (`response.output_item.done`), on which some
clients act alone. Ids are the provider's where it gave some, because OpenAI binds encrypted reasoning to its item's id;
otherwise they derive from the call's token. The kinds of items are in `told_words` and `items_told`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from gophergate.core.blocks import Json, Seal
from gophergate.core.events import BlockGrew
from gophergate.dialects.base import encode
from gophergate.dialects.openai_responses.frames import Item, Place

Status = Literal["completed", "incomplete"]

TAIL = b',"sequence_number":'
"""What a delta ends with, before its number."""


def once(value: Json) -> msgspec.Raw:
    """A value that several events repeat, encoded for all of them: a picture of twenty megabytes goes out three times,
    a text four times (R-P2)."""
    return msgspec.Raw(encode(value))


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
