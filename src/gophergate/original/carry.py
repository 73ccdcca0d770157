"""An import from beginning to end, in one transaction: all of it or nothing. A dry run does the same and takes it back,
but for the calls, which it only reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from gophergate.auditing import entry
from gophergate.billing.credit import spent_since
from gophergate.configured import Configuration
from gophergate.ids import Ids
from gophergate.original import values
from gophergate.original.report import Report
from gophergate.original.source import Source
from gophergate.secrets import Keyring
from gophergate.store.audit import record
from gophergate.store.calls import Calls
from gophergate.store.clients import Clients
from gophergate.store.database import Database
from gophergate.store.keys import Keys
from gophergate.store.rollups import HOUR_US
from gophergate.store.users import Users


class Carrier:
    """What an import works with, and what it has learned so far. `now` is Unix microseconds; `old_key` the encryption
    key of the original, where its keys are sealed; `progress` is told how many more calls were looked at."""

    def __init__(
        self,
        source: Source,
        database: Database,
        keyring: Keyring,
        configuration: Configuration,
        *,
        ids: Ids,
        now: int,
        actor: str,
        old_key: bytes | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.source = source
        self.database = database
        self.keyring = keyring
        self.configuration = configuration
        self.ids = ids
        self.now = now
        self.actor = actor
        self.old_key = old_key
        self.progress = progress
        self.clients = Clients(database)
        self.keys = Keys(database)
        self.users = Users(database)
        self.calls = Calls(database)
        self.report = Report(is_dry=False)
        self.client_ids: dict[str, str] = {}
        """Our clients by what the source calls them."""
        self.names_used: set[str] = set()
        self.known_keys: set[bytes] = set()
        self.credits: list[str] = []
        """Providers whose credit was entered."""

    def time(self, value: Any) -> int:
        """A time of the source; now, where it says none that can be read."""
        try:
            return values.moment(value) or self.now
        except ValueError:
            return self.now

    def maybe_time(self, value: Any, what: str, remarks: list[str]) -> int | None:
        """A time that need not be there; one that cannot be read is remarked upon."""
        try:
            return values.moment(value)
        except ValueError as error:
            remarks.append(f"its {what} is left out: {error}")
            return None

    async def audit(self, kind: str, target_id: str | None, after: object) -> None:
        """Note what was made, in the transaction that makes it."""
        written = entry(
            self.ids.new(),
            at=self.now,
            actor=self.actor,
            action="import",
            kind=kind,
            target_id=target_id,
            after=after,
        )
        async with self.database.write() as connection:
            await record(connection, written)


class _TakenBack(Exception):
    """Ends the transaction of a dry run."""


async def carry(at: Carrier, *, dry_run: bool) -> Report:
    """Bring everything over. What is there already is left as it is, so that a second time changes nothing.

    Raises DatabaseUnavailable; then nothing was made.
    """
    from gophergate.original.calls import carry_calls
    from gophergate.original.people import carry_clients, carry_keys, carry_users
    from gophergate.original.routing import carry_groups, carry_models, carry_providers

    at.report = Report(is_dry=dry_run)
    _describe(at)
    try:
        async with at.database.write():
            for step in (carry_clients, carry_keys, carry_users, carry_providers, carry_models, carry_groups):
                await step(at)
            if dry_run:
                raise _TakenBack
            await carry_calls(at, is_dry=False)
            await _settle_credits(at)
            await at.audit("import", at.source.path.name, {"made": at.report.totals(), "calls": at.report.calls})
    except _TakenBack:
        await carry_calls(at, is_dry=True)
    return at.report


def _describe(at: Carrier) -> None:
    report, source = at.report, at.source
    for sort, found in source.tables.items():
        report.tables[sort] = found.table
        report.unread += [f"{found.table}.{column}" for column in found.unknown]
        report.dropped |= {f"{found.table}.{column}": why for column, why in found.dropped.items()}
    report.unread += list(source.unknown_tables)


async def _settle_credits(at: Carrier) -> None:
    """Imported calls were paid before the balance was read: what they cost must not go off it again."""
    hour = at.now - at.now % HOUR_US
    for name in at.credits:
        spent = await spent_since(at.database, name, hour, at.now)
        row = await at.configuration.providers.get(name)
        credit = {**row.settings["credit"], "spent_before": spent}
        settled = msgspec.structs.replace(row, settings={**row.settings, "credit": credit})
        await at.configuration.providers.replace(settled, expected_version=row.version)
