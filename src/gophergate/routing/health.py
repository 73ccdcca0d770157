"""How each deployment and credential is, learned from the outcomes of calls: breakers, cooldowns, load, latency.

Outlives catalogue snapshots, for it goes by names. Never waits, never raises; it advises, and whoever chooses decides.
All times are seconds on the injected clock; what people read is wall time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from gophergate.core.resilience import Breaker
from gophergate.providers.base import Provider
from gophergate.routing.base import Deployment

State = Literal["closed", "open", "half_open"]

_MOST = 20_000
"""Deployments remembered. Callers may name models freely where a provider lists none, so there must be a bound."""
_TAU = 10.0
"""Seconds in which a latency is forgotten to a third (peak-EWMA, as in Finagle's load balancer)."""


class Ailment(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with something, for people: `what` is a deployment or `provider#credential`. `until` is Unix
    seconds."""

    what: str
    kind: Literal["breaker", "credential"]
    state: str
    reason: str
    until: float


class Load:
    """How many calls a provider has, where it may have no more than `most`."""

    __slots__ = ("most", "running")

    def __init__(self, most: int) -> None:
        self.most = most
        self.running = 0


class Vitals:
    """One deployment's. `first` and `whole` are peak-EWMAs in seconds: until a stream's head, and of a whole answer."""

    __slots__ = (
        "first",
        "first_at",
        "label",
        "load",
        "open_until",
        "probing",
        "provider",
        "reason",
        "running",
        "spoken",
        "state",
        "terms",
        "unlucky",
        "whole",
        "whole_at",
    )

    def __init__(self, label: str, provider: str, terms: Breaker, load: Load | None) -> None:
        self.label = label
        self.provider = provider
        self.terms = terms
        self.load = load
        self.running = 0
        self.state: State = "closed"
        self.unlucky = 0
        self.open_until = 0.0
        self.probing = False
        self.reason = ""
        self.first = self.first_at = 0.0
        self.whole = self.whole_at = 0.0
        self.spoken = 0.0
        """Output tokens an answer has, on average; 0 while nothing is known."""

    def latency(self, *, stream: bool) -> float:
        """Expected seconds, 0 while nothing is known."""
        return self.first if stream else self.whole

    def took(self, seconds: float, now: float, *, stream: bool) -> None:
        """An answer took this long: a peak counts at once, and is forgotten with time."""
        before, at = (self.first, self.first_at) if stream else (self.whole, self.whole_at)
        if seconds < before:
            share = math.exp((at - now) / _TAU)
            seconds = before * share + seconds * (1.0 - share)
        if stream:
            self.first, self.first_at = seconds, now
        else:
            self.whole, self.whole_at = seconds, now


class Health:
    """All of them. `version` rises whenever what may be asked changes; until then a look stays good, `until` said times
    aside. `tells` announces changes (`live` has it)."""

    def __init__(
        self,
        clock: Callable[[], float],
        wall: Callable[[], float],
        tells: Callable[[str, Mapping[str, Any]], None] = lambda kind, data: None,
    ) -> None:
        self.clock = clock
        self.wall = wall
        self._tells = tells
        self._vitals: dict[str, Vitals] = {}
        self._cooling: dict[tuple[str, str], tuple[float, str]] = {}
        self._loads: dict[str, Load] = {}
        self._marks: dict[str, int] = {}
        self._ill = 0
        self._full = 0
        self.version = 0
        self.on_change: list[Callable[[], None]] = []

    def of(self, deployment: Deployment) -> Vitals:
        """The vitals of a deployment."""
        vitals = self._vitals.get(deployment.label)
        if vitals is None:
            if len(self._vitals) >= _MOST:
                self._forget()
            provider = deployment.provider
            vitals = Vitals(deployment.label, provider.name, provider.breaker, self._load(provider))
            self._vitals[deployment.label] = vitals
        return vitals

    def renew(self, providers: Iterable[Provider]) -> None:
        """Take over what a new catalogue says of breakers and concurrency. What was learned stays, but of providers
        whose address or keys are others now: they begin afresh."""
        by_name = {provider.name: provider for provider in providers}
        marks = {name: hash(_mark(provider)) for name, provider in by_name.items()}
        changed = {name for name, mark in self._marks.items() if marks.get(name) != mark}
        self._marks = marks
        for where in [where for where in self._cooling if where[0] in changed]:
            del self._cooling[where]
        for vitals in self._vitals.values():
            provider = by_name.get(vitals.provider)
            if vitals.provider in changed and vitals.state != "closed":
                self._turn(vitals, "closed", "")
            if provider is not None:
                vitals.terms, load = provider.breaker, self._load(provider)
                if load is not vitals.load:
                    vitals.load = load
                    if load is not None:
                        load.running += vitals.running
        self._full = sum(load.running >= load.most for load in self._loads.values())
        self._changed()

    def _load(self, provider: Provider) -> Load | None:
        load = self._loads.get(provider.name)
        if provider.concurrency is None:
            return None
        if load is None or load.most != provider.concurrency:
            load = self._loads[provider.name] = Load(provider.concurrency)
        return load

    def _forget(self) -> None:
        """Make room: what is well and idle can be learned again."""
        kept = {label: v for label, v in self._vitals.items() if v.running or v.state != "closed"}
        self._vitals = kept if len(kept) < _MOST else {}
        self._ill = sum(v.state != "closed" for v in self._vitals.values())
        self._changed()

    # -- what attempts report -----------------------------------------------------------------------------------

    def began(self, deployment: Deployment) -> Vitals:
        """A call goes to it. What has waited long enough behind an open breaker is now on probation with this call."""
        vitals = self.of(deployment)
        vitals.running += 1
        if vitals.load is not None:
            vitals.load.running += 1
            if vitals.load.running == vitals.load.most:
                self._full += 1
                self._changed()
        if vitals.state != "closed":
            self._probe(vitals)
        return vitals

    def ended(self, vitals: Vitals) -> None:
        """The call has left it, however it went."""
        vitals.running -= 1
        load = vitals.load
        if load is not None:
            load.running -= 1
            if load.running == load.most - 1:
                self._full -= 1
                self._changed()
        if vitals.probing:
            vitals.probing = False  # It ended without a verdict: another may try.
            self._changed()

    def succeeded(self, vitals: Vitals) -> None:
        """It answered."""
        vitals.unlucky = 0
        if vitals.state != "closed":
            self._turn(vitals, "closed", "")

    def failed(self, vitals: Vitals, reason: str) -> None:
        """It failed by its own fault."""
        vitals.unlucky += 1
        now = self.clock()
        if vitals.state == "half_open" or vitals.unlucky >= vitals.terms.failures:
            vitals.open_until = now + vitals.terms.recovery
            vitals.probing = False
            if vitals.state != "open":
                self._turn(vitals, "open", reason)
            else:
                self._changed()

    def answered(self, provider: str, model: str = "") -> None:
        """It was asked outside of calls, and answered. A model that did is well again. "", its list of models, costs
        nothing and proves only that somebody is there: the next call may try whatever of it is left alone."""
        for vitals in self.ill():
            if model and vitals.label == f"{provider}/{model}":
                self.succeeded(vitals)
            elif not model and vitals.provider == provider and vitals.state == "open":
                vitals.open_until = self.clock()
                self._changed()

    def cool(self, provider: str, credential: str, seconds: float, reason: str) -> None:
        """Leave a credential alone for so long; a longer rest that was said before stands (R-F5)."""
        until = self.clock() + seconds
        before = self._cooling.get((provider, credential))
        if before is None or before[0] < until:
            self._cooling[provider, credential] = (until, reason)
            self._changed()
            if before is None:
                self._tell("credential", f"{provider}#{credential}", "cooling", reason, until)

    # -- what choosing asks -------------------------------------------------------------------------------------

    @property
    def is_well(self) -> bool:
        """Whether nothing at all is wrong, so that nobody needs to look closer."""
        return not (self._cooling or self._ill or self._full)

    def is_full(self, deployment: Deployment) -> bool:
        """Whether its provider has all the calls it may have at a time."""
        load = self.of(deployment).load
        return load is not None and load.running >= load.most

    def rest(self, deployment: Deployment, now: float) -> tuple[float, str]:
        """Until when it should be left alone, and why; (0.0, "") when it may be asked now."""
        vitals = self.of(deployment)
        if vitals.state != "closed":
            if now < vitals.open_until:
                return vitals.open_until, f"breaker open until {self.at(vitals.open_until)} ({vitals.reason})"
            if vitals.probing:
                return now + 1.0, "breaker half open, a call is trying it"
        if vitals.load is not None and self.is_full(deployment):
            return now + 1.0, f"'{vitals.provider}' has all the {vitals.load.most} calls it may have at a time"
        return self.rest_of_credentials(deployment.provider, now)

    def rest_of_credentials(self, provider: Provider, now: float) -> tuple[float, str]:
        """Until when every credential of a provider rests; (0.0, "") when one may be used, or it needs none."""
        if not self._cooling or not provider.credentials:
            return 0.0, ""
        soonest, why = math.inf, ""
        for credential in provider.credentials:
            until, reason = self._cooling.get((provider.name, credential.label), (0.0, ""))
            if until <= now:
                self._cooling.pop((provider.name, credential.label), None)
                return 0.0, ""
            if until < soonest:
                soonest = until
                why = f"credential '{credential.label}' rests until {self.at(until)} ({reason})"
        return soonest, why

    def cooling(self, provider: str, credential: str) -> float:
        """Until when a credential rests; 0.0 for one that does not."""
        until, _ = self._cooling.get((provider, credential), (0.0, ""))
        if until and until <= self.clock():
            del self._cooling[provider, credential]
            return 0.0
        return until

    def at(self, when: float) -> str:
        """A time on the clock as the time of day in UTC."""
        return datetime.fromtimestamp(self._wall_of(when), UTC).strftime("%H:%M:%S")

    # -- what people see ----------------------------------------------------------------------------------------

    def ailments(self) -> list[Ailment]:
        """Everything that is not well now."""
        now = self.clock()
        found = [
            Ailment(
                what=vitals.label,
                kind="breaker",
                state=vitals.state if now < vitals.open_until else "half_open",
                reason=vitals.reason,
                until=self._wall_of(vitals.open_until),
            )
            for vitals in self._vitals.values()
            if vitals.state != "closed"
        ]
        for (provider, label), (until, reason) in list(self._cooling.items()):
            if until > now:
                found.append(
                    Ailment(
                        what=f"{provider}#{label}",
                        kind="credential",
                        state="cooling",
                        reason=reason,
                        until=self._wall_of(until),
                    )
                )
        return found

    def ill(self) -> Iterable[Vitals]:
        """The deployments whose breakers are not closed."""
        return [vitals for vitals in self._vitals.values() if vitals.state != "closed"]

    # -- inside -------------------------------------------------------------------------------------------------

    def _probe(self, vitals: Vitals) -> None:
        if self.clock() >= vitals.open_until and not vitals.probing:
            vitals.probing = True
            self._turn(vitals, "half_open", vitals.reason)

    def _turn(self, vitals: Vitals, state: State, reason: str) -> None:
        if (vitals.state == "closed") != (state == "closed"):
            self._ill += -1 if state == "closed" else 1
        if state == "closed":
            vitals.probing, vitals.unlucky = False, 0
        vitals.state, vitals.reason = state, reason
        self._changed()
        self._tell("breaker", vitals.label, state, reason, vitals.open_until)

    def _changed(self) -> None:
        self.version += 1
        for tell in self.on_change:
            tell()

    def _tell(self, kind: str, what: str, state: str, reason: str, until: float) -> None:
        data = {"what": what, "state": state, "reason": reason}
        if state in ("open", "cooling"):
            data["until"] = datetime.fromtimestamp(self._wall_of(until), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._tells(kind, data)

    def _wall_of(self, when: float) -> float:
        return self.wall() + (when - self.clock())


def _mark(provider: Provider) -> tuple[object, ...]:
    """What makes it another provider than before, whatever it is called."""
    return tuple(sorted(provider.roots.items())), tuple((one.label, one.secret) for one in provider.credentials)
