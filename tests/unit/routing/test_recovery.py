"""What is done after a failure: bigger models, other vendors, other keys, the same again under one deadline (R-F5)."""

from __future__ import annotations

import random
from typing import Any

import pytest
from msgspec.structs import replace

from gophergate.core.resilience import Resilience, Retry
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.errors import UpstreamRefused, UpstreamTimeout, UpstreamUnreachable
from gophergate.providers.base import Credential
from gophergate.providers.registry import BY_KIND
from gophergate.routing.base import Deployment, Plan
from gophergate.routing.credentials import Credentials
from gophergate.routing.recovery import Recovery
from kit.ordered import order
from kit.routing import Floor, provider


class Facts:
    """A catalogue that knows contexts and nothing else."""

    def __init__(self, **contexts: int | None) -> None:
        self.contexts = contexts

    def facts(self, label: str) -> Any:
        class Known:
            context = self.contexts.get(label.partition("/")[0])

        return Known()


TOO_LONG = UpstreamRefused("prompt is too long: 9 tokens > 8 maximum", status=400)
FILTERED = UpstreamRefused("content policy", status=400, code="content_filter")


def recovery(floor: Floor, *deployments: Deployment, facts: Facts | None = None, **said: Any) -> Recovery:
    body = b'{"model":"g","messages":[]}'
    placed = order(OpenAIChat(), body)
    return Recovery(
        Plan(deployments),
        replace(placed, resilience=Resilience(**said)),
        floor.health,
        Credentials(floor.health, random.Random(1)),
        facts or Facts(),  # type: ignore[arg-type]
        random.Random(1),
        floor.clock(),
    )


def deployment(name: str, **more: Any) -> Deployment:
    return Deployment(provider(name, **more), "m")


def test_a_prompt_that_is_too_long_goes_to_a_bigger_model() -> None:
    floor = Floor()
    a, b, c, d = (deployment(name) for name in "abcd")
    plan = recovery(floor, a, b, c, d, facts=Facts(a=8000, b=4000, c=128_000, d=None))
    step = plan.after(a, TOO_LONG)
    assert step is not None
    assert (step.deployment, step.pause) == (c, 0.0)
    after = plan.after(c, TOO_LONG)
    assert after is not None
    assert after.deployment is d, "what nobody knows is worth trying"
    assert plan.after(d, TOO_LONG) is not None, "b is left, and nobody knows that it is no bigger than d"


def test_without_a_bigger_one_the_error_stands() -> None:
    floor = Floor()
    a, b = deployment("a"), deployment("b")
    assert recovery(floor, a, b, facts=Facts(a=8000, b=8000)).after(a, TOO_LONG) is None


def test_a_content_policy_goes_to_another_vendor() -> None:
    """Two providers of one kind that has an address of its own are one vendor."""
    floor = Floor()
    row = BY_KIND["openai"]

    def vendors(name: str) -> Deployment:
        return Deployment(replace(provider(name), row=row), "m")

    first, second, other = vendors("one"), vendors("two"), deployment("x")
    step = recovery(floor, first, second, other).after(first, FILTERED)
    assert step is not None
    assert step.deployment is other
    assert recovery(floor, first, second).after(first, FILTERED) is None


def test_a_time_out_is_not_repeated_where_it_happened() -> None:
    floor = Floor()
    a, b = deployment("a"), deployment("b")
    plan = recovery(floor, a, b)
    step = plan.after(a, UpstreamTimeout("no", phase="first_byte"))
    assert step is not None
    assert step.deployment is b
    assert plan.after(b, UpstreamTimeout("no", phase="first_byte")) is None


def test_the_same_is_asked_again_with_a_growing_pause_and_no_more_often_than_said() -> None:
    floor = Floor()
    a = deployment("a", retry=Retry(retries=3, deadline=100.0))
    plan = recovery(floor, a)
    pauses = []
    for _ in range(3):
        step = plan.after(a, UpstreamUnreachable("no"))
        assert step is not None
        pauses.append(step.pause)
        floor.clock.now += step.pause
    assert plan.after(a, UpstreamUnreachable("no")) is None
    assert 0.125 <= pauses[0] <= 0.375
    assert 0.25 <= pauses[1] <= 0.75
    assert 0.5 <= pauses[2] <= 1.5


def test_nothing_begins_after_the_deadline() -> None:
    floor = Floor()
    a, b = deployment("a", retry=Retry(retries=9, deadline=10.0)), deployment("b")
    plan = recovery(floor, a, b)
    floor.clock.now = 10.0
    assert plan.after(a, UpstreamUnreachable("no")) is None


def test_the_group_wins_over_the_provider() -> None:
    floor = Floor()
    a = deployment("a", retry=Retry(retries=5))
    assert recovery(floor, a, retries=0).after(a, UpstreamUnreachable("no")) is None
    patient = recovery(floor, a, wait=60.0)
    busy = UpstreamRefused("busy", status=429, retry_after=30.0)
    step = patient.after(a, busy)
    assert step is not None
    assert step.pause >= 30.0, "a floor"
    assert recovery(floor, a).after(a, busy) is None, "half a minute is the client's to wait"


def test_every_other_key_is_tried_once() -> None:
    floor = Floor()
    keys = tuple(Credential(str(number), f"k{number}") for number in range(3))
    a, b = deployment("a", keys=keys), deployment("b")
    plan = recovery(floor, a, b)
    denied = UpstreamRefused("no", status=401)
    asked = []
    for number in range(3):
        floor.health.cool("a", str(number), 300.0, "401")
        step = plan.after(a, denied)
        assert step is not None
        asked.append(step.deployment.label)
    assert asked == ["a/m", "a/m", "b/m"]


def test_one_that_fell_ill_meanwhile_is_passed_over_for_one_that_is_well() -> None:
    floor = Floor()
    a, b, c = (deployment(name) for name in "abc")
    for _ in range(5):
        floor.health.failed(floor.health.of(b), "down")
    step = recovery(floor, a, b, c).after(a, UpstreamUnreachable("no"))
    assert step is not None
    assert step.deployment is c


@pytest.mark.parametrize(("weights", "share"), [((3.0, 1.0), 0.75), ((1.0, 0.0), 1.0)])
def test_credentials_are_spread_by_weight(weights: tuple[float, float], share: float) -> None:
    floor = Floor()
    two = provider("a", keys=(Credential("x", "1", weights[0]), Credential("y", "2", weights[1])))
    picks = Credentials(floor.health, random.Random(3))
    drawn = sum(picks.pick(two).label == "x" for _ in range(20_000))  # type: ignore[union-attr]
    assert abs(drawn / 20_000 - share) < 0.02
    floor.health.cool("a", "x", 10.0, "429")
    assert picks.pick(two).label == "y"  # type: ignore[union-attr]
    floor.health.cool("a", "y", 5.0, "429")
    assert picks.pick(two).label == "y", "where all rest, the one that is back first"  # type: ignore[union-attr]


def test_a_provider_that_says_to_ask_again_is_asked_again_whatever_the_kind() -> None:
    """`x-should-retry: true`."""
    floor = Floor()
    a = deployment("a")
    odd = UpstreamRefused("odd", status=400, headers={"x-should-retry": "true"})
    step = recovery(floor, a).after(a, odd)
    assert step is not None
    assert step.deployment is a
