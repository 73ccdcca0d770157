"""Properties over generated requests and replies: what was written reads the same, streamed and whole alike."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gophergate.core.blocks import Media, Seal, Text, Thought, ToolCall, ToolResult
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Finished, Started, UsageSeen
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold
from gophergate.core.request import OutputFormat, Reasoning, Request, Tool, ToolChoice, Turn
from gophergate.core.usage import Usage
from gophergate.dialects.base import Stamp, Target, encode
from gophergate.dialects.openai_chat import OpenAIChat

CHAT = OpenAIChat()
STAMP = Stamp("abcdefghijklmnopqrstuvwx", 1)

words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
names = st.text("abcdefgh_-0123", min_size=1, max_size=8)
base64 = st.sampled_from(["AA==", "YWJj", "YQ=="])
tokens = st.text("abcDEF0123+/=", min_size=1, max_size=9)
plain_json = st.dictionaries(names, st.integers() | words | st.booleans() | st.lists(st.integers()), max_size=3)

text = st.builds(Text, text=words)
media = st.one_of(
    st.builds(Media, kind=st.just("image"), media_type=st.just("image/png"), data=base64, detail=st.none() | names),
    st.builds(Media, kind=st.just("image"), url=st.just("https://h/i.png")),
    st.builds(Media, kind=st.just("audio"), media_type=st.sampled_from(["audio/wav", "audio/mpeg"]), data=base64),
    st.builds(Media, kind=st.just("document"), media_type=st.just("application/pdf"), data=base64, name=names),
    st.builds(Media, kind=st.just("document"), file_id=names, dialect=st.just("openai_chat")),
    st.builds(Media, kind=st.just("video"), url=st.just("https://h/v.mp4")),
)
foreign_seal = st.builds(Seal, tokens, st.sampled_from(["anthropic_messages", "openai_responses"]), names)
google_seal = st.builds(Seal, tokens, st.just("gemini"))
call = st.builds(
    ToolCall, id=names, name=names, arguments=plain_json.map(lambda v: encode(v).decode()), seal=st.none() | google_seal
)
free_call = st.builds(ToolCall, id=names, name=names, arguments=words, custom=st.just(True))


def detail(kind: str) -> st.SearchStrategy[Thought]:
    note = st.fixed_dictionaries({"type": st.just(f"reasoning.{kind}"), "format": names, "index": st.integers(0, 3)})
    return st.builds(
        Thought,
        text=st.just("") if kind == "encrypted" else words,
        seal=st.builds(Seal, tokens, st.just("openai_chat")),
        redacted=st.just(kind == "encrypted"),
        summary=st.just(kind == "summary"),
        extra=note.map(lambda n: {"openai_chat": {"_reasoning_detail": n}}),
    )


thoughts = st.one_of(
    st.just(()),
    st.tuples(st.builds(Thought, text=words)),
    st.lists(st.one_of(detail("text"), detail("summary"), detail("encrypted")), max_size=3).map(tuple),
)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Turn, ...]:
    turns = [Turn(role=draw(st.sampled_from(["system", "developer"])), blocks=(draw(text),), name=draw(names))]
    for _ in range(draw(st.integers(1, 3))):
        parts = draw(st.lists(text | media, min_size=1, max_size=3))
        turns.append(
            Turn(role="user", blocks=tuple(parts), extra=draw(st.sampled_from([{}, {"openai_chat": {"x": 1}}])))
        )
        calls = draw(st.lists(call | free_call, max_size=3))
        said = draw(st.lists(text, max_size=2))
        if said and draw(st.booleans()):
            said[-1] = replace(said[-1], seal=draw(google_seal))
        refusal = (Text(text=draw(words), refusal=True),) if draw(st.booleans()) else ()
        turns.append(Turn(role="assistant", blocks=(*draw(thoughts), *said, *refusal, *calls)))
        if calls:
            results = (ToolResult(call_id=c.id, content=tuple(draw(st.lists(text | media, max_size=2)))) for c in calls)
            turns.append(Turn(role="user", blocks=tuple(results)))
    return tuple(turns)


tool = st.builds(
    Tool, name=names, description=st.just("") | words, parameters=st.none() | plain_json, strict=st.booleans()
)
free_tool = st.builds(Tool, name=names, description=st.just("") | words, custom=st.just(True))
choice = st.one_of(
    st.builds(ToolChoice, mode=st.sampled_from(["auto", "none", "required"])),
    st.builds(ToolChoice, mode=st.just("named"), names=st.tuples(names)),
    st.builds(ToolChoice, mode=st.just("allowed"), names=st.tuples(names, names), required=st.booleans()),
)
output = st.one_of(
    st.just(OutputFormat(kind="text")),
    st.just(OutputFormat(kind="json")),
    st.builds(
        OutputFormat, kind=st.just("json_schema"), name=names, schema=plain_json, strict=st.none() | st.booleans()
    ),
)
ratio = st.none() | st.floats(0, 2).map(lambda v: round(v, 3))
requests = st.builds(
    Request,
    dialect=st.just("openai_chat"),
    model=names,
    turns=conversations(),
    tools=st.lists(tool | free_tool, max_size=3).map(tuple),
    tool_choice=st.none() | choice,
    parallel_tool_calls=st.none() | st.booleans(),
    stream=st.booleans(),
    max_output_tokens=st.none() | st.integers(0, 9999),
    temperature=ratio,
    top_p=ratio,
    top_k=st.none() | st.integers(0, 99),
    min_p=ratio,
    presence_penalty=ratio,
    frequency_penalty=ratio,
    stop=st.lists(words, max_size=2).map(tuple),
    n=st.none() | st.integers(1, 4),
    seed=st.none() | st.integers(0, 2**62),
    logprobs=st.none() | st.booleans(),
    top_logprobs=st.none() | st.integers(0, 20),
    logit_bias=st.none() | st.dictionaries(names, st.integers(-100, 100), max_size=2),
    reasoning=st.none() | st.builds(Reasoning, effort=st.sampled_from(["minimal", "low", "xhigh"])),
    format=st.none() | output,
    verbosity=st.none() | names,
    modalities=st.sampled_from([(), ("text",), ("text", "audio")]),
    audio=st.none() | plain_json,
    service_tier=st.none() | names,
    user=st.none() | names,
    metadata=st.none() | plain_json,
    prompt_cache_key=st.none() | names,
    store=st.none() | st.booleans(),
    extra=st.sampled_from([{}, {"openai_chat": {"provider": {"only": ["x"]}, "thing": 1}}]),
)


@settings(max_examples=80)
@given(requests)
def test_a_written_request_reads_the_same(request: Request) -> None:
    """read(write(x)) = x, with nothing dropped; and what was written does not depend on a second look (R-K1)."""
    request = replace(request, include_usage=request.stream, tools=fitted(request))
    target = Target(model=request.model, origin="maker")
    written = CHAT.write_request(request, target)
    assert written.dropped == ()
    body = encode(written.body)
    assert CHAT.read_request(body) == request
    assert encode(CHAT.write_request(CHAT.read_request(body), target).body) == body


def fitted(request: Request) -> tuple[Any, ...]:
    """A free-form tool has no strictness to say, and one called by an allowed choice is told as what it is."""
    seen: set[str] = set()
    kept = []
    for each in request.tools:
        if isinstance(each, Tool) and each.name not in seen:
            seen.add(each.name)
            kept.append(replace(each, strict=None) if each.custom else each)
    return tuple(kept)


# -- replies --------------------------------------------------------------------------------------------------

spoken = st.lists(
    st.one_of(
        st.builds(Text, text=words),
        st.builds(Thought, text=words, seal=st.none() | foreign_seal),
        st.builds(Thought, seal=foreign_seal, redacted=st.just(True)),
        call,
    ),
    max_size=5,
)
counts = st.none() | st.integers(0, 10**6)
usages = st.none() | st.builds(
    Usage,
    input=st.integers(0, 10**6),
    cache_read=counts,
    cache_write=counts,
    output=st.integers(10, 10**6),
    reasoning=st.none() | st.integers(0, 10),
)


def told(blocks: list[Any], usage: Usage | None, size: int) -> list[Event]:
    """The blocks as a stream, each in pieces."""
    events: list[Event] = [Started(id="x", model="m")]
    for index, block in enumerate(blocks):
        member = "arguments" if isinstance(block, ToolCall) else "text"
        whole = getattr(block, member)
        events.append(BlockOpened(index, replace(block, **{member: ""})))
        events += [BlockGrew(index, whole[at : at + size]) for at in range(0, len(whole), size)]
        events.append(BlockClosed(index))
    if usage is not None:
        events.append(UsageSeen(usage))
    calls = any(isinstance(block, ToolCall) for block in blocks)
    return [*events, Finished(reason="tool_calls" if calls else "stop")]


def through(events: list[Event], *, stream: bool) -> Reply:
    writer = CHAT.writer(Request(dialect="x", model="m"), STAMP, stream=stream)
    reader = CHAT.reader(stream=stream)
    body = b"".join(map(writer.write, events))
    return fold(checked(reader.feed(body) + reader.end()))


def said(reply: Reply) -> tuple[Any, ...]:
    """What a message can hold: its words, its thoughts in order, its calls, without the order between them."""
    return (
        "".join(b.text for b in reply.blocks if isinstance(b, Text)),
        "".join(b.text for b in reply.blocks if isinstance(b, Thought)),
        [b for b in reply.blocks if isinstance(b, ToolCall)],
        reply.reason,
        reply.usage,
    )


@settings(max_examples=80)
@given(spoken, usages, st.integers(1, 7))
def test_a_stream_and_a_body_say_the_same(blocks: list[Any], usage: Usage | None, size: int) -> None:
    """R-T1, R-T2: fold(stream) says what the body says. Also for identical parallel calls (PROTOCOLS).

    Thoughts are all sealed or none is: a message has one place for plain reasoning, where a mix cannot be told apart.
    """
    if any(isinstance(b, Thought) and b.seal for b in blocks):
        blocks = [b for b in blocks if not isinstance(b, Thought) or b.seal]
    if blocks and isinstance(blocks[0], Text):
        blocks[0] = Text(text="." + blocks[0].text)  # A text that begins with a tag would be a thought.
    events = told(blocks, usage, size)
    streamed, whole = through(events, stream=True), through(events, stream=False)
    assert said(streamed) == said(whole)
    assert [b.seal for b in streamed.blocks if isinstance(b, ToolCall)] == [
        b.seal for b in blocks if isinstance(b, ToolCall)
    ]
    assert streamed.usage == usage


@settings(max_examples=100)
@given(spoken)
def test_a_replayed_message_holds_every_seal(blocks: list[Any]) -> None:
    """R-S2: the body's message, sent back, gives the sealed thoughts and calls as they were."""
    writer = CHAT.writer(Request(dialect="x", model="m"), STAMP, stream=False)
    body = json.loads(b"".join(map(writer.write, told(blocks, None, 3))))
    request = CHAT.read_request(encode({"model": "m", "messages": [body["choices"][0]["message"]]}))
    read = request.turns[0].blocks
    sealed = [b for b in blocks if isinstance(b, Thought) and b.seal is not None]
    if sealed:
        assert [b for b in read if isinstance(b, Thought)] == sealed
    assert [b for b in read if isinstance(b, ToolCall)] == [b for b in blocks if isinstance(b, ToolCall)]
