"""Two attempts side by side, of which the client sees one: whichever has content first (N4).

Each runs with an outlet and an account of its own. Nothing passes before content does, so that the first to begin an
answer claims the call; the other is ended at once, and stays on the record with what it cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from gophergate.core.call import Attempt
from gophergate.core.events import Event, UsageSeen
from gophergate.core.guarding import Guarding
from gophergate.core.usage import Usage
from gophergate.errors import GatewayError
from gophergate.routing.base import Account, Deployment, Order, Outlet, Pausable
from gophergate.routing.strategies import Prices

_BYTES_PER_TOKEN = 4
"""For the prompt of an attempt that was given up before its provider had counted it."""


class Race:
    """One call's two racers. `claim` makes one of them the call's own and ends the other."""

    def __init__(self, order: Order, clock: Callable[[], float], prices: Prices) -> None:
        self.order = order
        self.clock = clock
        self.prices = prices
        self.winner: Racer | None = None
        self.racers: list[Racer] = []
        self.sent_at: float | None = None
        """When the first request went out: from then on it is providers that take the time."""

    def won(self) -> asyncio.Task[GatewayError | None] | None:
        """The task of the one that has content, None while none has."""
        return self.winner.task if self.winner is not None else None

    def racer(self, deployment: Deployment) -> Racer:
        """One more. The first is the call's own until another claims it."""
        racer = Racer(self, deployment, leads=not self.racers)
        self.racers.append(racer)
        return racer

    def claim(self, racer: Racer) -> bool:
        """Whether the call is that racer's. The first to ask gets it; the others' tasks are cancelled."""
        if self.winner is None:
            self.winner = racer
            for other in self.racers:
                if other is not racer and not other.is_over:
                    other.lose()
            racer.account.adopt()
        return self.winner is racer


class Racer:
    """One attempt of a race; `order` is the call's with its own two ends."""

    def __init__(self, race: Race, deployment: Deployment, *, leads: bool) -> None:
        self.race = race
        self.deployment = deployment
        self.account = RacerAccount(race, deployment, leads=leads)
        self.outlet = RacerOutlet(self)
        self.task: asyncio.Task[GatewayError | None] | None = None
        self.is_over = False

    def lose(self) -> None:
        """Another was first."""
        self.is_over = True
        self.account.lose()
        if self.task is not None:
            self.task.cancel()


class RacerAccount(Account):
    """The ledger's side of one racer: passes on while the call is its own, keeps what it was told until then, and says
    nothing once it has lost."""

    def __init__(self, race: Race, deployment: Deployment, *, leads: bool) -> None:
        self._race = race
        self._real = race.order.account
        self._deployment = deployment
        self._passes = leads
        self._lost = False
        self._kept: list[Callable[[], None]] = []
        self._began = race.clock()
        self._status = 0
        self._sent = False
        self._credential = ""
        self._usage: Usage | None = None
        self._failure: GatewayError | None = None

    def adopt(self) -> None:
        """The call is this racer's now."""
        if not self._passes:
            self._passes = True
            for tell in self._kept:
                tell()
            self._kept.clear()

    def lose(self) -> None:
        """Given up: on the record it stands with what it cost, as far as that is known."""
        self._passes, self._lost = False, True
        self._kept.clear()
        if not self._sent:
            return
        usage = self._usage or Usage(input=-(-len(self._race.order.body) // _BYTES_PER_TOKEN), output=0)
        cost, _ = self._race.prices.price(self._deployment, usage)
        self._record("hedge_lost", "Another target had content first.", cost)

    def _record(self, error: str, message: str, cost: int | None = None) -> None:
        self._real.lost(
            Attempt(
                model=self._deployment.model,
                provider=self._deployment.provider_name,
                credential=self._credential,
                status=self._status,
                error=error,
                message=message[:500],
                ms=round((self._race.clock() - self._began) * 1000, 3),
                cost=cost,
            )
        )

    def _tell(self, tell: Callable[[], None]) -> None:
        if self._passes:
            tell()
        elif not self._lost:
            self._kept.append(tell)

    def attempt(self, deployment: Deployment, began: float | None = None) -> None:
        self._began = self._race.clock() if began is None else began
        self._tell(partial(self._real.attempt, deployment, self._began))

    def sent(self, credential: str = "", at: float | None = None) -> None:
        self._sent, self._credential = True, credential
        if self._race.sent_at is None:
            self._race.sent_at = self._race.clock()
        self._tell(partial(self._real.sent, credential, self._race.sent_at))

    def answered(self, status: int) -> None:
        self._status = status
        self._tell(partial(self._real.answered, status))

    def tried(self, error: GatewayError | None) -> None:
        if self._passes:
            self._real.tried(error)
        elif error is not None and not self._lost:
            self._record(error.code, error.message)

    def see(self, events: Iterable[Event], shown: Iterable[Event] | None = None) -> None:
        events = list(events)
        for event in events:
            if isinstance(event, UsageSeen):
                self._usage = event.usage if self._usage is None else self._usage.merged(event.usage)
        self._tell(partial(self._real.see, events, shown))

    def said(self, data: bytes) -> None:
        self._tell(partial(self._real.said, data))

    def broke(self, error: GatewayError) -> None:
        self._failure = error
        self._tell(partial(self._real.broke, error))

    def unreadable(self) -> None:
        self._tell(self._real.unreadable)

    def dropped(self, names: Iterable[str]) -> None:
        self._tell(partial(self._real.dropped, tuple(names)))

    def decided(self, *steps: str) -> None:
        self._tell(partial(self._real.decided, *steps))

    def lost(self, attempt: Attempt) -> None:
        self._real.lost(attempt)

    @property
    def guarding(self) -> Guarding | None:
        return self._real.guarding

    @property
    def tags(self) -> Mapping[str, str]:
        return self._real.tags

    @property
    def deployment_label(self) -> str:
        return self._deployment.label

    @property
    def failure(self) -> GatewayError | None:
        return self._real.failure if self._passes else self._failure

    @property
    def first_token_at(self) -> float | None:
        return self._real.first_token_at if self._passes else None

    def output_so_far(self) -> int:
        return self._real.output_so_far() if self._passes else 0

    @property
    def credential(self) -> str:
        return self._credential


class RacerOutlet(Outlet):
    """The client's side of one racer. The first that has something to say gets through; the other speaks to nobody."""

    def __init__(self, racer: Racer) -> None:
        self._racer = racer
        self._race = racer.race
        self._real = racer.race.order.outlet
        self._source: Pausable | None = None
        self._left: Callable[[], None] | None = None

    def _claims(self) -> bool:
        is_new = self._race.winner is None
        if not self._race.claim(self._racer):
            return False
        if is_new:
            if self._source is not None:
                self._real.steer(self._source)
            if self._left is not None:
                self._real.stay(self._left)
        return True

    @property
    def _is_own(self) -> bool:
        return self._race.winner is self._racer

    @property
    def begun(self) -> bool:
        return self._real.begun

    @property
    def gone(self) -> bool:
        return self._real.gone

    def note(self, name: bytes, value: bytes) -> None:
        self._real.note(name, value)

    def begin(self, content_type: bytes) -> None:
        if self._claims():
            self._real.begin(content_type)

    def send(self, data: bytes) -> None:
        if self._is_own:
            self._real.send(data)

    def finish(self) -> None:
        if self._is_own:
            self._real.finish()

    def cut(self) -> None:
        if self._is_own:
            self._real.cut()

    def whole(self, body: bytes, content_type: bytes) -> None:
        if self._claims():
            self._real.whole(body, content_type)

    def keep_alive(self, heartbeat: bytes, content_type: bytes) -> None:
        self._real.keep_alive(heartbeat, content_type)

    def steer(self, source: Pausable) -> None:
        self._source = source
        if self._is_own:
            self._real.steer(source)

    def detach(self) -> None:
        self._real.detach()

    def stay(self, left: Callable[[], None] | None) -> None:
        self._left = left
        if self._is_own:
            self._real.stay(left)

    async def drain(self) -> None:
        await self._real.drain()
