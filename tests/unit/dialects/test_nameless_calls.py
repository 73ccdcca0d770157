"""Tool calls whose name comes late, or never: read as far as they can be, and never an answer that looks whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.core.blocks import ToolCall
from gophergate.core.events import Event
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold
from gophergate.dialects.gemini import Gemini
from gophergate.dialects.openai_responses import OpenAIResponses
from kit import fidelity

ITEM: dict[str, Any] = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "status": "completed"}
GIVEN = '{"a":1}'


def responses(*events: dict[str, Any], output: list[Any]) -> list[Event]:
    reader = OpenAIResponses().reader(stream=True, origin="up")
    response = {"id": "resp_1", "status": "completed", "output": output}
    said = [*events, {"type": "response.completed", "response": response}]
    return checked(reader.feed(b"".join(b"data: %b\n\n" % json.dumps(one).encode() for one in said)))


def gemini(*parts: dict[str, Any]) -> list[Event]:
    reader = Gemini().reader(stream=True, origin="up")
    chunks: list[dict[str, Any]] = [{"content": {"role": "model", "parts": [part]}} for part in parts]
    chunks[-1]["finishReason"] = "STOP"
    said = b"".join(b"data: %b\r\n\r\n" % json.dumps({"candidates": [one]}).encode() for one in chunks)
    return checked([*reader.feed(said), *reader.end()])


def calls(reply: Reply) -> list[tuple[str, str]]:
    return [(block.name, block.arguments) for block in reply.blocks if isinstance(block, ToolCall)]


ADDED = {"type": "response.output_item.added", "output_index": 0, "item": ITEM}
DELTA = {"type": "response.function_call_arguments.delta", "output_index": 0, "item_id": "fc_1", "delta": GIVEN}
DONE = {"type": "response.function_call_arguments.done", "output_index": 0, "item_id": "fc_1", "arguments": GIVEN}
NAMED = {**ITEM, "name": "f", "arguments": GIVEN}
ITEM_DONE = {"type": "response.output_item.done", "output_index": 0, "item": NAMED}
ITEM_DONE_NAMELESS = {**ITEM_DONE, "item": {**NAMED, "name": ""}}


@pytest.mark.parametrize(
    ("events", "output"),
    [
        ((ADDED, DELTA, DONE, ITEM_DONE), [NAMED]),
        ((ADDED, DELTA, {**DONE, "name": "f"}, ITEM_DONE_NAMELESS), []),
        ((ADDED, DELTA, ITEM_DONE_NAMELESS), [NAMED]),
        ((ADDED, DELTA), [NAMED]),
        ((DELTA, DONE), [NAMED]),
    ],
)
def test_a_late_name_of_a_response_is_taken(events: Any, output: list[Any]) -> None:
    reply = fold(responses(*events, output=output))
    assert calls(reply) == [("f", GIVEN)]
    assert reply.reason == "tool_calls"


@pytest.mark.parametrize(
    "parts",
    [
        ({"functionCall": {"args": {"a": 1}}}, {"functionCall": {"name": "f"}}),
        ({"functionCall": {"id": "x", "args": {"a": 1}}}, {"functionCall": {"id": "x", "name": "f"}}),
        (
            {"functionCall": {"willContinue": True, "partialArgs": [{"jsonPath": "$.a", "numberValue": 1}]}},
            {"functionCall": {"name": "f"}},
        ),
    ],
)
def test_a_late_name_of_gemini_is_taken(parts: Any) -> None:
    reply = fold(gemini(*parts))
    assert [(name, json.loads(given)) for name, given in calls(reply)] == [("f", {"a": 1})]
    assert reply.reason == "tool_calls"


NAMELESS = {
    "responses": lambda: responses(ADDED, DELTA, DONE, ITEM_DONE_NAMELESS, output=[ITEM_DONE_NAMELESS["item"]]),
    "responses, null": lambda: responses(output=[{**NAMED, "name": None}]),
    "responses, never announced": lambda: responses(DELTA, DONE, output=[]),
    "gemini": lambda: gemini({"functionCall": {"args": {"a": 1}}}, {"text": "x"}),
    "gemini, empty": lambda: gemini({"functionCall": {"name": "", "args": {"a": 1}}}),
    "gemini, of two": lambda: gemini({"functionCall": {"args": {"a": 1}}}, {"functionCall": {"name": "f", "args": {}}}),
}
NOT_WHOLE = {
    "openai_chat": '"content_filter"',
    "openai_responses": '"status":"failed"',
    "anthropic_messages": '"max_tokens"',
    "gemini": '"MALFORMED_FUNCTION_CALL"',
    "ollama": '"malformed_tool_call"',
}
"""How an answer of each dialect says that it is not whole."""


@pytest.mark.parametrize("door", list(fidelity.DIALECTS))
@pytest.mark.parametrize("kind", list(NAMELESS))
def test_a_call_without_a_name_is_told_and_the_answer_is_not_whole(kind: str, door: str) -> None:
    """Edge case 24: never a silent drop."""
    events = NAMELESS[kind]()
    reply = fold(events)
    assert ("", GIVEN) in calls(reply)
    assert reply.reason == "malformed_tool_call"
    for stream in (False, True):
        assert NOT_WHOLE[door] in fidelity.write(tuple(events), door, stream=stream).decode().replace('": "', '":"')


def test_the_empty_end_of_a_streamed_call_is_no_call() -> None:
    reply = fold(gemini({"functionCall": {"name": "f", "args": {"a": 1}}}, {"functionCall": {}}))
    assert calls(reply) == [("f", GIVEN)]
    assert reply.reason == "tool_calls"
