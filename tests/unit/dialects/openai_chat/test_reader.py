"""Readers of the Chat wire, case by case: what look-alikes do, and what it must come to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.core.blocks import Media, Opaque, Seal, Text, Thought, ToolCall
from gophergate.core.events import BlockOpened, Event, Failed, Finished, Started
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold
from gophergate.core.usage import Usage
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.errors import UpstreamBroken, UpstreamRefused

CHAT = OpenAIChat()
DONE = "[DONE]"


def delta(reason: str | None = None, index: int = 0, **said: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "model": "m-1",
        "created": 7,
        "choices": [{"index": index, "delta": said, "finish_reason": reason}],
    }


def stream(*chunks: Any) -> bytes:
    told = (chunk if isinstance(chunk, str) else json.dumps(chunk) for chunk in chunks)
    return "".join(f"data: {data}\n\n" for data in told).encode()


def read(body: bytes, *, stream: bool = True) -> list[Event]:
    reader = CHAT.reader(stream=stream, origin="maker")
    return checked(reader.feed(body) + reader.end())


def reply(*chunks: Any) -> Reply:
    return fold(read(stream(*chunks)))


def whole(message: dict[str, Any], reason: str | None = "stop", **members: Any) -> Reply:
    body = {"id": "x", "choices": [{"index": 0, "message": message, "finish_reason": reason}], **members}
    return fold(read(json.dumps(body).encode(), stream=False))


def shapes(found: Reply) -> list[tuple[str, str]]:
    return [(type(b).__name__, getattr(b, "text", None) or getattr(b, "arguments", "")) for b in found.blocks]


def call(index: int | None, id: str | None = None, name: str | None = None, arguments: Any = None) -> dict[str, Any]:
    told: dict[str, Any] = {"function": {}}
    if index is not None:
        told["index"] = index
    if id is not None:
        told["id"] = id
    if name is not None:
        told["function"]["name"] = name
    if arguments is not None:
        told["function"]["arguments"] = arguments
    return told


def calls(found: Reply) -> list[tuple[str, str, str]]:
    return [(b.id, b.name, b.arguments) for b in found.blocks if isinstance(b, ToolCall)]


def signed(found: Reply) -> list[tuple[str, str | None]]:
    return [(b.text, b.seal and b.seal.token) for b in found.blocks if isinstance(b, Thought)]


# -- framing and endings --------------------------------------------------------------------------------------


def test_a_plain_stream_tells_who_what_and_why() -> None:
    events = read(stream(delta(role="assistant", content=""), delta(content="Hi"), delta("stop"), DONE))
    assert events[0] == Started(id="chatcmpl-1", model="m-1", created=7)
    assert events[-1] == Finished(reason="stop", native_reason="stop")
    assert fold(events).blocks == (Text(text="Hi"),)


def test_comments_crlf_and_data_without_a_space_are_read() -> None:
    """Edge case 2; OpenRouter's `: OPENROUTER PROCESSING`, Perplexity's CRLF."""
    body = b": OPENROUTER PROCESSING\r\n\r\ndata:" + json.dumps(delta("stop", content="a")).encode() + b"\r\n\r\n"
    assert fold(read(body)).blocks == (Text(text="a"),)


def test_a_finish_reason_without_done_is_a_whole_reply_and_lacks_its_tail() -> None:
    """Edge case 4."""
    reader = CHAT.reader(stream=True)
    events = reader.feed(stream(delta(content="a"), delta("stop"), {"choices": [], "usage": {"prompt_tokens": 3}}))
    events += reader.end()
    assert fold(events).usage == Usage(input=3)
    assert reader.tail() == b"data: [DONE]\n\n"


def test_a_stream_with_done_lacks_nothing() -> None:
    reader = CHAT.reader(stream=True)
    reader.feed(stream(delta("stop", content="a"), DONE))
    assert reader.finished
    assert (reader.end(), reader.tail()) == ([], b"")


@pytest.mark.parametrize(
    "body",
    [stream(delta(content="a")), stream(delta(content="a"), DONE), b"", stream(delta(content="a"))[:-30]],
    ids=["no reason", "done without reason", "nothing", "cut inside an event"],
)
def test_an_end_without_a_finish_reason_is_a_failure(body: bytes) -> None:
    """Law 3, edge case 5."""
    last = read(body)[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, UpstreamBroken)
    assert CHAT.reader(stream=True).tail() == b""


def test_done_after_a_usage_chunk_of_its_own_is_a_whole_reply() -> None:
    """Snowflake never gives a finish reason; the usage chunk only follows the last word."""
    found = reply(delta(content="4"), {"choices": [], "usage": {"prompt_tokens": 2, "completion_tokens": 1}}, DONE)
    assert (found.reason, shapes(found)) == ("stop", [("Text", "4")])


def test_nothing_after_done_is_read() -> None:
    """Edge case 6."""
    found = reply(delta("stop", content="a"), DONE, delta("length", content="b"))
    assert (shapes(found), found.reason) == ([("Text", "a")], "stop")


def test_garbage_is_a_broken_provider() -> None:
    last = read(stream(delta(content="a"), "{oops"))[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, UpstreamBroken)


@pytest.mark.parametrize("word", ["", None])
def test_a_body_without_a_finish_word_is_whole(word: str | None) -> None:
    """Snowflake gives ""; a body that parses has not been cut."""
    assert whole({"content": "4"}, word).reason == "stop"


def test_white_space_around_a_body_is_passed_over() -> None:
    """OpenRouter's keep-alives."""
    body = b"\n\n   \n" + json.dumps({"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}).encode()
    assert fold(read(body + b"\n \n", stream=False)).blocks == (Text(text="a"),)


# -- errors inside a 200 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "message", "status"),
    [
        (
            b'event: error\ndata: {"error":{"message":"bad call","code":"tool_use_failed","status_code":400}}\n\n',
            "bad call",
            400,
        ),
        (stream({"error": {"message": "Token limit reached", "code": 400}, "choices": []}), "Token limit reached", 400),
        (stream({"error": "no room"}), "no room", 502),
        (stream({"object": "error", "message": "busy", "type": "overloaded_error"}), "busy", 503),
        (b'error: {"detail":"x","error":{"message":"failed to decode"}}\n\n', "failed to decode", 502),
        (
            stream({"choices": [{"delta": {}, "error": {"message": "it died", "code": 502}}]}),
            "it died",
            502,
        ),
    ],
    ids=["groq", "openrouter", "string", "vllm", "llama.cpp", "in the choice"],
)
def test_an_error_event_says_what_the_provider_said(body: bytes, message: str, status: int) -> None:
    """Edge case 7."""
    last = read(stream(delta(content="a")) + body)[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, UpstreamRefused)
    assert (last.error.message, last.error.status) == (message, status)


@pytest.mark.parametrize("word", ["error", "insufficient_system_resource", "network_error"])
def test_a_finish_word_that_tells_of_a_failure_is_one(word: str) -> None:
    last = read(stream(delta(content="a"), delta(word), DONE))[-1]
    assert isinstance(last, Failed)
    assert word in str(last.error)


def test_usage_beside_an_error_is_kept_for_the_bill() -> None:
    events = read(stream({**delta(content=""), "error": {"message": "x"}, "usage": {"prompt_tokens": 4}}))
    assert [type(e).__name__ for e in events] == ["Started", "UsageSeen", "Failed"]


# -- chunks ---------------------------------------------------------------------------------------------------


def test_chunks_without_choices_are_read() -> None:
    """Edge case 9: Azure's filter results first, usage last, no `choices` at all."""
    found = reply(
        {"id": "", "model": "", "object": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
        {"id": "chatcmpl-1", "model": "m"},
        delta("stop", content="a"),
        {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 0, "total_tokens": 5}},
        DONE,
    )
    assert found.started == Started(
        id="chatcmpl-1", model="m", extra={"openai_chat": {"prompt_filter_results": [{"prompt_index": 0}]}}
    )
    assert found.usage == Usage(input=5, output=0)


def test_usage_on_an_empty_delta_is_kept_and_null_usage_ignored() -> None:
    """Edge cases 10 and 58: a zero is a zero."""
    last = {"choices": [{"delta": {}}], "usage": {"prompt_tokens": 9, "completion_tokens": 0}}
    found = reply({**delta(content="a"), "usage": None}, {**delta("stop"), "usage": None}, last, DONE)
    assert found.usage == Usage(input=9, output=0)


@pytest.mark.parametrize("where", ["top", "usage", "choice"])
def test_moonshots_cached_tokens_wherever_they_stand(where: str) -> None:
    """Edge case 54; a class of its own, so the fresh input shrinks by them."""
    usage: dict[str, Any] = {"prompt_tokens": 30, "completion_tokens": 3}
    chunk = delta("stop", content="a")
    if where == "choice":
        chunk["choices"][0]["usage"] = {**usage, "cached_tokens": 8}
    else:
        chunk |= {"usage": usage, "cached_tokens": 8} if where == "top" else {"usage": {**usage, "cached_tokens": 8}}
    assert reply(chunk, DONE).usage == Usage(input=22, cache_read=8, output=3)


def test_an_absurd_choice_index_takes_no_room() -> None:
    assert reply(delta("stop", index=10**9, content="a"), DONE).finished.others == ()


def test_null_counts_are_not_reported() -> None:
    """Databricks sends nulls while it streams."""
    nulls = {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None}
    assert reply({**delta("stop", content="a"), "usage": nulls}, DONE).usage is None


def test_two_finish_reasons_double_nothing() -> None:
    """Edge case 11: the calls told again beside the second reason are the same calls."""
    told = call(0, "c1", "f", '{"a":1}')
    found = reply(delta(tool_calls=[told]), delta("tool_calls"), delta("tool_calls", tool_calls=[told]), DONE)
    assert calls(found) == [("c1", "f", '{"a":1}')]


def test_a_call_told_whole_after_its_pieces_is_not_doubled() -> None:
    found = reply(
        delta(tool_calls=[call(0, "c1", "f", "")]),
        delta(tool_calls=[call(0, arguments='{"a":')]),
        delta(tool_calls=[call(0, arguments="1}")]),
        delta("tool_calls", tool_calls=[call(0, "c1", "f", '{"a":1}')]),
        DONE,
    )
    assert calls(found) == [("c1", "f", '{"a":1}')]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([[call(None, "c1", "f", "{}"), call(None, "c2", "g", "{}")]], [("c1", "f", "{}"), ("c2", "g", "{}")]),
        ([[call(0, "c1", "f", "{}")], [call(0, "c2", "g", "{}")]], [("c1", "f", "{}"), ("c2", "g", "{}")]),
        ([[call(0, None, "f", "{}")], [call(0, None, "g", "{}")]], [("", "f", "{}"), ("", "g", "{}")]),
        ([[call(0, "c1", "f", {"a": [1]})]], [("c1", "f", '{"a":[1]}')]),
        ([[call(0, "c1", "f", "")]], [("c1", "f", "")]),
        ([[call(0, "c1", "f")]], [("c1", "f", "")]),
        ([[call(0, "c1")], [call(0, None, "f")], [call(0, arguments="{}")]], [("c1", "f", "{}")]),
        ([[call(None, "c1", "f", '{"a"')], [call(None, "c1", None, ":1}")]], [("c1", "f", '{"a":1}')]),
        ([[call(None, "c1", "f", '{"a"')], [call(None, None, None, ":1}")]], [("c1", "f", '{"a":1}')]),
        ([[call(0, "c1", "f", "")], [call(0, "c1", "f", "{}")]], [("c1", "f", "{}")]),
    ],
    ids=[
        "no index",
        "one index for two ids",
        "one index and no ids",
        "arguments an object",
        "arguments empty",
        "arguments missing",
        "the name after the id",
        "by id only",
        "the last one goes on",
        "id and name on every piece",
    ],
)
def test_loose_tool_deltas(told: list[list[dict[str, Any]]], expected: list[tuple[str, str, str]]) -> None:
    """Edge case 12."""
    assert calls(reply(*(delta(tool_calls=entries) for entries in told), delta("tool_calls"), DONE)) == expected


def test_interleaved_calls_stay_apart() -> None:
    """Edge case 13."""
    found = reply(
        delta(tool_calls=[call(0, "a", "f", ""), call(1, "b", "g", "")]),
        delta(tool_calls=[call(0, arguments='{"x"')]),
        delta(tool_calls=[call(1, arguments='{"y"')]),
        delta(tool_calls=[call(0, arguments=":1}"), call(1, arguments=":2}")]),
        delta("tool_calls"),
        DONE,
    )
    assert calls(found) == [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


@pytest.mark.parametrize(
    "odd", [float, str, lambda index: None, lambda index: index + 0.5, lambda index: f"call-{index}"]
)
def test_calls_under_an_index_that_is_no_whole_number_stay_apart(odd: Any) -> None:
    """As 1.0 or "1" it is one; anything else says nothing, and a call goes by its id, or is the last one."""
    told = [
        call(0, "a", "f", ""),
        call(0, "a", None, '{"x":'),
        call(0, None, None, "1}"),
        call(1, "b", "g", "{"),
        call(1, None, None, '"y":'),
    ]
    told += [call(2, "c", "h", ""), call(1, "b", None, "2}"), call(2, "c", None, "{}")]
    chunks = [delta(tool_calls=[{**one, "index": odd(one["index"])}]) for one in told]
    assert calls(reply(*chunks, delta("tool_calls"))) == [
        ("a", "f", '{"x":1}'),
        ("b", "g", '{"y":2}'),
        ("c", "h", "{}"),
    ]


def test_text_and_tools_in_turn_are_blocks_in_turn() -> None:
    """Edge case 15."""
    found = reply(
        delta(content="one"),
        delta(tool_calls=[call(0, "a", "f", "{}")]),
        delta(content="two"),
        delta(tool_calls=[call(1, "b", "g", "{}")]),
        delta("tool_calls"),
        DONE,
    )
    assert shapes(found) == [("Text", "one"), ("ToolCall", "{}"), ("Text", "two"), ("ToolCall", "{}")]


def test_a_whole_call_closes_when_the_next_one_opens() -> None:
    """So that a client of a one-block-at-a-time dialect need not wait for the end."""
    reader = CHAT.reader(stream=True)
    events = reader.feed(stream(delta(tool_calls=[call(0, "a", "f", "{}")]), delta(tool_calls=[call(1, "b", "g", "")])))
    assert [type(e).__name__ for e in events][-2:] == ["BlockClosed", "BlockOpened"]


def test_ids_keep_their_length() -> None:
    """Edge case 53."""
    long = "call_" + "x" * 900
    assert calls(reply(delta("tool_calls", tool_calls=[call(0, long, "f", "{}")]), DONE))[0][0] == long


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("eos", "stop"),
        ("length", "length"),
        ("model_length", "context_exceeded"),
        ("content_filter", "content_filter"),
        ("function_call_filter: MALFORMED_FUNCTION_CALL", "malformed_tool_call"),
        ("who knows", "stop"),
    ],
)
def test_finish_words(word: str, reason: str) -> None:
    """Together's "eos", Mistral's "model_length"; edge case 24 for Google's door."""
    found = reply(delta(word, content="a"), DONE)
    assert (found.reason, found.finished.native_reason) == (reason, word)


def test_a_stop_string_is_told() -> None:
    """vLLM's `stop_reason`; a token number there is none."""
    chunk = delta("stop", content="a")
    chunk["choices"][0]["stop_reason"] = "END"
    assert reply(chunk, DONE).finished.stop_sequence == "END"
    chunk["choices"][0]["stop_reason"] = 154827
    assert reply(chunk, DONE).finished.stop_sequence is None


def test_a_forced_call_that_ends_with_stop_is_a_call_to_make() -> None:
    assert reply(delta(tool_calls=[call(0, "a", "f", "{}")]), delta("stop"), DONE).reason == "tool_calls"


def test_several_choices() -> None:
    found = reply(delta(content="a"), delta(content="b", index=1), delta("stop"), delta("length", index=1), DONE)
    assert [[b.text for b in found.of_choice(i) if isinstance(b, Text)] for i in (0, 1)] == [["a"], ["b"]]
    assert (found.reason, found.finished.others) == ("stop", ("length",))


# -- reasoning ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["reasoning_content", "reasoning", "reasoning_text"])
def test_reasoning_by_any_name_is_a_thought(member: str) -> None:
    """Edge case 16."""
    found = reply(delta(**{member: "h"}), delta(**{member: "m"}), delta("stop", content="a"), DONE)
    assert shapes(found) == [("Thought", "hm"), ("Text", "a")]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_inline_tags_are_a_thought_in_any_chunking(size: int) -> None:
    """Edge case 16: also split over chunks; none leaks to the content."""
    text = " \n<think>\nhm < </thin k\n</think>\n\nThe <think> tag."
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    found = reply(*(delta(content=piece) for piece in pieces), delta("stop"), DONE)
    assert shapes(found) == [("Thought", "hm < </thin k\n"), ("Text", "The <think> tag.")]


def test_a_tag_later_in_the_text_is_text() -> None:
    found = reply(delta(content="Use "), delta(content="<think>x</think>"), delta("stop"), DONE)
    assert shapes(found) == [("Text", "Use <think>x</think>")]


def test_a_text_that_only_begins_like_a_tag_is_text() -> None:
    assert shapes(reply(delta(content="<thi"), delta("stop"), DONE)) == [("Text", "<thi")]
    assert shapes(reply(delta(content="<think"), delta(content="er>"), delta("stop"), DONE)) == [("Text", "<thinker>")]


def test_an_unclosed_tag_is_a_thought_to_the_end() -> None:
    assert shapes(reply(delta(content="<think>hm </th"), delta("length"), DONE)) == [("Thought", "hm </th")]


def test_googles_own_tag_is_one_only_where_google_marks_it() -> None:
    """Google's OpenAI door; the same tag in another model's text is its text."""
    marked = {"google": {"thought": True}}
    found = reply(
        delta(content="<thou", extra_content=marked),
        delta(content="ght>h", extra_content=marked),
        delta(content="m", extra_content=marked),
        delta(content="</thought>a"),
        delta("stop"),
        DONE,
    )
    assert shapes(found) == [("Thought", "hm"), ("Text", "a")]
    assert shapes(reply(delta("stop", content="<thought>x"), DONE)) == [("Text", "<thought>x")]
    assert shapes(reply(delta("stop", content="x", extra_content=marked), DONE)) == [("Text", "x")]


def test_reasoning_and_content_in_one_chunk_are_split_in_order() -> None:
    """Edge case 17."""
    found = reply(delta("stop", content="a", reasoning_content="h"), DONE)
    assert shapes(found) == [("Thought", "h"), ("Text", "a")]


def test_detailed_reasoning_keeps_signature_and_form() -> None:
    """OpenRouter: text in pieces under one index, the signature at the end; the plain member repeats the text."""
    piece = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}
    found = reply(
        delta(reasoning="h", reasoning_details=[{**piece, "text": "h"}]),
        delta(reasoning="m", reasoning_details=[{**piece, "text": "m"}]),
        delta(reasoning_details=[{**piece, "signature": "SIG"}]),
        delta("stop", content="a"),
        DONE,
    )
    assert found.blocks == (
        Thought(
            text="hm", seal=Seal("SIG", "openai_chat", "maker"), extra={"openai_chat": {"_reasoning_detail": piece}}
        ),
        Text(text="a"),
    )


def test_encrypted_reasoning_is_a_redacted_thought() -> None:
    entry = {"type": "reasoning.encrypted", "data": "ENC", "format": "openai-responses-v1", "id": "rs_1", "index": 0}
    found = whole({"content": "a", "reasoning": None, "reasoning_details": [entry]})
    thought = found.blocks[0]
    assert isinstance(thought, Thought)
    assert (thought.redacted, thought.seal) == (True, Seal("ENC", "openai_chat", "maker"))
    assert thought.extra["openai_chat"]["_reasoning_detail"]["id"] == "rs_1"


def test_two_signed_entries_are_two_thoughts() -> None:
    entries = [{"type": "reasoning.text", "text": t, "signature": s, "index": 0} for t, s in (("a", "S1"), ("b", "S2"))]
    found = whole({"content": "x", "reasoning": "ab", "reasoning_details": entries})
    assert [(b.text, b.seal and b.seal.token) for b in found.blocks if isinstance(b, Thought)] == [
        ("a", "S1"),
        ("b", "S2"),
    ]


def test_a_thought_told_in_pieces_and_then_whole_is_told_once() -> None:
    """Our own stream: `reasoning_content` as it comes, the signed entry at its end."""
    entry = {"type": "reasoning.text", "text": "hm", "signature": "SIG", "index": 0}
    found = reply(
        delta(reasoning_content="h"),
        delta(reasoning_content="m"),
        delta(reasoning_details=[entry]),
        delta("stop"),
        DONE,
    )
    assert signed(found) == [("hm", "SIG")]


def test_content_as_parts() -> None:
    """Mistral: thinking and text parts, references; an unknown part survives as itself."""
    parts = [
        {
            "type": "thinking",
            "thinking": [{"type": "text", "text": "h"}, {"type": "text", "text": "m"}],
            "closed": True,
        },
        {"type": "text", "text": "a"},
        {"type": "reference", "reference_ids": [1]},
    ]
    found = whole({"content": parts})
    assert found.blocks == (
        Thought(text="hm", extra={"openai_chat": {"_thinking_part": {"closed": True}}}),
        Text(text="a"),
        Opaque(dialect="openai_chat", label="reference", data=parts[2]),
    )


def test_content_as_an_object_is_its_json() -> None:
    """Cloudflare answers a schema with the object itself."""
    assert shapes(whole({"content": {"city": "Paris"}})) == [("Text", '{"city":"Paris"}')]


def test_googles_signatures_are_seals() -> None:
    """Google's OpenAI door: on the call, or beside the text."""
    signed = {**call(0, "c1", "f", "{}"), "extra_content": {"google": {"thought_signature": "SIG"}}}
    found = reply(delta("tool_calls", tool_calls=[signed]), DONE)
    assert [b.seal for b in found.blocks if isinstance(b, ToolCall)] == [Seal("SIG", "gemini", "maker")]
    beside = whole({"content": "a", "extra_content": {"google": {"thought_signature": "SIG"}}})
    assert beside.blocks == (Text(text="a", seal=Seal("SIG", "gemini", "maker")),)


# -- the rest -------------------------------------------------------------------------------------------------


def test_refusals_are_marked() -> None:
    assert reply(delta(refusal="I "), delta(refusal="can't"), delta("stop"), DONE).blocks == (
        Text(text="I can't", refusal=True),
    )


def test_log_probabilities_stay_with_their_text() -> None:
    token = {"token": "<", "logprob": -0.1, "bytes": [60], "top_logprobs": []}
    chunk = delta("stop", content="<")
    chunk["choices"][0]["logprobs"] = {"content": [token], "refusal": None}
    found = reply(chunk, DONE)
    assert (found.blocks, found.logprobs) == ((Text(text="<"),), ([token],))


def test_annotations_are_citations_with_their_wire_object() -> None:
    cited = {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 1, "end_index": 2}}
    found = reply(delta(content="a"), delta(annotations=[cited]), delta("stop"), DONE)
    text = found.blocks[0]
    assert isinstance(text, Text)
    assert [(c.url, c.title, c.start, c.end, c.native) for c in text.citations] == [("u", "t", 1, 2, cited)]


def test_search_results_are_citations_and_told_once() -> None:
    """Perplexity repeats them, and the message so far, on every chunk."""
    extra = {"citations": ["u"], "search_results": [{"url": "u", "title": "t", "snippet": "q"}]}
    first, last = {**delta(content="a[1]"), **extra}, {**delta("stop", content=""), **extra}
    first["choices"][0]["message"] = last["choices"][0]["message"] = {"role": "assistant", "content": "a[1]"}
    found = reply(first, last)
    text = found.blocks[0]
    assert isinstance(text, Text)
    assert (text.text, [(c.url, c.title, c.quote) for c in text.citations]) == ("a[1]", [("u", "t", "q")])
    assert found.started.extra["openai_chat"] == extra


def test_sound_and_pictures() -> None:
    """Audio pieces are one base64 text, though each piece was padded on its own; pictures as OpenRouter tells them."""
    found = reply(
        delta(audio={"id": "audio_1", "transcript": "He"}),
        delta(audio={"data": "YQ==", "transcript": "y"}),
        delta(audio={"data": "YmM="}),
        delta(audio={"expires_at": 9}),
        delta(images=[{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]),
        delta("stop"),
        DONE,
    )
    assert found.blocks == (
        Media(kind="audio", data="YWJj", transcript="Hey", extra={"openai_chat": {"id": "audio_1", "expires_at": 9}}),
        Media(kind="image", media_type="image/png", data="AAAA"),
    )


def test_the_old_function_call_is_a_call() -> None:
    found = reply(
        delta(function_call={"name": "f", "arguments": ""}),
        delta(function_call={"arguments": "{}"}),
        delta("function_call"),
        DONE,
    )
    assert (calls(found), found.reason) == ([("", "f", "{}")], "tool_calls")


def test_free_form_calls_keep_their_text() -> None:
    told = {"id": "c1", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}}
    assert whole({"content": None, "tool_calls": [told]}).blocks == (
        ToolCall(id="c1", name="patch", arguments="*** Begin", custom=True),
    )


def test_unknown_members_ride_along() -> None:
    """DESIGN: same-dialect re-emission loses nothing."""
    chunk = {**delta("stop", content="a", channel="final"), "service_tier": "default", "provider": "p"}
    chunk["choices"][0]["native_finish_reason"] = "STOP"
    found = reply(chunk, {"choices": [], "x_groq": {"id": "r", "usage": {"prompt_tokens": 1}}}, DONE)
    assert found.started.extra == {"openai_chat": {"service_tier": "default", "provider": "p"}}
    assert found.finished.extra["openai_chat"] == {
        "x_groq": {"id": "r", "usage": {"prompt_tokens": 1}},
        "choices": [{"index": 0, "native_finish_reason": "STOP", "message": {"channel": "final"}}],
    }
    assert found.usage == Usage(input=1)


def test_blocks_open_once_whatever_is_empty() -> None:
    """Edge case 18: an empty piece opens nothing."""
    events = read(stream(delta(role="assistant", content=""), delta(content=""), delta("stop"), DONE))
    assert not [e for e in events if isinstance(e, BlockOpened)]
