"""Keeps prices: builds the price book, refreshes the price list in the background, puts every card that was used on
record, and tells watchers what has no price and which provider's credit runs low.

Nothing here is on a call's path. Without a network all goes on with the prices there are (R-I1).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from gophergate.billing.credit import credit_of
from gophergate.billing.repricing import Job, card_rows
from gophergate.configured import Configuration
from gophergate.core.call import CallRecord
from gophergate.core.money import to_dollars
from gophergate.errors import GatewayError, Unavailable
from gophergate.ledger.pricelists import PriceLists, UnusablePrices
from gophergate.ledger.pricing import PriceBook
from gophergate.settings import Settings
from gophergate.store.database import Database
from gophergate.store.prices import PriceCards
from gophergate.transport.base import Ask, Timeouts, Transport

logger = logging.getLogger("gophergate")

_TICK = 2.0
_FIRST_LOOK = 60.0
"""Seconds after the start: nobody waits for newer prices, and a start has better things to do."""
_AGAIN = 3600.0
"""Seconds after a failed look, where that is sooner than the next."""
_MOST_BYTES = 32 << 20
"""The published list has 3 MB."""
_CREDIT_EVERY = 30.0
_DAY = 86_400


class PriceNews(msgspec.Struct, frozen=True, kw_only=True):
    """How the price list stands. `version` and `since` of the one in force (`since` 0: it came with the package),
    `checked_at` when it was last seen to be the newest (None: never), `error` why the last look failed, "" if it did
    not. Times are Unix seconds."""

    version: str
    since: int
    checked_at: int | None
    error: str


class PriceKeeping:
    """The prices of one gateway. `run` is its background task; `written` is told of the calls that were stored."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        transport: Transport,
        configuration: Configuration,
        *,
        wall: Callable[[], float],
        announce: Callable[[str, Mapping[str, Any]], None],
    ) -> None:
        self._settings = settings.pricing
        self._database = database
        self._transport = transport
        self._configuration = configuration
        self._wall = wall
        self._announce = announce
        self.book = book_of(settings, configuration, wall=wall)
        self.lists = self.book.lists
        self.cards = PriceCards(database)
        self.job: Job | None = None
        """The last run that priced past calls again."""
        configuration.on_swap.append(self.book.forget)
        self._error = ""
        self._next_look = wall() + _FIRST_LOOK
        self._next_credit = 0.0
        self._day = 0
        self._told: set[str] = set()
        self._told_credit: dict[str, int] = {}

    @property
    def blocks_unpriced(self) -> bool:
        """Whether a call that nobody can price is refused."""
        return self._settings.unpriced == "block"

    async def warm(self) -> None:
        """Read the price list, if any provider is priced by it."""
        if any(provider.row.price_id for provider in self._configuration.current.providers.values()):
            await asyncio.to_thread(self.book.warm)

    async def run(self) -> None:
        """Until cancelled."""
        checked = await asyncio.to_thread(self._checked_at)
        if checked is not None:
            self._next_look = max(self._next_look, checked + self._settings.refresh)
        try:
            while True:
                await asyncio.sleep(_TICK)
                try:
                    await self.record()
                    if self._wall() >= self._next_credit:
                        self._next_credit = self._wall() + _CREDIT_EVERY
                        await self._look_at_credit()
                except Unavailable as error:
                    logger.debug("cannot keep prices at the moment: %s", error.message)
                if self._settings.refresh and self._wall() >= self._next_look:
                    await self.refresh()
        finally:
            # The cards of the last calls: the versions on their rows shall name something.
            with contextlib.suppress(Unavailable):
                await self.record()

    async def record(self) -> None:
        """Keep the cards that were made since the last time. Raises DatabaseUnavailable; they are tried again then."""
        rows = card_rows(self.book.made_cards, now=int(self._wall() * 1_000_000))
        await self.cards.add(rows)
        for version in rows:
            self.book.made_cards.pop(version, None)

    async def refresh(self) -> PriceNews:
        """Look for newer prices now, and go by them if there are. Never raises: a failure is told in what it gives,
        and logged once until a look succeeds."""
        now = int(self._wall())
        try:
            data = await fetched(self._transport, self._settings.source)
            found = await asyncio.to_thread(self.lists.keep, data, now)
        except (GatewayError, UnusablePrices, OSError) as error:
            reason = error.message if isinstance(error, GatewayError) else str(error)
            if not self._error:
                logger.warning("cannot refresh prices, and go on with those there are: %s", reason)
            self._error = reason
            self._next_look = now + min(self._settings.refresh or _AGAIN, _AGAIN)
        else:
            self._error = ""
            self._next_look = now + (self._settings.refresh or _DAY)
            if found is not None:
                self.book.forget()
                logger.info("new prices: %s", found.version)
                self._announce("prices", {"version": found.version})
        return await asyncio.to_thread(self.news)

    def news(self) -> PriceNews:
        """How the price list stands. Reads files: call it in a thread."""
        version, since = self.lists.named()
        return PriceNews(version=version, since=since, checked_at=self._checked_at(), error=self._error)

    def _checked_at(self) -> int | None:
        kept = self.lists.kept()
        return int(kept[-1].path.stat().st_mtime) if kept else None

    def written(self, records: Sequence[CallRecord]) -> None:
        """Tell watchers once a day of each model that was used and has no price (R-U2)."""
        today = int(self._wall()) // _DAY
        if today != self._day:
            self._day, self._told = today, set()
        unpriced = {
            (record.provider, record.model): record.id
            for record in records
            if record.cost is None and record.usage_source != "none"
        }
        for (provider, model), call_id in unpriced.items():
            name = f"{provider}/{model}"
            if name not in self._told:
                self._told.add(name)
                self._announce("unpriced", {"model": name, "call_id": call_id})

    async def _look_at_credit(self) -> None:
        now = int(self._wall() * 1_000_000)
        for row in await self._configuration.providers.all():
            credit = await credit_of(self._database, row, now)
            if not credit.is_low or credit.set_at is None or self._told_credit.get(row.name) == credit.set_at:
                continue
            self._told_credit[row.name] = credit.set_at
            self._announce(
                "credit",
                {"provider": row.name, "left": to_dollars(credit.left or 0), "low": to_dollars(credit.low or 0)},
            )


def book_of(settings: Settings, configuration: Configuration, *, wall: Callable[[], float]) -> PriceBook:
    """The price book of a configuration, with the lists that lie in its data directory."""
    pricing = settings.pricing
    return PriceBook(
        wall=wall,
        row=configuration.row,
        terms=configuration.terms,
        lists=PriceLists(price_folder(settings)),
        default=pricing.default.rates() if pricing.unpriced == "default" else None,
    )


def price_folder(settings: Settings) -> Path:
    """Where fetched price lists lie."""
    return settings.data_dir / "prices"


async def fetched(transport: Transport, url: str) -> bytes:
    """The list at an address that the operator's configuration names. Raises GatewayError, UnusablePrices."""
    ask = Ask(
        method="GET",
        url=url,
        headers=((b"accept", b"application/json"), (b"user-agent", b"gophergate")),
        timeouts=Timeouts(connect=10.0, first_byte=30.0, idle=30.0, total=120.0),
    )
    async with await transport.send(ask) as answer:
        if answer.status != 200:
            raise UnusablePrices(f"{url} answered {answer.status}")
        return await answer.read(_MOST_BYTES)
