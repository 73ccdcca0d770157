from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from gophergate.core.blocks import Media, Text, Thought, ToolCall, ToolResult
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold
from gophergate.core.request import Request, Tool, ToolChoice, Turn
from gophergate.errors import ModelNotFound, UpstreamRefused, UpstreamUnreachable
from gophergate.providers.simulator import ROW, Pacing, Simulator, tokens


class Naps:
    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def asking(*blocks: Any, **more: Any) -> Request:
    return Request(dialect="openai_chat", model="demo/x", turns=(Turn(role="user", blocks=blocks),), **more)


async def answer(model: str, request: Request, simulator: Simulator | None = None) -> Reply:
    simulator = simulator or Simulator("demo", Naps(), Pacing())
    return fold(checked([event async for event in simulator.stream(request, model)]))


async def test_echo_streams_the_last_user_text_back_with_exact_usage() -> None:
    reply = await answer("echo", asking(Text(text="three little words")))
    assert reply.blocks == (Text(text="three little words"),)
    assert reply.usage is not None
    assert (reply.usage.input, reply.usage.output, reply.usage.cache_read) == (3, 3, 0)


async def test_think_thinks_first_and_counts_it_as_part_of_the_output() -> None:
    reply = await answer("think", asking(Text(text="hello")))
    thought, text = reply.blocks
    assert isinstance(thought, Thought)
    assert isinstance(text, Text)
    assert reply.usage is not None
    assert reply.usage.reasoning == len(list(tokens(thought.text)))
    assert reply.usage.output == len([*tokens(thought.text), *tokens(text.text)])


WEATHER = Tool(
    name="weather",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string", "minLength": 8},
            "unit": {"enum": ["c", "f"]},
            "days": {"type": "integer", "minimum": 3},
            "where": {"$ref": "#/$defs/point"},
        },
        "required": ["city", "unit", "days", "where"],
        "$defs": {"point": {"type": "array", "items": {"type": "number"}, "minItems": 2}},
    },
)


async def test_tools_calls_the_first_tool_with_arguments_its_schema_accepts() -> None:
    reply = await answer("tools", asking(Text(text="?"), tools=(WEATHER, Tool(name="other"))))
    [call] = reply.blocks
    assert isinstance(call, ToolCall)
    assert call.name == "weather"
    arguments = json.loads(call.arguments)
    assert set(arguments) == {"city", "unit", "days", "where"}
    assert len(arguments["city"]) >= 8
    assert arguments["unit"] in ("c", "f")
    assert arguments["days"] >= 3
    assert len(arguments["where"]) == 2
    assert reply.reason == "tool_calls"


async def test_tools_heeds_the_choice_and_answers_from_the_result() -> None:
    tools = (WEATHER, Tool(name="other"))
    named = ToolChoice(mode="named", names=("other",))
    [call] = (await answer("tools", asking(Text(text="?"), tools=tools, tool_choice=named))).blocks
    assert isinstance(call, ToolCall)
    assert call.name == "other"
    silent = await answer("tools", asking(Text(text="?"), tools=tools, tool_choice=ToolChoice(mode="none")))
    assert isinstance(silent.blocks[0], Text)
    result = ToolResult(call_id=call.id, content=(Text(text="22 degrees"),))
    told = await answer("tools", asking(result, tools=tools))
    assert told.blocks == (Text(text="The tool answered: 22 degrees"),)


async def test_see_describes_the_media_it_got() -> None:
    image = Media(kind="image", media_type="image/png", data="aGVsbG8=")
    [text] = (await answer("see", asking(image, Media(kind="document", url="https://x/y.pdf")))).blocks
    assert isinstance(text, Text)
    assert "image/png of 5 bytes" in text.text
    assert "https://x/y.pdf" in text.text


async def test_flaky_fails_every_third_call_down_always_and_unknown_names_are_said_so() -> None:
    simulator = Simulator("demo", Naps(), Pacing())
    failures = []
    for number in range(6):
        try:
            await answer("flaky", asking(Text(text="hi")), simulator)
        except UpstreamRefused:
            failures.append(number)
    assert failures == [2, 5]
    with pytest.raises(UpstreamUnreachable):
        await answer("down", asking(Text(text="hi")))
    with pytest.raises(ModelNotFound, match="echo"):
        await answer("nonsense", asking(Text(text="hi")))


async def test_the_output_limit_cuts_the_answer_and_says_so() -> None:
    reply = await answer("lorem", asking(Text(text="?"), max_output_tokens=5))
    assert reply.reason == "length"
    assert reply.usage is not None
    assert reply.usage.output == 5


async def test_timing_is_realistic_on_streams_and_can_be_switched_off() -> None:
    naps = Naps()
    await answer("echo", asking(Text(text="a b c"), stream=True), Simulator("demo", naps))
    assert len(naps.taken) == 3
    still = Naps()
    await answer("echo", asking(Text(text="a b c"), stream=True), Simulator("demo", still, Pacing()))
    assert still.taken == []


def test_every_model_has_a_price() -> None:
    assert all(price.input > 0 for price in ROW.prices.values())
    assert [name for name, price in ROW.prices.items() if not price.output] == ["embed"]


@pytest.mark.parametrize("stream", [False, True])
async def test_others_get_their_turn_while_a_long_answer_is_made(stream: bool) -> None:
    """R-P2: neither counting a long prompt nor saying it again keeps the loop to itself."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    said = "word " * 20_000
    waiting = asyncio.ensure_future(others())
    reply = await answer("echo", asking(Text(text=said), stream=stream))
    waiting.cancel()
    assert turns >= 15
    assert reply.blocks == (Text(text=said),)
    assert reply.usage is not None
    assert reply.usage.output == 20_001, "the last space is a token"
