"""Several models, each with money of its own: who may still answer, who is waited for, and when nobody may (R-B1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from gophergate.errors import Unavailable
from gophergate.policy.budgets import Hold, OverBudget, Standing, refused
from gophergate.policy.candidates import Candidates
from gophergate.policy.windows import Window
from kit.budgeting import AT, budget, claim


class Model(NamedTuple):
    """A deployment's names."""

    label: str

    @property
    def provider_name(self) -> str:
        return self.label.partition("/")[0]

    @property
    def model(self) -> str:
        return self.label.partition("/")[2]


A, B, C = Model("p/a"), Model("p/b"), Model("p/c")


def refusal(model: str, *, is_held: bool = False, resets: int = 60) -> OverBudget:
    """By a model's budget, or by the client's own for ""."""
    of = budget(1, scope="model", scope_id=model) if model else budget(1)
    standing = Standing(spent=1, reserved=0, window=Window(0, None), resets_at=AT + resets * 1_000_000)
    return refused(claim(of), standing, AT, is_held=is_held)


class Desk:
    """Refuses as it was told, by who is asked for and whether the call would wait; keeps what it was asked."""

    def __init__(self, judge: Callable[[set[str], bool], Exception | None]) -> None:
        self.judge = judge
        self.asked: list[tuple[list[str], bool]] = []

    async def __call__(self, models: Sequence[Model], *, waits: bool) -> Hold:
        labels = [model.label for model in models]
        self.asked.append((labels, waits))
        error = self.judge(set(labels), waits)
        if error is not None:
            raise error
        return Hold("1", (), 0, AT, 0.0)


async def test_nobody_is_left_out_while_all_have_room() -> None:
    desk = Desk(lambda labels, waits: None)
    candidates = Candidates([A, B])
    await candidates.reserve(desk, may_wait=True)
    assert (desk.asked, candidates.refusals) == ([(["p/a", "p/b"], False)], {})


@pytest.mark.parametrize("is_held", [False, True])
async def test_one_in_the_way_is_left_out_without_a_wait(is_held: bool) -> None:
    desk = Desk(lambda labels, waits: refusal("p/a", is_held=is_held) if "p/a" in labels else None)
    candidates = Candidates([A, B, C])
    await candidates.reserve(desk, may_wait=True)
    assert desk.asked == [(["p/a", "p/b", "p/c"], False), (["p/b", "p/c"], False)]
    assert list(candidates.refusals) == ["p/a"]


async def test_a_budget_of_a_name_without_its_provider_is_of_all_that_bear_it() -> None:
    desk = Desk(lambda labels, waits: refusal("a") if "p/a" in labels else None)
    candidates = Candidates([A, Model("q/a"), B])
    await candidates.reserve(desk, may_wait=True)
    assert list(candidates.refusals) == ["p/a", "q/a"]


async def test_when_none_is_left_the_refusal_that_ends_first_is_told() -> None:
    def judge(labels: set[str], waits: bool) -> Exception | None:
        return refusal("p/a", resets=30) if "p/a" in labels else refusal("p/b", resets=90)

    desk = Desk(judge)
    candidates = Candidates([A, B])
    with pytest.raises(OverBudget, match="The model p/a's budget") as error:
        await candidates.reserve(desk, may_wait=True)
    assert (error.value.retry_after, error.value.headers["x-should-retry"]) == (30.0, "false")
    assert list(candidates.refusals) == ["p/a", "p/b"]


async def test_those_whose_money_is_only_held_are_waited_for() -> None:
    def judge(labels: set[str], waits: bool) -> Exception | None:
        if "p/b" in labels:
            return refusal("p/b")
        return None if waits else refusal("p/a", is_held=True)

    desk = Desk(judge)
    candidates = Candidates([A, B])
    await candidates.reserve(desk, may_wait=True)
    assert desk.asked[-1] == (["p/a"], True)
    assert list(candidates.refusals) == ["p/b"]


async def test_one_that_is_used_up_during_the_wait_is_left_out_then() -> None:
    def judge(labels: set[str], waits: bool) -> Exception | None:
        if not waits:
            return refusal(min(labels), is_held=True)
        return refusal("p/a") if "p/a" in labels else None

    desk = Desk(judge)
    candidates = Candidates([A, B])
    await candidates.reserve(desk, may_wait=True)
    assert desk.asked[-1] == (["p/b"], True)
    assert list(candidates.refusals) == ["p/a"]


async def test_a_wait_that_was_too_long_and_a_call_that_must_not_wait_are_told_to_try_again() -> None:
    for may_wait, asked in ((True, 3), (False, 2)):
        desk = Desk(lambda labels, waits: refusal(min(labels), is_held=True))
        with pytest.raises(OverBudget, match="held by calls under way") as error:
            await Candidates([A, B]).reserve(desk, may_wait=may_wait)
        assert (len(desk.asked), error.value.headers["x-should-retry"]) == (asked, "true")


async def test_everybodys_money_refuses_at_once_and_is_waited_for_when_held() -> None:
    spent = Desk(lambda labels, waits: refusal(""))
    with pytest.raises(OverBudget, match="The client's budget"):
        await Candidates([A, B]).reserve(spent, may_wait=True)
    assert len(spent.asked) == 1
    held = Desk(lambda labels, waits: None if waits else refusal("", is_held=True))
    await Candidates([A, B]).reserve(held, may_wait=True)
    assert held.asked[-1] == (["p/a", "p/b"], True)


async def test_what_is_no_refusal_passes() -> None:
    with pytest.raises(Unavailable):
        await Candidates([A, B]).reserve(Desk(lambda labels, waits: Unavailable("down")), may_wait=True)
