"""Errors of the Messages wire, both ways: `{"type": "error", "error": {"type", "message"}, "request_id"}`.

Source: https://platform.claude.com/docs/en/api/errors. The same object travels as a response and as an event inside
a stream whose status was 200; there its type tells which status it would have had.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from gophergate.core.blocks import Json
from gophergate.dialects.base import decode, encode
from gophergate.dialects.members import object_of, text_of
from gophergate.dialects.waits import hints_of, wait_of
from gophergate.errors import KIND_BY_STATUS, GatewayError, UpstreamRefused

_MOST = 2000
"""Characters kept of a body that is no error object: enough to recognise a proxy's page."""


class _Family(NamedTuple):
    kind: str
    status: int


_FAMILIES: Mapping[str, _Family] = {
    "invalid_request_error": _Family("invalid_request", 400),
    "authentication_error": _Family("authentication", 401),
    "billing_error": _Family("billing", 402),
    "permission_error": _Family("permission", 403),
    "not_found_error": _Family("not_found", 404),
    "request_too_large": _Family("request_too_large", 413),
    "rate_limit_error": _Family("rate_limit", 429),
    "api_error": _Family("api_error", 500),
    "timeout_error": _Family("timeout", 504),
    "overloaded_error": _Family("overloaded", 529),
}
_TYPES = {family.kind: name for name, family in _FAMILIES.items()}


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
    """The error a response tells. Never fails: a body that is no error object is kept as text (edge case 55)."""
    hints = hints_of(headers)
    raw = body.decode("utf-8", "replace")
    try:
        said = decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = None
    if isinstance(said, list) and said:
        said = said[0]  # Vertex answers 429 with an array of one.
    error = object_of(object_of(said).get("error"))
    message = text_of(error.get("message")) or text_of(object_of(said).get("message"))
    code = text_of(error.get("type")) or text_of(error.get("status"))
    family = _FAMILIES.get(code)
    return UpstreamRefused(
        message or text_of(object_of(said).get("error")) or raw.strip()[:_MOST] or f"The provider answered {status}.",
        status=status,
        kind=family.kind if family else KIND_BY_STATUS.get(status, "api_error"),
        code=code or None,
        retry_after=wait_of(hints),
        headers=hints,
        raw=raw,
    )


def read_event(said: Json) -> UpstreamRefused:
    """The error that an event inside a stream tells (edge case 7)."""
    error = object_of(object_of(said).get("error"))
    code = text_of(error.get("type"))
    family = _FAMILIES.get(code, _FAMILIES["api_error"])
    return UpstreamRefused(
        text_of(error.get("message"))
        or text_of(object_of(said).get("error"))
        or "The provider broke off with an error.",
        status=family.status,
        kind=family.kind,
        code=code or None,
        raw=encode(said).decode(),
    )


def write_error(error: GatewayError, request_id: str = "") -> bytes:
    """The envelope, as a response body or as the data of an `error` event."""
    told: dict[str, Json] = {
        "type": "error",
        "error": {"type": _TYPES.get(error.kind, "api_error"), "message": error.message},
    }
    if request_id:
        told["request_id"] = request_id
    return encode(told)
