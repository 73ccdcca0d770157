"""Seals on the Responses wire: every one travels in the `encrypted_content` of a reasoning item.

A seal native to this wire goes bare. Another maker's seal of a thought goes wrapped. A seal that belongs to something
else than a thought (a call, a text, a picture) travels in a reasoning item of its own, double wrapped: the outer wrap
says what it seals, because clients replay reasoning items unchanged and rebuild everything else from known members.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, unquote

from gophergate.core.blocks import Json, Seal
from gophergate.dialects.base import show_seal, unwrap_seal, wrap_seal
from gophergate.dialects.members import text_of
from gophergate.dialects.openai_responses.wire import NAME

_CALL = "call"
_BEFORE = "before"
_REDACTED = "redacted"


class Carried(NamedTuple):
    """What an `encrypted_content` holds. `call_id` names the call it seals; `before` says that it seals the block right
    before it; `redacted`, that it is a thought of which only the seal was given."""

    seal: Seal
    call_id: str | None = None
    before: bool = False
    redacted: bool = False


def read_carried(token: str) -> Carried:
    """What came in as `encrypted_content`."""
    outer = unwrap_seal(token, NAME)
    if outer.dialect not in (_CALL, _BEFORE, _REDACTED):
        return Carried(outer)
    return Carried(
        unwrap_seal(outer.token, NAME),
        call_id=unquote(outer.origin) if outer.dialect == _CALL else None,
        before=outer.dialect == _BEFORE,
        redacted=outer.dialect == _REDACTED,
    )


def carried_call_seal(item: dict[str, Json]) -> tuple[str, Seal] | None:
    """The call and its seal, when `item` is a reasoning item that only carries one."""
    token = text_of(item.get("encrypted_content")) if item.get("type") == "reasoning" else ""
    if not token:
        return None
    carried = read_carried(token)
    return None if carried.call_id is None else (carried.call_id, carried.seal)


def show_thought_seal(seal: Seal, redacted: bool) -> str:
    """A thought's seal as clients of this dialect get it."""
    if redacted and seal.dialect != NAME:
        return wrap_seal(Seal(wrap_seal(seal), _REDACTED))
    return show_seal(seal, NAME)


def show_call_seal(seal: Seal, call_id: str) -> str:
    """A call's seal, for a reasoning item of its own anywhere in the reply."""
    return wrap_seal(Seal(wrap_seal(seal), _CALL, quote(call_id, safe="")))


def show_block_seal(seal: Seal) -> str:
    """The seal of a text or a picture, for a reasoning item right behind it."""
    return wrap_seal(Seal(wrap_seal(seal), _BEFORE))
