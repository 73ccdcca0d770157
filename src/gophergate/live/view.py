"""The live view as one thing: the hub, its feed of calls, and a heartbeat of the host while somebody watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gophergate.live.feed import Feed
from gophergate.live.hub import Hub
from gophergate.live.signs import About, Sign
from gophergate.times import rfc3339

BEAT = 1.0
_FOR_EVERYBODY = frozenset({"start", "stop", "breaker", "credential"})
"""Events that those confined to a team are told too. Others name things of other teams."""


class LiveView:
    """Tells whoever watches. `audience` is given the feed when somebody begins to watch, and None when nobody does any
    more: until then calls are not told of at all. `measure` gives the host's figures."""

    def __init__(
        self,
        *,
        wall: Callable[[], float],
        clock: Callable[[], float],
        redact: Iterable[str],
        audience: Callable[[Feed | None], None],
        measure: Callable[[], Mapping[str, Any]],
    ) -> None:
        # Numbers follow the time: a page that was open before a restart sees that it missed something.
        self.hub = Hub(clock, first=int(wall() * 1000))
        self._wall = wall
        self._feed = Feed(self.hub, redact)
        self._audience = audience
        self._measure = measure
        self._clock = clock
        self._measured: Mapping[str, Any] = {}
        self._measured_at = -BEAT
        self._beating: asyncio.Task[None] | None = None
        self.hub.attended.append(self._attended)

    def announce(self, kind: str, data: Mapping[str, Any]) -> None:
        """Something happened that is no call. Safe on a call's path: nothing is done while nobody watches. With a
        `team_id` in it that team is told; otherwise those who see all teams, and everybody of what concerns all."""
        if "events" not in self.hub.watched:
            return
        about = None if kind in _FOR_EVERYBODY else About(team_id=data.get("team_id"), is_call=False)
        self.hub.tell(Sign("event", {"kind": kind, "at": self._now(), **data}, about))

    def measured(self) -> dict[str, Any]:
        """The process and its host, now: measured anew once a second, however many begin to watch."""
        now = self._clock()
        if now - self._measured_at >= BEAT:
            self._measured, self._measured_at = self._measure(), now
        return {"at": self._now(), "viewers": self.hub.viewers, "missed": self.hub.missed, **self._measured}

    def aclose(self) -> None:
        """Tell nobody any more."""
        self._attended(frozenset())
        self.hub.aclose()

    def _attended(self, topics: frozenset[str]) -> None:
        is_of_calls = not topics.isdisjoint({"calls", "deltas"})
        self._audience(self._feed if is_of_calls else None)
        if not is_of_calls:
            self._feed.forget()
        if self._beating is not None and "system" not in topics:
            self._beating.cancel()
            self._beating = None
        elif self._beating is None and "system" in topics:
            self._beating = asyncio.get_running_loop().create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            if self.hub.viewers:
                self.hub.tell(Sign("system", {"kind": "host", **self.measured()}))

    def _now(self) -> str:
        return rfc3339(int(self._wall() * 1_000_000))
