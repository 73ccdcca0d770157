"""From a group to the deployments to try for one request: its strategy, the groups beneath it, what may be asked now.

A concrete name never comes here. What is worked out of a catalogue is kept while that catalogue is the current one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

from gophergate.errors import GatewayError, ModelNotFound
from gophergate.routing.base import Deployment, Plan
from gophergate.routing.catalog import Catalog
from gophergate.routing.groups import Group
from gophergate.routing.health import Health
from gophergate.routing.strategies import STRATEGIES, Means, Pick, Standing, named
from gophergate.routing.traits import Traits

T = TypeVar("T")
_NOBODY: frozenset[str] = frozenset()
_MOST = 4096
"""Groups kept worked out: one alias with a "*" may stand for any number."""


class Rater(Protocol):
    """Rates a request's difficulty with a model, for the classifier strategy (`routing.classifier.Classifier`)."""

    async def rate(self, group: Group, traits: Traits) -> tuple[tuple[str, ...], str]:
        """The names of the group to ask, in order, and why. Raises GatewayError when it could not rate."""


class NoRater(Rater):
    """Rates nothing: the heuristic strategy stands in."""

    async def rate(self, group: Group, traits: Traits) -> tuple[tuple[str, ...], str]:
        raise GatewayError("No model is there to rate the request.")


class Allowance(Protocol):
    """Whom a call may be answered by, as far as money and limits go (`policy.admission.Admitted` fits)."""

    @property
    def left_out(self) -> frozenset[str]:
        """The labels of deployments that may not answer: never all of them."""

    async def takes(self, deployment: Deployment, /) -> bool:
        """Take a place at the one that is to be asked first. False when it has none and is now left out as well;
        raises when nobody is left."""


class _Ready(NamedTuple):
    """A group of a catalogue, its members resolved as listed. `targets` are targets and names of rules; the rest are
    fallbacks, which no strategy chooses."""

    group: Group
    names: tuple[str, ...]
    plans: tuple[Plan, ...]
    weights: tuple[float, ...]
    targets: int
    is_flat: bool
    is_priced: bool
    missing: list[str]


class _Now(NamedTuple):
    """How a group stands: good while `version` is the health's and before `until`. `names` and `leaves` are those of
    `standing` and then the fallbacks that may be asked; `said` tells what it is, and why others may not."""

    version: int
    until: float
    standing: Standing
    names: list[str]
    leaves: list[Deployment]
    said: tuple[str, ...]


class Chooser:
    """Chooses. One for a gateway: what it knows of the health of things outlives catalogues."""

    def __init__(self, health: Health, means: Means, rater: Rater | None = None) -> None:
        self.health = health
        self.means = means
        self.rater = rater or NoRater()
        self._catalog: Catalog | None = None
        self._ready: dict[str, _Ready] = {}
        self._now: dict[tuple[str, frozenset[str]], _Now] = {}

    async def choose(self, catalog: Catalog, name: str, traits: Traits, allowance: Allowance | None = None) -> Plan:
        """The plan of one request for the group `name`, without what the `allowance` leaves out. Raises as the
        catalogue, the reading of the request and the allowance do."""
        if catalog is not self._catalog or len(self._now) > _MOST:
            self._catalog, self._ready, self._now = catalog, {}, {}
        static = catalog.plan(name)
        while True:
            steps: list[str] = []
            left_out = allowance.left_out if allowance is not None else _NOBODY
            deployments = await self._resolved(catalog, name, left_out, traits, steps)
            if allowance is None or await allowance.takes(deployments[0]):
                break
        warms = self.means.warmth.key(traits) if self._ready[name].is_priced else None
        return Plan(tuple(deployments), tuple(steps), "", static.resilience, warms)

    async def _resolved(
        self, catalog: Catalog, name: str, left_out: frozenset[str], traits: Traits, steps: list[str]
    ) -> list[Deployment] | tuple[Deployment, ...]:
        now = self._standing(catalog, name, left_out)
        standing = now.standing
        steps.extend(now.said)
        pick = await self._picked(standing, traits)
        steps.append(pick.because)
        if self._ready[name].is_flat:
            return _in_order(now.leaves, len(standing.names), pick)
        ordered = _in_order(now.names, len(standing.names), pick)
        found: list[Deployment] = []
        for number, member in enumerate(ordered):
            plan = catalog.plan(member)
            if not plan.group:
                found.extend(plan.deployments)
            elif number == 0:
                found.extend(await self._resolved(catalog, member, left_out, traits, steps))
            else:
                # Whoever comes after the first is asked only if that fails: nobody is rated for it beforehand.
                found.extend(plan.deployments)
        by_label = {deployment.label: deployment for deployment in reversed(found)}
        return [deployment for label, deployment in by_label.items() if label not in left_out][::-1]

    async def _picked(self, standing: Standing, traits: Traits) -> Pick:
        strategy = STRATEGIES.get(standing.group.strategy)
        if strategy is not None:
            return strategy(standing, traits, self.means)
        try:
            names, because = await self.rater.rate(standing.group, traits)
        except GatewayError as error:
            pick = STRATEGIES["heuristic"](standing, traits, self.means)
            return pick._replace(because=f"classifier: {error.message} So by rules: {pick.because}")
        return named(standing, names, because)

    # -- how a group stands -------------------------------------------------------------------------------------

    def _standing(self, catalog: Catalog, name: str, left_out: frozenset[str]) -> _Now:
        now = self._now.get((name, left_out))
        health = self.health
        if now is not None and now.version == health.version and health.clock() < now.until:
            return now
        ready = self._ready.get(name)
        if ready is None:
            group = catalog.group(name)
            if group is None:
                raise ModelNotFound(name)
            ready = self._ready[name] = _ready(catalog, group)
        now = self._now[name, left_out] = self._looked(ready, left_out)
        return now

    def _looked(self, ready: _Ready, left_out: frozenset[str]) -> _Now:
        health = self.health
        at, until = health.clock(), math.inf
        version = health.version
        kept: list[int] = []
        said = [f"'{ready.group.name}' is a group of {len(ready.names)}", *ready.missing]
        plans = [
            (position, fit)
            for position, plan in enumerate(ready.plans)
            if (fit := [one for one in plan.deployments if one.label not in left_out])
        ]
        soonest, soonest_until = plans[0][0], math.inf
        for position, deployments in plans:
            rests = (0.0, "") if health.is_well else self._rest(deployments, at)
            if not rests[1]:
                kept.append(position)
                continue
            until = min(until, rests[0])
            said.append(f"'{ready.names[position]}' is left out: {rests[1]}")
            if rests[0] < soonest_until:
                soonest, soonest_until = position, rests[0]
        if not kept and ready.group.wait is not None:
            kept = [position for position, _ in plans]
            said.append("nothing else is left, so the call waits for the first that may be asked")
        elif not kept:
            # Something may still work: whoever is back first is tried, rather than nobody.
            kept = [soonest]
            said.append(f"nothing else is left, so {ready.names[soonest]}, which is back first, is tried")
        targets = [position for position in kept if position < ready.targets] or kept
        fallbacks = [position for position in kept if position not in targets]
        names = [ready.names[position] for position in targets]
        first = {position: deployments[0] for position, deployments in plans}
        heads = [first[position] for position in targets]
        standing = Standing(
            ready.group,
            tuple(names),
            heads,
            [health.of(head) for head in heads],
            [ready.weights[position] for position in targets],
        )
        leaves = heads + [first[position] for position in fallbacks]
        names += [ready.names[position] for position in fallbacks]
        return _Now(version, until, standing, names, leaves, tuple(said))

    def _rest(self, deployments: Sequence[Deployment], now: float) -> tuple[float, str]:
        """A target rests while all its deployments do."""
        soonest = (math.inf, "")
        for deployment in deployments:
            rest = self.health.rest(deployment, now)
            if not rest[1]:
                return rest
            soonest = min(soonest, rest)
        return soonest


def _ready(catalog: Catalog, group: Group) -> _Ready:
    shares = {target.model: target.weight for target in group.targets}
    known, missing = catalog.members_of(group)
    names = tuple(known)
    count = sum(name in group.choices for name in names)
    plans = tuple(known.values())
    weights = tuple(shares.get(name, 0.0) for name in names)
    is_flat = all(not plan.group and len(plan.deployments) == 1 for plan in plans)
    return _Ready(group, names, plans, weights, count or len(names), is_flat, _is_priced(catalog, group), missing)


def _is_priced(catalog: Catalog, group: Group) -> bool:
    """Whether it, or a group beneath it, chooses by cost: only then is it worth knowing what a provider has cached."""
    beneath = (catalog.group(name) for name in group.members)
    return group.strategy == "cheapest" or any(inner is not None and _is_priced(catalog, inner) for inner in beneath)


def _in_order(listed: Sequence[T], count: int, pick: Pick) -> list[T]:
    """The picked ones, then those that may follow, as listed; `count` of the listed are targets, the rest fallbacks."""
    heads = pick.heads
    if pick.only:
        return [*(listed[at] for at in heads), *listed[count:]]
    rest = list(listed)
    for at in sorted(heads, reverse=True):
        del rest[at]
    return [*(listed[at] for at in heads), *rest]
