"""The small verbs: the door's path, errors both ways, and the verbatim path's peek and edit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.core.events import Failed
from gophergate.dialects.gemini import Gemini
from gophergate.errors import (
    BadRequest,
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

GEMINI = Gemini()


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-3-pro", "/models/gemini-3-pro"),
        ("models/gemini-3-pro", "/models/gemini-3-pro"),
        ("tunedModels/mine-1", "/tunedModels/mine-1"),
        ("a/../b?x#y", "/models/a%2F..%2Fb%3Fx%23y"),
        ("grüße:x", "/models/gr%C3%BC%C3%9Fe%3Ax"),
    ],
)
def test_the_model_is_quoted_into_the_path(model: str, path: str) -> None:
    """R-X3: no model name leaves its place in the path."""
    assert GEMINI.door(model, stream=False) == f"{path}:generateContent"
    assert GEMINI.door(model, stream=True) == f"{path}:streamGenerateContent?alt=sse"
    assert Gemini(array=True).door(model, stream=True) == f"{path}:streamGenerateContent"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "retry_after"),
    [
        (
            429,
            {"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}},
            "rate_limit",
            "RESOURCE_EXHAUSTED",
            7,
        ),
        (
            429,
            [
                {
                    "error": {
                        "code": 429,
                        "message": "m",
                        "status": "RESOURCE_EXHAUSTED",
                        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "30s"}],
                    }
                }
            ],
            "rate_limit",
            "RESOURCE_EXHAUSTED",
            7,
        ),
        (503, {"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}}, "overloaded", "UNAVAILABLE", 7),
        (
            400,
            {"error": {"message": "m", "details": [7, {"reason": "API_KEY_INVALID"}]}},
            "authentication",
            "upstream_error",
            7,
        ),
        (403, {"error": {"message": "m", "details": 7}}, "permission", "upstream_error", 7),
        (500, {"error": "m"}, "api_error", "upstream_error", 7),
    ],
)
def test_errors_are_read(status: int, body: Any, kind: str, code: str, retry_after: float) -> None:
    """R-E1, R-F5: the header's hint first; PROTOCOLS: Vertex answers 429 with an array."""
    error = GEMINI.read_error(status, {"retry-after": "7", "set-cookie": "x"}, json.dumps(body).encode())
    assert (error.status, error.kind, error.code, error.message) == (status, kind, code, "m")
    assert (error.retry_after, error.headers) == (retry_after, {"retry-after": "7"})


def test_a_delay_in_the_details_or_the_words() -> None:
    """R-F5: RetryInfo, or "Please retry in 48.9s."."""
    told = {"error": {"message": "m", "details": [{"retryDelay": "30.5s"}]}}
    assert GEMINI.read_error(429, {}, json.dumps(told).encode()).retry_after == 30.5
    said = {"error": {"message": "Quota. Please retry in 48.9s."}}
    assert GEMINI.read_error(429, {}, json.dumps(said).encode()).retry_after == 48.9
    date = {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert GEMINI.read_error(429, date, b"{}").retry_after is None


@pytest.mark.parametrize("body", [b"<html>502</html>", b"\xff\xfe", b"[]", b"7"])
def test_a_body_that_does_not_parse_is_text(body: bytes) -> None:
    """Edge case 55: never an empty message."""
    error = GEMINI.read_error(502, {}, body)
    assert (error.status, error.kind) == (502, "api_error")
    assert error.message == body.decode(errors="replace")
    assert GEMINI.read_error(502, {}, b"").message != ""


def test_a_stream_error_without_a_code_goes_by_its_word() -> None:
    reader = GEMINI.reader(stream=True)
    (failed,) = reader.feed(b'data: {"error":{"message":"m","status":"RESOURCE_EXHAUSTED"}}\n\n')
    assert isinstance(failed, Failed)
    assert failed.error.status == 429


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (BadRequest("m", param="contents"), "INVALID_ARGUMENT"),
        (Unauthenticated("m"), "UNAUTHENTICATED"),
        (BudgetExceeded("m"), "FAILED_PRECONDITION"),
        (Forbidden("m"), "PERMISSION_DENIED"),
        (ModelNotFound("m"), "NOT_FOUND"),
        (RateLimited("m", retry_after=3), "RESOURCE_EXHAUSTED"),
        (Internal("m"), "INTERNAL"),
        (Unavailable("m"), "UNAVAILABLE"),
        (UpstreamTimeout("m", phase="idle"), "DEADLINE_EXCEEDED"),
        (UpstreamRefused("m", status=529, kind="overloaded"), "UNAVAILABLE"),
        (UpstreamRefused("m", status=400, code="FAILED_PRECONDITION"), "FAILED_PRECONDITION"),
    ],
)
def test_errors_are_written(error: GatewayError, word: str) -> None:
    """R-E1: Google's envelope with the same status; the request id and the waiting time among the details."""
    told = json.loads(GEMINI.write_error(error, "req-1"))["error"]
    assert (told["code"], told["status"], told["message"]) == (error.status, word, error.message)
    assert told["details"][0]["reason"] == error.code.upper()
    assert told["details"][-1] == {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "req-1"}
    assert any("retryDelay" in detail for detail in told["details"]) == (error.retry_after is not None)


@pytest.mark.parametrize(
    ("body", "tokens", "n", "has_tools"),
    [
        ({"contents": 7, "generationConfig": {"maxOutputTokens": 9, "candidateCount": 2, "topK": []}}, 9, 2, False),
        ({"generation_config": {"max_output_tokens": "9"}, "tools": [{}]}, 9, 1, True),
        ({"generationConfig": None, "tools": []}, None, 1, False),
        ({}, None, 1, False),
    ],
)
def test_peek_reads_few_members(body: dict[str, Any], tokens: int | None, n: int, has_tools: bool) -> None:
    """DESIGN 2: wrong types in members that are not read never reject a request."""
    peek = GEMINI.peek(json.dumps(body).encode(), model="m", stream=True)
    assert (peek.model, peek.stream, peek.max_output_tokens, peek.n, peek.has_tools) == (
        "m",
        True,
        tokens,
        n,
        has_tools,
    )


@pytest.mark.parametrize("body", [{"generationConfig": {"maxOutputTokens": "many"}}, {"generationConfig": 7}])
def test_peek_refuses_what_it_cannot_read(body: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match=r"maxOutputTokens|generationConfig"):
        GEMINI.peek(json.dumps(body).encode())


def test_nothing_is_edited() -> None:
    """Law 5: the model stands in the path and usage is always told; the bytes are the caller's."""
    body = b' {"contents" : [] } '
    assert GEMINI.edit(body, model="x", ask_usage=True) is body
    assert GEMINI.usage_filter() is None
    assert GEMINI.heartbeat.strip() == b""
