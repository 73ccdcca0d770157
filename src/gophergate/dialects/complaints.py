"""What a provider says when it refuses, as far as every language tells and reads it alike; where its sentence stands is
each dialect's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from gophergate.core.blocks import Json
from gophergate.dialects.base import decode
from gophergate.dialects.waits import hints_of, wait_in_words, wait_of
from gophergate.errors import KIND_BY_STATUS, GatewayError, UpstreamRefused

_LONGEST_MESSAGE = 4000
"""Characters: enough of a sentence, and to recognise a proxy's page."""

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


class Complaint(NamedTuple):
    """What an error object says, each member empty where it does not say it.

    `kind` is the canonical family where the provider's words tell it more surely than the status, `perhaps` where they
    tell it only beside a status that tells none; `status` what is said inside a 200; `retry_after` in seconds.
    """

    message: str = ""
    code: str | None = None
    param: str | None = None
    kind: str = ""
    perhaps: str = ""
    status: int | None = None
    retry_after: float | None = None


def read_refusal(
    status: int, headers: Mapping[str, str], body: bytes, complaint_of: Callable[[Json], Complaint | None]
) -> UpstreamRefused:
    """The error a response tells. Never fails: a body that is no error object is its message as text (edge case 55)."""
    raw = body.decode("utf-8", "replace")
    try:
        complaint = complaint_of(decode(body))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        complaint = None
    return refusal(complaint or Complaint(), status, raw, hints_of(headers))


def refusal(complaint: Complaint, status: int, raw: str, hints: Mapping[str, str] | None = None) -> UpstreamRefused:
    """What is told of a complaint: its sentence, or `raw` as it came. A wait is the headers', else what the error
    object says, else what its sentence does."""
    message = complaint.message or raw.strip() or f"The provider answered with status {status} and no explanation."
    wait = wait_of(hints or {})
    if wait is None:
        wait = complaint.retry_after
    return UpstreamRefused(
        message[:_LONGEST_MESSAGE],
        status=status,
        kind=_kind(complaint, message, status),
        code=complaint.code,
        param=complaint.param,
        retry_after=wait_in_words(message) if wait is None else wait,
        headers=hints,
        raw=raw,
    )


def _kind(said: Complaint, message: str, status: int) -> str:
    # xAI and Google answer a bad key with 400, so the words come before the status.
    if status in (400, 401) and "api key" in message.lower():
        return "authentication"
    family = "invalid_request" if 400 <= status < 500 else "api_error"
    return said.kind or KIND_BY_STATUS.get(status) or said.perhaps or family


def openai_error(error: GatewayError) -> dict[str, Json]:
    """OpenAI's error object, as both of its wires tell it, before and inside a stream.

    Source: https://platform.openai.com/docs/guides/error-codes."""
    return {
        "message": error.message,
        "type": _TYPE_BY_KIND.get(error.kind, "api_error"),
        "param": error.param,
        "code": error.code,
    }
