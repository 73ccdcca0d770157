"""Frames in a file: mark, length, checksum, body. Pure functions of bytes.

The mark is no UTF-8, so no text inside a record can look like the beginning of a frame: a reader that met damage
finds the next true one, and a crafted text cannot make it find a record that was never written.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from zlib import crc32

MARK = b"\xff\xfeGG"
_HEAD = struct.Struct("<4sII")
HEAD = _HEAD.size
"""Bytes a frame adds to its body."""
MAX_BODY = 64 << 20


def frame(body: bytes) -> bytes:
    """The frame of a body. Raises ValueError beyond MAX_BODY."""
    if len(body) > MAX_BODY:
        raise ValueError("The record is too large for a frame.")
    return _HEAD.pack(MARK, len(body), crc32(body)) + body


class Frames:
    """Iterates over the bodies of the whole frames in `data`. `damaged` counts the places that held none."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.damaged = 0

    def __iter__(self) -> Iterator[bytes]:
        data = self._data
        at = 0
        is_lost = False
        while at < len(data):
            mark = data.find(MARK, at)
            body = _body(data, mark) if mark >= 0 else None
            if (mark != at or body is None) and not is_lost:
                self.damaged += 1
            if mark < 0:
                return
            if body is None:
                # Torn or damaged: the next frame may begin anywhere inside what this one claimed to be.
                is_lost = True
                at = mark + 1
            else:
                yield body
                is_lost = False
                at = mark + HEAD + len(body)


def _body(data: bytes, at: int) -> bytes | None:
    if at + HEAD > len(data):
        return None
    _, length, checksum = _HEAD.unpack_from(data, at)
    start, end = at + HEAD, at + HEAD + length
    if length > MAX_BODY or end > len(data):
        return None
    body = data[start:end]
    return body if crc32(body) == checksum else None
