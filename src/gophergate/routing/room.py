"""The routing room, put together: what is known of health, the choosing among targets, the attempts."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol

from gophergate.dialects.base import Dialect
from gophergate.routing.able import AbleHolder
from gophergate.routing.attempts import Attempts
from gophergate.routing.catalog import CatalogHolder, Snapshots
from gophergate.routing.choose import Chooser
from gophergate.routing.continuity import Continuity, NothingKept
from gophergate.routing.credentials import Credentials
from gophergate.routing.health import Health
from gophergate.routing.media import Fetch
from gophergate.routing.pace import Pace
from gophergate.routing.path import Paths
from gophergate.routing.plain import PlainPaths
from gophergate.routing.probing import Prober
from gophergate.routing.seals import MemorySeals
from gophergate.routing.strategies import Means, Prices
from gophergate.routing.warmth import Warmth
from gophergate.transport.base import Transport


class Parts(Protocol):
    """What it stands on (`app.Parts` fits)."""

    @property
    def transport(self) -> Transport: ...

    @property
    def fetch(self) -> Fetch: ...

    @property
    def wall(self) -> Callable[[], float]: ...

    @property
    def clock(self) -> Callable[[], float]: ...

    @property
    def bits(self) -> Callable[[int], int]: ...


class Serving(NamedTuple):
    """What a house has of its own for one operation."""

    catalog: Snapshots
    chooser: Chooser
    attempts: Attempts


class Router:
    """`health` outlives every catalogue; `chooser` and `attempts` are what a call passes. `provider_wait` is how many
    seconds a call may wait for a provider's own limits; 0 waits for none."""

    def __init__(
        self,
        holder: CatalogHolder,
        dialects: Mapping[str, Dialect],
        prices: Prices,
        parts: Parts,
        announce: Callable[[str, Mapping[str, Any]], None],
        provider_wait: float = 0.0,
    ) -> None:
        self._holder = holder
        self.health = Health(parts.clock, parts.wall, announce)
        draw = random.Random(parts.bits(64))  # noqa: S311 - shares, no secrets
        warmth = Warmth(parts.clock)
        self.chooser = Chooser(self.health, Means(draw, prices, warmth, parts.clock))
        continuity = Continuity(MemorySeals(parts.clock), holder)
        self.credentials = Credentials(self.health, draw)
        pace = Pace(provider_wait, parts.clock, parts.wall) if provider_wait else None

        def paths_for(kind: type[Paths], dialects: Mapping[str, Dialect], continuity: Continuity) -> Paths:
            return kind(
                parts.transport,
                dialects,
                continuity,
                parts.fetch,
                self.credentials,
                pace,
                most_output=lambda label: holder.current.facts(label).default_output,
            )

        self._paths = paths_for
        self._attempts = partial(
            Attempts, health=self.health, credentials=self.credentials, draw=draw, prices=prices, warmth=warmth
        )
        self.prober = Prober(self.health, holder, parts.transport)
        paths = self._paths(Paths, dialects, continuity)
        self.attempts = self._attempts(paths, continuity, catalog=holder)

    def serving(self, operation: str, dialects: Mapping[str, Dialect], *, plain: bool = False) -> Serving:
        """What calls of an operation that is not chat pass, asked for in its own dialects; one that is `plain` goes as
        it comes. Health, credentials and prices are the same for all."""
        catalog = AbleHolder(self._holder, operation)
        nothing = NothingKept(MemorySeals(self.health.clock), catalog)
        paths = self._paths(PlainPaths if plain else Paths, dialects, nothing)
        attempts = self._attempts(paths, nothing, catalog=catalog)
        return Serving(catalog, Chooser(self.health, self.chooser.means, self.chooser.rater), attempts)

    def reconfigured(self) -> None:
        """A new catalogue is in force."""
        self.health.renew(self._holder.current.providers.values())
