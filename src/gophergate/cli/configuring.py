"""The configuration for one command: providers, models and groups of file and database, as `serve` would have them."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gophergate.cli.opening import Opened
    from gophergate.configured import Configuration
    from gophergate.ledger.pricing import PriceBook


@asynccontextmanager
async def configuring(at: Opened, *, asking: bool) -> AsyncIterator[Configuration]:
    """The configuration with what is known of models. `asking`: providers that list no models are asked which they
    have. Who does not answer, and what of the database cannot be used, is said on standard error and left out."""
    from gophergate.configured import Configuration
    from gophergate.transport.choose import ProxyRules, over_proxies
    from gophergate.transport.http1 import Http1Transport

    transport = over_proxies(ProxyRules.read(os.environ), Http1Transport())
    try:
        configuration = Configuration(at.settings, at.database, at.keyring, transport, wall=time.time)
        await configuration.reload()
        await configuration.facts.load()
        if asking:
            await configuration.discover()
        yield configuration
    finally:
        await transport.aclose()


def price_book(known: Configuration) -> PriceBook:
    """The prices of what is configured, as `serve` would have them."""
    from gophergate.billing.prices import book_of

    return book_of(known.settings, known, wall=time.time)
