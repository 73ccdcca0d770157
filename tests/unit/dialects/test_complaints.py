from __future__ import annotations

import json

import pytest

from gophergate.core.blocks import Json
from gophergate.dialects.complaints import Complaint, read_refusal, refusal
from gophergate.doors.chat import dialects


@pytest.mark.parametrize("dialect", sorted(dialects()))
@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (400, b"Incorrect API key provided.", "authentication", "Incorrect API key provided."),
        (502, b"<html>Bad gateway</html>", "api_error", "<html>Bad gateway</html>"),
        (418, b"[]", "invalid_request", "[]"),
        (503, b" \n", "overloaded", "The provider answered with status 503 and no explanation."),
        (500, b"x" * 100_000, "api_error", "x" * 4000),
        (429, b"\xff[", "rate_limit", "\ufffd["),
    ],
)
def test_what_is_no_error_object_is_the_message(
    dialect: str, status: int, body: bytes, kind: str, message: str
) -> None:
    """Edge case 55: a page, nothing, another's JSON, bytes that are no text; in every dialect the same."""
    error = dialects()[dialect].read_error(status, {}, body)
    assert (error.status, error.kind, error.message) == (status, kind, message)
    assert error.raw == body.decode(errors="replace")


def test_the_surest_word_tells_the_family_and_the_wait() -> None:
    """What an error object says comes before its status, its status before a word that may mean it."""
    sure = Complaint("No credit.", kind="billing", perhaps="rate_limit", retry_after=3.0)
    assert refusal(sure, 429, "").kind == "billing"
    assert refusal(sure._replace(kind=""), 429, "").kind == "rate_limit"
    assert refusal(Complaint("Full.", perhaps="overloaded"), 520, "").kind == "overloaded"
    assert refusal(sure, 429, "", {"retry-after": "9"}).retry_after == 9.0
    assert refusal(sure._replace(message="Try again in 7s."), 429, "").retry_after == 3.0
    assert refusal(Complaint("Try again in 7s."), 429, "").retry_after == 7.0


def test_a_reader_that_meets_no_error_object_leaves_the_body_to_speak() -> None:
    def nothing(said: Json) -> Complaint | None:
        assert said == {"ok": False}
        return None

    assert read_refusal(500, {}, json.dumps({"ok": False}).encode(), nothing).message == '{"ok": false}'
