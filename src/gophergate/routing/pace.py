"""Providers' own limits, learned from their headers, so that a call waits for a moment instead of being refused.

Each limit is taken for a bucket that fills evenly, as OpenAI and Anthropic describe theirs: what was left at the last
answer, and how long until all of it is there again. It is an estimate: whoever else uses the credential is seen with
the next answer. Only with `admission.provider_wait`; a longer wait is not begun: the provider is asked, and says so.

Sources: OpenAI "Rate limits in headers", Anthropic "Rate limits: response headers", RFC 9110 (Retry-After).
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from gophergate.transport.base import RawHeaders

_MOST = 5_000
_INSTANT = 0.001
"""Seconds that are not worth a wait."""
_FIELD = re.compile(
    rb"(?:x-ratelimit-(limit|remaining|reset)-(requests|tokens)"
    rb"|anthropic-ratelimit-(requests|tokens|input-tokens)-(limit|remaining|reset))\Z"
)
_SPAN = re.compile(rb"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?\Z")


class Need(NamedTuple):
    """What a call is going to use, by kind of limit."""

    requests: int
    tokens: int
    input_tokens: int

    def of(self, kind: str) -> int:
        """Its share of one kind."""
        return self.requests if kind == "requests" else self.tokens if kind == "tokens" else self.input_tokens


class Bucket:
    """One limit: `left` of `limit` at the moment `at`, filling by `rate` a second."""

    __slots__ = ("at", "left", "limit", "rate")

    def __init__(self, limit: float, left: float, rate: float, at: float) -> None:
        self.limit = limit
        self.left = left
        self.rate = rate
        self.at = at

    def wait(self, need: float, now: float) -> float:
        """Seconds until so much is there; a need beyond the limit waits for all of it."""
        self.left = min(self.limit, self.left + self.rate * (now - self.at))
        self.at = now
        missing = min(need, self.limit) - self.left
        return missing / self.rate if missing > 0 and self.rate > 0 else 0.0


class Pace:
    """What is known of each credential's limits, by model. `clock` gives seconds that only rise, `wall` Unix seconds;
    `most` is the longest wait, in seconds."""

    def __init__(
        self,
        most: float,
        clock: Callable[[], float],
        wall: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._most = most
        self._clock = clock
        self._wall = wall
        self._sleep = sleep
        self._buckets: OrderedDict[tuple[str, str], dict[str, Bucket]] = OrderedDict()
        self._shut: dict[str, float] = {}
        """Credentials that were told to wait, and until when."""

    async def wait(self, credential: str, model: str, need: Need) -> float:
        """Wait until the call is likely to be let in, and count it; how many seconds that took. Cancelled, it has
        counted nothing."""
        began = now = self._clock()
        while True:
            buckets = self._buckets.get((credential, model), {})
            pause = max(
                (bucket.wait(need.of(kind), now) for kind, bucket in buckets.items()),
                default=0.0,
            )
            pause = max(pause, self._shut.get(credential, 0.0) - now)
            if pause < _INSTANT or now - began + pause > self._most:
                for kind, bucket in buckets.items():
                    bucket.left -= need.of(kind)
                return now - began
            await self._sleep(pause)
            now = self._clock()

    def learn(self, credential: str, model: str, status: int, headers: RawHeaders) -> None:
        """Take over what an answer's headers say. What cannot be read is left out."""
        now = self._clock()
        said: dict[str, dict[str, bytes]] = {}
        for name, value in headers:
            if name == b"retry-after" and status in (429, 503, 529):
                seconds = _seconds(value)
                if seconds is not None:
                    self._shut[credential] = now + seconds
            elif b"ratelimit" in name and (found := _FIELD.match(name)) is not None:
                what, kind = (found[1], found[2]) if found[1] is not None else (found[4], found[3])
                said.setdefault(kind.decode(), {})[what.decode()] = value
        buckets = {kind: bucket for kind, fields in said.items() if (bucket := self._bucket(fields, now)) is not None}
        if buckets:
            known = self._buckets.setdefault((credential, model), {})
            known.update(buckets)
            self._buckets.move_to_end((credential, model))
            if len(self._buckets) > _MOST:
                self._buckets.popitem(last=False)

    def _bucket(self, fields: Mapping[str, bytes], now: float) -> Bucket | None:
        if not fields.keys() >= {"limit", "remaining", "reset"}:
            return None
        limit, left, reset = _number(fields["limit"]), _number(fields["remaining"]), self._until(fields["reset"])
        if limit is None or left is None or reset is None or limit <= 0:
            return None
        used = limit - left
        # Nothing used: it stands full, and fills again within the minute that all these limits are of.
        rate = used / reset if used > 0 and reset > 0 else limit / 60
        return Bucket(limit, left, rate, now)

    def _until(self, value: bytes) -> float | None:
        """Seconds until a reset, written as a span ("6m0s", "20ms"), as seconds, or as a moment (RFC 3339)."""
        seconds = _seconds(value)
        if seconds is not None:
            return seconds
        found = _SPAN.match(value)
        if found is not None and value:
            days, hours, minutes, whole, thousandths = (float(part or 0) for part in found.groups())
            return days * 86_400 + hours * 3600 + minutes * 60 + whole + thousandths / 1000
        try:
            moment = datetime.fromisoformat(value.decode("ascii"))
        except ValueError:
            return None
        return max(0.0, moment.timestamp() - self._wall()) if moment.tzinfo is not None else None


def _number(value: bytes) -> float | None:
    return float(value) if value.isdigit() and len(value) < 16 else None


def _seconds(value: bytes) -> float | None:
    return float(value) if re.fullmatch(rb"\d{1,9}(\.\d{1,9})?", value) else None
