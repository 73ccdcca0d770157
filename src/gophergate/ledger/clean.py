"""Texts no database takes, made storable: half a surrogate pair (JSON allows it) and NUL (PostgreSQL refuses it)."""

from __future__ import annotations

import msgspec

from gophergate.core.call import CallRecord


def cleaned(record: CallRecord) -> CallRecord:
    """The record with every such character replaced by U+FFFD; as it is when it holds values of a wrong type."""
    try:
        return msgspec.convert(_clean(msgspec.to_builtins(record)), CallRecord)
    except (msgspec.ValidationError, TypeError, OverflowError):
        return record


def _clean(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
