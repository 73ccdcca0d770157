"""May this call be made, and can it be paid for: the one point that every billable call passes (R-B4).

`async with admission.admitted(...)` takes a place within the limits and a reservation in the budgets, and gives both
back when the scope ends, settled on what the call really used. What is not limited costs a look and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Literal, Protocol

import msgspec

from gophergate.core.caller import Caller
from gophergate.core.usage import Usage
from gophergate.errors import Forbidden
from gophergate.policy.budgets import Budgets, Hold, Scope
from gophergate.policy.limits import Rates, Ticket

ALLOWED_OUTPUT = 4096
"""Output tokens that are reserved for a call that names no limit of its own."""
_BYTES_PER_TOKEN = 3
"""Fewer than any tokenizer needs for prose or code, so that an estimate is rather too high than too low."""


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
    def started(self) -> int: ...

    @property
    def answered_by(self) -> str:
        """`provider/model` as the ledger names them, "" for nobody."""

    def cost(self) -> int | None: ...

    def tokens(self) -> int: ...


class Wanted(msgspec.Struct, frozen=True):
    """What a call asks for: its model's name, the deployments that may answer, bytes of its body, output tokens it
    allows, and its session."""

    model: str
    deployments: Sequence[Model]
    size: int
    output: int | None
    session: str | None


class Admission:
    """Lets calls in. `unpriced` says what becomes of a call that nobody can price."""

    def __init__(self, rates: Rates, budgets: Budgets, prices: Prices, unpriced: Literal["allow", "block"]) -> None:
        self.rates = rates
        self.budgets = budgets
        self._prices = prices
        self._blocks_unpriced = unpriced == "block"

    def admitted(self, caller: Caller, wanted: Wanted, bill: Bill, note: Callable[[bytes, bytes], None]) -> Admitted:
        """The scope of a call that is let in. `note` takes response headers that tell how the limits stand."""
        return Admitted(self, caller, wanted, bill, note)

    async def enter(self, scope: Admitted) -> None:
        """Take what the call needs. Raises Forbidden (no price), RateLimited, BudgetExceeded; then it took nothing."""
        caller, wanted = scope.caller, scope.wanted
        if not (caller.limits or self.budgets.are_any or self._blocks_unpriced):
            return
        usage = Usage(input=-(-wanted.size // _BYTES_PER_TOKEN), output=wanted.output or ALLOWED_OUTPUT)
        costs = [self._prices.price(deployment, usage)[0] for deployment in wanted.deployments]
        if self._blocks_unpriced and any(cost is None for cost in costs):
            raise Forbidden(
                f"Nobody knows what '{wanted.model}' costs, and calls without a price are blocked here "
                "(pricing.unpriced). Set a price for it.",
                param="model",
                code="model_unpriced",
            )
        if caller.limits:
            tokens = (usage.input or 0) + (wanted.output or 0)
            scope.ticket = await self.rates.enter(caller.limits, tokens)
            _tell(scope.ticket, scope.note)
        if self.budgets.are_any:
            try:
                estimate = max((cost or 0 for cost in costs), default=0)
                scope.hold = await self.budgets.reserve(_names(caller, wanted), estimate, scope.bill.started)
            except BaseException:
                if scope.ticket is not None:
                    self.rates.leave(scope.ticket, 0)
                    scope.ticket = None
                raise

    def leave(self, scope: Admitted) -> None:
        """Give back what the call took, settled on what it used."""
        if scope.hold is None and self.budgets.are_any:
            # A budget that came while the call ran counts what it cost as well.
            scope.hold = Hold(scope.bill.started, 0, [], _names(scope.caller, scope.wanted))
        if scope.hold is not None:
            if scope.bill.answered_by:
                self.budgets.narrow(scope.hold, scope.bill.answered_by)
            self.budgets.settle(scope.hold, scope.bill.cost() or 0)
        if scope.ticket is not None:
            self.rates.leave(scope.ticket, scope.bill.tokens())


class Admitted:
    """One call's place and reservation, as `async with`."""

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
        await self._admission.enter(self)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admission.leave(self)


def _names(caller: Caller, wanted: Wanted) -> dict[Scope, Sequence[str]]:
    """Every scope the call falls under. A model goes by "provider/model" as the ledger has it, and by its own name."""
    found: dict[Scope, Sequence[str]] = {"key": (caller.key_id,), "client": (caller.client_id,)}
    if caller.team_id:
        found["team"] = (caller.team_id,)
    if caller.user_id:
        found["user"] = (caller.user_id,)
    if caller.organisation_id:
        found["organisation"] = (caller.organisation_id,)
    if wanted.session:
        found["session"] = (wanted.session,)
    labels = [f"{deployment.provider_name}/{deployment.model}" for deployment in wanted.deployments]
    found["model"] = tuple(dict.fromkeys([*labels, *(deployment.model for deployment in wanted.deployments)]))
    return found


def _tell(ticket: Ticket, note: Callable[[bytes, bytes], None]) -> None:
    for kind, standing in (("requests", ticket.requests), ("tokens", ticket.token_standing)):
        if standing is not None:
            note(f"x-ratelimit-limit-{kind}".encode(), b"%d" % standing.limit)
            note(f"x-ratelimit-remaining-{kind}".encode(), b"%d" % standing.remaining)
            note(f"x-ratelimit-reset-{kind}".encode(), b"%ds" % standing.reset)
