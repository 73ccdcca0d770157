"""A head that comes again: a provider says the same fields in the same order every time, only not the same words.

What was parsed and checked once is not taken apart field by field again: an answer whose head has the last one's status
line and names, and the last one's words wherever these decide how it is read, and whose body is here to its last byte,
is told by one look. All else goes to the parser. No socket here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from gophergate.transport.fields import MAX_LINE

_TRIES = 4
"""Heads of a connection that are looked at for the next one's sake; whose heads never come again pays no more."""

_MAX_SHAPES = 256
_UNFIT = frozenset({b"transfer-encoding", b"content-encoding", b"trailer", b"upgrade"})
"""Fields of a head that the parser is better asked about each time."""
_LITERAL = frozenset({b"connection", b"keep-alive", b"proxy-connection"})

# Possessive, so that no value makes the expression try twice (RFC 9110, 5.5: what a field's value may hold).
_VALUE = rb"[ \t]*+([\t -~\x80-\xff]*+)"
_LENGTH = rb"[ \t]*+([0-9]{1,9}+)[ \t]*+"


class _Shape(NamedTuple):
    """What a head looks like, and which of its fields tells the body's length."""

    status: int
    head: re.Pattern[bytes]
    names: tuple[bytes, ...]
    length: int


Again = tuple[int, list[tuple[bytes, bytes]], dict[bytes, bytes], bytes]
"""An answer: its status, its fields with names in lower case, the first of each name, and its whole body."""


class Repeated:
    """The last head of a connection."""

    __slots__ = ("_last", "_shape", "_tries")

    def __init__(self) -> None:
        self._last: tuple[bytes, ...] = ()
        self._shape: _Shape | None = None
        self._tries = _TRIES

    def learn(self, data: bytes, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """`data` is an answer with a body, to its last byte, behind which the connection serves on; `headers` are its
        fields as the parser read them. Nothing is kept of a head that does not tell the body's length by a number."""
        self._shape = None
        if not self._tries:
            return
        self._tries -= 1
        names = [name for name, _ in headers]
        if names.count(b"content-length") != 1 or not _UNFIT.isdisjoint(names):
            return
        last, self._last = self._last, _outline(data[: data.find(b"\r\n\r\n")])
        if self._last != last or [_name(field) for field in last[1:]] != names:
            return  # to make an expression takes a millisecond, which a head that never comes again is not worth
        self._shape = _shape(last)
        tries, again = self._tries, self.again(data)
        self._tries = tries
        if again is None or again[1] != headers:
            self._shape = None

    def again(self, data: bytes) -> Again | None:
        """The answer that `data` is, whole, should its head be like the last one; None for anything else."""
        if self._shape is None:
            return None
        status, head, names, length = self._shape
        match = head.match(data)
        if match is None:
            return None
        values = match.groups()
        end = match.end()
        if len(data) - end != int(values[length]) or end > MAX_LINE:
            return None
        self._tries = _TRIES
        headers = list(zip(names, map(bytes.rstrip, values), strict=True))
        return status, headers, dict(reversed(headers)), data[end:]


def _outline(head: bytes) -> tuple[bytes, ...]:
    """The lines of a head as far as they must come again: the first whole, and of a field its name and colon."""
    line, *fields = head.split(b"\r\n")
    return line, *(field if _name(field) in _LITERAL else field[: field.find(b":") + 1] for field in fields)


def _name(field: bytes) -> bytes:
    return field.partition(b":")[0].lower()


@lru_cache(_MAX_SHAPES)
def _shape(outline: tuple[bytes, ...]) -> _Shape:
    line, *fields = outline
    names = tuple(map(_name, fields))
    patterns = [re.escape(line)]
    for name, field in zip(names, fields, strict=True):
        said = field[len(name) + 1 :]
        value = _LENGTH if name == b"content-length" else b"[ \t]*+(%b)" % re.escape(said.strip()) if said else _VALUE
        patterns.append(re.escape(field[: len(name) + 1]) + value)
    head = b"\r\n".join(patterns) + b"\r\n\r\n"
    return _Shape(int(line[9:12]), re.compile(head), names, names.index(b"content-length"))
