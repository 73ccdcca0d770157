"""Tool calls of one choice, as loosely as providers stream them.

With an index or without, several calls under one index, whole in one chunk or in pieces, arguments as a string, an
object or not at all, told twice (edge cases 11 to 13).
"""

from __future__ import annotations

from typing import Any

import msgspec

from gophergate.core.blocks import Json, Seal, ToolCall
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import decode, encode
from gophergate.dialects.members import count_of, object_of, text_of
from gophergate.dialects.openai_chat.wire import NOTE_LEGACY, own_extra, seal_in

_CALL = frozenset({"index", "id", "type", "function", "custom", "extra_content"})


class _Call:
    """One call as it grows. It opens once its name is known."""

    __slots__ = ("custom", "id", "is_open", "key", "legacy", "name", "pieces", "seal", "unknown")

    def __init__(self, key: tuple[str, int, int]) -> None:
        self.key = key
        self.id = ""
        self.name = ""
        self.pieces: list[str] = []
        self.seal: Seal | None = None
        self.unknown: dict[str, Json] = {}
        self.custom = False
        self.legacy = False
        self.is_open = False

    @property
    def is_whole(self) -> bool:
        """True when its arguments are a complete JSON object: nothing can follow."""
        if not self.pieces or self.custom or not self.pieces[-1].rstrip().endswith("}"):
            return False
        try:
            return isinstance(decode("".join(self.pieces).encode("utf-8", "surrogatepass")), dict)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False


class CallReader:
    """Reads `tool_calls` of deltas and messages into the assembler."""

    __slots__ = ("_by_id", "_by_index", "_calls", "_choice", "_events", "_frozen", "_origin", "_unsettled")

    def __init__(self, events: Assembler, choice: int, origin: str) -> None:
        self._events = events
        self._choice = choice
        self._origin = origin
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._by_id: dict[str, _Call] = {}
        self._unsettled: list[_Call] = []
        self._frozen = False

    @property
    def has_calls(self) -> bool:
        """True once a call was seen."""
        return bool(self._calls)

    def read(self, told: dict[str, Any], *, is_whole: bool = False) -> None:
        """One entry of `tool_calls`. In a message each entry is a call, whatever its id and index."""
        said = object_of(told.get("function"))
        custom = False
        if not said and (told.get("type") == "custom" or "custom" in told):
            said, custom = object_of(told.get("custom")), True
        identity, name = text_of(told.get("id")), text_of(said.get("name"))
        arguments = said.get("input") if custom else said.get("arguments")
        if arguments is not None and not isinstance(arguments, str):
            arguments = encode(arguments).decode()
        index = count_of(told.get("index"))
        if not (identity or name or arguments):
            return
        call = None if is_whole else self._find(index, identity, name)
        if call is None:
            if self._frozen and not (name or is_whole):
                return
            call = self._new(index, identity)
            call.custom = custom
        elif (self._frozen or name) and self._is_told_again(call, arguments or ""):
            return
        call.id = call.id or identity
        call.name = call.name or name
        unknown = {k: v for k, v in told.items() if k not in _CALL and v is not None}
        nested = {k: v for k, v in said.items() if k not in ("name", "arguments", "input") and v is not None}
        if nested:
            unknown["function"] = nested
        call.unknown.update(unknown)
        self._grow(call, arguments or "", seal_in(told.get("extra_content"), self._origin))

    def read_legacy(self, told: dict[str, Any]) -> None:
        """The one call of the old interface."""
        call = self._by_index.get(-1)
        if call is None:
            call = self._new(-1, "")
            call.legacy = True
        elif self._frozen:
            return
        call.name = call.name or text_of(told.get("name"))
        arguments = told.get("arguments")
        if arguments is not None and not isinstance(arguments, str):
            arguments = encode(arguments).decode()
        self._grow(call, arguments or "", None)

    def _is_told_again(self, call: _Call, arguments: str) -> bool:
        """True for a whole call that is repeated, mostly beside the finish reason (edge case 11)."""
        if self._frozen:
            return call.is_whole or arguments == "".join(call.pieces)
        return bool(arguments) and arguments == "".join(call.pieces) and (call.is_whole or call.custom)

    def _find(self, index: int | None, identity: str, name: str) -> _Call | None:
        if index is None:
            if identity:
                return self._by_id.get(identity)
            return None if name or not self._calls else self._calls[-1]
        call = self._by_index.get(index)
        if call is None:
            # An id already told under another index is that call (a provider that counts per chunk).
            return self._by_id.get(identity) if identity and not name else None
        if name and call.name:
            if identity and call.id and identity != call.id:
                return self._by_id.get(identity)
            if not identity and call.is_whole:
                return None
        return call

    def _new(self, index: int | None, identity: str) -> _Call:
        self.settle()
        call = _Call(("call", self._choice, len(self._calls)))
        self._calls.append(call)
        if index is not None:
            self._by_index[index] = call
        if identity:
            self._by_id[identity] = call
        return call

    def _grow(self, call: _Call, arguments: str, seal: Seal | None) -> None:
        if arguments:
            call.pieces.append(arguments)
        if call.is_open:
            self._events.grow(call.key, arguments, seal=seal)
            return
        call.seal = seal or call.seal
        if call.name:
            self._open(call)

    def _open(self, call: _Call) -> None:
        unknown = {**call.unknown, **({NOTE_LEGACY: True} if call.legacy else {})}
        self._events.open(
            call.key,
            ToolCall(id=call.id, name=call.name, custom=call.custom, seal=call.seal, extra=own_extra(unknown)),
            choice=self._choice,
        )
        self._events.grow(call.key, "".join(call.pieces))
        call.is_open = True
        self._unsettled.append(call)

    def seal_first(self, seal: Seal) -> None:
        """A signature that stands beside the calls belongs to the first of them (Google's)."""
        self._events.grow(self._calls[0].key, seal=seal)

    def settle(self) -> None:
        """Something else begins: calls that are whole can be closed, so that nobody waits for the end."""
        if self._unsettled:
            waiting = []
            for call in self._unsettled:
                if call.is_whole:
                    self._events.close(call.key)
                else:
                    waiting.append(call)
            self._unsettled = waiting

    def freeze(self) -> None:
        """A finish reason was given: calls told from now on are the same ones again."""
        self._frozen = True

    def end(self) -> None:
        """Calls whose name never came are told all the same."""
        for call in self._calls:
            if not call.is_open:
                self._open(call)
