"""What callers tell us in headers: request id, tags, session, strictness, and what vendors may want to see."""

from __future__ import annotations

import re
from typing import NamedTuple

from gophergate.front.base import Inbound

_ID = re.compile(rb"[\x21-\x7e]{1,128}")
_PASSING = frozenset(
    {
        b"anthropic-beta",
        b"anthropic-version",
        b"openai-beta",
        b"originator",
        b"session-id",
        b"thread-id",
        b"x-app",
        b"x-claude-code-session-id",
        b"x-codex-beta-features",
        b"x-codex-turn-metadata",
        b"x-codex-window-id",
        b"x-openai-internal-codex-responses-lite",
    }
)
_SESSIONS = (
    b"x-gophergate-session",
    b"x-claude-code-session-id",
    b"session-id",
    b"x-session-id",
    b"x-session-affinity",
)
_MAX_TAGS = 32


_NO_LOG = b"x-gophergate-no-log"
_OURS = frozenset({b"x-request-id", b"x-gophergate-strict", b"x-gophergate-tags", _NO_LOG, *_SESSIONS, *_PASSING})
_NO_TAGS: dict[str, str] = {}
_NOTHING: dict[str, str] = {}


class Told(NamedTuple):
    """What one request's headers say. `request_id` is the caller's own if it is a plain word of at most 128
    characters, else ""; `passing` are the headers that a vendor of the same language may be sent; `unlogged`: what is
    said is neither kept nor shown, the call itself is."""

    request_id: str = ""
    strict: bool = False
    tags: dict[str, str] = _NO_TAGS
    session: str | None = None
    passing: dict[str, str] = _NOTHING
    unlogged: bool = False


_SILENCE = Told()


def told(inbound: Inbound) -> Told:
    """Read a request's headers in one go. What is malformed is left out; a switch is on for any value but a no."""
    said = inbound.heard.told
    if said is None:
        said = inbound.heard.told = _read(inbound)
    return said


def _read(inbound: Inbound) -> Told:
    found = [(name, value) for name, value in inbound.headers if name in _OURS]
    if not found:
        return _SILENCE
    named = dict(found)
    sent = named.get(b"x-request-id", b"")
    return Told(
        request_id=sent.decode() if _ID.fullmatch(sent) else "",
        strict=_is_on(named.get(b"x-gophergate-strict")),
        tags=_tags(named.get(b"x-gophergate-tags", b"")),
        session=next((_word(named[name]) for name in _SESSIONS if name in named), None),
        passing={name.decode(): value.decode("latin-1") for name, value in found if name in _PASSING},
        unlogged=_is_on(named.get(_NO_LOG)),
    )


def _is_on(value: bytes | None) -> bool:
    return value is not None and value.strip().lower() not in (b"false", b"0", b"no", b"")


def _tags(sent: bytes) -> dict[str, str]:
    tags: dict[str, str] = {}
    for pair in sent.decode("utf-8", "replace").split(","):
        key, equals, text = pair.partition("=")
        if equals and key.strip() and len(tags) < _MAX_TAGS:
            tags[key.strip()[:64]] = text.strip()[:256]
    return tags


def _word(value: bytes) -> str | None:
    return value.decode("latin-1").strip()[:256] or None
