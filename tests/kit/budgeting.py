"""What stands around `policy.budgets.Reservations` in tests: a ledger a test can see, and every backend there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gophergate.policy.budgets import Budget, Claim, Reservations, Scope
from gophergate.policy.reservations import MemoryReservations, Patience

DOLLAR = 1_000_000_000
AT = 1_785_715_200_000_000
"""2026-08-03 00:00 UTC, a Monday."""


class Called(NamedTuple):
    """One call in the book."""

    scope: Scope
    name: str
    at: int
    cost: int


class Book:
    """A ledger: what every call of a scope cost. Each read waits, as a database makes one wait."""

    def __init__(self) -> None:
        self.calls: list[Called] = []
        self.reads = 0
        self.is_down = False

    async def spent(
        self, claim: Claim, begin: int, end: int | None, step: int, ready: Callable[[], None]
    ) -> Mapping[int, int]:
        self.reads += 1
        await asyncio.sleep(0)
        if self.is_down:
            raise OSError("down")
        ready()
        found: dict[int, int] = {}
        for call in self.calls:
            same = (call.scope, call.name) == (claim.budget.scope, claim.name)
            if same and call.at >= begin and (end is None or call.at < end):
                slot = call.at // step if step else 0
                found[slot] = found.get(slot, 0) + call.cost
        await asyncio.sleep(0)
        return found

    def total(self, scope: Scope, name: str) -> int:
        """All that a scope has ever cost."""
        return sum(call.cost for call in self.calls if (call.scope, call.name) == (scope, name))


class Clock:
    """Seconds that a test turns on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Told(NamedTuple):
    """A threshold that was told of."""

    budget_id: str
    name: str
    share: float
    spent: int


Backend = Callable[[Book, Clock, Patience, list[Told]], Reservations]


def memory(book: Book, clock: Clock, patience: Patience, told: list[Told]) -> Reservations:
    """One process's."""
    return MemoryReservations(
        book,
        tells=lambda claim, share, spent, _: told.append(Told(claim.budget.id, claim.name, share, spent)),
        clock=clock,
        patience=patience,
    )


BACKENDS: Mapping[str, Backend] = {"memory": memory}
"""Every backend, by name: the promises of `policy.budgets` are tested over each."""


def budget(amount: int, **more: Any) -> Budget:
    """A client's budget for the day, but for what is said."""
    values: dict[str, Any] = {"id": "b", "scope": "client", "scope_id": "c", "amount": amount, "period": "day"}
    return Budget(**{**values, **more})


def claim(of: Budget, name: str = "") -> Claim:
    """The claim of a call under a budget."""
    return Claim(of, name or of.scope_id)


def in_force(backend: Reservations, *budgets: Budget) -> list[Claim]:
    """Put budgets in force; the claims of a call that falls under all of them."""
    backend.changed({budget.id: budget for budget in budgets})
    return [claim(budget) for budget in budgets]
