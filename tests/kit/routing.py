"""Routing without a gateway: providers of three letters, a clock that is set by hand, seeded draws."""

from __future__ import annotations

import random
from collections.abc import Iterable

from gophergate.core.usage import Usage
from gophergate.providers.base import Credential, Provider
from gophergate.providers.registry import BY_KIND
from gophergate.routing.base import Deployment
from gophergate.routing.catalog import Catalog
from gophergate.routing.choose import Chooser
from gophergate.routing.groups import Group, checked_groups
from gophergate.routing.health import Health
from gophergate.routing.strategies import Means
from gophergate.routing.warmth import Warmth


class HandClock:
    """Seconds that pass only when told."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class TablePrices:
    """Nano-dollars a token by label: (input, cache read, output)."""

    def __init__(self) -> None:
        self.table: dict[str, tuple[int, int, int]] = {}
        self.asked = 0

    def price(self, deployment: Deployment, usage: Usage | None) -> tuple[int | None, str | None]:
        self.asked += 1
        rates = self.table.get(deployment.label)
        if rates is None or usage is None:
            return None, None
        counts = (usage.input or 0, usage.cache_read or 0, usage.output or 0)
        return sum(rate * count for rate, count in zip(rates, counts, strict=True)), "table"


def provider(name: str, *, models: Iterable[str] = ("m",), keys: Iterable[Credential] = (), **more: object) -> Provider:
    """A provider that speaks Chat at an address nobody asks."""
    return Provider(
        name=name,
        row=BY_KIND["compatible"],
        roots={"openai_chat": f"http://{name}.invalid/v1"},
        speaks=("openai_chat",),
        models=tuple(models),
        credentials=tuple(keys),
        **more,  # type: ignore[arg-type]
    )


class Floor:
    """Health, prices and a chooser on one clock."""

    def __init__(self, seed: int = 7) -> None:
        self.clock = HandClock()
        self.prices = TablePrices()
        self.told: list[tuple[str, dict[str, object]]] = []
        self.health = Health(self.clock, self.clock, lambda kind, data: self.told.append((kind, dict(data))))
        self.warmth = Warmth(self.clock)
        self.means = Means(random.Random(seed), self.prices, self.warmth, self.clock)
        self.chooser = Chooser(self.health, self.means)

    def catalog(self, *groups: Group, providers: Iterable[Provider] = ()) -> Catalog:
        """A catalogue of these groups over the providers a, b and c, or those given."""
        found = tuple(providers) or tuple(provider(name) for name in "abc")
        return Catalog(found, checked_groups({group.name: group for group in groups}))

    def break_down(self, catalog: Catalog, label: str) -> None:
        """Let a deployment fail until its breaker opens."""
        (deployment,) = catalog.plan(label).deployments
        for _ in range(deployment.provider.breaker.failures):
            vitals = self.health.began(deployment)
            self.health.failed(vitals, "down")
            self.health.ended(vitals)
