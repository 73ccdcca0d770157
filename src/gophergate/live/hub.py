"""The hub: whoever watches registers, everything that happens is broadcast, nobody is waited for.

Signs are gathered for a moment, written once for all viewers who may see the same, and pushed. Every buffer has a
bound:

- a moment takes so many signs; beyond that the rest is dropped for everybody, who are told once (`resync`);
- a viewer who does not read is skipped from `BEHIND` bytes on, told once when they read again, cut off if they do not;
- the ring, from which a viewer who comes back is given what they missed, holds the last `RING` signs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

TICK = 0.05
"""Seconds that signs are gathered."""
RATE = 400.0
"""Signs a second that viewers are told, after a burst of as many."""
RING = 4000
BEHIND = 256 << 10
PATIENCE = 30.0
"""Seconds that a viewer may be behind."""
LINGER = 60.0
"""Seconds that the ring is kept up after the last viewer has left: a page that is reloaded misses nothing."""


class Watch(msgspec.Struct, frozen=True):
    """What a viewer may see (`words`: what is said in calls; `team_id`: only this team's) and wants to see: every
    other member that is not "" must fit."""

    words: bool = False
    team_id: str | None = None
    client_id: str = ""
    key_id: str = ""
    model: str = ""
    provider: str = ""
    status: str = ""


class Topic(msgspec.Struct, frozen=True):
    """The call that a sign is about. `model` has every name it goes by; `status` is "" while it runs."""

    team_id: str | None = None
    client_id: str | None = None
    key_id: str | None = None
    models: tuple[str, ...] = ()
    provider: str = ""
    status: str = ""


class Sign:
    """One thing that happened. `words` joins `data` for those who may see what is said."""

    __slots__ = ("_frames", "data", "kind", "seq", "topic", "words")

    def __init__(
        self, kind: str, data: Mapping[str, Any], topic: Topic | None = None, words: Mapping[str, Any] | None = None
    ) -> None:
        self.kind = kind
        self.data = data
        self.topic = topic
        self.words = words
        self.seq = 0
        self._frames: list[bytes | None] = [None, None]

    def concerns(self, watch: Watch) -> bool:
        """Whether that viewer may and wants to see it."""
        topic = self.topic
        if topic is None:
            return True
        return (
            (watch.team_id is None or watch.team_id == topic.team_id)
            and (not watch.client_id or watch.client_id == topic.client_id)
            and (not watch.key_id or watch.key_id == topic.key_id)
            and (not watch.model or watch.model in topic.models)
            and (not watch.provider or watch.provider == topic.provider)
            and (not watch.status or watch.status == topic.status)
        )

    def frame(self, words: bool) -> bytes:
        """It as a WebSocket frame; written once."""
        said = words and self.words is not None
        frame = self._frames[said]
        if frame is None:
            data = {**self.data, **self.words} if said and self.words else self.data
            frame = self._frames[said] = frame_of(self.kind, self.seq, data)
        return frame


def frame_of(kind: str, seq: int, data: Mapping[str, Any]) -> bytes:
    """A message as an unmasked text frame (RFC 6455, 5.2)."""
    payload = msgspec.json.encode({"type": kind, "seq": seq, "data": data})
    size = len(payload)
    if size < 126:
        return b"\x81" + size.to_bytes(1, "big") + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


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
    """Registers, unregisters, broadcasts. `attended` is called with True when somebody begins to watch, and with False
    once nobody has watched for `LINGER` seconds: what nobody watches need not be computed. Numbers rise from `first`;
    one that follows the time lets viewers come back after a restart and be told that they missed something."""

    def __init__(self, clock: Callable[[], float], *, first: int = 0) -> None:
        self.attended: list[Callable[[bool], None]] = []
        self.seq = first
        self.missed = 0
        """Signs that were dropped because too much happened at once."""
        self._clock = clock
        self._viewers: set[Viewer] = set()
        self._pending: list[Sign] = []
        self._ring: deque[Sign] = deque(maxlen=RING)
        self._gap_at = first
        """What is up to here cannot be told again."""
        self._timer: asyncio.TimerHandle | None = None
        self._leaving: asyncio.TimerHandle | None = None
        self._allowance = RATE
        self._told_at = 0.0
        self._is_attended = False
        self._overflowed = 0
        self._resync_at = 0.0

    @property
    def viewers(self) -> int:
        """How many watch."""
        return len(self._viewers)

    @property
    def is_attended(self) -> bool:
        """Whether what happens is to be told at all."""
        return self._is_attended

    def register(self, watch: Watch, wire: Wire, *, since: int | None = None) -> Viewer:
        """Somebody watches from now on. With `since`, the last number they saw, they are given what they missed, or
        told that it cannot be."""
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        if not self._is_attended:
            self._is_attended = True
            self._gap_at = self.seq
            self._allowance, self._told_at = RATE, self._clock()
            for call in self.attended:
                call(True)
        self._flush()
        viewer = Viewer(watch, wire)
        self._viewers.add(viewer)
        if since is not None:
            self._catch_up(viewer, since)
        return viewer

    def unregister(self, viewer: Viewer) -> None:
        """They watch no more."""
        self._viewers.discard(viewer)
        if not self._viewers and self._leaving is None and self._is_attended:
            self._leaving = asyncio.get_running_loop().call_later(LINGER, self._deserted)

    def tell(self, sign: Sign) -> None:
        """Broadcast. Costs next to nothing when nobody watches."""
        if not self._is_attended:
            return
        self._pending.append(sign)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK, self._tick)

    def aclose(self) -> None:
        """Forget everybody."""
        for timer in (self._timer, self._leaving):
            if timer is not None:
                timer.cancel()
        self._timer = self._leaving = None
        self._viewers.clear()
        self._is_attended = False

    def flush(self) -> None:
        """Tell at once what waits to be told."""
        self._flush()

    def _deserted(self) -> None:
        self._leaving = None
        self._is_attended = False
        self._ring.clear()
        self._pending.clear()
        for call in self.attended:
            call(False)

    def _tick(self) -> None:
        self._timer = None
        self._flush()
        if self._pending or self._overflowed or any(viewer.behind_since is not None for viewer in self._viewers):
            self._timer = asyncio.get_running_loop().call_later(TICK, self._tick)

    def _flush(self) -> None:
        now = self._clock()
        self._allowance = min(RATE, self._allowance + (now - self._told_at) * RATE)
        self._told_at = now
        pending, self._pending = self._pending, []
        taken = pending[: int(self._allowance)]
        self._allowance -= len(taken)
        for sign in taken:
            self.seq += 1
            sign.seq = self.seq
        self._ring.extend(taken)
        if taken:
            self._push(taken)
        dropped = len(pending) - len(taken)
        if dropped:
            # What was dropped has no numbers; one number stands for the gap, so that coming back later shows it.
            self.seq += 1
            self._gap_at = self.seq
            self._ring.clear()
            self._overflowed += dropped
            self.missed += dropped
        self._resync_if_due(now)
        for viewer in list(self._viewers):
            self._look_after(viewer, now)

    def _resync_if_due(self, now: float) -> None:
        if self._overflowed and now - self._resync_at >= 1.0:
            self._resync_at = now
            missed, self._overflowed = self._overflowed, 0
            frame = frame_of("resync", self.seq, {"reason": "overflow", "missed": missed})
            for viewer in self._viewers:
                if viewer.behind_since is None:
                    viewer.wire.push(frame)

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
                viewer.wire.push(frames)

    def _look_after(self, viewer: Viewer, now: float) -> None:
        backlog = viewer.wire.backlog()
        if viewer.behind_since is None:
            if backlog > BEHIND:
                viewer.behind_since = now
        elif backlog < BEHIND // 4:
            viewer.behind_since = None
            viewer.wire.push(frame_of("resync", self.seq, {"reason": "slow", "missed": None}))
        elif now - viewer.behind_since > PATIENCE:
            self.unregister(viewer)
            viewer.wire.cut()

    def _catch_up(self, viewer: Viewer, since: int) -> None:
        if since > self.seq or since < self._gap_at or (self._ring and since < self._ring[0].seq - 1):
            viewer.wire.push(frame_of("resync", self.seq, {"reason": "gone", "missed": None}))
            return
        watch = viewer.watch
        missed = [sign.frame(watch.words) for sign in self._ring if sign.seq > since and sign.concerns(watch)]
        if missed:
            viewer.wire.push(b"".join(missed))
