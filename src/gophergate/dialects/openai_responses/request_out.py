"""A canonical Request, written as a provider's body.

Members stand in a fixed order with the input last, so that a conversation that grows keeps its earlier bytes (R-K1).
What a caller of this wire said goes out as it was said; what crosses from another wire has the defaults that differ
between the two written out.
"""

from __future__ import annotations

from gophergate.core.blocks import Json, Text
from gophergate.core.request import EFFORTS, OutputFormat, Reasoning, Request, Turn
from gophergate.dialects.base import Target, Written
from gophergate.dialects.loss import Losses
from gophergate.dialects.members import list_of, object_of
from gophergate.dialects.openai_responses.items_out import write_items
from gophergate.dialects.openai_responses.request_in import ENCRYPTED, LOGPROBS, SAID_EMPTY, SAID_INCLUDE, SAID_TEXT
from gophergate.dialects.openai_responses.tools import ToolsWritten, write_choice
from gophergate.dialects.openai_responses.wire import INSTRUCTIONS, NAME, PLAIN, own
from gophergate.dialects.roots import object_answer
from gophergate.dialects.silence import spoken
from gophergate.dialects.toolnames import offered, with_short_names

_LEAST_OUTPUT = 16
"""OpenAI answers 400 to a smaller `max_output_tokens`."""
_LONGEST_USER = 64
"""OpenAI answers 400 to a longer `user`; agents of other vendors put whole JSON texts there."""
_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"})
_EFFORT_BY_BUDGET = ((2048, "low"), (8192, "medium"))
"""Efforts by the largest budget of tokens they stand for; above them "high"."""

SUPPORTED = frozenset(
    {
        "parallel_tool_calls",
        "max_output_tokens",
        "temperature",
        "top_p",
        "logprobs",
        "top_logprobs",
        "reasoning",
        "format",
        "verbosity",
        "service_tier",
        "user",
        "metadata",
        "prompt_cache_key",
        "store",
        "previous_response_id",
        "background",
        "include",
        "truncation",
    }
)
_SAID_HERE = SUPPORTED | {"presence_penalty", "frequency_penalty"}
"""OpenAI refuses the penalties on this wire; a caller of it who says them knows a speaker that takes them."""

_PLAIN_SETTINGS = (
    "parallel_tool_calls",
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "top_logprobs",
    "prompt_cache_key",
    "previous_response_id",
    "background",
    "truncation",
)


def write_request(request: Request, target: Target) -> Written:
    """The body, and the names of what it could not carry. Raises BadRequest for content that has no place in it."""
    losses = Losses()
    crossing = request.dialect != NAME
    if crossing:
        request = with_short_names(request, flat=False)
    refused = target.traits.refuses
    supported = (SUPPORTED if crossing else _SAID_HERE) - refused
    losses.unsupported(request, supported)
    losses.foreign(request.extra, NAME)

    body: dict[str, Json] = {"model": target.model}
    offers = offered(request, NAME, losses)
    tools = ToolsWritten(offers, target, losses)
    if tools.top:
        body["tools"] = tools.top
    if request.tool_choice is not None:
        choice = write_choice(request.tool_choice, offers, losses)
        if choice is not None and (tools.top or tools.items or not crossing):
            body["tool_choice"] = choice
    _write_settings(body, request, target, supported, losses)
    body.update((name, value) for name, value in own(request.extra).items() if not name.startswith("_"))
    if request.stream:
        body["stream"] = True

    turns = spoken(request.turns, losses, NAME) if crossing else request.turns
    if turns and _is_instructions(turns[0]):
        body["instructions"] = turns[0].blocks[0].text  # type: ignore[union-attr]
        turns = turns[1:]
    items = write_items(turns, request, target, losses)
    for at, item in sorted(tools.items.items()):
        items.insert(at, item)
    if len(items) == len(turns) == 1 and own(turns[0].extra).get(PLAIN) == "input":
        body["input"] = items[0]["content"]
    elif items or crossing or SAID_EMPTY in own(request.extra):
        body["input"] = items
    return Written(body, losses.names)


def _is_instructions(turn: Turn) -> bool:
    return INSTRUCTIONS in own(turn.extra) and len(turn.blocks) == 1 and isinstance(turn.blocks[0], Text)


def _write_settings(
    body: dict[str, Json], request: Request, target: Target, supported: frozenset[str], losses: Losses
) -> None:
    crossing = request.dialect != NAME
    for name in _PLAIN_SETTINGS:
        value = getattr(request, name)
        if value is not None and name in supported:
            body[name] = value
    if request.max_output_tokens is not None and "max_output_tokens" in supported:
        body["max_output_tokens"] = request.max_output_tokens
        if crossing and request.max_output_tokens < _LEAST_OUTPUT:
            body["max_output_tokens"] = _LEAST_OUTPUT
            losses.drop("max_output_tokens")
    if request.reasoning is not None and "reasoning" in supported:
        reasoning = _write_reasoning(request.reasoning, losses, crossing=crossing)
        if reasoning or not crossing:
            body["reasoning"] = reasoning
    text = _write_text(request, supported, losses)
    if text:
        body["text"] = text
    _write_identity(body, request, supported, losses)
    store = request.store
    if store is None and crossing:
        store = False  # Elsewhere nothing is kept unless it is asked for; here everything is.
    if store is not None and "store" in supported:
        body["store"] = store
    include = _include(request, target, supported)
    if include:
        body["include"] = include


def _write_identity(body: dict[str, Json], request: Request, supported: frozenset[str], losses: Losses) -> None:
    crossing = request.dialect != NAME
    if request.service_tier is not None and "service_tier" in supported:
        if not crossing or request.service_tier in _TIERS:
            body["service_tier"] = request.service_tier
        else:
            losses.drop("service_tier")
    if request.user is not None and "user" in supported:
        if not crossing or len(request.user) <= _LONGEST_USER:
            body["user"] = request.user
        else:
            losses.drop("user")
    if request.metadata is not None and "metadata" in supported:
        if not crossing or all(isinstance(value, str) for value in request.metadata.values()):
            body["metadata"] = request.metadata
        else:
            losses.drop("metadata")


def _write_reasoning(reasoning: Reasoning, losses: Losses, *, crossing: bool) -> dict[str, Json]:
    rest = own(reasoning.extra)
    losses.foreign(reasoning.extra, NAME)
    members: dict[str, Json] = {}
    effort = reasoning.effort
    if effort is None and reasoning.enabled is False:
        effort = "none"
    elif effort is None and reasoning.budget is not None and reasoning.budget >= 0:
        budget = reasoning.budget
        effort = next((word for most, word in _EFFORT_BY_BUDGET if budget <= most), "high") if budget else "none"
    if crossing and effort is not None and effort not in EFFORTS:
        losses.drop("reasoning.effort")  # a look-alike's own word, such as Groq's "default"
        effort = None
    if effort is not None:
        members["effort"] = effort
    summary = reasoning.summary
    if crossing and summary is None and effort != "none" and reasoning.visible is not False:
        # Other wires show their thoughts when asked to think; this one only when asked for a summary.
        asked = reasoning.visible or reasoning.enabled or reasoning.adaptive or (reasoning.budget or 0) != 0
        summary = "auto" if asked else None
    if summary is not None and "generate_summary" not in rest:
        members["summary"] = summary
    if crossing and not members and not rest and (reasoning.enabled or reasoning.adaptive):
        losses.drop("reasoning")  # "think", unseen and without how much, has no word here
    return {**members, **rest}


def _write_text(request: Request, supported: frozenset[str], losses: Losses) -> dict[str, Json]:
    text: dict[str, Json] = {}
    if request.format is not None and "format" in supported:
        form = write_format(request.format, losses)
        if form is not None:
            text["format"] = form
            if request.dialect != NAME and "schema" in form:
                form["schema"] = object_answer(form["schema"], losses)
    if request.verbosity is not None and "verbosity" in supported:
        text["verbosity"] = request.verbosity
    return {**text, **object_of(own(request.extra).get(SAID_TEXT))}


def write_format(form: OutputFormat, losses: Losses) -> dict[str, Json] | None:
    """The `text.format`; None for one that this wire has not (it is dropped and named)."""
    losses.foreign(form.extra, NAME)
    match form.kind:
        case "text":
            return {"type": "text"}
        case "json":
            return {"type": "json_object"}
        case "json_schema" if isinstance(form.schema, dict):
            members: dict[str, Json] = {"type": "json_schema", "name": form.name or "response"}
            if form.description:
                members["description"] = form.description
            members["schema"] = form.schema
            if form.strict is not None:
                members["strict"] = form.strict
            return {**members, **own(form.extra)}
        case "json_schema":
            return {"type": "json_object"}
    losses.drop("format")
    return None


def _include(request: Request, target: Target, supported: frozenset[str]) -> list[Json]:
    """What a caller of this wire asked for; for others, what the canon can carry back to them."""
    if "include" not in supported:
        return []
    said = own(request.extra).get(SAID_INCLUDE)
    if said is not None:
        return [entry for entry in list_of(said) if entry != LOGPROBS or "logprobs" in supported]
    include: list[Json] = list(request.include)
    if request.dialect == NAME:
        return include
    # Models that do not reason answer 400 to the wish for their encrypted reasoning.
    if "reasoning" in supported and (target.traits.thinking or request.reasoning is not None):
        include.append(ENCRYPTED)
    if request.logprobs and "logprobs" in supported:
        include.append(LOGPROBS)
    return include
