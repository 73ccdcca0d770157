"""What is left of the money an operator has paid a provider beforehand: the balance they entered, every call since
deducted as the ledger has it."""

from __future__ import annotations

from typing import Any

import msgspec

from gophergate.store.database import Database
from gophergate.store.providers import ProviderRow
from gophergate.store.rollups import HOUR_US
from gophergate.store.usage import UsageFilter, Usages

_LOW_SHARE = 10
"""Low is less than a tenth of what was entered, where nothing else was said."""


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's credit: nano-dollars, `set_at` Unix microseconds. All of it None where none was entered."""

    balance: int | None = None
    spent: int | None = None
    left: int | None = None
    low: int | None = None
    is_low: bool = False
    set_at: int | None = None


async def credit_of(database: Database, row: ProviderRow, now: int) -> Credit:
    """How it stands at a moment (Unix microseconds). Raises DatabaseUnavailable."""
    credit = row.settings.get("credit")
    if not isinstance(credit, dict):
        return Credit()
    set_at, balance = credit["set_at"], credit["balance"]
    spent = await spent_since(database, row.name, set_at - set_at % HOUR_US, now) - credit["spent_before"]
    low = credit["low"] if credit["low"] is not None else balance // _LOW_SHARE
    left = balance - spent
    return Credit(balance=balance, spent=spent, left=left, low=low, is_low=left < low, set_at=set_at)


async def spent_since(database: Database, provider: str, since: int, now: int) -> int:
    """What a provider's calls cost since a whole hour, in nano-dollars."""
    where = UsageFilter(provider=provider)
    (total,) = await Usages(database).sums("total", since=since, until=now + HOUR_US, where=where)
    return total.cost


def entered(balance: int, low: int | None, now: int, spent_before: int) -> dict[str, Any]:
    """A balance as it is stored with its provider. `spent_before` was spent in the hour before it was entered."""
    return {"balance": balance, "low": low, "set_at": now, "spent_before": spent_before}
