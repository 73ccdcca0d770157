"""What the operators' API works with, as `app` built it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from gophergate.admin.desk import Announce
from gophergate.admin.sessions import Sessions
from gophergate.admin.throttle import Throttle
from gophergate.billing.prices import PriceKeeping
from gophergate.billing.spending import Spending
from gophergate.configured import Configuration
from gophergate.ids import Ids
from gophergate.ledger.book import Book
from gophergate.ledger.writer import LedgerWriter
from gophergate.policy.auth import Auth
from gophergate.routing.choose import Chooser
from gophergate.routing.health import Health
from gophergate.secrets import Keyring, Passwords
from gophergate.settings import Settings
from gophergate.store.calls import Calls
from gophergate.store.database import Database
from gophergate.transport.base import Transport
from gophergate.webhooks import Webhooks


class Rooms(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a handler may reach. `wall` gives Unix seconds; `started` is when this process began to serve;
    `book` knows the calls under way, `health` what calls are kept away from."""

    settings: Settings
    database: Database
    keyring: Keyring
    configuration: Configuration
    transport: Transport
    auth: Auth
    calls: Calls
    writer: LedgerWriter
    prices: PriceKeeping
    sessions: Sessions
    passwords: Passwords
    throttle: Throttle
    ids: Ids
    wall: Callable[[], float]
    clock: Callable[[], float]
    later: Callable[[Coroutine[Any, Any, None]], None]
    announce: Announce
    book: Book
    spending: Spending
    webhooks: Webhooks
    chooser: Chooser
    health: Health
    started: float
