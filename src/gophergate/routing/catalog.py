"""The catalogue: an immutable snapshot of what can be asked for, and the way from a name to deployments.

The provider is chosen here, never from the raw name elsewhere (edge case 64). A change builds a new snapshot;
running calls keep the one they began with (law 10).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Protocol

import msgspec

from gophergate.core.guarding import UNGUARDED, Guards
from gophergate.errors import ModelNotFound
from gophergate.providers.base import Provider
from gophergate.providers.known_as import models_dev
from gophergate.routing.base import Deployment, Plan
from gophergate.routing.facts import NO_FACTS, FactBook, Facts
from gophergate.routing.groups import Group, GroupProblem, Target


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
_ALIKE = 4
_COMPARED = 1000


class Catalog:
    """One snapshot. `groups` are sound (`groups.checked_groups`); `settings` are by "provider/model"; `book` holds what
    is known of models by themselves; `guards` are those in force."""

    def __init__(
        self,
        providers: Iterable[Provider],
        groups: Mapping[str, Group] | None = None,
        created: int = 0,
        settings: Mapping[str, ModelSetting] | None = None,
        book: FactBook = NO_FACTS,
        guards: Guards = UNGUARDED,
    ) -> None:
        self.providers = {provider.name: provider for provider in providers}
        self.book = book
        self.guards = guards
        self.settings = dict(settings or {})
        self._facts: dict[str, Facts] = {}
        self.created = created
        self._speakers = Counter(dialect for provider in self.providers.values() for dialect in provider.speaks)
        self._by_model: dict[str, Deployment] = {}
        for provider in self.providers.values():
            for model in provider.models:
                deployment = self._deployment(provider, model)
                if deployment is not None:
                    self._by_model.setdefault(model, deployment)
                    self._by_model.setdefault(deployment.label, deployment)
        self._plans: dict[str, Plan] = {}
        self.given = dict(groups or {})
        """The groups as they were given, wildcards and all."""
        self.groups = {name: self._expanded(group) for name, group in self.given.items() if "*" not in name}
        self._aliases = [group for name, group in self.given.items() if "*" in name]
        self._aliased: dict[str, Group] = {}

    def plan(self, name: str) -> Plan:
        """The deployments for a requested model name. Raises ModelNotFound, with the nearest known name as a hint."""
        plan = self._plans.get(name)
        if plan is None:
            plan = self._resolved(name)
            if len(self._plans) < _REMEMBERED:
                self._plans[name] = plan
        return plan

    def speakers(self, dialect: str) -> int:
        """How many providers speak a dialect."""
        return self._speakers[dialect]

    def listed(self) -> Iterator[Listed]:
        """Every model a caller may name: groups first, then each provider's models under their prefixed names."""
        for group in self.groups:
            yield Listed(group, "gophergate", self.created)
        for provider in self.providers.values():
            for model in provider.models:
                if self.setting(f"{provider.name}/{model}").enabled:
                    yield Listed(f"{provider.name}/{model}", provider.name, self.created)

    def setting(self, label: str) -> ModelSetting:
        """What was set about a "provider/model"."""
        return self.settings.get(label, _UNSET)

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

    def group(self, name: str) -> Group | None:
        """The group of that name, its wildcards written out: each "provider/*" of its targets and fallbacks stands for
        the models there are. An alias with a "*" in its name is a group for every name that fits it."""
        return self.groups.get(name) or self._aliased.get(name) or self._alias(name)

    def _alias(self, name: str) -> Group | None:
        if not self._aliases or name in self._by_model or name.partition("/")[0] in self.providers or "*" in name:
            return None
        for alias in self._aliases:
            before, _, after = alias.name.partition("*")
            if len(name) >= len(alias.name) and name.startswith(before) and name.endswith(after):
                found = self._expanded(substituted(alias, name, name[len(before) : len(name) - len(after)]))
                if len(self._aliased) < _REMEMBERED:
                    self._aliased[name] = found
                return found
        return None

    def label(self, name: str) -> str:
        """The "provider/model" that a name without its provider stands for; "" where it stands for none."""
        known = self._by_model.get(name)
        return known.label if known is not None else ""

    def _expanded(self, group: Group) -> Group:
        targets: list[Target] = []
        for target in group.targets:
            names = self._matching(target.model)
            targets += [Target(model=name, weight=target.weight / len(names)) for name in names]
        fallbacks = [name for one in group.fallbacks for name in self._matching(one)]
        return msgspec.structs.replace(group, targets=tuple(targets), fallbacks=tuple(dict.fromkeys(fallbacks)))

    def _matching(self, pattern: str) -> tuple[str, ...]:
        """The labels that a wildcard stands for, in the providers' own order; a plain name stands for itself."""
        if "*" not in pattern:
            return (pattern,)
        labels = dict.fromkeys(deployment.label for deployment in self._by_model.values())
        return tuple(label for label in labels if fnmatchcase(label, pattern))

    def members_of(self, group: Group) -> tuple[dict[str, Plan], list[str]]:
        """The members of a group that there are, as listed, with what they stand for; and a sentence on each that is
        not there: it takes no other with it. Raises ModelNotFound when none is."""
        found: dict[str, Plan] = {}
        missing: list[str] = []
        for member in group.members:
            try:
                found[member] = self.plan(member)
            except ModelNotFound as error:
                missing.append(f"'{member}' is left out: {error.message}")
        if not found:
            why = missing[-1] if missing else "nothing fits what it names."
            raise ModelNotFound(group.name, f"It is a group, and none of its models is there: {why}")
        return found, missing

    def check_members(self, group: Group) -> None:
        """Raises GroupProblem for a group that names something that is not there, with the member that does. What a
        provider may yet be found to have passes."""
        named = [*group.named()]
        if group.classifier is not None:
            named.append(("classifier.model", group.classifier.model))
        for member, name in named:
            if "*" in name:
                if "*" in group.name or self._matching(name) or name.partition("/")[0] in self.providers:
                    continue
                hint = "no model there is fits it"
            else:
                try:
                    self.plan(name)
                    continue
                except ModelNotFound as error:
                    hint = error.hint or "there is no such model"
            raise GroupProblem(
                group.name, member, f"The group '{group.name}' names '{name}' ({member}), which is not there: {hint}"
            )

    def _resolved(self, name: str) -> Plan:
        group = self.group(name)
        if group is not None:
            return self._of_group(group)
        known = self._by_model.get(name)
        if known is not None:
            return Plan((known,), (f"'{name}' is {known.label}",))
        prefix, slash, model = name.partition("/")
        provider = self.providers.get(prefix) if slash else None
        if provider is not None and model and not (provider.models and provider.simulator is not None):
            named = self._deployment(provider, model)
            if named is not None:
                return Plan((named,), (f"'{name}' names provider '{prefix}'",))
        raise ModelNotFound(name, self.hint(name))

    def _of_group(self, group: Group) -> Plan:
        found: dict[str, Deployment] = {}
        members, missing = self.members_of(group)
        steps = [f"'{group.name}' is a group of {', '.join(group.members)}, tried in order", *missing]
        for plan in members.values():
            for deployment in plan.deployments:
                found.setdefault(deployment.label, deployment)
            steps += plan.decision
        is_open = len(members) > 1 or any(plan.group for plan in members.values())
        return Plan(tuple(found.values()), tuple(steps), group.name if is_open else "", group.resilience)

    def hint(self, name: str) -> str:
        """What to say to somebody who asked for a name that is not there."""
        if not self.setting(name).enabled:
            return "It is switched off here."
        near = self._nearest(name)
        if near:
            return f"Did you mean '{near}'?"
        return "GET /v1/models lists what there is; a name may carry its provider, as in 'openai/gpt-4.1'."

    def _nearest(self, name: str) -> str | None:
        """The name somebody may have meant: written with other capitals, with another provider or none, or nearly."""
        folded = name.casefold()
        names = [*self.groups, *self._by_model]
        exact = next((one for one in names if one.casefold() == folded), None)
        if exact is not None:
            return exact
        bare = folded.rpartition("/")[2]
        same = next((one for one in self._by_model if one.casefold().rpartition("/")[2] == bare), None)
        if same is not None:
            return self.label(same)
        # Likeness is dear: it is looked for among names of about that length, and not for any number of them.
        alike = [one for one in names if abs(len(one) - len(name)) <= _ALIKE][:_COMPARED]
        close = get_close_matches(folded, {one.casefold(): one for one in alike}, n=1)
        return next((one for one in alike if close and one.casefold() == close[0]), None)


def substituted(alias: Group, name: str, meant: str) -> Group:
    """An alias with a "*" as the group of one name: `meant` stands in place of every "*"."""

    def said(text: str) -> str:
        return text.replace("*", meant)

    return msgspec.structs.replace(
        alias,
        name=name,
        targets=tuple(msgspec.structs.replace(target, model=said(target.model)) for target in alias.targets),
        fallbacks=tuple(said(fallback) for fallback in alias.fallbacks),
        rules=tuple(
            msgspec.structs.replace(rule, model=said(rule.model), fallback=rule.fallback and said(rule.fallback))
            for rule in alias.rules
        ),
    )


class Snapshots(Protocol):
    """Where a call finds the snapshot it begins with."""

    @property
    def current(self) -> Catalog: ...


class CatalogHolder:
    """The one place where a snapshot is swapped: `current` is read once per call."""

    __slots__ = ("current",)

    def __init__(self, catalog: Catalog) -> None:
        self.current = catalog

    def swap(self, catalog: Catalog) -> None:
        """Make `catalog` the snapshot of every call that begins from now on."""
        self.current = catalog
