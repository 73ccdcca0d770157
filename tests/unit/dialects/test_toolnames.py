"""Tools under other names and in other forms, and their calls back again (R-C2, edge case 49)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gophergate.core.blocks import Text, ToolCall, ToolResult
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Finished, Started
from gophergate.core.lifecycle import checked
from gophergate.core.reply import fold
from gophergate.core.request import Request, ServerTool, Tool, ToolChoice, Turn
from gophergate.dialects.base import Target
from gophergate.dialects.toolnames import (
    Restorer,
    as_function,
    flat_name,
    restored,
    restored_call,
    unwrap_input,
    with_short_names,
    wrap_input,
)
from gophergate.doors.chat import dialects

PATCH = Tool(name="apply_patch", description="Edits files.", custom=True)
WAIT = Tool(name="wait", namespace="clock", parameters={"type": "object"})
PLAIN = Tool(name="f", strict=True, parameters={"type": "object"})
REQUEST = Request(dialect="openai_responses", model="m", tools=(PATCH, WAIT, PLAIN))


def test_plain_tools_are_functions_as_they_are() -> None:
    assert as_function(PLAIN) == ("f", "", {"type": "object"}, True)
    assert flat_name(WAIT) == "clock__wait"
    assert flat_name(ToolCall(id="c", name="wait", namespace="clock")) == "clock__wait"


LONG = "mcp__" + "a" * 59 + "_server__read"
"""Claude Code's tools may have 128 characters; OpenAI takes 64."""


@pytest.mark.parametrize(
    ("door", "target"),
    [
        ("anthropic_messages", "openai_chat"),
        ("anthropic_messages", "openai_responses"),
        ("gemini", "openai_chat"),
        ("gemini", "openai_responses"),
        ("openai_responses", "openai_chat"),
    ],
)
@pytest.mark.parametrize("tool", [LONG, LONG + "2", "fs.read:file", "größe"])
def test_a_name_that_openai_does_not_take_goes_out_short_and_comes_back(door: str, target: str, tool: str) -> None:
    """R-C2: definition, choice and earlier calls agree on one name, two long names stay two, and the call comes back
    under the name that was offered."""
    call = ToolCall(id="c1", name=tool, arguments="{}")
    request = Request(
        dialect=door,
        model="m",
        tools=(Tool(name=tool, parameters={"type": "object"}), Tool(name=LONG + "3")),
        tool_choice=ToolChoice(mode="named", names=(tool,)),
        turns=(
            Turn(role="user", blocks=(Text(text="q"),)),
            Turn(role="assistant", blocks=(call,)),
            Turn(role="user", blocks=(ToolResult(call_id="c1", content=(Text(text="r"),)),)),
        ),
    )
    body = dialects()[target].write_request(request, Target(model="m", origin="o")).body
    told: Any = body["tools"]
    choice: Any = body["tool_choice"]
    items: Any = body["input"] if target == "openai_responses" else body["messages"]
    names = [one["name"] if target == "openai_responses" else one["function"]["name"] for one in told]
    assert len(set(names)) == 2
    assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", name) for name in names)
    if target == "openai_responses":
        assert choice["name"] == items[1]["name"] == names[0]
    else:
        assert choice["function"]["name"] == items[1]["tool_calls"][0]["function"]["name"] == names[0]
    assert restored_call(ToolCall(id="c2", name=names[0]), request).name == tool


def test_a_long_name_in_a_namespace_goes_out_flat_and_short() -> None:
    tool = Tool(name="read", namespace="n" * 70)
    choice = ToolChoice(mode="named", names=("read",))
    short = with_short_names(Request(dialect="x", model="m", tools=(tool,), tool_choice=choice), flat=True)
    [written] = short.tools
    assert isinstance(written, Tool)
    assert (len(written.name), written.namespace) == (64, "")
    assert short.tool_choice is not None
    assert short.tool_choice.names == (written.name,)
    back = restored_call(ToolCall(id="c", name=written.name), Request(dialect="x", model="m", tools=(tool,)))
    assert (back.name, back.namespace) == ("read", "n" * 70)


def test_a_free_form_tool_is_a_function_with_one_text() -> None:
    found = as_function(PATCH)
    assert (found.name, found.description, found.strict) == ("apply_patch", "Edits files.", None)
    assert found.parameters["required"] == list(found.parameters["properties"]) == ["input"]


def test_a_grammar_is_told_in_words() -> None:
    tool = Tool(name="x", custom=True, format={"type": "grammar", "syntax": "lark", "definition": "start: A"})
    assert as_function(tool).description == "The input must match this lark grammar:\nstart: A"


@pytest.mark.parametrize("text", ["", "plain", '{"input":"nested"}', 'quotes " and\nlines', "\u2028\U0001f600"])
def test_input_goes_there_and_back(text: str) -> None:
    assert unwrap_input(wrap_input(text)) == text


@pytest.mark.parametrize("arguments", ["*** Begin Patch", "[1]", '{"patch":"x"}', '{"input":1}', ""])
def test_arguments_that_hold_no_input_are_the_input(arguments: str) -> None:
    assert unwrap_input(arguments) == arguments


def stream(*calls: ToolCall, piece: int) -> list[Event]:
    told: list[Event] = [Started(), BlockOpened(0, Text(text="so")), BlockClosed(0)]
    for index, call in enumerate(calls, 1):
        told.append(BlockOpened(index, ToolCall(id=call.id, name=call.name, custom=call.custom)))
    for index, call in enumerate(calls, 1):
        told += [BlockGrew(index, call.arguments[at : at + piece]) for at in range(0, len(call.arguments), piece)]
        told.append(BlockClosed(index))
    return [*told, Finished(reason="tool_calls")]


@pytest.mark.parametrize("piece", [1, 4, 1000])
def test_calls_come_back_as_the_caller_offered_its_tools(piece: int) -> None:
    calls = (
        ToolCall(id="1", name="apply_patch", arguments=wrap_input('*** "Begin"\n')),
        ToolCall(id="2", name="clock__wait", arguments='{"s":1}'),
        ToolCall(id="3", name="f", arguments="{}"),
        ToolCall(id="4", name="unknown", arguments="{}"),
    )
    found = fold(checked(restored(stream(*calls, piece=piece), REQUEST)))
    assert found.blocks == (
        Text(text="so"),
        ToolCall(id="1", name="apply_patch", arguments='*** "Begin"\n', custom=True),
        ToolCall(id="2", name="wait", namespace="clock", arguments='{"s":1}'),
        ToolCall(id="3", name="f", arguments="{}"),
        ToolCall(id="4", name="unknown", arguments="{}"),
    )
    assert [restored_call(call, REQUEST) for call in calls] == list(found.blocks[1:])


def test_a_call_that_is_free_form_already_keeps_its_text() -> None:
    call = ToolCall(id="1", name="apply_patch", arguments='{"input":"x"}', custom=True)
    assert fold(restored(stream(call, piece=3), REQUEST)).blocks[1] == call
    assert restored_call(call, REQUEST) == call


def test_requests_without_such_tools_need_no_restoring() -> None:
    server = ServerTool(dialect="openai_responses", label="web_search", data={})
    assert not Restorer.is_needed(Request(dialect="x", model="m", tools=(PLAIN, server)))
    assert Restorer.is_needed(REQUEST)
