"""What an operator has paid a provider beforehand, and what is left of it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from gophergate.admin.desk import AtDesk, Desk
from gophergate.admin.providers import of_database
from gophergate.admin.shapes import Dollars, Given, Moment, Money, Shown
from gophergate.billing.credit import credit_of, entered, spent_since
from gophergate.core.money import from_dollars, to_dollars
from gophergate.store.providers import ProviderRow
from gophergate.store.rollups import HOUR_US


class CreditGiven(Given):
    """What has been paid in and is still there, and below what it is low; null forgets it."""

    balance: Dollars | None
    low: Dollars | None = None


class CreditShown(Shown):
    """A provider's credit: what was there when it was set, what calls have cost since, what is left."""

    balance: Money | None = None
    spent: Money | None = None
    left: Money | None = None
    low: Money | None = None
    is_low: bool = False
    set_at: Moment | None = None


async def get(name: str, desk: AtDesk) -> CreditShown:
    """What is left of the credit that was entered, calls up to now deducted."""
    return await _credit(desk, await of_database(desk, name))


async def set_(name: str, given: CreditGiven, desk: AtDesk) -> CreditShown:
    """Enter the credit a provider's account has now."""
    async with desk.change():
        before = await of_database(desk, name)
        settings = {key: value for key, value in before.settings.items() if key != "credit"}
        if given.balance is not None:
            now = desk.now()
            before_now = await spent_since(desk.rooms.database, name, now - now % HOUR_US, now)
            low = None if given.low is None else from_dollars(given.low)
            settings["credit"] = entered(from_dollars(given.balance), low, now, before_now)
        # No other version of the provider: whoever reads it at the time may still change it.
        after = replace(before, settings=settings)
        after = await desk.rooms.configuration.providers.replace(after, expected_version=before.version)
        await desk.note("set_credit", "provider", name, before=_noted(before), after=_noted(after))
    await desk.reconfigured()
    return await _credit(desk, after)


def _noted(row: ProviderRow) -> dict[str, str | None]:
    credit: dict[str, Any] = row.settings.get("credit", {})
    return {name: None if credit.get(name) is None else to_dollars(credit[name]) for name in ("balance", "low")}


async def _credit(desk: Desk, row: ProviderRow) -> CreditShown:
    return CreditShown.model_validate(await credit_of(desk.rooms.database, row, desk.now()))
