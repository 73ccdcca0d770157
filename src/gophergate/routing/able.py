"""The catalogue as an operation that is not chat sees it: the providers that have it, asked in its own dialects.

The paths, the choosing and the attempts work on it as they do on the whole one; nothing of chat's pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from gophergate.errors import ModelNotFound, OperationNotServed
from gophergate.providers.base import Provider
from gophergate.routing.base import Plan
from gophergate.routing.catalog import Catalog, Snapshots


class Able(Catalog):
    """What of a catalogue can serve an operation. A group is then of its able members; the others are left out, each
    with a sentence on the call's record."""

    def __init__(self, whole: Catalog, operation: str) -> None:
        super().__init__(_able(whole, operation), whole.given, whole.created, whole.settings, whole.book, whole.guards)
        self._whole = whole
        self._operation = operation

    def plan(self, name: str) -> Plan:
        """As the whole catalogue's. Raises OperationNotServed for a name that is there and that nobody able serves."""
        try:
            return super().plan(name)
        except ModelNotFound:
            found = self._whole.plan(name)
            raise OperationNotServed(name, self._operation, _why(found)) from None

    def label(self, name: str) -> str:
        """As the whole catalogue's."""
        return super().label(name) or self._whole.label(name)


def _able(whole: Catalog, operation: str) -> Iterator[Provider]:
    for provider in whole.providers.values():
        dialects = provider.operations.get(operation)
        simulator = provider.simulator
        if simulator is not None:
            yield replace(provider, models=simulator.offers.get(operation, ()))
        elif dialects:
            yield replace(provider, speaks=dialects)


def operations(provider: Provider, model: str) -> tuple[str, ...]:
    """What a model may be asked for, chat first. Of the simulator's it is known; any other's is what its provider has,
    for nobody says for certain what a single one can do."""
    simulator = provider.simulator
    if simulator is not None:
        return tuple(name for name, models in simulator.offers.items() if model in models)
    beside = (name for name, dialects in provider.operations.items() if dialects)
    return (("chat",) if provider.speaks else ()) + tuple(beside)


def _why(plan: Plan) -> str:
    names = dict.fromkeys(f"'{one.provider_name}'" for one in plan.deployments)
    if plan.group or len(names) > 1:
        return f"It stands for models of {', '.join(names)}, and none of them can."
    (only,) = plan.deployments[:1]
    if only.provider.simulator is not None:
        return "The simulator has another model for that."
    return f"Its provider {next(iter(names))} is not asked for that."


class AbleHolder:
    """The current snapshot as an operation sees it, made when a call first asks for it."""

    __slots__ = ("_able", "_holder", "_operation", "_seen")

    def __init__(self, holder: Snapshots, operation: str) -> None:
        self._holder = holder
        self._operation = operation
        self._seen: Catalog | None = None
        self._able: Catalog | None = None

    @property
    def current(self) -> Catalog:
        """The snapshot of a call that begins now."""
        whole = self._holder.current
        if self._able is None or self._seen is not whole:
            self._seen, self._able = whole, Able(whole, self._operation)
        return self._able
