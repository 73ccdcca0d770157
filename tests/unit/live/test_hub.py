"""The hub by itself: topics, numbers, bounds. Nobody is waited for, and what nobody watches is not computed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from gophergate.live import hub as hub_module
from gophergate.live.hub import RATE, Hub
from gophergate.live.signs import About, Sign, Watch


class Page:
    """A viewer's wire: what came, as messages."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.behind = 0
        self.is_cut = False

    def push(self, frames: bytes) -> None:
        while frames:
            size, at = frames[1], 2
            if size == 126:
                size, at = int.from_bytes(frames[2:4], "big"), 4
            self.told.append(json.loads(frames[at : at + size]))
            frames = frames[at + size :]

    def backlog(self) -> int:
        return self.behind

    def cut(self) -> None:
        self.is_cut = True

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.told]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def forbidden() -> Mapping[str, Any]:
    raise AssertionError("nobody watches this")


def call(kind: str = "call.started", **facts: Any) -> Sign:
    return Sign(kind, lambda: {"id": "c", **facts}, About("red", "client", models=("m",)), lambda: {"prompt": "words"})


async def test_what_nobody_watches_is_neither_kept_nor_computed() -> None:
    hub = Hub(Clock())
    hub.tell(Sign("event", forbidden))
    page = Page()
    hub.register(Watch(topics=frozenset({"events"})), page)
    hub.tell(Sign("system", forbidden))
    hub.tell(Sign("call.started", forbidden, About()))
    hub.tell(Sign("event", {"kind": "start"}))
    hub.flush()
    assert page.kinds() == ["event"]
    assert hub.seq == 1
    hub.aclose()


async def test_those_who_compute_are_told_what_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "LINGER", 0.01)
    hub = Hub(Clock())
    heard: list[frozenset[str]] = []
    hub.attended.append(heard.append)
    viewer = hub.register(Watch(topics=frozenset({"events"})), Page())
    hub.change(viewer, Watch(words=True, topics=frozenset({"calls"})))
    await asyncio.sleep(0.03)
    hub.unregister(viewer)
    await asyncio.sleep(0.03)
    assert heard == [
        frozenset({"events"}),
        frozenset({"events", "calls", "words"}),
        frozenset({"calls", "words"}),
        frozenset(),
    ]


async def test_words_are_worked_out_once_and_only_for_those_who_may() -> None:
    hub = Hub(Clock())
    some, none = Page(), Page()
    hub.register(Watch(words=True), some)
    hub.register(Watch(words=False), none)
    worked_out = []
    hub.tell(Sign("call.started", {"id": "c"}, About(), lambda: worked_out.append(1) or {"prompt": "words"}))
    hub.flush()
    assert some.told[0]["data"] == {"id": "c", "prompt": "words"}
    assert none.told[0]["data"] == {"id": "c"}
    assert worked_out == [1]
    hub.aclose()


async def test_who_comes_back_for_a_topic_nobody_watched_meanwhile_is_told_so() -> None:
    hub = Hub(Clock())
    hub.register(Watch(topics=frozenset({"events"})), Page())
    hub.tell(Sign("event", {"n": 1}))
    hub.flush()
    same, more, worded = Page(), Page(), Page()
    hub.register(Watch(topics=frozenset({"events"})), same, since=0)
    hub.register(Watch(topics=frozenset({"events", "calls"})), more, since=0)
    assert [message["data"]["n"] for message in same.told] == [1]
    assert more.kinds() == ["resync"]
    hub.tell(call())
    hub.flush()
    hub.register(Watch(words=True, topics=frozenset({"calls"})), worded, since=1)
    assert worded.kinds() == ["resync"]
    hub.aclose()


async def test_a_flood_of_calls_is_bounded_and_does_not_drown_events() -> None:
    clock = Clock()
    hub = Hub(clock)
    page = Page()
    hub.register(Watch(), page)
    for _ in range(10_000):
        hub.tell(call())
    hub.tell(Sign("event", {"kind": "provider"}))
    assert len(hub._pending) <= RATE + 1
    hub.flush()
    assert page.kinds().count("event") == 1
    assert page.kinds().count("resync") == 1
    assert page.kinds().count("call.started") < RATE
    assert hub.missed == 10_001 - page.kinds().count("call.started") - 1
    numbers = [message["seq"] for message in page.told if message["type"] != "resync"]
    assert numbers == sorted(set(numbers))
    hub.aclose()


async def test_many_viewers_are_told_a_few_at_a_time_and_all_the_same() -> None:
    hub = Hub(Clock())
    pages = [Page() for _ in range(50)]
    for page in pages:
        hub.register(Watch(), page)
    hub.tell(call())
    hub._flush()
    at_once = sum(bool(page.told) for page in pages)
    assert at_once == hub_module.SLICE
    for _ in range(len(pages) // hub_module.SLICE + 1):
        await asyncio.sleep(0)
    assert all(page.told == pages[0].told and page.told for page in pages)
    hub.aclose()


async def test_one_who_does_not_read_is_skipped_told_once_and_cut() -> None:
    clock = Clock()
    hub = Hub(clock)
    slow, quick = Page(), Page()
    hub.register(Watch(), slow)
    hub.register(Watch(), quick)
    slow.behind = hub_module.BEHIND + 1
    hub.tell(call())
    hub.flush()
    hub.tell(call())
    hub.flush()
    assert (slow.kinds(), quick.kinds()) == (["call.started"], ["call.started"] * 2)
    slow.behind = 0
    hub.flush()
    assert slow.kinds() == ["call.started", "resync"]
    slow.behind = hub_module.BEHIND + 1
    hub.tell(call())
    hub.flush()
    clock.now += hub_module.PATIENCE + 1
    hub.flush()
    assert slow.is_cut
    assert hub.viewers == 1
    hub.aclose()


@pytest.mark.parametrize(
    ("watch", "is_told"),
    [
        (Watch(), True),
        (Watch(team_id="red"), True),
        (Watch(team_id="blue"), False),
        (Watch(client_id="client"), True),
        (Watch(client_id="another"), False),
        (Watch(model="m"), True),
        (Watch(model="n"), False),
        (Watch(status="ok"), False),
        (Watch(topics=frozenset({"events"})), False),
    ],
)
def test_a_watch_narrows(watch: Watch, is_told: bool) -> None:
    assert call().concerns(watch) is is_told


def test_what_names_a_team_is_for_that_team_and_who_sees_all() -> None:
    everywhere, red, blue = Watch(client_id="x"), Watch(team_id="red"), Watch(team_id="blue")
    of_red = Sign("event", {}, About(team_id="red", is_call=False))
    of_none = Sign("event", {}, About(is_call=False))
    assert [of_red.concerns(watch) for watch in (everywhere, red, blue)] == [True, True, False]
    assert [of_none.concerns(watch) for watch in (everywhere, red, blue)] == [True, False, False]
