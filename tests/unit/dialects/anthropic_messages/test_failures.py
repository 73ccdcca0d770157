"""Errors of the Messages wire, both ways."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import pytest

from gophergate.core.events import Failed
from gophergate.dialects.anthropic_messages import AnthropicMessages
from gophergate.errors import (
    BadRequest,
    BodyTooLarge,
    BudgetExceeded,
    Forbidden,
    GatewayError,
    Internal,
    ModelNotFound,
    RateLimited,
    RequestTimeout,
    Unauthenticated,
    Unavailable,
    UpstreamBroken,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from kit.anthropic_sdk import Player

MESSAGES = AnthropicMessages()


@pytest.mark.parametrize(
    ("error", "kind", "raised"),
    [
        (BadRequest("m"), "invalid_request_error", anthropic.BadRequestError),
        (Unauthenticated("m"), "authentication_error", anthropic.AuthenticationError),
        (BudgetExceeded("m"), "billing_error", anthropic.APIStatusError),
        (Forbidden("m"), "permission_error", anthropic.PermissionDeniedError),
        (ModelNotFound("x"), "not_found_error", anthropic.NotFoundError),
        (RequestTimeout("m"), "timeout_error", anthropic.APIStatusError),
        (BodyTooLarge("m"), "request_too_large", anthropic.APIStatusError),
        (RateLimited("m"), "rate_limit_error", anthropic.RateLimitError),
        (Internal("m"), "api_error", anthropic.InternalServerError),
        (UpstreamBroken("m"), "api_error", anthropic.InternalServerError),
        (UpstreamUnreachable("m"), "api_error", anthropic.InternalServerError),
        (Unavailable("m"), "overloaded_error", anthropic.APIStatusError),
        (UpstreamTimeout("m", phase="idle"), "timeout_error", anthropic.APIStatusError),
        (UpstreamRefused("m", status=529, kind="overloaded"), "overloaded_error", anthropic.APIStatusError),
        (UpstreamRefused("m", status=418, kind="of its own"), "api_error", anthropic.APIStatusError),
    ],
)
def test_every_error_wears_the_vendor_s_envelope(
    error: GatewayError, kind: str, raised: type[anthropic.APIStatusError]
) -> None:
    """R-E1, edge case 27: status by status; the SDK finds the message in it."""
    body = MESSAGES.write_error(error, "req_1")
    assert json.loads(body) == {
        "type": "error",
        "error": {"type": kind, "message": error.message},
        "request_id": "req_1",
    }
    with pytest.raises(raised) as caught:
        Player().message(body, status=error.status)
    assert error.message in caught.value.message


@pytest.mark.parametrize(
    ("status", "body", "kind", "message", "code"),
    [
        (
            529,
            b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}',
            "overloaded",
            "Overloaded",
            "overloaded_error",
        ),
        (500, b'{"type":"error","error":{"type":"api_error","message":"Oops"}  }', "api_error", "Oops", "api_error"),
        (
            413,
            b'{"error":{"type":"request_too_large","message":"Big"}}',
            "request_too_large",
            "Big",
            "request_too_large",
        ),
        (
            429,
            b'[{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED"}}]',
            "rate_limit",
            "Quota",
            "RESOURCE_EXHAUSTED",
        ),
        (403, b'{"message":"no access"}', "permission", "no access", "upstream_error"),
        (404, b'{"error":"no such model"}', "not_found", "no such model", "upstream_error"),
        (502, b"<html>bad gateway</html>", "api_error", "<html>bad gateway</html>", "upstream_error"),
        (503, b"", "overloaded", "The provider answered with status 503 and no explanation.", "upstream_error"),
        (400, b"\xff\xfe", "invalid_request", "\ufffd\ufffd", "upstream_error"),
        (418, b"[]", "invalid_request", "[]", "upstream_error"),
        (400, b"[" * 100_000, "invalid_request", "[" * 4000, "upstream_error"),
    ],
)
def test_every_refusal_is_read(status: int, body: bytes, kind: str, message: str, code: str) -> None:
    """Edge case 55: also what is no JSON, or another's."""
    error = MESSAGES.read_error(status, {}, body)
    assert (error.status, error.kind, error.message, error.code) == (status, kind, message, code)
    assert error.raw == body.decode("utf-8", "replace")


def test_an_error_that_is_no_utf8_is_an_error_all_the_same() -> None:
    """Edge case 55: it was a defect of ours, with a traceback."""
    error = MESSAGES.read_error(500, {}, b'{"error":{"message":"caf\xe9"}}')
    assert (error.status, error.message) == (500, '{"error":{"message":"caf\ufffd"}}')


@pytest.mark.parametrize("said", [{"error": {"message": "boom", "code": 500}}, {"error": "boom"}])
def test_an_event_of_another_shape_that_tells_an_error_ends_the_stream_with_its_words(said: dict[str, Any]) -> None:
    """Edge case 7: what stands before the vendor's door knows nothing of `type`."""
    reader = MESSAGES.reader(stream=True)
    [failed] = reader.feed(b"data: " + json.dumps(said).encode() + b"\n\n")
    assert isinstance(failed, Failed)
    assert failed.error.message == "boom"
