"""Groups that most want, offered and never imposed (O29): made only of models that the configured providers have.

Which model is quick, which is strong is not a list of names, which would be old within months: it is told by price,
abilities and date, as they are known on the day somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from gophergate.core.usage import Usage
from gophergate.providers.known_as import models_dev
from gophergate.routing.base import Deployment
from gophergate.routing.catalog import Catalog
from gophergate.routing.facts import Facts

_MILLION = 1_000_000
_DOLLAR = 1_000_000_000
LEVELS = (("fast-flow", 2, 2.5), ("standard-pro", 5, 16.0), ("heavy-logic", 9, 80.0))
"""Name, the original's level, and the most a million output tokens of its models may cost, in US dollars."""
_VENDORS = (("deepseek-auto", "deepseek"), ("openai-auto", "openai"), ("gemini-auto", "google"))
_OF_ONE_PROVIDER = 2
"""Models of one provider in a level: another to go to, not a whole list."""
_SHORT = 2000


class Prices(Protocol):
    """What a usage would cost at a deployment (`ledger.pricing.PriceBook` fits)."""

    def price(self, deployment: Deployment, usage: Usage | None) -> tuple[int | None, str | None]: ...


class Seed(msgspec.Struct, frozen=True, kw_only=True):
    """A group that is offered: the members of `[[groups]]` but for the name, and what it is for. `missing` says why it
    cannot be made, "" when it can."""

    name: str
    about: str
    definition: dict[str, Any] = {}
    missing: str = ""


class _Known(NamedTuple):
    label: str
    provider: str
    facts: Facts
    dollars: float
    """For a million output tokens."""


def seeds(catalog: Catalog, prices: Prices) -> list[Seed]:
    """Every seeded group, those that cannot be made with the reason."""
    models = list(_models(catalog, prices))
    found = [_vendor(name, vendor, catalog, models) for name, vendor in _VENDORS]
    levels = _levels(models)
    found += levels
    found.append(_dispatcher([seed.name for seed in levels if not seed.missing], models))
    return found


def _models(catalog: Catalog, prices: Prices) -> Iterable[_Known]:
    """Chat models that are known, priced and not on their way out, with the newest first."""
    known = []
    for provider in catalog.providers.values():
        for model in provider.models:
            label = f"{provider.name}/{model}"
            facts = catalog.facts(label)
            if not catalog.setting(label).enabled or facts.writes != ("text",) or facts.status == "deprecated":
                continue
            if facts.tool_call is not True:
                continue
            (deployment,) = catalog.plan(label).deployments
            cost, _ = prices.price(deployment, Usage(input=0, output=_MILLION))
            if cost:
                known.append(_Known(label, provider.name, facts, cost / _DOLLAR))
    # A model whose date nobody knows yet is newer than those whose dates are known.
    return sorted(known, key=lambda one: (one.facts.released or "9999", one.dollars, one.label), reverse=True)


def _vendor(name: str, vendor: str, catalog: Catalog, models: Sequence[_Known]) -> Seed:
    """One vendor's models by what a request needs."""
    about = f"{vendor}'s models by what a request needs: media, reasoning, a short question, all else."
    at = {one.name for one in catalog.providers.values() if models_dev(one.row.kind, one.name)[0] == vendor}
    own = [one for one in models if one.provider in at]
    if not at:
        return Seed(name=name, about=about, missing=f"no provider of {vendor} is configured")
    if not own:
        return Seed(name=name, about=about, missing=f"no priced chat model of {vendor} is known to be there")
    plain = _best(own, LEVELS[1][2])
    quick = _best(own, LEVELS[0][2])
    thinking = _best([one for one in own if one.facts.reasoning], LEVELS[2][2])
    seeing = _best([one for one in own if one.facts.can_read("image")], LEVELS[1][2])
    main = plain or quick or thinking or own[0]
    rules: list[dict[str, Any]] = []
    if seeing is not None and main.facts.can_read("image") is not True:
        rules.append({"model": seeing.label, "has_multimodal_input": True})
    if thinking is not None and thinking is not main:
        rules.append({"model": thinking.label, "fallback": main.label, "requires_reasoning": True})
    if quick is not None and quick is not main:
        short = {"max_input_tokens_lt": _SHORT, "requires_tool_calling": False}
        rules.append({"model": quick.label, "fallback": main.label, **short})
    return Seed(
        name=name,
        about=about,
        definition={"strategy": "heuristic", "targets": [{"model": main.label}], "rules": rules},
    )


def _levels(models: Sequence[_Known]) -> list[Seed]:
    found = []
    least = 0.0
    for name, level, most in LEVELS:
        about = f"Level {level}: models of which a million output tokens cost up to ${most:g}."
        in_it: list[_Known] = []
        for one in models:
            has = sum(other.provider == one.provider for other in in_it)
            if least < one.dollars <= most and has < _OF_ONE_PROVIDER:
                in_it.append(one)
        least = most
        if in_it:
            targets = [{"model": one.label} for one in in_it]
            found.append(Seed(name=name, about=about, definition={"strategy": "ordered", "targets": targets}))
        else:
            found.append(Seed(name=name, about=about, missing="no provider has a chat model of that price"))
    return found


def _dispatcher(levels: Sequence[str], models: Sequence[_Known]) -> Seed:
    about = "A cheap model rates each request, and the rating says which of the levels answers."
    judge = min(models, key=lambda one: (one.dollars, one.label), default=None)
    if judge is None or len(levels) < 2:
        return Seed(name="dispatcher", about=about, missing="there are no two levels to choose from")
    targets = [{"model": name} for name in levels]
    return Seed(
        name="dispatcher",
        about=about,
        definition={"strategy": "classifier", "targets": targets, "classifier": {"model": judge.label}},
    )


def _best(models: Iterable[_Known], most: float) -> _Known | None:
    """The dearest that costs no more than `most`, the newest of equals: dear is what strength is sold as."""
    fitting = [one for one in models if one.dollars <= most]
    return max(fitting, key=lambda one: (one.dollars, one.facts.released or "9999", one.label), default=None)
