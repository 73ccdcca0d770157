"""May this call be made, and can it be paid for: the one point that every billable call passes (R-B4).

`async with admission.admitted(...)` takes a place within the limits and a reservation in the budgets, and gives both
back when the scope ends, settled on what the call really used. What is not limited costs a look and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Literal, Protocol

import msgspec

from gophergate.core.caller import Caller, ScopeLimits
from gophergate.core.usage import Usage
from gophergate.errors import Forbidden, GatewayError
from gophergate.policy import headers
from gophergate.policy.budgets import Budget, Hold, Reservations
from gophergate.policy.candidates import Candidates
from gophergate.policy.limits import Kind, Limited, Rates, Standing, Taken, Ticket
from gophergate.policy.loops import Loops
from gophergate.policy.rules import Rules

_BYTES_PER_TOKEN = 3
"""Fewer than any tokenizer needs for prose or code, so that an estimate is rather too high than too low."""
_BYTES_PER_TOKEN_OF_FILES = 40
"""The same of a body that is a file above all: sound at 32 kbit/s is four kilobytes a second, of which Mistral makes a
hundred tokens and OpenAI ten; a picture's tokens depend on its sides alone."""
_BYTES_PER_MILLISECOND = 4
"""Of such sound: what is less packed lasts shorter."""
_OF_FILES = frozenset({"transcriptions", "translations", "image_edits"})
_WITH_FILE = 64 << 10
"""Bytes of a body that is not of words alone."""
_MOST_ALTERNATIVES = 128
"""OpenAI's bound of `n`."""
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
    """What a call asks for: its model's name, the deployments that may answer, its body, the output tokens it allows
    each of its `n` alternatives (or pictures), and its session."""

    model: str
    deployments: Sequence[Model]
    body: bytes
    output: int | None
    session: str | None
    n: int = 1

    @property
    def alternatives(self) -> int:
        """As many as are reserved for: no vendor makes more, and answers a larger number with an error."""
        return min(max(self.n, 1), _MOST_ALTERNATIVES)


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


class Admitted(msgspec.Struct, eq=False):
    """One call's place and reservation, as `async with`. Entering raises Forbidden (no price), RateLimited,
    BudgetExceeded or Unavailable, and has then taken nothing. `left_out` are the labels of the wanted deployments that
    may not answer, for what their own model's budget or limit has left: nothing is held for them."""

    _admission: Admission
    caller: Caller
    wanted: Wanted
    bill: Bill
    note: Callable[[bytes, bytes], None]
    ticket: Ticket | None = None
    place: Ticket | None = None
    """Within the limits of the model that was chosen."""
    hold: Hold | None = None
    left_out: frozenset[str] = frozenset()

    async def __aenter__(self) -> Admitted:
        admission, caller, wanted = self._admission, self.caller, self.wanted
        if admission.loops is not None:
            session = wanted.session or caller.key_id
            count = admission.loops.seen(session, wanted.body)
            if count >= admission.terms.loop_after:
                self._tell_of_loop(session, count)
        rules = admission.rules
        if not (rules.are_any or caller.limits or admission.terms.unpriced == "block"):
            return self
        terms = rules.terms(caller)
        is_open = len(wanted.deployments) > 1
        limits = rules.limits(terms, () if is_open else wanted.deployments, wanted.model)
        claims = rules.claims(terms, wanted.deployments, wanted.session)
        tokens = self._tokens()
        estimate = 0
        if claims or admission.terms.unpriced == "block":
            estimate = self._estimate(wanted.deployments, tokens)
        if limits:
            try:
                self.ticket = await admission.rates.enter(limits, tokens)
            except Limited as error:
                self._tell_of(error)
                raise
        if claims:
            try:
                if is_open and claims is not terms.claims:
                    self.hold = await self._reserve_for_some()
                else:
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
        if self.ticket is not None and not is_open:
            self._tell(self.ticket.standings())
        return self

    async def takes(self, model: Model) -> bool:
        """Take a place within the limits of the model that was chosen among several; where there is none, it is left
        out, and another is to be chosen. Raises RateLimited when no other is left."""
        admission, wanted = self._admission, self.wanted
        rules = admission.rules
        if len(wanted.deployments) == 1 or not (rules.are_any or self.caller.limits):
            return True
        limits = rules.limits_of(rules.terms(self.caller), model, wanted.model)
        if limits:
            try:
                self.place = await admission.rates.enter(limits, self._tokens())
            except Limited as error:
                self._leave_out(model.label, error.message)
                if any(one.label not in self.left_out for one in wanted.deployments):
                    return False
                if self.ticket is not None:
                    admission.rates.undo(self.ticket)
                    self.ticket = None
                self._tell_of(error)
                raise
        tickets = [ticket for ticket in (self.ticket, self.place) if ticket is not None]
        if tickets:
            self._tell(_tightest(tickets))
        return True

    async def move(self, model: Model) -> None:
        """The call goes to a model that was not wanted, or was left out, since that one alone can go on: reserve for
        it in place of the others. Raises Forbidden, BudgetExceeded and Unavailable, and then holds nothing."""
        admission = self._admission
        if self.hold is not None:
            admission.lets_go(self)
            admission.reservations.settle(self.hold, (), 0)
            self.hold = None
        if admission.rules.budgets or admission.terms.unpriced == "block":
            self.hold = await self._reserve((model,), waits=self.bill.operation != _RATING)
            admission.holds(self)

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
        for ticket in (self.ticket, self.place):
            if ticket is not None:
                admission.rates.leave(ticket, Taken(*bill.tokens()))

    async def _reserve_for_some(self) -> Hold:
        """A reservation for those of several models that may answer; the others are left out."""
        candidates = Candidates(self.wanted.deployments)
        try:
            return await candidates.reserve(self._reserve, may_wait=self.bill.operation != _RATING)
        finally:
            for label, refusal in candidates.refusals.items():
                self._leave_out(label, refusal.why)

    async def _reserve(self, models: Sequence[Model], *, waits: bool) -> Hold:
        admission, bill, rules = self._admission, self.bill, self._admission.rules
        claims = rules.claims(rules.terms(self.caller), models, self.wanted.session)
        estimate = self._estimate(models, self._tokens())
        return await admission.reservations.reserve(bill.call_id, claims, estimate, bill.started, waits=waits)

    def _leave_out(self, label: str, why: str) -> None:
        self.left_out |= {label}
        self.bill.decided(f"{label} was left out: {why}")

    def _tokens(self) -> Taken:
        """What the call is thought to take of limits."""
        size, bytes_per_token = len(self.wanted.body), _BYTES_PER_TOKEN
        if size > _WITH_FILE and self.bill.operation in _OF_FILES:
            bytes_per_token = _BYTES_PER_TOKEN_OF_FILES
        return Taken(-(-size // bytes_per_token), (self.wanted.output or 0) * self.wanted.alternatives)

    def _pieces(self) -> dict[str, int]:
        """The most that the call is thought to take of what is sold by the piece, by the names in `usage.UNITS`."""
        size = len(self.wanted.body)
        match self.bill.operation:
            case "images" | "image_edits":
                return {"images": self.wanted.alternatives}
            case "speech":
                return {"characters": size}
            case "transcriptions" | "translations":
                return {"audio_input_ms": size // _BYTES_PER_MILLISECOND}
            case "rerank":
                return {"searches": 1}
            case _:
                return {}

    def _tell(self, standings: Mapping[Kind, Standing]) -> None:
        for name, value in headers.told(self.bill.door, standings, self._admission.wall):
            self.note(name, value)

    def _tell_of(self, error: Limited) -> None:
        told = headers.told(self.bill.door, error.standings, self._admission.wall)
        error.headers = {name.decode(): value.decode() for name, value in told}

    def _estimate(self, models: Sequence[Model], tokens: Taken) -> int:
        """The most that the call is thought to cost at any of the models; nothing where no price is known. Raises
        Forbidden for that, where it is blocked."""
        admission, wanted = self._admission, self.wanted
        most, known = 0, -1
        usage = None
        for model in models:
            output = wanted.output
            if output is None:
                limit = admission.output_limit(model)
                most_unknown = admission.terms.unknown_output
                output = most_unknown if limit is None else min(limit, most_unknown)
            if usage is None or output != known:
                usage, known = Usage(input=tokens.input, output=output * wanted.alternatives), output
            cost, version = admission.prices.price(model, usage)
            if cost is None and version is not None:  # It has a price, though none for tokens.
                cost = admission.prices.price(model, Usage(units=self._pieces()))[0]
            if cost is None:
                if version is None and admission.terms.unpriced == "block":
                    raise Forbidden(
                        f"Nobody knows what '{wanted.model}' costs, and calls without a price are blocked here "
                        "(pricing.unpriced). Set a price for it.",
                        param="model",
                        code="model_unpriced",
                    )
            elif cost > most:
                most = cost
        return most

    def _tell_of_loop(self, session: str, count: int) -> None:
        admission = self._admission
        self.bill.decided(admission.loop_mark)
        if count == admission.terms.loop_after:
            admission.warns(self.caller, session, count)


def _tightest(tickets: Iterable[Ticket]) -> Mapping[Kind, Standing]:
    """Of each kind the limit that has the least left."""
    found: dict[Kind, Standing] = {}
    for ticket in tickets:
        for kind, standing in ticket.standings().items():
            if kind not in found or standing.remaining < found[kind].remaining:
                found[kind] = standing
    return found
