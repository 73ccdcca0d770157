"""Which budgets and limits a call falls under: worked out once per caller, so that a call costs a look.

A budget or limit names a scope (an organisation, team, user, client, key, model or session) and may be narrowed to
one model. A model goes by `provider/model`, as the ledger has it, and by its own name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from gophergate.core.caller import Caller, ScopeLimits
from gophergate.policy.budgets import EVERY, Budget, Claim

_MOST = 10_000


class Model(Protocol):
    """A deployment, as far as its names are concerned (`routing.base.Deployment` fits)."""

    @property
    def provider_name(self) -> str: ...

    @property
    def model(self) -> str: ...


def names_of(model: Model) -> tuple[str, str]:
    """What a budget or limit may call a model."""
    return f"{model.provider_name}/{model.model}", model.model


def concerns(claim: Claim, model: Model) -> bool:
    """Whether it is a claim of calls to that model alone; one that holds whatever the model is of none."""
    return (claim.name if claim.budget.scope == "model" else claim.budget.model) in names_of(model)


class Terms:
    """What holds for one caller: whatever the model, and by model."""

    __slots__ = ("caller", "claims", "limits", "narrow_claims", "narrow_limits")

    def __init__(self, caller: Caller, budgets: Iterable[Budget], limits: Iterable[ScopeLimits]) -> None:
        claims = [Claim(budget, budget.scope_id) for budget in budgets]
        bounds = [*caller.limits, *limits]
        self.caller = caller
        self.claims: Sequence[Claim] = tuple(claim for claim in claims if not claim.budget.model)
        self.narrow_claims = [claim for claim in claims if claim.budget.model]
        self.limits: Sequence[ScopeLimits] = tuple(bound for bound in bounds if not bound.model)
        self.narrow_limits = [bound for bound in bounds if bound.model]


class Rules:
    """The budgets and limits in force. While `are_any` is False only a caller's own limits can apply."""

    def __init__(self) -> None:
        self.are_any = False
        self.budgets: Mapping[str, Budget] = {}
        self.bounds: Sequence[ScopeLimits] = ()
        self._terms: dict[str, Terms] = {}
        self._budgets_of: dict[tuple[str, str], list[Budget]] = {}
        self._limits_of: dict[tuple[str, str], list[ScopeLimits]] = {}
        self._has_models = self._has_sessions = self._has_model_limits = False

    def set(self, budgets: Iterable[Budget], limits: Iterable[ScopeLimits]) -> None:
        """What is in force from now on. `limits` are those beside the callers' own."""
        self.budgets = {budget.id: budget for budget in budgets}
        self.bounds = tuple(limits)
        self._terms = {}
        self._budgets_of = {}
        self._limits_of = {}
        for budget in self.budgets.values():
            self._budgets_of.setdefault((budget.scope, budget.scope_id), []).append(budget)
        for bound in self.bounds:
            self._limits_of.setdefault((bound.scope, bound.id), []).append(bound)
        self._has_models = any(budget.scope == "model" for budget in self.budgets.values())
        self._has_sessions = any(budget.scope == "session" for budget in self.budgets.values())
        self._has_model_limits = any(bound.scope == "model" for bound in self.bounds)
        self.are_any = bool(self.budgets or self.bounds)

    def terms(self, caller: Caller) -> Terms:
        """What holds for a caller."""
        known = self._terms.get(caller.key_id)
        if known is not None and known.caller is caller:
            return known
        if len(self._terms) >= _MOST:
            self._terms.clear()
        scopes = [
            (scope, name)
            for scope, name in (
                ("key", caller.key_id),
                ("client", caller.client_id),
                ("user", caller.user_id),
                ("team", caller.team_id),
                ("organisation", caller.organisation_id),
            )
            if name
        ]
        found = self._terms[caller.key_id] = Terms(
            caller,
            [budget for scope in scopes for budget in self._budgets_of.get(scope, ())],
            [bound for scope in scopes for bound in self._limits_of.get(scope, ())],
        )
        return found

    def claims(self, terms: Terms, models: Iterable[Model], session: str | None) -> Sequence[Claim]:
        """Every budget that a call falls under: those of its caller, of each model it may go to, of its session."""
        by_session = self._has_sessions and session is not None
        if not (terms.narrow_claims or self._has_models or by_session):
            return terms.claims
        names = {name for model in models for name in names_of(model)}
        found = [*terms.claims, *(claim for claim in terms.narrow_claims if claim.budget.model in names)]
        if self._has_models:
            found += [
                Claim(budget, name) for name in sorted(names) for budget in self._budgets_of.get(("model", name), ())
            ]
        if by_session and session is not None:
            found += [
                Claim(budget, session)
                for name in (session, EVERY)
                for budget in self._budgets_of.get(("session", name), ())
                if not budget.model or budget.model in names
            ]
        return found

    def limits(self, terms: Terms, models: Sequence[Model], asked: str) -> Sequence[ScopeLimits]:
        """Every limit that a call falls under. A model's are those of the name it was asked by and of the first
        deployment it goes to."""
        if not (terms.narrow_limits or self._has_model_limits):
            return terms.limits
        names = {asked, *names_of(models[0])} if models else {asked}
        return [*terms.limits, *self._narrow_limits(terms, names)]

    def limits_of(self, terms: Terms, model: Model, asked: str) -> Sequence[ScopeLimits]:
        """Those of a model alone that a call falls under because it goes there, whatever name it was asked by."""
        if not (terms.narrow_limits or self._has_model_limits):
            return ()
        return self._narrow_limits(terms, {*names_of(model)} - {asked})

    def _narrow_limits(self, terms: Terms, names: Collection[str]) -> list[ScopeLimits]:
        found = [bound for bound in terms.narrow_limits if bound.model in names]
        if self._has_model_limits:
            found += [bound for name in sorted(names) for bound in self._limits_of.get(("model", name), ())]
        return found
