"""Looks whether a provider that is left alone is back, by asking for its model list: that costs nothing (O25).

Only where its breaker says so (`probe`). A list that comes makes the next call try it; it proves no more than that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gophergate.errors import UpstreamError
from gophergate.routing.catalog import CatalogHolder
from gophergate.routing.discovery import list_models
from gophergate.routing.health import Health
from gophergate.transport.base import Transport

_EVERY = 1.0


class Prober:
    """One for a gateway, outside every call."""

    def __init__(
        self,
        health: Health,
        holder: CatalogHolder,
        transport: Transport,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._health = health
        self._holder = holder
        self._transport = transport
        self._sleep = sleep
        self._asked: dict[str, float] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._sleep(_EVERY)
            await self.look()

    async def look(self) -> None:
        """Ask each provider whose turn it is, once for all its deployments."""
        now = self._health.clock()
        due = {
            vitals.provider
            for vitals in self._health.ill()
            if vitals.state == "open"
            and vitals.terms.probe > 0
            and now - self._asked.get(vitals.provider, -vitals.terms.probe) >= vitals.terms.probe
        }
        for name in due:
            self._asked[name] = now
        await asyncio.gather(*(self._ask(name) for name in due))

    async def _ask(self, name: str) -> None:
        provider = self._holder.current.providers.get(name)
        if provider is None or not provider.speaks:
            return
        try:
            await list_models(provider, self._transport)
        except UpstreamError:
            return  # Still not back; its breaker says so already.
        self._health.answered(name)
