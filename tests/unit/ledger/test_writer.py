from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from gophergate.core.call import CallBodies, CallRecord
from gophergate.errors import Unavailable
from gophergate.ledger.journal import Journal, open_journal
from gophergate.ledger.memory import MemoryCalls
from gophergate.ledger.writer import LedgerWriter, WriterLimits
from gophergate.store.calls import Calls
from gophergate.store.database import open_database
from gophergate.store.revision import upgrade
from gophergate.store.usage import Usages
from kit.call_records import HOUR, MONDAY, call

QUICK = WriterLimits(delay=0.001, sync_interval=0.005)


class Shaky(MemoryCalls):
    """A store that can be down, and that takes no record called poison."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self.sizes: list[int] = []
        self.tried = asyncio.Event()
        self.bodies_down = False

    async def write(self, records: Sequence[CallRecord]) -> set[str]:
        self.tried.set()
        if self.down:
            raise Unavailable("The database is locked.")
        for record in records:
            if record.session is not None and ("poison" in record.session or "\ud800" in record.session):
                raise OverflowError("too large")
        self.sizes.append(len(records))
        return await super().write(records)

    async def write_bodies(self, bodies: Sequence[tuple[int, CallBodies]]) -> None:
        if self.bodies_down:
            raise Unavailable("The database is full.")
        await super().write_bodies(bodies)


def said(number: int, size: int = 10) -> CallBodies:
    return CallBodies(call_id=call(number).id, request=b"q" * size, response=b"")


async def until(condition: object) -> None:
    """Wait for something that is on its way; the test's own time-out ends a wait in vain."""
    while not condition():  # type: ignore[operator]
        await asyncio.sleep(0.002)


# -- the ordinary way ---------------------------------------------------------------------------------------------


async def test_what_was_put_is_written_and_told(tmp_path: Path) -> None:
    """Law 1, O10. The journal is empty afterwards."""
    store, told = Shaky(), []
    writer = LedgerWriter(store, journal=open_journal(tmp_path), limits=QUICK, on_written=told.extend)
    await writer.start()
    for number in range(1200):
        writer.put(call(number), said(number) if number % 100 == 0 else None)
    assert await writer.drain()
    assert list(store.calls.values()) == told == [call(number) for number in range(1200)]
    assert len(store.bodies) == 12
    statistics = writer.statistics()
    assert (statistics.written, statistics.queued, statistics.body_bytes, statistics.bodies_written) == (1200, 0, 0, 12)
    assert list(tmp_path.rglob("*.segment")) == []


async def test_calls_are_written_in_batches() -> None:
    store = Shaky()
    writer = LedgerWriter(store, limits=WriterLimits(delay=0.05, max_rows=50))
    await writer.start()
    for number in range(120):
        writer.put(call(number))
    assert await writer.drain()
    assert store.sizes == [50, 50, 20]


async def test_a_single_call_waits_no_longer_than_the_delay() -> None:
    store = Shaky()
    writer = LedgerWriter(store, limits=WriterLimits(delay=0.01))
    await writer.start()
    writer.put(call(1))
    await until(lambda: store.calls)
    assert await writer.drain()


async def test_putting_before_the_start_loses_nothing() -> None:
    store = Shaky()
    writer = LedgerWriter(store, limits=QUICK)
    writer.put(call(1))
    await writer.start()
    assert await writer.drain()
    assert list(store.calls) == [call(1).id]


async def test_a_listener_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def fail(records: Sequence[CallRecord]) -> None:
        raise KeyError

    store = Shaky()
    writer = LedgerWriter(store, limits=QUICK, on_written=fail)
    await writer.start()
    writer.put(call(1))
    await until(lambda: store.calls)
    writer.put(call(2))
    assert await writer.drain()
    assert len(store.calls) == 2
    assert "listens" in caplog.text


# -- the database is away -----------------------------------------------------------------------------------------


async def test_an_outage_loses_nothing_and_drops_bodies_before_anything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """R-D4: bodies go first and are counted, records past the bound lie in the journal, all arrive afterwards."""
    caplog.set_level(logging.INFO)
    store = Shaky()
    store.down = True
    limits = WriterLimits(delay=0.001, max_rows=50, max_queued=100, max_body_bytes=300, sync_interval=0.005)
    journal = open_journal(tmp_path, segment_bytes=20_000)
    writer = LedgerWriter(store, journal=journal, limits=limits)
    await writer.start()
    for number in range(1000):
        writer.put(call(number), said(number))
    await store.tried.wait()
    statistics = writer.statistics()
    assert (statistics.queued, statistics.spilled) == (100, 900)
    assert (statistics.body_bytes, statistics.bodies_dropped) == (300, 970)
    assert not writer.is_saturated
    store.down = False
    await until(lambda: len(store.calls) == 1000)
    for number in range(1000, 1010):
        writer.put(call(number))
    assert await writer.drain()
    assert sorted(store.calls) == [call(number).id for number in range(1010)]
    assert len(store.bodies) == 30
    assert writer.statistics().spilled == 0
    journal.close()
    assert list(tmp_path.rglob("*.segment")) == []
    assert caplog.text.count("tries again") == 1, "an outage is told once"
    assert "writes again" in caplog.text


async def test_without_a_journal_memory_holds_what_must_not_be_lost(tmp_path: Path) -> None:
    """Money rows are never dropped while the process lives; the front is told to take no more."""
    store = Shaky()
    store.down = True
    for journal in (None, open_journal(tmp_path, max_bytes=0)):
        writer = LedgerWriter(store, journal=journal, limits=WriterLimits(delay=0.001, max_rows=10, max_queued=20))
        await writer.start()
        for number in range(60):
            writer.put(call(number))
        assert writer.is_saturated
        assert writer.statistics().queued == 60
        store.down = False
        await until(lambda: len(store.calls) == 60)
        assert not writer.is_saturated
        assert await writer.drain()
        store.down = True
        store.calls.clear()


async def test_what_a_drain_cannot_write_the_next_start_does(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Shaky()
    store.down = True
    limits = WriterLimits(delay=0.001, max_queued=30)
    writer = LedgerWriter(store, journal=open_journal(tmp_path), limits=limits)
    await writer.start()
    for number in range(100):
        writer.put(call(number))
    assert not await writer.drain(timeout=0.05)
    assert "100 calls" in caplog.text
    store.down = False
    again = LedgerWriter(store, journal=open_journal(tmp_path), limits=QUICK)
    assert again.statistics().leftover > 0
    await again.start()
    again.put(call(100))
    assert await again.drain()
    assert sorted(store.calls) == [call(number).id for number in range(101)]
    assert list(tmp_path.rglob("*.segment")) == []


async def test_bodies_that_cannot_be_stored_are_dropped_and_counted() -> None:
    store = Shaky()
    store.bodies_down = True
    writer = LedgerWriter(store, limits=QUICK)
    await writer.start()
    writer.put(call(1), said(1))
    assert await writer.drain()
    assert list(store.calls) == [call(1).id]
    statistics = writer.statistics()
    assert (statistics.bodies_dropped, statistics.bodies_written, statistics.body_bytes) == (1, 0, 0)


# -- records that cannot be stored --------------------------------------------------------------------------------


async def test_one_bad_record_holds_up_nobody_and_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Shaky()
    writer = LedgerWriter(store, journal=open_journal(tmp_path), limits=QUICK)
    await writer.start()
    for number in range(100):
        writer.put(call(number, session="poison" if number in (13, 77) else None))
    assert await writer.drain()
    assert len(store.calls) == 98
    assert writer.statistics().rejected == 2
    (rejected,) = tmp_path.rglob("rejected")
    assert call(13).id.encode() in rejected.read_bytes()
    assert call(13).id in caplog.text
    assert list(tmp_path.rglob("*.segment")) == [], "a bad record does not keep its segment for ever"


async def test_a_record_with_impossible_characters_is_stored_without_them() -> None:
    """R-X8."""
    store = Shaky()
    writer = LedgerWriter(store, limits=QUICK)
    await writer.start()
    writer.put(call(1, session="\ud800"))
    assert await writer.drain()
    assert store.calls[call(1).id].session == "\ufffd"


async def test_a_defect_of_the_writer_does_not_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("gophergate.ledger.writer._LONGEST_PAUSE", 0.01)
    store = Shaky()
    journal = open_journal(tmp_path)
    writer = LedgerWriter(store, journal=journal, limits=QUICK)
    committed = journal.committed
    monkeypatch.setattr(journal, "committed", lambda tickets: 1 / 0)
    await writer.start()
    writer.put(call(1))
    await until(lambda: "goes on" in caplog.text)
    monkeypatch.setattr(journal, "committed", committed)
    writer.put(call(2))
    assert await writer.drain()
    assert len(store.calls) == 2


# -- processes that die -------------------------------------------------------------------------------------------


async def test_calls_whose_process_died_are_entered_as_noted(tmp_path: Path) -> None:
    """Law 1: process killed."""
    journal = open_journal(tmp_path, segment_bytes=1)
    dead = LedgerWriter(MemoryCalls(), journal=journal)
    for number in range(3):
        dead.begin(call(number, status="error", error_code="process_died"))
    dead.put(call(1))
    journal._slot.release()

    store = MemoryCalls()
    writer = LedgerWriter(store, journal=open_journal(tmp_path), limits=QUICK)
    await writer.start()
    assert await writer.drain()
    assert {record.id: record.error_code for record in store.calls.values()} == {
        call(0).id: "process_died",
        call(1).id: None,
        call(2).id: "process_died",
    }


KILLED = """
import asyncio, pathlib, sys
sys.path.insert(0, sys.argv[3])
from gophergate.ledger.journal import open_journal
from gophergate.ledger.writer import LedgerWriter, WriterLimits
from gophergate.store.calls import Calls
from gophergate.store.database import open_database
from kit.call_records import call
async def main():
    database = await open_database(sys.argv[1])
    journal = open_journal(pathlib.Path(sys.argv[2]), segment_bytes=50_000)
    writer = LedgerWriter(Calls(database), journal=journal, limits=WriterLimits(delay=0.01))
    await writer.start()
    number = 0
    while True:
        for _ in range(20):
            writer.put(call(number))
            print(number, flush=True)
            number += 1
        await asyncio.sleep(0)
asyncio.run(main())
"""


async def test_a_killed_gateway_loses_no_finished_call_and_counts_none_twice(tmp_path: Path) -> None:
    """Law 1, R-D4: kill -9 while the writer writes; the next start brings database and journal together."""
    url = f"sqlite+aiosqlite:///{tmp_path}/x.db"
    database = await open_database(url)
    await upgrade(database)
    kit = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", KILLED, url, str(tmp_path / "journal"), kit]

    def run() -> int:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            last = 0
            while last < 1500:
                last = int(process.stdout.readline())
            process.kill()
            rest = process.stdout.read().split()
            return int(rest[-1]) if rest else last

    last = await asyncio.to_thread(run)
    calls = Calls(database)
    writer = LedgerWriter(calls, journal=open_journal(tmp_path / "journal"), limits=QUICK)
    await writer.start()
    assert await writer.drain()
    (total,) = await Usages(database).sums(since=MONDAY, until=MONDAY + 100 * HOUR)
    assert last + 1 <= total.calls <= last + 2
    assert total.cost == total.calls * 1_234
    newest = (await calls.page(limit=1)).items[0]
    assert newest.id == call(total.calls - 1).id
    await database.close()


async def test_a_database_locked_for_two_seconds_costs_nobody_anything(tmp_path: Path) -> None:
    """R-D4, law 9: another connection holds the lock; putting goes on, everything arrives."""
    database = await open_database(f"sqlite+aiosqlite:///{tmp_path}/x.db", busy_seconds=0.2)
    await upgrade(database)
    writer = LedgerWriter(Calls(database), journal=open_journal(tmp_path / "journal"), limits=QUICK)
    await writer.start()
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.perf_counter()
    slowest = 0.0
    number = 0
    while time.perf_counter() - began < 2:
        before = time.perf_counter()
        writer.put(call(number))
        slowest = max(slowest, time.perf_counter() - before)
        number += 1
        await asyncio.sleep(0.005)
    assert writer.statistics().failures > 0
    assert writer.statistics().queued == number
    other.execute("COMMIT")
    other.close()
    assert await writer.drain()
    (total,) = await Usages(database).sums(since=MONDAY, until=MONDAY + HOUR)
    assert total.calls == number
    print(f"\nslowest put while locked: {slowest * 1e6:.0f} us", end="")
    await database.close()


# -- what it costs ------------------------------------------------------------------------------------------------


async def test_rows_a_second(tmp_path: Path) -> None:
    """DESIGN 6: printed, not asserted."""
    database = await open_database(f"sqlite+aiosqlite:///{tmp_path}/x.db")
    await upgrade(database)
    writer = LedgerWriter(Calls(database), journal=open_journal(tmp_path / "journal"))
    await writer.start()
    made = [call(number) for number in range(10_000)]
    began, cpu = time.perf_counter(), time.process_time()
    for record in made:
        writer.put(record)
    put = time.perf_counter() - began
    assert await writer.drain(timeout=60)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"\nput {put * 100:.1f} us; {10_000 / wall:.0f} rows/s; {cpu * 100:.1f} us of CPU a row", end="")
    await database.close()


def test_the_journal_lies_where_only_its_owner_reads(tmp_path: Path) -> None:
    journal: Journal = open_journal(tmp_path / "journal")
    journal.append(call(1))
    for path in (tmp_path / "journal").rglob("*"):
        assert os.stat(path).st_mode & 0o077 == 0
    journal.close()
