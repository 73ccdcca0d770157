"""The book of calls: opens an entry for each, knows which are under way, and holds what all entries need."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from gophergate.core.call import CallBodies, CallRecord
from gophergate.core.caller import Caller
from gophergate.core.events import Event
from gophergate.core.usage import Usage
from gophergate.errors import Unauthenticated
from gophergate.ledger.entry import Entry

_SOON = 0.05
"""A call that has run for this many seconds, and at most twice as many, is noted in the journal; a stream is before its
first byte goes out."""


class Priced(Protocol):
    """A deployment, as far as the ledger needs it (`routing.base.Deployment` fits)."""

    @property
    def label(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def provider_name(self) -> str: ...


class Pricing(Protocol):
    """Gives a usage its price at a deployment: nano-dollars (None: unpriced) and the price's version."""

    def price(self, deployment: Priced, usage: Usage | None) -> tuple[int | None, str | None]: ...


class Rows(Protocol):
    """Takes rows; never waits, never raises (`ledger.writer.LedgerWriter`)."""

    def begin(self, record: CallRecord) -> None:
        """What shall stand for a call if the process is killed before `put`."""

    def put(self, record: CallRecord, bodies: CallBodies | None = None) -> None: ...


class Audience(Protocol):
    """Whoever watches calls as they happen (`live.feed.Feed`). Never waits, never raises."""

    def began(self, source: Entry) -> None: ...

    def heard(self, source: Entry, events: Iterable[Event]) -> None: ...

    def ended(self, record: CallRecord) -> None: ...


class Book:
    """Opens entries. `keeps` says which calls keep their bodies: "none", "errors" or "all"; `redact` names the members
    of bodies whose values are not kept. `audience` is None while nobody watches."""

    def __init__(
        self,
        rows: Rows,
        pricing: Pricing,
        *,
        wall: Callable[[], float],
        clock: Callable[[], float],
        keeps: str = "none",
        redact: Iterable[str] = (),
    ) -> None:
        self.rows = rows
        self.pricing = pricing
        self.wall = wall
        self.clock = clock
        self.keeps = keeps
        self.redact = frozenset(redact)
        self.audience: Audience | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        """What all calls run on, once that is known: to ask which it is costs a call a look at the process's id."""
        self.running: dict[str, Entry] = {}
        """The calls under way, by id."""
        self._young: list[Entry] = []
        self._older: list[Entry] = []

    def end_calls(self, key_id: str) -> None:
        """End what runs on a key that is no longer good (R-X5). Each call tells its client so, and leaves its row."""
        for entry in list(self.running.values()):
            if entry.caller.key_id == key_id:
                entry.stop(Unauthenticated("The API key was revoked during the call.", code="key_revoked"))

    def watch(self, entry: Entry) -> None:
        """Note a call that is not over soon, so that a kill leaves its row. One timer serves all calls of a moment, and
        none is noted before it was there at two rings: a short call costs the journal one record, also when the
        process is so busy that a ring always meets some."""
        if not (self._young or self._older):
            asyncio.get_running_loop().call_later(_SOON, self._note_running)
        self._young.append(entry)

    def _note_running(self) -> None:
        older, self._older, self._young = self._older, self._young, []
        for entry in older:
            entry.begun()
        if self._older:
            asyncio.get_running_loop().call_later(_SOON, self._note_running)

    def entry(self, call_id: str, request_id: str, caller: Caller, door: str, operation: str) -> Entry:
        """An entry, to be used as `with`."""
        return Entry(self, call_id, request_id, caller, door, operation)
