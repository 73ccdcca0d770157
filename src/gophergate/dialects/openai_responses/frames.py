"""How the events of a reply are numbered and named: their bytes, the ids of items, the place an item stands at.

Knows no kind of item; what is said of each is `items_told`.
"""

from __future__ import annotations

from gophergate.core.blocks import Json
from gophergate.dialects.base import encode
from gophergate.dialects.openai_responses.wire import OUR_MARK

Item = dict[str, Json]


class Frames:
    """Event bytes, each with the next sequence number. `gathered` is what `Gathering` says instead of returning it."""

    __slots__ = ("_next", "gathered")

    gathered: list[bytes]

    def __init__(self, first: int = 0) -> None:
        self._next = first

    @property
    def begun(self) -> bool:
        return self._next > 0

    def frame(self, kind: str, members: Item) -> bytes:
        """One whole event."""
        said = encode({"type": kind, **members, "sequence_number": self._next})
        self._next += 1
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), said)

    def delta(self, head: bytes, text: str, tail: bytes) -> bytes:
        """A piece of text between bytes that are made once for all pieces."""
        number = self._next
        self._next = number + 1
        return b"%b%b%b%d}\n\n" % (head, encode(text), tail, number)


class Gathering(Frames):
    """Events of megabytes, which nobody shall put behind one another: each is kept apart, and b"" returned for it. What
    `Frames` become while one is written, so that small ones pay nothing for it."""

    __slots__ = ()

    def frame(self, kind: str, members: Item) -> bytes:
        self.gathered.append(super().frame(kind, members))
        return b""

    def delta(self, head: bytes, text: str, tail: bytes) -> bytes:
        self.gathered.append(super().delta(head, text, tail))
        return b""


class NoFrames(Frames):
    """For a reply that is told in one piece: nobody hears of its events, so none is made."""

    __slots__ = ()

    @property
    def begun(self) -> bool:
        """Nothing is to be said of a beginning."""
        return True

    def frame(self, kind: str, members: Item) -> bytes:
        return b""

    def delta(self, head: bytes, text: str, tail: bytes) -> bytes:
        return b""


class Ids:
    """Item ids: unique in a reply, the same every time it is written."""

    __slots__ = ("_made", "_taken", "_token")

    def __init__(self, token: str) -> None:
        self._token = token
        self._made = 0
        self._taken: set[str] = set()

    def take(self, wanted: str, prefix: str) -> str:
        """`wanted` where it is an id that is still free, else one of ours."""
        if not wanted or wanted in self._taken:
            wanted = f"{prefix}_{OUR_MARK}{self._token}{self._made:02x}"
            self._made += 1
        self._taken.add(wanted)
        return wanted


class Place:
    """Where an item stands: its index and id, and the frames it speaks through."""

    __slots__ = ("frames", "id", "index")

    def __init__(self, frames: Frames, index: int, item_id: str) -> None:
        self.frames = frames
        self.index = index
        self.id = item_id

    def added(self, item: Item) -> bytes:
        return self.frames.frame("response.output_item.added", {"output_index": self.index, "item": item})

    def done(self, item: Item) -> bytes:
        return self.frames.frame("response.output_item.done", {"output_index": self.index, "item": item})

    def event(self, kind: str, members: Item) -> bytes:
        return self.frames.frame(kind, {"item_id": self.id, "output_index": self.index, **members})

    def delta_head(self, kind: str, indexes: Item) -> bytes:
        """The bytes of a delta event up to its text."""
        members = encode({"type": kind, "item_id": self.id, "output_index": self.index, **indexes})
        return b"event: %b\ndata: %b" % (kind.encode(), members[:-1] + b',"delta":')
