"""How much to think, in the target's own way (edge cases 33 and 34)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.core.blocks import Seal, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import Reasoning, Request, Tool, ToolChoice, Turn
from gophergate.dialects.anthropic_messages import AnthropicMessages
from gophergate.dialects.base import Target, Traits, Written

MESSAGES = AnthropicMessages()
NAME = "anthropic_messages"
BUDGET = Traits(thinking="budget")
ADAPTIVE = Traits(thinking="adaptive")
HI = (Turn(role="user", blocks=(Text(text="hi"),)),)


def write(reasoning: Reasoning | None, traits: Traits, *, dialect: str = "openai_chat", **settings: Any) -> Written:
    request = Request(**{"dialect": dialect, "model": "m", "turns": HI, "reasoning": reasoning, **settings})
    return MESSAGES.write_request(request, Target(model="claude-x", origin="anthropic", traits=traits))


def said(written: Written) -> tuple[Any, Any]:
    return written.body.get("thinking"), written.body.get("output_config", {}).get("effort")


def budget(tokens: int, **more: Any) -> dict[str, Any]:
    return {"type": "enabled", "budget_tokens": tokens, **more}


@pytest.mark.parametrize(
    ("effort", "tokens"),
    [("minimal", 1024), ("low", 2048), ("medium", 8192), ("high", 16384), ("xhigh", 32768), ("max", 65536)],
)
def test_an_effort_becomes_a_budget(effort: str, tokens: int) -> None:
    """Edge case 34: and when max_tokens is ours to choose, it leaves room for the answer."""
    written = write(Reasoning(effort=effort), BUDGET)
    assert said(written) == (budget(tokens), None)
    assert written.body["max_tokens"] == tokens + 4096
    assert written.dropped == ()


@pytest.mark.parametrize(
    ("reasoning", "thinking", "effort"),
    [
        (Reasoning(effort="minimal"), {"type": "adaptive"}, "low"),
        (Reasoning(effort="xhigh"), {"type": "adaptive"}, "xhigh"),
        (Reasoning(budget=1024), {"type": "adaptive"}, "low"),
        (Reasoning(budget=8192), {"type": "adaptive"}, "medium"),
        (Reasoning(budget=100_000), {"type": "adaptive"}, "high"),
        (Reasoning(budget=-1), {"type": "adaptive"}, None),
        (Reasoning(enabled=True, summary="detailed"), {"type": "adaptive", "display": "summarized"}, None),
        (Reasoning(enabled=True, visible=False), {"type": "adaptive", "display": "omitted"}, None),
        (Reasoning(effort="none"), {"type": "disabled"}, None),
        (Reasoning(budget=0), {"type": "disabled"}, None),
        (Reasoning(summary="auto"), None, None),
    ],
)
def test_adaptive_only_models_get_no_budget(reasoning: Reasoning, thinking: Any, effort: str | None) -> None:
    """Edge case 34: the newest generation answers a budget with a 400."""
    written = write(reasoning, ADAPTIVE)
    assert said(written) == (thinking, effort)
    assert written.dropped == ()


def test_an_effort_that_nobody_here_knows_is_named() -> None:
    written = write(Reasoning(effort="unheard-of"), ADAPTIVE)
    assert (said(written), written.dropped) == (({"type": "adaptive"}, None), ("reasoning.effort",))


@pytest.mark.parametrize(
    ("reasoning", "max_tokens", "thinking", "dropped"),
    [
        (Reasoning(effort="high"), 8000, budget(4000), ()),
        (Reasoning(effort="low"), 8000, budget(2048), ()),
        (Reasoning(effort="high"), 1500, budget(1024), ()),
        (Reasoning(effort="high"), 1024, None, ("reasoning",)),
        (Reasoning(budget=7999), 8000, budget(7999), ()),
        (Reasoning(budget=8000), 8000, budget(4000), ("reasoning_budget",)),
        (Reasoning(budget=512), 8000, budget(1024), ("reasoning_budget",)),
        (Reasoning(budget=-1), 30000, budget(8192), ()),
    ],
)
def test_a_budget_is_legal_or_said_to_be_changed(
    reasoning: Reasoning, max_tokens: int, thinking: Any, dropped: tuple[str, ...]
) -> None:
    """Edge case 34: at least 1,024, below max_tokens; what the caller said is never moved in silence."""
    written = write(reasoning, BUDGET, max_output_tokens=max_tokens)
    assert written.body.get("thinking") == thinking
    assert written.body["max_tokens"] == max_tokens
    assert written.dropped == dropped


@given(
    tokens=st.integers(-1, 200_000),
    most=st.none() | st.integers(1, 200_000),
    limit=st.none() | st.integers(1, 130_000),
    effort=st.sampled_from([None, "low", "max"]),
)
def test_no_budget_is_ever_illegal(tokens: int, most: int | None, limit: int | None, effort: str | None) -> None:
    """Edge case 34, whatever is asked."""
    traits = Traits(thinking="budget", max_output=limit)
    body = write(Reasoning(budget=tokens, effort=effort), traits, max_output_tokens=most).body
    assert body["max_tokens"] == (most or body["max_tokens"])
    if "budget_tokens" in body.get("thinking", {}):
        assert 1024 <= body["thinking"]["budget_tokens"] < body["max_tokens"]
    if most is None and limit is not None:
        assert body["max_tokens"] == limit


def test_max_tokens_is_always_there() -> None:
    """Edge case 34: the caller's, else the model's own limit, else what every model takes."""
    assert write(None, BUDGET, max_output_tokens=7).body["max_tokens"] == 7
    assert write(None, Traits(max_output=64_000)).body["max_tokens"] == 64_000
    assert write(None, Traits()).body["max_tokens"] == 4096
    assert write(None, BUDGET, max_output_tokens=0).body["max_tokens"] == 0


@pytest.mark.parametrize(
    ("style", "expected", "dropped"),
    [
        ("", (None, None), ("reasoning",)),
        ("effort", (None, "high"), ()),
        ("toggle", (budget(16384), None), ()),
    ],
)
def test_other_ways_of_being_told(style: Any, expected: Any, dropped: tuple[str, ...]) -> None:
    """Look-alikes of this API: what a model cannot be told is named."""
    written = write(Reasoning(effort="high"), Traits(thinking=style))
    assert said(written) == expected
    assert written.dropped == dropped


def test_thinking_without_how_much_is_named_where_only_efforts_are_known() -> None:
    """R-C1: Ollama's `think: true` to a model that is told how much and not whether."""
    written = write(Reasoning(enabled=True), Traits(thinking="effort"))
    assert (said(written), written.dropped) == ((None, None), ("reasoning",))


def test_a_model_that_refuses_reasoning_is_not_asked_for_it() -> None:
    """R-G3: data says so."""
    written = write(Reasoning(effort="high"), Traits(thinking="budget", refuses=frozenset({"reasoning"})))
    assert said(written) == (None, None)
    assert written.dropped == ("reasoning",)


@pytest.mark.parametrize(
    ("traits", "reasoning", "expected"),
    [
        (Traits(), Reasoning(enabled=True, budget=2000, effort="low"), (budget(2000), "low")),
        (Traits(), Reasoning(enabled=True, adaptive=True), ({"type": "adaptive"}, None)),
        (Traits(), Reasoning(effort="max"), (None, "max")),
        (BUDGET, Reasoning(enabled=True, adaptive=True, effort="high"), (budget(16384), None)),
        (BUDGET, Reasoning(enabled=True, budget=2000, effort="low"), (budget(2000), "low")),
        (ADAPTIVE, Reasoning(enabled=True, budget=2000), ({"type": "adaptive"}, "low")),
        (ADAPTIVE, Reasoning(enabled=True, budget=2000, effort="max"), ({"type": "adaptive"}, "max")),
        (ADAPTIVE, Reasoning(enabled=False, effort="low"), ({"type": "disabled"}, "low")),
    ],
)
def test_a_request_of_this_dialect_is_changed_only_where_the_model_needs_it(
    traits: Traits, reasoning: Reasoning, expected: Any
) -> None:
    """Claude Code asks every model adaptively; the ones before that generation want a budget."""
    written = write(reasoning, traits, dialect=NAME, max_output_tokens=64_000)
    assert said(written) == expected
    assert written.dropped == ()


def test_sampling_beside_thinking() -> None:
    """Edge case 33: temperature and top_k are refused beside thinking, top_p but for its upper end."""
    written = write(Reasoning(effort="low"), BUDGET, temperature=0.2, top_k=4, top_p=0.5)
    assert not {"temperature", "top_k", "top_p"} & written.body.keys()
    assert written.dropped == ("temperature", "top_p", "top_k")
    kept = write(Reasoning(effort="low"), BUDGET, temperature=1.0, top_p=0.97).body
    assert (kept["temperature"], kept["top_p"]) == (1.0, 0.97)
    off = write(Reasoning(effort="none"), BUDGET, temperature=0.2, top_k=4).body
    assert (off["temperature"], off["top_k"]) == (0.2, 4)


TOOL = Tool(name="f", parameters={"type": "object", "properties": {}})
FORCED = ToolChoice(mode="required")


def test_a_forced_call_is_worth_more_than_a_budget() -> None:
    """The API refuses both together; adaptive thinking goes with it."""
    written = write(Reasoning(effort="low"), BUDGET, tools=(TOOL,), tool_choice=FORCED)
    assert "thinking" not in written.body
    assert written.body["tool_choice"] == {"type": "any"}
    assert written.dropped == ("reasoning",)
    assert write(Reasoning(effort="low"), ADAPTIVE, tools=(TOOL,), tool_choice=FORCED).body["thinking"]
    own = write(
        Reasoning(enabled=True, budget=2000), BUDGET, tools=(TOOL,), tool_choice=FORCED, dialect=NAME,
        max_output_tokens=4000,
    )  # fmt: skip
    assert own.body["thinking"] == budget(2000)


def test_an_open_tool_loop_of_another_maker_goes_on_without_a_budget() -> None:
    """R-S2: the API wants the loop's turn to begin with its own thinking, which another vendor's turn cannot."""

    def loop(thought: Thought) -> tuple[Turn, ...]:
        return (
            *HI,
            Turn(role="assistant", blocks=(thought, ToolCall(id="a", name="f", arguments="{}"))),
            Turn(role="user", blocks=(ToolResult(call_id="a"),)),
        )

    foreign = loop(Thought(text="hm", seal=Seal("x", "gemini")))
    written = write(Reasoning(effort="low"), BUDGET, turns=foreign, tools=(TOOL,))
    assert "thinking" not in written.body
    assert written.dropped == ("reasoning",)
    assert write(Reasoning(effort="low"), ADAPTIVE, turns=foreign, tools=(TOOL,)).body["thinking"]
    mine = loop(Thought(text="hm", seal=Seal("x", NAME, "anthropic")))
    assert write(Reasoning(effort="low"), BUDGET, turns=mine, tools=(TOOL,)).body["thinking"] == budget(2048)
