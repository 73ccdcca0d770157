"""N11: past calls against a proposal. What is not known is counted; sums are those of the calls; nothing is shared."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gophergate.core.call import CallBodies, CallRecord
from gophergate.core.usage import Usage
from gophergate.doors.chat import dialects
from gophergate.ledger.pricing import PriceBook
from gophergate.planning.simulation import Simulated, Wanted, simulate
from gophergate.routing.catalog import Catalog
from gophergate.routing.groups import Group, Rating, Rule, Target
from gophergate.store.calls import Calls
from gophergate.store.database import open_database
from gophergate.store.replays import Replays
from gophergate.store.revision import upgrade
from kit.call_records import MONDAY, WEEK, call
from kit.routing import TablePrices, provider


class Prices(TablePrices):
    """A table that a thread may have a copy of."""

    def apart(self) -> Prices:
        return self


class World:
    """Calls in a database, and a way to try proposals on them."""

    def __init__(self, calls: Calls, replays: Replays) -> None:
        self.calls = calls
        self.replays = replays
        self.prices = Prices()
        self.prices.table = {"a/m": (1, 0, 2), "b/m": (10, 1, 20)}

    async def had(self, *records: CallRecord) -> None:
        await self.calls.write(list(records))

    async def tried(self, *groups: Group, **wanted: Any) -> Simulated:
        catalog = Catalog([provider(name) for name in "abc"], {group.name: group for group in groups})
        prices: PriceBook = self.prices  # type: ignore[assignment]
        return await simulate(catalog, prices, self.replays, dialects(), Wanted(**wanted))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    database = await open_database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    await upgrade(database)
    calls = Calls(database)
    yield World(calls, Replays(database, calls.body_store))
    await database.close()


def past(number: int, provider: str = "a", **more: Any) -> CallRecord:
    plain = {"model": "m", "provider": provider, "model_requested": "g", "cost": 140, "latency_ms": 100.0}
    return call(number, **(plain | more))


def to(*names: str, **more: Any) -> Group:
    return Group(name="g", targets=tuple(Target(model=name) for name in names), **more)


async def test_cost_and_latency_then_and_now_per_call_and_in_sum(world: World) -> None:
    await world.had(*(past(n, latency_ms=100.0 + n) for n in range(4)))
    await world.had(*(past(10 + n, "b", latency_ms=1000.0 + n, cost=1400, model_requested="other") for n in range(4)))
    found = await world.tried(to("b/m", "a/m"), requested=("g",))
    assert (found.calls, found.replayed, found.moved, found.priced) == (4, 4, 4, 4)
    assert found.cost_before == 4 * 140
    assert found.cost_after == 4 * (100 * 10 + 20 * 20) == sum(one.cost_after or 0 for one in found.moves)
    assert found.timed == 0  # among those calls, nobody has seen the other model
    both = await world.tried(to("b/m", "a/m"), Group(name="other", targets=(Target(model="b/m"),)))
    assert (both.calls, both.moved, both.timed) == (8, 4, 8)
    assert {one.latency_ms_after for one in both.moves} == {1000.0, 1001.0, 1002.0, 1003.0}
    assert both.latency_ms_before == pytest.approx((406 + 4006) / 8)
    assert {one.model: (one.before, one.after) for one in both.models} == {"a/m": (4, 0), "b/m": (4, 8)}


async def test_what_stays_costs_what_it_did_whatever_prices_are_today(world: World) -> None:
    await world.had(past(1, cost=77))
    found = await world.tried(to("a/m"))
    assert (found.moved, found.cost_before, found.cost_after) == (0, 77, 77)


async def test_the_unpriced_and_the_refused_are_counted_and_never_nought(world: World) -> None:
    """R-U2."""
    await world.had(past(1), past(2, cost=None), past(3, model_requested="gone"))
    await world.had(past(4, provider=None, model=None, usage=None, cost=None, status="refused"))
    found = await world.tried(to("c/m"))
    assert (found.unpriced_before, found.unpriced_after, found.priced) == (1, 2, 0)
    assert (found.refused_before, found.refused_after) == (1, 1)
    refused = next(one for one in found.moves if not one.after)
    assert "does not exist here" in refused.why
    assert (refused.cost_after, found.cost_after) == (None, 0)


async def test_rules_go_by_the_row_and_say_what_the_row_does_not(world: World) -> None:
    await world.had(
        past(1, tags={"hard": "1"}),
        past(2, usage=Usage(input=10, reasoning=5, output=9)),
        past(3, usage=Usage(input=10, output=9)),
        past(4, usage=Usage(input=9000, output=9, image_input=5)),
    )
    tagged = to("a/m", strategy="heuristic", rules=(Rule(model="b/m", any_of_tags=("hard",)),))
    assert (await world.tried(tagged)).moved == 1
    thinking = to("a/m", strategy="heuristic", rules=(Rule(model="b/m", requires_reasoning=True),))
    found = await world.tried(thinking)
    assert (found.moved, found.unknown) == (1, {"whether it asks for reasoning": 3})
    seeing = to("a/m", strategy="heuristic", rules=(Rule(model="b/m", has_multimodal_input=True),))
    assert (await world.tried(seeing)).moved == 1
    short = to("a/m", strategy="heuristic", rules=(Rule(model="b/m", max_input_tokens_lt=50),))
    found = await world.tried(short)
    assert (found.moved, found.unknown) == (2, {})
    assert any("fewer than 50 tokens" in one.why for one in found.moves)


async def test_bodies_are_read_where_they_were_kept_whole(world: World) -> None:
    await world.had(past(1), past(2), past(3))
    body = b'{"model":"g","messages":[{"role":"user","content":"a STORY"}]}'
    kept = CallBodies(call_id=past(1).id, request=body, request_size=len(body))
    cut = CallBodies(call_id=past(2).id, request=body[:20], request_size=len(body))
    await world.calls.write_bodies([(past(1).started_at, kept), (past(2).started_at, cut)])
    found = await world.tried(to("a/m", strategy="heuristic", rules=(Rule(model="b/m", pattern="story"),)))
    assert (found.moved, found.unknown) == (1, {"what the user said": 2})


async def test_no_model_is_asked_to_rate(world: World) -> None:
    await world.had(past(1))
    rated = to("b/m", "a/m", strategy="classifier", classifier=Rating(model="c/m"))
    found = await world.tried(rated)
    assert found.unknown == {"how hard it is": 1}
    assert "asks no model to rate" in found.moves[0].why


@pytest.mark.parametrize("strategy", ["ordered", "weighted", "least_latency", "least_busy", "cheapest", "sticky"])
async def test_every_strategy_can_be_tried_and_says_the_same_twice(world: World, strategy: str) -> None:
    await world.had(*(past(n, "ab"[n % 2], session=f"s{n % 5}") for n in range(40)))
    first, again = [await world.tried(to("a/m", "b/m", strategy=strategy)) for _ in range(2)]
    assert first.replayed == 40
    assert replace(first, seconds=0.0) == replace(again, seconds=0.0)
    assert sum(one.after for one in first.models) == 40


async def test_the_newest_are_taken_across_periods_and_within_times(world: World) -> None:
    week = WEEK // 1_000_000
    await world.had(*(past(n) for n in (1, 2, week + 1, week + 2)))
    found = await world.tried(to("b/m"), last=3)
    assert (found.calls, found.until, found.since) == (3, MONDAY + WEEK + 2_000_000, MONDAY + 2_000_000)
    found = await world.tried(to("b/m"), since=MONDAY + 2_000_000, until=MONDAY + WEEK + 2_000_000)
    assert found.calls == 2
    assert (await world.tried(to("b/m"), since=MONDAY + 2 * WEEK)).calls == 0


async def test_more_than_a_slice_is_read_once_each_and_what_is_told_is_bounded(world: World) -> None:
    await world.had(*(past(n, cost=n, started_at=MONDAY + n // 3) for n in range(2500)))
    found = await world.tried(to("b/m"), last=2500, show=7)
    assert (found.calls, found.moved, len(found.moves)) == (2500, 2500, 7)
    assert found.cost_before == sum(range(2500))
    assert [one.cost_before for one in found.moves] == [0, 1, 2, 3, 4, 5, 6]
    assert (await world.tried(to("b/m"), show=0)).moves == []
