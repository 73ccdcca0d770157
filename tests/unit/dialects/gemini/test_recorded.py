"""Every recorded generateContent, streamGenerateContent and countTokens exchange, through the Gemini dialect.

The oracles are a plain reading of the JSON, written here and sharing no code with the dialect, and
Google's own SDK types. One test a file of recordings, each listing all of its failures.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.genai import models, types

from gophergate.core.blocks import Opaque, Text, Thought, ToolCall
from gophergate.core.events import Event, Failed
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold
from gophergate.core.request import Request
from gophergate.core.usage import Usage
from gophergate.dialects.base import Stamp, Target
from gophergate.dialects.gemini import Gemini
from kit import exchanges

pytestmark = exchanges.wanted

FILES = ("gemini", "vertex", "others")
CHAT = ("generateContent", "streamGenerateContent")
GEMINI = Gemini()
STAMP = Stamp("t" * 24, 1_700_000_000)


def played(file: str, endpoints: tuple[str, ...]) -> Iterator[exchanges.Record]:
    return (record for record in exchanges.records(file) if record["endpoint"] in endpoints)


def play(records: Iterator[exchanges.Record], check: Callable[[exchanges.Record], None]) -> None:
    """Run `check` over all records and list every failing one, which and why."""
    found, seen = [], 0
    for record in records:
        seen += 1
        try:
            check(record)
        except Exception as error:
            found.append(f"{record['id']} ({record['path']}): {type(error).__name__}: {str(error)[:1200]}")
    exchanges.something(seen)
    if found:
        pytest.fail(f"{len(found)} of {seen}:\n" + "\n".join(found), pytrace=False)


def events_of(record: exchanges.Record, size: int = 0) -> list[Event]:
    reader = GEMINI.reader(stream=record["framing"] == "sse", origin="google")
    body = exchanges.response_bytes(record)
    pieces = [body[at : at + size] for at in range(0, len(body), size)] if size else [body]
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [*events, *reader.end()]


def chunks_of(record: exchanges.Record) -> list[dict[str, Any]]:
    text = exchanges.response_bytes(record).decode()
    if record["framing"] != "sse":
        return [json.loads(text)]
    return [json.loads(line[5:]) for line in text.splitlines() if line.startswith("data:")]


def sdk_reading(chunk: dict[str, Any]) -> types.GenerateContentResponse:
    """A chunk as google-genai's client takes it: through its converter for the Vertex API, which names most members."""
    converted = models._GenerateContentResponse_from_vertex(copy.deepcopy(chunk))
    converted.get("usageMetadata", converted.get("usage_metadata", {})).pop("pydantic_ai_gateway", None)
    return types.GenerateContentResponse._from_response(response=converted, kwargs={})


# -- the plain reading ------------------------------------------------------------------------------------------------


def plain(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """What a reply says, read straight from its JSON."""
    said: dict[str, Any] = {"text": "", "thought": "", "calls": [], "seals": [], "own": [], "finish": None}
    usage: dict[str, Any] = {}
    for chunk in chunks:
        usage.update(chunk.get("usageMetadata", {}))
        if "promptFeedback" in chunk:
            said["finish"] = chunk["promptFeedback"]["blockReason"]
        for candidate in chunk.get("candidates", []):
            said["finish"] = candidate.get("finishReason", said["finish"])
            for part in candidate.get("content", {}).get("parts", []):
                token = part.get("thoughtSignature")
                if "text" in part:
                    said["thought" if part.get("thought") else "text"] += part["text"]
                elif call := part.get("functionCall"):
                    said["calls"].append((call.get("id"), call["name"], call.get("args", {})))
                elif kinds := part.keys() - {"thoughtSignature", "thought"}:
                    said["own"].append(sorted(kinds)[0])
                    token = None if "inlineData" not in part else token
                if token:
                    said["seals"].append(token)
    said["usage"] = {
        "prompt": usage.get("promptTokenCount", 0) + usage.get("toolUsePromptTokenCount", 0),
        "cached": usage.get("cachedContentTokenCount"),
        "output": usage.get("totalTokenCount", 0)
        - usage.get("promptTokenCount", 0)
        - usage.get("toolUsePromptTokenCount", 0),
        "thoughts": usage.get("thoughtsTokenCount"),
    }
    return said


def canonical(reply: Reply) -> dict[str, Any]:
    """The same facts, from the folded events."""
    said: dict[str, Any] = {"text": "", "thought": "", "calls": [], "seals": [], "own": []}
    for block in reply.blocks:
        match block:
            case Text():
                said["text"] += block.text
            case Thought():
                said["thought"] += block.text
            case ToolCall():
                given = None if re.fullmatch(r"call_[0-9a-f]{24}", block.id) else block.id
                said["calls"].append((given, block.name, json.loads(block.arguments)))
            case Opaque():
                said["own"].append(block.label)
            case _:
                said["own"].append("inlineData")
        if not isinstance(block, Opaque) and (seal := getattr(block, "seal", None)):
            assert (seal.dialect, seal.origin) == ("gemini", "google")
            said["seals"].append(seal.token)
    usage = reply.usage or Usage()
    said["finish"] = reply.finished.native_reason
    said["usage"] = {
        "prompt": usage.total_input,
        "cached": usage.cache_read,
        "output": usage.total_output,
        "thoughts": usage.reasoning,
    }
    return said


@pytest.mark.parametrize("file", FILES)
def test_replies_say_what_their_json_says(file: str) -> None:
    """R-T1, edge cases 35, 36, 39, 58: a clean lifecycle; text, thoughts, calls, seals, finish and usage as said."""

    def check(record: exchanges.Record) -> None:
        if record["status"] != 200:
            return
        told = canonical(fold(checked(events_of(record))))
        meant = plain(chunks_of(record))
        for name, value in meant.items():
            assert told[name] == value, f"{name}: {told[name]!r} != {value!r}"

    play(played(file, CHAT), check)


@pytest.mark.parametrize("file", FILES)
def test_any_chunking_gives_the_same_events(file: str) -> None:
    """Law 4, R-T3: bytes cut into sevens, through UTF-8 sequences and CRLF, tell the same."""

    def check(record: exchanges.Record) -> None:
        small = len(exchanges.response_bytes(record)) < 40_000
        if small and record["status"] == 200 and (record["streaming"] or file == "others"):
            assert events_of(record, 7) == events_of(record)

    play(played(file, CHAT), check)


@pytest.mark.parametrize("file", ["gemini", "vertex"])
def test_a_cut_stream_never_succeeds(file: str) -> None:
    """R-F2, edge case 5: cut before its last event, every recorded stream fails."""

    def check(record: exchanges.Record) -> None:
        body = exchanges.response_bytes(record)
        cut = body.rstrip().rfind(b"data:")
        reader = GEMINI.reader(stream=True)
        events = reader.feed(body[:cut]) + reader.end()
        assert isinstance(checked(events)[-1], Failed)

    play(played(file, ("streamGenerateContent",)), check)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("file", FILES)
def test_our_writer_says_it_again_to_the_sdk(file: str, stream: bool) -> None:
    """R-T2, R-T4: events written for Gemini's clients and read by Google's own types equal the provider's words."""

    def check(record: exchanges.Record) -> None:
        if record["status"] != 200:
            return
        writer = GEMINI.writer(Request(dialect="gemini", model="m"), STAMP, stream=stream)
        written = b"".join(writer.write(event) for event in events_of(record))
        lines = [line[5:] for line in written.splitlines() if line.startswith(b"data:")] if stream else [written]
        chunks = [json.loads(line) for line in lines]
        for chunk in chunks:
            sdk_reading(chunk)
        told, meant = plain(chunks), plain(chunks_of(record))
        told["calls"] = [call[1:] for call in told["calls"]]
        meant["calls"] = [call[1:] for call in meant["calls"]]
        for name, value in meant.items():
            assert told[name] == value, f"{name}: {told[name]!r} != {value!r}"
        extras = [
            name
            for chunk in chunks_of(record)
            for candidate in chunk.get("candidates", [])
            for name in candidate
            if name not in {"content", "index"}
        ]
        assert set(extras) <= {
            name for chunk in chunks for candidate in chunk.get("candidates", []) for name in candidate
        }

    play(played(file, CHAT), check)


@pytest.mark.parametrize("file", FILES)
def test_googles_sdk_reads_the_same(file: str) -> None:
    """R-T4: text, calls and finish as google-genai reads them, for every body that its newest types accept."""

    def check(record: exchanges.Record) -> None:
        if record["status"] != 200:
            return
        try:
            responses = [sdk_reading(chunk) for chunk in chunks_of(record)]
        except ValueError:
            return  # an older or newer field: the plain reading above is the oracle there
        parts = [
            part
            for response in responses
            for candidate in response.candidates or []
            for part in (candidate.content.parts if candidate.content and candidate.content.parts else [])
        ]
        told = canonical(fold(events_of(record)))
        assert told["text"] == "".join(part.text or "" for part in parts if not part.thought)
        assert told["thought"] == "".join(part.text or "" for part in parts if part.thought)
        calls = [part.function_call for part in parts if part.function_call]
        assert [call[1:] for call in told["calls"]] == [(call.name, call.args or {}) for call in calls]

    play(played(file, CHAT), check)


@pytest.mark.parametrize("file", FILES)
def test_errors_keep_what_was_said(file: str) -> None:
    """R-E1, edge case 55: message, status and family of every recorded error."""

    def check(record: exchanges.Record) -> None:
        if record["status"] == 200:
            return
        body = exchanges.response_bytes(record)
        error = GEMINI.read_error(record["status"], record["response_headers"], body)
        meant = json.loads(body)["error"]
        assert error.message == meant["message"]
        assert (error.status, error.code) == (record["status"], meant["status"])
        assert json.loads(GEMINI.write_error(error, "req"))["error"]["status"] == meant["status"]
        if "API_KEY_INVALID" in body.decode():
            assert error.kind == "authentication"
        if record["status"] == 429:
            assert error.kind == "rate_limit"
            assert error.retry_after is None or error.retry_after > 0

    records = [record for record in played(file, (*CHAT, "countTokens")) if record["status"] != 200]
    play(iter(records), check)


# -- requests ---------------------------------------------------------------------------------------------------------

SCHEMAS = {"parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema"}
DATA = {"args", "response", "labels"}


def camel(value: Any, inside: str = "") -> Any:
    """A request body in one spelling. What is data or a schema is left alone."""
    if isinstance(value, list):
        return [camel(entry, inside) for entry in value]
    if not isinstance(value, dict) or inside in DATA | SCHEMAS:
        return value
    named = {re.sub(r"_([a-z])", lambda found: found[1].upper(), name): inner for name, inner in value.items()}
    return {name: camel(inner, name) for name, inner in named.items()}


def json_schema(schema: Any) -> Any:
    """Google's Schema and JSON Schema in one form: lower-case types, camelCase keywords, no order of properties."""
    if isinstance(schema, list):
        return [json_schema(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    out: dict[str, Any] = {}
    for key, value in schema.items():
        name = {"any_of": "anyOf", "property_ordering": "propertyOrdering"}.get(key, key)
        if name == "propertyOrdering":
            continue  # the order of the properties themselves says it
        if name == "type" and isinstance(value, str):
            value = value.lower()
        elif name in {"properties", "$defs"}:
            value = {inner: json_schema(one) for inner, one in value.items()}
        elif name in {"items", "anyOf", "oneOf", "additionalProperties", "prefixItems"}:
            value = json_schema(value)
        out[name] = value
    if out.pop("nullable", False) and "enum" in out:  # beside an enum JSON Schema's null needs its own branch
        inner = {name: out.pop(name) for name in ("type", "enum")}
        out["anyOf"] = [inner, {"type": "null"}]
    elif "nullable" in schema:
        out["type"] = [out["type"], "null"]
    return out


def meaning(body: dict[str, Any]) -> dict[str, Any]:
    """A request body without what makes no difference; each line says why."""
    told = camel(body)
    told = told.get("generateContentRequest", told)  # countTokens wraps the request it counts
    told.pop("model", None)  # stands in the path
    contents: list[dict[str, Any]] = []
    for content in told.get("contents", []):
        role = content.get("role", "user")  # user is the default
        parts = [one for part in content["parts"] if (one := same_part(part)) is not None]
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"] += parts  # Google reads the same role in a row as one turn
        else:
            contents.append({"role": role, "parts": parts})
    told["contents"] = contents
    if "systemInstruction" in told:
        told["systemInstruction"].pop("role", None)  # ignored by Google
    tools = told.pop("tools", [])
    functions: dict[str, Any] = {}
    told["tools"] = []
    for tool in tools if isinstance(tools, list) else [tools]:  # protobuf JSON takes one without its list
        for name, value in tool.items():
            if name != "functionDeclarations":
                told["tools"].append({name: value})
                continue
            for function in value:
                schema = function.pop("parameters", None) or function.pop("parametersJsonSchema", None)
                function["description"] = function.get("description") or None  # "" is the default
                functions[function["name"]] = {**function, "schema": json_schema(schema) or None}
    told["functions"] = functions
    config = told.get("generationConfig", {})
    for name in ("responseSchema", "responseJsonSchema"):
        if name in config:
            config["schema"] = json_schema(config.pop(name))
            config.setdefault("responseMimeType", "application/json")
    thinking = config.get("thinkingConfig", {})
    if thinking.get("includeThoughts") is False:
        del thinking["includeThoughts"]  # the default
    if "thinkingLevel" in thinking:
        thinking["thinkingLevel"] = thinking["thinkingLevel"].upper()  # recorded in both cases, accepted in both
    calling = told.get("toolConfig", {}).get("functionCallingConfig", {})
    if "mode" in calling:
        calling["mode"] = calling["mode"].upper()  # likewise
    return prune(told)


def same_part(part: dict[str, Any]) -> dict[str, Any] | None:
    if part == {"text": ""}:
        return None  # says nothing, and Google refuses it where it stands alone
    part = dict(part)
    for name in ("inlineData", "functionResponse"):
        for blob in [part.get(name, {}), *(p.get("inlineData", {}) for p in part.get(name, {}).get("parts", []))]:
            if "data" in blob:
                blob["data"] = blob["data"].replace("-", "+").replace("_", "/")  # one of two alphabets
    if part.get("thought") and part.get("text") == "":
        del part["text"]
    return part


def prune(value: Any) -> Any:
    """Without empty messages: protobuf does not tell them from absent ones."""
    if isinstance(value, dict):
        pruned = {name: prune(inner) for name, inner in value.items() if name not in DATA}
        pruned |= {name: inner for name, inner in value.items() if name in DATA}
        return {name: inner for name, inner in pruned.items() if name in DATA or inner not in ({}, [], None)}
    return [prune(entry) for entry in value] if isinstance(value, list) else value


@pytest.mark.parametrize("file", FILES)
def test_requests_keep_their_meaning(file: str) -> None:
    """R-S1, R-T2, edge cases 37, 38, 41, 42: read and written to Gemini again, a recorded request says the same,
    nothing dropped, and reading that gives the same request."""

    def check(record: exchanges.Record) -> None:
        if not record["request_body"]:
            return
        request = GEMINI.read_request(exchanges.request_bytes(record), model="m", stream=record["streaming"])
        written = GEMINI.write_request(request, Target(model="m"))
        assert written.dropped == ()
        told = meaning(json.loads(json.dumps(written.body)))
        meant = meaning(json.loads(exchanges.request_bytes(record)))
        for name in {**meant, **told}:
            assert told.get(name) == meant.get(name), f"{name}: {told.get(name)!r} != {meant.get(name)!r}"
        again = GEMINI.read_request(json.dumps(written.body).encode(), model="m", stream=record["streaming"])
        assert GEMINI.write_request(again, Target(model="m")).body == written.body

    play(played(file, (*CHAT, "countTokens")), check)


@pytest.mark.parametrize("file", FILES)
def test_the_verbatim_path_reads_and_keeps_the_bytes(file: str) -> None:
    """Law 5, R-S1: `edit` gives the identical bytes, and `peek` sees what a full reading sees."""

    def check(record: exchanges.Record) -> None:
        if not record["request_body"] or record["endpoint"] == "countTokens":
            return
        body = exchanges.request_bytes(record)
        assert GEMINI.edit(body, model="other", ask_usage=True) is body
        request = GEMINI.read_request(body, model="m", stream=True)
        peek = GEMINI.peek(body, model="m", stream=True)
        assert (peek.model, peek.stream) == ("m", True)
        assert peek.max_output_tokens == request.max_output_tokens
        assert (peek.n, peek.has_tools) == (request.n or 1, bool(request.tools))

    play(played(file, CHAT), check)
