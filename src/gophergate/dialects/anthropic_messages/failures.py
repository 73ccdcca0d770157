"""Errors of the Messages wire, both ways: `{"type": "error", "error": {"type", "message"}, "request_id"}`.

Source: https://platform.claude.com/docs/en/api/errors. The same object travels as a response and as an event inside
a stream whose status was 200; there its type tells which status it would have had.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gophergate.core.blocks import Json
from gophergate.dialects.base import encode
from gophergate.dialects.complaints import Complaint, refusal
from gophergate.dialects.members import object_of, text_of
from gophergate.errors import GatewayError, UpstreamRefused


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
_DETAILS: Mapping[str | None, Json] = {
    "thread": {"error_code": "thread_unsupported_request", "unsupported": ["thread"]},
}
"""By the member that was refused: what Anthropic's own clients act on. Their tool runner keeps its conversation at the
server by default, and sends it whole when it hears this."""
_TYPES = {family.kind: name for name, family in _FAMILIES.items()}


def complaint_of(said: Json) -> Complaint | None:
    """The error in a decoded body; None when it holds none."""
    if isinstance(said, list) and said:
        said = said[0]  # Vertex answers 429 with an array of one.
    told = object_of(said).get("error")
    error = object_of(told)
    message = text_of(error.get("message")) or text_of(object_of(said).get("message")) or text_of(told)
    code = text_of(error.get("type")) or text_of(error.get("status"))
    family = _FAMILIES.get(code)
    return Complaint(
        message, code or None, kind=family.kind if family else "", status=family.status if family else None
    )


def read_event(said: Json) -> UpstreamRefused:
    """The error that an event inside a stream tells (edge case 7)."""
    complaint = complaint_of(said) or Complaint()
    return refusal(complaint, complaint.status or 500, encode(said).decode())


def write_error(error: GatewayError, request_id: str = "") -> bytes:
    """The envelope, as a response body or as the data of an `error` event."""
    said: dict[str, Json] = {"type": _TYPES.get(error.kind, "api_error"), "message": error.message}
    if error.code == "unsupported_content" and error.param in _DETAILS:
        said["details"] = _DETAILS[error.param]
    told: dict[str, Json] = {"type": "error", "error": said}
    if request_id:
        told["request_id"] = request_id
    return encode(told)
