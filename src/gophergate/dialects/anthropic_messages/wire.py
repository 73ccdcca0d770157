"""The vocabulary of the Messages wire that its two ends share: names, reasons, and careful access to members.

Source: https://platform.claude.com/docs/en/api/messages and the types of the vendor's own SDK (anthropic 2.12).
"""

from __future__ import annotations

from gophergate.core.blocks import NO_EXTRA, Extra, Json
from gophergate.core.events import Reason
from gophergate.dialects.base import json_type
from gophergate.errors import BadRequest

NAME = "anthropic_messages"
WHERE = "Anthropic Messages"
"""The dialect's name in messages to people."""

VERSION = "2023-06-01"
"""The only `anthropic-version` there is for this wire."""

SEAL_MEMBER = "gophergate_seal"
"""A member of our own on `tool_use`: another vendor's seal of that call (Gemini's thought signature), wrapped. Clients
that echo unknown members bring it back (PROTOCOLS, "Gemini's thoughtSignature behind another door")."""

INLINE = "_inline"
"""Note on a tool that is defined in a turn: it goes back there, not among the request's."""

READ_REASON: dict[str, Reason] = {
    "end_turn": "stop",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "compaction": "pause",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_exceeded",
}
"""A word that is not here counts as "stop" and is kept as the native reason."""

WRITE_REASON: dict[Reason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
    "stop_sequence": "stop_sequence",
    "pause": "pause_turn",
    # The output ends in a call that cannot be used, as one that ran out of tokens does; "end_turn" would claim a
    # whole answer (edge case 24).
    "malformed_tool_call": "max_tokens",
    "context_exceeded": "model_context_window_exceeded",
}


def own(extra: Extra) -> dict[str, Json]:
    """The members of this dialect among a node's extras. Not to be changed."""
    return extra.get(NAME) or {}


def extra_of(members: dict[str, Json]) -> Extra:
    """Members without a canonical name, as a node's extras."""
    return {NAME: members} if members else NO_EXTRA


class Members:
    """Takes members out of a copy of an object by name and type; what is left in `rest` rides along as extra.

    A null counts as unsaid. A member of another type than asked for raises BadRequest, which names the place.
    """

    __slots__ = ("rest", "where")

    def __init__(self, value: Json, where: str) -> None:
        if not isinstance(value, dict):
            raise BadRequest(f"'{where}' must be an object, not {json_type(value)}.", param=where)
        self.rest: dict[str, Json] = dict(value)
        self.where = where

    def path(self, name: str) -> str:
        """Where a member stands, for messages: `messages[0].content`."""
        return f"{self.where}.{name}" if self.where else name

    def any(self, name: str) -> Json:
        return self.rest.pop(name, None)

    def string(self, name: str) -> str | None:
        value = self.rest.pop(name, None)
        if value is None or isinstance(value, str):
            return value
        raise self._wrong(name, "a string", value)

    def required(self, name: str) -> str:
        """A string that must be there."""
        value = self.rest.pop(name, None)
        if isinstance(value, str):
            return value
        if value is None:
            raise BadRequest(f"'{self.path(name)}' is missing.", param=self.path(name))
        raise self._wrong(name, "a string", value)

    def boolean(self, name: str) -> bool | None:
        value = self.rest.pop(name, None)
        if value is None or isinstance(value, bool):
            return value
        raise self._wrong(name, "a boolean", value)

    def integer(self, name: str) -> int | None:
        value = self.rest.pop(name, None)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise self._wrong(name, "a whole number", value)

    def number(self, name: str) -> float | None:
        value = self.rest.pop(name, None)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        raise self._wrong(name, "a number", value)

    def array(self, name: str) -> list[Json] | None:
        value = self.rest.pop(name, None)
        if value is None or isinstance(value, list):
            return value
        raise self._wrong(name, "an array", value)

    def object(self, name: str) -> dict[str, Json] | None:
        value = self.rest.pop(name, None)
        if value is None or isinstance(value, dict):
            return value
        raise self._wrong(name, "an object", value)

    def _wrong(self, name: str, wanted: str, value: Json) -> BadRequest:
        path = self.path(name)
        return BadRequest(f"'{path}' must be {wanted}, not {json_type(value)}.", param=path)
