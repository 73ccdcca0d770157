"""Errors of the Chat Completions wire: what providers say when they refuse, and how ours are told.

Source: https://platform.openai.com/docs/guides/error-codes. Look-alikes put the sentence under `error`, `detail`,
`message` or `errors`, as a string, an object or a list; a body that is none of these is itself the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gophergate.core.blocks import Json
from gophergate.dialects.base import encode
from gophergate.dialects.complaints import Complaint, openai_error, refusal
from gophergate.dialects.members import object_of, text_of
from gophergate.errors import GatewayError, UpstreamRefused

_KIND_BY_WORD: Mapping[str, str] = {
    "invalid_request_error": "invalid_request",
    "authentication_error": "authentication",
    "invalid_api_key": "authentication",
    "permission_error": "permission",
    "insufficient_quota": "billing",
    "billing_error": "billing",
    "not_found_error": "not_found",
    "model_not_found": "not_found",
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "ratelimitreached": "rate_limit",
    "tokens": "rate_limit",
    "requests": "rate_limit",
    "overloaded_error": "overloaded",
    "overloaded": "overloaded",
    "service_unavailable": "overloaded",
    "timeout_error": "timeout",
}

_STATUS_BY_KIND: Mapping[str, int] = {
    "invalid_request": 400,
    "authentication": 401,
    "billing": 402,
    "permission": 403,
    "not_found": 404,
    "rate_limit": 429,
    "overloaded": 503,
    "timeout": 504,
}


_MINIMAX: Mapping[str, int] = {
    "1001": 504,
    "1002": 429,
    "1004": 401,
    "1008": 402,
    "1026": 400,
    "1027": 400,
    "1039": 400,
    "1041": 429,
    "1042": 400,
    "2013": 400,
    "2049": 401,
    "2056": 429,
}
"""MiniMax answers 200 and says in `base_resp` what went wrong (platform.minimax.io, "Error codes"); the rest is its own
fault."""


def complaint_of(value: Json) -> Complaint | None:
    """The error in a decoded body or chunk; None when it holds none."""
    if isinstance(value, list):
        found = [c for c in map(complaint_of, value) if c is not None]
        return found[0] if found else None  # Vertex wraps its error in an array.
    if not isinstance(value, dict):
        return None
    error = value.get("error")
    if error:
        return _told(error, value)
    verdict = value.get("base_resp")
    if isinstance(verdict, dict) and (code := _word(verdict.get("status_code")) or "0") != "0":
        message = text_of(verdict.get("status_msg")) or f"The provider answered with its code {code}."
        return Complaint(message=message, code=code, status=_MINIMAX.get(code, 502))
    if value.get("object") == "error" or value.get("type") == "error":
        return _told(value, value)
    for name in ("detail", "errors"):
        if value.get(name):
            return _told(value[name], value)
    if text_of(value.get("message")) and "choices" not in value:
        return _told(value, value)
    return None


def _told(error: Json, around: dict[str, Any]) -> Complaint:
    if isinstance(error, list) and error:
        parts = [_told(part, around) for part in error]
        first = parts[0]
        return first._replace(message="; ".join(part.message for part in parts if part.message))
    if not isinstance(error, dict):
        said = error if isinstance(error, str) else encode(error).decode()
        code = _word(around.get("code"))
        return Complaint(message=said, code=code, kind=_billing(code), status=_status(around))
    message = text_of(error.get("message")) or text_of(error.get("msg")) or text_of(error.get("detail"))
    nested = error.get("message")
    if not message and isinstance(nested, dict | list):
        return _told(nested, error)
    cause = text_of(object_of(error.get("metadata")).get("raw"))
    if cause and cause not in message:
        message = f"{message}: {cause}" if message else cause  # OpenRouter's "Provider returned error" says nothing.
    code, kind = _word(error.get("code")), text_of(error.get("type")) or text_of(error.get("status"))
    return Complaint(
        message=message or encode(error).decode(),
        code=code,
        param=_word(error.get("param")),
        kind=_billing(code, kind),
        perhaps=_KIND_BY_WORD.get(kind.lower(), ""),
        status=_status(error),
    )


def _word(value: Json) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def _billing(*words: str | None) -> str:
    return "billing" if "insufficient_quota" in words else ""  # said with 429, as a limit of speed is


def _status(error: dict[str, Any]) -> int | None:
    for name in ("status_code", "code", "status"):
        value = error.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
            return value
    return None


def refusal_of(said: Complaint, raw: str) -> UpstreamRefused:
    """An error told inside a 200: its status is the one it names, else the one its words imply, else 502."""
    kind = _KIND_BY_WORD.get((said.code or "").lower()) or said.perhaps
    return refusal(said, said.status or _STATUS_BY_KIND.get(kind, 502), raw)


def envelope(error: GatewayError) -> dict[str, Json]:
    """OpenAI's error object, before or inside a stream."""
    return {"error": openai_error(error)}
