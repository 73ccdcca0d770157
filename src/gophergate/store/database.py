"""One open database: a small pool for reading, and writing that takes its turn.

SQLite allows one writer, so there is one writing connection and an order at its door; readers never wait for
it (WAL). PostgreSQL gets a pool for both. What a driver raises stops here and becomes one of two errors.
This file knows nothing of tables.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    TimeoutError,
)

from gophergate.errors import BadRequest, Unavailable
from gophergate.store.connection import AsyncConnection, AsyncEngine

BUSY_SECONDS = 5.0
"""How long one statement waits for another process's write before the database counts as locked."""

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_PRAGMAS = (
    "journal_mode=WAL",
    # In WAL mode NORMAL loses no consistency, only the last commits on a power cut; the journal has those.
    "synchronous=NORMAL",
    "temp_store=MEMORY",
    "cache_size=-16000",
    # Busy index pages are copied back to the file once per checkpoint: fewer checkpoints, less work per row.
    "wal_autocheckpoint=4000",
    "journal_size_limit=67108864",
)


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, is locked, full or broken: the same work may succeed later."""


class Conflict(BadRequest):
    """The change contradicts what is stored: a name that is taken, a row that is referred to or is missing."""

    status, code, kind = 409, "conflict", "invalid_request"


class Unstorable(BadRequest):
    """A value that this database takes in no column, such as a text with a NUL in it: trying again is in vain."""

    code = "invalid_value"


class Database:
    """Made by `open_database`. `dialect` is "sqlite" or "postgresql", `sql` how it is spoken; for this room only."""

    def __init__(self, url: URL, reading: AsyncEngine, writing: AsyncEngine) -> None:
        self.url = url
        self.sql = writing.dialect
        self.dialect = self.sql.name
        self._reading = reading
        self._writing = writing
        self._turn: AbstractAsyncContextManager[Any] = asyncio.Lock() if self.dialect == "sqlite" else nullcontext()
        self._under_way: ContextVar[tuple[AsyncConnection, object] | None] = ContextVar("transaction", default=None)

    @property
    def name(self) -> str:
        """How messages call it: the URL without the password."""
        return self.url.render_as_string(hide_password=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read by. Every statement sees the newest commit; nothing may be written here.

        Inside the same task's transaction it is that transaction. Raises DatabaseUnavailable.
        """
        joined = self._joined()
        if joined is not None:
            yield joined
            return
        with self.translated():
            async with self._reading.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed when the block ends, rolled back when it raises or is cancelled.

        On SQLite it holds the database's write lock from the start, so what it reads cannot change under it. Within
        another of the same task it is a part of that one: so a change and what is noted of it go in together.
        Raises DatabaseUnavailable, Conflict, Unstorable.
        """
        joined = self._joined()
        if joined is not None:
            yield joined
            return
        with self.translated():
            async with self._turn, self._writing.begin() as connection:
                token = self._under_way.set((connection, asyncio.current_task()))
                try:
                    yield connection
                finally:
                    self._under_way.reset(token)

    def _joined(self) -> AsyncConnection | None:
        """The transaction this very task is in; a task it started is not in it, though it inherits the variable."""
        found = self._under_way.get()
        return found[0] if found is not None and found[1] is asyncio.current_task() else None

    def translated(self) -> Translation:
        """A scope that turns what drivers raise into this room's errors."""
        return Translation(self.name)

    async def close(self) -> None:
        """Give back every connection. Statements that are running end first."""
        await self._reading.dispose()
        await self._writing.dispose()


class Translation:
    """See `Database.translated`. Messages never hold a statement's parameters."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, IntegrityError):
            raise Conflict(f"The change contradicts what is stored: {error.orig}.") from error
        if isinstance(error, DBAPIError):
            if _is_of_the_values(error):
                # Without the driver's own words, which hold the value.
                raise Unstorable("A value holds a character or is of a size that the database cannot take.") from None
            raise DatabaseUnavailable(f"The database {self._name} cannot be used: {error.orig}.") from error
        if isinstance(error, TimeoutError):
            raise DatabaseUnavailable(f"The database {self._name} is too busy to answer.") from error
        if isinstance(error, OSError):
            reason = error.strerror or str(error) or type(error).__name__
            raise DatabaseUnavailable(f"The database {self._name} cannot be reached: {reason}.") from error


def _is_of_the_values(error: DBAPIError) -> bool:
    """Whether the values are to blame, so that trying again is in vain. sqlite3 calls a value it cannot bind a
    ProgrammingError; PostgreSQL's drivers mean a missing table by that, which an upgrade may bring. asyncpg refuses one
    with a ValueError before it sends it, and PostgreSQL itself with a code of class 22 (data exception, such as a NUL
    in a text), both of which SQLAlchemy passes on as an error of no kind.
    """
    if isinstance(error, DataError):
        return True
    cause = error.orig.__cause__ if error.orig is not None else None
    if isinstance(cause, ValueError) or str(getattr(cause, "sqlstate", None) or "").startswith("22"):
        return True
    is_misuse = isinstance(error, ProgrammingError) and "bind" in str(error.orig).lower()
    return is_misuse and not error.connection_invalidated


async def open_database(url: str, *, readers: int = 4, busy_seconds: float = BUSY_SECONDS) -> Database:
    """Open and try the database at `url` ("sqlite+aiosqlite:///FILE" or "postgresql+asyncpg://user@host/db").

    A missing SQLite file is made, readable by its owner only; its schema comes from `revision.upgrade`.
    Raises ValueError for an address that is none, DatabaseUnavailable when nothing answers there.
    """
    address = database_address(url)
    if address.get_backend_name() == "sqlite":
        _make_private(address)
    try:
        reading = engine(address, for_writing=False, size=readers, busy_seconds=busy_seconds)
        writing = engine(address, for_writing=True, size=readers, busy_seconds=busy_seconds)
    except ModuleNotFoundError as error:
        raise DatabaseUnavailable(
            f"PostgreSQL needs the driver {error.name}, which is not installed: install GopherGate with its extra, "
            "`pip install 'gophergate[postgresql]'`."
        ) from error
    database = Database(address, reading, writing)
    try:
        async with database.read() as connection:
            await connection.execute(text("SELECT 1"))
    except BaseException:
        await database.close()
        raise
    return database


def database_address(url: str) -> URL:
    """The parsed URL with the driver we use. Raises ValueError with one sentence."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(
            "The database URL cannot be read. It looks like sqlite+aiosqlite:///FILE or "
            "postgresql+asyncpg://user@host/database."
        ) from None
    backend = address.drivername.partition("+")[0]
    if backend not in _DRIVERS:
        raise ValueError(f"The database kind '{backend}' is not known: use sqlite or postgresql.")
    if backend == "sqlite" and address.database in (None, "", ":memory:"):
        raise ValueError("The database needs a file: readers and the writer have connections of their own.")
    return address.set(drivername=_DRIVERS[backend])


def engine(
    address: URL, *, for_writing: bool, size: int, busy_seconds: float, foreign_keys: bool = True
) -> AsyncEngine:
    """An engine for one side. Parameters never appear in its errors: they may be secrets."""
    options: dict[str, Any] = {"hide_parameters": True, "pool_size": size, "max_overflow": 0}
    if not for_writing:
        # Single statements need no transaction; saving BEGIN and ROLLBACK halves the cost of a key look-up.
        options |= {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
    is_sqlite = address.get_backend_name() == "sqlite"
    if is_sqlite:
        _bind_cheaply()
        if for_writing:
            # isolation_level None stops sqlite3 from beginning transactions of its own; we say BEGIN ourselves.
            options |= {"pool_size": 1, "connect_args": {"isolation_level": None}}
        pragmas = [f"busy_timeout={int(busy_seconds * 1000)}", f"foreign_keys={int(foreign_keys)}", *_PRAGMAS]
        first = [f"PRAGMA {pragma}" for pragma in pragmas] + ([] if for_writing else ["PRAGMA query_only=ON"])
    else:
        options["pool_pre_ping"] = True
        first = [] if for_writing else ["SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"]
    made = create_engine(address, **options)

    @event.listens_for(made, "connect")
    def configure(connection: DriverConnection, record: object) -> None:
        cursor = connection.cursor()
        for statement in first:
            cursor.execute(statement)
        cursor.close()

    if is_sqlite and for_writing:

        @event.listens_for(made, "begin")
        def begin(connection: Connection) -> None:
            # A deferred transaction that turns into a writer can fail at once, however long it is told to wait.
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return AsyncEngine(made)


def _bind_cheaply() -> None:
    """For each None and bool that is bound sqlite3 looks for an adapter, and where it finds none it raises an error and
    swallows it: half of what writing a row of the request log costs. So they get adapters, which change nothing."""
    sqlite3.register_adapter(type(None), _itself)
    sqlite3.register_adapter(bool, int)


def _itself(nothing: None) -> None:
    return nothing


class DriverConnection(Protocol):
    """What `configure` needs of a driver's connection."""

    def cursor(self) -> Any: ...


def _make_private(address: URL) -> None:
    path = Path(str(address.database))
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise DatabaseUnavailable(f"The database file {path} cannot be opened: {error.strerror}.") from error
