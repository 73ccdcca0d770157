"""The dialect's other verbs: errors, peeks, edits, and what a store of responses is given (edge cases 27, 47, 50, 55;
R-E1, R-S1)."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.dialects.base import Dialect, Peek, Stamp
from gophergate.dialects.openai_responses import OpenAIResponses, extend_input, input_items
from gophergate.errors import BadRequest, BudgetExceeded, ModelNotFound, RateLimited, Unauthenticated, UpstreamTimeout
from kit.responses_sdk import Player

DIALECT: Dialect = OpenAIResponses()
STAMP = Stamp("abcdefghijkl0123456789zz", 1_700_000_000)


def test_the_door_is_below_the_base_address() -> None:
    assert DIALECT.name == "openai_responses"
    assert DIALECT.door("any/model", stream=True) == "/responses"
    assert DIALECT.usage_filter() is None
    assert DIALECT.heartbeat.startswith(b":")


# -- errors -------------------------------------------------------------------------------------------------------


def said(message: str, **members: Any) -> bytes:
    return json.dumps({"error": {"message": message, **members}}).encode()


UNNAMED = "upstream_error"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "words"),
    [
        (400, said("Bad.", type="invalid_request_error", code=None), "invalid_request", UNNAMED, "Bad."),
        (400, b'{"code":"bad","error":"Incorrect API key provided."}', "authentication", "bad", "Incorrect"),
        (401, b'{"detail":"Could not parse your token."}', "authentication", UNNAMED, "Could not parse"),
        (404, said("No such.", code="model_not_found"), "not_found", "model_not_found", "No such"),
        (429, said("Q", type="insufficient_quota", code="insufficient_quota"), "billing", "insufficient_quota", "Q"),
        (429, said("S", type="tokens", code="rate_limit_exceeded"), "rate_limit", "rate_limit_exceeded", "S"),
        (500, said("Oh."), "api_error", UNNAMED, "Oh."),
        (418, b'[{"error":{"code":418,"message":"Tea."}}]', "invalid_request", "418", "Tea."),
        (422, b'{"detail":[{"msg":"missing"}]}', "invalid_request", UNNAMED, "missing"),
        (502, b"<html>Bad gateway</html>", "api_error", UNNAMED, "<html>"),
        (503, b"", "overloaded", UNNAMED, "status 503"),
        (529, b'{"message":"Overloaded"}', "overloaded", UNNAMED, "Overloaded"),
        (400, b"\xff\xfe", "invalid_request", UNNAMED, "\ufffd"),
    ],
)
def test_every_error_is_read(status: int, body: bytes, kind: str, code: str, words: str) -> None:
    """Edge case 55: a body that does not parse is returned as text, never as nothing."""
    error = DIALECT.read_error(status, {}, body)
    assert (error.status, error.kind, error.code) == (status, kind, code)
    assert words in error.message
    assert error.raw == body.decode("utf-8", "replace")


def test_hints_on_when_to_try_again_are_kept() -> None:
    headers = {"Retry-After": "7", "X-Should-Retry": "true", "Set-Cookie": "secret"}
    error = DIALECT.read_error(429, headers, b"{}")
    assert error.retry_after == 7
    assert error.headers == {"retry-after": "7", "x-should-retry": "true"}
    assert DIALECT.read_error(429, {"retry-after-ms": "250", "retry-after": "9"}, b"{}").retry_after == 0.25
    assert DIALECT.read_error(429, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"{}").retry_after is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (BadRequest("Bad.", param="input"), openai.BadRequestError),
        (Unauthenticated("No key."), openai.AuthenticationError),
        (ModelNotFound("m"), openai.NotFoundError),
        (RateLimited("Slow."), openai.RateLimitError),
        (BudgetExceeded("Spent."), openai.APIStatusError),
        (UpstreamTimeout("Late.", phase="idle"), openai.InternalServerError),
    ],
)
def test_the_sdk_raises_what_we_write(error: Any, kind: type[openai.APIStatusError]) -> None:
    """Edge case 27 at this door, R-E1."""
    body = DIALECT.write_error(error, "req_1")
    with pytest.raises(kind) as caught:
        Player().response(body, status=error.status)
    assert error.message in str(caught.value)
    assert json.loads(body)["error"].keys() == {"message", "type", "param", "code"}


# -- the verbatim path --------------------------------------------------------------------------------------------


def test_a_peek_reads_what_routing_needs() -> None:
    body = {
        "model": "m",
        "stream": True,
        "max_output_tokens": 9,
        "prompt_cache_key": "thread",
        "safety_identifier": "someone",
        "tools": [{"type": "web_search"}],
        "input": [{"role": "user", "content": 7}],
        "temperature": "hot",
    }
    assert DIALECT.peek(json.dumps(body).encode()) == Peek(
        model="m", stream=True, max_output_tokens=9, user="someone", session="thread", has_tools=True
    )
    assert DIALECT.peek(b'{"model":"m","tools":[]}') == Peek(model="m")
    assert DIALECT.peek(b'{"model":"m","input":[{"type":"additional_tools","tools":[{}]}]}').has_tools


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"nope", b'"x"', b"{}", b'{"model":""}', b'{"model":7}', b'{"model":"m"', b"[" * 100_000),
        *(b'{"model":"m","stream":"yes"}', b'{"model":"m","max_output_tokens":"9"}', b'{"model":"\xff"}'),
    ],
)
def test_a_peek_refuses_what_is_no_request(body: bytes) -> None:
    with pytest.raises(BadRequest):
        DIALECT.peek(body)


def test_an_edit_sets_the_model_and_nothing_else() -> None:
    """R-S1, law 5."""
    body = b'{ "input" : "model",\n "model":"alias" , "x":1e400, "u":"\\u00e9" }'
    assert DIALECT.edit(body, model="alias", ask_usage=True) is body
    assert DIALECT.edit(body, model="gpt-x", ask_usage=True) == body.replace(b'"alias"', b'"gpt-x"')
    with pytest.raises(BadRequest):
        DIALECT.edit(b'{"m\\u006fdel":"a"}', model="b", ask_usage=False)


# -- for a store --------------------------------------------------------------------------------------------------


def test_items_for_a_store_stand_on_their_own() -> None:
    body = {
        "input": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "there"},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "id": f"fco_gg{STAMP.token}00", "call_id": "c", "output": "x"},
            {"type": "item_reference", "id": "msg_9"},
            {"type": "reasoning", "summary": []},
        ]
    }
    items = input_items(body, STAMP)
    assert [item["type"] for item in items] == [
        *("message", "message", "function_call", "function_call_output", "item_reference", "reasoning")
    ]
    assert items[0]["content"] == [{"type": "input_text", "text": "hi"}]
    assert items[1]["content"][0]["type"] == "output_text"
    assert [item.get("status") for item in items] == [*("completed",) * 4, None, None]
    assert len({item["id"] for item in items}) == len(items)
    assert items == input_items(body, STAMP), "the same call gives the same ids"
    assert input_items({"input": "hi"}, STAMP)[0]["role"] == "user"
    assert input_items({}, STAMP) == []
    DIALECT.read_request(json.dumps({"model": "m", "input": items}).encode())


@pytest.mark.parametrize("value", [7, {"role": "user"}, [7]])
def test_what_is_no_input_is_refused(value: Any) -> None:
    with pytest.raises(BadRequest):
        input_items({"input": value}, STAMP)
    with pytest.raises(BadRequest):
        extend_input([], value)


def test_a_follow_up_begins_with_what_was_said() -> None:
    """Edge case 50: previous_response_id, served from a store."""
    said = [{"type": "message", "id": "msg_1", "role": "user", "content": "a"}, {"type": "reasoning", "id": "rs_1"}]
    assert extend_input(said, "b") == [*said, {"type": "message", "role": "user", "content": "b"}]
    new = [{"type": "item_reference", "id": "rs_1"}, {"id": "elsewhere"}, {"role": "user", "content": "b"}]
    assert extend_input(said, new) == [*said, *new[1:]]
    assert extend_input(said, None) == said


@given(st.binary(max_size=60))
def test_no_bytes_break_a_verb(data: bytes) -> None:
    """R-X8: only BadRequest comes out, whatever goes in."""
    for verb in (DIALECT.peek, DIALECT.read_request):
        try:
            verb(b'{"model":"m",' + data + b"}")
        except BadRequest:
            continue
