"""Declared edits of a JSON object's bytes: one top-level member replaced or added, every other byte kept (law 5).

The value's bytes are found through msgspec's `Raw`, so no scanner of ours decides what is JSON. Each edit is proved by
decoding the result before it is used.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

_SPACE = re.compile(rb"[ \t\r\n]*")


@lru_cache(maxsize=64)
def _decoder(name: str) -> msgspec.json.Decoder[msgspec.Struct]:
    struct = msgspec.defstruct("Member", [("value", msgspec.Raw, msgspec.Raw())], rename={"value": name})
    return msgspec.json.Decoder(struct)


def raw_member(body: bytes, name: str) -> bytes | None:
    """The bytes of a top-level member's value; None when there is none. Raises msgspec.DecodeError."""
    value = bytes(_decoder(name).decode(body).value)  # type: ignore[attr-defined]
    return value or None


def with_member(body: bytes, name: str, value: bytes) -> bytes:
    """`body` with top-level member `name` set to the JSON `value`: replaced in place, or added at the end.

    Raises msgspec.DecodeError when the body is no JSON object, ValueError when the member cannot be located (its key
    is written with escapes, or stands twice with one value).
    """
    old = raw_member(body, name)
    if old is None:
        return _added(body, name, value)
    if old == value:
        return body
    key = msgspec.json.encode(name)
    at = body.find(key)
    while at >= 0:
        start = _after_colon(body, at + len(key))
        if start >= 0 and body.startswith(old, start):
            edited = b"".join((body[:start], value, body[start + len(old) :]))
            if raw_member(edited, name) == value:
                return edited
        at = body.find(key, at + 1)
    raise ValueError(f"the member '{name}' stands where it cannot be edited")


def with_text(body: bytes, name: str, value: bytes) -> bytes:
    """`with_member` for a member that has just been read and found to be a string, so it stands there. Where its name
    stands once in the body and no key can be written with escapes, that is it: one look instead of three readings."""
    key, text = _text_member(name)
    found = text.search(body)
    if found is not None and body.count(key) == 1 and body.find(b"\\u") < 0:
        start, end = found.span(1)
        return body if found.group(1) == value else b"".join((body[:start], value, body[end:]))
    return with_member(body, name, value)


@lru_cache(maxsize=64)
def _text_member(name: str) -> tuple[bytes, re.Pattern[bytes]]:
    """The name as a key in JSON, and that key with a string without escapes."""
    key = b'"%b"' % name.encode()
    return key, re.compile(re.escape(key) + rb'[ \t\r\n]*:[ \t\r\n]*("[^"\\]*")')


def _after_colon(body: bytes, at: int) -> int:
    at = _SPACE.match(body, at).end()  # type: ignore[union-attr]
    if body[at : at + 1] != b":":
        return -1
    return _SPACE.match(body, at + 1).end()  # type: ignore[union-attr]


def _added(body: bytes, name: str, value: bytes) -> bytes:
    end = body.rfind(b"}")
    head = body[:end].rstrip()
    comma = b"" if head.endswith(b"{") else b","
    return b"".join((body[:end], comma, msgspec.json.encode(name), b":", value, body[end:]))


def without_member(body: bytes, name: str) -> bytes:
    """`body` without top-level member `name`, its comma gone with it; identical when there is none.

    Raises as `with_member` does.
    """
    old = raw_member(body, name)
    if old is None:
        return body
    key = msgspec.json.encode(name)
    at = body.find(key)
    while at >= 0:
        start = _after_colon(body, at + len(key))
        if start >= 0 and body.startswith(old, start):
            head, tail = body[:at].rstrip(), body[start + len(old) :].lstrip()
            if head.endswith(b","):
                head = head[:-1]
            elif tail.startswith(b","):
                tail = tail[1:]
            edited = head + tail
            if _parses(edited) and raw_member(edited, name) is None:
                return edited
        at = body.find(key, at + 1)
    raise ValueError(f"the member '{name}' stands where it cannot be edited")


def _parses(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return False
    return True
