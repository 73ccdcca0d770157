"""Errors of the Responses wire: what providers say when they refuse, before or inside a reply, and how ours are told.

Source: https://platform.openai.com/docs/guides/error-codes and the `error` and `response.failed` stream events. The
other speakers put the sentence under `error`, `detail` or `message`, as a string or an object; a body that is none of
these is itself the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gophergate.core.blocks import Json
from gophergate.dialects.base import encode
from gophergate.dialects.complaints import Complaint, refusal
from gophergate.dialects.members import text_of
from gophergate.errors import GatewayError, UpstreamRefused

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
        return _told({"message": error, "code": value.get("code")})  # xAI
    if value.get("type") == "error" or (text_of(value.get("message")) and "output" not in value):
        return _told({**value, "type": "" if value.get("type") == "error" else value.get("type")})
    detail = value.get("detail")
    if detail:
        return Complaint(detail if isinstance(detail, str) else encode(detail).decode())
    return None


def _told(error: dict[str, Any]) -> Complaint:
    code, kind = _word(error.get("code")), text_of(error.get("type"))
    return Complaint(
        message=text_of(error.get("message")) or encode(error).decode(),
        code=code,
        param=_word(error.get("param")),
        kind="billing" if "insufficient_quota" in (code, kind) else "",  # said with 429, as a limit of speed is
        status=_implied_status(code or "", kind),
    )


def _word(value: Json) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def _implied_status(*words: str) -> int | None:
    for word in words:
        if word in _STATUS_BY_WORD:
            return _STATUS_BY_WORD[word]
        if word.isascii() and word.isdigit() and 400 <= int(word) <= 599:
            return int(word)
        if "image" in word:
            return 400
    return None


def refusal_of(said: Complaint, raw: str) -> UpstreamRefused:
    """An error told inside a 200: its status is the one its words imply, else 502."""
    return refusal(said, said.status or 502, raw)


def failure_members(error: GatewayError) -> dict[str, Json]:
    """The `error` of a failed response: a provider's own word where clients of this wire know it, else the nearest."""
    code = error.code if error.code in _FAILURES else _FAILURE_BY_KIND.get(error.kind, "server_error")
    return {"code": code, "message": error.message}
