"""The catalogue: an immutable snapshot of what can be asked for, and the way from a name to deployments.

The provider is chosen here, never from the raw name elsewhere (edge case 64). A change builds a new snapshot;
running calls keep the one they began with (law 10).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

import msgspec

from gophergate.errors import ModelNotFound
from gophergate.providers.base import Provider
from gophergate.routing.base import Deployment, Plan
from gophergate.routing.groups import Group


class Listed(msgspec.Struct, frozen=True):
    """A line of the model list. `created` is Unix seconds of when the gateway learned of it."""

    id: str
    owned_by: str
    created: int = 0


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator set about one "provider/model": whether it may be used, and what the provider calls it."""

    enabled: bool = True
    sent_as: str = ""


_UNSET = ModelFacts()


class Catalog:
    """One snapshot. `groups` are sound (`groups.checked_groups`); `facts` are by "provider/model"."""

    def __init__(
        self,
        providers: Iterable[Provider],
        groups: Mapping[str, Group] | None = None,
        created: int = 0,
        facts: Mapping[str, ModelFacts] | None = None,
    ) -> None:
        self.providers = {provider.name: provider for provider in providers}
        self.groups = dict(groups or {})
        self._facts = dict(facts or {})
        self._created = created
        self._speakers = Counter(dialect for provider in self.providers.values() for dialect in provider.speaks)
        self._by_model: dict[str, Deployment] = {}
        for provider in self.providers.values():
            for model in provider.models:
                deployment = self._deployment(provider, model)
                if deployment is not None:
                    self._by_model.setdefault(model, deployment)
                    self._by_model.setdefault(deployment.label, deployment)
        self._plans: dict[str, Plan] = {}

    def plan(self, name: str) -> Plan:
        """The deployments for a requested model name. Raises ModelNotFound, with the nearest known name as a hint."""
        plan = self._plans.get(name)
        if plan is None:
            plan = Plan(*self._resolve(name, ()))
            if len(self._plans) < 4096:
                self._plans[name] = plan
        return plan

    def speakers(self, dialect: str) -> int:
        """How many providers speak a dialect."""
        return self._speakers[dialect]

    def listed(self) -> Iterator[Listed]:
        """Every model a caller may name: groups first, then each provider's models under their prefixed names."""
        for group in self.groups:
            yield Listed(group, "gophergate", self._created)
        for provider in self.providers.values():
            for model in provider.models:
                if self.facts(f"{provider.name}/{model}").enabled:
                    yield Listed(f"{provider.name}/{model}", provider.name, self._created)

    def facts(self, label: str) -> ModelFacts:
        """What was set about a "provider/model"."""
        return self._facts.get(label, _UNSET)

    def _deployment(self, provider: Provider, model: str) -> Deployment | None:
        """None for a model that is switched off."""
        facts = self.facts(f"{provider.name}/{model}")
        if not facts.enabled:
            return None
        return Deployment(provider, facts.sent_as, model) if facts.sent_as else Deployment(provider, model)

    def _resolve(self, name: str, above: tuple[str, ...]) -> tuple[tuple[Deployment, ...], tuple[str, ...]]:
        if name in self.groups and name not in above:
            found: list[Deployment] = []
            members = self.groups[name].members
            steps = [f"'{name}' is a group of {', '.join(members)}, tried in order"]
            for target in members:
                deployments, inner = self._resolve(target, (*above, name))
                found.extend(deployments)
                steps.extend(inner)
            return tuple(found), tuple(steps)
        known = self._by_model.get(name)
        if known is not None:
            return (known,), (f"'{name}' is {known.label}",)
        prefix, slash, model = name.partition("/")
        provider = self.providers.get(prefix) if slash else None
        if provider is not None and model and not (provider.models and provider.simulator is not None):
            named = self._deployment(provider, model)
            if named is not None:
                return (named,), (f"'{name}' names provider '{prefix}'",)
        raise ModelNotFound(name, self._hint(name))

    def _hint(self, name: str) -> str:
        if not self.facts(name).enabled:
            return "It is switched off here."
        near = get_close_matches(name, [*self.groups, *self._by_model], n=1)
        if near:
            return f"Did you mean '{near[0]}'?"
        return "GET /v1/models lists what there is; a name may carry its provider, as in 'openai/gpt-4.1'."


class CatalogHolder:
    """The one place where a snapshot is swapped: `current` is read once per call."""

    __slots__ = ("current",)

    def __init__(self, catalog: Catalog) -> None:
        self.current = catalog

    def swap(self, catalog: Catalog) -> None:
        """Make `catalog` the snapshot of every call that begins from now on."""
        self.current = catalog
