"""Errors of the Chat wire: every shape providers have been seen to use, and our own envelope."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.errors import (
    BadRequest,
    BodyTooLarge,
    BudgetExceeded,
    Forbidden,
    GatewayError,
    Internal,
    ModelNotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
    UpstreamRefused,
    UpstreamTimeout,
)

CHAT = OpenAIChat()


@pytest.mark.parametrize(
    ("status", "body", "message", "kind", "code"),
    [
        (
            429,
            {
                "error": {
                    "message": "Rate limit reached",
                    "type": "tokens",
                    "param": None,
                    "code": "rate_limit_exceeded",
                }
            },
            "Rate limit reached",
            "rate_limit",
            "rate_limit_exceeded",
        ),
        (
            429,
            {
                "error": {
                    "message": "You exceeded your quota",
                    "type": "insufficient_quota",
                    "code": "insufficient_quota",
                }
            },
            "You exceeded your quota",
            "billing",
            "insufficient_quota",
        ),
        (401, {"detail": "Invalid API Key"}, "Invalid API Key", "authentication", "upstream_error"),
        (422, {"detail": [{"msg": "bad"}, {"msg": "worse"}]}, "bad; worse", "invalid_request", "upstream_error"),
        (
            400,
            {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: xa***"},
            "Incorrect API key provided: xa***",
            "authentication",
            "Client specified an invalid argument",
        ),
        (
            429,
            {"error": {"code": 429, "message": "Provider returned error", "metadata": {"raw": "busy upstream"}}},
            "Provider returned error: busy upstream",
            "rate_limit",
            "429",
        ),
        (
            503,
            [{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}],
            "overloaded",
            "overloaded",
            "503",
        ),
        (400, {"object": "error", "message": "too long", "code": 400}, "too long", "invalid_request", "400"),
        (403, {"errors": [{"code": 10000, "message": "No"}], "success": False}, "No", "permission", "10000"),
        (500, {"message": "oops"}, "oops", "api_error", "upstream_error"),
        (418, {"error": {"x": 1}}, '{"x":1}', "invalid_request", "upstream_error"),
        (529, {"error": "Overloaded"}, "Overloaded", "overloaded", "upstream_error"),
    ],
    ids=[
        "openai limit",
        "openai quota",
        "mistral",
        "pydantic",
        "xai bad key",
        "openrouter",
        "google's array",
        "vllm",
        "cloudflare",
        "message only",
        "no words",
        "a string",
    ],
)
def test_shapes(status: int, body: Any, message: str, kind: str, code: str) -> None:
    """Edge case 55; PROTOCOLS: xAI answers a bad key with 400."""
    error = CHAT.read_error(status, {}, json.dumps(body).encode())
    assert (error.status, error.message, error.kind, error.code) == (status, message, kind, code)


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"upstream connect error\n", b"\xff\xfe"])
def test_a_body_that_does_not_parse_is_its_text(body: bytes) -> None:
    """Edge case 55: never ""."""
    error = CHAT.read_error(502, {}, body)
    text = body.decode("utf-8", "replace")
    assert (error.message, error.raw, error.kind) == (text.strip(), text, "api_error")


def test_an_empty_body_still_has_a_sentence() -> None:
    assert CHAT.read_error(504, {}, b"").message == "The provider answered with status 504 and no explanation."


@pytest.mark.parametrize(
    ("error", "type_", "code"),
    [
        (BadRequest("m", param="p"), "invalid_request_error", "invalid_request"),
        (BodyTooLarge("m"), "invalid_request_error", "request_too_large"),
        (ModelNotFound("x"), "invalid_request_error", "model_not_found"),
        (Unauthenticated("m"), "authentication_error", "invalid_api_key"),
        (Forbidden("m"), "permission_error", "permission_denied"),
        (BudgetExceeded("m"), "billing_error", "budget_exceeded"),
        (RateLimited("m"), "rate_limit_error", "rate_limit_exceeded"),
        (Unavailable("m"), "overloaded_error", "service_unavailable"),
        (Internal("m"), "api_error", "internal_error"),
        (UpstreamTimeout("m", phase="idle"), "timeout_error", "upstream_timeout"),
        (UpstreamRefused("m", status=400, kind="invalid_request", code="c"), "invalid_request_error", "c"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, GatewayError) else "",
)
def test_our_envelope(error: GatewayError, type_: str, code: str) -> None:
    """INTERFACE: {"error":{"message","type","param","code"}}."""
    told = json.loads(CHAT.write_error(error, "req_1"))
    expected = {"message": error.message, "type": type_, "param": error.param, "code": code}
    assert told == {"error": expected}


def test_an_envelope_reads_as_it_was_meant() -> None:
    """A gateway behind a gateway."""
    for error in (BadRequest("m", param="p"), RateLimited("m"), BudgetExceeded("m"), Unavailable("m")):
        again = CHAT.read_error(error.status, {}, CHAT.write_error(error, ""))
        assert (again.message, again.kind, again.code, again.param) == (
            error.message,
            error.kind,
            error.code,
            error.param,
        )
