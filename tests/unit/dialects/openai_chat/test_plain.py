from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.core.events import BlockGrew, Event, Failed
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold
from gophergate.dialects.openai_chat.plain import read_plain
from gophergate.dialects.openai_chat.reader import BodyReader, StreamReader
from kit import exchanges


def long_way(body: bytes) -> Reply | None:
    """The reply as read without the short cut."""
    events = BodyReader("o")._read(body.strip())
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
    exchanges.something(short_ones)


def events_of(pieces: list[bytes]) -> list[Event]:
    reader = StreamReader("o")
    events = [event for piece in pieces for event in reader.feed(piece)]
    return events + reader.end()


def the_long_way(pieces: list[bytes]) -> list[Event]:
    """What comes when no read is one whole event: each ends in the middle of the one that follows."""
    whole = b"".join(pieces)
    cuts = [0, *(sum(map(len, pieces[:n])) + 3 for n in range(1, len(pieces))), len(whole)]
    return events_of([whole[a:b] for a, b in pairwise(cuts)])


def chunk(delta: dict[str, Any], **members: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": members.pop("finish_reason", None)}
    whole = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(whole | members).encode() + b"\n\n"


DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "content": st.text(max_size=6) | st.none() | st.sampled_from(["<think>", "</think>"]),
        "role": st.just("assistant"),
        "refusal": st.none() | st.text(max_size=2),
        "reasoning_content": st.none() | st.text(max_size=3),
        "odd": st.integers(0, 3),
    },
)
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "service_tier": st.sampled_from(["default", "flex"]),
        "system_fingerprint": st.sampled_from(["fp_1", "fp_2"]),
        "usage": st.none() | st.just({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}),
        "finish_reason": st.sampled_from(["stop", None]),
        "obfuscation": st.text(max_size=3),
        "odd": st.integers(0, 2),
    },
)


@given(st.lists(st.tuples(DELTAS, MEMBERS), max_size=8))
def test_a_stream_says_the_same_whichever_way_its_chunks_are_read(chunks: list[tuple[Any, Any]]) -> None:
    """Law 4."""
    pieces = [chunk(delta, **members) for delta, members in chunks]
    assert repr(events_of(pieces)) == repr(the_long_way(pieces))


def test_plain_words_in_the_middle_of_a_text_take_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = StreamReader("o")
    reader.feed(chunk({"role": "assistant", "content": ""}, service_tier="default"))
    reader.feed(chunk({"content": "Hello"}, service_tier="default"))
    monkeypatch.setattr(StreamReader, "_read", lambda *_: pytest.fail("the long way"))
    assert reader.feed(chunk({"content": " there"}, service_tier="default")) == [BlockGrew(0, " there")]


@exchanges.wanted
def test_every_recorded_stream_reads_the_same_both_ways() -> None:
    streams = 0
    for record in exchanges.every("chat.completions"):
        raw = exchanges.response_bytes(record)
        if b"data: " not in raw[:2000]:
            continue
        pieces = [event + b"\n\n" for event in raw.split(b"\n\n")]
        streams += 1
        assert repr(events_of(pieces)) == repr(the_long_way(pieces)), record["id"]
    exchanges.something(streams)
