"""What providers' prompt caches still hold, as calls have shown it (N4)."""

from __future__ import annotations

from typing import Any

from gophergate.dialects.base import encode
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.routing.groups import Group, Target
from gophergate.routing.traits import Traits
from gophergate.routing.warmth import Warmth
from kit.routing import Floor, HandClock

DOOR = OpenAIChat()


def traits(text: str = "word " * 3000, *later: str, owner: str = "c", **more: Any) -> Traits:
    messages = [{"role": "user", "content": text}, *({"role": "assistant", "content": one} for one in later)]
    body = encode({"model": "g", "messages": messages, **more})
    return Traits(DOOR, body, DOOR.peek(body), owner=owner)


def test_a_prompt_warms_the_deployment_that_read_it_for_its_own_client_only() -> None:
    warmth = Warmth(HandClock())
    key = warmth.key(traits())
    assert key is not None
    warmth.note(key[0], "a/m", key[1])
    assert warmth.of(traits()) == {"a/m": key[1]}
    assert set(warmth.of(traits("word " * 3000, "and on it goes"))) == {"a/m"}
    assert not warmth.of(traits(owner="another"))
    assert not warmth.of(traits("other words " * 3000))
    assert warmth.key(traits("short")) is None, "no vendor caches so little"


def test_it_is_forgotten_by_age_and_bounded() -> None:
    clock = HandClock()
    warmth = Warmth(clock)
    for number in range(10_050):
        warmth.note(f"prefix-{number}", "a/m", 5000)
    assert len(warmth._seen) == 10_000
    key = warmth.key(traits())
    assert key is not None
    warmth.note(key[0], "a/m", key[1])
    clock.now = 301.0
    assert not warmth.of(traits())


async def test_only_a_choice_by_cost_is_worth_noting() -> None:
    floor = Floor()
    targets = (Target(model="a/m"), Target(model="b/m"))
    inner = Group(name="in", strategy="cheapest", targets=targets)
    outer = Group(name="out", targets=(Target(model="in"), Target(model="c/m")))
    plain = Group(name="plain", targets=targets)
    catalog = floor.catalog(inner, outer, plain)
    for name, noted in (("in", True), ("out", True), ("plain", False)):
        plan = await floor.chooser.choose(catalog, name, traits())
        assert (plan.warms is not None) is noted, name
