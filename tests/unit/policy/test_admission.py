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


PIECE = {"images": 40_000, "characters": 15, "audio_input_ms": 100, "searches": 2_000}


class Prices:
    """What every model costs, but for `p/unpriced`, whose price nobody knows."""

    def price(self, deployment: Any, usage: Usage | None) -> tuple[int | None, str | None]:
        if usage is None or deployment.label == "p/unpriced":
            return None, None
        if deployment.label == "p/by-piece":
            if not usage.units:
                return None, "test without tokens"
            return sum(amount * PIECE[name] for name, amount in usage.units.items()), "test"
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
            wanted.get("n", 1),
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


@pytest.mark.parametrize(("n", "times"), [(0, 1), (1, 1), (3, 3), (10**9, 128)])
async def test_each_alternative_is_held_for(n: int, times: int) -> None:
    gate = Gate(MINE)
    async with gate.admitted(Bill(), output=10, n=n):
        assert await gate.reserved(MINE) == 10 * INPUT + times * 10 * OUTPUT


@pytest.mark.parametrize(
    ("operation", "held"),
    [
        ("images", 3 * 40_000),
        ("image_edits", 3 * 40_000),
        ("speech", 400 * 15),
        ("transcriptions", 100 * 100),
        ("translations", 100 * 100),
        ("rerank", 2_000),
        ("chat", 0),
    ],
)
async def test_what_is_sold_by_the_piece_is_held_by_the_piece(operation: str, held: int) -> None:
    """R-B1, R-U2: a price without tokens is one too, so parallel calls for pictures do not pass a budget together."""
    gate = Gate(MINE, unpriced="block")
    async with gate.admitted(Bill(cost=7, operation=operation), Model("p/by-piece"), body=b"x" * 400, n=3):
        assert await gate.reserved(MINE) == held
    assert (await gate.reservations.standing(claim(MINE), AT)).spent == 7


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


@pytest.mark.parametrize(
    ("operation", "size", "tokens"), [("transcriptions", 100_000, 2_500), ("chat", 100_000, 33_334)]
)
async def test_a_file_is_not_taken_for_words(operation: str, size: int, tokens: int) -> None:
    gate = Gate(MINE)
    async with gate.admitted(Bill(operation=operation), body=b"x" * size, output=0):
        assert await gate.reserved(MINE) == tokens * INPUT


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


A, B = Model("p/a"), Model("p/b")


def of_model(amount: int, name: str) -> Budget:
    return budget(amount, id=name, scope="model", scope_id=name)


async def test_a_model_whose_budget_is_used_up_is_left_out_and_nothing_is_held_for_it() -> None:
    """Law 7: what is held is held for those that may answer, at their dearest."""
    spent, rich = of_model(0, "p/a"), of_model(1_000_000, "p/b")
    gate = Gate(spent, rich)
    bill = Bill(cost=8)
    bill.answering = B  # type: ignore[assignment]
    scope = gate.admitted(bill, A, B)
    async with scope:
        assert scope.left_out == {"p/a"}
        assert bill.said == ["p/a was left out: its budget of $0.00 for the day is used up"]
        assert (await gate.reserved(spent), await gate.reserved(rich)) == (0, 10 * INPUT + 10 * OUTPUT)
    standing = await gate.reservations.standing(claim(rich), AT)
    assert (standing.spent, standing.reserved) == (8, 0)


async def test_a_call_is_refused_when_no_model_is_left_and_uses_no_limit_up() -> None:
    gate = Gate(of_model(0, "p/a"), budget(0, id="narrow", model="p/b"))
    limited = Caller(key_id="k", client_id="c", limits=(ScopeLimits("key", "k", rpm=1),))
    bill = Bill()
    for _ in range(2):
        with pytest.raises(BudgetExceeded, match="budget"):
            async with gate.admitted(bill, A, B, caller=limited):
                pass
    assert "p/b was left out: the client's budget for p/b of $0.00 for the day is used up" in bill.said


async def test_many_calls_to_a_group_pass_no_models_budget_by_more_than_one_calls_error() -> None:
    """Law 7: calls under way hold a model's money, so the next go to the other."""
    first, second = of_model(100, "p/a"), of_model(200, "p/b")
    gate = Gate(first, second)
    served = 0
    for number in range(20):
        bill = Bill(str(number), cost=80)
        scope = gate.admitted(bill, A, B)
        try:
            async with scope:
                bill.answering = B if "p/a" in scope.left_out else A  # type: ignore[assignment]
                served += 1
        except BudgetExceeded:
            continue
    found = [(await gate.reservations.standing(claim(of), AT)).spent for of in (first, second)]
    assert (found, served) == ([160, 240], 5)


async def test_a_model_outside_of_what_was_wanted_is_reserved_for_instead_or_refused() -> None:
    """It alone can go on, and never past its hard budget; all that the call stands under is held anew for it."""
    spent, rich = of_model(0, "p/a"), of_model(1_000_000, "p/b")
    gate = Gate(spent, rich, MINE)
    with pytest.raises(BudgetExceeded, match="The model p/a's budget"):
        async with (scope := gate.admitted(Bill(), Model("p/unpriced"))):
            await scope.move(A)
    assert await gate.reserved(MINE) == 0
    bill = Bill("2", cost=8)
    async with (scope := gate.admitted(bill, Model("p/unpriced"))):
        await scope.move(B)
        assert [await gate.reserved(of) for of in (rich, MINE)] == [10 * INPUT + 10 * OUTPUT] * 2
        bill.answering = B  # type: ignore[assignment]
    for of in (rich, MINE):
        standing = await gate.reservations.standing(claim(of), AT)
        assert (standing.spent, standing.reserved) == (8, 0)
    assert not gate.admission._holding


async def test_a_chosen_model_without_room_in_its_limit_is_left_out_until_none_is_left() -> None:
    gate = Gate()
    gate.admission.set((), [ScopeLimits("model", "p/a", rpm=1), ScopeLimits("model", "p/b", rpm=2)])
    limited = Caller(key_id="k", client_id="c", limits=(ScopeLimits("key", "k", rpm=9),))
    async with (first := gate.admitted(Bill(), A, B, caller=limited)):
        assert await first.takes(A)
        assert gate.noted[b"x-ratelimit-remaining-requests"] == b"0"  # the tightest of all it stands under
    bill = Bill()
    async with (second := gate.admitted(bill, A, B, caller=limited)):
        assert not await second.takes(A)
        assert second.left_out == {"p/a"}
        assert bill.said[0].startswith("p/a was left out: The model's limit of 1 requests a minute is reached")
        assert await second.takes(B)
    async with (third := gate.admitted(Bill(), A, B, caller=limited)):
        assert not await third.takes(A)
        assert await third.takes(B)
    with pytest.raises(RateLimited) as refused:
        async with (fourth := gate.admitted(Bill(), A, B, caller=limited)):
            assert not await fourth.takes(A)
            await fourth.takes(B)
    assert refused.value.headers["x-ratelimit-remaining-requests"] == "0"
    async with gate.admitted(Bill(), caller=limited):
        assert (
            gate.noted[b"x-ratelimit-remaining-requests"] == b"5"
        )  # 9, three that went, and this: a refusal took none
