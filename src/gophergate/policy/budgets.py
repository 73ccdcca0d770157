"""Budgets: reserve before a call, settle on what it cost. All scopes or none, and never over by more than one call.

A call is let in when its estimate fits beside what is spent and reserved. When only other calls' reservations stand in
its way, it waits for them to settle instead of being refused: nobody is turned away while there is money left. When
nothing is reserved it is let in while anything is left at all, whatever its estimate: so the cap is passed by one
call's error at most (R-B1). What was spent is the ledger's own sum, read when a window is first asked for; from then
on it is counted here, call by call, in step with the ledger (R-B3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from gophergate.core.money import to_dollars
from gophergate.errors import BudgetExceeded
from gophergate.policy.windows import Period, Window, window
from gophergate.times import rfc3339

Scope = Literal["organisation", "team", "user", "client", "key", "model", "session"]

THRESHOLDS = (0.5, 0.8, 1.0)
PATIENCE = 20.0
"""Seconds that a call waits for others to settle before it is refused."""
EVERY_SESSION = "*"


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """So much money for a scope in each period. `hard` refuses, else it only tells. `raised` is a temporary addition
    to `amount` (both nano-dollars), until `raised_until`."""

    id: str
    scope: Scope
    scope_id: str
    amount: int
    period: Period
    hard: bool = True
    timezone: str = "UTC"
    raised: int = 0
    raised_until: int | None = None

    def allowed(self, at: int) -> int:
        """What may be spent in the window of a moment."""
        is_raised = self.raised_until is not None and at < self.raised_until
        return self.amount + (self.raised if is_raised else 0)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A budget now: nano-dollars, and its window."""

    spent: int
    reserved: int
    window: Window


class Ledger(Protocol):
    """Where what was spent stands."""

    async def spent(self, scope: Scope, scope_id: str, begin: int, end: int | None, ready: Callable[[], int]) -> int:
        """The sum of all calls of a scope that began in a window, those not yet stored included. `ready` is called at
        the moment from which on whatever is settled is counted by the caller; it gives what to add to the sum."""


class _Counter:
    """One budget's window. `reserved` is what calls under way hold, each from `holders`."""

    __slots__ = ("crossed", "holders", "reserved", "settled", "spent")

    def __init__(self) -> None:
        self.spent: int | None = None
        self.reserved = 0
        self.holders = 0
        self.settled: int = 0
        """What was settled while `spent` was being read."""
        self.crossed = 0


class Hold(msgspec.Struct):
    """A call's reservation: settle it once, whatever became of the call."""

    at: int
    estimate: int
    counters: list[tuple[Budget, _Counter]]
    names: Mapping[Scope, Sequence[str]]


Tells = Callable[[Budget, float, int], None]
"""Called when a threshold is first passed in a window: the budget, the share, what is spent."""


class Budgets:
    """One process's budgets. `set` replaces what there is; counters of unchanged budgets go on."""

    def __init__(self, ledger: Ledger, *, tells: Tells, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._tells = tells
        self._clock = clock
        self._by_scope: dict[tuple[Scope, str], list[Budget]] = {}
        self._counters: dict[tuple[str, str, int], _Counter] = {}
        self._loading: dict[tuple[str, str, int], asyncio.Task[None]] = {}
        self._moved = asyncio.Event()
        self.are_any = False

    def set(self, budgets: Iterable[Budget]) -> None:
        """What is in force from now on."""
        found: dict[tuple[Scope, str], list[Budget]] = {}
        for budget in budgets:
            found.setdefault((budget.scope, budget.scope_id), []).append(budget)
        self._by_scope = found
        self.are_any = bool(found)
        self._wake()

    async def reserve(self, names: Mapping[Scope, Sequence[str]], estimate: int, at: int) -> Hold:
        """Hold an estimate in every budget that a call falls under, or in none. Raises BudgetExceeded; waits at most
        `PATIENCE` seconds for calls under way. Cancelled, it has taken nothing."""
        end = self._clock() + PATIENCE
        while True:
            counters = [await self._counter(budget, name, at) for budget, name in self._matching(names)]
            problem = self._problem(counters, estimate, at)
            if problem is None:
                for _, counter in counters:
                    counter.reserved += estimate
                    counter.holders += 1
                return Hold(at, estimate, counters, names)
            budget, counter, may_wait = problem
            left = end - self._clock()
            if not may_wait or left <= 0:
                raise self._refused(budget, counter, estimate, at)
            moved = self._moved
            try:
                async with asyncio.timeout(left):
                    await moved.wait()
            except TimeoutError:
                continue

    def settle(self, hold: Hold, cost: int) -> None:
        """The call is over and cost so much. Never waits, so that no cancellation comes between it and the ledger."""
        held = {id(counter) for _, counter in hold.counters}
        for budget, counter in hold.counters:
            counter.reserved -= hold.estimate
            counter.holders -= 1
            self._add(budget, counter, cost, hold.at)
        # Budgets that came while the call ran hold nothing for it, and count it all the same.
        for budget, name in self._matching(hold.names):
            key = (budget.id, name, window(budget.period, budget.timezone, hold.at).start)
            found = self._counters.get(key)
            if found is not None and id(found) not in held:
                self._add(budget, found, cost, hold.at)
        self._wake()

    def narrow(self, hold: Hold, label: str) -> None:
        """The call goes to this model: from here on it counts for the budgets of that one, not of those it might have
        gone to."""
        if len(hold.names.get("model", ())) < 2:
            return
        model = label.partition("/")[2]
        hold.names = {**hold.names, "model": (label, model)}
        kept = []
        for budget, counter in hold.counters:
            if budget.scope == "model" and budget.scope_id not in hold.names["model"]:
                counter.reserved -= hold.estimate
                counter.holders -= 1
            else:
                kept.append((budget, counter))
        hold.counters = kept

    async def standing(self, budget: Budget, at: int, name: str = "") -> Standing:
        """How a budget stands."""
        _, counter = await self._counter(budget, name or budget.scope_id, at)
        return Standing(
            spent=counter.spent or 0,
            reserved=counter.reserved,
            window=window(budget.period, budget.timezone, at),
        )

    # -- counters -----------------------------------------------------------------------------------------------

    def _matching(self, names: Mapping[Scope, Sequence[str]]) -> list[tuple[Budget, str]]:
        found = []
        for scope, values in names.items():
            for value in values:
                found += [(budget, value) for budget in self._by_scope.get((scope, value), ())]
                if scope == "session":
                    found += [(budget, value) for budget in self._by_scope.get((scope, EVERY_SESSION), ())]
        return found

    async def _counter(self, budget: Budget, name: str, at: int) -> tuple[Budget, _Counter]:
        span = window(budget.period, budget.timezone, at)
        key = (budget.id, name, span.start)
        counter = self._counters.get(key)
        if counter is None or counter.spent is None:
            # One look for all that wait; it is a task of its own, so that one who gives up takes it from nobody.
            loading = self._loading.get(key)
            if loading is None:
                self._forget_old(at)
                counter = self._counters[key] = _Counter()
                loading = self._loading[key] = asyncio.ensure_future(self._load(budget, name, span, counter))
                loading.add_done_callback(lambda done: self._loaded(key, done))
            await asyncio.shield(loading)
            counter = self._counters[key]
        return budget, counter

    def _loaded(self, key: tuple[str, str, int], done: asyncio.Task[None]) -> None:
        self._loading.pop(key, None)
        if done.cancelled() or done.exception() is not None:
            self._counters.pop(key, None)

    async def _load(self, budget: Budget, name: str, span: Window, counter: _Counter) -> None:
        def ready() -> int:
            counter.settled = 0
            return 0

        stored = await self._ledger.spent(budget.scope, name, span.start, span.end, ready)
        counter.spent = stored + counter.settled
        while counter.crossed < len(THRESHOLDS) and counter.spent >= THRESHOLDS[counter.crossed] * budget.amount:
            counter.crossed += 1

    def _add(self, budget: Budget, counter: _Counter, cost: int, at: int) -> None:
        if counter.spent is None:
            counter.settled += cost
            return
        counter.spent += cost
        allowed = budget.allowed(at)
        while counter.crossed < len(THRESHOLDS) and counter.spent >= THRESHOLDS[counter.crossed] * allowed:
            counter.crossed += 1
            self._tells(budget, THRESHOLDS[counter.crossed - 1], counter.spent)

    def _forget_old(self, at: int) -> None:
        """Windows that are over, once in a while: they are in the ledger."""
        if len(self._counters) % 256 == 255:
            week = 40 * 86_400_000_000
            for key, counter in list(self._counters.items()):
                if 0 < key[2] < at - week and not counter.holders:
                    del self._counters[key]

    # -- judging ------------------------------------------------------------------------------------------------

    def _problem(
        self, counters: Sequence[tuple[Budget, _Counter]], estimate: int, at: int
    ) -> tuple[Budget, _Counter, bool] | None:
        """The first budget that is in the way, and whether waiting may help."""
        waits: tuple[Budget, _Counter, bool] | None = None
        for budget, counter in counters:
            if not budget.hard:
                continue
            allowed, spent = budget.allowed(at), counter.spent or 0
            if spent >= allowed:
                return budget, counter, False
            if counter.holders and spent + counter.reserved + estimate > allowed:
                waits = (budget, counter, True)
        return waits

    def _refused(self, budget: Budget, counter: _Counter, estimate: int, at: int) -> BudgetExceeded:
        span = window(budget.period, budget.timezone, at)
        resets = f"it resets at {rfc3339(span.end)}" if span.end is not None else "it does not reset"
        period = "" if budget.period == "total" else f" for the {budget.period}"
        return BudgetExceeded(
            f"The {budget.scope}'s budget of ${to_dollars(budget.allowed(at))}{period} is used up: "
            f"${to_dollars(counter.spent or 0)} spent, ${to_dollars(counter.reserved)} reserved; {resets}.",
            code="budget_exceeded",
            retry_after=(span.end - at) / 1_000_000 if span.end is not None else None,
        )

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
