"""What Gemini answers, read to events, and events written for Gemini's clients."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.core.blocks import Citation, Media, Opaque, Seal, Text, Thought, ToolCall
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
from gophergate.core.reply import Reply, fold
from gophergate.core.request import Request
from gophergate.core.usage import Usage
from gophergate.dialects.base import Stamp
from gophergate.dialects.gemini import Gemini
from gophergate.errors import RateLimited, UpstreamBroken, UpstreamRefused

GEMINI = Gemini()
STAMP = Stamp("s" * 24, 1_700_000_000)
REQUEST = Request(dialect="gemini", model="gemini-x")


def chunk(*parts: dict[str, Any], finish: Any = None, **members: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}}
    if finish is not None:
        candidate["finishReason"] = finish
    candidate.update(members.pop("candidate", {}))
    return {"candidates": [candidate], "responseId": "r1", "modelVersion": "gemini-3", **members}


def sse(*chunks: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in chunks)


def read(body: bytes, *, stream: bool = True, size: int = 0) -> list[Event]:
    reader = GEMINI.reader(stream=stream, origin="google")
    pieces = [body[at : at + size] for at in range(0, len(body), size)] if size else [body]
    events = [event for piece in pieces for event in reader.feed(piece)]
    return checked([*events, *reader.end()])


def reply(*chunks: dict[str, Any]) -> Reply:
    return fold(read(sse(*chunks)))


def seal(token: str) -> Seal:
    return Seal(token, "gemini", "google")


# -- reading ----------------------------------------------------------------------------------------------------------


def test_a_call_in_one_chunk_and_stop_in_the_next() -> None:
    """Edge case 35: the turn ends in tool calls, and calls over chunks are blocks with ids of their own."""
    said = reply(
        chunk({"functionCall": {"name": "f", "args": {"n": 1}}, "thoughtSignature": "QQ=="}),
        chunk({"functionCall": {"name": "f", "args": {"n": 1}}}),
        chunk({"text": ""}, finish="STOP"),
    )
    first, second = said.blocks
    assert said.finished.reason == "tool_calls"
    assert said.finished.native_reason == "STOP"
    assert isinstance(first, ToolCall)
    assert isinstance(second, ToolCall)
    assert (first.arguments, first.seal, second.seal) == ('{"n":1}', seal("QQ=="), None)
    assert first.id != second.id


def test_invented_ids_differ_between_replies() -> None:
    """Edge case 42: a second turn's call must not look like the first's."""
    body = chunk({"functionCall": {"name": "f", "args": {}}}, finish="STOP")
    one, two = reply(body), reply({**body, "responseId": "r2"})
    assert one.blocks[0].id != two.blocks[0].id  # type: ignore[union-attr]
    assert one == reply(body)


def test_order_is_kept() -> None:
    """Edge cases 15, 20: thought, text, thought, text, call, text: a new block each time."""
    said = reply(
        chunk({"text": "t1", "thought": True}, {"text": "a"}),
        chunk({"text": "b"}, {"text": "t2", "thought": True}),
        chunk({"text": "c"}, {"functionCall": {"id": "9", "name": "f"}}, {"text": "d"}, finish="STOP"),
    )
    assert said.blocks == (
        Thought(text="t1", summary=True),
        Text(text="ab"),
        Thought(text="t2", summary=True),
        Text(text="c"),
        ToolCall(id="9", name="f", arguments="{}"),
        Text(text="d"),
    )


def test_a_signature_closes_its_part() -> None:
    """Edge case 36: each signature stays where it came, also on an empty text at the end."""
    said = reply(
        chunk({"text": "a"}),
        chunk({"text": "", "thoughtSignature": "QQ=="}),
        chunk({"text": "b", "thoughtSignature": "Qg=="}, finish="STOP"),
    )
    assert said.blocks == (Text(text="a", seal=seal("QQ==")), Text(text="b", seal=seal("Qg==")))


def test_media_and_googles_own_blocks() -> None:
    said = reply(
        chunk({"executableCode": {"code": "1"}}, {"inlineData": {"mimeType": "image/png", "data": "QQ=="}}),
        chunk({"inlineData": {"mimeType": "image/png", "data": "Qg=="}, "thought": True}, finish="STOP"),
    )
    assert said.blocks == (
        Opaque(dialect="gemini", label="executableCode", data={"executableCode": {"code": "1"}}, origin="google"),
        Media(kind="image", media_type="image/png", data="QQ=="),
        Opaque(
            dialect="gemini",
            label="inlineData",
            data={"inlineData": {"mimeType": "image/png", "data": "Qg=="}, "thought": True},
            origin="google",
        ),
    )


def test_arguments_that_stream_by_path() -> None:
    """Vertex, streamFunctionCallArguments: one call, whole when it closes."""
    said = reply(
        chunk({"functionCall": {"name": "f", "id": "1", "willContinue": True}, "thoughtSignature": "QQ=="}),
        chunk(
            {
                "functionCall": {
                    "partialArgs": [{"jsonPath": "$.city", "stringValue": "New ", "willContinue": True}],
                    "willContinue": True,
                }
            }
        ),
        chunk(
            {
                "functionCall": {
                    "partialArgs": [
                        {"jsonPath": "$.city", "stringValue": "York"},
                        {"jsonPath": "$.list[1].n", "numberValue": 2},
                        {"jsonPath": "$['odd.key']", "boolValue": True},
                        {"jsonPath": "$.none", "nullValue": "NULL_VALUE"},
                        {"jsonPath": "$.list[99999999].n", "numberValue": 2},
                    ],
                    "willContinue": True,
                }
            }
        ),
        chunk({"functionCall": {}}),
        chunk({"functionCall": {"name": "g", "id": "2", "willContinue": True}}, finish="STOP"),
    )
    assert said.blocks == (
        ToolCall(
            id="1",
            name="f",
            arguments='{"city":"New York","list":[null,{"n":2}],"odd.key":true,"none":null}',
            seal=seal("QQ=="),
        ),
        ToolCall(id="2", name="g", arguments="{}"),
    )


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", "stop"),
        (1, "stop"),
        ("MAX_TOKENS", "length"),
        (2, "length"),
        ("SAFETY", "content_filter"),
        (3, "content_filter"),
        ("RECITATION", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("OTHER", "content_filter"),
        ("A_NEW_ONE", "content_filter"),
        (99, "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "malformed_tool_call"),
        (9, "malformed_tool_call"),
        ("UNEXPECTED_TOOL_CALL", "malformed_tool_call"),
    ],
)
def test_finish_reasons(word: Any, reason: Reason) -> None:
    """Edge case 24, and Vertex's numeric enums: what is no clean end is never told as one."""
    assert reply(chunk({"text": "x"}, finish=word)).reason == reason


def test_a_refused_prompt_has_no_candidates() -> None:
    feedback = {"blockReason": "PROHIBITED_CONTENT"}
    said = reply({"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4}})
    assert (said.reason, said.finished.native_reason) == ("content_filter", "PROHIBITED_CONTENT")
    assert said.blocks == ()
    assert said.usage == Usage(input=4, output=0)


def test_several_candidates() -> None:
    """candidateCount: alternatives interleave in chunks and keep their own blocks and reasons."""
    said = reply(
        chunk({"text": "a"}, candidate={"index": 0}),
        chunk({"text": "x"}, candidate={"index": 1}),
        chunk({"text": "b"}, finish="STOP", candidate={"index": 0}),
        chunk({"text": "y"}, finish="MAX_TOKENS", candidate={"index": 1}),
    )
    assert [said.of_choice(choice) for choice in (0, 1)] == [[Text(text="ab")], [Text(text="xy")]]
    assert (said.reason, said.finished.others) == ("stop", ("length",))


def test_a_candidate_without_its_end_was_cut() -> None:
    """R-F2: one of two alternatives never finished."""
    events = read(sse(chunk({"text": "a"}, finish="STOP"), chunk({"text": "x"}, candidate={"index": 1})))
    assert isinstance(events[-1], Failed)


@pytest.mark.parametrize(
    ("metadata", "usage"),
    [
        ({"trafficType": "ON_DEMAND"}, None),
        (
            {"promptTokenCount": 10, "candidatesTokenCount": 0, "totalTokenCount": 10},
            Usage(input=10, output=0),
        ),
        (
            {
                "promptTokenCount": 100,
                "cachedContentTokenCount": 40,
                "candidatesTokenCount": 20,
                "thoughtsTokenCount": 30,
                "totalTokenCount": 150,
            },
            Usage(input=60, cache_read=40, output=50, reasoning=30),
        ),
        (
            {
                "promptTokenCount": 10,
                "toolUsePromptTokenCount": 70,
                "toolUsePromptTokensDetails": [{"modality": "TEXT", "tokenCount": 70}],
                "candidatesTokenCount": 5,
                "totalTokenCount": 85,
            },
            Usage(input=80, output=5),
        ),
        (
            {
                "promptTokenCount": 100,
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 10},
                    {"modality": "AUDIO", "tokenCount": 50},
                    {"modality": "IMAGE", "tokenCount": 30},
                    {"modality": "VIDEO", "tokenCount": 10},
                ],
                "cachedContentTokenCount": 20,
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 20}],
                "candidatesTokenCount": 1300,
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
                "totalTokenCount": 1400,
            },
            Usage(
                input=20,
                cache_read=20,
                audio_input=30,
                image_input=30,
                output=10,
                image_output=1290,
                units={"cached_audio": 20},
            ),
        ),
        (
            {"promptTokenCount": 8, "thoughtsTokenCount": 9, "totalTokenCount": 17},
            Usage(input=8, output=9, reasoning=9),
        ),
    ],
)
def test_usage_in_disjoint_classes(metadata: dict[str, Any], usage: Usage | None) -> None:
    """R-U1, edge cases 39, 58: cached in the prompt, thoughts beside the candidates, tool use beside the prompt."""
    assert reply(chunk({"text": "x"}, finish="STOP", usageMetadata=metadata)).usage == usage


def test_running_totals_are_never_summed() -> None:
    said = reply(
        chunk({"text": "a"}, usageMetadata={"trafficType": "ON_DEMAND"}),
        chunk({"text": "b"}, usageMetadata={"promptTokenCount": 5, "totalTokenCount": 5}),
        chunk(
            {"text": "c"},
            finish="STOP",
            usageMetadata={"promptTokenCount": 5, "candidatesTokenCount": 3, "totalTokenCount": 8},
        ),
    )
    assert said.usage == Usage(input=5, output=3)


def test_grounding_becomes_citations() -> None:
    """Google counts bytes over the whole text; the canon counts characters in the block."""
    grounding = {
        "webSearchQueries": ["q1", "q2"],
        "groundingChunks": [{"web": {"uri": "https://a", "title": "A"}}, {"web": {"uri": "https://b", "title": "B"}}],
        "groundingSupports": [
            {"segment": {"endIndex": 6, "text": "Größe"[:4]}, "groundingChunkIndices": [0]},
            {"segment": {"startIndex": 8, "endIndex": 12, "text": "zwei"}, "groundingChunkIndices": [0, 1]},
            {"segment": {"startIndex": 8, "endIndex": 12, "text": "else"}, "groundingChunkIndices": [9]},
        ],
    }
    usage = {"promptTokenCount": 1, "totalTokenCount": 1}
    said = reply(
        chunk({"text": "Größ"}),
        chunk({"text": "e zwei"}),
        chunk({"text": ""}, finish="STOP", candidate={"groundingMetadata": grounding}, usageMetadata=usage),
    )
    (text,) = said.blocks
    assert isinstance(text, Text)
    assert text.citations == (
        Citation(url="https://a", title="A", quote="Größ", start=0, end=4),
        Citation(url="https://a", title="A", quote="zwei", start=6, end=10),
        Citation(url="https://b", title="B", quote="zwei", start=6, end=10),
    )
    assert said.usage is not None
    assert said.usage.tool_uses == {"google_search": 2}
    assert said.finished.extra["gemini"]["candidates"] == [{"groundingMetadata": grounding}]


def test_log_probabilities() -> None:
    result = {
        "chosenCandidates": [{"token": "é", "tokenId": 1, "logProbability": -0.5}, {"token": "b"}],
        "topCandidates": [{"candidates": [{"token": "é", "logProbability": -0.5}]}],
    }
    said = reply(chunk({"text": "éb"}, finish="STOP", candidate={"logprobsResult": result}))
    assert said.logprobs == (
        [
            {
                "token": "é",
                "logprob": -0.5,
                "bytes": [195, 169],
                "top_logprobs": [{"token": "é", "logprob": -0.5, "bytes": [195, 169]}],
            },
            {"token": "b", "logprob": 0.0, "bytes": [98], "top_logprobs": []},
        ],
    )
    body = json.loads(written([*read(sse(chunk({"text": "éb"}, finish="STOP", candidate={"logprobsResult": result})))]))
    assert body["candidates"][0]["logprobsResult"]["chosenCandidates"][0] == {"token": "é", "logProbability": -0.5}


# -- framing and failures ---------------------------------------------------------------------------------------------

CHUNKS = (
    chunk({"text": 'He"llo [{'}),
    chunk({"text": "wörld \\ ]}"}),
    chunk({"functionCall": {"name": "f", "args": {"a": ["]"]}}}, finish="STOP"),
)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7])
@pytest.mark.parametrize(
    "body",
    [
        sse(*CHUNKS),
        sse(*CHUNKS).replace(b"\r\n", b"\n"),
        sse(*CHUNKS).replace(b"\r\n", b"\r"),
        b"\r\n: comment\r\n\r\n" + sse(*CHUNKS).replace(b"data: ", b"data:"),
        sse(*CHUNKS).rstrip(),
        json.dumps(CHUNKS).encode(),
        json.dumps(CHUNKS, indent=2).encode() + b"\n",
        b"\n [" + b"\r\n,\r\n".join(json.dumps(chunk, ensure_ascii=False).encode() for chunk in CHUNKS) + b"]",
    ],
)
def test_events_and_array_are_one_stream(body: bytes, size: int) -> None:
    """Edge cases 1, 2, 43, law 4: SSE with any line ends and one JSON array, cut anywhere, tell the same."""
    assert read(body, size=size) == read(sse(*CHUNKS))


@pytest.mark.parametrize("body", [json.dumps(CHUNKS[0] | {"candidates": []}), json.dumps([])])
def test_a_body_without_an_end_failed(body: str) -> None:
    """Edge case 5."""
    (*_, last) = read(body.encode(), stream=False)
    assert isinstance(last, Failed)
    assert isinstance(last.error, UpstreamBroken)


def test_a_whole_body_and_an_array_of_it() -> None:
    """Edge case 8: the caller says how it was answered; padding is passed over, and an array is taken too."""
    one = chunk({"text": "hi"}, finish="STOP")
    for body in (json.dumps(one), "\n  " + json.dumps(one, indent=1) + "  ", json.dumps([one])):
        assert fold(read(body.encode(), stream=False)).blocks == (Text(text="hi"),)


def test_an_array_ends_by_its_bracket() -> None:
    """Edge case 6: after the last bracket the client is released, whatever the socket does."""
    reader = GEMINI.reader(stream=True)
    body = json.dumps(CHUNKS).encode()
    assert not any(isinstance(event, Finished) for event in reader.feed(body[:-1]))
    assert (reader.finished, reader.tail()) == (False, b"]")
    assert isinstance(reader.feed(b"]")[-1], Finished)
    assert (reader.finished, reader.feed(b"junk"), reader.end()) == (True, [], [])


ERROR = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize(
    "body",
    [
        sse(chunk({"text": "a"}), ERROR),
        sse(chunk({"text": "a"})) + json.dumps(ERROR, indent=2).encode(),
        sse(chunk({"text": "a"})) + b"[" + json.dumps(ERROR, indent=2).encode() + b"]\n",
        json.dumps([chunk({"text": "a"}), ERROR]).encode(),
        json.dumps(ERROR).encode(),
        json.dumps([ERROR]).encode(),
    ],
)
@pytest.mark.parametrize("size", [0, 1])
def test_an_error_inside_a_stream(body: bytes, size: int) -> None:
    """Edge case 7, law 3: as an event, as bare JSON after events, in an array, and alone."""
    (*_, last) = read(body, size=size)
    assert isinstance(last, Failed)
    assert isinstance(last.error, UpstreamRefused)
    assert (last.error.status, last.error.kind, last.error.message) == (503, "overloaded", "The model is overloaded.")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"data: nope\n\n",
        b"data: 7\n\n",
        b"<html>bad gateway</html>",
        b'data: {"candidates": "x"}\n\n',
        b'data: {"candidates": [7], "usageMetadata": 7}\n\n',
        b'data: {"candidates": [{"content": {"parts": [7, {"functionCall": 7}, {"inlineData": 7}]}}]}\n\n',
        b'data: {"candidates": [{"content": 7, "finishReason": {}, "groundingMetadata": 7}]}\n\n',
        b'data: {"error": 7}\n\n',
        b"data: \xff\n\n",
        b"data: " + b"[" * 100_000 + b"\n\n",
        b"[" * 100_000,
        b'["x", 7]',
    ],
)
def test_nothing_a_provider_sends_raises(body: bytes) -> None:
    """Brief 1: garbage ends in Failed, also as a body."""
    assert isinstance(read(body)[-1], Failed)
    assert isinstance(read(body, stream=False)[-1], Failed)


# -- writing ----------------------------------------------------------------------------------------------------------


def written(events: list[Event], *, stream: bool = False, array: bool = False) -> bytes:
    writer = Gemini(array=array).writer(REQUEST, STAMP, stream=stream)
    return b"".join(writer.write(event) for event in events)


def said_chunks(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in body.split(b"\r\n\r\n") if line]


def test_a_stream_has_googles_form() -> None:
    """Golden: ids of our own, the usage with thoughts and cached counts on the last chunk, CRLF as Google has it."""
    events: list[Event] = [
        Started(id="msg_1", model="claude-x"),
        BlockOpened(0, Text(text="")),
        BlockGrew(0, "Hi"),
        BlockClosed(0),
        UsageSeen(Usage(input=7, cache_read=3, output=20, reasoning=15)),
        Finished(reason="length"),
    ]
    names = b'"modelVersion":"claude-x","responseId":"ssssssssssssssssssssssss"'
    assert written(events, stream=True) == (
        b'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"index":0}],' + names + b"}\r\n\r\n"
        b'data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"MAX_TOKENS",'
        b'"index":0}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":30,'
        b'"cachedContentTokenCount":3,"thoughtsTokenCount":15},' + names + b"}\r\n\r\n"
    )


def test_interleaved_calls_are_parts_of_their_own() -> None:
    """Edge case 13, PROTOCOLS "parallel Gemini calls melted into one block": each with its id and its signature."""
    native = Seal("QQ==", "gemini", "google")
    events: list[Event] = [
        Started(),
        BlockOpened(0, ToolCall(id="a", name="f", seal=native)),
        BlockOpened(1, ToolCall(id="b", name="f")),
        BlockGrew(0, '{"n":'),
        BlockGrew(1, '{"n":2}'),
        BlockClosed(1),
        BlockGrew(0, "1}"),
        BlockClosed(0),
        Finished(reason="tool_calls"),
    ]
    first = {"functionCall": {"id": "a", "name": "f", "args": {"n": 1}}, "thoughtSignature": "QQ=="}
    second = {"functionCall": {"id": "b", "name": "f", "args": {"n": 2}}}
    chunks = said_chunks(written(events, stream=True))
    assert [chunk["candidates"][0]["content"]["parts"] for chunk in chunks] == [[first], [second], [{"text": ""}]]
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"
    (candidate,) = json.loads(written(events))["candidates"]
    assert candidate["content"]["parts"] == [first, second]


def test_calls_that_are_no_json_are_malformed() -> None:
    """Edge case 24: broken arguments are not passed off as a call."""
    events: list[Event] = [
        Started(),
        BlockOpened(0, ToolCall(id="a", name="f", arguments='{"n":')),
        BlockClosed(0),
        Finished(reason="tool_calls"),
    ]
    for body in (said_chunks(written(events, stream=True))[-1], json.loads(written(events))):
        (candidate,) = body["candidates"]
        assert candidate["finishReason"] == "MALFORMED_FUNCTION_CALL"
        assert candidate["finishMessage"] == 'Malformed function call: f({"n":)'
        assert candidate["content"]["parts"] == [{"text": ""}]


def test_free_form_and_namespaced_calls() -> None:
    events: list[Event] = [
        Started(),
        BlockOpened(0, ToolCall(id="a", name="patch", namespace="fs", arguments="*** x", custom=True)),
        BlockClosed(0),
        Finished(reason="tool_calls"),
    ]
    (candidate,) = json.loads(written(events))["candidates"]
    assert candidate["content"]["parts"] == [
        {"functionCall": {"id": "a", "name": "fs__patch", "args": {"input": "*** x"}}}
    ]


def test_a_growing_seal_is_told_once() -> None:
    """A signature in pieces, each event with the whole so far: one part, when its thought closes."""
    events: list[Event] = [
        Started(),
        BlockOpened(0, Thought()),
        BlockGrew(0, "hm"),
        BlockGrew(0, seal=Seal("AB", "anthropic_messages", "anthropic")),
        BlockGrew(0, seal=Seal("ABCD", "anthropic_messages", "anthropic")),
        BlockClosed(0),
        Finished(reason="stop"),
    ]
    parts = [chunk["candidates"][0]["content"]["parts"][0] for chunk in said_chunks(written(events, stream=True))]
    assert [("thoughtSignature" in part, part.get("text")) for part in parts] == [
        (False, "hm"),
        (True, ""),
        (False, ""),
    ]
    again = GEMINI.read_request(json.dumps({"contents": [{"role": "model", "parts": [p]} for p in parts]}).encode())
    assert again.turns[0].blocks == (Thought(text="hm", seal=Seal("ABCD", "anthropic_messages", "anthropic")),)


def test_citations_are_grounding() -> None:
    """Anthropic's cite the block they stand on, OpenAI's give offsets; both are told in bytes."""
    events: list[Event] = [
        Started(),
        BlockOpened(0, Text(text="")),
        BlockGrew(0, "Größe. "),
        BlockGrew(0, citations=(Citation(url="https://a", title="A"),)),
        BlockClosed(0),
        BlockOpened(1, Text(text="zwei", citations=(Citation(url="https://b", start=1, end=3),))),
        BlockClosed(1),
        Finished(reason="stop"),
    ]
    meant = {
        "groundingChunks": [{"web": {"uri": "https://a", "title": "A"}}, {"web": {"uri": "https://b"}}],
        "groundingSupports": [
            {"segment": {"startIndex": 0, "endIndex": 9, "text": "Größe. "}, "groundingChunkIndices": [0]},
            {"segment": {"startIndex": 10, "endIndex": 12, "text": "we"}, "groundingChunkIndices": [1]},
        ],
    }
    for body in (said_chunks(written(events, stream=True))[-1], json.loads(written(events))):
        assert body["candidates"][0]["groundingMetadata"] == meant


@pytest.mark.parametrize(
    ("finished", "word"),
    [
        (Finished(reason="stop", native_reason="end_turn"), "STOP"),
        (Finished(reason="content_filter", native_reason="RECITATION"), "RECITATION"),
        (Finished(reason="content_filter", native_reason="content_filter"), "SAFETY"),
        (Finished(reason="refusal"), "SAFETY"),
        (Finished(reason="malformed_tool_call", native_reason="UNEXPECTED_TOOL_CALL"), "UNEXPECTED_TOOL_CALL"),
        (Finished(reason="context_exceeded"), "MAX_TOKENS"),
        (Finished(reason="pause"), "OTHER"),
        (Finished(reason="tool_calls", native_reason="STOP"), "STOP"),
    ],
)
def test_finish_words(finished: Finished, word: str) -> None:
    for body in (
        said_chunks(written([Started(), finished], stream=True))[-1],
        json.loads(written([Started(), finished])),
    ):
        assert body["candidates"][0]["finishReason"] == word


def test_foreign_blocks_have_no_part() -> None:
    events: list[Event] = [
        Started(),
        BlockOpened(0, Opaque(dialect="anthropic_messages", label="server_tool_use", data={})),
        BlockClosed(0),
        BlockOpened(1, Media(kind="document", file_id="file-1", dialect="openai_responses")),
        BlockClosed(1),
        BlockOpened(2, Media(kind="image", media_type="image/png")),
        BlockGrew(2, "QU"),
        BlockGrew(2, "JD"),
        BlockClosed(2),
        Finished(reason="stop"),
    ]
    picture = {"inlineData": {"mimeType": "image/png", "data": "QUJD"}}
    assert json.loads(written(events))["candidates"][0]["content"]["parts"] == [picture]
    assert said_chunks(written(events, stream=True))[0]["candidates"][0]["content"]["parts"] == [picture]


def test_alternatives_are_written_by_index() -> None:
    events: list[Event] = [
        Started(),
        BlockOpened(0, Text(text=""), 0),
        BlockOpened(1, Text(text=""), 1),
        BlockGrew(1, "x"),
        BlockGrew(0, "a"),
        BlockClosed(1),
        BlockClosed(0),
        Finished(reason="stop", others=("length",)),
    ]
    chunks = said_chunks(written(events, stream=True))
    assert [(c["candidates"][0]["index"], c["candidates"][0]["content"]["parts"]) for c in chunks[:2]] == [
        (1, [{"text": "x"}]),
        (0, [{"text": "a"}]),
    ]
    assert [c["finishReason"] for c in chunks[2]["candidates"]] == ["STOP", "MAX_TOKENS"]
    assert [c["content"]["parts"] for c in json.loads(written(events))["candidates"]] == [
        [{"text": "a"}],
        [{"text": "x"}],
    ]


def test_a_failure_is_an_error_and_never_an_end() -> None:
    """Laws 2, 3: the dialect's own error, with what it carries for a client that wants to wait."""
    events: list[Event] = [Started(), BlockOpened(0, Text(text="")), BlockGrew(0, "a")]
    failed = Failed(RateLimited("Too many.", retry_after=2.5))
    last = said_chunks(written([*events, failed], stream=True))[-1]
    assert list(last) == ["error"]
    assert (last["error"]["code"], last["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2.5s"} in last["error"]["details"]
    array = json.loads(written([*events, failed], stream=True, array=True))
    assert list(array[-1]) == ["error"]
    with pytest.raises(RateLimited):
        written([*events, failed])


def test_the_array_door_writes_one_array() -> None:
    """Edge case 43: without alt=sse the same chunks stand in one JSON array, heartbeats and all."""
    events = read(sse(*CHUNKS))
    door = Gemini(array=True)
    writer = door.writer(REQUEST, STAMP, stream=True)
    body = door.heartbeat + b"".join(writer.write(event) + door.heartbeat for event in events)
    assert json.loads(body) == said_chunks(written(events, stream=True))
    assert (door.name, door.stream_type, writer.content_type) == ("gemini", *[b"application/json; charset=UTF-8"] * 2)
    assert json.loads(door.write_error(RateLimited("x"), "q"))[0]["error"]["code"] == 429
    assert json.loads(GEMINI.write_error(RateLimited("x"), "q"))["error"]["code"] == 429
