"""The verbatim path's needs: peek, edit, and the usage filter."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.dialects.base import Peek
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.errors import BadRequest

CHAT = OpenAIChat()


def test_a_peek_reads_its_members_and_survives_the_rest() -> None:
    body = {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True, "x": 1},
        "max_completion_tokens": 7,
        "n": 2,
        "user": "u",
        "prompt_cache_key": "k",
        "tools": [{}],
        "messages": "not even a list",
        "temperature": {},
    }
    assert CHAT.peek(json.dumps(body).encode()) == Peek(
        model="m", stream=True, include_usage=True, max_output_tokens=7, n=2, user="u", session="k", has_tools=True
    )


@pytest.mark.parametrize(
    ("members", "shown"),
    [
        ({}, True),
        ({"stream": False}, True),
        ({"stream": True}, False),
        ({"stream": True, "stream_options": None}, False),
        ({"stream": True, "stream_options": {"include_usage": False}}, False),
        ({"stream": True, "stream_options": {"include_usage": True}}, True),
    ],
)
def test_who_asked_for_usage(members: dict[str, Any], shown: bool) -> None:
    assert CHAT.peek(json.dumps({"model": "m", **members}).encode()).include_usage is shown


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"[]", None),
        (b"{", None),
        (b'{"messages":[]}', "model"),
        (b'{"model":7}', "model"),
        (b'{"model":"m","stream":"yes"}', "stream"),
        (b'{"model":"m","stream_options":{"include_usage":1}}', "stream_options.include_usage"),
    ],
)
def test_a_wrong_member_is_refused_by_name(body: bytes, param: str | None) -> None:
    with pytest.raises(BadRequest) as caught:
        CHAT.peek(body)
    assert caught.value.param == param


def test_edits_touch_nothing_else() -> None:
    """Law 5: key order, spacing and odd numbers stay as they were."""
    body = b'{ "z":1.50, "model" : "a" ,\n "stream":true,"a":"\\u00e9" }'
    assert CHAT.edit(body, model="b/c", ask_usage=False) == body.replace(b'"a" ,', b'"b/c" ,')
    assert CHAT.edit(body, model="a", ask_usage=False) is body
    assert CHAT.edit(body, model="a", ask_usage=True) == body.replace(
        b'\\u00e9" }', b'\\u00e9" ,"stream_options":{"include_usage":true}}'
    )


@pytest.mark.parametrize(
    ("options", "edited"),
    [
        (b'{"include_usage":false}', b'{"include_usage":true}'),
        (b'{"include_usage":true}', b'{"include_usage":true}'),
        (b'{ "include_obfuscation": false }', b'{ "include_obfuscation": false ,"include_usage":true}'),
        (b"{}", b'{"include_usage":true}'),
        (b"null", b'{"include_usage":true}'),
    ],
)
def test_usage_is_asked_for_beside_other_options(options: bytes, edited: bytes) -> None:
    """R-U4."""
    body = b'{"model":"m","stream":true,"stream_options":' + options + b"}"
    assert CHAT.edit(body, model="m", ask_usage=True) == body.replace(options, edited)


def test_usage_is_not_asked_for_without_a_stream() -> None:
    body = b'{"model":"m","stream":false}'
    assert CHAT.edit(body, model="m", ask_usage=True) is body


# -- the usage filter -----------------------------------------------------------------------------------------

TEXT = b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"\\"usage\\":{\\"choices\\":[]"}}],"usage":null}\n\n'
BOTH = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}\n\n'
ALONE = b'data: {"id":"x","choices":[],"usage":{"prompt_tokens":1,"details":{"choices":[1]}}}\n\n'
FIRST = b'data: {"usage": {"prompt_tokens": 1}, "choices": [ ]}\r\n\r\n'
BARE = b'data: {"usage":{"prompt_tokens":1}}\n\n'
AZURE = b'data: {"choices":[],"prompt_filter_results":[]}\n\n'
PING = b": OPENROUTER PROCESSING\n\n"
DONE = b"data: [DONE]\n\n"
WITHHELD = (ALONE, FIRST, BARE)


def filtered(pieces: list[bytes]) -> bytes:
    usage_filter = CHAT.usage_filter()
    return b"".join(map(usage_filter.feed, pieces)) + usage_filter.end()


@pytest.mark.parametrize("event", WITHHELD)
def test_a_chunk_of_usage_alone_is_withheld(event: bytes) -> None:
    assert filtered([TEXT + event + DONE]) == TEXT + DONE


@pytest.mark.parametrize("event", [TEXT, BOTH, AZURE, PING, DONE, b"data: {broken\n\n", b"odd"])
def test_everything_else_passes(event: bytes) -> None:
    assert filtered([event]) == event


@given(
    st.lists(st.sampled_from([TEXT, BOTH, AZURE, PING, *WITHHELD]), max_size=6),
    st.lists(st.integers(0, 600), max_size=9),
)
def test_the_filter_works_at_any_chunking(events: list[bytes], cuts: list[int]) -> None:
    """Every other byte, in order, however the stream is cut."""
    body = b"".join(events) + DONE
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    expected = b"".join(event for event in events if event not in WITHHELD) + DONE
    assert filtered([body[a:b] for a, b in pairwise(edges)]) == expected
    assert filtered([body[i : i + 1] for i in range(len(body))]) == expected


def test_a_harmless_event_is_let_through_before_its_end() -> None:
    """Held back only while it may be the usage chunk."""
    usage_filter = CHAT.usage_filter()
    assert usage_filter.feed(TEXT[:20]) == b""
    assert usage_filter.feed(TEXT[20:60]) == TEXT[:60]
    assert usage_filter.feed(TEXT[60:] + ALONE[:10]) == TEXT[60:]
    assert usage_filter.feed(ALONE[10:] + DONE) == DONE


def test_a_cut_usage_chunk_is_still_withheld() -> None:
    assert filtered([TEXT, ALONE.rstrip()]) == TEXT
