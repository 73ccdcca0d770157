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
from gophergate.providers.known_as import models_dev
from gophergate.routing.base import Deployment, Plan
from gophergate.routing.facts import NO_FACTS, FactBook, Facts
from gophergate.routing.groups import Group


class Listed(msgspec.Struct, frozen=True):
    """A line of the model list. `created` is Unix seconds of when the gateway learned of it."""

    id: str
    owned_by: str
    created: int = 0


class ModelSetting(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator set about one "provider/model": whether it may be used, and what the provider calls it."""

    enabled: bool = True
    sent_as: str = ""


_UNSET = ModelSetting()
_REMEMBERED = 4096


class Catalog:
    """One snapshot. `groups` are sound (`groups.checked_groups`); `settings` are by "provider/model"; `book` holds what
    is known of models by themselves."""

    def __init__(
        self,
        providers: Iterable[Provider],
        groups: Mapping[str, Group] | None = None,
        created: int = 0,
        settings: Mapping[str, ModelSetting] | None = None,
        book: FactBook = NO_FACTS,
    ) -> None:
        self.providers = {provider.name: provider for provider in providers}
        self.groups = dict(groups or {})
        self.book = book
        self._settings = dict(settings or {})
        self._facts: dict[str, Facts] = {}
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
            if len(self._plans) < _REMEMBERED:
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
                if self.setting(f"{provider.name}/{model}").enabled:
                    yield Listed(f"{provider.name}/{model}", provider.name, self._created)

    def setting(self, label: str) -> ModelSetting:
        """What was set about a "provider/model"."""
        return self._settings.get(label, _UNSET)

    def facts(self, label: str) -> Facts:
        """What is known of a "provider/model" (a deployment's `label`) by itself: context and output limits in tokens,
        what it reads and writes, what it can do. `facts.UNKNOWN`, whose every member is None or empty, where nobody
        knows it, and for every model in the first moments of a process, before the list is loaded. A dict look-up."""
        found = self._facts.get(label)
        if found is None:
            name, _, model = label.partition("/")
            provider = self.providers.get(name)
            at = models_dev(provider.row.kind, name) if provider is not None else (name,)
            found = self.book.find(at, self.setting(label).sent_as or model)
            if len(self._facts) < _REMEMBERED:
                self._facts[label] = found
        return found

    def _deployment(self, provider: Provider, model: str) -> Deployment | None:
        """None for a model that is switched off."""
        setting = self.setting(f"{provider.name}/{model}")
        if not setting.enabled:
            return None
        return Deployment(provider, setting.sent_as, model) if setting.sent_as else Deployment(provider, model)

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
        if not self.setting(name).enabled:
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
