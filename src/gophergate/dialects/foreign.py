"""JSON of providers that no strict reader takes, and their other clients do.

One bad character in one event would else end a whole answer, or leave a call that passes verbatim unmetered.
"""

from __future__ import annotations

import json
from math import isfinite

import msgspec

from gophergate.core.blocks import Json
from gophergate.dialects.base import decode, encode

_WORTH_IT = 256 << 10
"""Bytes. What is larger is not read a second time: that would hold up everybody's loop."""


def decode_foreign(data: bytes) -> Json:
    """What a provider sent, to plain values: strict JSON, else what its other clients would make of it. Raises
    msgspec.DecodeError, UnicodeDecodeError or RecursionError."""
    try:
        return decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        strict = made_strict(data)
        if strict is None:
            raise
        return decode(strict)


def made_strict(data: bytes) -> bytes | None:
    """JSON that clients in Python and JavaScript take and a strict reader does not, made strict: half a surrogate pair
    (a server that cuts text by UTF-16 units), broken UTF-8, a control character or a byte-order mark become U+FFFD,
    stay and go; NaN and the infinities (log-probabilities) become null. None for what is no JSON, or too large to be
    worth it."""
    if len(data) > _WORTH_IT:
        return None
    try:
        return encode(_sound(json.loads(data.decode("utf-8-sig", "replace"), strict=False)))
    except (ValueError, RecursionError):
        return None


def _sound(value: Json) -> Json:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case float():
            return value if isfinite(value) else None
        case dict():
            return {_sound(name): _sound(member) for name, member in value.items()}
        case list():
            return [_sound(element) for element in value]
    return value
