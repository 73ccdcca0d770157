"""What a Messages client gets, held against the vendor's own SDK and against our own reader."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import anthropic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from gophergate.core.request import Request
from gophergate.core.usage import Usage
from gophergate.dialects.anthropic_messages import AnthropicMessages
from gophergate.dialects.base import Stamp, Target, wrap_seal
from gophergate.errors import RateLimited, UpstreamBroken, UpstreamRefused
from kit.anthropic_sdk import Player

MESSAGES = AnthropicMessages()
NAME = "anthropic_messages"
ASKED = Request(dialect=NAME, model="my-alias", stream=True)
STAMP = Stamp("0123456789abcdefghijklmn", 1_700_000_000)
GEMINI = Seal("c2ln", "gemini", "google")


@pytest.fixture(scope="module")
def player() -> Player:
    return Player()


def written(events: Iterable[Event], *, stream: bool = True) -> bytes:
    writer = MESSAGES.writer(ASKED, STAMP, stream=stream)
    return b"".join(writer.write(event) for event in checked(events))


def told(body: bytes) -> list[dict[str, Any]]:
    """The stream's data, each event under the name that its data has."""
    events = []
    for frame in body.decode().split("\n\n")[:-1]:
        name, data = frame.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    return events


def events_of(*blocks: Block, reason: Reason = "stop", usage: Usage | None = None) -> list[Event]:
    """A reply of whole blocks."""
    reply = Reply(
        started=Started(id="resp_9", model="other-model"),
        blocks=blocks,
        choices=(0,) * len(blocks),
        logprobs=(None,) * len(blocks),
        usage=usage,
        finished=Finished(reason=reason),
    )
    return list(unfold(reply))


def kinds(body: bytes) -> list[str]:
    return [event["type"] for event in told(body)]


def test_a_plain_stream_word_by_word(player: Player) -> None:
    """R-T4: the vendor's event order; ids of our own; usage in message_start as far as known, whole at the end (23)."""
    body = written(
        [
            Started(id="chatcmpl-1", model="gpt-x"),
            UsageSeen(Usage(input=7, cache_read=3)),
            BlockOpened(0, Text(text="")),
            BlockGrew(0, "Hel"),
            BlockGrew(0, "lo\n\"'\u2028 🎉"),
            BlockClosed(0),
            UsageSeen(Usage(output=5, reasoning=2, cache_write=1)),
            Finished(reason="stop", native_reason="stop"),
        ]
    )
    start, opened, first, second, closed, delta, stop = told(body)
    assert start["message"] == {
        "id": "msg_0123456789abcdefghijklmn",
        "type": "message",
        "role": "assistant",
        "model": "gpt-x",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 0, "cache_read_input_tokens": 3},
    }
    assert opened == {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    assert first == {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}}
    assert second["delta"]["text"] == "lo\n\"'\u2028 🎉"
    assert closed == {"type": "content_block_stop", "index": 0}
    assert delta["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    assert delta["usage"] == {
        "input_tokens": 7,
        "output_tokens": 5,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 1,
        "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 0},
        "output_tokens_details": {"thinking_tokens": 2},
    }
    assert stop == {"type": "message_stop"}
    message = player.streamed(body)
    assert message["content"] == [{"type": "text", "text": "Hello\n\"'\u2028 🎉"}]
    assert (message["usage"]["output_tokens"], message["usage"]["input_tokens"]) == (5, 7)
    assert [event.type for event in player.raw_events(body)] == kinds(body)


@pytest.mark.parametrize(
    ("block", "opening", "deltas"),
    [
        (ToolCall(id="c", name="f"), "tool_use", []),
        (ToolCall(id="c", name="f", arguments="{}"), "tool_use", ["input_json_delta"]),
        (Thought(text="hm"), "thinking", ["thinking_delta"]),
        (Thought(seal=Seal("s", NAME)), "thinking", ["signature_delta"]),
        (Thought(text="hm", seal=Seal("s", NAME)), "thinking", ["thinking_delta", "signature_delta"]),
        (Thought(redacted=True, seal=Seal("s", NAME)), "redacted_thinking", []),
        (Text(text="x"), "text", ["text_delta"]),
    ],
)
def test_the_first_block_has_the_type_of_what_is_said_first(block: Block, opening: str, deltas: list[str]) -> None:
    """Edge case 18: no empty text block before it, no empty delta in it."""
    events = told(written(events_of(Text(text=""), Thought(), block)))
    opened = [event["content_block"]["type"] for event in events if event["type"] == "content_block_start"]
    assert opened == [opening]
    assert [event["delta"]["type"] for event in events if event["type"] == "content_block_delta"] == deltas


def test_two_interleaved_calls_become_two_whole_blocks(player: Player) -> None:
    """Edge case 13: one block open at a time, nothing merged."""
    body = written(
        [
            Started(),
            BlockOpened(0, ToolCall(id="a", name="f")),
            BlockOpened(1, ToolCall(id="b", name="g")),
            BlockGrew(0, '{"x"'),
            BlockGrew(1, '{"y":'),
            BlockGrew(0, ":1}"),
            BlockGrew(1, "2}"),
            BlockClosed(1),
            BlockClosed(0),
            Finished(reason="tool_calls"),
        ]
    )
    open_blocks: set[int] = set()
    for event in told(body):
        if event["type"] == "content_block_start":
            assert not open_blocks
            open_blocks.add(event["index"])
        elif event["type"] == "content_block_stop":
            open_blocks.remove(event["index"])
    content = player.streamed(body)["content"]
    assert [(b["id"], b["name"], b["input"]) for b in content] == [("a", "f", {"x": 1}), ("b", "g", {"y": 2})]


def test_thoughts_keep_their_place_and_show_their_seal() -> None:
    """Edge cases 20, 21, R-S2: native signatures bare, another maker's wrapped, none at all as an empty signature."""
    blocks = (
        Thought(text="a", seal=Seal("native==", NAME, "anthropic")),
        Text(text="x"),
        Thought(text="b", seal=GEMINI),
        Thought(text="c"),
        Thought(redacted=True, seal=Seal("enc", "openai_responses", "openai")),
    )
    for stream in (True, False):
        body = written(events_of(*blocks), stream=stream)
        shown = Player().streamed(body)["content"] if stream else json.loads(body)["content"]
        assert shown == [
            {"type": "thinking", "thinking": "a", "signature": "native=="},
            {"type": "text", "text": "x"},
            {"type": "thinking", "thinking": "b", "signature": wrap_seal(GEMINI)},
            {"type": "thinking", "thinking": "c", "signature": ""},
            {"type": "redacted_thinking", "data": "gg1:openai_responses:openai:enc"},
        ]


def test_a_seal_that_grows_is_told_once_at_the_end() -> None:
    """The last seal given stands."""
    events = told(
        written(
            [
                Started(),
                BlockOpened(0, Thought()),
                BlockGrew(0, "hm"),
                BlockGrew(0, seal=Seal("part", NAME)),
                BlockGrew(0, seal=Seal("part and rest", NAME)),
                BlockClosed(0),
                Finished(reason="stop"),
            ]
        )
    )
    signatures = [e["delta"]["signature"] for e in events if e.get("delta", {}).get("type") == "signature_delta"]
    assert signatures == ["part and rest"]


def test_another_maker_s_seal_of_a_call_rides_along_and_comes_back() -> None:
    """R-S3, edge case 36: a client that echoes members it does not know brings a thought signature home."""
    call = ToolCall(id="c", name="f", arguments="{}", seal=GEMINI)
    shown = json.loads(written(events_of(call), stream=False))["content"]
    streamed = told(written(events_of(call)))[1]["content_block"]
    assert shown[0]["gophergate_seal"] == streamed["gophergate_seal"] == wrap_seal(GEMINI)
    history = {"model": "m", "messages": [{"role": "assistant", "content": shown}]}
    assert MESSAGES.read_request(json.dumps(history).encode()).turns[0].blocks == (call,)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ("", {}),
        ('{"a": {"b": [1]}}', {"a": {"b": [1]}}),
        ("[1, 2]", {"input": "[1, 2]"}),
        ('{"a": ', {"input": '{"a": '}),
        ("not json", {"input": "not json"}),
        ("[" * 100_000, {"input": "[" * 100_000}),
    ],
)
def test_arguments_that_are_no_object_are_wrapped(arguments: str, shown: dict[str, Any]) -> None:
    """`input` is always an object; what is none stands whole under "input"."""
    body = json.loads(written(events_of(ToolCall(id="c", name="f", arguments=arguments)), stream=False))
    assert body["content"][0]["input"] == shown


def test_a_free_form_call_is_a_string_under_input(player: Player) -> None:
    """R-C2: also when the text comes in pieces that must be escaped."""
    body = written(
        [
            Started(),
            BlockOpened(0, ToolCall(id="c", name="patch", custom=True, namespace="fs")),
            BlockGrew(0, 'say "hi"\n'),
            BlockGrew(0, "\\ 🎉"),
            BlockClosed(0),
            Finished(reason="tool_calls"),
        ]
    )
    call = player.streamed(body)["content"][0]
    assert (call["name"], call["input"]) == ("fs__patch", {"input": 'say "hi"\n\\ 🎉'})


@pytest.mark.parametrize(
    ("reason", "native", "shown"),
    [
        ("stop", "stop", "end_turn"),
        ("length", "length", "max_tokens"),
        ("tool_calls", "tool_calls", "tool_use"),
        ("content_filter", "SAFETY", "refusal"),
        ("refusal", "refusal", "refusal"),
        ("stop_sequence", "stop", "stop_sequence"),
        ("pause", "compaction", "compaction"),
        ("pause", "", "pause_turn"),
        ("malformed_tool_call", "MALFORMED_FUNCTION_CALL", "max_tokens"),
        ("context_exceeded", "model_length", "model_context_window_exceeded"),
        ("tool_calls", "end_turn", "tool_use"),
    ],
)
def test_stop_reasons(reason: Reason, native: str, shown: str) -> None:
    """Edge case 24: a malformed call is not a clean end; the provider's own word stands where the wire knows it."""
    finished = Finished(reason=reason, native_reason=native, stop_sequence="X" if reason == "stop_sequence" else None)
    events = [Started(), finished]
    body = json.loads(written(events, stream=False))
    assert (body["stop_reason"], body["stop_sequence"]) == (shown, finished.stop_sequence)
    delta = told(written(events))[1]["delta"]
    assert (delta["stop_reason"], delta["stop_sequence"]) == (shown, finished.stop_sequence)


@pytest.mark.parametrize(
    ("reason", "shown"),
    [("stop", "refusal"), ("refusal", "refusal"), ("tool_calls", "tool_use"), ("length", "max_tokens")],
)
def test_a_refusal_in_words_ends_as_one_also_when_it_comes_after_other_words(reason: Reason, shown: str) -> None:
    """The words are content; of another choice, which is not told, they say nothing."""
    words = [Started(), BlockOpened(0, Text(text="{")), BlockClosed(0), BlockOpened(1, Text(text="", refusal=True))]
    words += [BlockGrew(1, "I cannot."), BlockClosed(1), Finished(reason=reason)]
    other = [Started(), BlockOpened(0, Text(text="x")), BlockOpened(1, Text(text="No.", refusal=True), 1)]
    other += [BlockClosed(0), BlockClosed(1), Finished(reason="stop")]
    for events, ending in ((words, shown), (other, "end_turn")):
        body = json.loads(written(events, stream=False))
        assert (body["stop_reason"], told(written(events))[-2]["delta"]["stop_reason"]) == (ending, ending)
    assert [block["text"] for block in json.loads(written(words, stream=False))["content"]] == ["{", "I cannot."]


def test_a_failure_after_the_start_is_the_dialect_s_own_error_event(player: Player) -> None:
    """Law 2, edge case 59: never a clean finish; the SDK raises."""
    error = UpstreamRefused("Overloaded", status=529, kind="overloaded", code="overloaded_error")
    body = written([Started(), BlockOpened(0, Text(text="")), BlockGrew(0, "ha"), Failed(error)])
    assert told(body)[-1] == {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert "message_stop" not in kinds(body)
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        player.streamed(body)


def test_a_body_writer_raises_its_failure() -> None:
    """Law 2: nothing half is ever given."""
    with pytest.raises(UpstreamBroken):
        written([Started(), BlockOpened(0, Text(text="ha")), Failed(UpstreamBroken("cut"))], stream=False)


def test_failures_before_anything_was_said() -> None:
    """An error event is all there is."""
    assert kinds(written([Failed(RateLimited("slow down"))])) == ["error"]


def test_media_become_words() -> None:
    """A model of this wire answers in text: what cannot be shown is said to be there, never dropped silently."""
    blocks = (
        Media(kind="audio", media_type="audio/wav", data="UklG", transcript="hello"),
        Media(kind="image", url="https://x/y.png"),
        Media(kind="image", media_type="image/png", data="iVBO"),
    )
    expected = ["hello", "https://x/y.png", "[image (image/png), which this API cannot show]"]
    assert [b["text"] for b in json.loads(written(events_of(*blocks), stream=False))["content"]] == expected
    assert [b["text"] for b in Player().streamed(written(events_of(*blocks)))["content"]] == expected


def test_server_tools_of_this_wire_are_shown_and_others_are_not(player: Player) -> None:
    """Opaque blocks go to clients of their own dialect only, a call's input as deltas, as the vendor sends it."""
    use = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    result = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
    compaction = {"type": "compaction", "content": "so far", "encrypted_content": "e", "signature": "s"}
    blocks = (
        Opaque(dialect=NAME, label="server_tool_use", data=use),
        Opaque(dialect=NAME, label="web_search_tool_result", data=result),
        Opaque(dialect="openai_responses", label="web_search_call", data={"type": "web_search_call"}),
        Opaque(dialect=NAME, label="compaction", data=compaction, optional=False),
    )
    body = written(events_of(*blocks))
    assert player.streamed(body)["content"] == [use, result, compaction]
    assert told(body)[1]["content_block"]["input"] == {}
    assert json.loads(written(events_of(*blocks), stream=False))["content"] == [use, result, compaction]


def test_citations_of_any_maker_are_shown(player: Player) -> None:
    """The vendor's own whole; another's as a web source whose index stays empty, because it cannot be made up."""
    native = {"type": "char_location", "cited_text": "q", "document_index": 0, "document_title": None}
    native |= {"start_char_index": 0, "end_char_index": 1}
    cited = (
        Citation(quote="q", dialect=NAME, native=native),
        Citation(url="https://a", title="A", quote="w", dialect="openai_chat", native={"type": "url_citation"}),
    )
    shown = {"type": "web_search_result_location", "cited_text": "w", "url": "https://a", "title": "A"}
    shown["encrypted_index"] = ""
    block = Text(text="x", citations=cited)
    assert player.message(written(events_of(block), stream=False))["content"][0]["citations"] == [native, shown]
    assert player.streamed(written(events_of(block)))["content"][0]["citations"] == [native, shown]


def test_only_the_first_choice_is_told() -> None:
    """`n` has no word here; the other alternatives are left out whole."""
    events: list[Event] = [
        Started(),
        BlockOpened(0, Text(text="a"), 0),
        BlockOpened(1, Text(text="b"), 1),
        BlockGrew(1, "b"),
        BlockGrew(0, "a"),
        BlockClosed(1),
        BlockClosed(0),
        Finished(reason="stop", others=("stop",)),
    ]
    assert [b["text"] for b in json.loads(written(events, stream=False))["content"]] == ["aa"]
    assert [b["text"] for b in Player().streamed(written(events))["content"]] == ["aa"]


def test_the_vendor_s_own_words_come_back_whole() -> None:
    """R-C1: usage details, container, stop details and context management, from this dialect to this dialect."""
    extra = {
        "usage": {"input_tokens": 4, "output_tokens": 2, "service_tier": "priority", "iterations": []},
        "container": {"id": "c", "expires_at": "2026-01-01T00:00:00Z"},
        "stop_details": {"type": "refusal", "category": None},
        "context_management": {"applied_edits": []},
    }
    events: list[Event] = [
        Started(),
        UsageSeen(Usage(input=4, output=2)),
        Finished(reason="refusal", native_reason="refusal", extra={NAME: extra}),
    ]
    last = told(written(events))[1]
    assert last["usage"] == extra["usage"]
    assert last["delta"]["container"] == extra["container"]
    assert last["delta"]["stop_details"] == extra["stop_details"]
    assert last["context_management"] == extra["context_management"]
    body = json.loads(written(events, stream=False))
    assert {name: body[name] for name in extra} == extra


def test_usage_in_the_vendor_s_sums() -> None:
    """Edge case 58: zero stays zero, unreported is left out; sound and images count as input tokens."""
    usage = Usage(input=0, audio_input=3, image_input=4, output=1, audio_output=2, tool_uses={"web_search": 2})
    body = json.loads(written(events_of(Text(text="x"), usage=usage), stream=False))
    assert body["usage"] == {
        "input_tokens": 7,
        "output_tokens": 3,
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
    }
    nothing = json.loads(written(events_of(Text(text="x")), stream=False))["usage"]
    assert nothing == {"input_tokens": 0, "output_tokens": 0}


def test_a_ping_before_and_inside_the_stream_is_passed_over(player: Player) -> None:
    """R-F4, edge case 60: heartbeats from before the first event."""
    body = written(events_of(Text(text="x")))
    frames = [frame + b"\n\n" for frame in body.split(b"\n\n")[:-1]]
    pinged = MESSAGES.heartbeat + MESSAGES.heartbeat.join(frames)
    assert player.streamed(pinged)["content"] == [{"type": "text", "text": "x"}]


# -- properties ---------------------------------------------------------------------------------------------------

WORDS = st.text(max_size=20)
SEALS = st.none() | st.builds(Seal, st.text(min_size=1, max_size=10), st.just(NAME))
ARGUMENTS = st.dictionaries(WORDS, st.integers() | WORDS | st.none(), max_size=3).map(lambda v: json.dumps(v))
BLOCKS = st.one_of(
    st.builds(Text, text=WORDS),
    st.builds(Thought, text=WORDS, seal=SEALS),
    st.builds(ToolCall, id=st.text("abc123_", min_size=1), name=st.text("xyz", min_size=1), arguments=ARGUMENTS),
)


@st.composite
def replies(draw: st.DrawFn) -> list[Event]:
    """Events of blocks that may overlap in time, their text in random pieces."""
    blocks = draw(st.lists(BLOCKS, max_size=4))
    steps: list[list[Event]] = []
    for index, block in enumerate(blocks):
        text = block.arguments if isinstance(block, ToolCall) else block.text
        cut = draw(st.integers(0, len(text)))
        empty = {"arguments": ""} if isinstance(block, ToolCall) else {"text": ""}
        seal = None if isinstance(block, Text | ToolCall) else block.seal
        opening = type(block)(**{**{f: getattr(block, f) for f in block.__struct_fields__}, **empty, "seal": None})
        grown = [BlockGrew(index, text[:cut]), BlockGrew(index, text[cut:])]
        if seal is not None:
            grown.append(BlockGrew(index, seal=seal))
        steps.append([BlockOpened(index, opening), *grown, BlockClosed(index)])
    events: list[Event] = [Started(id="x", model="y")]
    ready: list[list[Event]] = []
    while steps or ready:
        if steps and (not ready or draw(st.booleans())):
            ready.append(steps.pop(0))
            events.append(ready[-1].pop(0))
            continue
        one = draw(st.integers(0, len(ready) - 1))
        events.append(ready[one].pop(0))
        if not ready[one]:
            ready.pop(one)
    return [*events, UsageSeen(Usage(input=1, output=2)), Finished(reason="stop", native_reason="end_turn")]


@given(events=replies())
@settings(max_examples=60)
def test_stream_and_body_tell_the_same_and_our_reader_reads_them_back(events: list[Event]) -> None:
    """R-T1, R-T2, edge case 19: what we write reads back as what was said, streamed or not."""
    expected = [block for block in fold(checked(events)).blocks if _says_something(block)]
    for stream in (True, False):
        reader = MESSAGES.reader(stream=stream)
        back = fold(checked(reader.feed(written(events, stream=stream)) + reader.end()))
        assert [_spaced(block) for block in back.blocks] == [_spaced(block) for block in expected]
        assert back.usage == Usage(input=1, output=2)


@given(events=replies())
@settings(max_examples=30)
def test_the_vendor_s_sdk_accumulates_the_same_from_stream_and_body(events: list[Event]) -> None:
    """R-T4: the SDK's own snapshot of our stream equals our whole body."""
    player = Player()
    streamed, whole = player.streamed(written(events)), player.message(written(events, stream=False))
    assert streamed["content"] == whole["content"]
    assert streamed["stop_reason"] == whole["stop_reason"]


def _says_something(block: Block) -> bool:
    match block:
        case Text():
            return bool(block.text)
        case Thought():
            return bool(block.text or block.seal)
        case _:
            return True


def _spaced(block: Block) -> Any:
    return (block.id, block.name, json.loads(block.arguments)) if isinstance(block, ToolCall) else block


def test_our_own_streamed_turn_replays(player: Player) -> None:
    """Edge case 19: what the SDK made of our stream goes to the provider again without anything it would refuse."""
    said = (
        Thought(text="hm", seal=Seal("sig", NAME, "anthropic")),
        Text(text=""),
        Thought(seal=GEMINI),
        Text(text="look"),
        ToolCall(id="functions.f:0", name="f", arguments="", seal=GEMINI),
    )
    replayed = player.streamed(written(events_of(*said, reason="tool_calls")))["content"]
    result = {"type": "tool_result", "tool_use_id": "functions.f:0", "content": "ok"}
    messages = [{"role": "user", "content": "go"}, {"role": "assistant", "content": replayed}]
    messages.append({"role": "user", "content": [result]})
    request = MESSAGES.read_request(json.dumps({"model": "m", "max_tokens": 9, "messages": messages}).encode())
    body = MESSAGES.write_request(request, Target(model="claude-x", origin="anthropic")).body
    id = "ggx-functions_2e_f_3a_0"
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "sig"},
                {"type": "text", "text": "look"},
                {"type": "tool_use", "id": id, "name": "f", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": id, "content": [{"type": "text", "text": "ok"}]}],
        },
    ]


def test_a_call_that_its_provider_gave_no_id_gets_ours(player: Player) -> None:
    """Edge case 12: clients answer by id, so two calls without one would be the same call."""
    events = events_of(ToolCall(id="", name="f", arguments="{}"), ToolCall(id="", name="f", arguments="{}"))
    said = player.streamed(written(events))["content"]
    assert [block["id"] for block in said] == [f"toolu_{STAMP.token}0", f"toolu_{STAMP.token}1"]
    assert player.message(written(events, stream=False))["content"] == said


@pytest.mark.parametrize("stream", [False, True])
def test_the_seal_of_a_text_stands_behind_it_and_comes_back(player: Player, stream: bool) -> None:
    """R-S2: Google signs texts, for which this wire has no place; the SDK's own message brings it back to its text."""
    body = written(events_of(Text(text="Hi", seal=GEMINI), Text(text="there")), stream=stream)
    content = player.streamed(body)["content"] if stream else player.message(body)["content"]
    assert [block["type"] for block in content] == ["text", "thinking", "text"]
    asked = {"model": "m", "max_tokens": 9, "messages": [{"role": "assistant", "content": content}]}
    (turn,) = MESSAGES.read_request(json.dumps(asked).encode()).turns
    assert turn.blocks == (Text(text="Hi", seal=GEMINI), Text(text="there"))


def test_a_stream_begins_with_an_estimate_where_the_provider_counts_at_the_end() -> None:
    """R-U4, edge case 23: a guess at once, the truth in `message_delta`, never their sum."""
    said = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "word " * 400}]}
    request = MESSAGES.read_request(json.dumps(said).encode())
    writer = MESSAGES.writer(request, STAMP, stream=True)
    usage = Usage(input=431, output=2)
    events = [Started(), BlockOpened(0, Text(text="")), BlockGrew(0, "Hi"), BlockClosed(0), UsageSeen(usage)]
    told = b"".join(map(writer.write, [*events, Finished(reason="stop")])).decode()
    said_usage = [json.loads(line[6:]) for line in told.splitlines() if line.startswith("data: ")]
    assert said_usage[0]["message"]["usage"]["input_tokens"] == 501
    assert said_usage[-2]["usage"] == {"input_tokens": 431, "output_tokens": 2}
