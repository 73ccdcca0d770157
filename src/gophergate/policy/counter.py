"""One window of one budget, counted in memory: what is spent, what is held by whom, and who stands in line for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence

from gophergate.policy.budgets import Budget, Claim, Hold, Standing
from gophergate.policy.windows import Window, rolling, step, window

NEVER = 1 << 63
"""The end of what does not end."""


class Waiter:
    """One caller in a line: `line` is the counter it stands at, None once it has left."""

    __slots__ = ("at", "claims", "estimate", "line", "owner", "taken")

    def __init__(
        self, owner: str, claims: Sequence[Claim], estimate: int, at: int, taken: asyncio.Future[Hold]
    ) -> None:
        self.owner = owner
        self.claims = claims
        self.estimate = estimate
        self.at = at
        self.taken = taken
        self.line: Counter | None = None


class Counter:
    """One claim's window: `reserved` is what `holds` hold in it, `partial` the one let in with less than its estimate;
    `line` waits for it. `spent` is None until the ledger was read; `missed` was settled meanwhile.
    From `due` spent on, thresholds are to be looked at."""

    __slots__ = ("claim", "crossed", "due", "end", "holds", "line", "missed", "partial", "reserved", "spent", "start")

    def __init__(self, claim: Claim, span: Window) -> None:
        self.claim = claim
        self.start = span.start
        self.end = span.end if span.end is not None else NEVER
        self.spent: int | None = None
        self.missed: list[tuple[int, int]] = []
        self.reserved = 0
        self.holds: dict[str, Hold] = {}
        self.partial = ""
        self.line: deque[Waiter] = deque()
        self.crossed = 0
        self.due = 0.0

    def load(self, sums: Mapping[int, int]) -> None:
        """Take over what the ledger says."""
        self.spent = sum(sums.values())

    def slide(self, at: int) -> None:
        """Bring a rolling window up to a moment."""

    def add(self, at: int, cost: int) -> None:
        """Count what a call that began `at` has cost."""
        if self.spent is None:
            self.missed.append((at, cost))
        else:
            self.spent += cost

    def standing(self, at: int) -> Standing:
        span = Window(self.start, self.end if self.end < NEVER else None)
        return Standing(spent=self.spent or 0, reserved=self.reserved, window=span, resets_at=span.end)


class SlidingCounter(Counter):
    """The same for a rolling period: what was spent is known by steps of time, oldest first."""

    __slots__ = ("_span", "_steps")

    def __init__(self, claim: Claim, span: Window) -> None:
        super().__init__(claim, span)
        self._span = claim.budget.seconds
        self._steps: dict[int, int] = {}

    def load(self, sums: Mapping[int, int]) -> None:
        self._steps = dict(sorted(sums.items()))
        super().load(sums)

    def slide(self, at: int) -> None:
        steps = self._steps
        first = rolling(self._span, at).start // step(self._span)
        while steps and (oldest := next(iter(steps))) < first:
            self.spent = (self.spent or 0) - steps.pop(oldest)

    def add(self, at: int, cost: int) -> None:
        super().add(at, cost)
        if self.spent is None:
            return
        steps, slot = self._steps, at // step(self._span)
        is_late = slot not in steps and bool(steps) and slot < next(reversed(steps))
        steps[slot] = steps.get(slot, 0) + cost
        if is_late:
            self._steps = dict(sorted(steps.items()))

    def standing(self, at: int) -> Standing:
        self.slide(at)
        size = step(self._span)
        oldest = next((slot for slot, cost in self._steps.items() if cost), None)
        resets = None if oldest is None else (oldest + 1) * size + self._span * 1_000_000
        span = rolling(self._span, at)
        return Standing(spent=self.spent or 0, reserved=self.reserved, window=span, resets_at=resets)


def passed(counter: Counter, at: int) -> Sequence[float]:
    """The thresholds that have been passed and had not been before. Those that are no longer passed (a raise, a
    rolling period) may be passed again."""
    budget = counter.claim.budget
    shares, before, allowed = budget.thresholds, counter.crossed, budget.allowed(at)
    counter.crossed = sum((counter.spent or 0) >= share * allowed for share in shares)
    may_sink = budget.raised_until is not None or budget.period == "rolling"
    if may_sink:
        counter.due = 0.0
    else:
        counter.due = shares[counter.crossed] * allowed if counter.crossed < len(shares) else NEVER
    return shares[before : counter.crossed]


def span_of(budget: Budget, at: int) -> Window:
    if budget.period == "rolling":
        return Window(-NEVER, None)
    return window(budget.period, budget.timezone, at)


def kind_of(budget: Budget) -> tuple[object, ...]:
    """What a counter counts: with another it is of no use."""
    return (budget.scope, budget.scope_id, budget.model, budget.period, budget.seconds, budget.timezone)
