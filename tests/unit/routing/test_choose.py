"""Choosing: groups and their strategies, what is left out, and why (O26, N4, law 10)."""

from __future__ import annotations

import pytest

from gophergate.core.blocks import Json
from gophergate.dialects.base import encode
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.errors import ModelNotFound
from gophergate.routing.base import Deployment
from gophergate.routing.catalog import Catalog
from gophergate.routing.groups import Group, Target
from gophergate.routing.traits import Traits
from kit.routing import Floor

DOOR = OpenAIChat()


def traits(**more: Json) -> Traits:
    body = encode({"model": "g", "messages": [{"role": "user", "content": "hi"}], **more})
    return Traits(DOOR, body, DOOR.peek(body))


def group(*names: str, strategy: str = "ordered", **more: object) -> Group:
    return Group(name="g", strategy=strategy, targets=tuple(Target(model=name) for name in names), **more)  # type: ignore[arg-type]


async def chosen(floor: Floor, catalog: Catalog, **more: Json) -> list[str]:
    plan = await floor.chooser.choose(catalog, "g", traits(**more))
    return [deployment.label for deployment in plan.deployments]


async def test_an_ordered_group_is_tried_as_listed_with_its_fallbacks_last() -> None:
    floor = Floor()
    catalog = floor.catalog(group("a/m", "b/m", fallbacks=("c/m",)))
    assert await chosen(floor, catalog) == ["a/m", "b/m", "c/m"]


async def test_a_name_that_stands_for_one_deployment_has_nothing_to_choose() -> None:
    """The hot path: a concrete name, an alias and a group of one never come to the chooser."""
    floor = Floor()
    catalog = floor.catalog(group("a/m"))
    assert catalog.plan("g").group == ""
    assert catalog.plan("a/m").group == ""
    assert catalog.plan("a/m") is catalog.plan("a/m")


async def test_what_rests_is_left_out_and_the_decision_says_until_when() -> None:
    floor = Floor()
    catalog = floor.catalog(group("a/m", "b/m"))
    floor.break_down(catalog, "a/m")
    plan = await floor.chooser.choose(catalog, "g", traits())
    assert [one.label for one in plan.deployments] == ["b/m"]
    assert "'a/m' is left out: breaker open until 00:05:00 (down)" in plan.decision
    floor.clock.now += 301
    assert await chosen(floor, catalog) == ["a/m", "b/m"]


async def test_when_nothing_is_left_the_one_that_is_back_first_is_tried() -> None:
    floor = Floor()
    catalog = floor.catalog(group("a/m", "b/m"))
    floor.break_down(catalog, "a/m")
    floor.clock.now += 10
    floor.break_down(catalog, "b/m")
    plan = await floor.chooser.choose(catalog, "g", traits())
    assert [one.label for one in plan.deployments] == ["a/m"]
    assert "nothing else is left, so a/m, which is back first, is tried" in plan.decision


async def test_groups_in_groups_are_chosen_from_each_by_its_own_strategy() -> None:
    """O26: the chain shows every step."""
    floor = Floor()
    inner = Group(name="in", targets=(Target(model="b/m"), Target(model="c/m")), strategy="least_busy")
    catalog = floor.catalog(group("in", "a/m"), inner)
    floor.health.began(catalog.plan("b/m").deployments[0])
    plan = await floor.chooser.choose(catalog, "g", traits())
    assert [one.label for one in plan.deployments] == ["c/m", "b/m", "a/m"]
    assert "least_busy: c/m has 0 calls under way" in plan.decision


async def test_a_target_that_is_not_there_is_passed_over_and_named() -> None:
    floor = Floor()
    catalog = floor.catalog(group("gone", "a/m"))
    plan = catalog.plan("g")
    assert [one.label for one in plan.deployments] == ["a/m"]
    assert any("'gone' is left out" in step for step in plan.decision)
    with pytest.raises(ModelNotFound):
        floor.catalog(group("gone")).plan("g")


async def test_a_new_catalogue_is_chosen_from_at_once() -> None:
    floor = Floor()
    assert await chosen(floor, floor.catalog(group("a/m", "b/m"))) == ["a/m", "b/m"]
    assert await chosen(floor, floor.catalog(group("b/m", "c/m"))) == ["b/m", "c/m"]


class Allowance:
    """Leaves out what it is told to, and then who has no place."""

    def __init__(self, *left_out: str, full: str = "") -> None:
        self.left_out = frozenset(left_out)
        self.full = full

    async def takes(self, deployment: Deployment) -> bool:
        if deployment.label == self.full:
            self.left_out |= {deployment.label}
        return deployment.label != self.full


async def test_what_is_left_out_from_without_is_never_among_the_chosen() -> None:
    """A model whose budget is used up, in the group or in one beneath it, whatever the health of the others."""
    floor = Floor()
    inner = Group(name="in", targets=(Target(model="b/m"), Target(model="c/m")))
    nested = floor.catalog(group("in", "a/m"), inner)

    async def without(catalog: Catalog, *labels: str, full: str = "") -> list[str]:
        plan = await floor.chooser.choose(catalog, "g", traits(), Allowance(*labels, full=full))
        return [deployment.label for deployment in plan.deployments]

    assert await without(nested, "b/m") == ["c/m", "a/m"]
    assert await without(nested, "b/m", "c/m") == ["a/m"]
    assert await without(nested, "a/m") == ["b/m", "c/m"]
    flat = floor.catalog(group("a/m", "b/m", fallbacks=("c/m",)))
    assert await without(flat, "a/m") == ["b/m", "c/m"]
    assert await without(flat, "a/m", "b/m") == ["c/m"]
    assert await without(flat) == ["a/m", "b/m", "c/m"]
    assert await without(flat, "a/m", full="b/m") == ["c/m"]
    floor.break_down(flat, "b/m")
    floor.break_down(flat, "c/m")
    assert await without(flat, "a/m") == ["b/m"]  # the one that is back first, of those there are
