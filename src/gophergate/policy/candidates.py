"""Which of several models may still answer a call, by the budgets that are theirs alone.

One whose own budget is in the way is left out while others have room; only when none has is the call refused, or does
it wait for those whose money is merely held. Nothing is held for a model that was left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from gophergate.policy.budgets import Hold, OverBudget
from gophergate.policy.rules import Model, concerns


class Labelled(Model, Protocol):
    """A deployment with the name that records call it by."""

    @property
    def label(self) -> str: ...


M = TypeVar("M", bound=Labelled)
N = TypeVar("N", bound=Labelled, contravariant=True)


class Reserve(Protocol[N]):
    """Reserves for some models at once."""

    async def __call__(self, models: Sequence[N], *, waits: bool) -> Hold:
        """A reservation in all their budgets, or none. Raises OverBudget."""


class Candidates(Generic[M]):
    """The models that a call may go to, at least one. `refusals` are of those that were left out, by label."""

    def __init__(self, models: Sequence[M]) -> None:
        self.refusals: dict[str, OverBudget] = {}
        self._models = models

    async def reserve(self, reserve: Reserve[M], *, may_wait: bool) -> Hold:
        """A reservation by `reserve`, given models and whether to wait, for as many of them as may answer. Raises
        OverBudget when it is everybody's money that is short or no model is left, and whatever `reserve` raises."""
        left = self._models
        refusal: OverBudget | None = None
        for waits in (False, True) if may_wait else (False,):
            while left:
                try:
                    return await reserve(left, waits=waits)
                except OverBudget as error:
                    refusal = error
                    theirs = [one.label for one in left if concerns(error.claim, one)]
                    if not theirs and not error.is_held:
                        raise
                    if not theirs or (waits and error.is_held):
                        break
                    self.refusals |= dict.fromkeys(theirs, error)
                    left = [one for one in left if one.label not in theirs]
            if not left and not waits and may_wait:
                left = self._taken_back()
        refusals = self.refusals.values() if refusal is None else (refusal, *self.refusals.values())
        raise min(refusals, key=lambda error: math.inf if error.retry_after is None else error.retry_after)

    def _taken_back(self) -> list[M]:
        """Those that were left out because their money is held: it comes free, so they are worth waiting for."""
        found = [one for one in self._models if (why := self.refusals.get(one.label)) is not None and why.is_held]
        for one in found:
            del self.refusals[one.label]
        return found
