"""What Ollama answers, read to events, and events written for Ollama's clients."""

from __future__ import annotations

import json
from typing import Any

import httpx
import ollama
import pytest

from gophergate.core.blocks import Media, Opaque, Seal, Text, Thought, ToolCall
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Failed, Finished, Started, UsageSeen
from gophergate.core.lifecycle import checked
from gophergate.core.reply import fold
from gophergate.core.request import Request
from gophergate.core.usage import Usage
from gophergate.dialects.base import Stamp
from gophergate.dialects.ollama import Ollama
from gophergate.errors import BadRequest, GatewayError, ModelNotFound, RateLimited, UpstreamBroken, UpstreamRefused

OLLAMA = Ollama()
STAMP = Stamp("s" * 24, 1_700_000_000)
LAST = {
    "model": "qwen3",
    "created_at": "2026-11-01T10:00:01Z",
    "message": {"role": "assistant", "content": ""},
    "done": True,
    "done_reason": "stop",
    "total_duration": 5043500667,
    "prompt_eval_count": 26,
    "eval_count": 12,
}


def line(**message: Any) -> dict[str, Any]:
    content = {"role": "assistant", "content": "", **message}
    return {"model": "qwen3", "created_at": "2026-11-01T10:00:00.5Z", "message": content, "done": False}


def ndjson(*lines: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def read(body: bytes, *, stream: bool = True, size: int = 0) -> list[Event]:
    reader = OLLAMA.reader(stream=stream)
    pieces = [body[at : at + size] for at in range(0, len(body), size)] if size else [body]
    events = [event for piece in pieces for event in reader.feed(piece)]
    return checked([*events, *reader.end()])


STREAM = (
    line(thinking="let me "),
    line(thinking="sée"),
    line(content="Hel"),
    line(content="lo"),
    line(tool_calls=[{"id": "c1", "function": {"index": 0, "name": "f", "arguments": {"n": 1}}}]),
    line(tool_calls=[{"function": {"name": "f", "arguments": {}}}, {"function": {"name": "g"}}]),
    LAST,
)


@pytest.mark.parametrize("size", [0, 1, 2, 7])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n", b"\n "])
def test_lines_are_events(size: int, end: bytes) -> None:
    """Law 4, edge case 1: any chunking and line end; thinking, text and calls in order, each call with an id."""
    events = read(ndjson(*STREAM).replace(b"\n", end).rstrip(b"\n "), size=size)
    reply = fold(events)
    thought, text, first, second, third = reply.blocks
    assert (thought, text) == (Thought(text="let me sée"), Text(text="Hello"))
    assert first == ToolCall(id="c1", name="f", arguments='{"n": 1}')
    assert (second.arguments, third.arguments) == ("{}", "{}")  # type: ignore[union-attr]
    assert len({first.id, second.id, third.id}) == 3  # type: ignore[union-attr]
    assert reply.started == Started(model="qwen3", created=1793527200)
    assert reply.usage == Usage(input=26, output=12)
    assert reply.finished == Finished(
        reason="tool_calls", native_reason="stop", extra={"ollama": {"total_duration": 5043500667}}
    )


def test_a_body_is_the_folded_stream() -> None:
    """DESIGN 2: stream and non-stream cannot disagree."""
    message = {"role": "assistant", "content": "Hello", "thinking": "hm", "tool_calls": [{"function": {"name": "f"}}]}
    whole = json.dumps({**LAST, "message": message}, indent=1).encode()
    lines = ndjson(line(thinking="hm"), line(content="Hello"), line(tool_calls=[{"function": {"name": "f"}}]), LAST)
    one, two = fold(read(whole, stream=False)), fold(read(lines))
    assert one.blocks[:2] == two.blocks[:2]
    assert (one.usage, one.finished) == (two.usage, two.finished)


@pytest.mark.parametrize("stream", [True, False])
def test_generate_answers_in_its_own_shape(stream: bool) -> None:
    last = {"model": "m", "created_at": "x", "response": "lo", "done": True, "done_reason": "length", "context": [1]}
    first = {"model": "m", "created_at": "x", "response": "Hel", "thinking": "hm", "done": False}
    body = ndjson(first, last) if stream else json.dumps({**first, **last, "response": "Hello"}).encode()
    reply = fold(read(body, stream=stream))
    assert reply.blocks == (Thought(text="hm"), Text(text="Hello"))
    assert (reply.reason, reply.usage, reply.started.created) == ("length", None, None)
    assert reply.finished.extra == {"ollama": {"context": [1]}}


def test_zero_counts_stay_zero() -> None:
    """Edge case 58."""
    assert fold(read(ndjson({**LAST, "prompt_eval_count": 0}))).usage == Usage(input=0, output=12)


def test_log_probabilities_and_pictures() -> None:
    tokens = [{"token": "Hi", "logprob": -0.1, "bytes": [72, 105], "top_logprobs": []}]
    body = ndjson({**line(content="Hi"), "logprobs": tokens}, line(images=["iVBORw0KGgo="]), LAST)
    reply = fold(read(body))
    assert reply.logprobs[0] == tokens
    assert reply.blocks[1] == Media(kind="image", media_type="image/png", data="iVBORw0KGgo=")


@pytest.mark.parametrize(
    ("line", "message", "status"),
    [
        (b'{"error":"model runner has unexpectedly stopped"}', "model runner has unexpectedly stopped", 500),
        (b'{"error":"slow down","status":429}', "slow down", 429),
        (b'{"error":{"message":"from a proxy"}}', "from a proxy", 500),
    ],
)
def test_an_error_inside_a_stream(line: bytes, message: str, status: int) -> None:
    """Edge case 7, law 3."""
    events = read(ndjson(STREAM[0]) + line + b"\n" + ndjson(LAST))
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].error, UpstreamRefused)
    assert (events[-1].error.message, events[-1].error.status) == (message, status)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        ndjson(*STREAM[:-1]),
        b"<html>bad gateway</html>",
        b"[]\n",
        b'{"message":{"tool_calls":7}}\n',
        b'{"message":{"tool_calls":[7]}}\n',
        b'{"message":{"tool_calls":[{"function":{}}]}}\n',
        b'{"message":{"images":7}}\n',
        b'{"done":"yes"}\n',
        b"\xff\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_what_was_cut_or_is_garbage_failed(body: bytes) -> None:
    """Edge case 5, R-F2: never an exception, never a clean end."""
    for stream in (True, False):
        (*_, last) = read(body, stream=stream)
        assert isinstance(last, Failed)


def test_done_is_the_last_word() -> None:
    """Edge case 6: the client is released at once."""
    reader = OLLAMA.reader(stream=True)
    assert isinstance(reader.feed(ndjson(LAST))[-1], Finished)
    assert (reader.finished, reader.feed(b"junk\n"), reader.end(), reader.tail()) == (True, [], [], b"")


# -- writing ----------------------------------------------------------------------------------------------------------

TURN: tuple[Event, ...] = (
    Started(id="msg_1", model="claude-x"),
    BlockOpened(0, Thought()),
    BlockGrew(0, "hm"),
    BlockGrew(0, seal=Seal("SIG", "anthropic_messages", "anthropic")),
    BlockClosed(0),
    BlockOpened(1, Text(text="")),
    BlockGrew(1, "Hel"),
    BlockGrew(1, "lö"),
    BlockClosed(1),
    BlockOpened(2, ToolCall(id="t1", name="f", seal=Seal("QQ==", "gemini", "google"))),
    BlockOpened(3, ToolCall(id="t2", name="g", namespace="fs")),
    BlockGrew(2, '{\n "n": '),
    BlockGrew(2, "1.0}"),
    BlockClosed(3),
    BlockClosed(2),
    BlockOpened(4, Opaque(dialect="anthropic_messages", label="server_tool_use", data={})),
    BlockClosed(4),
    BlockOpened(5, Text(text="another choice"), 1),
    BlockClosed(5),
    UsageSeen(Usage(input=5, cache_read=3, output=9, reasoning=4)),
    Finished(reason="tool_calls", native_reason="tool_use", others=("stop",)),
)


def written(*events: Event, stream: bool = False, generate: bool = False) -> bytes:
    writer = Ollama(generate=generate).writer(Request(dialect="ollama", model="m"), STAMP, stream=stream)
    return b"".join(writer.write(event) for event in events)


def test_a_stream_has_ollamas_form() -> None:
    """Golden: one line an event, calls whole, arguments in their own words, counts at the end."""
    head = b'{"model":"claude-x","created_at":"2023-11-14T22:13:20Z","message":{"role":"assistant","content":'
    assert written(*TURN, stream=True).splitlines() == [
        head + b'"","thinking":"hm"},"done":false}',
        head + b'"Hel"},"done":false}',
        head + '"lö"},"done":false}'.encode(),
        head + b'"","tool_calls":[{"id":"t1","function":{"index":0,"name":"f","arguments":{"n":1.0}},'
        b'"gophergate_seal":"gg1:gemini:google:QQ=="}]},"done":false}',
        head + b'"","tool_calls":[{"id":"t2","function":{"index":1,"name":"fs__g","arguments":{}}}]},"done":false}',
        head + b'""},"done":true,"done_reason":"stop","prompt_eval_count":8,"eval_count":9}',
    ]


def test_a_body_has_ollamas_form() -> None:
    body = json.loads(written(*TURN))
    assert body == {
        "model": "claude-x",
        "created_at": "2023-11-14T22:13:20Z",
        "message": {
            "role": "assistant",
            "content": "Hellö",
            "thinking": "hm",
            "tool_calls": [
                {
                    "id": "t1",
                    "function": {"index": 0, "name": "f", "arguments": {"n": 1.0}},
                    "gophergate_seal": "gg1:gemini:google:QQ==",
                },
                {"id": "t2", "function": {"index": 1, "name": "fs__g", "arguments": {}}},
            ],
        },
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 8,
        "eval_count": 9,
    }


def test_generates_own_form() -> None:
    """The /api/generate door, by its instance or by the request's own shape."""
    lines = [json.loads(line) for line in written(*TURN, stream=True, generate=True).splitlines()]
    assert [(said["response"], said.get("thinking")) for said in lines] == [
        ("", "hm"),
        ("Hel", None),
        ("lö", None),
        ("", None),
    ]
    assert (lines[-1]["done"], lines[-1]["done_reason"], lines[0]["done"]) == (True, "stop", False)
    body = json.loads(written(*TURN, generate=True))
    assert (body["response"], body["thinking"], "message" in body) == ("Hellö", "hm", False)
    request = OLLAMA.read_request(b'{"model":"m","prompt":"p"}')
    writer = OLLAMA.writer(request, STAMP, stream=False)
    assert b'"response":"Hell' in b"".join(writer.write(event) for event in TURN)


@pytest.mark.parametrize("stream", [True, False])
def test_our_answers_read_as_they_were(stream: bool) -> None:
    """R-T2: what we write, our own reader reads the same."""
    reply = fold(read(written(*TURN, stream=stream), stream=stream))
    assert reply.blocks == (
        Thought(text="hm"),
        Text(text="Hellö"),
        ToolCall(id="t1", name="f", arguments='{"n":1.0}'),
        ToolCall(id="t2", name="fs__g", arguments="{}"),
    )
    assert (reply.usage, reply.reason) == (Usage(input=8, output=9), "tool_calls")


def test_a_broken_call_is_an_error_and_a_cut_one_is_not() -> None:
    """Edge case 24: half a call is no call; only the output limit explains it."""
    call: tuple[Event, ...] = (Started(), BlockOpened(0, ToolCall(id="a", name="f", arguments='{"n":')), BlockClosed(0))
    broken, cut = Finished(reason="tool_calls"), Finished(reason="length")
    assert list(json.loads(written(*call, broken, stream=True))) == ["error"]
    with pytest.raises(UpstreamBroken, match="'f'"):
        written(*call, broken)
    for body in (written(*call, cut, stream=True), written(*call, cut)):
        assert (json.loads(body)["done_reason"], "tool_calls" in json.loads(body)["message"]) == ("length", False)


@pytest.mark.parametrize(
    ("finished", "word"),
    [
        (Finished(reason="stop"), "stop"),
        (Finished(reason="stop_sequence"), "stop"),
        (Finished(reason="context_exceeded"), "length"),
        (Finished(reason="content_filter"), "content_filter"),
        (Finished(reason="refusal"), "refusal"),
    ],
)
def test_done_reasons(finished: Finished, word: str) -> None:
    """What is no clean end is not told as one, and reads back as what it was."""
    body = written(Started(), finished)
    assert json.loads(body)["done_reason"] == word
    assert fold(read(body, stream=False)).reason == {"length": "length"}.get(
        word, finished.reason.removesuffix("_sequence")
    )


def test_ollamas_own_durations_pass() -> None:
    body = json.loads(written(*read(ndjson(line(content="x"), LAST))))
    assert body["total_duration"] == 5043500667


# -- ollama-python at the door ----------------------------------------------------------------------------------------


def client(answer: bytes, status: int = 200) -> ollama.Client:
    return ollama.Client(
        host="http://gate", transport=httpx.MockTransport(lambda _: httpx.Response(status, content=answer))
    )


def test_the_python_client_reads_our_stream() -> None:
    """R-T4, R-F4: with heartbeats between the lines."""
    writer = OLLAMA.writer(Request(dialect="ollama", model="m"), STAMP, stream=True)
    body = OLLAMA.heartbeat + b"".join(OLLAMA.heartbeat + writer.write(event) for event in TURN)
    chunks = list(client(body).chat(model="m", messages=[{"role": "user", "content": "hi"}], stream=True))
    assert "".join(chunk.message.content or "" for chunk in chunks) == "Hellö"
    assert "".join(chunk.message.thinking or "" for chunk in chunks) == "hm"
    calls = [call for chunk in chunks for call in chunk.message.tool_calls or []]
    assert [(call.function.name, call.function.arguments) for call in calls] == [("f", {"n": 1.0}), ("fs__g", {})]
    assert (chunks[-1].done, chunks[-1].prompt_eval_count, chunks[-1].eval_count) == (True, 8, 9)


def test_the_python_client_reads_our_bodies() -> None:
    whole = client(written(*TURN)).chat(model="m", messages=[{"role": "user", "content": "hi"}])
    assert (whole.message.content, whole.done_reason) == ("Hellö", "stop")
    answer = client(written(*TURN, generate=True)).generate(model="m", prompt="hi")
    assert (answer.response, answer.thinking) == ("Hellö", "hm")
    lines = client(written(*TURN, generate=True, stream=True)).generate(model="m", prompt="hi", stream=True)
    assert "".join(line.response or "" for line in lines) == "Hellö"


@pytest.mark.parametrize("error", [ModelNotFound("m"), RateLimited("slow down")])
def test_the_python_client_reads_our_errors(error: GatewayError) -> None:
    """R-E1: before the answer by status, and inside a stream by its line (law 2)."""
    with pytest.raises(ollama.ResponseError) as caught:
        client(OLLAMA.write_error(error, "req"), error.status).chat(model="m", messages=[])
    assert (caught.value.status_code, caught.value.error) == (error.status, error.message)
    body = written(*TURN[:8], Failed(error), stream=True)
    with pytest.raises(ollama.ResponseError, match=error.message[:5]):
        list(client(body).chat(model="m", messages=[], stream=True))
    with pytest.raises(type(error)):
        written(*TURN[:8], Failed(error))


def test_the_python_client_sends_what_we_read() -> None:
    """PROTOCOLS: ollama-python sends tool results with a tool_name and no id."""
    seen: list[Request] = []

    def door(request: httpx.Request) -> httpx.Response:
        seen.append(OLLAMA.read_request(request.content))
        return httpx.Response(200, content=written(*TURN))

    gate = ollama.Client(host="http://gate", transport=httpx.MockTransport(door))
    messages: list[Any] = [{"role": "user", "content": "hi", "images": [b"\x89PNG\r\n\x1a\n"]}]
    answer = gate.chat(model="m", messages=messages, think=True, options={"num_ctx": 9}, keep_alive="5m")
    messages += [answer.message, {"role": "tool", "tool_name": "f", "content": "1"}]
    messages += [{"role": "tool", "tool_name": "fs__g", "content": "2"}]
    gate.chat(model="m", messages=messages)
    first, (user, made, answered) = seen[0], seen[1].turns
    assert first.reasoning is not None
    assert first.extra == {"ollama": {"keep_alive": "5m", "options.num_ctx": 9}}
    assert user.blocks[0] == Media(kind="image", media_type="image/png", data="iVBORw0KGgo=")
    ids = [block.id for block in made.blocks if isinstance(block, ToolCall)]
    assert [block.call_id for block in answered.blocks] == ids  # type: ignore[union-attr]


# -- the small verbs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (404, b'{"error":"model \'x\' not found"}', "not_found", "model 'x' not found"),
        (400, b'{"error":"\\"x\\" does not support tools"}', "invalid_request", '"x" does not support tools'),
        (503, b"busy", "overloaded", "busy"),
        (502, b"<html>", "api_error", "<html>"),
        (401, b'{"error":{"message":"unauthorized"}}', "authentication", "unauthorized"),
        (500, b'{"error":7}', "api_error", '{"error":7}'),
    ],
)
def test_errors_are_read(status: int, body: bytes, kind: str, message: str) -> None:
    """R-E1, edge case 55."""
    error = OLLAMA.read_error(status, {"retry-after": "3", "x": "y"}, body)
    assert (error.status, error.kind, error.message, error.retry_after) == (status, kind, message, 3.0)
    assert error.headers == {"retry-after": "3"}
    assert OLLAMA.read_error(500, {"retry-after": "soon"}, b"").message
    assert OLLAMA.read_error(500, {"retry-after": "soon"}, b"").retry_after is None


def test_doors() -> None:
    assert (OLLAMA.door("m", stream=True), Ollama(generate=True).door("m", stream=False)) == (
        "/api/chat",
        "/api/generate",
    )
    assert (OLLAMA.name, OLLAMA.stream_type, OLLAMA.usage_filter()) == ("ollama", b"application/x-ndjson", None)


@pytest.mark.parametrize(
    ("body", "stream", "tokens", "has_tools"),
    [
        ({"model": "m", "messages": 7, "options": {"num_predict": 9, "seed": "x"}, "tools": [{}]}, True, 9, True),
        ({"model": "m", "stream": False, "options": {"num_predict": -1}, "tools": []}, False, None, False),
        ({"model": "m"}, True, None, False),
    ],
)
def test_peek(body: dict[str, Any], stream: bool, tokens: int | None, has_tools: bool) -> None:
    """DESIGN 2: wrong types in members that are not read never reject a request."""
    peek = OLLAMA.peek(json.dumps(body).encode())
    assert (peek.model, peek.stream, peek.max_output_tokens, peek.has_tools) == ("m", stream, tokens, has_tools)


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"model":7}', b'{"stream":"x"}', b"\xff"])
def test_peek_refuses_what_it_cannot_read(body: bytes) -> None:
    with pytest.raises(BadRequest):
        OLLAMA.peek(body)


def test_only_the_model_is_edited() -> None:
    """Law 5: every other byte stays."""
    body = b'{ "messages" : [ ] , "model":"alias" }'
    assert OLLAMA.edit(body, model="qwen3:8b", ask_usage=True) == b'{ "messages" : [ ] , "model":"qwen3:8b" }'
    assert OLLAMA.edit(body, model="alias", ask_usage=True) is body


@pytest.mark.parametrize("stream", [False, True])
def test_a_picture_is_told_in_words(stream: bool) -> None:
    """ollama-python refuses an answer with pictures in it, so its clients get their names."""
    picture = Media(kind="image", media_type="image/png", data="QUJD")
    events: list[Event] = [
        Started(id="x", model="m"),
        BlockOpened(0, Text(text="See: ")),
        BlockClosed(0),
        BlockOpened(1, picture),
        BlockClosed(1),
        Finished(reason="stop"),
    ]
    writer = OLLAMA.writer(Request(dialect="ollama", model="m"), STAMP, stream=stream)
    lines = b"".join(writer.write(event) for event in events).splitlines()
    told = [ollama.ChatResponse.model_validate_json(line) for line in lines]
    words = "".join(line.message.content or "" for line in told)
    assert words == "See: [image (image/png), which this API cannot show]"
