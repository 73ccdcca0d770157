"""Prices as they were: the card of a past moment, by the price list that was in force then.

Where that list did not know a model, the first later one that does is asked for the prices of that date. What an
operator set counts as it is set now, a dated discount in its time. Synchronous, for one thread; keeps few lists.
"""

from __future__ import annotations

from bisect import bisect_right

from gophergate.core.usage import Usage
from gophergate.ledger.cards import Card
from gophergate.ledger.pricelists import PriceList
from gophergate.ledger.pricing import PriceBook, Where, priced


class PastPrices:
    """Made for one re-pricing. `latest`: by the newest list alone, which tells past prices too, for when the older one
    was wrong."""

    def __init__(self, book: PriceBook, *, latest: bool = False) -> None:
        self._book = book
        self._lists = book.lists
        self._latest = latest
        self._open: tuple[int, PriceList | None] = (-1, None)
        self._since = [kept.since for kept in self._lists.kept()]
        self.cards: dict[str, tuple[str, str, Card]] = {}
        """The cards that priced something, by version, with provider and model."""

    def price(self, where: Where, at: float, usage: Usage) -> tuple[int | None, str | None]:
        """What a usage at a moment (Unix seconds) costs, and the version of its price; None where nobody knows."""
        card = self.card(where, at)
        if card is None:
            return None, None
        self.cards.setdefault(card.version, (where[0], where[1], card))
        return priced(card, usage)

    def card(self, where: Where, at: float) -> Card | None:
        """The card of a moment."""
        first = len(self._since) if self._latest else bisect_right(self._since, at)
        for number in range(first, len(self._since) + 1):
            found = self._list(number)
            card = self._book.made(where, at, found) if found is not None else None
            if card is not None:
                return card
        return self._book.default

    def _list(self, number: int) -> PriceList | None:
        """The list that came into force `number`th: 0 is the one that shipped."""
        if number == len(self._since):
            return self._lists.current
        if self._open[0] != number:
            self._open = (number, self._lists.at(self._since[number - 1] if number else -1))
        return self._open[1]
