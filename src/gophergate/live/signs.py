"""What is told live, one thing at a time: what it is about, who may and wants to see it, and how it is written.

A sign is cheap to make: what it says is worked out when the hub takes it, and not at all when nobody is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

TOPICS: Mapping[str, str] = {
    "call.started": "calls",
    "call.finished": "calls",
    "call.delta": "deltas",
    "system": "system",
    "event": "events",
}
"""The topic of each type of message."""
EVERY_TOPIC = frozenset(TOPICS.values())
WORDS = "words"
"""What is said in calls, as far as it is watched at all: not a topic that can be asked for, but a right."""

Facts = Mapping[str, Any]
Said = Facts | Callable[[], Facts]


class Watch(msgspec.Struct, frozen=True):
    """What a viewer may see (`words`: what is said in calls; `team_id`: only this team's) and wants to see: `topics`,
    and of calls those that every other member fits which is not ""."""

    words: bool = False
    team_id: str | None = None
    topics: frozenset[str] = EVERY_TOPIC
    client_id: str = ""
    key_id: str = ""
    model: str = ""
    provider: str = ""
    status: str = ""

    @property
    def needs(self) -> frozenset[str]:
        """The topics that have to be told for it, words among them."""
        is_of_calls = not self.topics.isdisjoint({"calls", "deltas"})
        return self.topics | {WORDS} if self.words and is_of_calls else self.topics


class About(msgspec.Struct, frozen=True):
    """The call that a sign is about. `models` has every name it goes by; `status` is "" while it runs. What is no call
    (`is_call`) has a team only, and without one it is for those who see all teams."""

    team_id: str | None = None
    client_id: str | None = None
    key_id: str | None = None
    models: tuple[str, ...] = ()
    provider: str = ""
    status: str = ""
    is_call: bool = True


class Sign:
    """One thing that happened. `words` joins `data` for those who may see what is said. Without `about` it is for
    everybody."""

    __slots__ = ("_data", "_frames", "_words", "about", "kind", "seq", "topic")

    def __init__(self, kind: str, data: Said, about: About | None = None, words: Said | None = None) -> None:
        self.kind = kind
        self.topic = TOPICS[kind]
        self.about = about
        self.seq = 0
        self._data = data
        self._words = words
        self._frames: list[bytes | None] = [None, None]

    @property
    def is_of_call(self) -> bool:
        """Whether it is one of the many."""
        return self.about is not None and self.about.is_call

    def taken(self, seq: int) -> None:
        """The hub tells it under this number: what it says is worked out, and what it was worked out from let go."""
        self.seq = seq
        if callable(self._data):
            self._data = self._data()
        if callable(self._words):
            self._words = self._words()

    def concerns(self, watch: Watch) -> bool:
        """Whether that viewer may and wants to see it."""
        if self.topic not in watch.topics:
            return False
        about = self.about
        if about is None:
            return True
        if watch.team_id is not None and watch.team_id != about.team_id:
            return False
        return not about.is_call or (
            (not watch.client_id or watch.client_id == about.client_id)
            and (not watch.key_id or watch.key_id == about.key_id)
            and (not watch.model or watch.model in about.models)
            and (not watch.provider or watch.provider == about.provider)
            and (not watch.status or watch.status == about.status)
        )

    def frame(self, words: bool) -> bytes:
        """It as a WebSocket frame, once it is taken; written once."""
        said = words and self._words is not None
        frame = self._frames[said]
        if frame is None:
            data, more = self._data, self._words
            if callable(data) or callable(more):
                raise RuntimeError("a sign is written once the hub has taken it")
            frame = self._frames[said] = frame_of(self.kind, self.seq, {**data, **more} if said and more else data)
        return frame


def frame_of(kind: str, seq: int, data: Facts) -> bytes:
    """A message as an unmasked text frame (RFC 6455, 5.2)."""
    payload = msgspec.json.encode({"type": kind, "seq": seq, "data": data})
    size = len(payload)
    if size < 126:
        return b"\x81" + size.to_bytes(1, "big") + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
