"""Texts that say nothing are left out where something else is said, whoever is asked (edge cases 18 and 30)."""

from __future__ import annotations

from typing import Any

import pytest

from gophergate.core.blocks import CacheMark, Seal, Text, ToolCall, ToolResult
from gophergate.core.request import Request, Turn
from gophergate.dialects.base import Target, encode
from gophergate.dialects.loss import Losses
from gophergate.dialects.silence import spoken
from gophergate.doors.chat import dialects

DIALECTS = dialects()
TARGETS = ["openai_chat", "openai_responses", "anthropic_messages", "gemini", "ollama"]
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
EMPTY = {"type": "text", "text": ""}
WORDS = {"type": "text", "text": "What is it?"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "seen"}


def written(target: str, *messages: tuple[str, list[Any]], maker: str = "anthropic_messages") -> Any:
    said = {"model": "m", "max_tokens": 9, "messages": [{"role": role, "content": said} for role, said in messages]}
    request = DIALECTS[maker].read_request(encode(said))
    return DIALECTS[target].write_request(request, Target(model="m", origin="up"))


CALLED = [("user", [WORDS]), ("assistant", [CALL])]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("with_silence", "without"),
    [
        ([("user", [EMPTY, PICTURE, WORDS])], [("user", [PICTURE, WORDS])]),
        ([("user", [PICTURE, EMPTY])], [("user", [PICTURE])]),
        ([*CALLED, ("user", [RESULT, EMPTY])], [*CALLED, ("user", [RESULT])]),
        ([*CALLED, ("user", [EMPTY, RESULT, WORDS])], [*CALLED, ("user", [RESULT, WORDS])]),
        ([("user", [WORDS]), ("assistant", [EMPTY, CALL]), ("user", [RESULT])], [*CALLED, ("user", [RESULT])]),
        (
            [*CALLED, ("user", [{**RESULT, "content": [EMPTY, {"type": "text", "text": "seen"}]}])],
            [*CALLED, ("user", [{**RESULT, "content": [{"type": "text", "text": "seen"}]}])],
        ),
        (
            [*CALLED, ("user", [{**RESULT, "content": [PICTURE, EMPTY]}])],
            [*CALLED, ("user", [{**RESULT, "content": [PICTURE]}])],
        ),
    ],
)
def test_an_empty_text_beside_something_else_goes_to_nobody(
    target: str, with_silence: list[tuple[str, list[Any]]], without: list[tuple[str, list[Any]]]
) -> None:
    """PROTOCOLS: the same bytes as if it had not been sent."""
    shown = written(target, *with_silence)
    assert encode(shown.body) == encode(written(target, *without).body)
    assert shown.dropped == written(target, *without).dropped


@pytest.mark.parametrize("target", ["openai_chat", "openai_responses"])
def test_what_is_all_there_is_stays(target: str) -> None:
    """A turn does not vanish: others count on theirs to follow it."""
    once = written(target, ("user", [EMPTY])).body
    assert written(target, ("user", [EMPTY, EMPTY])).body == once
    assert '"role":"user"' in encode(once).decode()


@pytest.mark.parametrize("target", ["openai_chat", "openai_responses"])
def test_a_caller_of_the_same_language_says_what_it_says(target: str) -> None:
    """What is written anew for one of the same language (a guard masked it) keeps its parts."""
    part = {"openai_chat": "text", "openai_responses": "input_text"}[target]
    parts = [{"type": part, "text": ""}, {"type": part, "text": "Hi"}]
    member = {"openai_chat": "messages", "openai_responses": "input"}[target]
    said = {"model": "m", member: [{"role": "user", "content": parts}]}
    request = DIALECTS[target].read_request(encode(said))
    assert DIALECTS[target].write_request(request, Target(model="m", origin="up")).body[member][0]["content"] == parts


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_written_stays_a_prefix(target: str) -> None:
    """R-K1: one turn more changes nothing of those before it."""
    turns = [("user", [EMPTY, PICTURE]), ("assistant", [EMPTY, CALL]), ("user", [RESULT, EMPTY])]
    member = {"openai_responses": "input", "gemini": "contents"}.get(target, "messages")
    whole = written(target, *turns, ("assistant", [WORDS]), ("user", [WORDS])).body[member]
    before = written(target, *turns).body[member]
    assert whole[: len(before)] == before


def test_what_an_empty_text_carried_is_named() -> None:
    """Loss is named: a cache breakpoint on nothing is one all the same. What somebody sealed is no silence."""
    losses = Losses()
    seal = Seal("t", "gemini", "up")
    call = ToolCall(id="c", name="t", arguments="{}")
    blocks = (Text(text="", cache=CacheMark()), Text(text="", seal=seal), call)
    (turn,) = spoken((Turn(role="assistant", blocks=blocks),), losses, "openai_chat")
    assert turn.blocks == blocks[1:]
    assert losses.names == ("cache_control",)


def test_turns_without_silence_are_the_same() -> None:
    turns = (
        Turn(role="user", blocks=(Text(text=""),)),
        Turn(role="user", blocks=(ToolResult(call_id="c", content=()),)),
    )
    request = Request(dialect="anthropic_messages", model="m", turns=turns)
    assert spoken(request.turns, Losses(), "openai_chat") is request.turns
