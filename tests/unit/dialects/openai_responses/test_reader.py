"""Replies of Responses providers, read (edge cases 5, 7, 44-47, 49, 50, 58; R-T1, R-T3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.core.blocks import Opaque, Seal, Text, Thought, ToolCall
from gophergate.core.events import Event, Failed, Finished
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold
from gophergate.core.usage import Usage
from gophergate.dialects.openai_responses import OpenAIResponses
from gophergate.errors import UpstreamBroken, UpstreamRefused

ME = "openai_responses"
DIALECT = OpenAIResponses()


def sse(kind: str, **members: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n".encode()


CREATED = sse("response.created", response={"id": "resp_1", "model": "gpt-x", "created_at": 1700000000.0})


def added(index: int, item: dict[str, Any]) -> bytes:
    return sse("response.output_item.added", output_index=index, item=item)


def done(index: int, item: dict[str, Any]) -> bytes:
    return sse("response.output_item.done", output_index=index, item=item)


def completed(output: list[dict[str, Any]] | None = None, **members: Any) -> bytes:
    return sse(
        "response.completed", response={"id": "resp_1", "status": "completed", "output": output or [], **members}
    )


def read(*frames: bytes, origin: str = "openai") -> list[Event]:
    reader = DIALECT.reader(stream=True, origin=origin)
    events = [event for frame in frames for event in reader.feed(frame)]
    return checked(events + reader.end())


def reply(*frames: bytes) -> Reply:
    return fold(read(*frames))


def body(response: Any) -> Reply:
    reader = DIALECT.reader(stream=False, origin="openai")
    return fold(checked(reader.feed(json.dumps(response).encode()) + reader.end()))


def message(text: str, item_id: str = "msg_1") -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"type": "message", "id": item_id, "role": "assistant", "status": "completed", "content": [part]}


def call(arguments: str, number: int = 1) -> dict[str, Any]:
    return {
        "type": "function_call",
        "id": f"fc_{number}",
        "call_id": f"call_{number}",
        "name": "look",
        "arguments": arguments,
        "status": "completed",
    }


def text_delta(text: str, index: int = 0, part: int = 0) -> bytes:
    return sse("response.output_text.delta", output_index=index, content_index=part, item_id="msg_1", delta=text)


def test_reasoning_text_and_two_calls_are_blocks_in_their_order() -> None:
    """Edge case 44."""
    found = reply(
        CREATED,
        added(0, {"type": "reasoning", "id": "rs_1", "summary": []}),
        sse("response.reasoning_summary_part.added", output_index=0, summary_index=0, item_id="rs_1", part={}),
        sse("response.reasoning_summary_text.delta", output_index=0, summary_index=0, item_id="rs_1", delta="First"),
        sse("response.reasoning_summary_text.done", output_index=0, summary_index=0, item_id="rs_1", text="First."),
        sse("response.reasoning_summary_text.delta", output_index=0, summary_index=1, item_id="rs_1", delta="Second."),
        done(0, {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}),
        added(1, {**message(""), "content": []}),
        text_delta("Hel", 1),
        text_delta("lo", 1),
        done(1, message("Hello")),
        added(2, call("")),
        sse("response.function_call_arguments.delta", output_index=2, item_id="fc_1", delta='{"a"'),
        sse("response.function_call_arguments.delta", output_index=2, item_id="fc_1", delta=":1}"),
        done(2, call('{"a":1}')),
        added(3, call("", 2)),
        done(3, call("{}", 2)),
        completed(),
    )
    assert found.started.id == "resp_1"
    assert (found.started.model, found.started.created) == ("gpt-x", 1700000000)
    thought, text, first, second = found.blocks
    assert thought == Thought(
        text="First.\n\nSecond.",
        summary=True,
        seal=Seal("gAAA", ME, "openai"),
        item_id="rs_1",
        extra={ME: {"_cuts": [6]}},
    )
    assert text == Text(text="Hello", extra={ME: {"_item": {"id": "msg_1"}}})
    assert first == ToolCall(id="call_1", name="look", arguments='{"a":1}', item_id="fc_1")
    assert second == ToolCall(id="call_2", name="look", arguments="{}", item_id="fc_2")
    assert found.reason == "tool_calls"


def test_a_completed_response_without_output_is_rebuilt_from_the_stream() -> None:
    """Edge case 45."""
    assert reply(CREATED, added(0, message("")), text_delta("x"), done(0, message("x")), completed([])).blocks[
        0
    ] == Text(text="x", extra={ME: {"_item": {"id": "msg_1"}}})


def test_an_item_that_was_never_added_is_read_all_the_same() -> None:
    """Edge case 46: by its deltas, by its done, or only by the response that holds it."""
    by_deltas = reply(CREATED, text_delta("He"), text_delta("y"), completed([message("Hey")]))
    by_done = reply(CREATED, done(0, message("Hey")), completed())
    by_response = reply(CREATED, completed([message("Hey")]))
    for found in (by_deltas, by_done, by_response):
        assert [block.text for block in found.blocks if isinstance(block, Text)] == ["Hey"]


def test_a_call_whose_arguments_come_only_when_done_keeps_them() -> None:
    whole = sse("response.function_call_arguments.done", output_index=0, item_id="fc_1", arguments='{"a":1}')
    for frames in ([whole], [done(0, call('{"a":1}'))], [whole, done(0, call('{"a":1}'))]):
        assert reply(CREATED, added(0, call("")), *frames, completed()).blocks == (
            ToolCall(id="call_1", name="look", arguments='{"a":1}', item_id="fc_1"),
        )


def test_arguments_that_come_before_their_call_wait_for_its_name() -> None:
    delta = sse("response.function_call_arguments.delta", output_index=0, item_id="fc_1", delta='{"a":1}')
    assert reply(CREATED, delta, done(0, call('{"a":1}')), completed()).blocks == (
        ToolCall(id="call_1", name="look", arguments='{"a":1}', item_id="fc_1"),
    )


def test_items_known_by_id_alone_and_items_whose_id_changes_are_one_item() -> None:
    no_index = [
        sse("response.output_item.added", item={**message(""), "content": []}),
        sse("response.output_text.delta", item_id="msg_1", content_index=0, delta="Hi"),
        sse("response.output_item.done", item=message("Hi")),
    ]
    assert len(reply(CREATED, *no_index, completed([message("Hi")])).blocks) == 1
    renamed = [added(0, message("", "msg_a")), text_delta("Hi"), completed([message("Hi", "msg_b")])]
    assert len(reply(CREATED, *renamed).blocks) == 1


def test_items_that_share_one_id_are_all_read() -> None:
    """xAI gives every reasoning item of a reply the same id."""
    thoughts = [
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": word}]} for word in ("a", "b")
    ]
    assert [block.text for block in body({"status": "completed", "output": thoughts}).blocks] == ["a", "b"]  # type: ignore[union-attr]
    frames = [done(index, thought) for index, thought in enumerate(thoughts)]
    assert len(reply(CREATED, *frames, completed(thoughts)).blocks) == 2


def test_a_free_form_call_streams_its_input() -> None:
    """Edge case 49."""
    item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_1", "name": "exec", "input": ""}
    found = reply(
        CREATED,
        added(0, item),
        sse("response.custom_tool_call_input.delta", output_index=0, item_id="ctc_1", delta="print"),
        sse("response.custom_tool_call_input.done", output_index=0, item_id="ctc_1", input="print(1)"),
        done(0, {**item, "input": "print(1)", "namespace": "functions"}),
        completed(),
    )
    assert found.blocks == (ToolCall(id="call_1", name="exec", arguments="print(1)", custom=True, item_id="ctc_1"),)
    assert found.reason == "tool_calls"


def test_reasoning_content_is_a_thought_that_is_no_summary() -> None:
    """DeepSeek and gpt-oss stream the reasoning itself; Open Responses calls the events otherwise."""
    for kind in ("response.reasoning_text.delta", "response.reasoning.delta"):
        found = reply(
            CREATED,
            added(0, {"type": "reasoning", "id": "r", "summary": []}),
            sse(kind, output_index=0, content_index=0, item_id="r", delta="Hm"),
            done(
                0,
                {"type": "reasoning", "id": "r", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]},
            ),
            completed(),
        )
        assert found.blocks == (Thought(text="Hm.", item_id="r", extra={ME: {"_parts": "content"}}),)


def test_a_seal_without_a_word_is_kept() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
    assert body({"status": "completed", "output": [item]}).blocks == (
        Thought(summary=True, item_id="rs_1", seal=Seal("gAAA", ME, "openai")),
    )


def test_refusals_annotations_and_logprobs_are_kept() -> None:
    source = {"type": "url_citation", "url": "https://a", "title": "A", "start_index": 0, "end_index": 2}
    file = {"type": "file_citation", "file_id": "file_1", "filename": "a.pdf", "index": 3}
    tokens = [{"token": "Hi", "logprob": -0.1, "bytes": [72, 105], "top_logprobs": []}]
    where = {"output_index": 0, "content_index": 0, "item_id": "msg_1"}
    part = {"type": "output_text", "text": "Hi", "annotations": [source, file], "logprobs": tokens}
    found = reply(
        CREATED,
        added(0, {**message(""), "content": []}),
        sse("response.content_part.added", part={"type": "output_text", "text": ""}, **where),
        sse("response.output_text.delta", delta="Hi", logprobs=tokens, **where),
        sse("response.output_text.annotation.added", annotation=source, annotation_index=0, **where),
        sse("response.content_part.done", part=part, **where),
        sse("response.refusal.delta", output_index=0, content_index=1, item_id="msg_1", delta="No"),
        sse("response.refusal.done", output_index=0, content_index=1, item_id="msg_1", refusal="No."),
        done(0, {**message(""), "content": [part, {"type": "refusal", "refusal": "No."}]}),
        completed(),
    )
    text, refusal = found.blocks
    assert isinstance(text, Text)
    assert [citation.native for citation in text.citations] == [source, file]
    assert (text.citations[0].url, text.citations[1].title) == ("https://a", "a.pdf")
    assert found.logprobs == (tokens, None)
    assert refusal == Text(text="No.", refusal=True)


def test_server_tools_are_opaque_and_whole_with_what_they_reported() -> None:
    item = {"type": "web_search_call", "id": "ws_1", "status": "in_progress"}
    report = {"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws_1"}
    whole = {**item, "status": "completed", "action": {"type": "search", "query": "q"}}
    found = reply(
        CREATED,
        added(0, item),
        sse(**{"kind": report["type"], **{k: v for k, v in report.items() if k != "type"}}),
        done(0, whole),
        completed(),
    )
    assert found.blocks == (
        Opaque(dialect=ME, label="web_search_call", data=whole, origin="openai", extra={ME: {"_events": [report]}}),
    )
    assert found.usage is None


def test_reports_of_unknown_tools_and_unknown_events_are_passed_over() -> None:
    frames = [
        sse("response.web_search_call.searching", output_index=7, item_id="ws_9"),
        sse("response.tomorrow.delta", output_index=0, delta="?"),
        sse("keepalive", sequence_number=1),
        b": OPENROUTER PROCESSING\n\n",
        b"data: 17\n\n",
        b'data: {"type": 5}\n\n',
    ]
    assert read(*frames, CREATED, *frames, completed([message("x")]))[-1] == Finished(
        reason="stop", native_reason="completed", extra={ME: {"_response": {}}}
    )


def test_usage_is_disjoint_and_zero_stays_zero() -> None:
    """Edge case 58."""
    usage = {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 120,
    }
    assert reply(CREATED, completed([message("x")], usage=usage)).usage == Usage(
        input=10, cache_read=60, cache_write=30, output=20, reasoning=0
    )
    plain = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    assert reply(CREATED, completed([message("x")], usage=plain)).usage == Usage(input=0, output=0)
    assert reply(CREATED, completed([message("x")], usage=None)).usage is None


def test_costs_and_server_tools_are_counted_as_each_vendor_says() -> None:
    grok = {
        "input_tokens": 5,
        "output_tokens": 1,
        "cost_in_usd_ticks": 6306000,
        "server_side_tool_usage_details": {"web_search_calls": 2, "x_search_calls": 0},
    }
    found = body({"status": "completed", "output": [], "usage": grok}).usage
    assert found == Usage(input=5, output=1, provider_cost=630_600, tool_uses={"web_search": 2})
    openrouter = {"input_tokens": 5, "output_tokens": 1, "cost": 0.025265}
    found = body({"status": "completed", "output": [], "usage": openrouter}).usage
    assert found == Usage(input=5, output=1, provider_cost=25_265_000)
    searches = [
        {"type": "web_search_call", "id": "ws_1", "action": {"type": "search"}},
        {"type": "web_search_call", "id": "ws_2", "action": {"type": "open_page"}},
        {"type": "code_interpreter_call", "id": "ci_1"},
    ]
    counted = body({"status": "completed", "output": searches, "usage": {"input_tokens": 1, "output_tokens": 1}}).usage
    assert counted is not None
    assert counted.tool_uses == {"web_search": 1, "code_interpreter": 1}


def test_incomplete_says_why() -> None:
    """Edge case 50: max tokens."""
    for why, reason in (("max_output_tokens", "length"), ("content_filter", "content_filter"), ("novel", "length")):
        response = {"status": "incomplete", "incomplete_details": {"reason": why}, "output": [message("Hal")]}
        streamed = reply(CREATED, sse("response.incomplete", response=response))
        assert (streamed.finished.reason, streamed.finished.native_reason) == (reason, why)
        assert body(response).finished == streamed.finished


def test_an_answer_for_later_is_a_pause() -> None:
    """A background response: queued, and nothing more for now."""
    found = body({"id": "resp_1", "status": "queued", "output": []})
    assert (found.finished.reason, found.finished.native_reason) == ("pause", "queued")


@pytest.mark.parametrize(
    ("frame", "status", "code", "words"),
    [
        (
            sse("response.failed", response={"status": "failed", "error": {"code": "server_error", "message": "Oh."}}),
            500,
            "server_error",
            "Oh.",
        ),
        (
            sse(
                "response.failed",
                response={"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "R"}},
            ),
            429,
            "rate_limit_exceeded",
            "R",
        ),
        (
            sse("error", code="context_length_exceeded", message="Long", param="input"),
            400,
            "context_length_exceeded",
            "Long",
        ),
        (
            sse("error", error={"type": "invalid_request_error", "message": "Bad", "code": None}),
            400,
            "upstream_error",
            "Bad",
        ),
        (
            b'data: {"error":{"code":502,"message":"Provider returned error"}}\n\n',
            502,
            "502",
            "Provider returned error",
        ),
        (
            b'event: error\ndata: {"message":"Quota","code":"insufficient_quota"}\n\n',
            429,
            "insufficient_quota",
            "Quota",
        ),
        (
            sse("response.failed", response={"status": "failed", "error": None}),
            502,
            "upstream_error",
            "did not say why",
        ),
    ],
)
def test_an_error_inside_a_stream_fails_with_what_the_provider_said(
    frame: bytes, status: int, code: str, words: str
) -> None:
    """Edge case 7."""
    last = read(CREATED, text_delta("Hal"), frame)[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, UpstreamRefused)
    assert (last.error.status, last.error.code) == (status, code)
    assert words in last.error.message
    assert last.error.raw


def test_a_failed_response_still_tells_its_usage() -> None:
    """What was used is paid for, also when it came to nothing."""
    response = {"status": "failed", "error": {"code": "server_error", "message": "x"}, "usage": {"input_tokens": 3}}
    events = read(CREATED, sse("response.failed", response=response))
    assert [type(event).__name__ for event in events] == ["Started", "UsageSeen", "Failed"]


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [CREATED],
        [CREATED, text_delta("Hal")],
        [CREATED, added(0, call("")), done(0, call("{}"))],
        [CREATED, done(0, message("x")), b"data: [DONE]\n\n"],
        [CREATED, b"data: {broken\n\n"],
        [CREATED, sse("response.cancelled", response={"status": "cancelled"})],
        [CREATED, b"\xff\xfe\n\n", b"data: \xff\n\n"],
    ],
)
def test_a_stream_without_its_last_word_is_broken(frames: list[bytes]) -> None:
    """Edge case 5, law 3: the end of the bytes is no finish reason."""
    last = read(*frames)[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, UpstreamBroken)


@pytest.mark.parametrize("data", [b"", b"not json", b"[]", b'{"object":"list","data":[]}', b'{"output":', b"\xff"])
def test_a_body_that_is_no_response_is_broken(data: bytes) -> None:
    reader = DIALECT.reader(stream=False)
    assert not reader.finished
    events = checked(reader.feed(data) + reader.end())
    assert reader.finished
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].error, UpstreamBroken)
    assert reader.end() == []
    assert reader.tail() == b""


def test_an_error_in_a_whole_body_is_the_providers() -> None:
    with pytest.raises(UpstreamRefused, match="No credit"):
        body({"error": {"message": "No credit", "code": 402}})


def test_nothing_follows_the_end() -> None:
    """Edge case 6: the reader has finished, whatever still comes."""
    reader = DIALECT.reader(stream=True)
    reader.feed(CREATED + completed([message("x")]))
    assert reader.finished
    assert reader.feed(text_delta("more") + CREATED) == []
    assert reader.end() == []


def test_white_space_around_a_body_means_nothing() -> None:
    """OpenRouter keeps the line warm with it."""
    reader = DIALECT.reader(stream=False)
    for piece in (b"\n", b"   \n", json.dumps({"status": "completed", "output": [message("x")]}).encode(), b"\n\n"):
        assert reader.feed(piece) == []
    assert isinstance(checked(reader.end())[-1], Finished)


def test_a_compaction_is_read_without_taking_the_users_words_for_the_models() -> None:
    user = {"type": "message", "id": "msg_1", "role": "user", "status": "completed", "content": []}
    summary = {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAA"}
    found = body({"object": "response.compaction", "output": [user, summary], "usage": {"input_tokens": 9}})
    assert [block.label for block in found.blocks if isinstance(block, Opaque)] == ["message", "compaction"]
    assert found.usage == Usage(input=9)


def test_any_chunking_gives_the_same_events() -> None:
    """Edge cases 1 and 2, law 4, R-T3: byte by byte, CRLF, lone CR."""
    stream = b"".join(
        [
            CREATED,
            added(0, {**message(""), "content": []}),
            text_delta("héllo €"),
            text_delta("𝄞"),
            completed([message("héllo €𝄞")]),
        ]
    )
    whole = read(stream)
    for variant in (
        stream,
        stream.replace(b"\n", b"\r\n"),
        stream.replace(b"\n", b"\r"),
        stream.replace(b"data: ", b"data:"),
    ):
        assert read(*(variant[at : at + 1] for at in range(len(variant)))) == whole
        assert read(*(variant[at : at + 7] for at in range(0, len(variant), 7))) == whole
