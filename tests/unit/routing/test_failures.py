"""Failures by kind, from the words vendors use, and what each calls for (R-F1, R-F5)."""

from __future__ import annotations

import json

import pytest

from gophergate.dialects.base import Dialect
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.doors.chat import dialects
from gophergate.errors import (
    BadRequest,
    GatewayError,
    UpstreamBroken,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from gophergate.routing.failures import TREATMENTS, kind_of, said_to_retry, said_to_wait, told

SPOKEN: dict[str, Dialect] = dialects()


def openai(message: str, code: str | None = None, kind: str = "invalid_request_error") -> bytes:
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}}).encode()


def anthropic(message: str, kind: str = "invalid_request_error") -> bytes:
    return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()


def google(message: str, status: str, code: int = 400) -> bytes:
    return json.dumps({"error": {"code": code, "message": message, "status": status}}).encode()


@pytest.mark.parametrize(
    ("dialect", "status", "body", "kind"),
    [
        (
            "openai_chat",
            400,
            openai("This model's maximum context length is 8192 tokens.", "context_length_exceeded"),
            "context",
        ),
        ("openai_chat", 400, openai("Please reduce the length of the messages or completion."), "context"),
        (
            "openai_chat",
            400,
            openai("This model's maximum prompt length is 131072 but the request has more."),
            "context",
        ),
        (
            "openai_responses",
            400,
            openai("Your input exceeds the context window of this model.", "context_length_exceeded"),
            "context",
        ),
        ("anthropic_messages", 400, anthropic("prompt is too long: 210000 tokens > 200000 maximum"), "context"),
        (
            "anthropic_messages",
            400,
            anthropic("input length and `max_tokens` exceed context limit: 190000 + 20000"),
            "context",
        ),
        (
            "gemini",
            400,
            google(
                "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
                "INVALID_ARGUMENT",
            ),
            "context",
        ),
        ("ollama", 500, b'{"error":"the request exceeds the available context size, try increasing it"}', "context"),
        (
            "openai_chat",
            400,
            openai(
                "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
                "content_filter",
            ),
            "content",
        ),
        ("openai_chat", 400, openai("Content Exists Risk"), "content"),
        ("anthropic_messages", 400, anthropic("Output blocked by content filtering policy"), "content"),
        (
            "openai_chat",
            429,
            openai("You exceeded your current quota.", "insufficient_quota", "insufficient_quota"),
            "unpaid",
        ),
        ("openai_chat", 429, openai("Rate limit reached.", "rate_limit_exceeded", "requests"), "rate_limited"),
        ("openai_chat", 401, openai("Incorrect API key.", "invalid_api_key"), "denied"),
        ("gemini", 429, google("Resource has been exhausted.", "RESOURCE_EXHAUSTED", 429), "rate_limited"),
        ("gemini", 503, google("The model is overloaded.", "UNAVAILABLE", 503), "overloaded"),
        ("anthropic_messages", 529, anthropic("Overloaded", "overloaded_error"), "overloaded"),
        ("openai_chat", 500, b"<html>oops</html>", "failed"),
        ("openai_chat", 404, openai("The model does not exist.", "model_not_found"), "missing"),
        ("openai_chat", 400, openai("'temperature' must be below 2."), "faulty"),
        ("openai_chat", 422, openai("no"), "faulty"),
        ("anthropic_messages", 413, anthropic("Request exceeds the maximum size", "request_too_large"), "faulty"),
    ],
)
def test_a_refusal_is_of_the_kind_its_words_say(dialect: str, status: int, body: bytes, kind: str) -> None:
    assert kind_of(SPOKEN[dialect].read_error(status, {}, body)) == kind


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        ("openai_chat", {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: xa***"}),
        (
            "gemini",
            {
                "error": {
                    "code": 400,
                    "message": "API key not valid.",
                    "status": "INVALID_ARGUMENT",
                    "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
                }
            },
        ),
    ],
)
def test_a_bad_key_is_one_whatever_the_status(dialect: str, body: object) -> None:
    """PROTOCOLS: xAI and Google answer it with 400; another credential may be good."""
    assert kind_of(SPOKEN[dialect].read_error(400, {}, json.dumps(body).encode())) == "denied"
    assert TREATMENTS["denied"].other_key


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (UpstreamUnreachable("no"), "connect", "upstream_unreachable"),
        (UpstreamTimeout("no", phase="connect"), "connect", "connect time-out"),
        (UpstreamTimeout("no", phase="first_byte"), "timeout", "first_byte time-out"),
        (UpstreamBroken("no"), "broken", "upstream_broken"),
        (BadRequest("no"), "faulty", "invalid_request"),
        (UpstreamRefused("no", status=529, code="overloaded_error"), "overloaded", "529 overloaded_error"),
    ],
)
def test_failures_of_our_own_making_have_kinds_too(error: GatewayError, kind: str, words: str) -> None:
    assert (kind_of(error), told(error)) == (kind, words)


def test_the_callers_own_fault_opens_no_breaker_and_goes_nowhere_else() -> None:
    assert not TREATMENTS["faulty"].blames
    assert TREATMENTS["faulty"].elsewhere == "none"
    assert not any(TREATMENTS[kind].blames for kind in ("rate_limited", "denied", "unpaid", "missing", "content"))


def test_how_long_to_wait_is_read_in_seconds_and_as_a_date() -> None:
    refused = OpenAIChat().read_error(429, {"retry-after": "7"}, b"{}")
    assert said_to_wait(refused, lambda: 0.0) == 7.0
    dated = UpstreamRefused("no", status=429, headers={"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"})
    assert said_to_wait(dated, lambda: 40.0) == 60.0
    odd = UpstreamRefused("no", status=429, headers={"retry-after": "soon"})
    assert said_to_wait(odd, lambda: 40.0) is None


def test_the_providers_own_word_on_asking_again_is_heard() -> None:
    assert said_to_retry(UpstreamRefused("no", status=500, headers={"x-should-retry": "false"})) is False
    assert said_to_retry(UpstreamRefused("no", status=400, headers={"x-should-retry": "true"})) is True
    assert said_to_retry(UpstreamRefused("no", status=500)) is None
