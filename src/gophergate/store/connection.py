"""Connections to await: as much of SQLAlchemy's asyncio extension as this room calls, over the same drivers.

Importing that extension imports the whole ORM for its sessions: 6 MB of memory and a fifth of a start, for nothing
that is used here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar, TypeVarTuple, overload

from sqlalchemy import Connection, CursorResult, Dialect, Engine, Executable
from sqlalchemy.sql.selectable import TypedReturnsRows
from sqlalchemy.util import greenlet_spawn

T = TypeVar("T")
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")
AnyRow = tuple[Any, ...]


class AsyncConnection:
    """A connection that `AsyncEngine` lends. What it answers is fetched whole, so a result is read without waiting."""

    __slots__ = ("_sync",)

    def __init__(self, sync: Connection) -> None:
        self._sync = sync

    @property
    def dialect(self) -> Dialect:
        """How its SQL is spoken."""
        return self._sync.dialect

    @property
    def sync_engine(self) -> Engine:
        """The engine it is of, for listening to its events."""
        return self._sync.engine

    @overload
    async def execute(self, statement: TypedReturnsRows[*Ts], parameters: Any = None) -> CursorResult[*Ts]: ...

    @overload
    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*AnyRow]: ...

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*AnyRow]:
        """Run a statement; a list of parameters runs it for each. Raises what SQLAlchemy does."""
        return await greenlet_spawn(self._sync.execute, statement, parameters)

    async def exec_driver_sql(self, statement: str, parameters: Any = None) -> CursorResult[*AnyRow]:
        """Run the driver's own SQL, with its own kind of parameters."""
        return await greenlet_spawn(self._sync.exec_driver_sql, statement, parameters)

    async def run_sync(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **named: P.kwargs) -> T:
        """Call what takes a connection of the synchronous kind. While it waits, others go on."""
        return await greenlet_spawn(partial(work, self._sync, *args, **named))


class AsyncEngine:
    """An engine of an asynchronous driver, to be awaited. `sync_engine` is what events are listened to on."""

    def __init__(self, sync_engine: Engine) -> None:
        self.sync_engine = sync_engine
        self.dialect = sync_engine.dialect

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """A connection of the pool, given back at the end, whatever it was. What was not committed is undone."""
        sync = await greenlet_spawn(self.sync_engine.connect)
        try:
            yield AsyncConnection(sync)
        finally:
            await _to_its_end(greenlet_spawn(sync.close))

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed when the block ends, undone when it raises or is cancelled."""
        sync = await greenlet_spawn(self.sync_engine.connect)
        try:
            transaction = await greenlet_spawn(sync.begin)
            yield AsyncConnection(sync)
            await greenlet_spawn(transaction.commit)
        finally:
            await _to_its_end(greenlet_spawn(sync.close))

    async def dispose(self) -> None:
        """Close what lies in the pool."""
        await greenlet_spawn(self.sync_engine.dispose)


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Do it even if the waiting task is cancelled meanwhile, and only then let it be: a connection that is given back
    later than its pool is closed would stay open."""
    task = asyncio.get_running_loop().create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled
