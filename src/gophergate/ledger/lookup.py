"""Which model of the price list a name means: exact ids, dated and versioned ones, and nothing that only looks alike.

genai-prices says which of its models a name may mean, by patterns some of which end in anything at all
("gemini-2.5-pro..."). A price for the wrong model is worse than none, so what such a pattern leaves over of the name
must be a version: a date, a number, "latest", "preview" (R-U2). Deterministic: an exact id goes before a pattern, and
then the list's own order; a model's maker goes before those who resell it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, Provider

_WORD = re.compile(r"[a-z0-9]+")
_VERSION = re.compile(
    r"[0-9]+|v[0-9]+|latest|preview|exp|experimental|beta|stable|omni|text"
    # Bedrock: where it runs, and who made it (us.anthropic.claude-...-v1:0).
    r"|us|eu|apac|jp|au|ca|sa|uk|global|gov|anthropic|amazon|meta|mistral|cohere|deepseek|openai|qwen|google|moonshot"
    r"|publishers|models"
)
_MAKERS = (
    "openai",
    "anthropic",
    "google",
    "x-ai",
    "mistral",
    "deepseek",
    "moonshotai",
    "cohere",
    "perplexity",
    "zai",
    "minimax",
    "meta",
    "voyageai",
)
_TUNED = re.compile(r"(ft:[^:]+)(:.*)?")


def find(snapshot: DataSnapshot, price_id: str, name: str) -> tuple[Provider, ModelInfo] | None:
    """The provider and model of the list that this name at the provider `price_id` means; None for none of them.

    A provider that resells others' models (Azure) falls back on their makers, as the list says. Where `price_id` ends
    in "*" (a router to several providers) the name's suffix says whose price it is ("model:groq"), and without one
    that the list knows it is nobody's: which of them answered cannot be told.
    """
    if price_id.endswith("*"):
        name, _, answering = name.rpartition(":")
        price_id = price_id[:-1] + answering.lower()
        if not name or all(each.id != price_id for each in snapshot.providers):
            return None
    try:
        provider = snapshot.find_provider(None, price_id, None)
    except LookupError:
        return None
    by_id = {each.id: each for each in snapshot.providers}
    for each in (provider, *(by_id[other] for other in provider.fallback_model_providers or () if other in by_id)):
        for spelling in _spellings(name):
            model = _find(each, spelling)
            if model is not None:
                return each, model
    return None


def find_anywhere(snapshot: DataSnapshot, name: str) -> tuple[Provider, ModelInfo] | None:
    """The same for a name without a provider: its maker's price, else that of the first reseller by id."""
    rank = {maker: place for place, maker in enumerate(_MAKERS)}
    for provider in sorted(snapshot.providers, key=lambda each: (rank.get(each.id, len(rank)), each.id)):
        found = find(snapshot, provider.id, name)
        if found is not None:
            return found
    return None


def _spellings(name: str) -> list[str]:
    """A name as the list may have it: in lower case, without Google's "models/", with dates as 2025-12-11 too."""
    plain = name.lower().removeprefix("models/")
    dashed = re.sub(r"-(20[0-9]{2})(0[1-9]|1[0-2])([0-2][0-9]|3[01])(?=$|[-:])", r"-\1-\2-\3", plain)
    return [plain] if dashed == plain else [plain, dashed]


def _find(provider: Provider, name: str) -> ModelInfo | None:
    likely = None
    for model in provider.models:
        if model.id.lower() == name:
            return model
        if model.match.is_match(name):
            kind = _soundness(model.match, name)
            if kind == 2:
                return model
            if kind == 1 and likely is None:
                likely = model
    return likely


def _soundness(clause: Any, name: str) -> int:
    """How surely a clause that may match means this very model: 2 exactly, 1 by version, 0 not at all."""
    kind = type(clause).__name__
    if kind in ("ClauseOr", "ClauseAnd"):
        parts = clause.or_ if kind == "ClauseOr" else clause.and_
        return max((_soundness(part, name) for part in parts if part.is_match(name)), default=0)
    if not clause.is_match(name):
        return 0
    if kind == "ClauseEquals":
        return 2
    # A fine-tuned model is told by what it was tuned from; the words after that are its owner's.
    tuned = _TUNED.fullmatch(name)
    rest = tuned[1] if tuned else name
    if kind == "ClauseRegex":
        found = re.search(clause.regex, rest)
        rest = f"{rest[: found.start()]} {rest[found.end() :]}" if found and found.group() else rest
    else:
        (literal,) = vars(clause).values()
        rest = rest.replace(literal.lower(), " ", 1)
    return int(all(_VERSION.fullmatch(word) for word in _WORD.findall(rest)))
