"""Every strategy over 100,000 choices with seeded draws: shares within five standard deviations, and no choice that
walks all targets (N4; the issue's second proof)."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import pytest

from gophergate.dialects.base import encode
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.routing.groups import Group, Target
from gophergate.routing.health import Vitals
from gophergate.routing.strategies import STRATEGIES, Standing, weighted
from gophergate.routing.traits import Traits
from kit.routing import Floor, provider

DOOR = OpenAIChat()
CHOICES = 100_000


def traits(session: str | None = None, text: str = "hi", **more: Any) -> Traits:
    body = encode({"model": "g", "messages": [{"role": "user", "content": text}], **more})
    return Traits(DOOR, body, DOOR.peek(body), session=session)


def standing(floor: Floor, strategy: str, count: int, weights: list[float] | None = None) -> Standing:
    """A group of so many targets, each at a provider of its own."""
    names = [f"p{number}/m" for number in range(count)]
    shares = weights or [1.0] * count
    targets = tuple(Target(model=name, weight=weight) for name, weight in zip(names, shares, strict=True))
    group = Group(name="g", strategy=strategy, targets=targets)  # type: ignore[arg-type]
    catalog = floor.catalog(group, providers=[provider(f"p{number}") for number in range(count)])
    heads = [catalog.plan(name).deployments[0] for name in names]
    return Standing(group, names, heads, [floor.health.of(head) for head in heads], shares)


def within(found: int, of: int, share: float) -> bool:
    """Five standard deviations of a binomial: one run in a million would fail by chance, and the draws are seeded."""
    return abs(found - of * share) <= 5 * (of * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("weights", [[3.0, 1.0], [1.0] * 10, [5.0, 0.0, 2.5, 2.5], [float(n) for n in range(1, 101)]])
def test_weighted_draws_every_target_by_its_share(weights: list[float]) -> None:
    floor = Floor()
    place, asked = standing(floor, "weighted", len(weights), weights), traits()
    drawn = Counter(weighted(place, asked, floor.means).heads[0] for _ in range(CHOICES))
    for at, weight in enumerate(weights):
        assert within(drawn[at], CHOICES, weight / sum(weights)), (at, drawn[at])


def test_weighted_spreads_what_a_failing_target_leaves_by_share_too() -> None:
    """The second choice, when the first fails, goes by weight among the others."""
    floor = Floor()
    place, asked = standing(floor, "weighted", 3, [2.0, 3.0, 1.0]), traits()
    picks = [weighted(place, asked, floor.means).heads for _ in range(CHOICES)]
    after_first = Counter(heads[1] for heads in picks if heads[0] == 0 and len(heads) > 1)
    assert within(after_first[1], after_first.total(), 3 / 4)


def test_least_latency_prefers_the_quicker_of_two_and_starves_nobody() -> None:
    """Peak-EWMA with the power of two choices: of two equal draws the quicker wins; the slowest wins only when drawn
    with itself, which cannot be."""
    floor = Floor()
    place, asked = standing(floor, "least_latency", 4), traits()
    for number, vitals in enumerate(place.vitals):
        vitals.took(0.1 * (number + 1), floor.clock(), stream=False)
    won = Counter(STRATEGIES["least_latency"](place, asked, floor.means).heads[0] for _ in range(CHOICES))
    for at, pairs in enumerate((3, 2, 1, 0)):
        assert within(won[at], CHOICES, pairs / 6), won
    place.vitals[0].running = 9
    busy = Counter(STRATEGIES["least_latency"](place, asked, floor.means).heads[0] for _ in range(CHOICES))
    assert busy[0] == 0, "ten calls at 100 ms wait longer than one at 400"


def test_a_peak_counts_at_once_and_is_forgotten_with_time() -> None:
    floor = Floor()
    vitals: Vitals = standing(floor, "least_latency", 2).vitals[0]
    vitals.took(0.1, 0.0, stream=True)
    vitals.took(2.0, 1.0, stream=True)
    assert vitals.latency(stream=True) == 2.0
    vitals.took(0.1, 11.0, stream=True)
    assert 0.7 < vitals.latency(stream=True) < 0.9
    vitals.took(0.1, 100.0, stream=True)
    assert vitals.latency(stream=True) == pytest.approx(0.1, rel=0.01)
    assert vitals.latency(stream=False) == 0.0


def test_least_busy_takes_the_fewest_and_lets_equals_take_turns() -> None:
    floor = Floor()
    place, asked = standing(floor, "least_busy", 5), traits()
    place.vitals[2].running = 3
    taken = Counter(STRATEGIES["least_busy"](place, asked, floor.means).heads[0] for _ in range(CHOICES))
    assert taken[2] == 0
    assert max(taken.values()) - min(taken[at] for at in (0, 1, 3, 4)) <= CHOICES // 4
    for vitals in place.vitals:
        vitals.running = 7
    place.vitals[3].running = 6
    assert STRATEGIES["least_busy"](place, asked, floor.means).heads == (3,)


def test_sticky_keeps_a_session_spreads_sessions_by_weight_and_moves_few() -> None:
    """Rendezvous: the same in every process, and a target more takes only its own share."""
    floor, other = Floor(1), Floor(2)
    before, again = standing(floor, "sticky", 10), standing(other, "sticky", 10)
    after = standing(floor, "sticky", 11)
    pick = STRATEGIES["sticky"]
    where, moved = Counter[int](), 0
    for number in range(CHOICES):
        asked = traits(f"session-{number}") if number < 100 else _session(number)
        first = pick(before, asked, floor.means).heads[0]
        where[first] += 1
        if number < 2000:
            assert pick(again, asked, other.means).heads[0] == first
        then = pick(after, asked, floor.means).heads[0]
        assert then in (first, 10), "nothing moves between targets that were there before"
        moved += then == 10
    assert all(0.8 < where[at] * 10 / CHOICES < 1.2 for at in range(10)), where
    assert 0.8 < moved * 11 / CHOICES < 1.2


_ONE = traits("x")


def _session(number: int) -> Traits:
    _ONE.session = f"session-{number}"
    return _ONE


def test_sticky_by_weight() -> None:
    floor = Floor()
    place = standing(floor, "sticky", 3, [1.0, 3.0, 0.0])
    where = Counter(STRATEGIES["sticky"](place, _session(n), floor.means).heads[0] for n in range(20_000))
    assert where[2] == 0
    assert 0.7 < where[1] / 20_000 < 0.8


def test_sticky_goes_by_what_it_is_told_to() -> None:
    floor = Floor()
    place, pick = standing(floor, "sticky", 8), STRATEGIES["sticky"]
    assert pick(place, traits("s"), floor.means).because.endswith("for this session")
    assert pick(place, traits(user="u"), floor.means).because.endswith("for this user")
    first = pick(place, traits(text="the same beginning"), floor.means)
    assert first.because.endswith("for this prompt")
    longer = encode(
        {
            "model": "g",
            "messages": [
                {"role": "user", "content": "the same beginning"},
                {"role": "assistant", "content": "yes"},
                {"role": "user", "content": "and more"},
            ],
        }
    )
    assert pick(place, Traits(DOOR, longer, DOOR.peek(longer)), floor.means).heads == first.heads


def test_cheapest_is_that_of_this_request() -> None:
    """Cheap to read and dear to write, or the reverse: which is cheaper depends on the request."""
    floor = Floor()
    place = standing(floor, "cheapest", 3)
    floor.prices.table = {"p0/m": (100, 10, 4000), "p1/m": (1000, 100, 500)}
    pick = STRATEGIES["cheapest"]
    long = pick(place, traits(text="word " * 20_000, max_tokens=10), floor.means)
    short = pick(place, traits(text="hi"), floor.means)
    assert (long.heads[0], short.heads[0]) == (0, 1)
    assert long.heads[-1] == 2, "what has no price comes last"
    assert "$" in long.because


def test_cheapest_counts_what_a_cache_still_holds() -> None:
    """The dearer target is the cheaper one while its cache holds the conversation, and no longer than that."""
    floor = Floor()
    place = standing(floor, "cheapest", 2)
    floor.prices.table = {"p0/m": (100, 100, 100), "p1/m": (150, 15, 100)}
    pick, asked = STRATEGIES["cheapest"], traits(text="word " * 5_000)
    assert pick(place, asked, floor.means).heads[0] == 0
    floor.warmth.note(asked.prefix, "p1/m", 5_000)
    warm = pick(place, asked, floor.means)
    assert warm.heads[0] == 1
    assert "cached there" in warm.because
    floor.clock.now += 301
    assert pick(place, asked, floor.means).heads[0] == 0


@pytest.mark.parametrize("strategy", sorted(set(STRATEGIES) - {"heuristic", "least_busy"}))
def test_no_choice_walks_all_targets(strategy: str) -> None:
    """The cost of a choice does not grow with the number of targets: lines run among 10 and among 1,000 are as many.
    (least_busy looks at all counts, in one step of the interpreter's own; `python -m gatebench.choices` has times.)"""
    floor = Floor()
    steps = {}
    for count in (10, 1000):
        place, asked = standing(floor, strategy, count), traits("s")
        floor.prices.table = {f"p{number}/m": (number + 1, 1, 1) for number in range(count)}
        for _ in range(3):
            STRATEGIES[strategy](place, asked, floor.means)
        steps[count] = min(_lines(strategy, place, asked, floor) for _ in range(20))
    assert steps[1000] <= steps[10] + 8, steps


def _lines(strategy: str, place: Standing, asked: Traits, floor: Floor) -> int:
    ran = 0

    def trace(frame: Any, event: str, arg: Any) -> Any:
        nonlocal ran
        ran += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        STRATEGIES[strategy](place, asked, floor.means)
    finally:
        sys.settrace(before)
    return ran
