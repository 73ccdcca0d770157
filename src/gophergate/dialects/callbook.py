"""Ids for the tool calls of dialects that may leave them out (Gemini, Ollama): made here, found again, not shown there.

A call without an id gets one by its order, so the rest of the gateway can tell parallel calls apart; a result without
an id finds its call by name, then by order (edge case 42). Ids that were given are kept. Pure, free of any one dialect.
"""

from __future__ import annotations

import hashlib
from collections import deque

from gophergate.core.blocks import Json

_INVENTED = "gg-call-"


def is_invented(call_id: str) -> bool:
    """True for an id that a `CallBook` made: the caller never saw it, and a writer of its dialect leaves it out."""
    return call_id.startswith(_INVENTED)


def reply_call_id(reply_id: str, order: int, name: str, arguments: str) -> str:
    """An id for the `order`th call of a reply that gave none: the same for the same bytes, another in every reply."""
    digest = hashlib.sha256(f"{reply_id}\0{order}\0{name}\0{arguments}".encode(errors="replace"))
    return f"call_{digest.hexdigest()[:24]}"


class CallBook:
    """The calls of one request in order, and which of them still wait for a result. Constant work for each."""

    __slots__ = ("_by_name", "_in_order", "_invented", "_known", "_waiting")

    def __init__(self) -> None:
        self._invented = 0
        self._known: set[str] = set()
        self._waiting: set[str] = set()
        self._in_order: deque[str] = deque()
        self._by_name: dict[str, deque[str]] = {}

    def called(self, given: Json, name: str) -> str:
        """The id of a call."""
        call_id = given if isinstance(given, str) and given else self._new()
        self._known.add(call_id)
        self._waiting.add(call_id)
        self._in_order.append(call_id)
        self._by_name.setdefault(name, deque()).append(call_id)
        return call_id

    def answered(self, given: Json, name: str) -> str:
        """The id of the call that a result answers; a fresh one for a result that answers none."""
        named = self._first(self._by_name.get(name, deque()))
        found: str
        if isinstance(given, str) and given:
            # Some clients number their results and not their calls.
            found = named if given not in self._known and is_invented(named) else given
        else:
            found = named or self._first(self._in_order) or self._new()
        self._waiting.discard(found)
        return found

    def _first(self, calls: deque[str]) -> str:
        """The first call that still waits; those before it were answered."""
        while calls and calls[0] not in self._waiting:
            calls.popleft()
        return calls[0] if calls else ""

    def _new(self) -> str:
        self._invented += 1
        return f"{_INVENTED}{self._invented}"
