"""Google's error envelope, both ways: `{"error": {"code", "message", "status", "details"}}`, or an array of one."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gophergate.core.blocks import Json
from gophergate.dialects.base import decode
from gophergate.dialects.gemini.wire import KIND_BY_WORD, STATUS_BY_WORD, status_word
from gophergate.dialects.waits import hints_of, seconds, wait_in_words, wait_of
from gophergate.errors import KIND_BY_STATUS, GatewayError, UpstreamRefused

_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
    """See Dialect.read_error."""
    raw = body.decode(errors="replace")
    try:
        said = decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        said = None
    hints = hints_of(headers)
    retry_after = wait_of(hints)
    found = error_in(said)
    if found is None:
        message = raw.strip() or f"The provider answered with status {status} and no message."
        return UpstreamRefused(
            message,
            status=status,
            kind=KIND_BY_STATUS.get(status, "api_error"),
            retry_after=retry_after,
            headers=hints,
            raw=raw,
        )
    return refusal(found, status=status, retry_after=retry_after, headers=hints, raw=raw)


def error_in(said: Json) -> dict[str, Json] | None:
    """The error object of a body or chunk, None when it holds none."""
    if isinstance(said, list):
        said = next((entry for entry in said if isinstance(entry, dict) and "error" in entry), None)
    if not isinstance(said, dict):
        return None
    error = said.get("error")
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, dict) else None


def refusal(
    error: dict[str, Json],
    *,
    status: int = 0,
    retry_after: float | None = None,
    headers: Mapping[str, str] | None = None,
    raw: str = "",
) -> UpstreamRefused:
    """What Google said. `status` 0: it came inside a stream, and its own code stands."""
    code, word, message = error.get("code"), error.get("status"), error.get("message")
    word = word if isinstance(word, str) else ""
    if not 400 <= status <= 599:
        told = code if isinstance(code, int) else 0
        status = told if 400 <= told <= 599 else STATUS_BY_WORD.get(word, 502)
    kind = KIND_BY_WORD.get(word) or KIND_BY_STATUS.get(status, "api_error")
    listed = error.get("details")
    details = [detail for detail in listed if isinstance(detail, dict)] if isinstance(listed, list) else []
    if any(detail.get("reason") == "API_KEY_INVALID" for detail in details):
        kind = "authentication"  # answered with 400 INVALID_ARGUMENT
    text = message if isinstance(message, str) and message else f"The provider answered with {word or status}."
    return UpstreamRefused(
        text,
        status=status,
        kind=kind,
        code=word or None,
        retry_after=retry_after if retry_after is not None else _told_delay(details, text),
        headers=headers,
        raw=raw,
    )


def _told_delay(details: list[dict[str, Json]], message: str) -> float | None:
    for detail in details:
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and delay.endswith("s"):
            return seconds(delay[:-1])
    return wait_in_words(message)


def error_object(error: GatewayError, request_id: str = "") -> dict[str, Json]:
    """The `error` member that tells a canonical error to Google's clients."""
    own = isinstance(error, UpstreamRefused) and error.code in STATUS_BY_WORD
    details: list[Json] = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": error.code.upper(),
            "domain": "gophergate",
            **({"metadata": {"param": error.param}} if error.param else {}),
        }
    ]
    if error.retry_after is not None:
        details.append({"@type": _RETRY_INFO, "retryDelay": f"{error.retry_after:g}s"})
    if request_id:
        details.append({"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": request_id})
    return {
        "code": error.status,
        "message": error.message,
        "status": error.code if own else status_word(error.status),
        "details": details,
    }
