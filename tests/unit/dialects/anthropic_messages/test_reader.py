"""A provider's Messages reply, streamed and whole, to canonical events."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.core.blocks import Citation, Opaque, Seal, Text, Thought, ToolCall
from gophergate.core.events import BlockOpened, Event, Failed, Finished, Started, UsageSeen
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold
from gophergate.core.usage import Usage
from gophergate.dialects.anthropic_messages import AnthropicMessages
from gophergate.errors import UpstreamBroken, UpstreamRefused

MESSAGES = AnthropicMessages()
NAME = "anthropic_messages"


def sse(*events: dict[str, Any]) -> bytes:
    return b"".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events)


def start(**usage: Any) -> dict[str, Any]:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 1, **usage},
    }
    return {"type": "message_start", "message": message}


def block(index: int, opening: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": opening},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text(index: int, *pieces: str) -> list[dict[str, Any]]:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": piece} for piece in pieces))


def end(reason: str | None = "end_turn", sequence: str | None = None, **usage: Any) -> list[dict[str, Any]]:
    delta = {"stop_reason": reason, "stop_sequence": sequence}
    return [
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5, **usage}},
        {"type": "message_stop"},
    ]


def read(body: bytes, *, stream: bool = True, origin: str = "anthropic", step: int = 0) -> list[Event]:
    reader = MESSAGES.reader(stream=stream, origin=origin)
    events: list[Event] = []
    for at in range(0, len(body), step or max(len(body), 1)):
        events += reader.feed(body[at : at + (step or len(body))])
    return checked(events + reader.end())


def reply(*events: dict[str, Any]) -> Reply:
    return fold(read(sse(*events)))


def test_a_plain_stream_reads_in_order() -> None:
    """R-T1: started, a block, usage merged, finished."""
    events = read(sse(start(), {"type": "ping"}, *text(0, "Hel", "lo"), *end()))
    assert events[0] == Started(id="msg_1", model="claude-opus-5")
    assert isinstance(events[1], UsageSeen)
    whole = fold(events)
    assert whole.blocks == (Text(text="Hello"),)
    assert whole.usage == Usage(input=9, output=5)
    assert (whole.reason, whole.finished.native_reason) == ("stop", "end_turn")


def test_thinking_text_thinking_keeps_its_order_and_its_seals() -> None:
    """Edge cases 20, 21: signed thinking, also with empty text, and redacted thinking, byte for byte."""
    whole = reply(
        start(),
        *block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "hm"},
            {"type": "signature_delta", "signature": "sig/1+=="},
        ),
        *text(1, "a"),
        *block(
            2, {"type": "thinking", "thinking": "", "signature": ""}, {"type": "signature_delta", "signature": "s2"}
        ),
        *block(3, {"type": "redacted_thinking", "data": "ENC=="}),
        *end(),
    )
    assert whole.blocks == (
        Thought(text="hm", seal=Seal("sig/1+==", NAME, "anthropic")),
        Text(text="a"),
        Thought(seal=Seal("s2", NAME, "anthropic")),
        Thought(redacted=True, seal=Seal("ENC==", NAME, "anthropic")),
    )


def test_text_that_says_nothing_is_no_block() -> None:
    """Edge cases 18, 19: an empty text block would be refused when the turn is replayed."""
    assert reply(start(), *text(0), *text(1, "", "x"), *end()).blocks == (Text(text="x"),)
    body = {"type": "message", "content": [{"type": "text", "text": ""}], "stop_reason": "end_turn"}
    assert fold(read(json.dumps(body).encode(), stream=False)).blocks == ()


@pytest.mark.parametrize(
    ("opening", "pieces", "arguments"),
    [
        ({}, ['{"a"', ": 1}"], '{"a": 1}'),
        ({}, [""], "{}"),
        ({}, [], "{}"),
        ({"a": 1}, [], '{"a":1}'),
    ],
    ids=["pieces", "an empty piece", "none", "whole in the opening"],
)
def test_a_call_has_its_arguments_however_they_came(opening: dict[str, Any], pieces: list[str], arguments: str) -> None:
    """A call without arguments is a call all the same."""
    use = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": opening, "caller": {"type": "direct"}}
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    whole = reply(start(), *block(0, use, *deltas), *end("tool_use"))
    extra = {NAME: {"caller": {"type": "direct"}}}
    assert whole.blocks == (ToolCall(id="toolu_1", name="look", arguments=arguments, extra=extra),)
    assert whole.reason == "tool_calls"


def test_a_tool_name_of_ours_comes_back_as_the_caller_knows_it() -> None:
    """A name spelled for the vendor's rule is read back, with nothing remembered in between."""
    use = {"type": "tool_use", "id": "toolu_1", "name": "ggx-fs_2e_read", "input": {}}
    assert reply(start(), *block(0, use), *end("tool_use")).blocks[0] == ToolCall(
        id="toolu_1", name="fs.read", arguments="{}"
    )


def test_server_tools_come_whole_and_in_place() -> None:
    """Server-tool calls and results are opaque; a call's input is put together first."""
    use = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
    result = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"type": "web_search_result"}]}
    whole = reply(
        start(),
        *block(0, use, {"type": "input_json_delta", "partial_json": '{"query":'}, {
            "type": "input_json_delta",
            "partial_json": '"x"}',
        }),
        *block(1, result),
        *text(2, "found"),
        *end("pause_turn"),
    )  # fmt: skip
    assert whole.blocks == (
        Opaque(dialect=NAME, label="server_tool_use", data={**use, "input": {"query": "x"}}, origin="anthropic"),
        Opaque(dialect=NAME, label="web_search_tool_result", data=result, origin="anthropic"),
        Text(text="found"),
    )
    assert whole.reason == "pause"


def test_a_compaction_grows_by_its_own_delta() -> None:
    """`compaction_delta` fills the block; the summary is content, so other vendors may not lose it silently."""
    delta = {"type": "compaction_delta", "content": "so far", "encrypted_content": "e"}
    whole = reply(start(), *block(0, {"type": "compaction", "content": None}, delta), *end("compaction"))
    expected = {"type": "compaction", "content": "so far", "encrypted_content": "e"}
    assert whole.blocks == (
        Opaque(dialect=NAME, label="compaction", data=expected, optional=False, origin="anthropic"),
    )
    assert (whole.reason, whole.finished.native_reason) == ("pause", "compaction")


@pytest.mark.parametrize(
    ("native", "url", "title"),
    [
        ({"type": "char_location", "cited_text": "q", "document_index": 0, "document_title": "D"}, "", "D"),
        ({"type": "page_location", "cited_text": "q", "document_index": 0, "start_page_number": 1}, "", ""),
        ({"type": "content_block_location", "cited_text": "q", "start_block_index": 0}, "", ""),
        (
            {"type": "web_search_result_location", "cited_text": "q", "url": "https://a", "title": "T"},
            "https://a",
            "T",
        ),
        ({"type": "search_result_location", "cited_text": "q", "source": "https://s", "title": "T"}, "https://s", "T"),
        ({"type": "search_result_location", "cited_text": "q", "source": "shelf 3", "title": None}, "", ""),
    ],
)
def test_every_kind_of_citation_is_read_and_kept_whole(native: dict[str, Any], url: str, title: str) -> None:
    """Citations of all location kinds."""
    delta = {"type": "citations_delta", "citation": native}
    words = {"type": "text_delta", "text": "x"}
    whole = reply(start(), *block(0, {"type": "text", "text": "", "citations": []}, delta, words), *end())
    cited = Citation(url=url, title=title, quote="q", dialect=NAME, native=native)
    assert whole.blocks == (Text(text="x", citations=(cited,)),)


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("stop_sequence", "stop_sequence"),
        ("pause_turn", "pause"),
        ("refusal", "refusal"),
        ("model_context_window_exceeded", "context_exceeded"),
        ("something_new", "stop"),
    ],
)
def test_stop_reasons(native: str, reason: str) -> None:
    """Edge case 24: the map, and the stop sequence's value."""
    sequence = "END" if native == "stop_sequence" else None
    finished = reply(start(), *text(0, "x"), *end(native, sequence)).finished
    assert (finished.reason, finished.native_reason, finished.stop_sequence) == (reason, native, sequence)


def test_usage_is_merged_and_never_summed() -> None:
    """Edge case 23, R-U4: an estimate first, the truth last; the split of cache writes survives a bare total."""
    opening = start(
        cache_creation_input_tokens=500,
        cache_read_input_tokens=70,
        cache_creation={"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 500},
    )
    whole = reply(
        opening,
        *text(0, "x"),
        *end(input_tokens=11, cache_creation_input_tokens=600, cache_read_input_tokens=None),
    )
    assert whole.usage == Usage(input=11, cache_read=70, cache_write=100, cache_write_1h=500, output=5)


def test_what_has_no_canonical_name_rides_along() -> None:
    """R-C1: container, stop details, context management, the vendor's own usage."""
    last = {
        "type": "message_delta",
        "delta": {"stop_reason": "refusal", "stop_sequence": None, "stop_details": {"type": "refusal"}},
        "usage": {"output_tokens": 2, "service_tier": "priority"},
        "context_management": {"applied_edits": []},
    }
    opening = start()
    opening["message"]["container"] = {"id": "c"}
    whole = reply(opening, last, {"type": "message_stop"})
    assert whole.started.extra == {NAME: {"container": {"id": "c"}}}
    assert whole.finished.extra == {
        NAME: {
            "context_management": {"applied_edits": []},
            "stop_details": {"type": "refusal"},
            "usage": {"input_tokens": 9, "output_tokens": 2, "service_tier": "priority"},
        }
    }


@pytest.mark.parametrize(
    ("kind", "status", "family"),
    [
        ("overloaded_error", 529, "overloaded"),
        ("rate_limit_error", 429, "rate_limit"),
        ("api_error", 500, "api_error"),
        ("request_too_large", 413, "request_too_large"),
        ("timeout_error", 504, "timeout"),
        ("a_new_one", 500, "api_error"),
    ],
)
def test_an_error_inside_the_stream_is_the_provider_s_refusal(kind: str, status: int, family: str) -> None:
    """Edge case 7: after a 200, the type tells the status."""
    told = {"type": "error", "error": {"type": kind, "message": "Overloaded"}, "request_id": "req_1"}
    *_, last = read(sse(start(), *text(0, "half")[:2], told, *end()))
    assert isinstance(last, Failed)
    assert isinstance(last.error, UpstreamRefused)
    assert (last.error.status, last.error.kind, last.error.message) == (status, family, "Overloaded")
    assert last.error.code == kind


def test_the_end_of_the_bytes_is_not_the_end_of_the_reply() -> None:
    """Edge cases 4 and 5: without a finish reason a failure; with one a finish, and the tail that was left out."""
    whole = sse(start(), *text(0, "x"), *end())
    cut = whole.index(b"event: message_stop")
    reader = MESSAGES.reader(stream=True)
    events = checked(reader.feed(whole[:cut]) + reader.end())
    assert isinstance(events[-1], Finished)
    assert reader.tail() == b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    *_, last = read(whole[: whole.index(b"event: message_delta")])
    assert isinstance(last, Failed)
    assert isinstance(last.error, UpstreamBroken)
    *_, last = read(sse(start(), *text(0, "x"), {"type": "message_stop"}))
    assert isinstance(last, Failed)


def test_bytes_after_the_end_mean_nothing() -> None:
    """Edge case 6: the reader is finished at message_stop."""
    reader = MESSAGES.reader(stream=True)
    reader.feed(sse(start(), *text(0, "x"), *end()))
    assert reader.finished
    assert reader.feed(sse(*text(1, "late"))) == []
    assert reader.end() == []
    assert reader.tail() == b""


@pytest.mark.parametrize(
    "garbage",
    [
        b"data: {\n\n",
        b"event: content_block_delta\ndata: nope\n\n",
        b"event: content_block_start\ndata: " + b"[" * 100_000 + b"\n\n",
        sse({"type": "content_block_delta", "index": 7, "delta": {"type": "input_json_delta", "partial_json": "{"}}),
        sse({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "a"}}),
        b"event: content_block_delta\ndata: \xff\xfe\n\n",
    ],
    ids=["cut", "no json", "deep", "no such block", "no name", "no utf-8"],
)
def test_garbage_is_a_failure_and_never_an_exception(garbage: bytes) -> None:
    """Never raises for what a provider sends."""
    *_, last = read(sse(start()) + garbage + sse(*end()))
    assert isinstance(last, Failed)
    assert isinstance(last.error, UpstreamBroken)


def test_events_without_an_index_speak_of_the_last_block() -> None:
    """Edge cases 12 and 46, at the speakers of this wire that are not its vendor."""
    opening = {"type": "tool_use", "id": "c1", "name": "look", "input": {}}
    pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in ('{"city":', '"Oslo"}')]
    told = [start(), *text(0, "Yes."), *block(1, opening, *pieces), *end("tool_use")]
    bare = [{name: value for name, value in event.items() if name != "index"} for event in told]
    assert read(sse(*bare)) == read(sse(*told))


@pytest.mark.parametrize("given", ['{"city":"Oslo"}', {"city": "Oslo"}])
def test_a_whole_call_may_lack_its_id_and_spell_its_input_as_text(given: object) -> None:
    """What a provider leaves out or spells in its own way is no reason to lose its answer."""
    block = {"type": "tool_use", "name": "look", "input": given}
    message = {"type": "message", "role": "assistant", "content": [block], "stop_reason": "tool_use"}
    reader = MESSAGES.reader(stream=False)
    (found,) = fold([*reader.feed(json.dumps(message).encode()), *reader.end()]).blocks
    assert found == ToolCall(id="", name="look", arguments='{"city":"Oslo"}')


def test_a_provider_may_be_careless() -> None:
    """No message_start, no opening, nulls, unknown events and deltas, one index used twice, [DONE]: still read."""
    careless = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": None}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "new_delta", "x": 1}},
        {"type": "brand_new", "x": 1},
        *text(0, "b"),
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": None},
        {"type": "message_stop"},
    ]
    assert fold(read(sse(*careless) + b"data: [DONE]\n\n")).blocks == (Text(text="a"), Text(text="b"))


def test_a_whole_body_reads_as_its_stream() -> None:
    """R-T2; the vendor pads its JSON with spaces, and others put white space before it."""
    signature = {"type": "thinking", "thinking": "hm", "signature": "s"}
    use = {"type": "tool_use", "id": "t", "name": "n", "input": {"a": [1, 2.5]}}
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5",
        "content": [signature, {"type": "text", "text": "hi", "citations": None}, use],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 5},
    }
    padded = b"\n\n   " + json.dumps(body)[:-1].encode() + b"          }\n"
    whole = fold(read(padded, stream=False, step=7))
    streamed = reply(
        start(),
        *block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "hm"},
            {"type": "signature_delta", "signature": "s"},
        ),
        *text(1, "h", "i"),
        *block(2, {**use, "input": {}}, {"type": "input_json_delta", "partial_json": '{"a":[1,2.5]}'}),
        *end("tool_use"),
    )
    assert whole == streamed


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{}", b"[]", b'{"type":"message","content":"x"}', b'{"type":"message","content":[1]}'],
)
def test_a_body_that_is_no_message_is_a_failure(body: bytes) -> None:
    """Garbage is UpstreamBroken."""
    *_, last = read(body, stream=False)
    assert isinstance(last, Failed)
    assert isinstance(last.error, UpstreamBroken)


def test_an_error_body_after_a_200_is_a_refusal() -> None:
    """Edge case 7, not streamed."""
    *_, last = read(b'{"type":"error","error":{"type":"overloaded_error","message":"Busy"}}', stream=False)
    assert isinstance(last, Failed)
    assert isinstance(last.error, UpstreamRefused)
    assert last.error.status == 529


FULL = sse(
    start(),
    *block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "żółw 🐢"},
        {"type": "signature_delta", "signature": "s"},
    ),
    {"type": "ping"},
    *text(1, "日本", "語 🎉"),
    *block(2, {"type": "tool_use", "id": "t", "name": "n", "input": {}}, {
        "type": "input_json_delta",
        "partial_json": '{"ü": "\\n"}',
    }),
    *end("tool_use"),
)  # fmt: skip


@given(cuts=st.lists(st.integers(0, len(FULL)), max_size=40), newline=st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_any_chunking_gives_the_same_events(cuts: list[int], newline: bytes) -> None:
    """R-T3, law 4, edge cases 1 and 2: any cut, LF, CRLF or lone CR."""
    body = FULL.replace(b"\n", newline)
    reader = MESSAGES.reader(stream=True, origin="o")
    events: list[Event] = []
    edges = [0, *sorted(cuts), len(body)]
    for begin, stop in pairwise(edges):
        events += reader.feed(body[begin:stop])
    assert checked(events + reader.end()) == read(FULL, origin="o")


def test_utf8_split_at_every_offset() -> None:
    """Edge case 1: raw multi-byte characters, one byte at a time and cut in two anywhere."""
    body = b"".join(
        f"event: {e['type']}\ndata: {json.dumps(e, ensure_ascii=False)}\n\n".encode()
        for e in [start(), *text(0, "żółw 🐢 日本"), *end()]
    )
    whole = read(body)
    assert read(body, step=1) == whole
    for cut in range(len(body)):
        reader = MESSAGES.reader(stream=True, origin="anthropic")
        assert reader.feed(body[:cut]) + reader.feed(body[cut:]) + reader.end() == whole


def test_one_very_large_event_is_read_in_linear_time() -> None:
    """Edge case 3: 10 MB in 1 kB fragments."""
    body = sse(start(), *text(0, "x" * 10_000_000), *end())
    assert fold(read(body, step=1024)).blocks == (Text(text="x" * 10_000_000),)


def test_an_open_block_at_the_finish_is_closed() -> None:
    """A provider that leaves content_block_stop out: what came is whole by its own finish reason."""
    use = block(0, {"type": "tool_use", "id": "t", "name": "n", "input": {}})[:1]
    server = block(1, {"type": "server_tool_use", "id": "s", "name": "w", "input": {}})[:1]
    cut = {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"q'}}
    whole = reply(start(), *use, *server, cut, *end("max_tokens"))
    assert whole.blocks[0] == ToolCall(id="t", name="n", arguments="{}")
    opaque = whole.blocks[1]
    assert isinstance(opaque, Opaque)
    assert opaque.data["input"] == {"input": '{"q'}


def test_the_first_event_of_content_has_its_own_type() -> None:
    """Edge case 18: what opens first is what was said first."""
    events = read(sse(start(), *text(0), *block(1, {"type": "tool_use", "id": "t", "name": "n", "input": {}}), *end()))
    first = next(event for event in events if isinstance(event, BlockOpened))
    assert isinstance(first.block, ToolCall)
