from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.core.events import Failed
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold
from gophergate.dialects.openai_chat.plain import read_plain
from gophergate.dialects.openai_chat.reader import BodyReader
from kit import exchanges


def long_way(body: bytes) -> Reply | None:
    """The reply as read without the short cut."""
    reader = BodyReader("o")
    reader._read(body.strip())
    events = reader._chunks.events.take()
    return None if isinstance(events[-1], Failed) else fold(events)


def body(content: str = "Hello", **members: Any) -> bytes:
    message = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    whole = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return json.dumps(whole | members).encode()


@given(
    st.text(),
    st.dictionaries(st.sampled_from(["service_tier", "system_fingerprint", "usage", "odd"]), st.none() | st.text()),
)
def test_the_short_way_gives_what_the_long_way_gives(content: str, members: dict[str, Any]) -> None:
    raw = body(content, **members)
    short = read_plain(raw)
    if short is not None:
        assert fold(checked(short)) == long_way(raw)


def test_the_usual_body_takes_the_short_way() -> None:
    assert read_plain(body(service_tier="default")) is not None


@pytest.mark.parametrize("content", ["<think>hm</think>yes", "  <think>hm</think>", ""])
def test_what_may_hold_more_than_words_takes_the_long_way(content: str) -> None:
    assert read_plain(body(content)) is None


@exchanges.wanted
def test_every_recorded_body_reads_the_same_both_ways() -> None:
    short_ones = 0
    for record in exchanges.every("chat.completions"):
        raw = exchanges.response_bytes(record)
        short = read_plain(raw)
        if short is not None:
            short_ones += 1
            assert fold(checked(short)) == long_way(raw), record["id"]
    assert short_ones > 100
