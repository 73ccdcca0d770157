"""Budgets: what one is, what a call claims of it, and the seam behind which reservations are counted.

The promise, kept by every `Reservations` (tests/unit/policy/test_reservations.py runs over each):

- A call holds its estimate in all budgets it falls under, or in none (R-B1).
- What is spent and held of a hard budget never exceeds what is allowed when a call is let in. A call that fits only in
  part is let in with what is left, one such call at a time: so the cap is passed by one call's error at most (law 7).
- While others' reservations are all that stands in the way, a call waits its turn; it is refused for good only when the
  money is spent.
- A reservation has an owner and an expiry; it is settled once, on the call's real cost, and counts no more (R-B2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from gophergate.core.money import to_dollars
from gophergate.errors import BudgetExceeded
from gophergate.policy.windows import Period, Window
from gophergate.times import rfc3339

Scope = Literal["organisation", "team", "user", "client", "key", "model", "session"]

THRESHOLDS = (0.5, 0.8, 1.0)
EVERY = "*"
"""As a session budget's `scope_id`: a budget of its own for each session."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """So much money for a scope in each period. `hard` refuses, else it only tells. `seconds` is the length of a
    rolling period. `model` narrows it to calls of one model. `raised` is a temporary addition to `amount` (both
    nano-dollars), until `raised_until`. `thresholds` are the shares at which it is told of."""

    id: str
    scope: Scope
    scope_id: str
    amount: int
    period: Period
    seconds: int = 0
    model: str = ""
    hard: bool = True
    timezone: str = "UTC"
    raised: int = 0
    raised_until: int | None = None
    thresholds: tuple[float, ...] = THRESHOLDS

    def allowed(self, at: int) -> int:
        """What may be spent in the window of a moment."""
        is_raised = self.raised_until is not None and at < self.raised_until
        return self.amount + (self.raised if is_raised else 0)


class Claim(msgspec.Struct, frozen=True):
    """One budget that a call falls under. `name` is whose it is: the budget's own `scope_id`, or the session's where
    each has its own."""

    budget: Budget
    name: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A budget now: nano-dollars, and its window. `resets_at` is when it begins anew or, of a rolling one, when the
    oldest of what is spent counts no more; None never, or when there is nothing to reset."""

    spent: int
    reserved: int
    window: Window
    resets_at: int | None


class Hold:
    """A call's reservation: settle it once, whatever became of the call. `expires` is on the backend's clock."""

    __slots__ = ("at", "claims", "estimate", "expires", "is_settled", "owner", "parts")

    def __init__(self, owner: str, claims: Sequence[Claim], estimate: int, at: int, expires: float) -> None:
        self.owner = owner
        self.claims = claims
        self.estimate = estimate
        self.at = at
        self.expires = expires
        self.is_settled = False
        self.parts: list[tuple[object, int]] = []
        """The backend's own: where it is held, and how much."""


class Reservations(Protocol):
    """Where reservations are counted. One process has `policy.reservations`; many share a backend with this shape."""

    async def reserve(self, owner: str, claims: Sequence[Claim], estimate: int, at: int, *, waits: bool = True) -> Hold:
        """Hold `estimate` nano-dollars in every claim, or in none, for the call `owner` that began `at` (Unix
        microseconds). Waits its turn while others' reservations are in the way, unless it must not (a call that
        another one waits for). Raises BudgetExceeded, Unavailable; then, and when cancelled at any moment, it has
        taken nothing."""

    def settle(self, hold: Hold, claims: Sequence[Claim], cost: int) -> None:
        """The call is over, fell under `claims` in the end, and cost so much. Never waits, so that no cancellation
        comes between it and the ledger; a second time changes nothing."""

    def renew(self, hold: Hold, least: int) -> None:
        """The call goes on: its reservation expires later, and is no less than `least` nano-dollars now."""

    def overrun(self, hold: Hold, cost: int, now: int) -> BudgetExceeded | None:
        """What to tell a call that has cost so much already, when that is more than a hard budget of its has left."""

    def changed(self, budgets: Mapping[str, Budget]) -> None:
        """These budgets, by id, are in force from now on."""

    async def standing(self, claim: Claim, at: int) -> Standing:
        """How a budget stands. Raises Unavailable."""


class Ledger(Protocol):
    """Where what was spent stands."""

    async def spent(
        self, claim: Claim, begin: int, end: int | None, step: int, ready: Callable[[], None]
    ) -> Mapping[int, int]:
        """What the calls of a claim that began in [begin, end) cost, those not yet stored included: by `step`s of time
        (`started_at // step`), or in one sum at 0 for step 0. `ready` is called at the moment from which on whatever
        is settled is counted by the caller. Raises Unavailable."""


class OverBudget(BudgetExceeded):
    """A refusal by a budget. `claim` is whose it is and `why` what is the matter with it, for the record; `is_held`:
    all that is left is reserved for calls under way."""

    def __init__(self, claim: Claim, standing: Standing, at: int, *, is_held: bool) -> None:
        budget = claim.budget
        resets = standing.resets_at
        until = f"it resets at {rfc3339(resets)}" if resets is not None else "it does not reset"
        model = f" for {budget.model}" if budget.model else ""
        state = "is held by calls under way" if is_held else "is used up"
        money = f"budget{model} of ${to_dollars(budget.allowed(at))}{_per(budget)} {state}"
        whose = f"{budget.scope}'s"
        if budget.scope == "model" or budget.scope_id == EVERY:
            whose = f"{budget.scope} {claim.name}'s"
        wait = 1.0 if is_held else (resets - at) / 1_000_000 if resets is not None else None
        super().__init__(
            f"The {whose} {money}: ${to_dollars(standing.spent)} spent, "
            f"${to_dollars(standing.reserved)} reserved; {until}.",
            code="budget_exceeded",
            retry_after=None if wait is None else max(1.0, wait),
            headers={"x-should-retry": "true" if is_held else "false"},
        )
        self.claim = claim
        self.is_held = is_held
        self.why = f"{'its' if budget.scope == 'model' else f'the {whose}'} {money}"


Tells = Callable[[Claim, float, int, int], None]
"""Called when a threshold is first passed in a window: whose, the share, what is spent and what is allowed."""


def refused(claim: Claim, standing: Standing, at: int, *, is_held: bool) -> OverBudget:
    """The refusal of a call by a budget (R-B6). `is_held`: all that is left is reserved for calls under way, so the
    clients that obey `x-should-retry` try again soon."""
    return OverBudget(claim, standing, at, is_held=is_held)


def _per(budget: Budget) -> str:
    if budget.period == "rolling":
        return f" for any {budget.seconds} seconds"
    return "" if budget.period == "total" else f" for the {budget.period}"
