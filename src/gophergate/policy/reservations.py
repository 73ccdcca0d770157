"""Reservations of one process, counted in memory over the ledger's own sums (R-B3).

What was spent in a window is the ledger's sum, read when the window is first asked for; from then on it is counted
here, call by call, in step with the ledger. Callers that must wait stand in line, first come first served; a line has
a bound in callers and in seconds. After a kill nothing is held, and the next process reads the ledger anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from gophergate.errors import BudgetExceeded, Unavailable
from gophergate.policy.budgets import Budget, Claim, Hold, Ledger, Standing, Tells, refused
from gophergate.policy.counter import NEVER, Counter, SlidingCounter, Waiter, kind_of, passed, span_of
from gophergate.policy.windows import rolling, step

_Key = tuple[str, str]

_MOST = 50_000
"""Windows kept in mind, with no call under way in them: beyond that the oldest are read anew when asked for again."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a call stands in line, how many calls may, and when an unsettled reservation runs out (seconds)."""

    wait: float = 10.0
    most: int = 1000
    expiry: float = 900.0


class MemoryReservations:
    """`policy.budgets.Reservations` for one process. `clock` gives seconds that only rise."""

    def __init__(
        self, ledger: Ledger, *, tells: Tells, clock: Callable[[], float], patience: Patience | None = None
    ) -> None:
        self._ledger = ledger
        self._tells = tells
        self._clock = clock
        self._patience = patience or Patience()
        self._current: dict[_Key, Counter] = {}
        self._past: dict[tuple[str, str, int], Counter] = {}
        """Windows that are over, with calls under way in them."""
        self._all: tuple[dict[Any, Counter], ...] = (self._past, self._current)
        self._budgets: Mapping[str, Budget] = {}
        self._loading: dict[Counter, asyncio.Task[None]] = {}
        self._waiting = 0

    # -- the seam -----------------------------------------------------------------------------------------------

    async def reserve(self, owner: str, claims: Sequence[Claim], estimate: int, at: int, *, waits: bool = True) -> Hold:
        while True:
            counters = [self._counter(claim, at) for claim in claims]
            unread = next((counter for counter in counters if counter.spent is None), None)
            if unread is None:
                break
            await asyncio.shield(self._load(unread, at))
            claims = self._in_force(claims)
        obstacle = self._obstacle(counters, estimate, at)
        if obstacle is None:
            return self._take(owner, claims, counters, estimate, at)
        if not waits:
            raise refused(obstacle.claim, obstacle.standing(at), at, is_held=True)
        return await self._wait(owner, claims, obstacle, estimate, at)

    def settle(self, hold: Hold, claims: Sequence[Claim], cost: int) -> None:
        if hold.is_settled:
            return
        hold.is_settled = True
        freed = self._free(hold)
        if claims is hold.claims and freed:
            counters = freed
        else:
            counters = [found for claim in claims if (found := self._known(claim, hold.at)) is not None]
        for counter in counters:
            counter.add(hold.at, cost)
            if counter.spent is not None and counter.spent >= counter.due:
                self._tell(counter, hold.at)
        for counter in freed:
            if counter.line:
                self._serve(counter)
        if counters is not freed:
            for counter in counters:
                if counter.line:
                    self._serve(counter)

    def renew(self, hold: Hold, least: int) -> None:
        if hold.is_settled or not hold.parts:
            return
        hold.expires = self._clock() + self._patience.expiry
        for number, (counter, held) in enumerate(hold.parts):
            if held < least:
                assert isinstance(counter, Counter)  # noqa: S101 - the backend's own
                counter.reserved += least - held
                hold.parts[number] = (counter, least)

    def overrun(self, hold: Hold, cost: int, now: int) -> BudgetExceeded | None:
        for counter, held in hold.parts:
            assert isinstance(counter, Counter)  # noqa: S101 - the backend's own
            budget = counter.claim.budget
            if budget.hard and (counter.spent or 0) + counter.reserved - held + cost > budget.allowed(now):
                return refused(counter.claim, counter.standing(now), now, is_held=False)
        return None

    def changed(self, budgets: Mapping[str, Budget]) -> None:
        self._budgets = budgets
        for counter in [*self._current.values(), *self._past.values()]:
            old = counter.claim
            new = budgets.get(old.budget.id)
            if new == old.budget:
                continue
            if new is None or kind_of(new) != kind_of(old.budget):
                self._drop(counter)
                new = msgspec.structs.replace(old.budget, hard=False)
            counter.claim = Claim(new, old.name)
            if counter.spent is not None:
                passed(counter, counter.start)
            self._serve(counter)

    def forget(self) -> None:
        """The ledger's past was changed (re-pricing): what was spent is read anew."""
        for counter in [*self._current.values(), *self._past.values()]:
            counter.spent = None
            if counter.line:
                self._load(counter, counter.line[0].at)

    async def standing(self, claim: Claim, at: int) -> Standing:
        while (counter := self._counter(claim, at)).spent is None:
            await asyncio.shield(self._load(counter, at))
        return counter.standing(at)

    # -- counters -----------------------------------------------------------------------------------------------

    def _counter(self, claim: Claim, at: int) -> Counter:
        """The counter of the window a moment falls into, made where there is none."""
        key = (claim.budget.id, claim.name)
        counter = self._current.get(key)
        if counter is not None:
            if counter.start <= at < counter.end:
                return counter
            if at < counter.start and (past := self._past.get((*key, span_of(claim.budget, at).start))) is not None:
                return past
        made = (SlidingCounter if claim.budget.period == "rolling" else Counter)(claim, span_of(claim.budget, at))
        if counter is None or made.start > counter.start:
            if counter is not None and (counter.holds or counter.line):
                self._past[(*key, counter.start)] = counter
            self._current[key] = made
        else:
            self._past[(*key, made.start)] = made
        if len(self._current) + len(self._past) > _MOST:
            self._forget()
        return made

    def _known(self, claim: Claim, at: int) -> Counter | None:
        """The same, None where there is none: what is not counted here is in the ledger."""
        key = (claim.budget.id, claim.name)
        counter = self._current.get(key)
        if counter is None or counter.start <= at < counter.end:
            return counter
        return self._past.get((*key, span_of(claim.budget, at).start)) if at < counter.start else None

    def _forget(self) -> None:
        """Drop half of what no call is under way in, the oldest first."""
        for found in self._all:
            idle = [
                key
                for key, counter in found.items()
                if not counter.holds and not counter.line and counter.spent is not None
            ]
            for key in idle[: len(idle) // 2 + 1]:
                del found[key]

    def _drop(self, counter: Counter) -> None:
        key = (counter.claim.budget.id, counter.claim.name)
        if self._current.get(key) is counter:
            del self._current[key]
        if self._past.get((*key, counter.start)) is counter:
            del self._past[(*key, counter.start)]

    def _in_force(self, claims: Sequence[Claim]) -> list[Claim]:
        """The claims as the budgets stand now, after a wait in which they may have changed."""
        found = []
        for claim in claims:
            budget = self._budgets.get(claim.budget.id)
            if budget is not None:
                found.append(claim if budget is claim.budget else Claim(budget, claim.name))
        return found

    def _load(self, counter: Counter, at: int) -> asyncio.Task[None]:
        """One look for all that wait; it is a task of its own, so that one who gives up takes it from nobody."""
        loading = self._loading.get(counter)
        if loading is None:
            loading = self._loading[counter] = asyncio.ensure_future(self._read(counter, at))
            loading.add_done_callback(lambda done: self._loaded(counter, done))
        return loading

    def _loaded(self, counter: Counter, done: asyncio.Task[None]) -> None:
        del self._loading[counter]
        error = None if done.cancelled() else done.exception()
        if not done.cancelled() and error is None:
            self._serve(counter)
            return
        self._drop(counter)
        while counter.line:
            waiter = counter.line.popleft()
            waiter.line = None
            if not waiter.taken.done():
                waiter.taken.set_exception(error or Unavailable("The gateway is shutting down."))

    async def _read(self, counter: Counter, at: int) -> None:
        budget = counter.claim.budget
        if budget.period == "rolling":
            begin, size = rolling(budget.seconds, at).start, step(budget.seconds)
        else:
            begin, size = counter.start, 0
        end = counter.end if counter.end < NEVER else None
        sums = await self._ledger.spent(counter.claim, begin, end, size, counter.missed.clear)
        counter.load(sums)
        missed, counter.missed = counter.missed, []
        for moment, cost in missed:
            counter.add(moment, cost)
        passed(counter, at)

    # -- judging ------------------------------------------------------------------------------------------------

    def _obstacle(
        self, counters: Sequence[Counter], estimate: int, at: int, first: Waiter | None = None
    ) -> Counter | None:
        """The first counter that is in the way for now, of a caller who comes or is `first` in the line. Raises
        BudgetExceeded where the money is spent."""
        found: Counter | None = None
        for counter in counters:
            counter.slide(at)
            budget = counter.claim.budget
            if not budget.hard:
                continue
            allowed = budget.amount if budget.raised_until is None else budget.allowed(at)
            left = allowed - (counter.spent or 0)
            if left <= 0:
                raise refused(counter.claim, counter.standing(at), at, is_held=False)
            left -= counter.reserved
            is_next = not counter.line or (first is not None and counter.line[0] is first)
            if found is None and not (is_next and (left >= estimate or (left > 0 and not counter.partial))):
                found = counter
        if found is not None and self._expire(found):
            return self._obstacle(counters, estimate, at, first)
        return found

    def _take(self, owner: str, claims: Sequence[Claim], counters: Sequence[Counter], estimate: int, at: int) -> Hold:
        hold = Hold(owner, claims, estimate, at, self._clock() + self._patience.expiry)
        for counter in counters:
            held = estimate
            budget = counter.claim.budget
            if budget.hard:
                allowed = budget.amount if budget.raised_until is None else budget.allowed(at)
                left = allowed - (counter.spent or 0) - counter.reserved
                if left < estimate:
                    held, counter.partial = left, owner
            counter.reserved += held
            counter.holds[owner] = hold
            hold.parts.append((counter, held))
        return hold

    def _free(self, hold: Hold) -> list[Counter]:
        """Give back what it holds; where."""
        freed = []
        for counter, held in hold.parts:
            assert isinstance(counter, Counter)  # noqa: S101 - the backend's own
            counter.reserved -= held
            counter.holds.pop(hold.owner, None)
            if counter.partial == hold.owner:
                counter.partial = ""
            freed.append(counter)
            if not counter.holds and not counter.line and self._past:
                self._past.pop((counter.claim.budget.id, counter.claim.name, counter.start), None)
        hold.parts = []
        return freed

    def _expire(self, counter: Counter) -> bool:
        """Let reservations go that nobody renewed; whether there were any."""
        now = self._clock()
        gone = [hold for hold in counter.holds.values() if hold.expires <= now]
        for hold in gone:
            for freed in self._free(hold):
                if freed.line:
                    asyncio.get_running_loop().call_soon(self._serve, freed)
        return bool(gone)

    # -- the line -----------------------------------------------------------------------------------------------

    async def _wait(self, owner: str, claims: Sequence[Claim], at_counter: Counter, estimate: int, at: int) -> Hold:
        if self._patience.wait <= 0 or self._waiting >= self._patience.most:
            raise refused(at_counter.claim, at_counter.standing(at), at, is_held=True)
        loop = asyncio.get_running_loop()
        waiter = Waiter(owner, claims, estimate, at, loop.create_future())
        timer = loop.call_later(self._patience.wait, _give_up, waiter)
        _line_up(waiter, at_counter)
        self._waiting += 1
        try:
            return await waiter.taken
        except asyncio.CancelledError:
            taken = waiter.taken
            if taken.done() and not taken.cancelled() and taken.exception() is None:
                self.settle(taken.result(), (), 0)
            raise
        finally:
            self._waiting -= 1
            timer.cancel()
            line = waiter.line
            if line is not None:
                line.line.remove(waiter)
                self._serve(line)

    def _serve(self, counter: Counter) -> None:
        """Let in whoever is first in the line, for as long as there is room."""
        line = counter.line
        while line:
            waiter = line[0]
            obstacle: Counter | None = None
            if not waiter.taken.done():
                waiter.claims = self._in_force(waiter.claims)
                counters = [self._counter(claim, waiter.at) for claim in waiter.claims]
                obstacle = next((found for found in counters if found.spent is None), None)
                if obstacle is not None:
                    self._load(obstacle, waiter.at)
                else:
                    try:
                        obstacle = self._obstacle(counters, waiter.estimate, waiter.at, waiter)
                    except BudgetExceeded as error:
                        waiter.taken.set_exception(error)
                    else:
                        if obstacle is None:
                            taken = self._take(waiter.owner, waiter.claims, counters, waiter.estimate, waiter.at)
                            waiter.taken.set_result(taken)
                if obstacle is counter:
                    return
            line.popleft()
            waiter.line = None
            if obstacle is not None:
                _line_up(waiter, obstacle)

    def _tell(self, counter: Counter, at: int) -> None:
        """Tell of the thresholds that were passed just now."""
        for share in passed(counter, at):
            allowed = counter.claim.budget.allowed(at)
            self._tells(counter.claim, share, counter.spent or 0, allowed)


def _line_up(waiter: Waiter, counter: Counter) -> None:
    waiter.line = counter
    counter.line.append(waiter)


def _give_up(waiter: Waiter) -> None:
    if not waiter.taken.done() and waiter.line is not None:
        line = waiter.line
        waiter.taken.set_exception(refused(line.claim, line.standing(waiter.at), waiter.at, is_held=True))
