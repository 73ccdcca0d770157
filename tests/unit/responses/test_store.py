"""What is remembered of responses, and for whom."""

from __future__ import annotations

from gophergate.responses.store import Kept, Layered, MemoryResponses


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def kept(number: int, owner: str = "a", size: int = 0) -> Kept:
    return Kept(owner=owner, id=f"resp_{number}", body=b"x" * size)


async def test_a_response_belongs_to_the_client_that_made_it() -> None:
    store = MemoryResponses(Clock())
    store.put(kept(1, "a"))
    assert await store.find("a", "resp_1") == kept(1, "a")
    assert await store.find("b", "resp_1") is None
    await store.forget("b", "resp_1")
    assert await store.find("a", "resp_1") is not None
    await store.forget("a", "resp_1")
    assert await store.find("a", "resp_1") is None


async def test_it_is_forgotten_some_time_after_its_last_use() -> None:
    clock = Clock()
    store = MemoryResponses(clock, ttl=10)
    store.put(kept(1))
    clock.now = 9
    assert await store.find("a", "resp_1") is not None
    clock.now = 18
    assert await store.find("a", "resp_1") is not None, "each use makes it young again"
    clock.now = 28
    assert await store.find("a", "resp_1") is None
    assert store.statistics()["bytes"] == 0


async def test_beyond_its_bounds_what_was_unused_the_longest_goes_first() -> None:
    """Law 9."""
    store = MemoryResponses(Clock(), most=2)
    store.put(kept(1))
    store.put(kept(2))
    await store.find("a", "resp_1")
    store.put(kept(3))
    assert [bool(await store.find("a", f"resp_{n}")) for n in (1, 2, 3)] == [True, False, True]

    store = MemoryResponses(Clock(), most_bytes=4000)
    for number in range(10):
        store.put(kept(number, size=1000))
        assert store.statistics()["bytes"] <= 4000
    store.put(kept(1, size=5000))
    assert await store.find("a", "resp_1") is None, "one that is too large is not remembered at all"
    assert store.statistics()["responses"] == 2


async def test_putting_again_replaces_and_counts_once() -> None:
    store = MemoryResponses(Clock())
    store.put(kept(1, size=1000))
    store.put(kept(1, size=10))
    assert store.statistics()["bytes"] == kept(1, size=10).size


async def test_a_layer_keeps_for_itself_and_finds_below_first() -> None:
    upper, lower = MemoryResponses(Clock()), MemoryResponses(Clock())
    layered = Layered(upper, lower)
    layered.put(kept(1, size=1))
    assert await lower.find("a", "resp_1") is None
    assert await layered.find("a", "resp_1") == kept(1, size=1)
    lower.put(kept(1, size=2))
    assert await layered.find("a", "resp_1") == kept(1, size=2)
    await layered.forget("a", "resp_1")
    assert await layered.find("a", "resp_1") is None
