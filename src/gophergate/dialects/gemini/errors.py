"""Google's error envelope, both ways: `{"error": {"code", "message", "status", "details"}}`, or an array of one."""

from __future__ import annotations

from gophergate.core.blocks import Json
from gophergate.dialects.complaints import Complaint, refusal
from gophergate.dialects.gemini.wire import KIND_BY_WORD, STATUS_BY_WORD, status_word
from gophergate.dialects.members import text_of
from gophergate.dialects.waits import seconds
from gophergate.errors import GatewayError, UpstreamRefused

_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


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


def complaint_of(said: Json) -> Complaint | None:
    """The error in a decoded body; None when it holds none."""
    error = error_in(said)
    return None if error is None else _told(error)


def refusal_of(error: dict[str, Json], raw: str) -> UpstreamRefused:
    """What Google said inside a 200, where its own code stands."""
    complaint = _told(error)
    return refusal(complaint, complaint.status or 502, raw)


def _told(error: dict[str, Json]) -> Complaint:
    code, word = error.get("code"), text_of(error.get("status"))
    status = code if isinstance(code, int) and 400 <= code <= 599 else STATUS_BY_WORD.get(word)
    listed = error.get("details")
    details = [detail for detail in listed if isinstance(detail, dict)] if isinstance(listed, list) else []
    is_of_key = any(detail.get("reason") == "API_KEY_INVALID" for detail in details)  # answered with INVALID_ARGUMENT
    return Complaint(
        message=text_of(error.get("message")) or (f"The provider answered with {word}." if word else ""),
        code=word or None,
        kind="authentication" if is_of_key else KIND_BY_WORD.get(word, ""),
        status=status,
        retry_after=_delay(details),
    )


def _delay(details: list[dict[str, Json]]) -> float | None:
    for detail in details:
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and delay.endswith("s"):
            return seconds(delay[:-1])
    return None


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
