"""Whatever JSON arrives: a provider's never raises, a client's raises only BadRequest; chunking never matters."""

from __future__ import annotations

import contextlib
import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gophergate.core.events import Event, Failed
from gophergate.core.lifecycle import checked
from gophergate.dialects.base import Stamp, Target
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.errors import BadRequest

CHAT = OpenAIChat()
STAMP = Stamp("abcdefghijklmnopqrstuvwx", 1)
WORDS = """
    id created model choices usage error index delta message finish_reason logprobs content refusal role tool_calls
    function custom name arguments input type text thinking reasoning reasoning_content reasoning_details signature
    data summary format annotations url_citation url title audio transcript images image_url extra_content google
    thought_signature function_call prompt_tokens completion_tokens total_tokens prompt_tokens_details cached_tokens
    x_groq citations search_results messages tools tool_choice stream stop max_tokens response_format json_schema
    cache_control tool_call_id functions thought detail code param metadata raw errors reasoning_effort
"""
NAMES = WORDS.split()
VALUES = ["", "a", "stop", "tool_calls", "error", "text", "<think>x", "</think>", "{}", "assistant", "tool", "="]
ROLES = ["user", "assistant", "tool", "system", "function"]
KINDS = ["function", "custom", "thinking", "image_url", "file", "input_audio", "reasoning.encrypted", "allowed_tools"]
leaf = (
    st.none()
    | st.booleans()
    | st.integers(-3, 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", "a", "stop", "tool_calls", "error", "text", "<think>x", "</think>", "{}", "assistant", "tool"]
    )
    | st.sampled_from(
        ["function", "custom", "thinking", "image_url", "file", "input_audio", "reasoning.encrypted", "="]
    )
)
anything = st.recursive(
    leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=20,
)


def nested(*path: str) -> st.SearchStrategy[Any]:
    """Any JSON, put where it will be read: choices[].delta and so on."""

    def around(value: Any) -> Any:
        for name in reversed(path):
            value = {name.removesuffix("[]"): [value]} if name.endswith("[]") else {name: value}
        return value

    return anything.map(around)


chunk = (
    anything
    | nested("choices")
    | nested("choices[]")
    | nested("choices[]", "delta")
    | nested("choices[]", "delta", "content[]")
    | nested("choices[]", "delta", "tool_calls[]")
    | nested("choices[]", "delta", "tool_calls[]", "function")
    | nested("choices[]", "delta", "reasoning_details[]")
    | nested("choices[]", "message")
    | nested("usage")
    | nested("error")
)


def read(stream: bool, pieces: list[bytes]) -> list[Event]:
    reader = CHAT.reader(stream=stream, origin="maker")
    events: list[Event] = []
    for piece in pieces:
        events.extend(reader.feed(piece))
    return checked(events + reader.end())


@settings(max_examples=200)
@given(st.lists(chunk, max_size=6), st.lists(st.integers(0, 400), max_size=8))
def test_no_provider_stream_raises_and_chunking_changes_nothing(chunks: list[Any], cuts: list[int]) -> None:
    """Law 4, R-T1, R-T3: any JSON gives a clean lifecycle, and what it gives can be written, however it was cut."""
    body = b"".join(b"data: " + json.dumps(c).encode() + b"\r\n\r\n" for c in chunks) + b"data: [DONE]\n\n"
    whole = read(True, [body])
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    cut = read(True, [body[a:b] for a, b in pairwise(edges)])
    assert [str(e.error) if isinstance(e, Failed) else e for e in cut] == [
        str(e.error) if isinstance(e, Failed) else e for e in whole
    ]
    request = CHAT.read_request(b'{"model":"m","messages":[{"role":"user","content":"hi"}]}')
    writer = CHAT.writer(request, STAMP, stream=True)
    assert b"".join(map(writer.write, whole)).endswith(b"\n\n")


@settings(max_examples=300)
@given(chunk)
def test_no_provider_body_raises(body: Any) -> None:
    """R-T1: any JSON body is read or has failed."""
    events = read(False, [b"  \n", json.dumps(body).encode(), b"\n"])
    request = CHAT.read_request(b'{"model":"m","messages":[{"role":"user","content":"hi"}]}')
    if not isinstance(events[-1], Failed):
        json.loads(b"".join(map(CHAT.writer(request, STAMP, stream=False).write, events)))
    error = CHAT.read_error(500, {}, json.dumps(body).encode())
    assert error.message


@settings(max_examples=300)
@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_raise(body: bytes, stream: bool) -> None:
    """R-X8, edge case 55: bytes that are no JSON are a failed reply, and an error body kept as text."""
    assert isinstance(read(stream, [body])[-1], Failed)
    assert CHAT.read_error(502, {"retry-after": "soon"}, body).message


message = st.dictionaries(
    st.sampled_from(["content", "tool_calls", "reasoning_details", "function_call", "extra_content", "name", "audio"]),
    anything,
    max_size=3,
).flatmap(
    lambda m: st.sampled_from(["user", "assistant", "tool", "system", "function"]).map(lambda r: {**m, "role": r})
)


@settings(max_examples=200)
@given(st.lists(message | anything, max_size=4), st.dictionaries(st.sampled_from(NAMES), anything, max_size=4))
def test_a_client_is_answered_with_a_bad_request_at_worst(messages: list[Any], members: dict[str, Any]) -> None:
    """R-X8: odd JSON is a clear 400, never a crash, in reading, writing and the verbatim path."""
    body = json.dumps({"model": "m", **members, "messages": messages}).encode()
    with contextlib.suppress(BadRequest):
        CHAT.write_request(CHAT.read_request(body), Target(model="m"))
    with contextlib.suppress(BadRequest):
        CHAT.peek(body)
        assert json.loads(CHAT.edit(body, model="n", ask_usage=True))["model"] == "n"
