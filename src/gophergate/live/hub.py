"""The hub: whoever watches registers, everything that happens is broadcast, nobody is waited for.

Signs are gathered for a moment, written once for all viewers who may see the same, and pushed to a few viewers at a
time, so that calls are served in between. Every buffer has a bound:

- a moment takes so many signs; beyond that calls are dropped for everybody, who are told once (`resync`);
- a viewer who does not read is skipped from `BEHIND` bytes on, told once when they read again, cut off if they do not;
- the ring, from which a viewer who comes back is given what they missed, holds the last `RING` signs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from gophergate.live.signs import Sign, Watch, frame_of

TICK = 0.05
"""Seconds that signs are gathered; up to twice as many where many watch, for every push costs."""
MANY = 100
RATE = 400.0
"""Signs a second that viewers are told, after a burst of as many."""
EVERYBODY = 20_000.0
"""Signs a second to all viewers together: many of them are told less of a flood of calls, so that it costs no more."""
SLICE = 4
"""Viewers who are pushed to between two turns of the event loop."""
RING = 4000
BEHIND = 256 << 10
PATIENCE = 30.0
"""Seconds that a viewer may be behind."""
LINGER = 60.0
"""Seconds that a topic is kept up after its last viewer has left: a page that is reloaded misses nothing."""


class Wire(Protocol):
    """Where a viewer's frames go. It never waits."""

    def push(self, frames: bytes) -> None:
        """Whole frames, in order."""

    def backlog(self) -> int:
        """Bytes that the viewer has not taken yet."""

    def cut(self) -> None:
        """The viewer is too far behind: end it."""


class Viewer:
    """One who watches."""

    __slots__ = ("behind_since", "watch", "wire")

    def __init__(self, watch: Watch, wire: Wire) -> None:
        self.watch = watch
        self.wire = wire
        self.behind_since: float | None = None


class Hub:
    """Registers, unregisters, broadcasts. `attended` is called with the topics that are watched whenever they change;
    one is given up once nobody has watched it for `LINGER` seconds. What nobody watches need not be computed. Numbers
    rise from `first`; one that follows the time lets viewers come back after a restart and be told that they missed
    something."""

    def __init__(self, clock: Callable[[], float], *, first: int = 0) -> None:
        self.attended: list[Callable[[frozenset[str]], None]] = []
        self.watched: frozenset[str] = frozenset()
        """The topics that are to be told, words among them."""
        self.seq = first
        self.missed = 0
        """Signs that were dropped because too much happened at once."""
        self._clock = clock
        self._viewers: set[Viewer] = set()
        self._pending: list[Sign] = []
        self._outgoing: deque[tuple[Viewer, bytes]] = deque()
        self._ring: deque[Sign] = deque(maxlen=RING)
        self._gap_at = first
        """What is up to here cannot be told again."""
        self._watched_from: dict[str, int] = {}
        """From which number on a topic has been told."""
        self._timer: asyncio.TimerHandle | None = None
        self._leaving: asyncio.TimerHandle | None = None
        self._pumping: asyncio.Handle | None = None
        self._allowance = RATE
        self._room = int(RATE)
        """Signs about calls that the next moment can take."""
        self._told_at = 0.0
        self._dropped = 0
        self._overflowed = 0
        self._resync_at = 0.0

    @property
    def viewers(self) -> int:
        """How many watch."""
        return len(self._viewers)

    @property
    def is_attended(self) -> bool:
        """Whether anything that happens is to be told at all."""
        return bool(self.watched)

    @property
    def is_full(self) -> bool:
        """Whether a sign about a call would be dropped now: it need not be made, but `drop` be told."""
        return len(self._pending) >= self._room

    def register(self, watch: Watch, wire: Wire, *, since: int | None = None) -> Viewer:
        """Somebody watches from now on. With `since`, the last number they saw, they are given what they missed, or
        told that it cannot be."""
        if not self.watched:
            self._gap_at = self.seq
            self._allowance, self._told_at = RATE, self._clock()
            self._room = int(RATE)
        viewer = Viewer(watch, wire)
        self._viewers.add(viewer)
        self._attend(self.watched | watch.needs)
        if since is not None:
            self._catch_up(viewer, since)
        return viewer

    def change(self, viewer: Viewer, watch: Watch) -> None:
        """They watch something else from now on."""
        viewer.watch = watch
        self._attend(self.watched | watch.needs)
        self._leave_soon()

    def unregister(self, viewer: Viewer) -> None:
        """They watch no more."""
        self._viewers.discard(viewer)
        self._leave_soon()

    def tell(self, sign: Sign) -> None:
        """Broadcast. Costs next to nothing when nobody watches that topic."""
        if sign.topic not in self.watched:
            return
        if self.is_full and (sign.is_of_call or len(self._pending) >= self._room + RATE):
            self.drop()
        else:
            self._pending.append(sign)
        self._tick_soon()

    def drop(self) -> None:
        """A sign that was not even made, because there are too many."""
        self._dropped += 1
        self._tick_soon()

    def aclose(self) -> None:
        """Forget everybody."""
        for timer in (self._timer, self._leaving, self._pumping):
            if timer is not None:
                timer.cancel()
        self._timer = self._leaving = self._pumping = None
        self._viewers.clear()
        self._outgoing.clear()
        self.watched = frozenset()

    def flush(self) -> None:
        """Tell at once what waits to be told."""
        self._drain()
        self._flush()
        self._drain()

    def _attend(self, topics: frozenset[str]) -> None:
        if topics == self.watched:
            return
        for topic in topics - self.watched:
            self._watched_from[topic] = self.seq
        self.watched = topics
        for call in self.attended:
            call(topics)

    def _leave_soon(self) -> None:
        if self._leaving is None and self.watched:
            self._leaving = asyncio.get_running_loop().call_later(LINGER, self._leave)

    def _leave(self) -> None:
        self._leaving = None
        wanted: frozenset[str] = frozenset().union(*(viewer.watch.needs for viewer in self._viewers))
        if not wanted:
            self._ring.clear()
            self._pending.clear()
        self._attend(wanted)

    def _tick_soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._moment, self._tick)

    @property
    def _moment(self) -> float:
        return TICK * (1 + min(1.0, len(self._viewers) / MANY))

    def _tick(self) -> None:
        self._timer = None
        if not self._outgoing:  # else the last moment is still being told, and this one waits, within its bound
            self._flush()
        if self._pending or self._overflowed or any(viewer.behind_since is not None for viewer in self._viewers):
            self._tick_soon()

    def _flush(self) -> None:
        now = self._clock()
        rate = min(RATE, EVERYBODY / max(1, len(self._viewers)))
        self._allowance = min(rate, self._allowance + (now - self._told_at) * rate)
        self._told_at = now
        taken, dropped = self._admitted()
        self._room = max(1, int(min(rate, self._allowance + rate * self._moment)))
        if taken:
            self._ring.extend(taken)
            self._push(taken)
        if dropped:
            # What was dropped has no numbers; one number stands for the gap, so that coming back later shows it.
            self.seq += 1
            self._gap_at = self.seq
            self._ring.clear()
            self._overflowed += dropped
            self.missed += dropped
        self._resync_if_due(now)
        for viewer in [viewer for viewer in self._viewers if viewer.behind_since is not None]:
            self._look_after(viewer, now)
        self._pump()

    def _admitted(self) -> tuple[list[Sign], int]:
        """What is told of what waits, numbered, and how many are not: what is no call goes first."""
        pending, self._pending = self._pending, []
        room = int(self._allowance)
        others = min(room, sum(not sign.is_of_call for sign in pending))
        calls = room - others
        taken = []
        for sign in pending:
            if sign.is_of_call:
                calls -= 1
                if calls < 0:
                    continue
            else:
                others -= 1
                if others < 0:
                    continue
            self.seq += 1
            sign.taken(self.seq)
            taken.append(sign)
        self._allowance -= len(taken)
        dropped, self._dropped = self._dropped + len(pending) - len(taken), 0
        return taken, dropped

    def _resync_if_due(self, now: float) -> None:
        if self._overflowed and now - self._resync_at >= 1.0:
            self._resync_at = now
            missed, self._overflowed = self._overflowed, 0
            frame = frame_of("resync", self.seq, {"reason": "overflow", "missed": missed})
            self._outgoing.extend((viewer, frame) for viewer in self._viewers if viewer.behind_since is None)

    def _push(self, signs: list[Sign]) -> None:
        written: dict[Watch, bytes] = {}
        for viewer in self._viewers:
            if viewer.behind_since is not None:
                continue
            frames = written.get(viewer.watch)
            if frames is None:
                watch = viewer.watch
                frames = written[watch] = b"".join(sign.frame(watch.words) for sign in signs if sign.concerns(watch))
            if frames:
                self._outgoing.append((viewer, frames))

    def _pump(self) -> None:
        """Push to some of those who are to be told, and to the others after calls had their turn."""
        self._pumping = None
        for _ in range(min(SLICE, len(self._outgoing))):
            viewer, frames = self._outgoing.popleft()
            if viewer in self._viewers:
                viewer.wire.push(frames)
                if viewer.behind_since is None:
                    self._look_after(viewer, self._clock())
        if self._outgoing:
            self._pumping = asyncio.get_running_loop().call_soon(self._pump)

    def _drain(self) -> None:
        while self._outgoing:
            if self._pumping is not None:
                self._pumping.cancel()
            self._pump()

    def _look_after(self, viewer: Viewer, now: float) -> None:
        backlog = viewer.wire.backlog()
        if viewer.behind_since is None:
            if backlog > BEHIND:
                viewer.behind_since = now
        elif backlog < BEHIND // 4:
            viewer.behind_since = None
            self._outgoing.append((viewer, frame_of("resync", self.seq, {"reason": "slow", "missed": None})))
        elif now - viewer.behind_since > PATIENCE:
            self.unregister(viewer)
            viewer.wire.cut()

    def _catch_up(self, viewer: Viewer, since: int) -> None:
        watch = viewer.watch
        told_from = max((self._watched_from[topic] for topic in watch.needs), default=self.seq)
        is_gone = since < max(told_from, self._gap_at) or (self._ring and since < self._ring[0].seq - 1)
        if since > self.seq or is_gone:
            viewer.wire.push(frame_of("resync", self.seq, {"reason": "gone", "missed": None}))
            return
        missed = [sign.frame(watch.words) for sign in self._ring if sign.seq > since and sign.concerns(watch)]
        if missed:
            viewer.wire.push(b"".join(missed))
