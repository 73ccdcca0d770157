"""The judges judge: a reading that lost something fails, by name, whatever was lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as changed

from gophergate.core.blocks import Media, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import OutputFormat, Reasoning, Request, Tool, ToolChoice, Turn
from kit.fidelity_compare import verdicts
from kit.fidelity_meant import meaning
from kit.fidelity_said import Call, Counts, Said
from kit.fidelity_typed import objection

WHOLE = Said(
    text="Yes.",
    thought="Hm",
    refusal="",
    calls=[Call("c1", "look", {"city": "Oslo"}), Call("c2", "look", {"city": "Rome"})],
    finish="tool_calls",
    usage=Counts(10, 4, 7, 3),
    sources=["https://a"],
)


def failed(got: Said, original: Said = WHOLE) -> set[str]:
    return {aspect for aspect, holds, _ in verdicts(original, got, "openai_chat", same=False) if holds is False}


@pytest.mark.parametrize(
    ("loss", "aspects"),
    [
        ({"text": "Yes"}, {"text"}),
        ({"text": "HmYes.", "thought": ""}, {"text", "thinking"}),
        ({"calls": WHOLE.calls[:1]}, {"calls"}),
        ({"calls": WHOLE.calls[::-1]}, {"calls", "ids"}),
        ({"calls": [Call("c1", "look", {"city": "Oslo"}), Call("c1", "look", {"city": "Rome"})]}, {"ids"}),
        ({"finish": "stop"}, {"finish"}),
        ({"usage": None}, {"usage"}),
        ({"usage": Counts(10, 4, 7, 0)}, {"usage"}),
        ({"sources": []}, {"citations"}),
    ],
)
def test_a_lost_aspect_of_an_answer_fails_by_name(loss: dict[str, Any], aspects: set[str]) -> None:
    assert failed(WHOLE) == set()
    assert failed(replace(WHOLE, **loss)) == aspects


def test_a_refusal_that_became_words_fails_at_a_door_that_has_refusals() -> None:
    original = Said(refusal="I cannot.", finish="withheld")
    assert failed(Said(text="I cannot.", finish="stop"), original) == {"text", "refusal", "finish"}


CALL = ToolCall(id="c1", name="look", arguments='{"city": "Oslo"}')
REQUEST = Request(
    dialect="openai_chat",
    model="m",
    turns=(
        Turn(role="system", blocks=(Text(text="Be brief."),)),
        Turn(role="user", blocks=(Text(text="see"), Media(kind="image", media_type="image/png", data="QUJD"))),
        Turn(role="assistant", blocks=(Thought(text="Hm"), CALL)),
        Turn(role="user", blocks=(ToolResult(call_id="c1", content=(Text(text="rain"),), is_error=True),)),
    ),
    tools=(Tool(name="look", parameters={"type": "object", "properties": {"city": {"type": "string"}}}),),
    tool_choice=ToolChoice(mode="required"),
    format=OutputFormat(kind="json"),
    reasoning=Reasoning(effort="low"),
    temperature=0.5,
)


@pytest.mark.parametrize(
    ("aspect", "other"),
    [
        ("system", {"turns": REQUEST.turns[1:]}),
        ("turns", {"turns": (REQUEST.turns[0], Turn(role="user", blocks=()), *REQUEST.turns[2:])}),
        ("calls", {"turns": (*REQUEST.turns[:2], Turn(role="assistant", blocks=(changed(CALL, arguments="{}"),)))}),
        ("results", {"turns": (*REQUEST.turns[:3], Turn(role="user", blocks=(ToolResult(call_id="c1"),)))}),
        ("media", {"turns": REQUEST.turns[2:]}),
        ("thoughts", {"turns": REQUEST.turns[:2]}),
        ("tools", {"tools": (Tool(name="look", strict=True),)}),
        ("choice", {"tool_choice": None}),
        ("format", {"format": None}),
        ("thinks", {"reasoning": Reasoning(effort="none")}),
        ("settings", {"temperature": 1.0}),
    ],
)
def test_a_lost_aspect_of_a_request_differs(aspect: str, other: dict[str, Any]) -> None:
    assert getattr(meaning(REQUEST), aspect) != getattr(meaning(changed(REQUEST, **other)), aspect)


@pytest.mark.parametrize(
    ("dialect", "body", "complaint"),
    [
        ("openai_chat", {"model": "m", "messages": [{"role": "user"}]}, "content"),
        ("openai_chat", {"model": "m", "messages": [{"role": "user", "content": "hi", "extra": 1}]}, "extra"),
        ("openai_responses", {"model": "m", "input": [{"role": "user", "content": [{"type": "x"}]}]}, "content"),
        ("anthropic_messages", {"model": "m", "messages": [{"role": "user", "content": "hi"}]}, "max_tokens"),
        ("gemini", {"contents": [{"parts": [{"txt": "hi"}]}]}, "txt"),
        ("gemini", {"messages": []}, "messages"),
        ("ollama", {"model": "m", "messages": [{"content": "hi"}]}, "role"),
    ],
)
def test_a_body_that_no_vendor_takes_is_named(dialect: str, body: dict[str, Any], complaint: str) -> None:
    assert complaint in objection(dialect, body)
