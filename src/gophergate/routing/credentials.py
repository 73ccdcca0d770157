"""Which of a provider's keys a call is sent on: by share among those that are not resting."""

from __future__ import annotations

from random import Random

from gophergate.providers.base import Credential, Provider
from gophergate.routing.health import Health


class Credentials:
    """Picks. A provider with one key costs a look."""

    def __init__(self, health: Health, draw: Random) -> None:
        self._health = health
        self._draw = draw

    def pick(self, provider: Provider, label: str = "") -> Credential | None:
        """A credential for one call: the one of that `label`, resting or not, while there is one; else by weight among
        those that may be used; where all rest, the one that is back first; None for a provider that needs none."""
        credentials = provider.credentials
        if len(credentials) < 2:
            return credentials[0] if credentials else None
        for one in credentials if label else ():
            if one.label == label:
                return one
        usable = self.usable(provider)
        if not usable:
            return min(credentials, key=lambda one: self._health.cooling(provider.name, one.label))
        at = self._draw.random() * sum(one.weight for one in usable)
        for one in usable:
            at -= one.weight
            if at < 0:
                return one
        return usable[-1]

    def usable(self, provider: Provider) -> list[Credential]:
        """Those with a share that are not resting; those without one only where no other is left."""
        fit = [one for one in provider.credentials if not self._health.cooling(provider.name, one.label)]
        return [one for one in fit if one.weight > 0] or fit
