"""Every recorded exchange of the Chat wire, from about thirty services: read, written again, and held against a
plain reading of the same JSON that shares no code with the dialect."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from gophergate.core.blocks import Text, Thought, ToolCall
from gophergate.core.events import Event, Failed, Finished, Started
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold
from gophergate.core.request import Request
from gophergate.dialects.base import Stamp, Target, Traits
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.errors import UpstreamBroken, UpstreamRefused
from kit import exchanges

CHAT = OpenAIChat()
STAMP = Stamp("abcdefghijklmnopqrstuvwx", 1_790_000_000)
FILES = [f for f in exchanges.files() if any(r["endpoint"] == "chat.completions" for r in exchanges.records(f))]
TOLD_FAILURES = {
    "e08c30887e0440ae": UpstreamRefused,  # gpustack: an `error:` line in place of the end
    "4321cfc74cdaab36": UpstreamRefused,  # Groq: tool_use_failed inside a 200
    "0773fb6160ab071f": UpstreamRefused,
    "2e7cb1f87b6a3c8b": UpstreamRefused,  # OpenRouter: "Token limit reached" inside a 200
    "40dfdb96e39a1ae9": UpstreamBroken,  # not chat at all: a tracing service's JSON under the same path
    "24fcdae96cae65b4": UpstreamBroken,
}


def recorded(file: str) -> list[exchanges.Record]:
    return [
        record
        for record in exchanges.records(file)
        if record["endpoint"] == "chat.completions" and record["framing"] != "binary"
    ]


def answers(file: str) -> list[exchanges.Record]:
    return [record for record in recorded(file) if record["status"] == 200]


def asked(record: exchanges.Record) -> bool:
    return isinstance(record["request_body"], dict) and "messages" in record["request_body"]


def read(record: exchanges.Record, pieces: list[bytes] | None = None) -> list[Event]:
    reader = CHAT.reader(stream=record["framing"] == "sse", origin="maker")
    events: list[Event] = []
    for piece in pieces or [exchanges.response_bytes(record)]:
        events.extend(reader.feed(piece))
    return checked(events + reader.end())


def chunks_of(record: exchanges.Record) -> list[dict[str, Any]]:
    body = exchanges.response_bytes(record).decode()
    if record["framing"] != "sse":
        return [json.loads(body)]
    told = re.findall(r"^data: ?(.*?)\r?$", body, re.MULTILINE)
    return [json.loads(data) for data in told if data != "[DONE]"]


class Plain:
    """What a record says, read in the plainest way: pieces of a member joined, the last usage, the finish word."""

    def __init__(self, record: exchanges.Record) -> None:
        self.text = self.thought = ""
        self.calls: dict[Any, list[str]] = {}
        self.reason = ""
        self.usage: dict[str, Any] | None = None
        for chunk in chunks_of(record):
            self.usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage") or self.usage
            for choice in chunk.get("choices") or []:
                whole = choice.get("message") if record["framing"] != "sse" else None
                self._add(whole or choice.get("delta") or {})
                self.reason = choice.get("finish_reason") or self.reason
        self._split_tags()

    def _add(self, said: dict[str, Any]) -> None:
        content = said.get("content") or ""
        if isinstance(content, list):
            for part in content:
                self.text += part.get("text") or ""
                self.thought += "".join(p.get("text") or "" for p in part.get("thinking") or [])
        else:
            self.text += content
        details = "".join((d.get("text") or d.get("summary") or "") for d in said.get("reasoning_details") or [])
        self.thought += details or said.get("reasoning_content") or said.get("reasoning") or ""
        for call in said.get("tool_calls") or []:
            key = call.get("index", call.get("id"))
            known = self.calls.setdefault(key, ["", "", ""])
            known[0] = known[0] or call.get("id") or ""
            known[1] = known[1] or call["function"].get("name") or ""
            known[2] += call["function"].get("arguments") or ""

    def _split_tags(self) -> None:
        found = re.match(r"\s*<think>\s*(.*?)(?:</think>\s*(.*)|$)", self.text, re.DOTALL)
        if found:
            self.thought, self.text = found[1], found[2] or ""


def words(reply: Reply) -> str:
    return "".join(block.text for block in reply.blocks if isinstance(block, Text))


def thoughts(reply: Reply) -> str:
    return "".join(block.text for block in reply.blocks if isinstance(block, Thought))


def calls(reply: Reply) -> list[list[str]]:
    return [[b.id, b.name, b.arguments] for b in reply.blocks if isinstance(b, ToolCall)]


def difference(record: exchanges.Record) -> str:
    events = read(record)
    last = events[-1]
    if record["id"] in TOLD_FAILURES:
        expected = TOLD_FAILURES[record["id"]]
        return "" if isinstance(last, Failed) and type(last.error) is expected else f"ended with {last}"
    if isinstance(last, Failed):
        return f"failed: {last.error}"
    reply, plain = fold(events), Plain(record)
    if words(reply) != plain.text:
        return f"text {words(reply)[:80]!r}, plainly {plain.text[:80]!r}"
    if thoughts(reply) != plain.thought:
        return f"thought {thoughts(reply)[:80]!r}, plainly {plain.thought[:80]!r}"
    if calls(reply) != list(plain.calls.values()):
        return f"calls {calls(reply)}, plainly {list(plain.calls.values())}"
    if reply.finished.native_reason != plain.reason:
        return f"native reason {reply.finished.native_reason!r}, plainly {plain.reason!r}"
    if reply.reason != ("tool_calls" if plain.calls else plain.reason or "stop"):
        return f"reason {reply.reason!r}, plainly {plain.reason!r}"
    return usage_difference(reply, plain.usage)


def usage_difference(reply: Reply, plain: dict[str, Any] | None) -> str:
    usage = reply.usage
    if plain is None or usage is None:
        return "" if plain is None and usage is None else f"usage {usage}, plainly {plain}"
    cached = (plain.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    total = plain["total_tokens"]
    if cached > plain["prompt_tokens"]:
        total += cached  # Grok on Azure counts cached tokens beside the prompt's.
    reasoning = (plain.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    if total == plain["prompt_tokens"] + plain["completion_tokens"] and reasoning > plain["completion_tokens"]:
        total += reasoning  # Vercel for Gemini counts thoughts in neither sum.
    if usage.total_input + usage.total_output != total:
        return f"sums {usage.total_input} + {usage.total_output}, plainly {total} ({plain})"
    if min(usage.input or 0, usage.output or 0) < 0 or (usage.reasoning or 0) > usage.total_output:
        return f"classes that overlap: {usage}"
    reported = plain.get("prompt_tokens_details") or {}
    if "cached_tokens" in reported and usage.cache_read != reported["cached_tokens"]:
        return f"cache read {usage.cache_read}, plainly {reported}"
    return ""


@exchanges.wanted
@pytest.mark.parametrize("file", FILES)
def test_every_answer_reads_as_its_json_does(file: str) -> None:
    """R-T1, edge cases 4, 7, 9 to 12, 14, 16, 17, 54: lifecycle, words, thoughts, calls, reason, usage."""
    found = {record["id"]: why for record in answers(file) if (why := difference(record))}
    assert not found


@exchanges.wanted
@pytest.mark.parametrize("file", FILES)
def test_chunking_changes_nothing(file: str) -> None:
    """Law 4, R-T3: byte by byte, in small random pieces, cut inside UTF-8 and CRLF; the same events."""
    dice = random.Random(file)
    for record in answers(file):
        body = exchanges.response_bytes(record)
        if record["framing"] != "sse" or len(body) > 400_000:
            continue
        size = 1 if len(body) < 12_000 else 257
        pieces, at = [], 0
        while at < len(body):
            step = 1 if size == 1 else dice.randint(1, size)
            pieces.append(body[at : at + step])
            at += step
        assert flat(read(record, pieces)) == flat(read(record)), record["id"]


def flat(events: list[Event]) -> list[Any]:
    return [str(event.error) if isinstance(event, Failed) else event for event in events]


@exchanges.wanted
@pytest.mark.parametrize("file", FILES)
def test_a_cut_stream_never_succeeds(file: str) -> None:
    """R-F2, law 3, edge case 5: cut anywhere before the finish reason, the reply has failed."""
    dice = random.Random(file)
    for record in answers(file):
        body = exchanges.response_bytes(record)
        if record["framing"] != "sse":
            end = len(body.rstrip()) - 1
        else:
            found = re.search(rb'"finish_reason": ?"', body)
            end = found.start() if found else len(body) - len(b"data: [DONE]")
        for _ in range(4):
            cut = dice.randrange(end) if end > 1 else 0
            assert isinstance(read(record, [body[:cut]])[-1], Failed), (record["id"], cut)


@exchanges.wanted
@pytest.mark.parametrize("file", FILES)
def test_written_again_it_reads_the_same(file: str) -> None:
    """R-T2: the reply written for a client, streamed and whole, and read again: the same words, thoughts, calls.

    Two things a message cannot hold: the order between words and calls, and a call whose arguments are no JSON at
    all ("" becomes "{}", which clients can parse).
    """
    request = Request(dialect="openai_chat", model="asked")
    for record in answers(file):
        events = read(record)
        if isinstance(events[-1], Failed):
            continue
        first = fold(events)
        for stream in (True, False):
            writer = CHAT.writer(request, STAMP, stream=stream)
            reader = CHAT.reader(stream=stream, origin="maker")
            written = b"".join(writer.write(event) for event in events)
            again = fold(checked(reader.feed(written) + reader.end()))
            where = (record["id"], stream)
            assert words(again) == words(first), where
            assert thoughts(again) == thoughts(first), where
            assert [b.seal for b in again.blocks if isinstance(b, Thought)] == [
                b.seal for b in first.blocks if isinstance(b, Thought)
            ], where
            ours = [[i or f"call_{STAMP.token}{n}", name, a or "{}"] for n, (i, name, a) in enumerate(calls(first))]
            assert calls(again) == ours, where
            assert (again.reason, again.finished.others) == (first.reason, first.finished.others), where


@exchanges.wanted
@pytest.mark.parametrize("file", FILES)
def test_the_vendors_types_accept_what_we_write(file: str) -> None:
    """Writers are strict: every chunk and body validates against the openai package's own types.

    The provider's own top-level extras are left out here, as they are when a reply crosses dialects.
    """
    request = Request(dialect="openai_chat", model="asked", include_usage=True)
    for record in answers(file):
        events = [bare(event) for event in read(record)]
        if isinstance(events[-1], Failed):
            continue
        if any(c.native for e in events for c in getattr(e, "citations", ()) if (c.native or {}).get("type") == "file"):
            continue  # OpenRouter's file annotations, which openai's types do not know
        body = b"".join(map(CHAT.writer(request, STAMP, stream=False).write, events))
        ChatCompletion.model_validate_json(body, strict=True)
        stream = b"".join(map(CHAT.writer(request, STAMP, stream=True).write, events))
        told = stream.decode().split("\n\n")
        assert told[-2:] == ["data: [DONE]", ""]
        for chunk in told[:-2]:
            ChatCompletionChunk.model_validate_json(chunk.removeprefix("data: "), strict=True)


def bare(event: Event) -> Event:
    if isinstance(event, Started):
        return Started(id=event.id, model=event.model, created=event.created)
    if isinstance(event, Finished):
        return Finished(reason=event.reason, native_reason=event.native_reason, others=event.others)
    return event


# -- requests -------------------------------------------------------------------------------------------------


def same_meaning(value: Any, path: str = "") -> Any:
    """JSON without what provably says nothing in this dialect; each line has its reason."""
    if isinstance(value, dict):
        kept = {k: same_meaning(v, f"{path}.{k}") for k, v in value.items() if v is not None}  # null is unsaid
        if path == "":
            kept.pop("stream_options", None)  # usage is always asked for (R-U4)
            if kept.get("stream") is False:
                del kept["stream"]  # the default
            if kept.get("tools") == []:
                del kept["tools"]  # none, which OpenAI refuses to be told so
            if kept.get("tool_choice") == "any":
                kept["tool_choice"] = "required"  # Mistral's two words for one thing
            if isinstance(kept.get("stop"), str):
                kept["stop"] = [kept["stop"]]
        if path == ".tool_choice":
            kept.setdefault("type", "function")  # the only kind that holds a `function`
        if path == ".messages[]":
            if isinstance(kept.get("content"), list):
                kept["content"] = one_text(kept["content"])
            if kept.get("content") in ("", []):
                del kept["content"]  # nothing said
            if kept.get("tool_calls") == []:
                del kept["tool_calls"]  # none
            if kept.get("reasoning_content") == "":
                del kept["reasoning_content"]  # no thought; who demands the member gets it by a quirk
        if path == ".messages[].tool_calls[]":
            kept.pop("index", None)  # a stream's index says what the position says
            kept.setdefault("type", "function")
        if path == ".messages[].content[]" and isinstance(kept.get("image_url"), str):
            kept["image_url"] = {"url": kept["image_url"]}  # Mistral's short form
        if path == ".messages[].content[]" and isinstance(kept.get("thinking"), list):
            kept["thinking"] = "".join(piece["text"] for piece in kept["thinking"])  # one thought, however cut
        if path in (".tools[]", ".tools[].function"):
            if kept.get("strict") is False:
                del kept["strict"]  # the default in Chat
            if kept.get("description") == "":
                del kept["description"]
            if path == ".tools[]":
                kept.setdefault("type", "function")
        return kept
    if isinstance(value, list):
        return [same_meaning(item, f"{path}[]") for item in value]
    return value


def one_text(parts: list[Any]) -> Any:
    """A list of one plain text says what the text says."""
    if len(parts) == 1 and set(parts[0]) == {"type", "text"} and parts[0]["type"] == "text":
        return parts[0]["text"]
    return parts


@exchanges.wanted
@pytest.mark.parametrize("file", FILES)
def test_every_request_goes_out_as_it_came(file: str) -> None:
    """R-S1, R-C1: read and written to the same dialect, a request keeps its meaning, vendor members included."""
    for record in recorded(file):
        if not asked(record):
            continue
        body = record["request_body"]
        request = CHAT.read_request(exchanges.request_bytes(record))
        limit = "max_completion_tokens" if "max_completion_tokens" in body else "max_tokens"
        target = Target(model=request.model, traits=Traits(max_tokens_member=limit))
        written = CHAT.write_request(request, target)
        assert not written.dropped, record["id"]
        assert same_meaning(written.body) == same_meaning(body), record["id"]
        assert CHAT.read_request(json.dumps(written.body).encode()) == again(request), record["id"]


def again(request: Request) -> Request:
    """The request as it comes back: usage has been asked for."""
    return Request(**{**{f: getattr(request, f) for f in request.__struct_fields__}, "include_usage": request.stream})


@exchanges.wanted
@pytest.mark.parametrize("file", FILES)
def test_a_peek_sees_what_reading_sees(file: str) -> None:
    for record in recorded(file):
        if not asked(record):
            continue
        body = exchanges.request_bytes(record)
        peeked, request = CHAT.peek(body), CHAT.read_request(body)
        assert (peeked.model, peeked.stream, peeked.max_output_tokens, peeked.user) == (
            request.model,
            request.stream,
            request.max_output_tokens,
            request.user,
        )
        assert peeked.has_tools == bool(request.tools)
        edited = json.loads(CHAT.edit(body, model="other", ask_usage=True))
        expected = {**record["request_body"], "model": "other"}
        if request.stream:
            expected["stream_options"] = {**(expected.get("stream_options") or {}), "include_usage": True}
        assert edited == expected


@exchanges.wanted
@pytest.mark.parametrize("file", FILES)
def test_errors_say_what_the_provider_said(file: str) -> None:
    """Edge case 55: the provider's sentence, code and status, whatever its shape."""
    for record in recorded(file):
        if record["status"] < 400:
            continue
        body = exchanges.response_bytes(record)
        error = CHAT.read_error(record["status"], record["response_headers"], body)
        assert error.status == record["status"]
        told = json.loads(body)
        inner = told.get("error", told)
        sentence = inner.get("message") or inner.get("detail")
        assert error.message.startswith(sentence)
        if inner.get("code"):
            assert error.code == str(inner["code"])
        assert error.raw == body.decode()
        assert (
            error.kind
            == {400: "invalid_request", 401: "authentication", 404: "not_found", 429: "rate_limit"}[record["status"]]
        )


@exchanges.wanted
@pytest.mark.parametrize("file", FILES)
def test_the_usage_filter_takes_only_the_usage_chunk(file: str) -> None:
    """Every byte but the extra chunk's passes, at any chunking."""
    dice = random.Random(file)
    for record in answers(file):
        body = exchanges.response_bytes(record)
        if record["framing"] != "sse" or len(body) > 400_000:
            continue
        events = re.split(rb"(?<=\n\n)|(?<=\r\n\r\n)", body)
        expected = b"".join(event for event in events if not is_usage_chunk(event))
        usage_filter = CHAT.usage_filter()
        at, passed = 0, b""
        while at < len(body):
            step = dice.randint(1, 700)
            passed += usage_filter.feed(body[at : at + step])
            at += step
        assert passed + usage_filter.end() == expected, record["id"]


def is_usage_chunk(event: bytes) -> bool:
    data = event.strip().removeprefix(b"data: ")
    if not data.startswith(b"{"):
        return False
    chunk = json.loads(data)
    return not chunk.get("choices") and isinstance(chunk.get("usage"), dict)
