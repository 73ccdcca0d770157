"""Strikes the values of named members out of what was said, before it is kept or shown (`logging.redact`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

STRUCK = "[redacted]"
_UNREADABLE = b'"[not kept: logging.redact is set, and this could not be read]"'


def redacted(value: Any, names: frozenset[str]) -> Any:
    """A decoded JSON value with the values of those members, at any depth, struck out."""
    if isinstance(value, Mapping):
        return {name: STRUCK if name in names else redacted(inner, names) for name, inner in value.items()}
    if isinstance(value, list):
        return [redacted(inner, names) for inner in value]
    return value


def redacted_bytes(data: bytes, names: frozenset[str]) -> bytes:
    """A JSON body, or a stream of them as SSE or lines, struck through. What cannot be read is left out whole: it might
    hold what must not be kept."""
    if not names or not data:
        return data
    try:
        return msgspec.json.encode(redacted(msgspec.json.decode(data), names))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    lines = []
    for line in data.split(b"\n"):
        text = line.strip()
        if text.startswith(b"data:"):
            lines.append(b"data: " + _line(text.removeprefix(b"data:").strip(), names))
        elif not text or text.startswith((b"event:", b"id:", b"retry:", b":")):
            lines.append(line)
        else:
            lines.append(_line(text, names))
    return b"\n".join(lines)


def _line(text: bytes, names: frozenset[str]) -> bytes:
    if text == b"[DONE]":
        return text
    try:
        return msgspec.json.encode(redacted(msgspec.json.decode(text), names))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _UNREADABLE
