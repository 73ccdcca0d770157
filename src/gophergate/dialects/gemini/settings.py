"""generationConfig: a request's settings in Gemini's words, and thinking in the words of the model's family."""

from __future__ import annotations

from operator import attrgetter

from gophergate.core.blocks import Json
from gophergate.core.request import OutputFormat, Reasoning, Request
from gophergate.dialects.base import Target
from gophergate.dialects.gemini.schema import for_google
from gophergate.dialects.gemini.wire import NAME, SAID_FORMAT, inner, own_extra
from gophergate.dialects.loss import Losses

_SCALARS = (
    ("max_output_tokens", "maxOutputTokens"),
    ("temperature", "temperature"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("presence_penalty", "presencePenalty"),
    ("frequency_penalty", "frequencyPenalty"),
    ("n", "candidateCount"),
    ("seed", "seed"),
    ("logprobs", "responseLogprobs"),
    ("top_logprobs", "logprobs"),
)
_values_of = attrgetter(*(name for name, _ in _SCALARS))
_SUPPORTED = frozenset(name for name, _ in _SCALARS) | {
    "parallel_tool_calls",
    "stop",
    "reasoning",
    "format",
    "modalities",
    "service_tier",
    "store",
}

_BUDGETS = {"none": 0, "minimal": 512, "low": 1024, "medium": 8192, "high": 24576}
"""Google's own table for OpenAI's words (ai.google.dev/gemini-api/docs/openai, "Thinking"); minimal is ours."""
_LEVELS = frozenset({"minimal", "low", "medium", "high", "xhigh"})


def generation_config(request: Request, target: Target, losses: Losses) -> dict[str, Json]:
    """The member's object, empty when nothing was said. Names in `losses` what could not be."""
    refused = target.traits.refuses
    losses.unsupported(request, _SUPPORTED)
    losses.refused(request, refused)
    config: dict[str, Json] = {}
    for (name, member), value in zip(_SCALARS, _values_of(request), strict=True):
        if value is not None and name not in refused:
            config[member] = value
    if request.stop and "stop" not in refused:
        config["stopSequences"] = list(request.stop)
    if request.modalities and "modalities" not in refused:
        config["responseModalities"] = [word.upper() for word in request.modalities]
    if request.reasoning is not None and "reasoning" not in refused:
        losses.foreign(request.reasoning.extra, NAME)
        # Who asks in Gemini's words knows the model: they go as they were said.
        family = "" if request.dialect == NAME else target.traits.thinking
        if thinking := thinking_config(request.reasoning, family, losses):
            config["thinkingConfig"] = thinking
    if request.format is not None and "format" not in refused:
        losses.foreign(request.format.extra, NAME)
        config.update(_format(request.format))
    if request.extra:
        config.update(inner(own_extra(request.extra), "generationConfig."))
    return config


def _format(asked: OutputFormat) -> dict[str, Json]:
    if (said := own_extra(asked.extra).get(SAID_FORMAT)) is not None:
        return {"responseFormat": said}
    match asked.kind:
        case "text":
            return {"responseMimeType": "text/plain"}
        case "json":
            return {"responseMimeType": "application/json"}
        case "enum":
            schema = asked.schema if isinstance(asked.schema, dict) else {}
            return {"responseMimeType": "text/x.enum", "responseSchema": {**schema, "type": "STRING"}}
        case "json_schema":
            schema = for_google(asked.schema)
            if asked.description and isinstance(schema, dict) and "description" not in schema:
                schema = {**schema, "description": asked.description}
            return {"responseMimeType": "application/json", "responseJsonSchema": schema}


def thinking_config(reasoning: Reasoning, family: str, losses: Losses) -> dict[str, Json]:
    """thinkingConfig for the family: budgets (2.5), levels (3), or as it was said when the family is not known.

    Thoughts are asked for unless the caller said that they must not show. A level family cannot stop thinking
    altogether: it gets its lowest level, and that is disclosed.
    """
    thinking: dict[str, Json] = {}
    effort, budget = reasoning.effort, reasoning.budget
    off = reasoning.enabled is False or effort == "none" or budget == 0
    match family:
        case "level" | "effort":
            level = _level(effort, budget, off, losses)
            if level:
                thinking["thinkingLevel"] = level
        case "budget" | "adaptive" | "toggle":
            told = 0 if off else budget if budget is not None else _budget(effort, reasoning.adaptive, losses)
            if told is not None:
                thinking["thinkingBudget"] = told
        case _:
            if off:
                thinking["thinkingBudget"] = 0
            elif budget is not None:
                thinking["thinkingBudget"] = budget
            elif reasoning.adaptive and effort is None and reasoning.visible is False:
                thinking["thinkingBudget"] = -1  # That thoughts are wanted shows in nothing else.
            if effort is not None and effort != "none" and not (off and budget is None):
                thinking["thinkingLevel"] = _level(effort, None, False, losses)
    is_shown = reasoning.visible is True or reasoning.summary is not None
    is_asked = bool(thinking) or reasoning.enabled is True or reasoning.adaptive
    if reasoning.visible is not False and (is_shown or (is_asked and not off)):
        thinking["includeThoughts"] = True
    thinking.update(own_extra(reasoning.extra))
    return thinking


def _level(effort: str | None, budget: int | None, off: bool, losses: Losses) -> str | None:
    if off:
        losses.drop("reasoning")
        return "MINIMAL"
    if effort is None:
        if budget is None or budget < 0:
            return None
        losses.drop("reasoning.budget")
        return "LOW" if budget <= _BUDGETS["low"] else "MEDIUM" if budget <= _BUDGETS["medium"] else "HIGH"
    if effort in _LEVELS:
        return effort.upper()
    losses.drop("reasoning.effort")
    return "XHIGH" if effort == "max" else None


def _budget(effort: str | None, adaptive: bool, losses: Losses) -> int | None:
    if effort is None:
        return -1 if adaptive else None
    if effort not in _BUDGETS:
        losses.drop("reasoning.effort")
        return _BUDGETS["high"] if effort in {"xhigh", "max"} else None
    return _BUDGETS[effort]
