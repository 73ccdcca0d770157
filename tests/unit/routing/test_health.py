"""Breakers, cooldowns and load with a clock set by hand (O25, N4, R-F5)."""

from __future__ import annotations

from gophergate.core.resilience import Breaker
from gophergate.errors import GatewayError
from gophergate.providers.base import Credential
from gophergate.routing.base import Deployment
from gophergate.routing.groups import Group, Target
from gophergate.routing.health import Health
from kit.routing import Floor, provider

A = provider("a", breaker=Breaker(failures=3, recovery=60.0))
D = Deployment(A, "m")


def fail(health: Health, times: int = 1) -> None:
    for _ in range(times):
        vitals = health.began(D)
        health.failed(vitals, "503 overloaded")
        health.ended(vitals)


def succeed(health: Health) -> None:
    vitals = health.began(D)
    health.succeeded(vitals)
    health.ended(vitals)


def rests(floor: Floor) -> str:
    return floor.health.rest(D, floor.clock())[1]


def test_a_breaker_opens_half_opens_and_closes_as_configured() -> None:
    floor = Floor()
    fail(floor.health, 2)
    succeed(floor.health)
    fail(floor.health, 2)
    assert rests(floor) == "", "only failures in a row count"
    fail(floor.health)
    assert rests(floor) == "breaker open until 00:01:00 (503 overloaded)"
    floor.clock.now = 59.9
    assert rests(floor)
    floor.clock.now = 60.0
    assert rests(floor) == ""
    probe = floor.health.began(D)
    assert probe.state == "half_open"
    assert "a call is trying it" in rests(floor), "one probe at a time"
    floor.health.succeeded(probe)
    floor.health.ended(probe)
    assert rests(floor) == ""
    assert floor.health.is_well
    states = [data["state"] for kind, data in floor.told if kind == "breaker"]
    assert states == ["open", "half_open", "closed"]


def test_a_probe_that_fails_opens_it_for_another_whole_recovery() -> None:
    floor = Floor()
    fail(floor.health, 3)
    floor.clock.now = 61.0
    fail(floor.health)
    assert "until 00:02:01" in rests(floor)


def test_a_probe_that_ends_without_a_verdict_leaves_the_place_to_another() -> None:
    floor = Floor()
    fail(floor.health, 3)
    floor.clock.now = 61.0
    vitals = floor.health.began(D)
    floor.health.ended(vitals)
    assert rests(floor) == ""
    assert vitals.state == "half_open"


def test_a_free_probe_ends_the_wait_early() -> None:
    """And no more than that: whether the model answers is for the next call to find out."""
    floor = Floor()
    fail(floor.health, 3)
    floor.health.answered("b")
    assert rests(floor), "another provider's answer says nothing"
    floor.health.answered("a")
    assert rests(floor) == ""
    assert floor.health.of(D).state == "open"
    fail(floor.health)
    assert rests(floor), "one failure more is enough"


def test_a_models_answer_to_an_operator_closes_its_breaker_and_no_others() -> None:
    floor = Floor()
    fail(floor.health, 3)
    other = floor.health.of(Deployment(A, "n"))
    for _ in range(3):
        floor.health.failed(other, "503 overloaded")
    floor.health.answered("a", "m")
    assert rests(floor) == ""
    assert floor.health.of(D).state == "closed"
    assert other.state == "open"
    assert [(data["what"], data["state"]) for _, data in floor.told][-1] == ("a/m", "closed")
    fail(floor.health, 2)
    assert rests(floor) == "", "it counts from nothing again"


def test_a_cooldown_extends_to_the_latest_deadline_and_never_shrinks() -> None:
    """R-F5."""
    floor = Floor()
    health = floor.health
    health.cool("a", "one", 30.0, "429")
    health.cool("a", "one", 5.0, "429")
    assert health.cooling("a", "one") == 30.0
    health.cool("a", "one", 60.0, "429")
    assert health.cooling("a", "one") == 60.0
    floor.clock.now = 60.0
    assert health.cooling("a", "one") == 0.0
    assert health.is_well


def test_a_provider_rests_when_all_its_credentials_do() -> None:
    floor = Floor()
    two = provider("a", keys=(Credential("one", "1"), Credential("two", "2")))
    floor.health.cool("a", "one", 30.0, "429")
    assert floor.health.rest(Deployment(two, "m"), 0.0)[1] == ""
    floor.health.cool("a", "two", 10.0, "401")
    until, why = floor.health.rest(Deployment(two, "m"), 0.0)
    assert (until, why) == (10.0, "credential 'two' rests until 00:00:10 (401)")


def test_a_provider_at_its_concurrency_is_left_out_until_a_call_ends() -> None:
    floor = Floor()
    full = Deployment(provider("a", concurrency=2), "m")
    first, second = floor.health.began(full), floor.health.began(full)
    assert "all the 2 calls" in floor.health.rest(full, 0.0)[1]
    version = floor.health.version
    floor.health.ended(first)
    assert floor.health.version > version, "whoever looked before looks again"
    assert floor.health.rest(full, 0.0)[1] == ""
    floor.health.ended(second)
    assert floor.health.is_well


def test_what_ails_is_listed_with_its_reason_and_end() -> None:
    floor = Floor()
    fail(floor.health, 3)
    floor.health.cool("a", "one", 5.0, "429 rate_limit")
    found = {one.what: (one.state, one.reason, one.until) for one in floor.health.ailments()}
    assert found == {
        "a/m": ("open", "503 overloaded", 60.0),
        "a#one": ("cooling", "429 rate_limit", 5.0),
    }


def test_what_callers_name_freely_is_forgotten_before_it_fills_the_memory() -> None:
    floor = Floor()
    fail(floor.health, 3)
    for number in range(30_000):
        floor.health.of(Deployment(A, f"made-up-{number}"))
    assert len(floor.health._vitals) <= 20_000
    assert rests(floor), "what is ill is remembered"


def test_a_change_of_address_or_key_is_a_fresh_start() -> None:
    """O24: a re-keyed provider serves at once."""
    floor = Floor()
    before = provider("a", keys=(Credential("one", "old"),))
    floor.health.renew([before])
    for _ in range(5):
        floor.health.failed(floor.health.of(Deployment(before, "m")), "401")
    floor.health.cool("a", "one", 300.0, "401")
    floor.health.renew([before])
    assert floor.health.rest(Deployment(before, "m"), 0.0)[1]
    after = provider("a", keys=(Credential("one", "new"),))
    floor.health.renew([after])
    assert floor.health.rest(Deployment(after, "m"), 0.0)[1] == ""
    assert floor.health.is_well


async def test_nothing_else_asks_for_a_reading_of_the_request() -> None:
    """A group that is drawn by weight decodes no body: law of the hot path."""
    floor = Floor()
    group = Group(name="g", strategy="weighted", targets=(Target(model="a/m"), Target(model="b/m")))

    class Unread:
        def __getattr__(self, name: str) -> object:
            raise GatewayError(f"{name} was read")

    plan = await floor.chooser.choose(floor.catalog(group), "g", Unread())  # type: ignore[arg-type]
    assert len(plan.deployments) == 2
