"""Requests in the ways other clients might send them, which ask for nothing else: read alike, and written alike for
every other vendor. Over the requests that come with the tests; `python -m kit.request_variants` does the same over
recordings, as many times as one likes."""

from __future__ import annotations

import json
import random
import zlib
from typing import Any

import pytest

from gophergate.core.blocks import ToolCall, ToolResult
from gophergate.core.request import Request
from kit import fidelity
from kit.mutations import copied
from kit.request_variants import VARIANTS, differs, own, read, written

REQUESTS = list(own())


def dice(*of: object) -> random.Random:
    """The same for the same case in every process."""
    return random.Random(zlib.crc32(repr(of).encode()))


@pytest.mark.parametrize("variant", list(VARIANTS))
@pytest.mark.parametrize("dialect", list(fidelity.DIALECTS))
def test_a_request_said_another_way_asks_the_same_of_everybody(dialect: str, variant: str) -> None:
    """R-C1, R-T2: unknown members, order, nulls, marks and empty texts change nothing that is asked."""
    for where, spoken, body in REQUESTS:
        if spoken == dialect:
            for number in range(6):
                made = VARIANTS[variant](copied(body), dialect, dice(where, variant, number))
                assert differs(dialect, body, made) == "", (where, number)


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema, "b": {"type": ["array", "null"], "items": schema}}}
        schema["properties"]["b"] = {"type": "integer"}
    return schema


def with_tools(schema: dict[str, Any], many: int) -> list[tuple[str, dict[str, Any]]]:
    """The same tools in each dialect's words."""
    names = [f"tool_{number}" for number in range(many)]
    plain = [{"type": "function", "function": {"name": name, "parameters": schema}} for name in names]
    hi = [{"role": "user", "content": "hi"}]
    declared = [{"name": name, "parametersJsonSchema": schema} for name in names]
    return [
        ("openai_chat", {"model": "m", "messages": hi, "tools": plain}),
        (
            "openai_responses",
            {
                "model": "m",
                "input": "hi",
                "tools": [{"type": "function", "name": n, "parameters": schema} for n in names],
            },
        ),
        (
            "anthropic_messages",
            {
                "model": "m",
                "max_tokens": 9,
                "messages": hi,
                "tools": [{"name": n, "input_schema": schema} for n in names],
            },
        ),
        (
            "gemini",
            {"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "tools": [{"functionDeclarations": declared}]},
        ),
        ("ollama", {"model": "m", "messages": hi, "tools": plain}),
    ]


@pytest.mark.parametrize(("depth", "many"), [(2, 600), (60, 3)])
def test_very_many_tools_and_very_deep_schemas_arrive_everywhere(depth: int, many: int) -> None:
    for dialect, body in with_tools(nested(depth), many):
        request = read(dialect, body)
        assert isinstance(request, Request), request
        for target in fidelity.DIALECTS:
            said = json.dumps(written(request, target))
            assert said.count('"tool_') == many, (dialect, target)
            assert said.count('"integer"') + said.count('"INTEGER"') == depth * many, (dialect, target)


@pytest.mark.parametrize(
    "call_id", ["call:1/ä#?", "x" * 500, "functions.weather:0", "a b", "tool|1|fc_2", "0", "\u2028"]
)
def test_ids_of_any_characters_keep_calls_and_results_together(call_id: str) -> None:
    call = {"id": call_id, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call_id, "content": "done"},
    ]
    request = read("openai_chat", {"model": "m", "messages": messages})
    assert isinstance(request, Request)
    for target in fidelity.DIALECTS:
        again = read(target, {"model": "m", **written(request, target)})
        assert isinstance(again, Request), (target, again)
        blocks = [block for turn in again.turns for block in turn.blocks]
        [made] = [block for block in blocks if isinstance(block, ToolCall)]
        [answered] = [block for block in blocks if isinstance(block, ToolResult)]
        assert made.id == answered.call_id, target
