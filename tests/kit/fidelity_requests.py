"""Recorded requests of one file written into every dialect, read there again, and scored in meaning.

Three outcomes: an aspect survives, it is lost (a failure), or its loss was disclosed: named in `dropped`, or the whole
request refused with a sentence that names the block. Only the first two are scored.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from gophergate.core.request import Request
from gophergate.dialects.base import PLAIN, Target, Traits, Written, encode
from gophergate.errors import BadRequest
from kit import exchanges, fidelity
from kit.fidelity_compare import Score
from kit.fidelity_equal import expected, read_back, same_media, same_thinking
from kit.fidelity_meant import Meant, meaning
from kit.fidelity_typed import objection

_MOOT: dict[str, tuple[object, ...]] = {
    "n": (1,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "modalities": (("text",),),
    "service_tier": ("auto", "default"),
    "metadata": ({},),
    "store": (False, True),
    "background": (False,),
    "truncation": ("disabled",),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "include": (("reasoning.encrypted_content",),),
}
"""Values that ask for what happens without them, or, for the last, for what is asked for at every crossing."""


TRAITS = {"anthropic_messages": Traits(thinking="budget", max_output=64_000)}
"""What the catalogue knows of a target's model: plain ones, but Claude says how it thinks."""


@dataclass
class Crossed:
    """The score of one target's dialect, and the sentences of refused requests by how often."""

    score: Score = field(default_factory=Score)
    refused: Counter[str] = field(default_factory=Counter)


def cross_requests(file: str, dialect: str) -> dict[str, Crossed]:
    """All requests of one file in one dialect, into every dialect."""
    crossed = {target: Crossed() for target in fidelity.DIALECTS}
    for record in fidelity.records(file, dialect):
        if not fidelity.asked(record):
            continue
        request = fidelity.request_of(record)
        for target, result in crossed.items():
            _cross(record, request, target, result)
    return crossed


def _cross(record: exchanges.Record, request: Request, target: str, result: Crossed) -> None:
    same = target == request.dialect
    dialect = fidelity.DIALECTS[target]
    to = Target(
        model=request.model, origin="maker" if same else "another", traits=PLAIN if same else TRAITS.get(target, PLAIN)
    )
    try:
        written = dialect.write_request(request, to)
    except BadRequest as refusal:
        if same:
            result.score.check(False, record["id"], "refused", refusal.message)
        result.refused[refusal.message] += 1
        return
    again = dialect.read_request(encode(written.body), model=request.model, stream=request.stream)
    if same:
        result.score.check(not written.dropped, record["id"], "dropped", str(written.dropped))
    else:
        why = objection(target, _plain(written))
        result.score.check(not why, record["id"], "types", why)
    read = meaning(again) if same else read_back(again, written.body, target)
    for aspect, meant, told, names in aspects(expected(request, target), read, target):
        if meant == told:
            result.score.check(True, record["id"], aspect)
        elif any(name.partition(".")[0] in names or name in names for name in written.dropped):
            result.score.untold[aspect] += 1
        else:
            result.score.check(False, record["id"], aspect, f"{_short(meant)} became {_short(told)}")
    for name in own_members(request, target):
        result.score.check(name in written.dropped, record["id"], "disclosure", f"{name} is gone without a word")


def _plain(written: Written) -> dict[str, object]:
    body: dict[str, object] = json.loads(encode(written.body))
    return body


def own_members(request: Request, target: str) -> Iterator[str]:
    """Top-level members that only the caller's dialect has a word for: they are disclosed, never passed on."""
    for dialect, members in request.extra.items():
        if dialect != target:
            yield from (name for name in members if not name.startswith("_"))


Aspect = tuple[str, object, object, tuple[str, ...]]
"""A name, what was meant, what was told, and the names under which its loss may be disclosed."""


def aspects(meant: Meant, told: Meant, target: str) -> Iterator[Aspect]:
    # A result whose call is in a stored response: without that, its words can only be told as words.
    is_elsewhere = any(number < 0 for number, _, _ in meant.results)
    stored = ("previous_response_id", "conversation", "tool_search") if is_elsewhere else ()
    labels = tuple(meant.server_tools)
    if meant.system or told.system:
        yield "system", meant.system, told.system, ("system_position",)
    yield "turns", meant.turns, told.turns, stored
    if meant.calls or told.calls:
        yield "calls", meant.calls, told.calls, ()
    if meant.results or told.results:
        yield "results", meant.results, told.results, stored
    if meant.media or told.media:
        yield "media", meant.media, meant.media if same_media(meant, told, target) else told.media, ()
    if meant.thoughts or told.thoughts:
        yield "thoughts", meant.thoughts, told.thoughts, ("reasoning",)
    if meant.tools or told.tools:
        yield "tools", meant.tools, told.tools, ("strict", "schema_constraints")
        yield "choice", meant.choice, told.choice, ("tool_choice", *labels)
        yield "parallel", meant.parallel, told.parallel, ("parallel_tool_calls",)
    if meant.server_tools or told.server_tools:
        yield "server tools", meant.server_tools, told.server_tools, labels
    if meant.format or told.format:
        yield "format", meant.format, told.format, ("format", "schema_constraints")
    if meant.thinks or told.thinks:
        yield "reasoning", meant.thinks, meant.thinks if same_thinking(meant, told) else told.thinks, ("reasoning",)
    for name, value in meant.settings.items():
        if value not in _MOOT.get(name, ()) or told.settings.get(name) == value:
            yield name, value, told.settings.get(name), (name,)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 240 else f"{text[:140]}…{text[-90:]}"
