"""What to do after a failed attempt: another key, another deployment, the same one after a pause, or nothing.

One for each call whose first attempt failed. Decides; it waits for nothing and asks nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import NamedTuple

import msgspec

from gophergate.errors import GatewayError
from gophergate.providers.base import Provider
from gophergate.routing.base import Deployment, Order, Plan
from gophergate.routing.catalog import Catalog
from gophergate.routing.credentials import Credentials
from gophergate.routing.failures import TREATMENTS, Treatment, kind_of, said_to_retry, said_to_wait, told
from gophergate.routing.health import Health

PATIENCE = 5.0
"""Seconds of pause that are worth it while a client waits; a group's `wait` says otherwise."""
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 8.0


class Step(NamedTuple):
    """Ask `deployment` after `pause` seconds."""

    deployment: Deployment
    pause: float
    because: str


class _Failure(msgspec.Struct):
    """How one deployment has done in this call. `ready` is when it may be asked again, on the clock."""

    deployment: Deployment
    again: bool
    ready: float
    tries: int = 1
    keys: int = 1


class Recovery:
    """The rest of one call's attempts. `began` is when the first of them began, on the health's clock."""

    def __init__(
        self,
        plan: Plan,
        order: Order,
        health: Health,
        credentials: Credentials,
        catalog: Catalog,
        draw: Random,
        began: float,
    ) -> None:
        self._order = order
        self._health = health
        self._credentials = credentials
        self._catalog = catalog
        self._draw = draw
        self._left = list(plan.deployments[1:])
        self._failed: dict[str, _Failure] = {}
        first = plan.deployments[0].provider
        self._deadline = began + (order.resilience.retry_deadline or first.retry.deadline)

    def after(self, deployment: Deployment, error: GatewayError) -> Step | None:
        """The next step after `deployment` failed so; None when nothing is worth it, or there is no time left."""
        now = self._health.clock()
        if now >= self._deadline:
            return None
        treatment = TREATMENTS[kind_of(error)]
        failure = self._noted(deployment, error, treatment, now)
        why = f"{deployment.label} failed ({told(error)})"
        if treatment.other_key and not self._order.credential and failure.keys < len(deployment.provider.credentials):
            fit = self._credentials.usable(deployment.provider)
            if fit:
                failure.keys += 1
                failure.tries -= 1
                return Step(deployment, 0.0, f"{why}, so another of its credentials is used")
        following = self._following(deployment, treatment)
        if following is not None:
            return Step(following, 0.0, f"{why}, so {following.label} is asked")
        return self._again(why, now) if treatment.elsewhere == "any" or failure.again else None

    def has_other_vendor(self, deployment: Deployment) -> bool:
        """Whether one is left to ask should that deployment's vendor refuse by its content policy."""
        return has_other_vendor(self._left, deployment)

    def _noted(self, deployment: Deployment, error: GatewayError, treatment: Treatment, now: float) -> _Failure:
        wanted = said_to_retry(error)
        floor = said_to_wait(error, self._health.wall)
        again = wanted if wanted is not None else treatment.again and (floor is not None or not treatment.if_told)
        failure = self._failed.get(deployment.label)
        if failure is None:
            failure = self._failed[deployment.label] = _Failure(deployment, again, now)
        else:
            failure.tries += 1
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (failure.tries - 1)) * (0.5 + self._draw.random())
        failure.again = again
        failure.ready = now + max(floor or 0.0, pause)
        return failure

    def _following(self, failed: Deployment, treatment: Treatment) -> Deployment | None:
        """The next deployment that may do better, taken out of those that are left."""
        if treatment.elsewhere == "none":
            return None
        now = self._health.clock()
        for number, candidate in enumerate(self._left):
            if treatment.elsewhere == "bigger" and not self._is_bigger(candidate, failed):
                continue
            if treatment.elsewhere == "vendor" and _is_same_vendor(candidate.provider, failed.provider):
                continue
            if self._health.rest(candidate, now)[1] and any(
                not self._health.rest(other, now)[1] for other in self._left[number + 1 :]
            ):
                continue  # It has fallen ill since the plan was made, and others are well.
            return self._left.pop(number)
        return None

    def _is_bigger(self, candidate: Deployment, failed: Deployment) -> bool:
        """Whether it may hold more. What nobody knows is worth trying."""
        theirs, ours = self._catalog.facts(candidate.label).context, self._catalog.facts(failed.label).context
        return theirs is None or ours is None or theirs > ours

    def _again(self, why: str, now: float) -> Step | None:
        """The one that may be asked again first, if any may within the time there is."""
        said = self._order.resilience.retries
        fit = [
            failure
            for failure in self._failed.values()
            if failure.again and failure.tries <= (failure.deployment.provider.retry.retries if said is None else said)
        ]
        if not fit:
            return None
        first = min(fit, key=lambda failure: failure.ready)
        pause = max(0.0, first.ready - now)
        if pause > (self._order.resilience.wait or PATIENCE) or now + pause > self._deadline:
            return None
        return Step(first.deployment, pause, f"{why}, so {first.deployment.label} is asked again after {pause:.2f} s")


def has_other_vendor(deployments: Iterable[Deployment], deployment: Deployment) -> bool:
    """Whether any of them is of another vendor than that one."""
    return any(not _is_same_vendor(one.provider, deployment.provider) for one in deployments)


def _is_same_vendor(one: Provider, other: Provider) -> bool:
    """Two of a kind that has an address of its own are one vendor; elsewhere every provider is its own."""
    return one is other or (one.row is other.row and bool(one.row.base_url))
