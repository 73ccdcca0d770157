"""The Messages dialect against recorded traffic: every exchange of its endpoints, in every file.

The vendor's own SDK accumulates what it can; where its types refuse a field that is older or newer than they are,
the plain JSON is read instead, by the few lines of `_plain_stream`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from gophergate.core.blocks import Opaque, Text, Thought, ToolCall
from gophergate.core.events import Failed
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold, unfold
from gophergate.core.request import Request
from gophergate.core.usage import Usage
from gophergate.dialects.anthropic_messages import AnthropicMessages
from gophergate.dialects.base import Stamp, Target, encode
from kit import exchanges
from kit.anthropic_sdk import Player

MESSAGES = AnthropicMessages()
FILES = exchanges.files()

pytestmark = exchanges.wanted


def _records(file: str, *endpoints: str) -> list[exchanges.Record]:
    return [record for record in exchanges.records(file) if record["endpoint"] in endpoints]


def _all_pass(records: list[exchanges.Record], check: Callable[[exchanges.Record], None]) -> None:
    """One test a file, all its failures listed."""
    failures: list[str] = []
    for record in records:
        try:
            check(record)
        except Exception as error:
            failures.append(f"{record['id']} ({record['path']}): {type(error).__name__}: {str(error)[:600]}")
    assert not failures, f"{len(failures)} of {len(records)} recordings:\n" + "\n".join(failures)


# -- replies ------------------------------------------------------------------------------------------------------


def _reply(body: bytes, *, stream: bool, step: int = 0) -> Reply:
    reader = MESSAGES.reader(stream=stream, origin="anthropic")
    events = []
    for at in range(0, len(body), step or len(body) or 1):
        events += reader.feed(body[at : at + (step or len(body))])
    return fold(checked(events + reader.end()))


def _plain_stream(body: bytes) -> dict[str, Any]:
    """A stream accumulated by the letter of the documentation."""
    message: dict[str, Any] = {}
    pieces: dict[int, str] = {}
    for line in body.decode().splitlines():
        if not line.startswith("data:"):
            continue
        event = json.loads(line[5:])
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_start":
                message["content"].append(event["content_block"])
            case "content_block_delta":
                block, delta = message["content"][event["index"]], event["delta"]
                match delta.pop("type"):
                    case "text_delta":
                        block["text"] += delta["text"]
                    case "thinking_delta":
                        block["thinking"] += delta["thinking"]
                    case "signature_delta":
                        block["signature"] = delta["signature"]
                    case "input_json_delta":
                        pieces[event["index"]] = pieces.get(event["index"], "") + delta["partial_json"]
                    case "citations_delta":
                        block["citations"] = [*(block.get("citations") or []), delta["citation"]]
                    case _:
                        block.update(delta)
            case "message_delta":
                message.update(event["delta"])
                message["usage"].update(event["usage"])
    for index, text in pieces.items():
        if text:
            message["content"][index]["input"] = json.loads(text)
    return message


def _tokens(usage: dict[str, Any]) -> Usage:
    """The usage to expect. Compaction passes are billed though they stand apart: they are added."""

    def total(name: str) -> int | None:
        values = [usage.get(name), *(one[name] for one in usage.get("iterations") or [] if one["type"] == "compaction")]
        return sum(value or 0 for value in values) if any(value is not None for value in values) else None

    written = total("cache_creation_input_tokens")
    uses = usage.get("server_tool_use")
    hour = (usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens")
    return Usage(
        input=total("input_tokens"),
        cache_read=total("cache_read_input_tokens"),
        cache_write=None if written is None else written - (hour or 0),
        cache_write_1h=hour,
        output=total("output_tokens"),
        reasoning=(usage.get("output_tokens_details") or {}).get("thinking_tokens"),
        tool_uses={name.removesuffix("_requests"): count for name, count in uses.items()} if uses else None,
    )


def _compare(reply: Reply, message: dict[str, Any]) -> None:
    expected = [block for block in message["content"] if block != {**block, "type": "text", "text": ""}]
    assert len(reply.blocks) == len(expected)
    for block, wire in zip(reply.blocks, expected, strict=True):
        match block:
            case Text():
                assert (wire["type"], wire["text"]) == ("text", block.text)
                assert [citation.native for citation in block.citations] == (wire.get("citations") or [])
            case Thought(redacted=True):
                assert block.seal is not None
                assert wire == {"type": "redacted_thinking", "data": block.seal.token}
            case Thought():
                token = block.seal.token if block.seal else ""
                assert wire == {"type": "thinking", "thinking": block.text, "signature": token}
            case ToolCall():
                assert (wire["type"], wire["id"], wire["name"]) == ("tool_use", block.id, block.name)
                assert json.loads(block.arguments) == wire["input"]
            case Opaque():
                assert block.data == wire
            case _:
                raise AssertionError(f"a model of this wire says no {block}")
    assert reply.finished.native_reason == message["stop_reason"]
    assert reply.finished.stop_sequence == message.get("stop_sequence")
    assert reply.started.id == message["id"]
    assert reply.started.model == message["model"]
    hour = reply.usage.cache_write_1h if reply.usage else None
    expected_usage = _tokens(message["usage"])
    if message["usage"].get("iterations") and hour is not None:
        # Both classes of a compaction pass are added; its total stands in the recordings without the split.
        expected_usage = _tokens({**message["usage"], "cache_creation": {"ephemeral_1h_input_tokens": hour}})
    assert reply.usage == expected_usage


@pytest.mark.parametrize("file", FILES)
def test_every_recorded_reply_reads_as_the_documentation_says(file: str) -> None:
    """R-T1, edge cases 20, 21, 23, 24: blocks in order, seals byte for byte, usage merged and never summed."""

    def check(record: exchanges.Record) -> None:
        body, stream = exchanges.response_bytes(record), record["framing"] == "sse"
        reply = _reply(body, stream=stream)
        _compare(reply, _plain_stream(body) if stream else json.loads(body))

    _all_pass([r for r in _records(file, "messages") if r["status"] == 200], check)


@pytest.mark.parametrize("file", FILES)
def test_every_recorded_stream_reads_the_same_in_any_chunking(file: str) -> None:
    """R-T3, edge cases 1 and 2: split anywhere, also with CRLF line ends, the events are equal."""

    def check(record: exchanges.Record) -> None:
        body = exchanges.response_bytes(record)
        whole = _reply(body, stream=True)
        for step in (1, 7, 64):
            assert _reply(body, stream=True, step=step) == whole
        assert _reply(body.replace(b"\n", b"\r\n"), stream=True, step=5) == whole

    streams = [r for r in _records(file, "messages") if r["status"] == 200 and r["framing"] == "sse"]
    _all_pass(streams[:12], check)


@pytest.mark.parametrize("file", FILES)
def test_a_recorded_stream_cut_anywhere_is_never_a_success(file: str) -> None:
    """R-F2, law 3, edge case 5: end of file before a finish reason is a failure."""

    def check(record: exchanges.Record) -> None:
        body = exchanges.response_bytes(record)
        end = body.index(b'"stop_reason":"', body.index(b'"message_delta"')) if b'"message_delta"' in body else 0
        for cut in range(0, end, max(end // 40, 1)):
            reader = MESSAGES.reader(stream=True)
            events = checked(reader.feed(body[:cut]) + reader.end())
            assert isinstance(events[-1], Failed), cut

    _all_pass([r for r in _records(file, "messages") if r["framing"] == "sse"], check)


@pytest.mark.parametrize("file", FILES)
def test_every_recorded_reply_survives_our_writer_and_the_vendor_s_sdk(file: str) -> None:
    """R-T4, R-C1: read, written to this dialect again, and read by the vendor's SDK, nothing that it shows is lost."""

    player = Player()

    def check(record: exchanges.Record) -> None:
        body, streamed = exchanges.response_bytes(record), record["framing"] == "sse"
        reply = _reply(body, stream=streamed)
        for stream in (True, False):
            writer = MESSAGES.writer(Request(dialect="anthropic_messages", model="m"), Stamp("t0k", 0), stream=stream)
            written = b"".join(writer.write(event) for event in unfold(reply))
            said = player.streamed(written) if stream else player.message(written)
            plain = _plain_stream(body) if streamed else json.loads(body)
            plain["content"] = [b for b in plain["content"] if b != {**b, "type": "text", "text": ""}]
            assert _without_nulls(said["content"]) == _without_nulls(plain["content"])
            assert said["stop_reason"] == plain["stop_reason"]
            assert said["usage"]["output_tokens"] == plain["usage"]["output_tokens"]
            assert said["usage"]["input_tokens"] == plain["usage"]["input_tokens"]
            assert _spaced(_reply(written, stream=stream)) == _spaced(reply)

    _all_pass([r for r in _records(file, "messages") if r["status"] == 200], check)


def _spaced(reply: Reply) -> list[Any]:
    """The blocks, calls' arguments without their white space: a whole body holds an object, not the model's text."""
    return [
        replace(block, arguments=json.dumps(json.loads(block.arguments))) if isinstance(block, ToolCall) else block
        for block in reply.blocks
    ]


def _without_nulls(value: Any) -> Any:
    """Without members that are null, or an empty list of citations: they say the same as none."""
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None and (k, v) != ("citations", [])}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


# -- requests -----------------------------------------------------------------------------------------------------


def _meaning(body: dict[str, Any]) -> dict[str, Any]:
    """A request without the differences that mean nothing, each by the vendor's own documentation:

    a string is one text block; neighbours of one speaker are one turn; in a user's turn results come first; text that
    is empty is no text; false is the default of `stream` and `strict`, "custom" that of a tool's type; null is unsaid,
    as is an empty list of tools, and with it the choice among them.
    """
    out = {k: v for k, v in body.items() if v is not None and (k, v) not in (("stream", False), ("tools", []))}
    if isinstance(out.get("system"), str):
        out["system"] = [{"type": "text", "text": out["system"]}]
    merged: list[dict[str, Any]] = []
    for message in body["messages"]:
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else list(content or [])
        blocks = [_block_meaning(block) for block in blocks if block.get("text", "x").strip()]
        if merged and merged[-1]["role"] == message["role"] != "system":
            merged[-1]["content"] += blocks
        elif blocks:
            merged.append({**message, "content": blocks})
    for message in merged:
        message["content"].sort(key=lambda block: block["type"] != "tool_result")
    out["messages"] = merged
    if "tools" in out:
        defaults = (("type", "custom"), ("strict", False), ("description", ""))
        out["tools"] = [{k: v for k, v in tool.items() if (k, v) not in defaults} for tool in out["tools"]]
    else:
        out.pop("tool_choice", None)
    return out


def _block_meaning(block: dict[str, Any]) -> dict[str, Any]:
    block = _without_nulls(block)
    if block["type"] == "tool_result":
        content = block.pop("content", None)
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        content = [_without_nulls(part) for part in content or [] if part.get("text", "x").strip()]
        if content:
            block["content"] = content
    return block


@pytest.mark.parametrize("file", FILES)
def test_every_recorded_request_goes_out_as_it_came_in(file: str) -> None:
    """R-S1, R-C1: read and written to the same dialect, a request means what it meant, and nothing is dropped."""

    def check(record: exchanges.Record) -> None:
        body = record["request_body"]
        request = MESSAGES.read_request(encode(body), model="m")
        counting = record["endpoint"] == "messages.count_tokens"
        write = MESSAGES.write_count if counting else MESSAGES.write_request
        written = write(request, Target(model=body.get("model", "m")))
        if counting:
            # The recorder's client sent max_tokens along in one case; the endpoint ignores what does not count.
            body = {k: v for k, v in body.items() if k in written.body or k not in ("max_tokens", "stream")}
        assert _meaning(written.body) == {"model": "m", **_meaning(body)}
        assert written.dropped == ()

    _all_pass([r for r in _records(file, "messages", "messages.count_tokens") if r["has_request"]], check)


@pytest.mark.parametrize("file", FILES)
def test_every_recorded_refusal_reads_as_what_the_provider_said(file: str) -> None:
    """R-E1: status, family, message."""
    kinds = {400: "invalid_request", 401: "authentication", 404: "not_found"}

    def check(record: exchanges.Record) -> None:
        body = exchanges.response_bytes(record)
        error = MESSAGES.read_error(record["status"], record["response_headers"], body)
        told = json.loads(body)["error"]
        assert (error.status, error.kind) == (record["status"], kinds[record["status"]])
        assert (error.message, error.code) == (told["message"], told["type"])

    _all_pass([r for r in _records(file, "messages", "messages.count_tokens") if r["status"] != 200], check)


def test_there_is_something_to_play() -> None:
    """The tests above pass over nothing without the recordings: here is how many there are at least."""
    assert sum(len(_records(file, "messages", "messages.count_tokens")) for file in FILES)
