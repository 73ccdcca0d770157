"""The budgets' promises (R-B1, R-B2, law 6 and 7), against a ledger that a test can see."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gophergate.errors import BudgetExceeded
from gophergate.policy import budgets as module
from gophergate.policy.budgets import Budget, Budgets, Scope
from gophergate.policy.windows import window

DOLLAR = 1_000_000_000
AT = 1_785_715_200_000_000


class Book:
    """A ledger: (scope, id, at, cost) of every call."""

    def __init__(self) -> None:
        self.calls: list[tuple[Scope, str, int, int]] = []
        self.reads = 0

    async def spent(self, scope: Scope, scope_id: str, begin: int, end: int | None, ready: Callable[[], int]) -> int:
        self.reads += 1
        total = ready() + sum(
            cost
            for kind, name, at, cost in self.calls
            if (kind, name) == (scope, scope_id) and at >= begin and (end is None or at < end)
        )
        await asyncio.sleep(0)
        return total


def made(book: Book, *budgets: Budget, told: list[float] | None = None) -> Budgets:
    loop = asyncio.get_running_loop()
    seen = told if told is not None else []
    engine = Budgets(book, tells=lambda budget, share, spent: seen.append(share), clock=loop.time)
    engine.set(budgets)
    return engine


def budget(amount: int, **more: object) -> Budget:
    values: dict[str, object] = {"id": "b", "scope": "client", "scope_id": "c", "amount": amount, "period": "day"}
    return Budget(**{**values, **more})  # type: ignore[arg-type]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_many_callers_never_pass_the_cap_by_more_than_one_calls_error(seed: int, callers: int) -> None:
    dice = random.Random(seed)
    asyncio.run(_race(dice, callers))


async def _race(dice: random.Random, callers: int) -> None:
    book = Book()
    cap = 10_000
    engine = made(book, budget(cap))
    refused = [0]
    worst = [0]

    async def call() -> None:
        for _ in range(8):
            estimate = dice.randrange(1, 400)
            real = max(0, estimate + dice.randrange(-300, 60))
            try:
                hold = await engine.reserve({"client": ("c",)}, estimate, AT)
            except BudgetExceeded:
                refused[0] += 1
                assert sum(cost for *_, cost in book.calls) >= cap  # nobody is refused while money is left
                return
            try:
                await asyncio.sleep(0)
                if dice.random() < 0.1:
                    real = 0  # failed before it cost anything
            finally:
                worst[0] = max(worst[0], real - estimate, real if hold.estimate > cap else 0)
                engine.settle(hold, real)
                book.calls.append(("client", "c", AT, real))

    await asyncio.gather(*(call() for _ in range(callers)))
    spent = sum(cost for *_, cost in book.calls)
    standing = await engine.standing(budget(cap), AT)
    assert standing.reserved == 0
    assert standing.spent == spent  # law 6, to the nano-dollar
    if spent > cap:
        assert spent - cap <= 400 + 60


async def test_what_was_spent_before_is_the_ledgers_sum_and_counts() -> None:
    book = Book()
    book.calls = [("client", "c", AT, 900), ("client", "other", AT, 500), ("client", "c", AT - 86_400_000_000, 500)]
    engine = made(book, budget(1000))
    standing = await engine.standing(budget(1000), AT)
    assert (standing.spent, standing.window) == (900, window("day", "UTC", AT))
    hold = await engine.reserve({"client": ("c",)}, 50, AT)
    assert (await engine.standing(budget(1000), AT)).reserved == 50
    engine.settle(hold, 100)
    with pytest.raises(BudgetExceeded) as refused:
        await engine.reserve({"client": ("c",)}, 1, AT)
    assert "$0.000001" in refused.value.message
    assert refused.value.retry_after == 86_400.0
    await engine.reserve({"client": ("c",)}, 1, AT + 86_400_000_000)  # the next day is another window
    assert book.reads == 2


async def test_all_scopes_or_none() -> None:
    engine = made(
        Book(),
        budget(1000, id="client"),
        budget(10, id="team", scope="team", scope_id="t"),
        budget(5, id="soft", scope="key", scope_id="k", hard=False),
    )
    names: dict[Scope, tuple[str, ...]] = {"client": ("c",), "team": ("t",), "key": ("k",)}
    first = await engine.reserve(names, 8, AT)
    waiting = asyncio.create_task(engine.reserve(names, 8, AT))
    await asyncio.sleep(0.01)
    assert not waiting.done()  # the team's money is held, not spent: it waits instead of being refused
    assert (await engine.standing(budget(1000, id="client"), AT)).reserved == 8
    engine.settle(first, 1)
    second = await waiting
    engine.settle(second, 9)
    with pytest.raises(BudgetExceeded, match="team's budget"):
        await engine.reserve(names, 1, AT)
    assert (await engine.standing(budget(1000, id="client"), AT)).reserved == 0
    assert (await engine.standing(budget(5, id="soft", scope="key", scope_id="k"), AT)).spent == 10


async def test_one_who_gives_up_waiting_has_taken_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = made(Book(), budget(10))
    hold = await engine.reserve({"client": ("c",)}, 10, AT)
    waiting = asyncio.create_task(engine.reserve({"client": ("c",)}, 5, AT))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await engine.standing(budget(10), AT)).reserved == 10
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    with pytest.raises(BudgetExceeded, match="reserved"):
        await engine.reserve({"client": ("c",)}, 5, AT)
    engine.settle(hold, 0)
    engine.settle(await engine.reserve({"client": ("c",)}, 500, AT), 3)  # alone, any estimate may try


async def test_thresholds_are_told_once_and_a_raise_lets_more_in() -> None:
    told: list[float] = []
    engine = made(Book(), budget(100), told=told)
    for cost in (40, 15, 30, 20):
        engine.settle(await engine.reserve({"client": ("c",)}, 1, AT), cost)
    assert told == [0.5, 0.8, 1.0]
    with pytest.raises(BudgetExceeded):
        await engine.reserve({"client": ("c",)}, 1, AT)
    engine.set([budget(100, raised=50, raised_until=AT + 1)])
    engine.settle(await engine.reserve({"client": ("c",)}, 1, AT), 1)
    with pytest.raises(BudgetExceeded):
        await engine.reserve({"client": ("c",)}, 1, AT + 2)


async def test_a_model_that_was_not_used_gives_its_hold_back() -> None:
    one = budget(100, id="one", scope="model", scope_id="a/one")
    two = budget(100, id="two", scope="model", scope_id="two")
    engine = made(Book(), one, two)
    hold = await engine.reserve({"model": ("a/one", "b/two", "one", "two")}, 10, AT)
    engine.narrow(hold, "b/two")
    engine.settle(hold, 7)
    assert [(await engine.standing(which, AT)).spent for which in (one, two)] == [0, 7]
    assert [(await engine.standing(which, AT)).reserved for which in (one, two)] == [0, 0]


async def test_each_session_has_its_own_where_every_one_is_meant() -> None:
    engine = made(Book(), budget(10, scope="session", scope_id="*", period="total"))
    engine.settle(await engine.reserve({"session": ("run-1",)}, 1, AT), 10)
    with pytest.raises(BudgetExceeded, match="session's budget"):
        await engine.reserve({"session": ("run-1",)}, 1, AT)
    await engine.reserve({"session": ("run-2",)}, 1, AT)


async def test_what_settles_while_the_ledger_is_read_is_counted_once() -> None:
    book = Book()
    release = asyncio.Event()

    class Slow(Book):
        async def spent(
            self, scope: Scope, scope_id: str, begin: int, end: int | None, ready: Callable[[], int]
        ) -> int:
            total = await book.spent(scope, scope_id, begin, end, ready)
            await release.wait()
            return total

    engine = made(Slow(), budget(1000))
    book.calls.append(("client", "c", AT, 5))
    looking = asyncio.create_task(engine.standing(budget(1000), AT))
    await asyncio.sleep(0.01)
    # A call that began before there was a budget ends now: it is in the ledger from here on, after the sum was taken.
    engine.settle(module.Hold(AT, 0, [], {"client": ("c",)}), 7)
    release.set()
    assert (await looking).spent == 12
