"""Budgets as they are stored, and the ledger's sums for them: what `policy.budgets` stands on in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from gophergate.core.call import CallRecord
from gophergate.core.money import to_dollars
from gophergate.errors import Unavailable
from gophergate.ledger.writer import LedgerWriter
from gophergate.policy.budgets import Budget, Budgets, Scope
from gophergate.store.budgets import BudgetRow, spent
from gophergate.store.budgets import Budgets as BudgetRows
from gophergate.store.calls import Calls
from gophergate.store.database import Database

_PATIENCE = 5.0
"""Seconds to wait for the ledger's writer to rest."""


class Spending:
    """The budgets in force. `reload` brings them up to what is stored."""

    def __init__(
        self,
        database: Database,
        calls: Calls,
        writer: LedgerWriter,
        *,
        announce: Callable[[str, Mapping[str, Any]], None],
        clock: Callable[[], float],
    ) -> None:
        self.rows = BudgetRows(database)
        self.budgets = Budgets(_Sums(database, calls, writer), tells=self._tell, clock=clock)
        self._announce = announce

    async def reload(self) -> None:
        """Take over what is stored. Raises DatabaseUnavailable."""
        self.budgets.set([budget_of(row) for row in await self.rows.all()])

    def _tell(self, budget: Budget, share: float, nanos: int) -> None:
        self._announce(
            "budget",
            {
                "budget_id": budget.id,
                "scope": budget.scope,
                "scope_id": budget.scope_id,
                "share": share,
                "spent": to_dollars(nanos),
                "amount": to_dollars(budget.amount),
            },
        )


def budget_of(row: BudgetRow) -> Budget:
    """A stored budget as policy knows it."""
    return Budget(
        id=row.id,
        scope=row.scope,  # type: ignore[arg-type]
        scope_id=row.scope_id,
        amount=row.amount,
        period=row.period,  # type: ignore[arg-type]
        hard=row.hard,
        timezone=row.timezone,
        raised=row.raised,
        raised_until=row.raised_until,
    )


class _Sums:
    def __init__(self, database: Database, calls: Calls, writer: LedgerWriter) -> None:
        self._database = database
        self._calls = calls
        self._writer = writer

    async def spent(self, scope: Scope, scope_id: str, begin: int, end: int | None, ready: Callable[[], int]) -> int:
        try:
            async with asyncio.timeout(_PATIENCE), self._writer.at_rest() as waiting:
                total = ready()
                total += sum(
                    record.cost or 0
                    for record in waiting
                    if record.started_at >= begin
                    and (end is None or record.started_at < end)
                    and scope_id in _names(scope, record)
                )
                return total + await spent(self._database, self._calls, scope, scope_id, begin, end)
        except TimeoutError:
            raise Unavailable("What was spent cannot be told at the moment: the database does not keep up.") from None


def _names(scope: Scope, record: CallRecord) -> tuple[str | None, ...]:
    match scope:
        case "organisation":
            return (record.organisation_id,)
        case "team":
            return (record.team_id,)
        case "user":
            return (record.user_id,)
        case "client":
            return (record.client_id,)
        case "key":
            return (record.key_id,)
        case "session":
            return (record.session,)
        case "model":
            return (f"{record.provider}/{record.model}", record.model)
