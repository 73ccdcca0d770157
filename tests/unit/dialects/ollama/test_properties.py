"""Laws of the Ollama dialect over generated requests and replies."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gophergate.core.blocks import Block, Media, Text, Thought, ToolCall, ToolResult
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Finished, Started, UsageSeen
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold
from gophergate.core.request import OutputFormat, Reasoning, Request, Tool, Turn
from gophergate.core.usage import Usage
from gophergate.dialects.base import Stamp, Target, encode
from gophergate.dialects.ollama import Ollama

OLLAMA = Ollama()
STAMP = Stamp("s" * 24, 1)

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
names = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
leaves = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | words
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3))
arguments = st.dictionaries(words, values, max_size=3).map(lambda said: encode(said).decode())
pictures = st.just(Media(kind="image", media_type="image/png", data="iVBORw0KGgo="))


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Turn, ...]:
    """Turns as Ollama's messages hold them: thinking, pictures, text, calls; results right after their calls."""
    turns: list[Turn] = []
    number = 0
    for _ in range(draw(st.integers(1, 3))):
        role: Any = draw(st.sampled_from(["system", "user"]))
        turns.append(Turn(role=role, blocks=(*draw(st.lists(pictures, max_size=2)), Text(text=draw(words)))))
        made: list[Block] = [Thought(text=draw(words))] if draw(st.booleans()) else []
        made += [Text(text=draw(words))] if draw(st.booleans()) else []
        calls = []
        for _ in range(draw(st.integers(0, 3))):
            number += 1
            calls.append(ToolCall(id=f"id-{number}", name=draw(names), arguments=draw(arguments)))
        turns.append(Turn(role="assistant", blocks=(*made, *calls)))
        if calls:
            turns.append(Turn(role="user", blocks=tuple(draw(results(call)) for call in calls)))
    return tuple(turns)


@st.composite
def results(draw: st.DrawFn, call: ToolCall) -> ToolResult:
    content: list[Any] = [Text(text=draw(words)), *draw(st.lists(pictures, max_size=1))]
    return ToolResult(call_id=call.id, name=call.name, content=tuple(content))


tools = st.lists(
    st.builds(Tool, name=names, description=st.just("") | words, parameters=st.just({"type": "object"})),
    max_size=3,
).map(tuple)
numbers = st.none() | st.floats(0, 2, allow_nan=False)
counts = st.none() | st.integers(0, 9)
requests = st.builds(
    Request,
    dialect=st.just("ollama"),
    model=st.just("m"),
    stream=st.booleans(),
    turns=conversations(),
    tools=tools,
    max_output_tokens=counts,
    temperature=numbers,
    top_p=numbers,
    min_p=numbers,
    top_k=counts,
    seed=counts,
    stop=st.lists(words, max_size=2).map(tuple),
    logprobs=st.none() | st.booleans(),
    reasoning=st.sampled_from(
        [
            None,
            Reasoning(enabled=False),
            Reasoning(enabled=True, visible=True),
            Reasoning(enabled=True, effort="high", visible=True),
        ]
    ),
    format=st.sampled_from([None, OutputFormat(kind="json"), OutputFormat(kind="json_schema", schema={"a": 1})]),
    extra=st.sampled_from([{}, {"ollama": {"keep_alive": "5m", "options.num_ctx": 9}}]),
)


@settings(max_examples=100)
@given(requests)
def test_what_is_written_is_read_again(request: Request) -> None:
    """Brief 2: read(write(x)) == x for what the dialect can say, nothing dropped; equal input gives equal bytes."""
    written = OLLAMA.write_request(request, Target(model="m"))
    assert written.dropped == ()
    assert OLLAMA.read_request(encode(written.body)) == request
    assert encode(OLLAMA.write_request(request, Target(model="m")).body) == encode(written.body)


@st.composite
def replies(draw: st.DrawFn) -> list[Event]:
    """A reply in the one order that a message of Ollama's has."""
    events: list[Event] = [Started(model="m")]
    index = 0
    for block in (Thought(), Text(text="")):
        if draw(st.booleans()):
            events.append(BlockOpened(index, block))
            events += [BlockGrew(index, piece) for piece in draw(st.lists(words, min_size=1, max_size=3))]
            events.append(BlockClosed(index))
            index += 1
    has_calls = draw(st.booleans())
    for _ in range(2 if has_calls else 0):
        text = draw(arguments)
        cut = draw(st.integers(0, len(text)))
        events.append(BlockOpened(index, ToolCall(id=f"id-{index}", name=draw(names))))
        events += [BlockGrew(index, text[:cut]), BlockGrew(index, text[cut:]), BlockClosed(index)]
        index += 1
    if draw(st.booleans()):
        events.append(UsageSeen(Usage(input=draw(st.integers(0, 9)), output=draw(st.integers(0, 9)))))
    reason: Any = "tool_calls" if has_calls else draw(st.sampled_from(["stop", "length"]))
    return [*events, Finished(reason=reason)]


def told(reply: Reply) -> tuple[Any, ...]:
    return reply.blocks, reply.usage, reply.reason


@settings(max_examples=100)
@given(replies(), st.data())
def test_a_stream_and_a_body_tell_the_same(events: list[Event], data: st.DataObject) -> None:
    """R-T2, R-T3: written as lines and as a body, cut anywhere, a reply reads the same as it was."""
    meant = told(fold(checked(events)))
    for stream in (True, False):
        writer = OLLAMA.writer(Request(dialect="ollama", model="m"), STAMP, stream=stream)
        body = b"".join(writer.write(event) for event in events)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=4)))
        reader = OLLAMA.reader(stream=stream)
        read = [
            event
            for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)
            for event in reader.feed(body[start:end])
        ]
        assert told(fold(checked([*read, *reader.end()]))) == meant


@settings(max_examples=100)
@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_are_survived(body: bytes, stream: bool) -> None:
    """Brief 1: never an exception, always one terminal event."""
    reader = OLLAMA.reader(stream=stream)
    checked([*reader.feed(b'{"message":{"content":' + body), *reader.feed(body), *reader.end()])
