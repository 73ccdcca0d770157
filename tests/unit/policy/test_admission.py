"""The one point that every billable call passes: what it takes, what it gives back, and what is told (R-B4, R-B6)."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import pytest

from gophergate.core.caller import Caller, ScopeLimits
from gophergate.core.usage import Usage
from gophergate.errors import BudgetExceeded, Forbidden, GatewayError, RateLimited
from gophergate.policy.admission import Admission, Terms, Wanted
from gophergate.policy.budgets import Budget
from gophergate.policy.limits import LocalRates
from gophergate.policy.reservations import MemoryReservations, Patience
from kit.budgeting import AT, Book, Clock, budget, claim

INPUT, OUTPUT = 3, 5
"""Nano-dollars a token."""


class Model(NamedTuple):
    """A deployment, and the most tokens it writes."""

    label: str
    provider_name: str = "p"
    most: int | None = None

    @property
    def model(self) -> str:
        return self.label.partition("/")[2]


class Prices:
    """What every model costs, but for `p/unpriced`, whose price nobody knows."""

    def price(self, deployment: Any, usage: Usage | None) -> tuple[int | None, str | None]:
        if usage is None or deployment.label == "p/unpriced":
            return None, None
        return (usage.input or 0) * INPUT + (usage.output or 0) * OUTPUT, "test"


class Bill:
    """A call that costs what a test says."""

    door, started, answering = "openai_chat", AT, None

    def __init__(self, call_id: str = "1", cost: int = 0, tokens: tuple[int, int] = (0, 0), **more: Any) -> None:
        self.call_id = call_id
        self.operation = more.get("operation", "chat")
        self.said: list[str] = []
        self.stopped: GatewayError | None = None
        self._cost = cost
        self._tokens = tokens

    def cost(self) -> int:
        return self._cost

    def tokens(self) -> tuple[int, int]:
        return self._tokens

    def decided(self, step: str) -> None:
        self.said.append(step)

    def stop(self, error: GatewayError) -> None:
        self.stopped = error


class Gate:
    """An admission with a ledger, and what it told."""

    def __init__(self, *budgets: Budget, **terms: Any) -> None:
        self.clock = Clock()
        self.warned: list[tuple[str, int]] = []
        patience = Patience(wait=0.0)
        self.reservations = MemoryReservations(Book(), tells=lambda *_: None, clock=self.clock, patience=patience)
        self.admission = Admission(
            LocalRates(self.clock),
            self.reservations,
            Prices(),
            Terms(**{"loop_after": 0, **terms}),
            wall=lambda: AT / 1_000_000,
            clock=self.clock,
            warns=lambda caller, session, times: self.warned.append((session, times)),
            output_limit=lambda model: model.most,  # type: ignore[attr-defined]
        )
        self.admission.set(budgets, ())
        self.noted: dict[bytes, bytes] = {}

    def admitted(self, bill: Bill, *models: Model, caller: Caller | None = None, **wanted: Any) -> Any:
        asked = Wanted(
            "m",
            models or (Model("p/m"),),
            wanted.get("body", b"x" * 30),
            wanted.get("output", 10),
            wanted.get("session"),
        )
        return self.admission.admitted(caller or CALLER, asked, bill, self.noted.__setitem__)

    async def reserved(self, of: Budget) -> int:
        return (await self.reservations.standing(claim(of), AT)).reserved


CALLER = Caller(key_id="k", client_id="c")
MINE = budget(1_000_000)


@pytest.mark.parametrize(
    ("output", "most", "tokens"), [(10, None, 10), (10, 4, 10), (None, None, 8192), (None, 4, 4), (None, 90_000, 8192)]
)
async def test_what_is_held_is_the_input_and_the_output_that_is_allowed(
    output: int | None, most: int | None, tokens: int
) -> None:
    gate = Gate(MINE)
    async with gate.admitted(Bill(), Model("p/m", most=most), output=output):
        assert await gate.reserved(MINE) == 10 * INPUT + tokens * OUTPUT
    assert await gate.reserved(MINE) == 0


async def test_a_call_that_may_go_to_several_is_held_at_the_dearest() -> None:
    gate = Gate(MINE)
    async with gate.admitted(Bill(), Model("p/a", most=5), Model("p/b", most=7), Model("p/unpriced"), output=None):
        assert await gate.reserved(MINE) == 10 * INPUT + 7 * OUTPUT


@pytest.mark.parametrize("error", [None, ValueError, asyncio.CancelledError, BudgetExceeded])
async def test_every_exit_settles_what_was_used(error: type[BaseException] | None) -> None:
    gate = Gate(MINE)
    limited = Caller(key_id="k", client_id="c", limits=(ScopeLimits("key", "k", rpm=9, tpm=99, concurrency=1),))
    try:
        async with gate.admitted(Bill(cost=7, tokens=(2, 3)), caller=limited):
            if error is not None:
                raise error("out")
    except (ValueError, asyncio.CancelledError, BudgetExceeded):
        pass
    standing = await gate.reservations.standing(claim(MINE), AT)
    assert (standing.spent, standing.reserved) == (7, 0)
    rates = gate.admission.rates
    assert isinstance(rates, LocalRates)
    assert rates.running("key", "k") == 0
    async with gate.admitted(Bill("2"), caller=limited):
        assert gate.noted[b"x-ratelimit-remaining-requests"] == b"7"
        assert gate.noted[b"x-ratelimit-remaining-tokens"] == b"74"  # 99 - (2 + 3) - (10 + 10)


async def test_a_budgets_refusal_gives_the_limits_back_and_a_limits_refusal_holds_nothing() -> None:
    broke = budget(0)
    gate = Gate(broke)
    limited = Caller(key_id="k", client_id="c", limits=(ScopeLimits("key", "k", rpm=1),))
    for number in range(3):
        with pytest.raises(BudgetExceeded):
            async with gate.admitted(Bill(str(number)), caller=limited):
                pass
    gate.admission.set([MINE], ())
    async with gate.admitted(Bill("4"), caller=limited):
        with pytest.raises(RateLimited) as refused:
            async with gate.admitted(Bill("5"), caller=limited):
                pass
        assert refused.value.headers["x-ratelimit-remaining-requests"] == "0"
        assert await gate.reserved(MINE) == 10 * INPUT + 10 * OUTPUT


async def test_an_unpriced_call_is_blocked_where_that_is_wanted_and_holds_nothing_else() -> None:
    with pytest.raises(Forbidden) as blocked:
        async with Gate(unpriced="block").admitted(Bill(), Model("p/unpriced")):
            pass
    assert blocked.value.code == "model_unpriced"
    gate = Gate(MINE)
    async with gate.admitted(Bill(), Model("p/unpriced")):
        assert await gate.reserved(MINE) == 0


async def test_a_budget_that_comes_while_a_call_runs_counts_it() -> None:
    """Law 6: counter and ledger are one, whatever the order."""
    gate = Gate()
    async with gate.admitted(Bill(cost=9)):
        gate.admission.set([MINE], ())
        await gate.reservations.standing(claim(MINE), AT)
    assert (await gate.reservations.standing(claim(MINE), AT)).spent == 9


async def test_running_calls_grow_and_are_cut_at_the_cap_where_that_is_wanted() -> None:
    """R-B7."""
    small = budget(100)
    for wish in ("finish", "cut"):
        gate = Gate(small, at_cap=wish)
        bill = Bill(cost=90)
        async with gate.admitted(bill, body=b"", output=1):
            gate.admission._look_after()
            assert await gate.reserved(small) == 90
            assert bill.stopped is None
            bill._cost = 101
            gate.admission._look_after()
            assert (bill.stopped is not None) is (wish == "cut")


async def test_equal_requests_are_marked_from_the_bound_on_and_told_once() -> None:
    gate = Gate(loop_after=3)
    bills = [Bill(str(number)) for number in range(5)]
    for bill in bills:
        async with gate.admitted(bill, session="s"):
            pass
    assert [len(bill.said) for bill in bills] == [0, 0, 1, 1, 1]
    assert gate.warned == [("s", 3)]


async def test_a_rating_never_waits_for_the_call_it_is_for() -> None:
    gate = Gate(budget(10))
    gate.reservations._patience = Patience(wait=60.0)
    async with gate.admitted(Bill("asked")):
        with pytest.raises(BudgetExceeded, match="is held by calls under way"):
            async with gate.admitted(Bill("rating", operation="classify")):
                pass
