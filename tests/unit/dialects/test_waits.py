from __future__ import annotations

import json

import pytest

from gophergate.doors.chat import dialects


@pytest.mark.parametrize("dialect", sorted(dialects()))
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_every_dialect_reads_when_to_ask_again(dialect: str, headers: dict[str, str], seconds: float | None) -> None:
    """R-F5, edge case 27: seconds as said; a date is left to whoever has a clock; hints only are kept."""
    given = {**headers, "X-Should-Retry": "true", "set-cookie": "secret"}
    error = dialects()[dialect].read_error(429, given, b"{}")
    assert error.retry_after == seconds
    assert error.headers == {name.lower(): value for name, value in headers.items()} | {"x-should-retry": "true"}


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Rate limit reached for gpt-4o. Limit 30000, Used 29000. Please try again in 26.604s. Visit ...", 26.604),
        ("Please try again in 6m0.5s.", 360.5),
        ("Please try again in 350ms.", 0.35),
        ("Please try again in 1h2m3s.", 3723.0),
        ("Please retry after 26 seconds.", 26.0),
        ("Please retry in 48.9s.", 48.9),
        ("Try again in 2 minutes or ask for more.", 120.0),
        ("Try again in a while, after 5 calls.", None),
        ("The model is overloaded.", None),
    ],
)
@pytest.mark.parametrize("dialect", ["openai_chat", "openai_responses", "gemini"])
def test_a_wait_that_only_the_words_tell_is_read(dialect: str, words: str, seconds: float | None) -> None:
    """PROTOCOLS: OpenAI's 429 says it in its sentence; R-F5: a header is more exact, and stands."""
    body = json.dumps({"error": {"message": words, "type": "tokens", "param": None, "code": "rate_limit_exceeded"}})
    read = dialects()[dialect].read_error
    assert read(429, {}, body.encode()).retry_after == (None if seconds is None else pytest.approx(seconds))
    assert read(429, {"retry-after": "3"}, body.encode()).retry_after == 3.0
