"""From finished calls to the database: a bounded queue and one task that writes batches. Callers never wait (O10).

What is full gives way in this order, and all of it is counted: bodies are dropped; records past the bound lie in the
journal only and are read back from there; a record that is not in the journal either stays in memory, since money
rows are never dropped while the process lives, and `is_saturated` tells the front to take no more calls.
This file knows no SQL and no tables.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from operator import attrgetter
from typing import Protocol

import msgspec

from gophergate.core.call import CallBodies, CallRecord
from gophergate.errors import Unavailable
from gophergate.ledger.backlog import Backlog
from gophergate.ledger.clean import cleaned
from gophergate.ledger.journal import NOT_WRITTEN, Journal, JournalStatistics

logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0


class CallStore(Protocol):
    """Where calls are kept."""

    async def write(self, records: Sequence[CallRecord]) -> Collection[str]:
        """Store all of them in one transaction; the ids of those that were new. One stored before changes nothing.

        Raises Unavailable when trying again later may help, anything else for records that cannot be stored.
        """

    async def write_bodies(self, bodies: Sequence[tuple[int, CallBodies]]) -> None:
        """Store bodies, each with the `started_at` of its call."""


class WriterLimits(msgspec.Struct, frozen=True, kw_only=True):
    """A batch goes when it has `max_rows` or its first record is `delay` seconds old. `max_queued` records and
    `max_body_bytes` of bodies wait in memory. The journal is brought to disk every `sync_interval` seconds.
    """

    max_rows: int = 2000
    delay: float = 0.1
    max_queued: int = 20_000
    max_body_bytes: int = 32 << 20
    sync_interval: float = 1.0


class WriterStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the start; `queued`, `body_bytes`, `spilled` and `leftover` (segments) are of this moment."""

    queued: int
    body_bytes: int
    spilled: int
    leftover: int
    written: int
    known: int
    bodies_written: int
    bodies_dropped: int
    rejected: int
    batches: int
    failures: int
    last_error: str
    journal: JournalStatistics | None


_Item = tuple[CallRecord, int, CallBodies | None]
"""A record, its ticket of the journal and its bodies."""
_id = attrgetter("id")
DEFAULT_LIMITS = WriterLimits()


class LedgerWriter:
    """Takes records from the event loop's thread at any time; writes them once started.

    `on_written` is told of the records that were new, after their transaction has committed.
    """

    def __init__(
        self,
        store: CallStore,
        *,
        journal: Journal | None = None,
        limits: WriterLimits = DEFAULT_LIMITS,
        on_written: Callable[[Sequence[CallRecord]], None] | None = None,
    ) -> None:
        self._store = store
        self._journal = journal
        self._backlog = Backlog(journal) if journal is not None else None
        self._limits = limits
        self._on_written = on_written
        self._queue: list[_Item] = []
        self._body_bytes = 0
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._is_closing = False
        self._is_failing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._written = self._known = self._bodies_written = self._bodies_dropped = 0
        self._rejected = self._batches = self._failures = 0
        self._last_error = ""
        self._writing = asyncio.Lock()

    # -- taking -------------------------------------------------------------------------------------------------

    def begin(self, record: CallRecord) -> None:
        """Note what shall stand for a call if this process dies before `put`. Optional, never waits, never raises."""
        if self._journal is not None:
            self._journal.append(record, provisional=True)

    def put(self, record: CallRecord, bodies: CallBodies | None = None) -> None:
        """Take the record of a finished call. Never waits, never raises, never loses the record while this process
        lives; with a journal not afterwards either.
        """
        queue, journal, backlog = self._queue, self._journal, self._backlog
        ticket = NOT_WRITTEN
        if journal is not None and backlog is not None:
            if len(queue) >= self._limits.max_queued and not backlog.is_spilling:
                backlog.begin_spilling()
            ticket = journal.append(record)
            if backlog.is_spilling and ticket != NOT_WRITTEN:
                backlog.spill(ticket)
                self._bodies_dropped += bodies is not None
                return
        if bodies is not None:
            size = len(bodies.request) + len(bodies.response)
            if self._body_bytes + size > self._limits.max_body_bytes:
                self._bodies_dropped += 1
                bodies = None
            else:
                self._body_bytes += size
        if not queue:
            self._some.set()
        queue.append((record, ticket, bodies))
        if len(queue) == self._limits.max_rows:
            self._enough.set()

    @property
    def is_saturated(self) -> bool:
        """Whether memory is full and there is no journal that takes more: the time to refuse new calls."""
        return len(self._queue) > self._limits.max_queued

    @asynccontextmanager
    async def at_rest(self) -> AsyncIterator[list[CallRecord]]:
        """While this scope lasts nothing is stored; gives the finished calls that are not stored yet, so that these and
        the database together are every call there was, none of them twice."""
        while True:
            await self._writing.acquire()
            if not self._backlog:
                break
            self._writing.release()
            await asyncio.sleep(0.02)
        try:
            yield [record for record, _, _ in self._queue]
        finally:
            self._writing.release()

    # -- life ---------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to write, first of all what an earlier process left in the journal. A second start does nothing."""
        if self._tasks:
            return
        self._tasks.append(asyncio.create_task(self._run(), name="ledger writer"))
        if self._journal is not None:
            self._tasks.append(asyncio.create_task(self._keep_up(self._journal), name="ledger journal"))

    async def drain(self, timeout: float = 10.0) -> bool:
        """Write everything and stop; whether everything was written within `timeout` seconds.

        What was not written lies in the journal, if there is one, which is closed in any case; a record put after
        that is lost, so the doors close first.
        """
        self._is_closing = True
        self._some.set()
        self._enough.set()
        if self._tasks:
            await asyncio.wait(self._tasks[:1], timeout=timeout)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        waiting = len(self._queue) + (self._backlog.spilled if self._backlog is not None else 0)
        is_empty = not waiting and not self._backlog
        if not is_empty:
            logger.error(
                "The ledger stops with %d calls not in the database; %s.",
                waiting,
                "the journal keeps them" if self._journal is not None else "there is no journal to keep them",
            )
        if self._journal is not None:
            try:
                self._journal.close()
            except OSError as error:
                logger.error("The journal could not be brought to disk: %s", error)
        return is_empty

    def statistics(self) -> WriterStatistics:
        """What has happened and what waits."""
        return WriterStatistics(
            queued=len(self._queue),
            body_bytes=self._body_bytes,
            spilled=self._backlog.spilled if self._backlog is not None else 0,
            leftover=self._backlog.leftover if self._backlog is not None else 0,
            written=self._written,
            known=self._known,
            bodies_written=self._bodies_written,
            bodies_dropped=self._bodies_dropped,
            rejected=self._rejected,
            batches=self._batches,
            failures=self._failures,
            last_error=self._last_error,
            journal=self._journal.statistics() if self._journal is not None else None,
        )

    # -- writing ------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while self._queue or self._backlog or not self._is_closing:
            try:
                await self._turn()
            except Exception as error:
                # A defect of ours must not end the only task that writes. What it was at is still in the queue.
                logger.exception("The ledger's writer failed, and goes on.")
                self._note(error)
                await asyncio.sleep(_LONGEST_PAUSE)

    async def _turn(self) -> None:
        """One batch of what is in memory and one segment of what is not."""
        if not self._queue and not self._backlog:
            self._some.clear()
            await self._some.wait()
        if not self._backlog:
            await self._gather()
        if self._queue:
            await self._write_queued()
        if self._backlog is not None:
            if self._backlog.is_spilling and len(self._queue) <= self._limits.max_queued // 2:
                self._backlog.end_spilling()
            if self._backlog:
                await self._write_backlog(self._backlog)

    async def _gather(self) -> None:
        """Let a batch come together: one transaction of many rows costs little more than one of a few."""
        if len(self._queue) < self._limits.max_rows and not self._is_closing:
            self._enough.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.delay):
                    await self._enough.wait()

    async def _write_queued(self) -> None:
        async with self._writing:
            items = self._queue[: self._limits.max_rows]
            records, tickets, kept = zip(*items, strict=True)
            new = await self._stored(records)
            del self._queue[: len(items)]
        if self._journal is not None:
            self._journal.committed(list(zip(map(_id, records), tickets, strict=True)))
        bodies = [(record.started_at, body) for record, body in zip(records, kept, strict=True) if body is not None]
        if bodies:
            await self._write_bodies(bodies)
        self._tell(records, new)

    async def _write_backlog(self, backlog: Backlog) -> None:
        try:
            load = await backlog.load()
        except OSError as error:
            self._note(error)
            await asyncio.sleep(_LONGEST_PAUSE)
            return
        for at in range(0, len(load.records), self._limits.max_rows):
            records = load.records[at : at + self._limits.max_rows]
            async with self._writing:
                new = await self._stored(records)
            self._tell(records, new)
            if len(self._queue) >= self._limits.max_rows:
                await self._write_queued()
        backlog.done(load)

    async def _stored(self, records: Sequence[CallRecord]) -> Collection[str]:
        """Store these, however long it takes; the ids of those that were new."""
        pause = _FIRST_PAUSE
        while True:
            try:
                new = await self._store.write(records)
            except Unavailable as error:
                self._note(error)
            except Exception as error:
                return await self._sorted_out(records, error)
            else:
                if self._is_failing:
                    self._is_failing = False
                    logger.info("The ledger writes again.")
                self._batches += 1
                self._written += len(new)
                self._known += len(records) - len(new)
                return new
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _sorted_out(self, records: Sequence[CallRecord], error: Exception) -> Collection[str]:
        """One of these cannot be stored: find it by halves, so that it holds up nobody else."""
        if len(records) > 1:
            middle = len(records) // 2
            return {*await self._stored(records[:middle]), *await self._stored(records[middle:])}
        record = records[0]
        better = cleaned(record)
        if better != record:
            return await self._stored([better])
        self._note(error)
        self._rejected += 1
        is_kept = self._journal is not None and self._journal.set_aside(record)
        logger.error(
            "The record of call %s cannot be stored (%s) and was %s.",
            record.id,
            type(error).__name__,
            "set aside in the journal's directory" if is_kept else "given up",
        )
        return ()

    async def _write_bodies(self, bodies: list[tuple[int, CallBodies]]) -> None:
        """Bodies have one try: their calls have just been stored, so the database is there."""
        try:
            await self._store.write_bodies(bodies)
        except Exception as error:
            self._note(error)
            self._bodies_dropped += len(bodies)
        else:
            self._bodies_written += len(bodies)
        finally:
            self._body_bytes -= sum(len(item.request) + len(item.response) for _, item in bodies)

    def _tell(self, records: Sequence[CallRecord], new: Collection[str]) -> None:
        if self._on_written is None or not new:
            return
        try:
            self._on_written(
                records if len(new) == len(records) else [record for record in records if record.id in new]
            )
        except Exception:
            logger.exception("What listens to written calls failed.")

    def _note(self, error: Exception) -> None:
        if not self._is_failing or self._last_error != str(error):
            logger.warning("The ledger cannot write, and tries again: %s", error)
        self._is_failing = True
        self._failures += 1
        self._last_error = str(error)

    async def _keep_up(self, journal: Journal) -> None:
        """Bring the journal to disk and remove its stored segments, off the event loop."""
        while True:
            await asyncio.sleep(self._limits.sync_interval)
            work = journal.chores()
            if work is not None:
                working = asyncio.ensure_future(asyncio.to_thread(work))
                try:
                    await asyncio.shield(working)
                except asyncio.CancelledError:
                    # Work that has been taken over is done to its end: what it removes stands on no other list.
                    await asyncio.wait({working})
                    raise
                except OSError as error:
                    self._note(error)
