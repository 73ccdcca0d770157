"""Requests and tokens a minute, and calls at a time, for every scope a call stands in. Exact, and all or none.

A minute is a sliding window: what was let in during the last sixty seconds, counted in sixteenths of a second, each
until the whole of it is sixty seconds old. So no sixty seconds, wherever they begin, see more than the limit; room
comes back at most a sixteenth late. The limits are independent of each other; a refusal uses none of them up (R-B6).
One process counts for itself; many share a backend behind `Rates`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Literal, NamedTuple, Protocol

from gophergate.core.caller import ScopeLimits
from gophergate.errors import RateLimited

_TICKS = 16
"""In a second."""
_MINUTE = 60 * _TICKS
Kind = Literal["requests", "tokens", "input-tokens", "output-tokens"]
KINDS: tuple[Kind, ...] = ("requests", "tokens", "input-tokens", "output-tokens")


class Standing(NamedTuple):
    """How a limit stands: what it is, what is left, seconds until all of it is free again."""

    limit: int
    remaining: int
    reset: float


class Taken(NamedTuple):
    """Tokens that a call takes, or took."""

    input: int
    output: int


class Ticket:
    """What a call has taken. Give it back with `leave`, and say what it used."""

    __slots__ = ("meters", "tick", "tightest", "tokens")

    def __init__(self, meters: Sequence[_Meters], tick: int, tokens: Taken) -> None:
        self.meters = meters
        self.tick = tick
        self.tokens = tokens
        self.tightest: dict[int, tuple[int, int, _Sliding]] = {}

    def standings(self) -> Mapping[Kind, Standing]:
        """The tightest limit of each kind, as it stands now that the call is in."""
        return {
            KINDS[number]: Standing(limit, max(0, left), used.empty_after(self.tick))
            for number, (limit, left, used) in self.tightest.items()
        }


class Rates(Protocol):
    """Where use is counted."""

    async def enter(self, scopes: Sequence[ScopeLimits], tokens: Taken) -> Ticket:
        """Take one request, so many tokens and a place in every scope, or nothing. Raises RateLimited."""

    def leave(self, ticket: Ticket, used: Taken) -> None:
        """The call is over, and used so many tokens. Never waits."""

    def undo(self, ticket: Ticket) -> None:
        """The call was refused after all: it has used nothing, not even its request. Never waits."""


class _Sliding:
    """A sum over the last sixty seconds, by ticks."""

    __slots__ = ("_ticks", "total")

    def __init__(self) -> None:
        self._ticks: deque[list[int]] = deque()
        self.total = 0

    def at(self, tick: int) -> int:
        """The sum now; what is older is forgotten."""
        ticks = self._ticks
        while ticks and ticks[0][0] < tick - _MINUTE:
            self.total -= ticks.popleft()[1]
        return self.total

    def add(self, tick: int, amount: int) -> None:
        ticks = self._ticks
        self.total += amount
        if ticks and ticks[-1][0] == tick:
            ticks[-1][1] += amount
        elif not ticks or ticks[-1][0] < tick:
            ticks.append([tick, amount])
        else:
            self._correct(tick, amount)

    def _correct(self, tick: int, amount: int) -> None:
        """Put a difference where its call was let in; for a moment that is forgotten it no longer counts."""
        for entry in reversed(self._ticks):
            if entry[0] == tick:
                entry[1] += amount
                return
            if entry[0] < tick:
                break
        self.total -= amount

    def room_after(self, tick: int, wanted: int, limit: int) -> float:
        """Seconds until `wanted` more would fit."""
        over = self.at(tick) + wanted - limit
        for at, amount in self._ticks:
            over -= amount
            if over <= 0:
                return _seconds(at, tick)
        return 60.0

    def empty_after(self, tick: int) -> float:
        """Seconds until nothing of it counts any more."""
        return _seconds(self._ticks[-1][0], tick) if self._ticks else 0.0


def _seconds(counted: int, tick: int) -> float:
    """Until what was counted then counts no more."""
    return (counted + _MINUTE + 1 - tick) / _TICKS


class _Meters:
    """One scope's use. `sums` go by the order of `KINDS`, None where there is no limit."""

    __slots__ = ("bounds", "running", "scope", "sums")

    def __init__(self, scope: ScopeLimits) -> None:
        self.running = 0
        self.sums = tuple(_Sliding() for _ in KINDS)
        self.measured_by(scope)

    def measured_by(self, scope: ScopeLimits) -> None:
        """The limits that hold from now on; what was used stays used."""
        self.scope = scope
        limits = (scope.rpm, scope.tpm, scope.input_tpm, scope.output_tpm)
        self.bounds = tuple(
            (number, limit, self.sums[number]) for number, limit in enumerate(limits) if limit is not None
        )


class LocalRates:
    """One process's counts. `clock` gives seconds that only rise."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._meters: dict[tuple[str, str, str], _Meters] = {}

    async def enter(self, scopes: Sequence[ScopeLimits], tokens: Taken) -> Ticket:
        return self.take(scopes, tokens)

    def take(self, scopes: Sequence[ScopeLimits], tokens: Taken) -> Ticket:
        """`enter`, at once."""
        tick = int(self._clock() * _TICKS)
        amounts = _amounts(tokens)
        found = [self._of(scope) for scope in scopes]
        for meters in found:
            _check(meters, tick, amounts)
        ticket = Ticket(found, tick, tokens)
        tightest = ticket.tightest
        for meters in found:
            meters.running += 1
            for number, limit, used in meters.bounds:
                used.add(tick, amounts[number])
                left = limit - used.total
                known = tightest.get(number)
                if known is None or left < known[1]:
                    tightest[number] = (limit, left, used)
        return ticket

    def leave(self, ticket: Ticket, used: Taken) -> None:
        before, after = ticket.tokens, used
        input, output = after[0] - before[0], after[1] - before[1]
        changes = (0, input + output, input, output)
        for meters in ticket.meters:
            meters.running -= 1
            for number, _, counted in meters.bounds:
                if changes[number]:
                    counted.add(ticket.tick, changes[number])

    def undo(self, ticket: Ticket) -> None:
        amounts = _amounts(ticket.tokens)
        for meters in ticket.meters:
            meters.running -= 1
            for number, _, counted in meters.bounds:
                counted.add(ticket.tick, -amounts[number])

    def running(self, scope: str, scope_id: str, model: str = "") -> int:
        """Calls under way in a scope."""
        meters = self._meters.get((scope, scope_id, model))
        return meters.running if meters is not None else 0

    def _of(self, scope: ScopeLimits) -> _Meters:
        key = (scope.scope, scope.id, scope.model)
        meters = self._meters.get(key)
        if meters is None:
            meters = self._meters[key] = _Meters(scope)
        elif meters.scope is not scope and meters.scope != scope:
            meters.measured_by(scope)
        return meters


def _amounts(tokens: Taken) -> tuple[int, ...]:
    return (1, tokens[0] + tokens[1], tokens[0], tokens[1])


def _check(meters: _Meters, tick: int, amounts: Sequence[int]) -> None:
    scope = meters.scope
    if scope.concurrency is not None and meters.running >= scope.concurrency:
        raise _refused(scope, "calls", scope.concurrency, meters.running, 1.0)
    for number, limit, used in meters.bounds:
        wanted = amounts[number]
        if used.at(tick) + wanted > limit:
            if wanted > limit and not used.total:
                continue  # Larger than a whole minute's worth: it goes alone, or it would never go.
            wait = used.room_after(tick, min(wanted, limit), limit)
            raise _refused(scope, KINDS[number], limit, used.total, wait)


def _refused(scope: ScopeLimits, kind: Kind | Literal["calls"], limit: int, used: int, wait: float) -> Limited:
    what = f"{kind.replace('-', ' ')} {'at a time' if kind == 'calls' else 'a minute'}"
    for_model = f" for {scope.model}" if scope.model else ""
    return Limited(
        f"The {scope.scope}'s limit of {limit} {what}{for_model} is reached ({used} used); "
        f"try again in {max(1, ceil(wait))} seconds.",
        retry_after=max(1.0, wait),
        standings={} if kind == "calls" else {kind: Standing(limit, max(0, limit - used), wait)},
    )


class Limited(RateLimited):
    """A refusal by a limit. `standings` is how that limit stands, for the headers of the caller's dialect."""

    def __init__(self, message: str, *, retry_after: float, standings: Mapping[Kind, Standing]) -> None:
        super().__init__(message, retry_after=retry_after)
        self.standings = standings
