"""Writers of the Chat wire: what clients get, held against the vendor's own client library."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from gophergate.core.blocks import Citation, Media, Opaque, Seal, Text, Thought, ToolCall
from gophergate.core.events import (
    BlockClosed,
    BlockGrew,
    BlockOpened,
    Event,
    Failed,
    Finished,
    Started,
    UsageSeen,
)
from gophergate.core.request import Request, Tool
from gophergate.core.usage import Usage
from gophergate.dialects.base import Stamp
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.errors import RateLimited, UpstreamBroken

CHAT = OpenAIChat()
STAMP = Stamp("abcdefghijklmnopqrstuvwx", 1_790_000_000)
ASKED = Request(dialect="openai_chat", model="asked", include_usage=True)
SILENT = Request(dialect="openai_chat", model="asked", include_usage=False)


def events(*blocks: Any, reason: Any = "stop", usage: Usage | None = None, **finish: Any) -> list[Event]:
    """A reply in which every block arrives in pieces of its text, one block after the other."""
    told: list[Event] = [Started(id="theirs", model="m-1")]
    for index, block in enumerate(blocks):
        told.append(BlockOpened(index, block))
        told.append(BlockClosed(index))
    if usage is not None:
        told.append(UsageSeen(usage))
    return [*told, Finished(reason=reason, **finish)]


def streamed(told: Iterable[Event], request: Request = ASKED) -> bytes:
    writer = CHAT.writer(request, STAMP, stream=True)
    return b"".join(writer.write(event) for event in told)


def chunks(told: Iterable[Event], request: Request = ASKED) -> list[dict[str, Any]]:
    datas = re.findall(rb"^data: (.*)$", streamed(told, request), re.MULTILINE)
    assert datas[-1] == b"[DONE]"
    return [json.loads(data) for data in datas[:-1]]


def deltas(told: Iterable[Event], request: Request = ASKED) -> list[dict[str, Any]]:
    return [c["choices"][0]["delta"] for c in chunks(told, request) if c["choices"] and c["choices"][0]["delta"]]


def body(told: Iterable[Event], request: Request = ASKED) -> dict[str, Any]:
    writer = CHAT.writer(request, STAMP, stream=False)
    return dict(json.loads(b"".join(writer.write(event) for event in told)))


def message(told: Iterable[Event], request: Request = ASKED) -> dict[str, Any]:
    return dict(body(told, request)["choices"][0]["message"])


def client(content: bytes, content_type: bytes, status: int = 200) -> openai.OpenAI:
    """The vendor's own client, talking to these bytes."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=content, headers={"content-type": content_type.decode()})

    transport = httpx2.Client(transport=httpx2.MockTransport(answer))
    return openai.OpenAI(api_key="k", base_url="http://h/v1", http_client=transport, max_retries=0)


EVERYTHING = (
    Thought(text="hm", seal=Seal("SIG", "anthropic_messages", "anthropic")),
    Text(text="Hello", citations=(Citation(url="u", title="t", quote="q"),)),
    ToolCall(id="c1", name="f", arguments='{"a":1}', seal=Seal("TS", "gemini", "google")),
    ToolCall(id="c2", name="g", arguments=""),
)
USED = Usage(input=3, cache_read=2, cache_write=1, output=7, reasoning=4)


# -- the stream -----------------------------------------------------------------------------------------------


def test_a_streams_chunks_are_what_the_vendor_sends() -> None:
    """Ids and times are ours; the finish reason is null on every chunk but the last (edge case 14)."""
    told = [
        Started(id="theirs", model="m-1"),
        BlockOpened(0, Text(text="")),
        BlockGrew(0, "He"),
        BlockGrew(0, "y"),
        BlockClosed(0),
        UsageSeen(USED),
        Finished(reason="stop"),
    ]
    found = chunks(told)
    head = {"id": f"chatcmpl-{STAMP.token}", "object": "chat.completion.chunk", "created": STAMP.now, "model": "m-1"}
    assert all({k: c[k] for k in head} == head for c in found)
    assert [c["choices"][0]["delta"] for c in found[:-1]] == [
        {"role": "assistant", "content": ""},
        {"content": "He"},
        {"content": "y"},
        {},
    ]
    assert [c["choices"][0]["finish_reason"] for c in found[:-1]] == [None, None, None, "stop"]
    assert [c["usage"] for c in found[:-1]] == [None] * 4
    assert (found[-1]["choices"], found[-1]["usage"]["total_tokens"]) == ([], 13)
    for chunk in found:
        ChatCompletionChunk.model_validate(chunk, strict=True)


def test_usage_is_shown_only_to_who_asked() -> None:
    """R-U4."""
    assert b"usage" not in streamed(events(Text(text="a"), usage=USED), SILENT)
    assert len(chunks(events(Text(text="a")))) == 3  # asked, but nothing was reported: no chunk is made up


@pytest.mark.parametrize("stream", [True, False])
def test_the_vendors_client_reads_everything(stream: bool) -> None:
    """R-T4: words, calls, finish reason and usage through the openai package, streamed and whole."""
    writer = CHAT.writer(ASKED, STAMP, stream=stream)
    told = events(*EVERYTHING, reason="tool_calls", usage=USED)
    sdk = client(b"".join(map(writer.write, told)), writer.content_type)
    said: list[Any] = [{"role": "user", "content": "x"}]
    if stream:
        with sdk.chat.completions.stream(model="m", messages=said) as stream_manager:
            found: Any = stream_manager.get_final_completion()
    else:
        found = sdk.chat.completions.create(model="m", messages=said)
    choice = found.choices[0]
    assert (choice.message.content, choice.finish_reason) == ("Hello", "tool_calls")
    assert [(c.id, c.function.name, c.function.arguments) for c in choice.message.tool_calls] == [
        ("c1", "f", '{"a":1}'),
        ("c2", "g", "{}"),
    ]
    assert (found.usage.prompt_tokens, found.usage.completion_tokens, found.usage.total_tokens) == (6, 7, 13)
    assert found.usage.prompt_tokens_details.cached_tokens == 2
    assert found.usage.prompt_tokens_details.cache_write_tokens == 1
    assert found.usage.completion_tokens_details.reasoning_tokens == 4
    assert choice.message.annotations[0].url_citation.url == "u"


@pytest.mark.parametrize("stream", [True, False])
def test_seals_survive_a_client_that_sends_its_message_back(stream: bool) -> None:
    """R-S2, R-S3, edge case 36: the message the openai package put together, replayed, holds every seal."""
    writer = CHAT.writer(ASKED, STAMP, stream=stream)
    thoughts = (
        Thought(text="hm", seal=Seal("SIG", "anthropic_messages", "anthropic")),
        Thought(redacted=True, seal=Seal("RED", "anthropic_messages", "anthropic")),
        Thought(text="so", summary=True, seal=Seal("ENC", "openai_responses", "openai"), item_id="rs_1"),
        Thought(text="", seal=Seal("EMPTY", "anthropic_messages", "anthropic")),
    )
    text = Text(text="Hello", seal=Seal("TEXT", "gemini", "google"))
    calls = (
        ToolCall(id="c1", name="f", arguments="{}", seal=Seal("TS", "gemini", "google")),
        ToolCall(id="c2", name="g", arguments="{}", seal=Seal("OTHER", "openai_responses", "openai")),
    )
    sdk = client(b"".join(map(writer.write, events(*thoughts, text, *calls, reason="tool_calls"))), writer.content_type)
    said: list[Any] = [{"role": "user", "content": "x"}]
    if stream:
        with sdk.chat.completions.stream(model="m", messages=said) as stream_manager:
            found: Any = stream_manager.get_final_completion()
    else:
        found = sdk.chat.completions.create(model="m", messages=said)
    replayed = json.dumps({"model": "m", "messages": [found.choices[0].message.to_dict()]}).encode()
    assert CHAT.read_request(replayed).turns[0].blocks == (*thoughts, text, *calls)


def test_seals_that_come_late_are_told_late() -> None:
    told = [
        Started(),
        BlockOpened(0, Thought()),
        BlockGrew(0, "h"),
        BlockGrew(0, "m"),
        BlockGrew(0, seal=Seal("SIG", "anthropic_messages", "a")),
        BlockClosed(0),
        BlockOpened(1, ToolCall(id="c", name="f")),
        BlockGrew(1, "{}", seal=Seal("TS", "gemini", "g")),
        BlockClosed(1),
        Finished(reason="tool_calls"),
    ]
    found = deltas(told)
    entry = {"type": "reasoning.text", "text": "hm", "signature": "gg1:anthropic_messages:a:SIG", "index": 0}
    assert found[1:4] == [{"reasoning_content": "h"}, {"reasoning_content": "m"}, {"reasoning_details": [entry]}]
    google = {"google": {"thought_signature": "TS"}, "gophergate": {"seal": "gg1:gemini:g:"}}
    assert found[-1] == {"tool_calls": [{"index": 0, "function": {"arguments": ""}, "extra_content": google}]}


def test_a_thought_without_a_seal_is_only_read() -> None:
    assert deltas(events(Thought(text="hm"), Text(text="a")))[1:] == [{"reasoning_content": "hm"}, {"content": "a"}]
    assert message(events(Thought(text="hm"), Text(text="a"))) == {
        "role": "assistant",
        "content": "a",
        "refusal": None,
        "reasoning_content": "hm",
    }


def test_overlapping_calls_keep_their_indexes() -> None:
    """Edge case 13, towards a client of this wire."""
    told = [
        Started(),
        BlockOpened(0, ToolCall(id="a", name="f")),
        BlockOpened(1, ToolCall(id="b", name="g")),
        BlockGrew(0, '{"x"'),
        BlockGrew(1, '{"y"'),
        BlockGrew(0, ":1}"),
        BlockGrew(1, ":2}"),
        BlockClosed(0),
        BlockClosed(1),
        Finished(reason="tool_calls"),
    ]
    found = [(d["tool_calls"][0]["index"], d["tool_calls"][0]["function"]["arguments"]) for d in deltas(told)[1:]]
    assert found == [(0, ""), (1, ""), (0, '{"x"'), (1, '{"y"'), (0, ":1}"), (1, ":2}")]


def test_a_first_block_that_is_a_call_brings_no_empty_text() -> None:
    """Edge case 18, for this wire: content is null beside a call."""
    assert deltas(events(ToolCall(id="c", name="f", arguments="{}")))[0] == {"role": "assistant", "content": None}


def test_calls_without_ids_get_ours() -> None:
    found = message(events(ToolCall(id="", name="f"), ToolCall(id="", name="f"), reason="tool_calls"))
    assert [c["id"] for c in found["tool_calls"]] == [f"call_{STAMP.token}0", f"call_{STAMP.token}1"]


def test_several_choices_stream_apart() -> None:
    told = [
        Started(),
        BlockOpened(0, Text(text=""), 0),
        BlockOpened(1, Text(text=""), 1),
        BlockGrew(1, "b"),
        BlockGrew(0, "a"),
        BlockClosed(0),
        BlockClosed(1),
        Finished(reason="stop", others=("length",)),
    ]
    said = [(c["choices"][0]["index"], c["choices"][0]["delta"].get("content")) for c in chunks(told)]
    assert said == [(0, ""), (1, ""), (1, "b"), (0, "a"), (0, None), (1, None)]
    assert [(c["message"]["content"], c["finish_reason"]) for c in body(told)["choices"]] == [
        ("a", "stop"),
        ("b", "length"),
    ]


def test_free_form_calls() -> None:
    call = ToolCall(id="c", name="patch", arguments="*** Begin", custom=True)
    expected = {"id": "c", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}}
    assert message(events(call, reason="tool_calls"))["tool_calls"] == [expected]
    assert deltas(events(call, reason="tool_calls"))[1] == {"tool_calls": [{"index": 0, **expected}]}


def test_clients_of_the_old_functions_get_a_function_call() -> None:
    old = Request(dialect="openai_chat", model="m", tools=(Tool(name="f", extra={"openai_chat": {"_legacy": True}}),))
    told = events(ToolCall(id="c", name="f", arguments="{}"), reason="tool_calls")
    assert message(told, old)["function_call"] == {"name": "f", "arguments": "{}"}
    assert body(told, old)["choices"][0]["finish_reason"] == "function_call"
    assert deltas(told, old)[1] == {"function_call": {"name": "f", "arguments": "{}"}}
    ChatCompletion.model_validate(body(told, old), strict=True)


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("stop", "stop"),
        ("stop_sequence", "stop"),
        ("length", "length"),
        ("context_exceeded", "length"),
        ("tool_calls", "tool_calls"),
        ("content_filter", "content_filter"),
        ("refusal", "content_filter"),
        ("pause", "stop"),
        ("malformed_tool_call", "content_filter"),
    ],
)
def test_finish_words(reason: Any, word: str) -> None:
    """Edge case 24: a malformed call is not "stop"."""
    assert body(events(Text(text="a"), reason=reason))["choices"][0]["finish_reason"] == word
    assert chunks(events(Text(text="a"), reason=reason), SILENT)[-1]["choices"][0]["finish_reason"] == word


def test_a_refusal_in_words_ended_normally() -> None:
    found = body(events(Text(text="I can't", refusal=True), reason="refusal"))["choices"][0]
    assert (found["message"]["refusal"], found["message"]["content"], found["finish_reason"]) == (
        "I can't",
        None,
        "stop",
    )
    assert deltas(events(Text(text="I can't", refusal=True), reason="refusal"))[1] == {"refusal": "I can't"}


def test_log_probabilities() -> None:
    token = {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}
    told = [
        Started(),
        BlockOpened(0, Text(text="")),
        BlockGrew(0, "a", logprobs=[token]),
        BlockClosed(0),
        Finished(reason="stop"),
    ]
    assert chunks(told)[1]["choices"][0]["logprobs"] == {"content": [token], "refusal": None}
    assert body(told)["choices"][0]["logprobs"] == {"content": [token], "refusal": None}
    ChatCompletion.model_validate(body(told), strict=True)


def test_sound_pictures_and_files() -> None:
    told = [
        Started(),
        BlockOpened(0, Media(kind="audio")),
        BlockGrew(0, "YWJj", transcript="Hey"),
        BlockClosed(0),
        BlockOpened(1, Media(kind="image", media_type="image/png")),
        BlockGrew(1, "AAAA"),
        BlockClosed(1),
        BlockOpened(2, Media(kind="document", url="https://h/a.csv", name="a.csv")),
        BlockClosed(2),
        Finished(reason="stop"),
    ]
    found = message(told)
    audio = {"id": f"audio_{STAMP.token}", "expires_at": 0, "data": "YWJj", "transcript": "Hey"}
    assert found["audio"] == audio
    assert found["images"] == [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    assert found["annotations"][0]["file"]["name"] == "a.csv"
    pieces = deltas(told)
    assert pieces[1:4] == [
        {"audio": {"id": audio["id"]}},
        {"audio": {"transcript": "Hey", "data": "YWJj"}},
        {"audio": {"expires_at": 0}},
    ]
    assert pieces[4]["images"][0]["image_url"]["url"] == "data:image/png;base64,AAAA"


def test_a_reply_without_blocks_is_a_message_all_the_same() -> None:
    ChatCompletion.model_validate(body(events(reason="length")), strict=True)
    assert [c["choices"][0]["finish_reason"] for c in chunks(events(reason="length"), SILENT)] == [None, "length"]


def test_own_members_are_told_again_and_others_blocks_are_not() -> None:
    """DESIGN: what this dialect brought along goes back to it; another vendor's blocks mean nothing here."""
    late = {"citations": ["u"], "choices": [{"index": 0, "native_finish_reason": "STOP", "message": {"channel": "c"}}]}
    told = [
        Started(extra={"openai_chat": {"service_tier": "default"}, "gemini": {"x": 1}}),
        BlockOpened(0, Opaque(dialect="openai_chat", label="reference", data={"type": "reference"})),
        BlockClosed(0),
        BlockOpened(1, Opaque(dialect="anthropic_messages", label="server_tool_use", data={"secret": 1})),
        BlockClosed(1),
        Finished(reason="stop", extra={"openai_chat": late}),
    ]
    whole = body(told)
    assert (whole["service_tier"], whole["citations"], "x" in whole) == ("default", ["u"], False)
    assert whole["choices"][0]["native_finish_reason"] == "STOP"
    assert whole["choices"][0]["message"]["content"] == [{"type": "reference"}]
    assert whole["choices"][0]["message"]["channel"] == "c"
    last = chunks(told, SILENT)[-1]
    assert (last["citations"], last["choices"][0]["native_finish_reason"]) == (["u"], "STOP")
    assert last["choices"][0]["delta"] == {"channel": "c"}
    assert b"secret" not in streamed(told)


# -- failure, silence -----------------------------------------------------------------------------------------


def test_a_broken_stream_ends_with_an_error_and_nothing_after_it() -> None:
    """Law 2: never a clean finish. The openai package raises it."""
    told = [Started(), BlockOpened(0, Text(text="")), BlockGrew(0, "He"), Failed(UpstreamBroken("It was cut."))]
    content = streamed(told)
    assert b"[DONE]" not in content
    assert b'"finish_reason":"' not in content
    sdk = client(content, b"text/event-stream")
    said: list[Any] = [{"role": "user", "content": "x"}]
    with pytest.raises(openai.APIError, match="It was cut"):
        list(sdk.chat.completions.create(model="m", messages=said, stream=True))


def test_a_broken_body_raises_its_error() -> None:
    writer = CHAT.writer(ASKED, STAMP, stream=False)
    writer.write(Started())
    with pytest.raises(UpstreamBroken):
        writer.write(Failed(UpstreamBroken("It was cut.")))


def test_heartbeats_mean_nothing() -> None:
    """R-F4: a comment on a stream, nothing on a body."""
    assert CHAT.writer(ASKED, STAMP, stream=True).heartbeat() == b": keep-alive\n\n"
    assert CHAT.writer(ASKED, STAMP, stream=False).heartbeat() == b""


def test_the_vendors_client_raises_our_errors() -> None:
    """R-E1: the envelope before an answer began."""
    error = RateLimited("Slow down.", param="model")
    content = CHAT.write_error(error, "req_1")
    assert json.loads(content) == {
        "error": {
            "message": "Slow down.",
            "type": "rate_limit_error",
            "param": "model",
            "code": "rate_limit_exceeded",
        }
    }
    sdk = client(content, b"application/json", 429)
    said: list[Any] = [{"role": "user", "content": "x"}]
    with pytest.raises(openai.RateLimitError) as caught:
        sdk.chat.completions.create(model="m", messages=said)
    assert (caught.value.code, caught.value.param) == ("rate_limit_exceeded", "model")


def test_odd_text_is_one_line_of_json() -> None:
    """Line separators and control characters may not end an event early."""
    text = 'a\nb\r\n\u2028\u0000"\\\U0001f600'
    content = streamed(events(Text(text=text)))
    assert [d for d in deltas(events(Text(text=text))) if d.get("content")] == [{"content": text}]
    assert all(line.startswith(b"data: ") for line in content.split(b"\n\n")[:-1])


def test_what_has_no_index_is_told_in_one_piece() -> None:
    """openai-python's accumulating stream merges lists by index: annotations come once, pictures are numbered, and a
    piece of a function call always has its `function`."""
    cited = [Citation(url="u1", title="t"), Citation(url="u2", title="t")]
    picture = Media(kind="image", media_type="image/png", data="QUJD")
    told = [
        Started(id="x", model="m"),
        BlockOpened(0, Text(text="a")),
        BlockGrew(0, citations=(cited[0],)),
        BlockGrew(0, "b", citations=(cited[1],)),
        BlockClosed(0),
        BlockOpened(1, picture),
        BlockClosed(1),
        BlockOpened(2, picture),
        BlockClosed(2),
        BlockOpened(3, ToolCall(id="c", name="f")),
        BlockGrew(3, seal=Seal("TS", "gemini", "g")),
        BlockClosed(3),
        Finished(reason="tool_calls"),
    ]
    writer = CHAT.writer(ASKED, STAMP, stream=True)
    written = b"".join(writer.write(event) for event in told)
    with client(written, b"text/event-stream").chat.completions.stream(model="m", messages=[]) as events:
        said = events.get_final_completion().choices[0].message.to_dict()
    assert [a["url_citation"]["url"] for a in said["annotations"]] == ["u1", "u2"]
    assert [image["image_url"]["url"] for image in said["images"]] == ["data:image/png;base64,QUJD"] * 2
