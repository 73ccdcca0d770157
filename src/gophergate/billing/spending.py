"""Budgets and limits as they are stored, brought to the one point every call passes, and the ledger's sums for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from gophergate.core.call import CallRecord
from gophergate.core.caller import Caller, ScopeLimits
from gophergate.core.money import to_dollars
from gophergate.errors import Unavailable
from gophergate.ledger.writer import LedgerWriter
from gophergate.policy.admission import Admission, Model, Prices, Terms
from gophergate.policy.budgets import THRESHOLDS, Budget, Claim, Scope, Standing
from gophergate.policy.limits import LocalRates
from gophergate.policy.reservations import MemoryReservations, Patience
from gophergate.settings import Settings
from gophergate.store.budgets import BudgetRow, Whose, spent
from gophergate.store.budgets import Budgets as BudgetRows
from gophergate.store.calls import Calls
from gophergate.store.database import Database
from gophergate.store.limits import LimitRow, LimitRows

_PATIENCE = 5.0
"""Seconds to wait for the ledger's writer to rest."""

Announce = Callable[[str, Mapping[str, Any]], None]


class Spending:
    """The budgets and limits in force. `reload` brings them up to what is stored. `wall` gives Unix seconds;
    `output_limit` the most tokens that a deployment, by its label, writes."""

    def __init__(
        self,
        database: Database,
        calls: Calls,
        writer: LedgerWriter,
        prices: Prices,
        settings: Settings,
        *,
        announce: Announce,
        output_limit: Callable[[str], int | None],
        wall: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self.budgets = BudgetRows(database)
        self.limits = LimitRows(database)
        self._announce = announce
        given = settings.admission
        self.reservations = MemoryReservations(
            LedgerSums(database, calls, writer),
            tells=self._tell,
            clock=clock,
            patience=Patience(wait=given.wait, most=given.max_waiting),
        )

        def most(model: Model) -> int | None:
            return output_limit(model.label)

        self.admission = Admission(
            LocalRates(clock),
            self.reservations,
            prices,
            Terms(
                unpriced=settings.pricing.unpriced,
                unknown_output=given.unknown_output,
                at_cap=given.at_cap,
                loop_after=given.loop_after,
            ),
            wall=wall,
            clock=clock,
            warns=self._warn,
            output_limit=most,
        )

    async def reload(self) -> None:
        """Take over what is stored. Raises DatabaseUnavailable."""
        budgets = [budget_of(row) for row in await self.budgets.all()]
        self.admission.set(budgets, [bound_of(row) for row in await self.limits.all()])

    def reread(self) -> None:
        """The costs of past calls were changed: what was spent is summed anew."""
        self.reservations.forget()

    async def standing(self, row: BudgetRow, at: int) -> Standing:
        """How a budget stands. Raises Unavailable."""
        return await self.reservations.standing(Claim(budget_of(row), row.scope_id), at)

    def _tell(self, claim: Claim, share: float, nanos: int, allowed: int) -> None:
        budget = claim.budget
        self._announce(
            "budget",
            {
                "budget_id": budget.id,
                "scope": budget.scope,
                "scope_id": claim.name,
                "team_id": claim.name if budget.scope == "team" else None,
                "model": budget.model or None,
                "period": budget.period,
                "hard": budget.hard,
                "share": share,
                "spent": to_dollars(nanos),
                "amount": to_dollars(allowed),
            },
        )

    def _warn(self, caller: Caller, session: str, times: int) -> None:
        whose = {"team_id": caller.team_id, "client_id": caller.client_id, "key_id": caller.key_id}
        self._announce("loop", {**whose, "session": session, "times": times})


def budget_of(row: BudgetRow) -> Budget:
    """A stored budget as policy knows it."""
    return Budget(
        id=row.id,
        scope=row.scope,  # type: ignore[arg-type]
        scope_id=row.scope_id,
        amount=row.amount,
        period=row.period,  # type: ignore[arg-type]
        seconds=row.seconds,
        model=row.model,
        hard=row.hard,
        timezone=row.timezone,
        raised=row.raised,
        raised_until=row.raised_until,
        thresholds=THRESHOLDS if row.thresholds is None else row.thresholds,
    )


def bound_of(row: LimitRow) -> ScopeLimits:
    """Stored limits as policy knows them."""
    return ScopeLimits(row.scope, row.scope_id, **msgspec.structs.asdict(row.limits), model=row.model)


class LedgerSums:
    """`policy.budgets.Ledger` over the database and what the writer has not stored yet."""

    def __init__(self, database: Database, calls: Calls, writer: LedgerWriter) -> None:
        self._database = database
        self._calls = calls
        self._writer = writer

    async def spent(
        self, claim: Claim, begin: int, end: int | None, step: int, ready: Callable[[], None]
    ) -> Mapping[int, int]:
        budget = claim.budget
        whose = Whose(scope=budget.scope, scope_id=claim.name, model=budget.model)
        try:
            async with asyncio.timeout(_PATIENCE), self._writer.at_rest() as waiting:
                ready()
                found: dict[int, int] = {}
                for record in waiting:
                    if record.cost and record.started_at >= begin and (end is None or record.started_at < end):
                        models = (f"{record.provider}/{record.model}", record.model)
                        named = claim.name in (models if budget.scope == "model" else (_named(budget.scope, record),))
                        if named and (not budget.model or budget.model in models):
                            slot = record.started_at // step if step else 0
                            found[slot] = found.get(slot, 0) + record.cost
                stored = await spent(self._database, self._calls, whose, begin, end, step)
        except TimeoutError:
            raise Unavailable("What was spent cannot be told at the moment: the database does not keep up.") from None
        for slot, cost in stored.items():
            found[slot] = found.get(slot, 0) + cost
        return found


def _named(scope: Scope, record: CallRecord) -> str | None:
    found: str | None = getattr(record, "session" if scope == "session" else f"{scope}_id")
    return found
