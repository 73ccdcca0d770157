"""A head that comes again: on one connection a client sends the same one with every request, but for the length.

What was parsed and checked once is not parsed and checked again: a request whose bytes are those of the last head, up
to the digits of its Content-Length, and whose body is here to its last byte, is that request with another body. All
else goes to the parser, also what begins with another byte than a JSON object does (a byte-order mark). No socket here.
"""

from __future__ import annotations

import re

from gophergate.front.base import Handler
from gophergate.front.inbound import ReceivedRequest, WholeRequest

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)
_MOST_DIGITS = 9
_OBJECT = b"{"
_TRIES = 4
"""Heads of a connection that are looked at for the next one's sake; whose heads never come again pays no more."""


class Repeated:
    """The last head of a connection."""

    __slots__ = ("_learnt", "_tries", "handler")

    handler: Handler
    """Whose door it knocked at, once there is such a head."""

    def __init__(self) -> None:
        self._learnt: tuple[ReceivedRequest, bytes, bytes] | None = None
        """What had this head, and the head up to the digits of its length, and from there to its body's brace."""
        self._tries = _TRIES

    def learn(self, data: bytes, request: ReceivedRequest, handler: Handler) -> None:
        """`data` is what was read of the connection, `request` what its first bytes are the head of; nothing is kept
        unless they are that request and no more."""
        self._learnt = None
        if not self._tries:
            return
        self._tries -= 1
        end = data.find(b"\r\n\r\n") + 4
        found = _LENGTH.search(data, 0, end - 2)
        if found is None or len(data) - end != int(found[1]):
            return
        self._learnt, self.handler = (request, data[: found.start(1)], data[found.end(1) : end] + _OBJECT), handler

    def again(self, data: bytes, limit: int) -> WholeRequest | None:
        """The request that `data` is, whole, should its head be the last one again; None for anything else."""
        if self._learnt is None:
            return None
        first, before, after = self._learnt
        if not data.startswith(before):
            return None
        start = len(before)
        cut = data.find(b"\r", start, start + _MOST_DIGITS + 1)
        if not data.startswith(after, cut):
            return None
        body = data[cut + len(after) - 1 :]
        size = len(body)
        if data[start:cut] != b"%d" % size or size > limit:
            return None
        self._tries = _TRIES
        return WholeRequest(first, body)
