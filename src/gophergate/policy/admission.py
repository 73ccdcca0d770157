"""May this call be made, and can it be paid for: the one point that every billable call passes (R-B4).

`async with admission.admitted(...)` takes a place within the limits and a reservation in the budgets, and gives both
back when the scope ends, settled on what the call really used. What is not limited costs a look and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Literal, Protocol

import msgspec

from gophergate.core.caller import Caller, ScopeLimits
from gophergate.core.usage import Usage
from gophergate.errors import Forbidden, GatewayError
from gophergate.policy import headers
from gophergate.policy.budgets import Budget, Hold, Reservations
from gophergate.policy.limits import Limited, Rates, Taken, Ticket
from gophergate.policy.loops import Loops
from gophergate.policy.rules import Rules

_BYTES_PER_TOKEN = 3
"""Fewer than any tokenizer needs for prose or code, so that an estimate is rather too high than too low."""
_RATING = "classify"
"""The operation of a call that rates another one: that holds a reservation meanwhile, so it must not wait for it."""
_LOOK_AFTER = 1.0
"""Seconds between two looks at the calls that hold reservations."""


class Model(Protocol):
    """A deployment, as far as its price is concerned (`routing.base.Deployment` fits)."""

    @property
    def label(self) -> str: ...

    @property
    def provider_name(self) -> str: ...

    @property
    def model(self) -> str: ...


class Prices(Protocol):
    """What a usage would cost at a deployment (`ledger.pricing.PriceBook` fits)."""

    def price(self, deployment: Model, usage: Usage | None) -> tuple[int | None, str | None]: ...


class Bill(Protocol):
    """What a call has used (`ledger.entry.Entry` fits)."""

    @property
    def call_id(self) -> str: ...

    @property
    def started(self) -> int:
        """Unix microseconds."""

    @property
    def door(self) -> str: ...

    @property
    def operation(self) -> str: ...

    @property
    def answering(self) -> Model | None:
        """The deployment of the last attempt, None before the first."""

    def cost(self) -> int | None:
        """Nano-dollars so far, None without a price."""

    def tokens(self) -> tuple[int, int]:
        """Tokens so far, in and out."""

    def decided(self, step: str) -> None:
        """A sentence for the call's record."""

    def stop(self, error: GatewayError) -> None:
        """End the call, and tell its client why."""


class Wanted(msgspec.Struct, frozen=True):
    """What a call asks for: its model's name, the deployments that may answer, its body, the output tokens it allows,
    and its session."""

    model: str
    deployments: Sequence[Model]
    body: bytes
    output: int | None
    session: str | None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How calls are let in. `unpriced`: what becomes of a call that nobody can price. `unknown_output`: output tokens
    reserved at most for a call that names no limit of its own. `at_cap`: what becomes of a running call that passes a
    hard budget. `loop_after`: equal requests in a session and minute that are a loop; 0 looks for none."""

    unpriced: Literal["allow", "block", "default"] = "allow"
    unknown_output: int = 8192
    at_cap: Literal["finish", "cut"] = "finish"
    loop_after: int = 20


class Admission:
    """Lets calls in. `output_limit` gives the most tokens a deployment writes, None where that is not known; `warns`
    is told of loops (the call's caller, its session, how often); `wall` gives Unix seconds."""

    def __init__(
        self,
        rates: Rates,
        reservations: Reservations,
        prices: Prices,
        terms: Terms,
        *,
        wall: Callable[[], float],
        clock: Callable[[], float],
        warns: Callable[[Caller, str, int], None],
        output_limit: Callable[[Model], int | None],
    ) -> None:
        self.rates = rates
        self.reservations = reservations
        self.rules = Rules()
        self.terms = terms
        self.prices = prices
        self.wall = wall
        self.warns = warns
        self.output_limit = output_limit
        self.loops = Loops(clock) if terms.loop_after else None
        self.loop_mark = f"warning: the same request {terms.loop_after} times or more within a minute"
        self._holding: dict[str, Admitted] = {}
        self._timer: asyncio.TimerHandle | None = None

    def set(self, budgets: Iterable[Budget], limits: Iterable[ScopeLimits]) -> None:
        """What is in force from now on; `limits` beside those that callers bring."""
        self.rules.set(budgets, limits)
        self.reservations.changed(self.rules.budgets)

    def admitted(self, caller: Caller, wanted: Wanted, bill: Bill, note: Callable[[bytes, bytes], None]) -> Admitted:
        """The scope of a call that is let in. `note` takes response headers that tell how the limits stand."""
        return Admitted(self, caller, wanted, bill, note)

    def charge(self, caller: Caller, bill: Bill, session: str | None) -> None:
        """Count what a call has cost that was let in as another: a response made in the background shows what it used
        only when it is come back for. Its row is written in the same breath, so that counter and ledger stay one."""
        answering = bill.answering
        if answering is not None and self.rules.budgets:
            claims = self.rules.claims(self.rules.terms(caller), (answering,), session)
            self.reservations.settle(Hold(bill.call_id, (), 0, bill.started, 0.0), claims, bill.cost() or 0)

    # -- calls that hold something ------------------------------------------------------------------------------

    def holds(self, scope: Admitted) -> None:
        """A call under way holds a reservation."""
        self._holding[scope.bill.call_id] = scope
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_AFTER, self._look_after)

    def lets_go(self, scope: Admitted) -> None:
        """It holds none any more."""
        self._holding.pop(scope.bill.call_id, None)

    def _look_after(self) -> None:
        """Renew the reservations of calls that go on, let them grow with what was metered, and cut those that pass a
        hard budget, where that is wanted (R-B7). One timer for all calls, and none while nothing is held."""
        self._timer = None
        now = int(self.wall() * 1_000_000)
        for scope in list(self._holding.values()):
            if scope.hold is None:
                continue
            cost = scope.bill.cost() or 0
            self.reservations.renew(scope.hold, cost)
            if self.terms.at_cap == "cut":
                error = self.reservations.overrun(scope.hold, cost, now)
                if error is not None:
                    scope.bill.stop(error)
        if self._holding:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_AFTER, self._look_after)


class Admitted:
    """One call's place and reservation, as `async with`. Entering raises Forbidden (no price), RateLimited,
    BudgetExceeded or Unavailable, and has then taken nothing."""

    __slots__ = ("_admission", "bill", "caller", "hold", "note", "ticket", "wanted")

    def __init__(
        self, admission: Admission, caller: Caller, wanted: Wanted, bill: Bill, note: Callable[[bytes, bytes], None]
    ) -> None:
        self._admission = admission
        self.caller = caller
        self.wanted = wanted
        self.bill = bill
        self.note = note
        self.ticket: Ticket | None = None
        self.hold: Hold | None = None

    async def __aenter__(self) -> None:
        admission, caller, wanted = self._admission, self.caller, self.wanted
        if admission.loops is not None:
            self._look_for_loop(admission.loops)
        rules = admission.rules
        if not (rules.are_any or caller.limits or admission.terms.unpriced == "block"):
            return
        terms = rules.terms(caller)
        limits = rules.limits(terms, wanted.deployments, wanted.model)
        claims = rules.claims(terms, wanted.deployments, wanted.session)
        tokens = Taken(-(-len(wanted.body) // _BYTES_PER_TOKEN), wanted.output or 0)
        estimate = 0
        if claims or admission.terms.unpriced == "block":
            estimate = self._estimate(tokens)
        if limits:
            try:
                self.ticket = await admission.rates.enter(limits, tokens)
            except Limited as error:
                told = headers.told(self.bill.door, error.standings, admission.wall)
                error.headers = {name.decode(): value.decode() for name, value in told}
                raise
        if claims:
            try:
                bill = self.bill
                self.hold = await admission.reservations.reserve(
                    bill.call_id, claims, estimate, bill.started, waits=bill.operation != _RATING
                )
            except BaseException:
                if self.ticket is not None:
                    admission.rates.undo(self.ticket)
                    self.ticket = None
                raise
            admission.holds(self)
        if self.ticket is not None:
            for name, value in headers.told(self.bill.door, self.ticket.standings(), admission.wall):
                self.note(name, value)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        admission, bill = self._admission, self.bill
        rules = admission.rules
        if self.hold is not None or rules.budgets:
            # The budgets that it falls under now: of the model that answered, and those that came while it ran.
            answering = bill.answering
            models = self.wanted.deployments if answering is None else (answering,)
            claims = rules.claims(rules.terms(self.caller), models, self.wanted.session)
            hold = self.hold or Hold(bill.call_id, (), 0, bill.started, 0.0)
            admission.lets_go(self)
            admission.reservations.settle(hold, claims, bill.cost() or 0)
        if self.ticket is not None:
            admission.rates.leave(self.ticket, Taken(*bill.tokens()))

    def _estimate(self, tokens: Taken) -> int:
        """The most that the call is thought to cost, wherever it goes; nothing where no price is known. Raises
        Forbidden for that, where it is blocked."""
        admission, wanted = self._admission, self.wanted
        most, known = 0, -1
        usage = None
        for model in wanted.deployments:
            output = wanted.output
            if output is None:
                limit = admission.output_limit(model)
                most_unknown = admission.terms.unknown_output
                output = most_unknown if limit is None else min(limit, most_unknown)
            if usage is None or output != known:
                usage, known = Usage(input=tokens.input, output=output), output
            cost = admission.prices.price(model, usage)[0]
            if cost is None:
                if admission.terms.unpriced == "block":
                    raise Forbidden(
                        f"Nobody knows what '{wanted.model}' costs, and calls without a price are blocked here "
                        "(pricing.unpriced). Set a price for it.",
                        param="model",
                        code="model_unpriced",
                    )
            elif cost > most:
                most = cost
        return most

    def _look_for_loop(self, loops: Loops) -> None:
        admission, wanted = self._admission, self.wanted
        session = wanted.session or self.caller.key_id
        count = loops.seen(session, wanted.body)
        if count >= admission.terms.loop_after:
            self.bill.decided(admission.loop_mark)
            if count == admission.terms.loop_after:
                admission.warns(self.caller, session, count)
