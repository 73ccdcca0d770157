"""How many tokens a request will be, estimated from its words: for targets that cannot be asked (R-C4).

What a prompt is made of (`prompt_measure`) is counted with one vocabulary that comes with the package, in the shape in
which each model family is shown it, and weighed by what recorded usage taught (`token_weights`; `docs/counting.md` says
how near that comes). Media follow the vendors' published formulas where their size can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gophergate.core.blocks import Media, Text, ToolCall, ToolResult
from gophergate.core.request import Request, Tool
from gophergate.dialects.base import encode
from gophergate.dialects.media_tokens import media_tokens
from gophergate.dialects.prompt_measure import NAMES, measure, words_of
from gophergate.dialects.token_weights import FAMILIES, Family

_BYTES_PER_TOKEN = 4
_ROUGH_MEDIUM = 1000
_ORDER = {name: at for at, name in enumerate(NAMES)}


def family_of(model: str, service: str = "") -> str:
    """The family whose weights serve a model at a service (a provider's kind)."""
    return _family(model, service).name


def _family(model: str, service: str) -> Family:
    asked = model.lower()
    return next(
        family
        for family in FAMILIES
        if (not family.services or service in family.services) and re.search(family.pattern, asked)
    )


def measured(request: Request, model: str, *, service: str = "", spoken: str = "") -> list[float]:
    """What `request` is made of for the family that serves `model`, in the order of `NAMES`."""
    family = _family(model, service)
    return measure(request, spoken or request.dialect, style=family.style, cut=family.cut, hides=family.hides)


def estimate(request: Request, model: str, *, service: str = "", spoken: str = "") -> int:
    """Prompt tokens of `request` at `model` of a provider of kind `service`, asked in the dialect `spoken` (unsaid: the
    caller's own); media included; at least one. An estimate, never a bill.

    Some milliseconds for 50 kB of words, and half a second for the first of a process, which reads the vocabulary:
    for a thread, never for the event loop.
    """
    family = _family(model, service)
    found = measured(request, model, service=service, spoken=spoken)
    said = sum(weight * found[_ORDER[name]] for name, weight in family.weights.items())
    return max(1, round(said + sum(media_tokens(medium, family.name) for medium in _media(request))))


def rough(request: Request) -> int:
    """A first guess at no cost to speak of, for what is said before the provider has counted: a quarter of the
    characters, and a usual picture's worth for each medium."""
    if request.guessed_input is not None:
        return request.guessed_input
    size = 0
    for turn in request.turns:
        for block in turn.blocks:
            if isinstance(block, Text):
                size += len(block.text)
            elif isinstance(block, ToolCall | ToolResult):
                size += sum(map(len, words_of(block))) + len(getattr(block, "arguments", ""))
    for tool in request.tools:
        if isinstance(tool, Tool):
            size += len(tool.description) + len(encode(tool.parameters))
    return size // _BYTES_PER_TOKEN + sum(_ROUGH_MEDIUM for _ in _media(request)) + 1


def _media(request: Request) -> Iterator[Media]:
    for turn in request.turns:
        for block in turn.blocks:
            for part in block.content if isinstance(block, ToolResult) else (block,):
                if isinstance(part, Media):
                    yield part
