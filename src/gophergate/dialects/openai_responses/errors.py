"""Errors of the Responses wire: what providers say when they refuse, before or inside a reply, and how ours are told.

Source: https://platform.openai.com/docs/guides/error-codes and the `error` and `response.failed` stream events. The
other speakers put the sentence under `error`, `detail` or `message`, as a string or an object; a body that is none of
these is itself the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from gophergate.core.blocks import Json
from gophergate.dialects.base import decode, encode
from gophergate.dialects.members import text_of
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

_STATUS_BY_WORD: Mapping[str, int] = {
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "invalid_value": 400,
    "context_length_exceeded": 400,
    "string_above_max_length": 400,
    "bio_policy": 400,
    "cyber_policy": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "model_not_found": 404,
    "not_found_error": 404,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "tokens": 429,
    "requests": 429,
    "insufficient_quota": 429,
    "usage_limit_reached": 429,
    "server_error": 500,
    "server_is_overloaded": 503,
    "slow_down": 503,
    "overloaded_error": 503,
    "service_unavailable_error": 503,
    "timeout_error": 504,
    "vector_store_timeout": 504,
}
"""The HTTP status that a word stands for, for errors told inside a 200. Words of bad images: see `_implied_status`."""


_FAILURES = frozenset(
    {
        "server_error",
        "rate_limit_exceeded",
        "invalid_prompt",
        "data_residency_mismatch",
        "bio_policy",
        "misalignment_policy_violation",
        "vector_store_timeout",
        "invalid_image",
        "invalid_image_format",
        "invalid_base64_image",
        "invalid_image_url",
        "image_too_large",
        "image_too_small",
        "image_parse_error",
        "image_content_policy_violation",
        "invalid_image_mode",
        "image_file_too_large",
        "unsupported_image_media_type",
        "empty_image_file",
        "failed_to_download_image",
        "image_file_not_found",
        # Not in OpenAI's list, but sent by it, and coding agents act on them.
        "context_length_exceeded",
        "insufficient_quota",
        "usage_not_included",
        "cyber_policy",
        "server_is_overloaded",
        "slow_down",
    }
)
"""The words for why a response failed."""
_FAILURE_BY_KIND: Mapping[str, str] = {
    "rate_limit": "rate_limit_exceeded",
    "billing": "insufficient_quota",
    "overloaded": "server_is_overloaded",
    "invalid_request": "invalid_prompt",
}


class Complaint(NamedTuple):
    """What an error object says, each member empty where it does not say it."""

    message: str
    type: str = ""
    code: str | None = None
    param: str | None = None


def complaint_of(value: Json) -> Complaint | None:
    """The error in a decoded body or stream event; None when it holds none."""
    if isinstance(value, list):
        return next((found for found in map(complaint_of, value) if found is not None), None)
    if not isinstance(value, dict):
        return None
    error = value.get("error")
    if isinstance(error, dict):
        return _told(error)
    if isinstance(error, str) and error:
        return Complaint(error, code=_word(value.get("code")))  # xAI
    if value.get("type") == "error" or (text_of(value.get("message")) and "output" not in value):
        return _told({**value, "type": "" if value.get("type") == "error" else value.get("type")})
    detail = value.get("detail")
    if detail:
        return Complaint(detail if isinstance(detail, str) else encode(detail).decode())
    return None


def _told(error: dict[str, Any]) -> Complaint:
    return Complaint(
        message=text_of(error.get("message")) or encode(error).decode(),
        type=text_of(error.get("type")),
        code=_word(error.get("code")),
        param=_word(error.get("param")),
    )


def _word(value: Json) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def _kind(said: Complaint, status: int) -> str:
    # xAI answers a bad key with 400, so the words come before the status.
    if status in (400, 401) and "api key" in said.message.lower():
        return "authentication"
    if status == 429 and "insufficient_quota" in (said.code, said.type):
        return "billing"
    return KIND_BY_STATUS.get(status) or ("invalid_request" if status < 500 else "api_error")


def _implied_status(said: Complaint) -> int:
    for word in (said.code or "", said.type):
        if word in _STATUS_BY_WORD:
            return _STATUS_BY_WORD[word]
        if word.isascii() and word.isdigit() and 400 <= int(word) <= 599:
            return int(word)
        if "image" in word:
            return 400
    return 502


def refusal_of(said: Complaint, raw: str) -> UpstreamRefused:
    """An error told inside a 200: its status is the one its words imply, else 502."""
    status = _implied_status(said)
    return UpstreamRefused(
        said.message[:_LONGEST_MESSAGE],
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
    if said is None:
        said = Complaint(raw.strip() or f"The provider answered with status {status} and no explanation.")
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


def error_members(error: GatewayError) -> dict[str, Json]:
    """OpenAI's error object, for an envelope and for a stream's error event."""
    return {
        "message": error.message,
        "type": _TYPE_BY_KIND.get(error.kind, "api_error"),
        "param": error.param,
        "code": error.code,
    }


def failure_members(error: GatewayError) -> dict[str, Json]:
    """The `error` of a failed response: a provider's own word where clients of this wire know it, else the nearest."""
    code = error.code if error.code in _FAILURES else _FAILURE_BY_KIND.get(error.kind, "server_error")
    return {"code": code, "message": error.message}
