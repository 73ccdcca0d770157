"""Every recorded Responses exchange: read, written again, and held against the vendor's own reading (R-T1, R-T2, R-T3,
R-T4, R-S1, edge cases 7, 27, 44, 45). One test per file and question; each lists all its failures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openai.types.responses import ResponseOutputItem
from pydantic import TypeAdapter, ValidationError

from gophergate.core.blocks import Media, Opaque, Text, Thought, ToolCall
from gophergate.core.events import Event, Failed
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold
from gophergate.core.request import Request
from gophergate.dialects.base import Stamp, Target, encode
from gophergate.dialects.openai_responses import OpenAIResponses, to_response_object
from gophergate.dialects.sse import SseDecoder
from gophergate.errors import UpstreamRefused
from kit import exchanges
from kit.responses_sdk import Player, events_of

ME = "openai_responses"
DIALECT = OpenAIResponses()
STAMP = Stamp("abcdefghijkl0123456789zz", 1_700_000_000)
ENDPOINTS = ("responses", "responses.compact", "responses.input_tokens")
FILES = [
    *("azure", "bedrock-mantle", "deepseek", "openai", "openrouter", "others", "xai"),
]
LONGEST_FOR_THE_SDK = 60_000
"""Bytes of a stream that the SDK is asked to accumulate: it is slow, and long streams differ only in length."""

pytestmark = exchanges.wanted
Record = dict[str, Any]


def replies(file: str) -> Iterator[Record]:
    """The answers of 200. Two records of embeddings stand under this endpoint by mistake."""
    for record in exchanges.records(file):
        if record["endpoint"] not in ("responses", "responses.compact") or record["status"] != 200:
            continue
        if record["framing"] == "sse" or json.loads(exchanges.response_bytes(record)).get("object") != "list":
            yield record


def failures(records: Iterator[Record], check: Callable[[Record], None]) -> list[str]:
    found = []
    seen = 0
    for record in records:
        seen += 1
        try:
            check(record)
        except (AssertionError, ValidationError, KeyError, RuntimeError) as error:
            found.append(f"{record['id']} {record['path']}: {type(error).__name__} {str(error)[:400]}")
    exchanges.something(seen)
    return found


def events(record: Record, piece: int = 0) -> list[Event]:
    reader = DIALECT.reader(stream=record["framing"] == "sse", origin="maker")
    data = exchanges.response_bytes(record)
    step = piece or len(data)
    read = [event for at in range(0, len(data), step) for event in reader.feed(data[at : at + step])]
    return checked(read + reader.end())


def said(record: Record) -> dict[str, Any]:
    """The response object as the provider told it. Of a stream, each item as its own `done` told it: encrypted
    reasoning is encrypted anew for `response.completed`, and both are good."""
    if record["framing"] != "sse":
        return json.loads(exchanges.response_bytes(record))  # type: ignore[no-any-return]
    decoder = SseDecoder()
    data = exchanges.response_bytes(record)
    final: dict[str, Any] = {}
    done: dict[str, Any] = {}
    for _, line in decoder.feed(data) + decoder.end():
        event = json.loads(line) if line != b"[DONE]" else {}
        if event.get("type") == "response.output_item.done":
            done[f"{event['output_index']} {event['item'].get('id')}"] = event["item"]
        if event.get("type") in ("response.completed", "response.incomplete"):
            final = event["response"]
    told = [done.get(f"{index} {item.get('id')}", item) for index, item in enumerate(final["output"])]
    return {**final, "output": told or list(done.values())}


def plainly(output: list[dict[str, Any]]) -> dict[str, Any]:
    """What an output says, read without any of our code."""
    found: dict[str, Any] = {"text": "", "calls": [], "thoughts": [], "sources": [], "others": []}
    for item in output:
        match item["type"]:
            case "message" if item["role"] == "assistant":
                for part in item["content"]:
                    found["text"] += part.get("text") or part.get("refusal") or ""
                    found["sources"] += part.get("annotations") or []
            case "function_call" | "custom_tool_call":
                arguments = item.get("arguments", item.get("input"))
                found["calls"].append((item["call_id"], item["name"], arguments, item.get("namespace", "")))
            case "reasoning":
                parts = item.get("content") or item["summary"]
                thought = "\n\n".join(part["text"] for part in parts)
                found["thoughts"].append((thought, item.get("encrypted_content")))
            case _:
                found["others"].append(json.dumps(item, sort_keys=True))
    found["others"].sort()
    return found


def canonically(reply: Reply) -> dict[str, Any]:
    """The same of our reading."""
    found: dict[str, Any] = {"text": "", "calls": [], "thoughts": [], "sources": [], "others": []}
    for block in reply.blocks:
        match block:
            case Text():
                found["text"] += block.text
                found["sources"] += [citation.native for citation in block.citations]
            case ToolCall():
                found["calls"].append((block.id, block.name, block.arguments, block.namespace))
            case Thought():
                found["thoughts"].append((block.text, block.seal.token if block.seal else None))
            case Opaque():
                found["others"].append(json.dumps(block.data, sort_keys=True))
            case Media(kind="image", extra={"openai_responses": {"_item": item}}):
                found["others"].append(json.dumps({**item, "result": block.data}, sort_keys=True))
            case _:
                raise AssertionError(block)
    found["others"].sort()
    return found


@pytest.mark.parametrize("file", FILES)
def test_every_reply_is_read_as_its_json_says(file: str) -> None:
    def check(record: Record) -> None:
        reply = fold(events(record))
        response = said(record)
        assert canonically(reply) == plainly(response["output"])
        assert reply.started.id == response["id"]
        incomplete = (response.get("incomplete_details") or {}).get("reason")
        status = response.get("status", "")
        calls = any(item["type"] in ("function_call", "custom_tool_call") for item in response["output"])
        expected = "length" if incomplete else "pause" if status in ("queued", "in_progress") else "stop"
        assert reply.reason == ("tool_calls" if calls and expected == "stop" else expected)
        used = response.get("usage")
        assert (reply.usage is None) == (used is None)
        if used is not None and reply.usage is not None:
            assert (reply.usage.total_input, reply.usage.output) == (used["input_tokens"], used["output_tokens"])
            assert reply.usage.cache_read == (used.get("input_tokens_details") or {}).get("cached_tokens")
            assert reply.usage.reasoning == (used.get("output_tokens_details") or {}).get("reasoning_tokens")

    assert failures(replies(file), check) == []


@pytest.mark.parametrize("file", FILES)
def test_every_stream_gives_the_same_events_in_any_pieces(file: str) -> None:
    """R-T3."""

    def check(record: Record) -> None:
        assert events(record, piece=61) == events(record)

    streams = (record for record in replies(file) if record["framing"] == "sse")
    found = failures(streams, check) if file not in ("others", "openrouter") else []
    assert found == []


@pytest.mark.parametrize("file", FILES)
def test_every_reply_written_again_says_the_same(file: str) -> None:
    """Same dialect, translated: the events are whole, the body equals the last of them, reading them gives it back."""

    def check(record: Record) -> None:
        told = events(record)
        request = request_of(record)
        writer = DIALECT.writer(request, STAMP, stream=True)
        stream = b"".join(writer.write(event) for event in told)
        if is_known_to_the_sdk(record):
            events_of(stream)
        body = DIALECT.writer(request, STAMP, stream=False)
        whole = json.loads(b"".join(body.write(event) for event in told))
        assert whole == to_response_object(fold(told), request, STAMP)
        expected = canonically(fold(told))
        assert plainly(whole["output"]) == expected
        reader = DIALECT.reader(stream=True, origin="maker")
        again = fold(checked(reader.feed(stream) + reader.end()))
        assert canonically(again) == expected
        # A background response has no stream of its own: written as one, it ends like any other.
        assert again.reason == ("stop" if fold(told).reason == "pause" else fold(told).reason)

    wanted = (record for record in replies(file) if record["endpoint"] == "responses")
    assert failures(wanted, check) == []


ITEM: TypeAdapter[Any] = TypeAdapter(ResponseOutputItem)


def is_known_to_the_sdk(record: Record) -> bool:
    """False for recordings with items of server tools in a form that today's types refuse; they pass as sent."""
    ours = ("message", "reasoning", "function_call")
    try:
        for item in said(record)["output"]:
            if item["type"] not in ours:
                ITEM.validate_python(item)
    except ValidationError:
        return False
    return True


def request_of(record: Record) -> Request:
    if not isinstance(record["request_body"], dict):
        return Request(dialect=ME, model="m")  # A stored response that was asked for again.
    return DIALECT.read_request(exchanges.request_bytes(record))


@pytest.mark.parametrize("file", FILES)
def test_every_reply_written_again_is_what_the_sdk_reads(file: str) -> None:
    """R-T4: the vendor's SDK reads our bytes as it reads the provider's."""
    player = Player()

    def check(record: Record) -> None:
        told = events(record)
        response = said(record)
        streams = record["framing"] == "sse"
        writer = DIALECT.writer(request_of(record), STAMP, stream=streams)
        ours = b"".join(writer.write(event) for event in told)
        read = player.streamed(ours) if streams and response["status"] == "completed" else None
        if not streams:
            read = player.response(ours)
            assert read.output_text == player.response(exchanges.response_bytes(record)).output_text
        if read is not None:
            assert read.output_text == plainly(response["output"])["text"]
            calls = [(item.call_id, item.arguments) for item in read.output if item.type == "function_call"]
            assert calls == [(c[0], c[2]) for c in plainly(response["output"])["calls"]][: len(calls)]

    wanted = (
        record
        for record in replies(file)
        if record["endpoint"] == "responses"
        and len(exchanges.response_bytes(record)) < LONGEST_FOR_THE_SDK
        and is_known_to_the_sdk(record)
    )
    assert failures(wanted, check) == []


def without_nothing(value: Any) -> Any:
    """JSON without what says nothing: null members (null is every member's default here), a `stream` of false, and
    empty descriptions of tools."""
    if isinstance(value, dict):
        said_nothing = {"stream": False, "description": ""}
        return {
            name: without_nothing(member)
            for name, member in value.items()
            if member is not None and not (name in said_nothing and member == said_nothing[name])
        }
    if isinstance(value, list):
        return [without_nothing(member) for member in value]
    return value


@pytest.mark.parametrize("file", FILES)
def test_every_request_read_and_written_to_its_own_dialect_is_the_same(file: str) -> None:
    """R-S1. Two records of embeddings stand under this endpoint by mistake; they have no messages to compare."""

    def check(record: Record) -> None:
        body = record["request_body"]
        request = DIALECT.read_request(exchanges.request_bytes(record))
        written = DIALECT.write_request(request, Target(model=body["model"], origin="maker"))
        assert written.dropped == ()
        assert without_nothing(json.loads(encode(written.body))) == without_nothing(body)

    wanted = (
        record
        for record in exchanges.records(file)
        if record["endpoint"] in ENDPOINTS
        and isinstance(record["request_body"], dict)
        and "encoding_format" not in record["request_body"]
    )
    assert failures(wanted, check) == []


def test_every_recorded_refusal_is_read() -> None:
    """Edge cases 27 and 55."""
    kinds = {400: {"invalid_request", "authentication"}, 401: {"authentication"}}
    seen = 0
    for record in exchanges.every(*ENDPOINTS):
        if record["status"] != 200:
            error = DIALECT.read_error(record["status"], record["response_headers"], exchanges.response_bytes(record))
            assert error.kind in kinds.get(error.status, {error.kind}), record["id"]
            assert error.message, record["id"]
            assert not error.message.startswith("{"), record["id"]
            seen += 1
    exchanges.something(seen)


def test_no_recorded_stream_that_is_cut_is_a_success() -> None:
    """R-F2: a recorded stream, cut before its last event, at every event."""
    record = next((record for record in replies("azure") if record["framing"] == "sse"), None)
    exchanges.something(record)
    assert record is not None
    data = exchanges.response_bytes(record)
    last = data.rfind(b"event: response.completed")
    at = data.find(b"\n\n")
    while at < last:
        reader = DIALECT.reader(stream=True)
        read = checked(reader.feed(data[:at]) + reader.end())
        assert isinstance(read[-1], Failed)
        assert not isinstance(read[-1].error, UpstreamRefused)
        at = data.find(b"\n\n", at + 2)
        if at < 0:
            break
