"""A Gemini stream's bytes to its JSON documents: server-sent events, or one JSON array told element by element.

Which of them it is shows in the first byte (edge case 43). A bare object, as errors come, is a stream of one document.
"""

from __future__ import annotations

import re
from collections import deque

from gophergate.dialects.sse import SseDecoder

_OUTSIDE = re.compile(rb'["\[\]{}]')
_INSIDE = re.compile(rb'["\\]')
_LINE_OF_JSON = re.compile(rb"(?m)^[\[{]")
_TAIL = 65536


class Frames:
    """Feed bytes in any chunking, take documents. Linear in the bytes fed.

    `done` turns True when the array's last bracket came: the stream is over by its own word.
    """

    __slots__ = ("_array", "_kind", "_sse", "_tail", "_tail_size", "done")

    def __init__(self) -> None:
        self._kind = b""
        self._sse = SseDecoder()
        self._array = _Elements()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.done = False

    def feed(self, data: bytes) -> list[bytes]:
        """The documents these bytes complete."""
        if not self._kind:
            data = data.lstrip()
            if not data:
                return []
            self._kind = b"[" if data[:1] in b"[{" else b":"
        if self._kind == b"[":
            documents = self._array.feed(data)
            self.done = self._array.done
            return documents
        self._remember(data)
        return [document for _, document in self._sse.feed(data)]

    def end(self) -> list[bytes]:
        """What an input without its last blank line still holds."""
        return [document for _, document in self._sse.end()] if self._kind == b":" else []

    def tail(self) -> bytes:
        """What an array that was left open lacks."""
        return b"]" if self._kind == b"[" and self._array.is_open_array else b""

    def stray(self) -> bytes:
        """JSON that stands outside of any event at the end of an event stream: Google breaks off with a bare error."""
        tail = b"".join(self._tail)
        found = _LINE_OF_JSON.search(tail)
        return tail[found.start() :].strip() if found else b""

    def _remember(self, data: bytes) -> None:
        self._tail.append(data)
        self._tail_size += len(data)
        while self._tail_size - len(self._tail[0]) > _TAIL:
            self._tail_size -= len(self._tail.popleft())


class _Elements:
    """The objects of a JSON array as they complete; also a lone object's. Values of other types are passed over."""

    __slots__ = ("_depth", "_floor", "_in_string", "_pieces", "_skip", "done")

    def __init__(self) -> None:
        self._depth = 0
        self._floor = -1
        self._in_string = False
        self._skip = False
        self._pieces: list[bytes] | None = None
        self.done = False

    @property
    def is_open_array(self) -> bool:
        """True while only the array's last bracket is missing."""
        return self._floor == 1 and self._depth == 1 and not self._in_string

    def feed(self, data: bytes) -> list[bytes]:
        found: list[bytes] = []
        at = 1 if self._skip else 0
        self._skip = False
        start = 0
        if self._floor < 0:
            self._floor = 1 if data[:1] == b"[" else 0
        while not self.done:
            hit = (_INSIDE if self._in_string else _OUTSIDE).search(data, at)
            if hit is None:
                break
            at = hit.end()
            match hit[0]:
                case b'"':
                    self._in_string = not self._in_string
                case b"\\":
                    self._skip = at == len(data)
                    at += 1
                case b"{" | b"[":
                    if self._depth == self._floor:
                        self._pieces, start = [], hit.start()
                    self._depth += 1
                case _:
                    self._depth -= 1
                    if self._depth == self._floor and self._pieces is not None:
                        self._pieces.append(data[start:at])
                        found.append(b"".join(self._pieces))
                        self._pieces = None
                    self.done = self._depth <= 0
        if self._pieces is not None:
            self._pieces.append(data[start:])
        return found
