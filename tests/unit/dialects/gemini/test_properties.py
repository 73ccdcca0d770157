"""Laws of the Gemini dialect over generated requests and replies."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gophergate.core.blocks import Block, Media, Opaque, Seal, Text, Thought, ToolCall, ToolResult
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Finished, Started, UsageSeen
from gophergate.core.lifecycle import checked
from gophergate.core.reply import fold
from gophergate.core.request import OutputFormat, Reasoning, Request, ServerTool, Tool, ToolChoice, Turn
from gophergate.core.usage import Usage
from gophergate.dialects.base import Stamp, Target, encode
from gophergate.dialects.gemini import Gemini
from gophergate.dialects.gemini.wire import shown_seal, taken_seal

GEMINI = Gemini()
TARGET = Target(model="m")
STAMP = Stamp("s" * 24, 1)

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
names = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
tokens = st.binary(min_size=3, max_size=9).map(lambda raw: "A" + raw.hex())
seals = st.none() | tokens.map(lambda token: Seal(token, "gemini"))
leaves = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | words
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3))
objects = st.dictionaries(words, values, max_size=3)
media = st.builds(
    Media,
    kind=st.just("image"),
    media_type=st.just("image/png"),
    data=st.sampled_from(["QUJD", "+/8="]),
    name=st.none() | words,
)
texts = st.builds(Text, text=words, seal=seals)
spoken = texts | st.builds(Thought, text=words, seal=seals, summary=st.just(True))
own = names.map(lambda name: Opaque(dialect="gemini", label="toolCall", data={"toolCall": {"id": name}}))


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Turn, ...]:
    """Turns that Gemini can say: the user first, in alternation, results right after their calls."""
    turns = [Turn(role="system", blocks=(Text(text=draw(words)),))] if draw(st.booleans()) else []
    number = 0
    calls: list[ToolCall] = []
    for _ in range(draw(st.integers(1, 3))):
        user: list[Block] = [draw(results(call)) for call in calls]
        user += draw(st.lists(texts | media, min_size=0 if user else 1, max_size=3))
        turns.append(Turn(role="user", blocks=tuple(user)))
        calls = []
        for _ in range(draw(st.integers(0, 3))):
            number += 1
            arguments = encode(draw(objects)).decode()
            calls.append(ToolCall(id=f"id-{number}", name=draw(names), arguments=arguments, seal=draw(seals)))
        made = draw(st.lists(spoken | own, min_size=0 if calls else 1, max_size=3))
        turns.append(Turn(role="assistant", blocks=(*made, *calls)))
    return tuple(turns)


@st.composite
def results(draw: st.DrawFn, call: ToolCall) -> ToolResult:
    whole = draw(objects.filter(lambda said: said and "$ref" not in str(said) and "error" not in said))
    content: list[Any] = [Text(text=draw(st.just(encode(whole).decode()) | words))]
    if draw(st.booleans()):
        content = [*content[: draw(st.integers(0, 1))], draw(media)]
    is_error = draw(st.sampled_from([None, True]))
    return ToolResult(call_id=call.id, name=call.name, content=tuple(content), is_error=is_error)


tools = st.lists(
    st.builds(Tool, name=names, description=st.just("") | words, parameters=st.sampled_from([None, {"type": "object"}]))
    | st.just(ServerTool(dialect="gemini", label="googleSearch", data={"googleSearch": {}}, name="googleSearch")),
    max_size=3,
    unique_by=lambda tool: tool.name,
).map(lambda tools: tuple(sorted(tools, key=lambda tool: isinstance(tool, ServerTool))))
numbers = st.none() | st.floats(0, 2, allow_nan=False)
counts = st.none() | st.integers(0, 9)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    offered = draw(tools)
    functions = [tool.name for tool in offered if isinstance(tool, Tool)]
    choices = [ToolChoice(mode="auto"), ToolChoice(mode="none")] if offered else []
    if functions:
        choices += [ToolChoice(mode="required"), ToolChoice(mode="named", names=(functions[0],))]
        choices += [ToolChoice(mode="allowed", names=tuple(functions))]
    return Request(
        dialect="gemini",
        model="m",
        stream=draw(st.booleans()),
        turns=draw(conversations()),
        tools=offered,
        tool_choice=draw(st.sampled_from([None, *choices])),
        max_output_tokens=draw(counts),
        temperature=draw(numbers),
        top_p=draw(numbers),
        top_k=draw(counts),
        stop=tuple(draw(st.lists(words, max_size=2))),
        n=draw(counts),
        seed=draw(counts),
        logprobs=draw(st.none() | st.booleans()),
        reasoning=draw(
            st.sampled_from(
                [None, Reasoning(effort="low", visible=False), Reasoning(visible=True, summary="auto", effort="high")]
            )
        ),
        format=draw(
            st.sampled_from(
                [None, OutputFormat(kind="json"), OutputFormat(kind="json_schema", schema={"type": "object"})]
            )
        ),
        modalities=draw(st.sampled_from([(), ("text",), ("text", "image")])),
        extra=draw(st.sampled_from([{}, {"gemini": {"labels": {"a_b": "c"}, "generationConfig.imageConfig": {}}}])),
    )


@settings(max_examples=80)
@given(requests())
def test_what_is_written_is_read_again(request: Request) -> None:
    """Brief 2: read(write(x)) == x for what the dialect can say, and nothing is dropped; equal input, equal bytes."""
    written = GEMINI.write_request(request, TARGET)
    assert written.dropped == ()
    assert GEMINI.read_request(encode(written.body), model="m", stream=request.stream) == request
    assert encode(GEMINI.write_request(request, TARGET).body) == encode(written.body)


@given(st.text(max_size=30), st.text(max_size=9), st.booleans(), st.sampled_from(["", "rs_1"]))
def test_seals_cross_the_door_whole(token: str, origin: str, redacted: bool, item_id: str) -> None:
    """R-S2: byte for byte, whatever is in them."""
    token, origin = token.encode(errors="replace").decode(), origin.encode(errors="replace").decode().replace(":", "")
    seal = Seal(token, "anthropic_messages", origin)
    assert taken_seal(shown_seal(seal, redacted=redacted, item_id=item_id)) == (seal, redacted, item_id)


# -- replies ----------------------------------------------------------------------------------------------------------


@st.composite
def replies(draw: st.DrawFn) -> list[Event]:
    """A reply whose text and thoughts alternate, so that no two blocks run together, grown in pieces."""
    events: list[Event] = [Started(id="r", model="gemini-x")]
    kinds = draw(st.lists(st.sampled_from(["text", "thought", "call", "media", "own"]), max_size=5))
    has_calls = False
    for index, kind in enumerate(kinds):
        after_words = index and kinds[index - 1] == kind
        if kind in {"text", "thought"} and not after_words:
            events.append(BlockOpened(index, Text(text="") if kind == "text" else Thought(summary=True)))
            events += [BlockGrew(index, piece) for piece in draw(st.lists(words, min_size=1, max_size=3))]
            if draw(st.booleans()):
                events.append(BlockGrew(index, seal=Seal(draw(tokens), "gemini", "google")))
        elif kind == "media":
            events.append(BlockOpened(index, draw(media)))
        elif kind == "own":
            events.append(BlockOpened(index, draw(own)))
        else:
            has_calls = True
            text = encode(draw(objects)).decode()
            cut = draw(st.integers(0, len(text)))
            call = ToolCall(id=f"id-{index}", name=draw(names), seal=draw(seals))
            events += [BlockOpened(index, call), BlockGrew(index, text[:cut]), BlockGrew(index, text[cut:])]
        events.append(BlockClosed(index))
    if draw(st.booleans()):
        output = draw(st.integers(0, 50))
        events.append(
            UsageSeen(Usage(input=draw(st.integers(0, 50)), cache_read=2, output=output, reasoning=output // 2))
        )
    reason = "tool_calls" if has_calls else draw(st.sampled_from(["stop", "length", "content_filter"]))
    return [*events, Finished(reason=reason)]  # type: ignore[arg-type]


def told(events: list[Event]) -> tuple[Any, ...]:
    """What a reply says, without what every writer makes anew."""
    reply = fold(checked(events))
    blocks = [
        json.loads(encode({**_plain(block), "seal": getattr(getattr(block, "seal", None), "token", None)}))
        for block in reply.blocks
    ]
    return blocks, reply.usage, reply.reason


def _plain(block: Block) -> dict[str, Any]:
    match block:
        case Text() | Thought():
            return {"kind": type(block).__name__, "text": block.text}
        case ToolCall():
            return {"id": block.id, "name": block.name, "arguments": json.loads(block.arguments or "{}")}
        case Media():
            return {"data": block.data, "name": block.name, "type": block.media_type}
        case Opaque():
            return {"data": block.data}
    raise AssertionError(block)


@settings(max_examples=80)
@given(replies(), st.data())
def test_a_stream_and_a_body_tell_the_same(events: list[Event], data: st.DataObject) -> None:
    """R-T2, R-T3: written as events, as an array and as a body, cut anywhere, a reply reads the same as it was."""
    meant = told(events)
    for array, stream in ((False, True), (True, True), (False, False)):
        writer = Gemini(array=array).writer(Request(dialect="gemini", model="m"), STAMP, stream=stream)
        body = b"".join(writer.write(event) for event in events)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=4)))
        reader = GEMINI.reader(stream=stream, origin="google")
        read = [
            event
            for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)
            for event in reader.feed(body[start:end])
        ]
        assert told([*read, *reader.end()]) == meant


@settings(max_examples=100)
@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_are_survived(body: bytes, stream: bool) -> None:
    """Brief 1: never an exception, always one terminal event."""
    reader = GEMINI.reader(stream=stream)
    checked([*reader.feed(b'data: {"candidates":' + body), *reader.feed(body), *reader.end()])
