"""How much to think, said in the way the target understands: a token budget, adaptive with an effort, or neither.

Sources: https://platform.claude.com/docs/en/build-with-claude/extended-thinking, /adaptive-thinking and /effort.
A budget is at least 1,024 and below `max_tokens`; the adaptive generation refuses budgets, the one before it refuses
"adaptive". A request that came in this dialect is changed only where the target's way differs from its own.
"""

from __future__ import annotations

from typing import NamedTuple

from gophergate.core.blocks import Json
from gophergate.core.request import Reasoning, Request
from gophergate.dialects.anthropic_messages.wire import NAME, own
from gophergate.dialects.base import Target
from gophergate.dialects.loss import Losses

LEAST_BUDGET = 1024
"""The API's own lower bound."""

DEFAULT_MAX_TOKENS = 4096
"""`max_tokens` is mandatory on this wire. Where neither the caller nor the model's data say one, this is what every
Claude model ever offered accepts: the limit of the first ones."""

ANSWER_ROOM = 4096
"""Tokens left for the answer itself when `max_tokens` is ours to choose and a budget must fit below it."""

EFFORT_BUDGET = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768, "max": 65536}
"""No vendor publishes such a table. Doubling steps keep the words apart on every model, and the middle is what the
coding agents' own "think" settings use."""

_DEFAULT_EFFORT = "medium"
_EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})
_DERIVED = (("low", 2048), ("medium", 8192))
"""Efforts by the largest budget they stand for; above them "high", the highest that every adaptive model takes."""


class Plan(NamedTuple):
    """`thinking` and `effort` as they are sent, None for left out; `max_tokens` with room for both."""

    thinking: dict[str, Json] | None
    effort: str | None
    max_tokens: int

    @property
    def thinks(self) -> bool:
        return self.thinking is not None and self.thinking.get("type") != "disabled"

    @property
    def has_budget(self) -> bool:
        return self.thinking is not None and "budget_tokens" in self.thinking


def plan_of(request: Request, target: Target, losses: Losses) -> Plan:
    """What to say. What cannot be said is named in `losses`: "reasoning" whole, "reasoning_budget" when only moved."""
    said = request.max_output_tokens
    most = target.traits.max_output
    unsaid = most or DEFAULT_MAX_TOKENS
    plain = Plan(None, None, unsaid if said is None else said)
    reasoning = request.reasoning
    if reasoning is None:
        return plain
    losses.foreign(reasoning.extra, NAME)
    if "reasoning" in target.traits.refuses:
        losses.drop("reasoning")
        return plain
    native = request.dialect == NAME
    unknown = own(reasoning.extra).get("thinking")
    if isinstance(unknown, dict):
        return plain._replace(thinking=unknown, effort=reasoning.effort if native else None)
    style = target.traits.thinking
    if _is_off(reasoning, native):
        if style or native:
            return plain._replace(thinking=_shown({"type": "disabled"}, reasoning), effort=_said(reasoning, native))
        return plain
    if not _is_on(reasoning, native):
        return plain._replace(effort=_said(reasoning, native))
    if reasoning.effort is not None and reasoning.effort not in EFFORT_BUDGET and not native:
        losses.drop("reasoning.effort")  # a look-alike's own word
    if not style and native:
        style = "adaptive" if reasoning.adaptive or reasoning.budget is None else "budget"
    match style:
        case "adaptive":
            return plain._replace(thinking=_shown({"type": "adaptive"}, reasoning), effort=_effort(reasoning, native))
        case "effort" | "level":
            effort = _effort(reasoning, native)
            if effort is None:
                losses.drop("reasoning")  # "think", without how much, has no word for such a model
            return plain._replace(effort=effort)
        case "budget" | "toggle":
            return _budgeted(reasoning, native, said, most, losses)
        case _:
            losses.drop("reasoning")
            return plain


def _is_off(reasoning: Reasoning, native: bool) -> bool:
    return reasoning.enabled is False or reasoning.budget == 0 or (not native and reasoning.effort == "none")


def _is_on(reasoning: Reasoning, native: bool) -> bool:
    """In this dialect an effort alone governs the answer and switches no thinking on; elsewhere it does."""
    return bool(
        reasoning.enabled
        or reasoning.adaptive
        or reasoning.budget is not None
        or (not native and reasoning.effort is not None)
    )


def _said(reasoning: Reasoning, native: bool) -> str | None:
    return reasoning.effort if native else None


def _effort(reasoning: Reasoning, native: bool) -> str | None:
    """The effort beside adaptive thinking: what was said, else what a budget stands for."""
    if reasoning.effort is not None:
        if native or reasoning.effort in _EFFORTS:
            return reasoning.effort
        return "low" if reasoning.effort == "minimal" else None
    if reasoning.budget is None or reasoning.budget < 0:
        return None
    return next((word for word, most in _DERIVED if reasoning.budget <= most), "high")


def _budgeted(reasoning: Reasoning, native: bool, said: int | None, most: int | None, losses: Losses) -> Plan:
    explicit = reasoning.budget if reasoning.budget is not None and reasoning.budget > 0 else None
    budget = explicit or EFFORT_BUDGET.get(reasoning.effort or _DEFAULT_EFFORT, EFFORT_BUDGET[_DEFAULT_EFFORT])
    # An effort said beside a budget governs the answer; said beside "adaptive" it has become the budget.
    effort = reasoning.effort if native and explicit is not None else None
    max_tokens = most if said is None else said
    if max_tokens is None:
        max_tokens = max(DEFAULT_MAX_TOKENS, max(budget, LEAST_BUDGET) + ANSWER_ROOM)
    elif max_tokens <= LEAST_BUDGET:
        losses.drop("reasoning")
        return Plan(None, effort, max_tokens)
    # A caller's own budget stands as long as it is legal. One of ours takes at most half: the answer needs the rest.
    elif budget >= max_tokens if explicit is not None else budget > max_tokens // 2:
        budget = max_tokens // 2
    budget = max(budget, LEAST_BUDGET)
    if explicit is not None and budget != explicit:
        losses.drop("reasoning_budget")
    return Plan(_shown({"type": "enabled", "budget_tokens": budget}, reasoning), effort, max_tokens)


def _shown(thinking: dict[str, Json], reasoning: Reasoning) -> dict[str, Json]:
    if thinking["type"] != "disabled":
        if reasoning.visible is False:
            thinking["display"] = "omitted"
        elif reasoning.summary is not None:
            thinking["display"] = "summarized"
    thinking.update(own(reasoning.extra))
    return thinking
