"""The journal: every call's record on disk before the call counts as finished, so that no kill and no database
outage loses one (law 1, R-D4). Appending is one write of one checksummed frame; nothing here waits for a disk.

A record lies in a segment, a file of some megabytes. Once everything in a segment is in the database the segment
is removed. What is left at the next start is read again; the database knows calls by id, so twice is no harm.
This file knows nothing of databases and has no tasks: `chores` says what to do off the event loop.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from gophergate.core.call import CallRecord
from gophergate.ledger import frames
from gophergate.ledger.clean import cleaned
from gophergate.ledger.slots import Slot

SEGMENT_BYTES = 4 << 20
MAX_BYTES = 1 << 30
NOT_WRITTEN = 0
"""The ticket of a record that is not in the journal."""

_FINAL, _PROVISIONAL = b"F", b"P"
_REJECTED = "rejected"


class JournalStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """`failed` appends were refused by the disk or the bound; `damaged` places held no whole frame (a torn tail is
    one of them); `unreadable` frames were whole, but no record this version knows.
    """

    appended: int
    failed: int
    segments: int
    bytes: int
    damaged: int
    unreadable: int
    rejected: int
    last_error: str


class Leftover(msgspec.Struct, frozen=True):
    """What one segment held. `unfinished` are calls whose process died before they ended (see `append`)."""

    finished: list[CallRecord]
    unfinished: list[CallRecord]


class _Segment:
    __slots__ = ("number", "pending", "size")

    def __init__(self, number: int) -> None:
        self.number = number
        self.size = 0
        self.pending = 0


class Journal:
    """One process's journal. Made by `open_journal`; every method but `read` belongs to the event loop's thread.

    Bound: `max_bytes` on disk in all. At the bound, as with a full disk, `append` answers NOT_WRITTEN and the record
    is the caller's to keep.
    """

    def __init__(self, slot: Slot, *, segment_bytes: int = SEGMENT_BYTES, max_bytes: int = MAX_BYTES) -> None:
        self._slot = slot
        self._segment_bytes = segment_bytes
        self._max_bytes = max_bytes
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(CallRecord).decode
        self._segments: dict[int, _Segment] = {}
        self._current: _Segment | None = None
        self._fd = -1
        self._unsynced: list[int] = []
        self._doomed: list[Path] = []
        self._open: dict[str, int] = {}
        self._is_dirty = False
        self._is_closed = False
        self._appended = self._failed = self._damaged = self._unreadable = self._rejected = 0
        self._last_error = ""
        found = slot.segments()
        self._next = max(found, default=0) + 1
        self.leftover: tuple[int, ...] = tuple(sorted(found))
        """The segments that were there at the start, oldest first: to be `read`, stored and then `forget`-ed."""
        self._bytes = sum(found.values())

    # -- writing ------------------------------------------------------------------------------------------------

    def append(self, record: CallRecord, *, provisional: bool = False) -> int:
        """Write a record down; the ticket to hand to `committed`, NOT_WRITTEN if it could not be written.

        When this returns a ticket the record survives the end of this process, however it comes (and a power cut,
        once the next `chores` have run). Never raises and never waits.

        A `provisional` record is what shall stand if the process dies before the call's own record is appended.
        """
        try:
            try:
                payload = self._encode(record)
            except UnicodeEncodeError:
                payload = self._encode(cleaned(record))
            data = frames.frame((_PROVISIONAL if provisional else _FINAL) + payload)
            segment = self._current
            size = self._bytes + len(data)
            if segment is None or segment.size >= self._segment_bytes or size > self._max_bytes:
                segment = self._room(size)
            written = os.write(self._fd, data)
            segment.size += written
            self._bytes += written
            self._is_dirty = True
            if written != len(data):
                # The disk filled up in the middle. Readers step over the stump; a fresh segment must not follow it.
                self.rotate()
                raise OSError("only a part of the record could be written")
        except (OSError, ValueError, TypeError, OverflowError, RecursionError) as error:
            # Full, read-only or gone, or a value that cannot be written: the record stays with the caller.
            self._failed += 1
            self._last_error = f"{type(error).__name__}: {error}"
            return NOT_WRITTEN
        self._appended += 1
        segment.pending += 1
        if self._open:
            self._settle(record.id)
        if provisional:
            self._open[record.id] = segment.number
        return segment.number

    def _room(self, size: int) -> _Segment:
        """The next segment, should the journal be allowed `size` bytes in all."""
        if self._is_closed or size > self._max_bytes:
            raise OSError("the journal is closed" if self._is_closed else "the journal has reached its bound")
        self.rotate()
        segment = _Segment(self._next)
        self._fd = os.open(
            self._slot.segment(segment.number), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600
        )
        self._next += 1
        self._segments[segment.number] = self._current = segment
        return segment

    def rotate(self) -> None:
        """End the current segment; the next record begins another."""
        if self._current is None:
            return
        self._unsynced.append(self._fd)
        segment, self._current, self._fd = self._current, None, -1
        self._retire(segment)

    def set_aside(self, record: CallRecord) -> bool:
        """Keep a record no database takes, in a file for people to look at; whether that was possible."""
        try:
            body = _FINAL + self._encode(cleaned(record))
        except (ValueError, TypeError, OverflowError, RecursionError):
            return False
        return self._keep_rejected(body)

    def _keep_rejected(self, body: bytes) -> bool:
        try:
            fd = os.open(self._slot.directory / _REJECTED, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(fd, frames.frame(body))
            finally:
                os.close(fd)
        except OSError as error:
            self._last_error = str(error)
            return False
        self._rejected += 1
        return True

    # -- what is stored needs no journal ------------------------------------------------------------------------

    def committed(self, tickets: Sequence[tuple[str, int]]) -> None:
        """These records, by id and ticket, are in the database. Segments that hold nothing else go."""
        stored = Counter(ticket for _, ticket in tickets)
        if stored.pop(NOT_WRITTEN, 0):
            for call_id, ticket in tickets:
                if ticket == NOT_WRITTEN:
                    self._settle(call_id)
        for number, count in stored.items():
            segment = self._segments.get(number)
            if segment is not None:
                segment.pending -= count
                self._retire(segment)

    def _settle(self, call_id: str) -> None:
        """The provisional record of a call is of no more use."""
        segment = self._segments.get(self._open.pop(call_id, NOT_WRITTEN))
        if segment is not None:
            segment.pending -= 1
            self._retire(segment)

    def _retire(self, segment: _Segment) -> None:
        if segment.pending <= 0 and segment is not self._current and segment.number in self._segments:
            del self._segments[segment.number]
            self._bytes -= segment.size
            self._doomed.append(self._slot.segment(segment.number))

    def forget(self, number: int) -> None:
        """A leftover segment has been dealt with."""
        path = self._slot.segment(number)
        try:
            self._bytes -= path.stat().st_size
        except FileNotFoundError:
            return
        self._doomed.append(path)

    # -- reading ------------------------------------------------------------------------------------------------

    def read(self, number: int) -> Leftover:
        """What a segment holds. May run in another thread. Steps over what is torn or damaged, and counts it.

        Raises OSError when the file cannot be read.
        """
        finished: list[CallRecord] = []
        unfinished: list[CallRecord] = []
        bodies = frames.Frames(self._slot.segment(number).read_bytes())
        for body in bodies:
            try:
                record = self._decode(body[1:])
            except (msgspec.MsgspecError, ValueError):
                # Written by another version: not ours to throw away.
                self._unreadable += 1
                self._keep_rejected(body)
                continue
            (unfinished if body[:1] == _PROVISIONAL else finished).append(record)
        self._damaged += bodies.damaged
        return Leftover(finished, unfinished)

    # -- upkeep -------------------------------------------------------------------------------------------------

    def chores(self) -> Callable[[], None] | None:
        """What is to be done off the event loop now and then: bring to disk what was written, remove what is stored.

        None when there is nothing. The work raises OSError; what it could not bring to disk is tried no more.
        """
        if not (self._is_dirty or self._unsynced or self._doomed):
            return None
        closing, self._unsynced = self._unsynced, []
        doomed, self._doomed = self._doomed, []
        syncing = os.dup(self._fd) if self._fd >= 0 and self._is_dirty else -1
        self._is_dirty = False

        def work() -> None:
            try:
                for path in doomed:
                    path.unlink(missing_ok=True)
                for fd in (*closing, syncing):
                    if fd >= 0:
                        os.fsync(fd)
                self._slot.sync()
            finally:
                for fd in (*closing, syncing):
                    if fd >= 0:
                        os.close(fd)

        return work

    def statistics(self) -> JournalStatistics:
        """Counts since the start, and what lies on disk now."""
        return JournalStatistics(
            appended=self._appended,
            failed=self._failed,
            segments=len(self._segments),
            bytes=self._bytes,
            damaged=self._damaged,
            unreadable=self._unreadable,
            rejected=self._rejected,
            last_error=self._last_error,
        )

    def close(self) -> None:
        """Bring everything to disk and let go of the directory; what is not stored stays for the next start.

        Blocks until the disk has answered. From then on `append` answers NOT_WRITTEN. Raises OSError.
        """
        if self._is_closed:
            return
        self._is_closed = True
        self.rotate()
        work = self.chores()
        try:
            if work is not None:
                work()
        finally:
            self._slot.release()


def open_journal(directory: Path, *, segment_bytes: int = SEGMENT_BYTES, max_bytes: int = MAX_BYTES) -> Journal:
    """Open a journal below `directory`, which the workers of one gateway share: each takes a slot of its own, and
    whoever starts takes over what a dead one left. Raises OSError when the directory cannot be used.
    """
    return Journal(Slot.take(directory), segment_bytes=segment_bytes, max_bytes=max_bytes)
