"""Requests and tokens a minute, and calls at a time, for every scope a key stands in. Exact, and all or none.

A minute is a sliding window of sixty seconds: what was let in during the current second and the fifty-nine before it.
So no minute, wherever it begins on a second, sees more than the limit. The three limits are independent of each other;
a refusal uses none of them up (R-B6). One process counts for itself; many share a backend behind `Rates`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec

from gophergate.core.caller import ScopeLimits
from gophergate.errors import RateLimited

MINUTE = 60
Kind = Literal["requests", "tokens", "concurrency"]


class Standing(NamedTuple):
    """The tightest limit of a kind after a call was let in: what it is, what is left, seconds until all is free."""

    limit: int
    remaining: int
    reset: float


class Ticket(msgspec.Struct):
    """What a call has taken. Give it back with `leave`, and say what it used."""

    scopes: Sequence[ScopeLimits]
    second: int
    tokens: int
    requests: Standing | None = None
    token_standing: Standing | None = None


class Rates(Protocol):
    """Where use is counted."""

    async def enter(self, scopes: Sequence[ScopeLimits], tokens: int) -> Ticket:
        """Take one request, so many tokens and a place in every scope, or nothing. Raises RateLimited."""

    def leave(self, ticket: Ticket, used: int) -> None:
        """The call is over, and used so many tokens."""


class _Sliding:
    """A sum over the last sixty seconds, by whole seconds."""

    __slots__ = ("_seconds", "total")

    def __init__(self) -> None:
        self._seconds: deque[list[int]] = deque()
        self.total = 0

    def at(self, second: int) -> int:
        """The sum now; what is older is forgotten."""
        seconds = self._seconds
        while seconds and seconds[0][0] <= second - MINUTE:
            self.total -= seconds.popleft()[1]
        return self.total

    def add(self, second: int, amount: int) -> None:
        seconds = self._seconds
        self.total += amount
        if seconds and seconds[-1][0] == second:
            seconds[-1][1] += amount
        elif not seconds or seconds[-1][0] < second:
            seconds.append([second, amount])
        else:
            self._correct(second, amount)

    def _correct(self, second: int, amount: int) -> None:
        """Put a difference where its call was let in; for a second that is forgotten it no longer counts."""
        for entry in reversed(self._seconds):
            if entry[0] == second:
                entry[1] += amount
                return
            if entry[0] < second:
                break
        self.total -= amount

    def room_after(self, second: int, wanted: int, limit: int) -> float:
        """Seconds until `wanted` more would fit."""
        over = self.at(second) + wanted - limit
        for at, amount in self._seconds:
            over -= amount
            if over <= 0:
                return max(1.0, at + MINUTE - second)
        return float(MINUTE)

    def empty_after(self, second: int) -> float:
        """Seconds until nothing of it counts any more."""
        return float(self._seconds[-1][0] + MINUTE - second) if self._seconds else 0.0


class _Meters:
    __slots__ = ("requests", "running", "tokens")

    def __init__(self) -> None:
        self.requests = _Sliding()
        self.tokens = _Sliding()
        self.running = 0


class LocalRates:
    """One process's counts. `clock` gives seconds that only rise."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._meters: dict[tuple[str, str], _Meters] = {}

    async def enter(self, scopes: Sequence[ScopeLimits], tokens: int) -> Ticket:
        return self.take(scopes, tokens)

    def take(self, scopes: Sequence[ScopeLimits], tokens: int) -> Ticket:
        """`enter`, at once."""
        second = int(self._clock())
        found = [(scope, self._of(scope)) for scope in scopes]
        for scope, meters in found:
            self._check(scope, meters, second, tokens)
        ticket = Ticket(scopes, second, tokens)
        for scope, meters in found:
            meters.running += 1
            if scope.rpm is not None:
                meters.requests.add(second, 1)
                standing = Standing(scope.rpm, scope.rpm - meters.requests.total, meters.requests.empty_after(second))
                ticket.requests = _tighter(ticket.requests, standing)
            if scope.tpm is not None:
                meters.tokens.add(second, tokens)
                left = Standing(scope.tpm, scope.tpm - meters.tokens.total, meters.tokens.empty_after(second))
                ticket.token_standing = _tighter(ticket.token_standing, left)
        return ticket

    def leave(self, ticket: Ticket, used: int) -> None:
        for scope in ticket.scopes:
            meters = self._of(scope)
            meters.running -= 1
            if scope.tpm is not None and used != ticket.tokens:
                meters.tokens.add(ticket.second, used - ticket.tokens)

    def running(self, scope: str, scope_id: str) -> int:
        """Calls under way in a scope."""
        meters = self._meters.get((scope, scope_id))
        return meters.running if meters is not None else 0

    def _of(self, scope: ScopeLimits) -> _Meters:
        key = (scope.scope, scope.id)
        meters = self._meters.get(key)
        if meters is None:
            meters = self._meters[key] = _Meters()
        return meters

    def _check(self, scope: ScopeLimits, meters: _Meters, second: int, tokens: int) -> None:
        if scope.concurrency is not None and meters.running >= scope.concurrency:
            raise _refused(scope, "concurrency", scope.concurrency, meters.running, 1.0)
        if scope.rpm is not None and meters.requests.at(second) + 1 > scope.rpm:
            wait = meters.requests.room_after(second, 1, scope.rpm)
            raise _refused(scope, "requests", scope.rpm, meters.requests.total, wait)
        if scope.tpm is not None and meters.tokens.at(second) + tokens > scope.tpm:
            if tokens > scope.tpm and not meters.tokens.total:
                return  # Larger than a whole minute's worth: it goes alone, or it would never go.
            wait = meters.tokens.room_after(second, tokens, scope.tpm)
            raise _refused(scope, "tokens", scope.tpm, meters.tokens.total, wait)


def _tighter(known: Standing | None, other: Standing) -> Standing:
    other = other._replace(remaining=max(0, other.remaining))
    return other if known is None or other.remaining < known.remaining else known


_WORDS = {"requests": "requests a minute", "tokens": "tokens a minute", "concurrency": "calls at a time"}


def _refused(scope: ScopeLimits, kind: Kind, limit: int, used: int, wait: float) -> RateLimited:
    names = {} if kind == "concurrency" else {
        f"x-ratelimit-limit-{kind}": str(limit),
        f"x-ratelimit-remaining-{kind}": str(max(0, limit - used)),
        f"x-ratelimit-reset-{kind}": f"{wait:g}s",
    }  # fmt: skip
    return RateLimited(
        f"The {scope.scope}'s limit of {limit} {_WORDS[kind]} is reached ({used} used); try again in {wait:g} seconds.",
        code="rate_limit_exceeded",
        retry_after=wait,
        headers=names,
    )
