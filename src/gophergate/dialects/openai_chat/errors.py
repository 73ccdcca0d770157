"""Errors of the Chat Completions wire: what providers say when they refuse, and how ours are told.

Source: https://platform.openai.com/docs/guides/error-codes. Look-alikes put the sentence under `error`, `detail`,
`message` or `errors`, as a string, an object or a list; a body that is none of these is itself the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gophergate.core.blocks import Json
from gophergate.dialects.base import decode, encode
from gophergate.dialects.members import object_of, text_of
from gophergate.dialects.waits import hints_of, wait_in_words, wait_of
from gophergate.errors import KIND_BY_STATUS, GatewayError, UpstreamRefused

_LONGEST_MESSAGE = 4000

_TYPE_BY_KIND: Mapping[str, str] = {
    "invalid_request": "invalid_request_error",
    "request_too_large": "invalid_request_error",
    "not_found": "invalid_request_error",
    "authentication": "authentication_error",
    "permission": "permission_error",
    "billing": "billing_error",
    "rate_limit": "rate_limit_error",
    "timeout": "timeout_error",
    "overloaded": "overloaded_error",
}

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


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """What an error object says, each member "" or None where it does not say it."""

    message: str = ""
    type: str = ""
    code: str | None = None
    param: str | None = None
    status: int | None = None


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
        return msgspec.structs.replace(first, message="; ".join(part.message for part in parts if part.message))
    if not isinstance(error, dict):
        said = error if isinstance(error, str) else encode(error).decode()
        return Complaint(message=said, code=_word(around.get("code")), status=_status(around))
    message = text_of(error.get("message")) or text_of(error.get("msg")) or text_of(error.get("detail"))
    nested = error.get("message")
    if not message and isinstance(nested, dict | list):
        return _told(nested, error)
    cause = text_of(object_of(error.get("metadata")).get("raw"))
    if cause and cause not in message:
        message = f"{message}: {cause}" if message else cause  # OpenRouter's "Provider returned error" says nothing.
    return Complaint(
        message=message or encode(error).decode(),
        type=text_of(error.get("type")) or text_of(error.get("status")),
        code=_word(error.get("code")),
        param=_word(error.get("param")),
        status=_status(error),
    )


def _word(value: Json) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def _status(error: dict[str, Any]) -> int | None:
    for name in ("status_code", "code", "status"):
        value = error.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
            return value
    return None


def _kind(said: Complaint, status: int) -> str:
    # xAI answers a bad key with 400, so the words come before the status.
    if status in (400, 401) and "api key" in said.message.lower():
        return "authentication"
    if status == 429 and "insufficient_quota" in (said.code, said.type):
        return "billing"
    return KIND_BY_STATUS.get(status) or _KIND_BY_WORD.get(said.type.lower()) or _family(status)


def _family(status: int) -> str:
    return "invalid_request" if 400 <= status < 500 else "api_error"


def refusal_of(said: Complaint, raw: str) -> UpstreamRefused:
    """An error told inside a 200: its status is the one it names, else the one its words imply, else 502."""
    status = said.status
    if status is None:
        words = (said.code or "", said.type)
        kinds = [_KIND_BY_WORD[word.lower()] for word in words if word.lower() in _KIND_BY_WORD]
        status = _STATUS_BY_KIND[kinds[0]] if kinds else 502
    return UpstreamRefused(
        said.message[:_LONGEST_MESSAGE] or "The provider reported an error and did not say which.",
        status=status,
        kind=_kind(said, status),
        code=said.code,
        param=said.param,
        raw=raw,
    )


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
    """The provider's error. A body that does not parse is its message as text (edge case 55)."""
    raw = body.decode("utf-8", "replace")
    try:
        said = complaint_of(decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = None
    if said is None or not said.message:
        sentence = raw.strip() or f"The provider answered with status {status} and no explanation."
        said = msgspec.structs.replace(said or Complaint(), message=sentence)
    hints = hints_of(headers)
    wait = wait_of(hints)
    return UpstreamRefused(
        said.message[:_LONGEST_MESSAGE],
        status=status,
        kind=_kind(said, status),
        code=said.code,
        param=said.param,
        retry_after=wait_in_words(said.message) if wait is None else wait,
        headers=hints,
        raw=raw,
    )


def envelope(error: GatewayError) -> dict[str, Json]:
    """OpenAI's error object, before or inside a stream."""
    return {
        "error": {
            "message": error.message,
            "type": _TYPE_BY_KIND.get(error.kind, "api_error"),
            "param": error.param,
            "code": error.code,
        }
    }
