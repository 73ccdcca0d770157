"""The database for one command: opened with the key that fits, and closed whatever happens."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from gophergate.cli.printing import warn
from gophergate.ids import Ids
from gophergate.keyfile import SetupError, prepare
from gophergate.secrets import Keyring
from gophergate.settings import Settings

if TYPE_CHECKING:
    from gophergate.store.database import Database

Result = TypeVar("Result")


class Opened(msgspec.Struct, frozen=True):
    """What a command works with. `now` is Unix microseconds."""

    settings: Settings
    database: Database
    keyring: Keyring
    ids: Ids
    now: Callable[[], int]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Opened]:
    """The database that `settings` name, its schema current and its key fitting.

    Raises SetupError when there is no database yet, its schema is behind or its key another; DatabaseUnavailable.
    """
    from gophergate.setup import check_key
    from gophergate.store.revision import current_revision, is_behind

    async with opened_as_it_is(settings) as database:
        if is_behind(await current_revision(database)):
            raise SetupError(
                f"The schema of {database.name} is behind this version: run `gophergate db upgrade`, or start "
                "`gophergate serve` once."
            )
        keyring = prepare(settings, announce=warn)
        await check_key(database, keyring, now=now())
        yield Opened(settings, database, keyring, Ids(time.time, random.SystemRandom().getrandbits), now)


@asynccontextmanager
async def opened_as_it_is(settings: Settings, *, may_create: bool = False) -> AsyncIterator[Database]:
    """The database, whatever its schema. A missing SQLite file is an error unless it may be created."""
    from gophergate.store.database import open_database

    file = settings.database_file
    if file is not None and not may_create and not file.exists():
        raise SetupError(
            f"There is no database {file} yet: start `gophergate serve` once, or run `gophergate db upgrade`."
        )
    database = await open_database(settings.database.url.reveal(), readers=1)
    try:
        yield database
    finally:
        await database.close()


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's work to its end; Ctrl-C cancels it first, so that scopes are left in order."""
    return asyncio.run(work)


def now() -> int:
    """Unix microseconds."""
    return time.time_ns() // 1000
