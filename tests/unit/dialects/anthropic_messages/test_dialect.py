"""The verbs that look at bytes, and the constants others use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.dialects.anthropic_messages import AnthropicMessages
from gophergate.dialects.base import Dialect, Peek
from gophergate.errors import BadRequest

MESSAGES = AnthropicMessages()


def peek(**body: Any) -> Peek:
    return MESSAGES.peek(json.dumps({"model": "m", **body}).encode())


def test_it_is_a_dialect() -> None:
    """The protocol, held by the type checker here; the name and doors others rely on."""
    dialect: Dialect = MESSAGES
    assert dialect.name == "anthropic_messages"
    assert (dialect.door("m", stream=True), MESSAGES.count_door) == ("/messages", "/messages/count_tokens")
    assert dialect.heartbeat == b'event: ping\ndata: {"type": "ping"}\n\n'
    assert dialect.usage_filter() is None


def test_peek_reads_what_admission_needs() -> None:
    """The few members of the verbatim path."""
    assert peek() == Peek(model="m")
    assert peek(stream=True, max_tokens=9, tools=[{"name": "f"}], metadata={"user_id": "u"}) == Peek(
        model="m", stream=True, max_output_tokens=9, user="u", has_tools=True
    )
    assert MESSAGES.peek(b'{"messages":[]}', model="x", stream=True) == Peek(model="x", stream=True)
    assert not peek(tools=[]).has_tools
    assert not peek(tools=None).has_tools


@pytest.mark.parametrize(
    ("user_id", "session"),
    [
        ('{"device_id":"d","account_uuid":"","session_id":"1b2c"}', "1b2c"),
        ("user_ab12_account__session_0f9e8d7c-1111-2222-3333-444455556666", "0f9e8d7c-1111-2222-3333-444455556666"),
        ("{not json", None),
        ('{"session_id": 5}', None),
        ("u-1", None),
    ],
)
def test_claude_code_s_session_is_a_hint_for_sticky_routing(user_id: str, session: str | None) -> None:
    """Both of its forms."""
    assert peek(metadata={"user_id": user_id}).session == session


def test_peek_survives_anything_in_members_it_does_not_read() -> None:
    """A field we got slightly wrong never rejects a request."""
    odd = {"messages": 5, "system": [], "tools": "x", "metadata": [1], "temperature": "hot", "stop_sequences": {}}
    assert peek(**odd) == Peek(model="m", has_tools=True)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"[]", None),
        (b"{", None),
        (b"[" * 100_000, None),
        (b'{"model": 5}', "model"),
        (b'{"model": "m", "stream": "yes"}', "stream"),
        (b'{"model": "m", "max_tokens": "9"}', "max_tokens"),
        (b"{}", "model"),
    ],
)
def test_peek_refuses_what_it_cannot_read(body: bytes, param: str | None) -> None:
    """R-E1, R-X8."""
    with pytest.raises(BadRequest) as caught:
        MESSAGES.peek(body)
    assert caught.value.param == param


def test_edit_changes_the_model_and_nothing_else() -> None:
    """Law 5, R-S1: key order, spacing and every other byte stay."""
    body = b'{ "max_tokens" : 5,\n  "model":"alias" , "messages":[{"role":"user","content":"model \\u00e9"}]  }'
    assert MESSAGES.edit(body, model="claude-x", ask_usage=True) == body.replace(b'"alias"', b'"claude-x"')
    assert MESSAGES.edit(body, model="alias", ask_usage=True) == body
