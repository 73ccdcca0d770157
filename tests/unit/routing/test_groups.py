"""What makes a set of groups sound, and that the member which is wrong is named."""

from __future__ import annotations

from typing import Any

import pytest

from gophergate.routing.groups import DEPTH, Group, GroupProblem, Rating, Rule, Target, checked_groups


def group(name: str, *targets: str, **members: Any) -> Group:
    return Group(name=name, targets=tuple(Target(model=target) for target in targets), **members)


def checked(*groups: Group) -> None:
    checked_groups({one.name: one for one in groups})


@pytest.mark.parametrize(
    ("wrong", "member", "says"),
    [
        (group("g"), "targets", "no targets"),
        (Group(name="g", strategy="weighted", targets=(Target(model="m", weight=0),)), "targets", "zero"),
        (group("a*b*", "m"), "name", "one"),
        (group("g", "m", strategy="classifier"), "classifier", "classifier.model"),
        (
            Group(name="g", strategy="classifier", fallbacks=("m",), classifier=Rating(model="c")),
            "targets",
            "to rate them for",
        ),
        (group("g", "m", rules=(Rule(model="x", pattern="ok"), Rule(model="x"))), "rules[1]", "is_default_fallback"),
        (group("g", "m", rules=(Rule(model="x", pattern="(", regex=True),)), "rules[0].pattern", "unclosed group"),
        (Group(name="g", strategy="heuristic", rules=(Rule(model="x", pattern="a"),)), "rules", "no rule fits"),
    ],
)
def test_a_group_that_cannot_work_is_refused_by_its_member(wrong: Group, member: str, says: str) -> None:
    with pytest.raises(GroupProblem, match=says) as caught:
        checked(wrong)
    assert (caught.value.group, caught.value.member) == (wrong.name, member)


def test_an_empty_pattern_asks_nothing_and_zero_tokens_is_a_condition() -> None:
    assert Rule(model="x", pattern="").asks_nothing
    assert not Rule(model="x", requires_reasoning=False).asks_nothing
    assert not Rule(model="x", is_default_fallback=True).asks_nothing


def test_a_cycle_is_refused_and_shown_wherever_it_hides() -> None:
    """O26, edge case 65: through targets, rules, fallbacks and the model that rates."""
    a = group("a", "b")
    b = group("b", "m", rules=(Rule(model="m", fallback="c", pattern="x"),))
    c = Group(name="c", targets=(Target(model="m"),), fallbacks=("d",))
    d = group("d", "m", strategy="classifier", classifier=Rating(model="b"))
    with pytest.raises(GroupProblem, match="b -> c -> d -> b") as caught:
        checked(a, b, c, d)
    assert caught.value.cycle == ("b", "c", "d")
    with pytest.raises(GroupProblem, match="x -> x"):
        checked(group("x", "x"))


def test_ten_deep_is_allowed_and_eleven_is_not() -> None:
    """O26."""
    chain = [group(f"g{n}", f"g{n + 1}") for n in range(1, DEPTH + 1)]
    checked(*chain)
    with pytest.raises(GroupProblem, match="deeper: g1 -> g2"):
        checked(*chain, group(f"g{DEPTH + 1}", "m"))


def test_groups_that_entwine_are_gone_through_once_each() -> None:
    """Forty groups whose ways down are as many as atoms: each is looked at once."""
    layers = [[f"l{depth}n{n}" for n in range(40)] for depth in range(DEPTH)]
    groups = [
        group(name, *(layers[depth + 1] if depth + 1 < DEPTH else ["m"]))
        for depth, names in enumerate(layers)
        for name in names
    ]
    checked(*groups)


def test_members_are_every_name_once_in_order() -> None:
    found = group("g", "a", "b", fallbacks=("c", "a"), rules=(Rule(model="b", fallback="d", pattern="x"),))
    assert found.members == ("a", "b", "d", "c")
    assert [member for member, _ in found.named()] == [
        "targets[0].model",
        "targets[1].model",
        "rules[0].model",
        "rules[0].fallback",
        "fallbacks[0]",
        "fallbacks[1]",
    ]
