"""What callers tell us in headers: request id, tags, session, strictness, and what vendors may want to see."""

from __future__ import annotations

import re

from gophergate.errors import BadRequest
from gophergate.front.base import Inbound

_ID = re.compile(rb"[\x21-\x7e]{1,128}")
_PASSING = frozenset(
    {
        b"anthropic-beta",
        b"anthropic-version",
        b"openai-beta",
        b"originator",
        b"session-id",
        b"x-app",
        b"x-claude-code-session-id",
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


def request_id(inbound: Inbound, otherwise: str) -> str:
    """The caller's own `x-request-id` if it is a plain word of at most 128 characters, else `otherwise`."""
    sent = inbound.header(b"x-request-id")
    return sent.decode() if sent is not None and _ID.fullmatch(sent) else otherwise


def strict(inbound: Inbound) -> bool:
    """Whether every dropped setting must be a 400. Raises BadRequest for anything but true or false."""
    sent = inbound.header(b"x-gophergate-strict")
    if sent is None:
        return False
    match sent.strip().lower():
        case b"true" | b"1":
            return True
        case b"false" | b"0":
            return False
    raise BadRequest("x-gophergate-strict must be 'true' or 'false'.", param="x-gophergate-strict")


def tagged(inbound: Inbound) -> tuple[dict[str, str], str | None]:
    """Tags (`a=b,c=d`; what is malformed is left out) and the session's name, ours first, then known agents' own."""
    tags: dict[str, str] = {}
    session: str | None = None
    for name, value in inbound.headers:
        if name == b"x-gophergate-tags":
            for pair in value.decode("utf-8", "replace").split(","):
                key, equals, text = pair.partition("=")
                if equals and key.strip() and len(tags) < _MAX_TAGS:
                    tags[key.strip()[:64]] = text.strip()[:256]
        elif (session is None and name in _SESSIONS) or name == b"x-gophergate-session":
            session = value.decode("latin-1").strip()[:256] or None
    return tags, session


def passing(inbound: Inbound) -> dict[str, str]:
    """The caller's headers that a vendor of the same language may be sent."""
    return {name.decode(): value.decode("latin-1") for name, value in inbound.headers if name in _PASSING}
