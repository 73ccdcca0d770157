"""Laws of the Responses dialect, tried on generated requests, replies and streams (law 4; R-T1, R-T2, R-T3, R-S1)."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gophergate.core.blocks import Block, Citation, Opaque, Seal, Text, Thought, ToolCall
from gophergate.core.events import Event, Failed, Finished
from gophergate.core.lifecycle import checked
from gophergate.core.reply import fold
from gophergate.core.request import Request
from gophergate.core.usage import Usage
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import Stamp, Target, encode
from gophergate.dialects.openai_responses import OpenAIResponses
from kit.responses_sdk import events_of

ME = "openai_responses"
DIALECT = OpenAIResponses()
STAMP = Stamp("abcdefghijkl0123456789zz", 1_700_000_000)

words = st.text(max_size=12)
names = st.text("abcdefgh_", min_size=1, max_size=6)
numbers = st.integers(0, 99)


# -- requests -----------------------------------------------------------------------------------------------------


def objects(required: dict[str, Any], optional: dict[str, Any] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional or {})


MARK = st.just({"mode": "explicit"})
PICTURES = st.sampled_from(["https://a/b", "data:image/png;base64,QUJD"])
input_parts = st.one_of(
    objects({"type": st.just("input_text"), "text": words}, {"prompt_cache_breakpoint": MARK}),
    objects({"type": st.just("input_image"), "image_url": PICTURES}),
    objects({"type": st.just("input_file"), "file_id": names}, {"filename": names}),
    objects({"type": st.just("input_later"), "x": words}),
)
output_parts = st.one_of(
    objects({"type": st.just("output_text"), "text": words}, {"annotations": st.just([]), "logprobs": st.just([])}),
    objects({"type": st.just("refusal"), "refusal": words}),
)
ids = {"id": names, "status": st.sampled_from(["completed", "incomplete"])}
ROLES = st.sampled_from(["user", "system", "developer"])
items = st.one_of(
    objects(
        {
            "role": st.sampled_from(["user", "system", "developer"]),
            "content": words | st.lists(input_parts, max_size=3),
        },
        {"type": st.just("message"), **ids},
    ),
    objects(
        {"role": st.just("assistant"), "content": words | st.lists(output_parts, max_size=3)},
        {"type": st.just("message"), "phase": words, **ids},
    ),
    objects(
        {"type": st.just("function_call"), "call_id": names, "name": names, "arguments": words},
        {"namespace": names, **ids},
    ),
    objects({"type": st.just("custom_tool_call"), "call_id": names, "name": names, "input": words}, ids),
    objects(
        {
            "type": st.sampled_from(["function_call_output", "custom_tool_call_output"]),
            "call_id": names,
            "output": words | st.lists(input_parts, max_size=2),
        },
        ids,
    ),
    objects(
        {
            "type": st.just("reasoning"),
            "summary": st.lists(objects({"type": st.just("summary_text"), "text": words}), max_size=3),
        },
        {
            "id": names,
            "encrypted_content": names,
            "content": st.lists(objects({"type": st.just("reasoning_text"), "text": words}), max_size=2),
            "status": st.just("completed"),
        },
    ),
    objects({"type": st.sampled_from(["web_search_call", "mcp_call", "compaction", "item_reference"]), "id": names}),
    objects(
        {
            "type": st.just("additional_tools"),
            "role": st.just("developer"),
            "tools": st.lists(objects({"type": st.just("custom"), "name": names}), min_size=1, max_size=2),
        },
        {"id": names},
    ),
)
functions = objects(
    {"type": st.just("function"), "name": names},
    {
        "description": names,
        "parameters": st.just({"type": "object"}),
        "strict": st.booleans(),
        "defer_loading": st.booleans(),
    },
)
tools = st.one_of(
    functions,
    objects({"type": st.just("custom"), "name": names}, {"format": st.just({"type": "text"})}),
    objects(
        {"type": st.just("namespace"), "name": names, "description": words, "tools": st.lists(functions, max_size=2)}
    ),
    objects({"type": st.sampled_from(["web_search", "tool_search"])}, {"x": words}),
)
bodies = objects(
    {"model": st.just("m")},
    {
        "input": words | st.lists(items, max_size=6),
        "instructions": words,
        "tools": st.lists(tools, min_size=1, max_size=4),
        "stream": st.just(True),
        "temperature": st.floats(0, 2),
        "max_output_tokens": numbers,
        "store": st.booleans(),
        "include": st.lists(st.sampled_from(["reasoning.encrypted_content", "x"]), min_size=1, max_size=2),
        "reasoning": objects({}, {"effort": names, "summary": names, "context": names}),
        "text": objects({}, {"verbosity": names, "later": words}).filter(bool),
        "metadata": st.dictionaries(names, words, max_size=2),
        "later": words,
    },
)


def _joined(tool_list: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two neighbouring namespaces that differ in their tools alone are one: the canon does not know how often it was
    opened."""
    joined: list[dict[str, Any]] = []
    for tool in tool_list:
        last = joined[-1] if joined else {}
        both = tool.get("tools") and last.get("tools") and tool["type"] == last.get("type") == "namespace"
        if both and {**tool, "tools": []} == {**last, "tools": []}:
            joined[-1] = {**last, "tools": [*last["tools"], *tool["tools"]]}
        else:
            joined.append(tool)
    return joined


@settings(max_examples=150)
@given(bodies)
def test_a_body_read_and_written_to_its_own_dialect_loses_nothing(body: dict[str, Any]) -> None:
    request = DIALECT.read_request(json.dumps(body).encode())
    written = DIALECT.write_request(request, Target(model="m"))
    assert written.dropped == ()
    expected = {**body, **({"tools": _joined(body["tools"])} if "tools" in body else {})}
    assert json.loads(encode(written.body)) == expected


@settings(max_examples=150)
@given(bodies)
def test_reading_what_was_written_gives_the_same_request(body: dict[str, Any]) -> None:
    request = DIALECT.read_request(json.dumps(body).encode())
    written = encode(DIALECT.write_request(request, Target(model="m")).body)
    assert DIALECT.read_request(written) == request
    assert encode(DIALECT.write_request(DIALECT.read_request(written), Target(model="m")).body) == written


# -- replies ------------------------------------------------------------------------------------------------------

seals = st.sampled_from([None, Seal("gAAA", ME, "o")])
annotation = {"type": "file_citation", "file_id": "f", "filename": "a", "index": 1}
sources = st.sampled_from([(), (Citation(title="a", dialect=ME, native=annotation),)])
texts = st.builds(
    Text,
    text=words,
    refusal=st.booleans(),
    citations=sources,
    extra=st.sampled_from([{}, {ME: {"_item": {"phase": "final_answer"}}}]),
).map(lambda text: Text(text=text.text, refusal=True, extra=text.extra) if text.refusal else text)
calls = st.builds(
    ToolCall,
    id=names,
    name=names,
    arguments=st.just("{}") | words.filter(bool),
    custom=st.booleans(),
    namespace=st.sampled_from(["", "space"]),
)
thoughts = st.builds(
    Thought,
    text=words,
    summary=st.just(True),
    seal=seals,
    extra=st.sampled_from([{}, {ME: {"_parts": "content"}}]),
)
SEARCH = {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}}
searches = st.builds(
    Opaque,
    dialect=st.just(ME),
    label=st.just("web_search_call"),
    data=st.just(SEARCH),
)
blocks = st.lists(st.one_of(texts, calls, thoughts, searches), max_size=5)


def whole_reply(found: list[Block]) -> list[Event]:
    assembler = Assembler()
    assembler.start("u", "gpt-x", 5)
    for block in found:
        assembler.whole(block)
    assembler.usage(Usage(input=3, cache_read=1, cache_write=0, output=2, reasoning=1))
    assembler.ending("stop")
    assembler.done()
    return checked(assembler.take())


def meaning(block: Block) -> tuple[Any, ...]:
    """A block without the ids that a writer must mint, and without notes."""
    match block:
        case Text():
            return ("text", block.text, block.refusal, tuple(c.title for c in block.citations))
        case ToolCall():
            return ("call", block.id, block.name, block.arguments, block.custom, block.namespace)
        case Thought():
            return ("thought", block.text, block.seal)
        case Opaque():
            return ("opaque", block.label)
        case _:
            raise AssertionError(block)


@settings(max_examples=150)
@given(blocks, st.data())
def test_a_reply_written_and_read_back_is_the_same_however_it_is_cut(found: list[Block], data: st.DataObject) -> None:
    events = whole_reply(found)
    for stream in (True, False):
        request = Request(dialect=ME, model="m", stream=stream)
        writer = DIALECT.writer(request, STAMP, stream=stream)
        told = b"".join(writer.write(event) for event in events)
        if stream:
            events_of(told)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(told)), max_size=5)))
        edges = [0, *cuts, len(told)]
        reader = DIALECT.reader(stream=stream, origin="o")
        back = [e for a, b in pairwise(edges) for e in reader.feed(told[a:b])]
        reply = fold(checked(back + reader.end()))
        assert [meaning(block) for block in reply.blocks] == [meaning(block) for block in found]
        assert reply.usage is not None
        assert reply.usage.total_input == 4
        assert reply.reason == fold(events).reason


@settings(max_examples=60)
@given(blocks, st.integers(0, 10_000))
def test_a_stream_cut_anywhere_is_never_a_success(found: list[Block], place: int) -> None:
    """R-F2: the provider's last word is the only success."""
    writer = DIALECT.writer(Request(dialect=ME, model="m"), STAMP, stream=True)
    told = b"".join(writer.write(event) for event in whole_reply(found))
    reader = DIALECT.reader(stream=True)
    last = told.rfind(b"event: ")
    events = checked(reader.feed(told[: place % (last + 1)]) + reader.end())
    assert isinstance(events[-1], Failed)


MEMBERS = st.lists(st.sampled_from(["item", "delta", "response", "output_index", "part", "item_id"]), max_size=4)
KINDS = st.sampled_from(["completed", "output_item.done", "output_text.delta", "content_part.done", "x"])
ODD = st.sampled_from(
    [None, 5, "x", [], {}, {"type": "message"}, {"output": [5, {}]}, {"type": "reasoning", "summary": 5}]
)


@settings(max_examples=150)
@given(MEMBERS, st.data())
def test_no_event_breaks_the_reader(members: list[str], data: st.DataObject) -> None:
    """Whatever a provider sends, the reader answers with events that keep the lifecycle."""
    frames = []
    for _ in range(3):
        event = {"type": "response." + data.draw(KINDS), **{name: data.draw(ODD) for name in members}}
        frames.append(b"data: " + json.dumps(event).encode() + b"\n\n")
    reader = DIALECT.reader(stream=True)
    events = [event for frame in frames for event in reader.feed(frame)]
    assert isinstance(checked(events + reader.end())[-1], Finished | Failed)
