"""Prices past calls again, each from what its row says it used, by the card of its own date (R-U2, N6).

Piece by piece: five hundred calls are read, priced off the event loop, and written with the sums they change in one
short transaction, so that new calls go on and a run that is broken off leaves nothing half done. Running it again
changes nothing more. What a call cost for attempts that were given up (lost hedges) stays, and calls of a provider that
is not configured any more keep what they cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from gophergate.configured import Configuration
from gophergate.errors import GatewayError
from gophergate.ledger.cards import Card
from gophergate.ledger.pastprices import PastPrices
from gophergate.ledger.pricing import PriceBook, Where
from gophergate.store.calls import Calls
from gophergate.store.database import Database
from gophergate.store.periods import Period
from gophergate.store.prices import CardRow, PriceCards
from gophergate.store.repricing import CallPrice, NewPrice, StoredPrices, Which

AT_ONCE = 500
"""Calls in one transaction: some tens of milliseconds of the database's write lock."""


class Repriced(msgspec.Struct, kw_only=True):
    """What becomes of the calls of one model, or of all: how many were looked at, how many cost something else (or are
    priced by another card) now, their costs before and after in nano-dollars, how many had and have no price."""

    model: str = ""
    rows: int = 0
    changed: int = 0
    before: int = 0
    after: int = 0
    unpriced_before: int = 0
    unpriced_after: int = 0
    kept: int = 0
    """Calls of a provider that is not configured any more, which keep their cost."""

    def count(self, call: CallPrice, cost: int | None, *, changed: bool, kept: bool) -> None:
        """Add one call."""
        self.rows += 1
        self.changed += changed
        self.kept += kept
        self.before += call.cost or 0
        self.after += cost or 0
        self.unpriced_before += call.cost is None
        self.unpriced_after += cost is None


class Outcome(msgspec.Struct, kw_only=True):
    """A run, so far or at its end. `done` and `weeks` say how far it has come."""

    total: Repriced
    models: dict[str, Repriced]
    done: int = 0
    weeks: int = 0


class Job:
    """One run in the background: how far it is, and how it ended. `error` is one sentence, "" while all is well;
    `ended` is for its owner to set, once what follows from the run is done too."""

    def __init__(self, *, dry_run: bool) -> None:
        self.dry_run = dry_run
        self.state: Literal["running", "done", "failed"] = "running"
        self.outcome = Outcome(total=Repriced(), models={})
        self.error = ""
        self.ended = asyncio.Event()

    async def run(self, repricer: Repricer, which: Which, *, latest: bool) -> None:
        """See it through. Raises nothing but CancelledError: what went wrong stands in `error`."""
        try:
            self.outcome = await repricer.run(which, dry_run=self.dry_run, latest=latest, progress=self._note)
            self.state = "done"
        except GatewayError as error:
            self.error = error.message
        finally:
            if self.state == "running":
                self.state = "failed"
                self.error = self.error or "It was broken off."

    def _note(self, outcome: Outcome) -> None:
        self.outcome = outcome


class Repricer:
    """Re-pricing for one configuration. `now` is Unix microseconds."""

    def __init__(
        self,
        database: Database,
        calls: Calls,
        configuration: Configuration,
        book: PriceBook,
        *,
        now: Callable[[], int],
    ) -> None:
        self._stored = StoredPrices(database, calls)
        self._cards = PriceCards(database)
        self._configuration = configuration
        self._book = book
        self._now = now

    async def run(
        self,
        which: Which,
        *,
        dry_run: bool,
        latest: bool = False,
        progress: Callable[[Outcome], None] = lambda outcome: None,
    ) -> Outcome:
        """Price these calls again; a dry run only says what would change. `latest` goes by the newest price list alone.

        Cancelled or failed, every call is either as it was or priced anew, and every sum fits. Raises
        DatabaseUnavailable.
        """
        past = await asyncio.to_thread(PastPrices, self._book, latest=latest)
        names = self._names()
        outcome = Outcome(total=Repriced(), models={})
        weeks = await self._stored.weeks(which)
        outcome.weeks = len(weeks)
        for week in weeks:
            after = -1
            while calls := await self._stored.read(week, which, after=after, limit=AT_ONCE):
                after = calls[-1].seq
                new = await asyncio.to_thread(self._priced, past, names, calls, outcome)
                if new and not dry_run:
                    await self._write(week, past, new)
                progress(outcome)
            outcome.done += 1
            progress(outcome)
        return outcome

    def _priced(
        self, past: PastPrices, names: Mapping[tuple[str, str], str], calls: list[CallPrice], outcome: Outcome
    ) -> list[NewPrice]:
        new = []
        for call in calls:
            kept = self._configuration.row(call.provider) is None
            cost, version = call.cost, call.version
            if not kept:
                label = names.get((call.provider, call.model), f"{call.provider}/{call.model}")
                where: Where = (call.provider, call.model, label, call.usage.tier)
                cost, version = past.price(where, call.started_at / 1_000_000, call.usage)
                if call.lost:
                    cost = (cost or 0) + call.lost
            changed = (cost, version) != (call.cost, call.version)
            name = f"{call.provider}/{call.model}"
            each = outcome.models.setdefault(name, Repriced(model=name))
            each.count(call, cost, changed=changed, kept=kept)
            outcome.total.count(call, cost, changed=changed, kept=kept)
            if changed:
                new.append(NewPrice(call=call, cost=cost, version=version))
        return new

    async def _write(self, week: Period, past: PastPrices, new: list[NewPrice]) -> None:
        used, past.cards = past.cards, {}
        await self._cards.add(card_rows(used, now=self._now()))
        await self._stored.write(week, new)

    def _names(self) -> dict[tuple[str, str], str]:
        """What a model is called here, by its provider and the name it has there, where those differ."""
        return {
            (name.partition("/")[0], row.mapped_name): name
            for name, row in self._configuration.model_rows.items()
            if row.mapped_name
        }


def card_rows(cards: Mapping[str, tuple[str, str, Card]], *, now: int) -> dict[str, CardRow]:
    """Cards as they are kept, by version: each with the provider and model it priced first, at `now` (microseconds)."""
    return {
        version: CardRow(
            version=version,
            provider=provider,
            model=model,
            card=msgspec.json.encode(card).decode(),
            first_used_at=now,
        )
        for version, (provider, model, card) in cards.items()
    }
