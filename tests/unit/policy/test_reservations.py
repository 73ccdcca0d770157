"""The budgets' promises (R-B1, R-B2, laws 6 and 7) over every backend, with random interleavings and cancellations."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gophergate.errors import BudgetExceeded
from gophergate.policy.budgets import Budget, Claim, Hold, Reservations
from gophergate.policy.reservations import MemoryReservations, Patience
from kit.budgeting import AT, BACKENDS, DOLLAR, Backend, Book, Called, Clock, Told, budget, claim, in_force

DAY, HOUR, MINUTE = 86_400_000_000, 3_600_000_000, 60_000_000


class Desk:
    """A backend with its ledger, clock and what it told."""

    def __init__(self, backend: Backend, **patience: Any) -> None:
        self.book, self.clock, self.told = Book(), Clock(), list[Told]()
        self.reservations: Reservations = backend(self.book, self.clock, Patience(**patience), self.told)

    def settle(self, hold: Hold, cost: int, claims: list[Claim] | None = None) -> None:
        """As a call does: settle, and be in the ledger, in one go."""
        claims = list(hold.claims) if claims is None else claims
        self.reservations.settle(hold, claims, cost)
        self.book.calls += [Called(claim.budget.scope, claim.name, hold.at, cost) for claim in claims]


@pytest.fixture(params=sorted(BACKENDS))
def backend(request: pytest.FixtureRequest) -> Backend:
    return BACKENDS[request.param]


@pytest.fixture
def desk(backend: Backend) -> Desk:
    return Desk(backend)


# -- the race ------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.sampled_from(sorted(BACKENDS)), st.integers(0, 2**32), st.integers(1, 60))
def test_many_callers_never_pass_the_cap_by_more_than_one_calls_error(name: str, seed: int, callers: int) -> None:
    asyncio.run(_race(BACKENDS[name], random.Random(seed), callers))


async def _race(backend: Backend, dice: random.Random, callers: int) -> None:
    desk = Desk(backend, wait=60.0)
    cap, most = 10_000, 400
    claims = in_force(desk.reservations, budget(cap))
    left: list[int] = []

    async def call(number: int) -> None:
        for turn in range(8):
            estimate = dice.randrange(1, most)
            real = max(0, estimate - dice.randrange(300))
            try:
                hold = await desk.reservations.reserve(f"{number}.{turn}", claims, estimate, AT)
            except BudgetExceeded:
                left.append(cap - desk.book.total("client", "c"))
                return
            try:
                await asyncio.sleep(0)
                if dice.random() < 0.1:
                    real = 0  # failed before it cost anything
            finally:
                desk.settle(hold, real)

    await asyncio.gather(*(call(number) for number in range(callers)))
    spent = desk.book.total("client", "c")
    standing = await desk.reservations.standing(claims[0], AT)
    assert (standing.reserved, standing.spent) == (0, spent)  # law 6, to the nano-dollar
    assert spent < cap + most  # law 7
    assert all(money <= 0 for money in left)  # nobody is refused for good while money is left


# -- any order of anything -----------------------------------------------------------------------------------------

BUDGETS = (
    budget(1000, id="client"),
    budget(600, id="team", scope="team", scope_id="t"),
    budget(300, id="key", scope="key", scope_id="k"),
    budget(50, id="soft", scope="user", scope_id="u", hard=False),
)
MOST = 200


class Interleaved(RuleBasedStateMachine):
    """Calls that begin, wait, are cancelled, settle; budgets that change and go. The loop turns only when told to."""

    backend: Backend

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.desk = Desk(self.backend, wait=1e6)
        self.budgets = {budget.id: budget for budget in BUDGETS}
        self.most = dict.fromkeys(self.budgets, 0)
        """The largest amount that was ever allowed."""
        self.gone: set[str] = set()
        """Budgets that were gone for a while, in which calls may have passed them."""
        self.waiting: dict[asyncio.Task[Hold], int] = {}
        self.held: list[tuple[Hold, int]] = []
        self.number = self.wronged = 0

    @initialize()
    def begin(self) -> None:
        self.now(self.put_in_force)

    def put_in_force(self) -> None:
        for name, found in self.budgets.items():
            self.most[name] = max(self.most[name], found.amount)
        self.desk.reservations.changed(dict(self.budgets))

    def now(self, what: Callable[[], None]) -> None:
        """Do something in the loop, between two steps of whoever waits."""

        async def step() -> None:
            what()

        self.loop.run_until_complete(step())

    async def reserve(self, claims: list[Claim], cost: int) -> Hold:
        self.number += 1
        try:
            return await self.desk.reservations.reserve(str(self.number), claims, cost, AT)
        except BudgetExceeded as error:
            hard = [found for found in self.budgets.values() if found.hard]
            spent = any(self.desk.book.total(b.scope, b.scope_id) >= b.amount for b in hard)
            self.wronged += error.headers["x-should-retry"] != "false" or not spent
            raise

    def claims(self, names: list[str]) -> list[Claim]:
        return [claim(self.budgets[name]) for name in names if name in self.budgets]

    @rule(names=st.lists(st.sampled_from([b.id for b in BUDGETS]), unique=True), cost=st.integers(0, MOST))
    def ask(self, names: list[str], cost: int) -> None:
        self.waiting[self.loop.create_task(self.reserve(self.claims(names), cost))] = cost

    @rule(turns=st.integers(1, 8))
    def turn(self, turns: int) -> None:
        async def some() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)

        self.loop.run_until_complete(some())
        self.collect()

    def collect(self) -> None:
        for task in [task for task in self.waiting if task.done()]:
            cost = self.waiting.pop(task)
            if task.cancelled():
                continue
            error = task.exception()
            if error is None:
                self.held.append((task.result(), cost))
                continue
            assert isinstance(error, BudgetExceeded), error

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """A caller goes away, at whatever it waits."""
        task = data.draw(st.sampled_from(list(self.waiting)))
        task.cancel()

    @precondition(lambda self: self.held)
    @rule(data=st.data(), share=st.floats(0, 1), leaving=st.booleans())
    def settle(self, data: st.DataObject, share: float, leaving: bool) -> None:
        """A call ends; those who wait may go away at the very moment in which they are let in."""
        number = data.draw(st.integers(0, len(self.held) - 1))
        hold, estimate = self.held.pop(number)
        claims = [claim for claim in hold.claims if claim.budget.id in self.budgets]

        def end() -> None:
            self.desk.settle(hold, int(estimate * share), claims)
            if leaving:
                for task in self.waiting:
                    task.cancel()

        self.now(end)
        self.desk.reservations.settle(hold, claims, 10**9)  # a second time changes nothing

    @rule(name=st.sampled_from([b.id for b in BUDGETS]), amount=st.integers(0, 1500))
    def change(self, name: str, amount: int) -> None:
        def put() -> None:
            self.budgets[name] = msgspec.structs.replace(next(b for b in BUDGETS if b.id == name), amount=amount)
            self.put_in_force()

        self.now(put)

    @rule(name=st.sampled_from([b.id for b in BUDGETS]))
    def remove(self, name: str) -> None:
        def take_away() -> None:
            self.budgets.pop(name, None)
            self.gone.add(name)
            self.put_in_force()

        self.now(take_away)

    @invariant()
    def nobody_is_refused_for_good_while_money_is_left(self) -> None:
        assert not self.wronged

    @invariant()
    def no_cap_is_passed_by_more_than_one_call(self) -> None:
        for name, found in self.budgets.items():
            if found.hard and name not in self.gone:
                assert self.desk.book.total(found.scope, found.scope_id) < self.most[name] + MOST

    def teardown(self) -> None:
        async def end() -> None:
            for _ in range(len(self.waiting) + 60):
                await asyncio.sleep(0)
                self.collect()
                while self.held:
                    hold, estimate = self.held.pop()
                    self.desk.settle(hold, estimate, [c for c in hold.claims if c.budget.id in self.budgets])
            assert not self.waiting, "a caller was left waiting"
            for found in self.budgets.values():
                standing = await self.desk.reservations.standing(claim(found), AT)
                total = self.desk.book.total(found.scope, found.scope_id)
                assert (standing.reserved, standing.spent) == (0, total), found.id

        self.loop.run_until_complete(end())
        self.loop.close()


@pytest.mark.parametrize("name", sorted(BACKENDS))
def test_any_order_of_calls_changes_and_cancellations_keeps_the_laws(name: str) -> None:
    machine = type("Machine", (Interleaved,), {"backend": staticmethod(BACKENDS[name])})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine, settings=settings(max_examples=60, stateful_step_count=40)
    )


# -- one thing at a time -------------------------------------------------------------------------------------------


async def test_what_was_spent_before_is_the_ledgers_sum_and_counts(desk: Desk) -> None:
    desk.book.calls = [
        Called("client", "c", AT, 900),
        Called("client", "other", AT, 500),
        Called("client", "c", AT - DAY, 500),
    ]
    (mine,) = in_force(desk.reservations, budget(1000))
    standing = await desk.reservations.standing(mine, AT)
    assert (standing.spent, standing.window, standing.resets_at) == (900, (AT, AT + DAY), AT + DAY)
    hold = await desk.reservations.reserve("1", [mine], 50, AT)
    assert (await desk.reservations.standing(mine, AT)).reserved == 50
    desk.settle(hold, 100)
    with pytest.raises(BudgetExceeded) as refused:
        await desk.reservations.reserve("2", [mine], 1, AT)
    said = refused.value.message
    assert "client's budget of $0.000001 for the day is used up: $0.000001 spent, $0.00 reserved" in said
    assert "it resets at 2026-08-04T00:00:00.000Z" in said
    assert refused.value.retry_after == 86_400.0
    await desk.reservations.reserve("3", [mine], 1, AT + DAY)  # the next day is another window
    assert desk.book.reads == 2


async def test_all_scopes_or_none(desk: Desk) -> None:
    claims = in_force(
        desk.reservations,
        budget(1000, id="client"),
        budget(10, id="team", scope="team", scope_id="t"),
        budget(5, id="soft", scope="key", scope_id="k", hard=False),
    )
    first = await desk.reservations.reserve("1", claims, 10, AT)
    waiting = asyncio.create_task(desk.reservations.reserve("2", claims, 8, AT))
    await asyncio.sleep(0.01)
    assert not waiting.done()  # the team's money is held, not spent: it waits instead of being refused
    assert (await desk.reservations.standing(claims[0], AT)).reserved == 10
    desk.settle(first, 1)
    second = await waiting
    desk.settle(second, 9)
    with pytest.raises(BudgetExceeded, match=r"team's budget"):
        await desk.reservations.reserve("3", claims, 1, AT)
    assert (await desk.reservations.standing(claims[0], AT)).reserved == 0
    assert (await desk.reservations.standing(claims[2], AT)).spent == 10  # a soft budget only counts


async def test_a_call_that_fits_only_in_part_is_let_in_with_what_is_left_one_at_a_time(desk: Desk) -> None:
    (mine,) = in_force(desk.reservations, budget(1000))
    await desk.reservations.reserve("1", [mine], 900, AT)
    partial = await desk.reservations.reserve("2", [mine], 5000, AT)
    assert (await desk.reservations.standing(mine, AT)).reserved == 1000
    waiting = asyncio.create_task(desk.reservations.reserve("3", [mine], 1, AT))
    await asyncio.sleep(0)
    assert not waiting.done()
    desk.settle(partial, 5000)  # one call's error: the cap is passed by it, and by no other
    with pytest.raises(BudgetExceeded, match="used up"):
        await waiting


async def test_who_waits_goes_in_the_order_of_coming(desk: Desk) -> None:
    (mine,) = in_force(desk.reservations, budget(100))
    first = await desk.reservations.reserve("0", [mine], 100, AT)
    order: list[str] = []

    async def come(name: str, estimate: int) -> None:
        hold = await desk.reservations.reserve(name, [mine], estimate, AT)
        order.append(name)
        await asyncio.sleep(0)
        desk.settle(hold, 1)

    tasks = [asyncio.create_task(come(str(n), 90 if n % 2 else 5)) for n in range(1, 9)]
    await asyncio.sleep(0)
    desk.settle(first, 0)
    await asyncio.gather(*tasks)
    assert order == [str(n) for n in range(1, 9)]


async def test_a_full_line_or_no_patience_says_that_it_is_held_and_worth_another_try(backend: Backend) -> None:
    desk = Desk(backend, wait=0.0)
    (mine,) = in_force(desk.reservations, budget(100))
    await desk.reservations.reserve("1", [mine], 100, AT)
    with pytest.raises(
        BudgetExceeded, match=r"is held by calls under way: \$0\.00 spent, \$0\.0000001 reserved"
    ) as held:
        await desk.reservations.reserve("2", [mine], 1, AT)
    assert held.value.retry_after == 1.0
    assert held.value.headers == {"x-should-retry": "true"}
    patient = Desk(backend, wait=0.01)
    (mine,) = in_force(patient.reservations, budget(100))
    await patient.reservations.reserve("1", [mine], 100, AT)
    with pytest.raises(BudgetExceeded, match="is held by calls under way"):
        await patient.reservations.reserve("2", [mine], 1, AT)


async def test_a_call_that_another_waits_for_never_stands_in_line(desk: Desk) -> None:
    (mine,) = in_force(desk.reservations, budget(100))
    await desk.reservations.reserve("the other", [mine], 100, AT)
    with pytest.raises(BudgetExceeded, match="is held by calls under way"):
        await desk.reservations.reserve("its rating", [mine], 1, AT, waits=False)


async def test_a_reservation_that_nobody_renews_runs_out(backend: Backend) -> None:
    """R-B2: whoever died with it cannot hold money for ever; one that is renewed stays."""
    desk = Desk(backend, wait=0.0, expiry=100.0)
    (mine,) = in_force(desk.reservations, budget(100))
    lost = await desk.reservations.reserve("lost", [mine], 60, AT)
    kept = await desk.reservations.reserve("kept", [mine], 40, AT)
    desk.clock.now = 99.0
    desk.reservations.renew(kept, 0)
    desk.clock.now = 101.0
    await desk.reservations.reserve("next", [mine], 60, AT)
    desk.settle(lost, 7)  # it lived after all: what it cost counts
    standing = await desk.reservations.standing(mine, AT)
    assert (standing.spent, standing.reserved) == (7, 100)


async def test_a_reservation_grows_with_what_was_metered_and_an_overrun_is_seen(desk: Desk) -> None:
    (mine,) = in_force(desk.reservations, budget(100))
    hold = await desk.reservations.reserve("1", [mine], 10, AT)
    desk.reservations.renew(hold, 30)
    assert (await desk.reservations.standing(mine, AT)).reserved == 30
    assert desk.reservations.overrun(hold, 100, AT) is None
    error = desk.reservations.overrun(hold, 101, AT)
    assert error is not None
    assert error.status == 402
    desk.settle(hold, 31)
    assert (await desk.reservations.standing(mine, AT)).reserved == 0


async def test_thresholds_are_told_once_a_window(desk: Desk) -> None:
    (mine,) = in_force(desk.reservations, budget(100, thresholds=(0.25, 0.9)))
    for number, cost in enumerate((20, 10, 50, 30)):
        desk.settle(await desk.reservations.reserve(str(number), [mine], 1, AT), cost)
    assert [(told.share, told.spent) for told in desk.told] == [(0.25, 30), (0.9, 110)]
    desk.settle(await desk.reservations.reserve("next day", [mine], 1, AT + DAY), 25)
    assert [told.share for told in desk.told] == [0.25, 0.9, 0.25]


async def test_a_raise_holds_until_its_moment_and_lets_in_who_waits(desk: Desk) -> None:
    (mine,) = in_force(desk.reservations, budget(100))
    await desk.reservations.reserve("1", [mine], 100, AT)
    waiting = asyncio.create_task(desk.reservations.reserve("2", [mine], 50, AT))
    await asyncio.sleep(0)
    (raised,) = in_force(desk.reservations, budget(100, raised=50, raised_until=AT + HOUR))
    await waiting
    desk.settle(waiting.result(), 100, [raised])
    with pytest.raises(BudgetExceeded):
        await desk.reservations.reserve("3", [raised], 1, AT + HOUR)


async def test_a_rolling_budget_frees_what_is_old_step_by_step(desk: Desk) -> None:
    """An hour that slides by minutes: no sixty minutes, wherever they begin, cost more than allowed."""
    (mine,) = in_force(desk.reservations, budget(100, period="rolling", seconds=3600))
    for minute, cost in ((0, 40), (20, 40)):
        hold = await desk.reservations.reserve(str(minute), [mine], cost, AT + minute * MINUTE)
        desk.settle(hold, cost)
    at = AT + 30 * MINUTE
    standing = await desk.reservations.standing(mine, at)
    assert (standing.spent, standing.resets_at) == (80, AT + 61 * MINUTE)
    desk.settle(await desk.reservations.reserve("30", [mine], 20, at), 20)
    with pytest.raises(BudgetExceeded, match="for any 3600 seconds is used up"):
        await desk.reservations.reserve("60", [mine], 1, AT + 60 * MINUTE)  # the first minute's calls may be 60 old
    desk.settle(await desk.reservations.reserve("61", [mine], 40, AT + 61 * MINUTE), 40)
    again = Desk(BACKENDS["memory"])
    again.book.calls = desk.book.calls
    (theirs,) = in_force(again.reservations, budget(100, period="rolling", seconds=3600))
    at = AT + 62 * MINUTE
    assert await again.reservations.standing(theirs, at) == await desk.reservations.standing(mine, at)


async def test_two_writers_at_the_boundary_lose_nothing(desk: Desk) -> None:
    """R-B5: a call belongs to the window it began in, whenever it ends and whoever asks in between."""
    (mine,) = in_force(desk.reservations, budget(100))
    late = AT + DAY - 1
    before = await desk.reservations.reserve("before", [mine], 10, late)
    after = await desk.reservations.reserve("after", [mine], 20, AT + DAY)
    slow = await desk.reservations.reserve("slow", [mine], 30, late)  # began before, and comes after
    desk.settle(after, 21)
    desk.settle(before, 11)
    desk.settle(slow, 31)
    assert (await desk.reservations.standing(mine, AT + DAY)).spent == 21
    assert (await desk.reservations.standing(mine, late)).spent == 42


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29T00:00:00+01:00", 23),
        ("America/New_York", "2026-11-01T00:00:00-04:00", 25),
        ("Australia/Lord_Howe", "2026-04-05T00:00:00+11:00", 24.5),
        ("Asia/Kolkata", "2026-05-01T00:00:00+05:30", 24),
    ],
)
async def test_a_days_money_lasts_from_midnight_to_midnight_of_its_own_zone(
    zone: str, day: str, hours: float, backend: Backend
) -> None:
    """R-B5, on the days whose clocks change: to the microsecond, live and after a restart."""
    begin = int(datetime.fromisoformat(day).timestamp()) * 1_000_000
    end = begin + int(hours * HOUR)
    desk = Desk(backend)
    (mine,) = in_force(desk.reservations, budget(10, timezone=zone))
    for number, at in enumerate((begin - 1, begin, end - 1, end)):
        hold = await desk.reservations.reserve(str(number), [mine], 5, at)
        desk.settle(hold, 5)
    again = Desk(backend)
    again.book.calls = desk.book.calls
    in_force(again.reservations, mine.budget)
    for side in (desk, again):
        spent = [(await side.reservations.standing(mine, at)).spent for at in (begin - 1, begin, end - 1, end)]
        assert spent == [5, 10, 10, 5]
        assert (await side.reservations.standing(mine, begin)).resets_at == end
        with pytest.raises(BudgetExceeded):
            await side.reservations.reserve("more", [mine], 1, end - 1)


async def test_each_session_has_a_budget_of_its_own(desk: Desk) -> None:
    each = budget(10, scope="session", scope_id="*", period="total")
    in_force(desk.reservations, each)
    for name in ("a", "b"):
        desk.settle(await desk.reservations.reserve(name, [claim(each, name)], 5, AT), 10)
    with pytest.raises(BudgetExceeded, match="session a's budget of"):
        await desk.reservations.reserve("c", [claim(each, "a")], 1, AT)


async def test_a_ledger_that_is_down_is_said_and_asked_again(desk: Desk) -> None:
    (mine,) = in_force(desk.reservations, budget(10))
    desk.book.is_down = True
    results = await asyncio.gather(
        *(desk.reservations.reserve(str(n), [mine], 1, AT) for n in range(3)), return_exceptions=True
    )
    assert all(isinstance(result, OSError) for result in results)
    desk.book.is_down = False
    await desk.reservations.reserve("later", [mine], 1, AT)


async def test_what_settles_while_the_ledger_is_read_is_counted_once(desk: Desk) -> None:
    (mine,) = in_force(desk.reservations, budget(DOLLAR))
    reading = asyncio.create_task(desk.reservations.standing(mine, AT))
    for _ in range(4):
        await asyncio.sleep(0)
        desk.settle(Hold("x", (), 0, AT, 0.0), 7, [mine])
    assert (await reading).spent <= 28
    assert (await desk.reservations.standing(mine, AT)).spent == 28 == desk.book.total("client", "c")


# -- of one process's memory ---------------------------------------------------------------------------------------


async def test_a_repriced_past_is_read_anew_with_what_is_held_kept() -> None:
    desk = Desk(BACKENDS["memory"])
    assert isinstance(desk.reservations, MemoryReservations)
    (mine,) = in_force(desk.reservations, budget(100))
    desk.settle(await desk.reservations.reserve("1", [mine], 50, AT), 50)
    running = await desk.reservations.reserve("2", [mine], 50, AT)
    waiting = asyncio.create_task(desk.reservations.reserve("3", [mine], 50, AT))
    await asyncio.sleep(0)
    desk.book.calls = [Called("client", "c", AT, 5)]
    desk.reservations.forget()
    await waiting
    standing = await desk.reservations.standing(mine, AT)
    assert (standing.spent, standing.reserved) == (5, 95)
    desk.settle(running, 1)
    desk.settle(waiting.result(), 1)
    assert (await desk.reservations.standing(mine, AT)).spent == 7


async def test_windows_without_calls_are_forgotten_beyond_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gophergate.policy.reservations._MOST", 100)
    desk = Desk(BACKENDS["memory"])
    assert isinstance(desk.reservations, MemoryReservations)
    each: Budget = budget(10, scope="session", scope_id="*", period="total")
    in_force(desk.reservations, each)
    held = await desk.reservations.reserve("held", [claim(each, "held")], 5, AT)
    for number in range(400):
        desk.settle(await desk.reservations.reserve("n", [claim(each, f"s{number}")], 5, AT), 1)
        assert len(desk.reservations._current) <= 101
    desk.settle(held, 3)
    assert (await desk.reservations.standing(claim(each, "held"), AT)).spent == 3
    assert (await desk.reservations.standing(claim(each, "s0"), AT)).spent == 1  # from the ledger
