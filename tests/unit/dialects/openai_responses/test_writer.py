"""Replies written for Responses clients, stream and body, and read back by the vendor's own SDK (edge cases 5, 13, 18,
24, 36, 44, 47, 50, 58; R-T1, R-T2, R-S2, R-S3)."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from gophergate.core.blocks import Block, Citation, Media, Opaque, Seal, Text, Thought, ToolCall
from gophergate.core.events import (
    BlockClosed,
    BlockGrew,
    BlockOpened,
    Event,
    Failed,
    Finished,
    Reason,
    Started,
    UsageSeen,
)
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold, unfold
from gophergate.core.request import OutputFormat, Reasoning, Request, Tool, Turn
from gophergate.core.usage import Usage
from gophergate.dialects.base import Stamp, Target
from gophergate.dialects.openai_responses import OpenAIResponses, to_response_object
from gophergate.errors import RateLimited, UpstreamBroken, UpstreamRefused
from kit.responses_sdk import REQUIRED, Player, events_of

ME = "openai_responses"
DIALECT = OpenAIResponses()
STAMP = Stamp("abcdefghijkl0123456789zz", 1_700_000_000)
ASK = Request(dialect=ME, model="alias")
STARTED = Started(id="upstream", model="gpt-x")
STOP = Finished(reason="stop")


def stream(events: list[Event], request: Request = ASK) -> bytes:
    writer = DIALECT.writer(request, STAMP, stream=True)
    return b"".join(writer.write(event) for event in events)


def whole(events: list[Event], request: Request = ASK) -> dict[str, Any]:
    writer = DIALECT.writer(request, STAMP, stream=False)
    found: dict[str, Any] = json.loads(b"".join(writer.write(event) for event in events))
    return found


def told(*blocks: Block, finish: Finished = STOP, usage: Usage | None = None) -> list[Event]:
    """The events of a reply of whole blocks."""
    events: list[Event] = [STARTED]
    for index, block in enumerate(blocks):
        events += [BlockOpened(index, block), BlockClosed(index)]
    if usage is not None:
        events.append(UsageSeen(usage))
    return checked([*events, finish])


def written(
    *blocks: Block, finish: Finished = STOP, usage: Usage | None = None, request: Request = ASK
) -> dict[str, Any]:
    """The response object, held to be the same streamed, whole, and as an object for a store; every event checked."""
    events = told(*blocks, finish=finish, usage=usage)
    last: dict[str, Any] = events_of(stream(events, request))[-1]["response"]
    assert whole(events, request) == last
    assert to_response_object(fold(events), request, STAMP) == last
    return last


def kinds(data: bytes) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events_of(data)]


def test_the_events_of_a_text_are_openais_in_openais_order() -> None:
    events = checked(
        [
            STARTED,
            BlockOpened(0, Text(text="")),
            BlockGrew(0, "Hel"),
            BlockGrew(0, "lo"),
            BlockClosed(0),
            UsageSeen(Usage(input=3, output=2)),
            STOP,
        ]
    )
    data = stream(events)
    assert kinds(data) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [e["delta"] for e in events_of(data) if e["type"].endswith("delta")] == ["Hel", "lo"]


def test_reasoning_text_and_two_calls_reach_the_sdk_whole() -> None:
    """Edge case 44, R-T4: each item added and done once, indexes unique, numbers rising, ids stable."""
    blocks = (
        Thought(text="Hm", seal=Seal("gAAA", ME, "openai"), item_id="rs_up", summary=True),
        Text(text="Well"),
        ToolCall(id="call_a", name="look", arguments='{"a":1}'),
        ToolCall(id="call_b", name="look", arguments=""),
    )
    finish = Finished(reason="tool_calls")
    found = written(*blocks, finish=finish, usage=Usage(input=1, output=2))
    assert [item["type"] for item in found["output"]] == ["reasoning", "message", "function_call", "function_call"]
    assert found["output"][0]["id"] == "rs_up"
    assert found["output"][0]["encrypted_content"] == "gAAA"
    assert found["output"][3]["arguments"] == "{}"
    assert found["status"] == "completed"
    data = stream(told(*blocks, finish=finish, usage=Usage(input=1, output=2)))
    player = Player()
    response = player.streamed(data)
    body = player.response(json.dumps(found).encode())
    assert [item.to_dict() for item in body.output] == found["output"]
    assert [(item.type, item.id) for item in response.output] == [(item.type, item.id) for item in body.output]
    assert response.output_text == "Well"
    assert response.usage is not None
    assert response.usage.total_tokens == 3


def test_ids_derive_from_the_stamp_and_never_repeat() -> None:
    found = written(Text(text="a"), ToolCall(id="c1", name="f"), ToolCall(id="c2", name="f", item_id="fc_up"))
    assert found["id"] == f"resp_{STAMP.token}"
    ids = [item["id"] for item in found["output"]]
    assert ids == [f"msg_gg{STAMP.token}00", f"fc_gg{STAMP.token}01", "fc_up"]
    again = written(Thought(text="a", item_id="rs_1", summary=True), Thought(text="b", item_id="rs_1", summary=True))
    assert len({item["id"] for item in again["output"]}) == 2


def test_overlapping_calls_are_told_one_after_the_other() -> None:
    """Edge case 13."""
    events = checked(
        [
            STARTED,
            BlockOpened(0, ToolCall(id="a", name="f")),
            BlockOpened(1, ToolCall(id="b", name="g")),
            BlockGrew(1, '{"b"'),
            BlockGrew(0, '{"a"'),
            BlockGrew(1, ":2}"),
            BlockGrew(0, ":1}"),
            BlockClosed(1),
            BlockClosed(0),
            Finished(reason="tool_calls"),
        ]
    )
    output = events_of(stream(events))[-1]["response"]["output"]
    assert [(item["call_id"], item["arguments"]) for item in output] == [("a", '{"a":1}'), ("b", '{"b":2}')]


def test_free_form_and_namespaced_calls_are_told_as_such() -> None:
    """Edge case 49, R-C2. Codex finds the members of `functions` by their bare name."""
    blocks = (
        ToolCall(id="c1", name="exec", arguments="print(1)", custom=True, namespace="functions"),
        ToolCall(id="c2", name="sleep", arguments="{}", namespace="clock"),
    )
    found = written(*blocks)
    assert found["output"][0]["type"] == "custom_tool_call"
    assert (found["output"][0]["input"], found["output"][1]["namespace"]) == ("print(1)", "clock")
    assert "namespace" not in found["output"][0]
    assert "custom_tool_call_input.done" in kinds(stream(told(*blocks)))


def test_a_reply_of_another_dialect_joins_texts_in_one_message_until_something_else_comes() -> None:
    found = written(Text(text="a"), Text(text="b"), ToolCall(id="c", name="f"), Text(text="d"))
    assert [[part["text"] for part in item.get("content", ())] for item in found["output"]] == [["a", "b"], [], ["d"]]


def test_a_cut_reply_is_incomplete_and_so_is_its_last_item() -> None:
    """Edge case 50. An agent must not run the call that was cut."""
    reasons: dict[Reason, str] = {
        "length": "max_output_tokens",
        "context_exceeded": "max_output_tokens",
        "content_filter": "content_filter",
        "refusal": "content_filter",
    }
    for reason, why in reasons.items():
        finish = Finished(reason=reason)
        found = written(Text(text="x"), ToolCall(id="c", name="f", arguments='{"a'), finish=finish)
        assert (found["status"], found["incomplete_details"]) == ("incomplete", {"reason": why})
        assert [item["status"] for item in found["output"]] == ["completed", "incomplete"]
        assert kinds(stream(told(Text(text="x"), finish=finish)))[-1] == "incomplete"


def test_a_refusal_in_words_is_a_whole_answer() -> None:
    found = written(Text(text="No.", refusal=True), finish=Finished(reason="refusal"))
    assert found["status"] == "completed"
    assert found["output"][0]["content"] == [{"type": "refusal", "refusal": "No."}]


def test_a_call_that_cannot_be_read_is_no_clean_end() -> None:
    """Edge case 24."""
    found = written(Text(text="x"), finish=Finished(reason="malformed_tool_call"))
    assert (found["status"], found["error"]["code"]) == ("failed", "server_error")


def test_a_background_answer_keeps_its_status() -> None:
    found = whole(told(finish=Finished(reason="pause", native_reason="queued")))
    assert (found["status"], found["output"], found["completed_at"]) == ("queued", [], None)


def test_usage_is_summed_and_absent_when_unknown() -> None:
    """Edge case 58."""
    usage = Usage(input=1, cache_read=2, cache_write=3, cache_write_1h=4, output=5, reasoning=0)
    assert written(Text(text="x"), usage=usage)["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 7},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 15,
    }
    assert written(Text(text="x"))["usage"] is None
    assert written(Text(text="x"), usage=Usage(input=0, output=0))["usage"]["total_tokens"] == 0


def test_the_response_echoes_what_was_asked() -> None:
    """Edge case 47: every member is there, with the caller's value or OpenAI's default."""
    plain = written(Text(text="x"))
    assert plain.keys() >= REQUIRED
    assert (plain["model"], plain["tools"], plain["tool_choice"], plain["metadata"]) == ("gpt-x", [], "auto", {})
    body = {
        "model": "m",
        "input": "hi",
        "instructions": "Be brief.",
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}, {"type": "web_search"}],
        "tool_choice": {"type": "function", "name": "f"},
        "temperature": 0.5,
        "max_output_tokens": 99,
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}, "verbosity": "low"},
        "metadata": {"a": "b"},
        "previous_response_id": "resp_0",
        "prompt_cache_key": "key",
        "safety_identifier": "sid",
        "conversation": "conv_1",
        "store": False,
        "service_tier": "flex",
    }
    found = written(Text(text="x"), request=DIALECT.read_request(json.dumps(body).encode()))
    function = {"type": "function", "name": "f", "parameters": {"type": "object"}, "description": None, "strict": False}
    assert found["tools"] == [function, {"type": "web_search"}]
    assert found["conversation"] == {"id": "conv_1"}
    assert found["text"]["format"] == {**body["text"]["format"], "description": None, "strict": False}  # type: ignore[index]
    assert found["text"]["verbosity"] == "low"
    for name in body.keys() - {"model", "input", "tools", "conversation", "text"}:
        assert found[name] == body[name], name


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (
            UpstreamRefused("Too long.", status=400, kind="invalid_request", code="context_length_exceeded"),
            "context_length_exceeded",
        ),
        (UpstreamRefused("Oh.", status=500), "server_error"),
        (UpstreamBroken("Cut."), "server_error"),
        (RateLimited("Slow down."), "rate_limit_exceeded"),
    ],
)
def test_a_failure_is_told_in_the_stream_and_raised_by_the_sdk(error: Exception, code: str) -> None:
    """Edge cases 5 and 47, law 2: error frames are as whole as others, and nothing looks like a clean end."""
    events: list[Event] = [STARTED, BlockOpened(0, Text(text="")), BlockGrew(0, "Hal"), Failed(error)]  # type: ignore[arg-type]
    data = stream(checked(events))
    frames = events_of(data)
    assert [frame["type"] for frame in frames[-2:]] == ["error", "response.failed"]
    assert frames[-2]["error"].keys() >= {"type", "code", "message", "param"}
    assert frames[-1]["response"]["error"]["code"] == code
    assert frames[-1]["response"]["status"] == "failed"
    with pytest.raises(openai.APIError, match=str(error)):
        Player().streamed(data)


def test_a_failure_after_bytes_that_were_not_ours_is_the_error_alone() -> None:
    """The end of a stream that began verbatim: no second `response.created`, no other response's id."""
    data = stream([Failed(UpstreamBroken("Cut."))])
    assert kinds(data) == ["error"]
    with pytest.raises(openai.APIError, match="Cut"):
        Player().raw_events(data)


def test_a_body_writer_raises_the_failure() -> None:
    writer = DIALECT.writer(ASK, STAMP, stream=False)
    assert writer.write(STARTED) == b""
    with pytest.raises(UpstreamBroken):
        writer.write(Failed(UpstreamBroken("Cut.")))


def test_choices_nobody_asked_for_are_left_out() -> None:
    events = checked(
        [
            STARTED,
            BlockOpened(0, Text(text=""), 1),
            BlockOpened(1, Text(text=""), 0),
            BlockGrew(0, "other"),
            BlockGrew(1, "first"),
            BlockClosed(0),
            BlockClosed(1),
            Finished(reason="stop", others=("stop",)),
        ]
    )
    assert Player().streamed(stream(events)).output_text == "first"


def test_sources_become_annotations_and_foreign_server_tools_stay_away() -> None:
    cited = Text(
        text="Hi",
        citations=(
            Citation(url="https://a", title="A", start=0, end=2),
            Citation(quote="no address"),
            Citation(dialect=ME, native={"type": "file_citation", "file_id": "f", "filename": "a", "index": 1}),
        ),
    )
    found = written(cited, Opaque(dialect="anthropic_messages", label="server_tool_use", data={"type": "x"}))
    assert [note["type"] for note in found["output"][0]["content"][0]["annotations"]] == [
        "url_citation",
        "file_citation",
    ]
    assert len(found["output"]) == 1


def test_a_picture_is_an_image_generation_call_and_sound_its_words() -> None:
    found = written(
        Media(kind="image", media_type="image/webp", data="QUJD"), Media(kind="audio", data="QUJD", transcript="Hello")
    )
    picture, spoken = found["output"]
    assert (picture["type"], picture["result"], picture["output_format"]) == ("image_generation_call", "QUJD", "webp")
    assert spoken["content"][0]["text"] == "Hello"
    grown = checked(
        [
            STARTED,
            BlockOpened(0, Media(kind="audio", media_type="audio/wav")),
            BlockGrew(0, "QUJD", transcript="Hel"),
            BlockGrew(0, transcript="lo"),
            BlockClosed(0),
            STOP,
        ]
    )
    assert Player().streamed(stream(grown)).output_text == "Hello"


def test_server_tools_of_this_wire_are_told_again_with_their_reports() -> None:
    item = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}}
    report = {"type": "response.web_search_call.searching", "output_index": 4, "item_id": "ws_1", "sequence_number": 9}
    block = Opaque(dialect=ME, label="web_search_call", data=item, extra={ME: {"_events": [report]}})
    frames = events_of(stream(told(Text(text="a"), block)))
    searching = next(frame for frame in frames if frame["type"] == report["type"])
    assert (searching["output_index"], searching["item_id"]) == (1, "ws_1")
    assert frames[-1]["response"]["output"][1] == item


# -- seals ------------------------------------------------------------------------------------------------------


def replayed(*blocks: Block, clients_keep_ids: bool = True) -> tuple[Block, ...]:
    """What comes back when a client sends the output it got as input, as the Responses API teaches."""
    items = written(*blocks)["output"]
    if not clients_keep_ids:
        items = [{name: value for name, value in item.items() if name != "id"} for item in items]
    body = {"model": "m", "input": [{"role": "user", "content": "q"}, *items]}
    return DIALECT.read_request(json.dumps(body).encode()).turns[1].blocks


FOREIGN = Seal("sig:with/odd+chars==", "anthropic_messages", "anthropic")
GEMINI = Seal("thought-signature", "gemini", "google")


@pytest.mark.parametrize("keep", [True, False])
def test_seals_of_other_makers_come_back_whole(keep: bool) -> None:
    """R-S2, R-S3, edge cases 21 and 36: thinking with and without words, redacted, and signatures of parallel calls."""
    first, second, third, text, one, two = replayed(
        Thought(text="Hm", seal=FOREIGN),
        Thought(text="", seal=FOREIGN),
        Thought(redacted=True, seal=FOREIGN),
        Text(text="Well", seal=GEMINI),
        ToolCall(id="functions.f:0", name="f", arguments="{}", seal=GEMINI),
        ToolCall(id="functions.f:1", name="f", arguments="{}"),
        clients_keep_ids=keep,
    )
    for block, words, redacted in ((first, "Hm", False), (second, "", False), (third, "", True)):
        assert isinstance(block, Thought)
        assert (block.text, block.seal, block.redacted) == (words, FOREIGN, redacted)
    assert isinstance(text, Text)
    assert isinstance(one, ToolCall)
    assert isinstance(two, ToolCall)
    assert (text.seal, one.seal, two.seal) == (GEMINI, GEMINI, None)


def test_a_seal_that_comes_late_follows_its_item() -> None:
    events = checked(
        [
            STARTED,
            BlockOpened(0, ToolCall(id="c", name="f", arguments="{}")),
            BlockGrew(0, seal=GEMINI),
            BlockClosed(0),
            BlockOpened(1, Text(text="")),
            BlockGrew(1, "Hi"),
            BlockGrew(1, seal=GEMINI),
            BlockClosed(1),
            Finished(reason="tool_calls"),
        ]
    )
    output = events_of(stream(events))[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["function_call", "reasoning", "message", "reasoning"]
    body = {"model": "m", "input": output}
    call, text = DIALECT.read_request(json.dumps(body).encode()).turns[0].blocks
    assert isinstance(call, ToolCall)
    assert isinstance(text, Text)
    assert (call.seal, text.seal) == (GEMINI, GEMINI)


def test_a_native_seal_goes_bare_under_the_id_it_is_bound_to() -> None:
    """OpenAI checks that encrypted reasoning comes back under its own item id."""
    sealed = Thought(text="Hm", summary=True, item_id="rs_1", seal=Seal("gAAA", ME, "openai"))
    back = replayed(sealed)[0]
    assert back == Thought(text="Hm", summary=True, item_id="rs_1", seal=Seal("gAAA", ME), extra={ME: {"_item": {}}})


def test_a_thought_of_ours_is_no_item_of_any_provider() -> None:
    """A made-up reasoning id would be answered with 404 ("Item not found")."""
    (block,) = replayed(Thought(text="Hm"))
    assert block == Thought(text="Hm")
    request = Request(dialect=ME, model="m", turns=(Turn(role="assistant", blocks=(block, Text(text="x"))),))
    sent = DIALECT.write_request(request, Target(model="gpt-x", origin="openai"))
    assert [item["type"] for item in sent.body["input"]] == ["message"]
    assert sent.dropped == ("reasoning",)


def test_parts_of_a_thought_are_told_apart_again() -> None:
    two = Thought(text="One\n\nTwo\n\nmore", summary=True, item_id="rs_1", extra={ME: {"_cuts": [3]}})
    item = written(two)["output"][0]
    assert [part["text"] for part in item["summary"]] == ["One", "Two\n\nmore"]
    content = Thought(text="Hm", item_id="rs_1", extra={ME: {"_parts": "content"}})
    item = written(content)["output"][0]
    assert (item["summary"], item["content"]) == ([], [{"type": "reasoning_text", "text": "Hm"}])
    masked = Thought(text="***", summary=True, item_id="rs_1", extra={ME: {"_cuts": [3]}})
    assert [part["text"] for part in written(masked)["output"][0]["summary"]] == ["***"]


# -- an object for a store ----------------------------------------------------------------------------------------


def test_an_object_can_be_had_before_and_without_a_reply() -> None:
    waiting = to_response_object(None, ASK, STAMP, "queued")
    assert waiting.keys() >= REQUIRED
    assert (waiting["status"], waiting["output"]) == ("queued", [])
    broken = to_response_object(None, ASK, STAMP, error=UpstreamBroken("Cut."))
    assert (broken["status"], broken["error"]) == ("failed", {"code": "server_error", "message": "Cut."})
    reply: Reply = fold(told(Text(text="x")))
    assert to_response_object(reply, ASK, STAMP, "cancelled")["status"] == "cancelled"
    assert list(unfold(reply))


def test_writing_twice_gives_the_same_bytes() -> None:
    """R-K1: nothing depends on a clock, a hash seed or an earlier reply."""
    request = Request(
        dialect="gemini",
        model="m",
        tools=(Tool(name="f"),),
        reasoning=Reasoning(enabled=False),
        format=OutputFormat(kind="enum"),
    )
    events = told(Thought(text="a"), Text(text="b"), ToolCall(id="", name="f"))
    assert stream(events, request) == stream(events, request)
    assert events_of(stream(events, request))[-1]["response"]["output"][2]["call_id"].startswith("call_")


@pytest.mark.parametrize(("kind", "begun"), [("program_output", "completed"), ("mcp_call", "in_progress")])
def test_what_a_tool_said_is_never_in_progress(kind: str, begun: str) -> None:
    """OpenAI's types of outputs know no such status."""
    item = {"type": kind, "id": "i1", "status": "completed"}
    events = told(Opaque(dialect="openai_responses", label=kind, data=item))
    added = [frame for frame in stream(events).split(b"\n\n") if b"output_item.added" in frame]
    assert f'"status":"{begun}"'.encode() in added[0]
