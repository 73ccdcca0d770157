"""What lies in the journal and not in memory: segments an earlier process left, and records that did not fit.

Whole segments are read back one at a time, oldest first, so memory holds one segment's worth of them. No tasks here.
"""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from gophergate.core.call import CallRecord
from gophergate.ledger.journal import Journal


class Load(msgspec.Struct, frozen=True):
    """Records read back; `segment` is where this process put them, 0 for an earlier process's."""

    records: list[CallRecord]
    segment: int


class Backlog:
    """The part of a journal that still has to be read back. Belongs to the writer's task."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._leftover = deque(journal.leftover)
        self._unfinished: dict[str, CallRecord] = {}
        self._spilled: deque[tuple[int, int]] = deque()
        self._spilling: dict[int, int] = {}
        self.is_spilling = False

    def __bool__(self) -> bool:
        """Whether there is something to `load`."""
        return bool(self._leftover or self._spilled)

    @property
    def leftover(self) -> int:
        """Segments of earlier processes not dealt with yet."""
        return len(self._leftover)

    @property
    def spilled(self) -> int:
        """Records of this process that are not in memory."""
        return sum(self._spilling.values()) + sum(count for _, count in self._spilled)

    def begin_spilling(self) -> None:
        """From now on records are not kept in memory. They get segments of their own, to be read back whole."""
        self._journal.rotate()
        self.is_spilling = True

    def spill(self, ticket: int) -> None:
        """A record was appended, and is in the journal only."""
        self._spilling[ticket] = self._spilling.get(ticket, 0) + 1

    def end_spilling(self) -> None:
        """Memory has room again: new records go there, what was spilled may be loaded."""
        self._journal.rotate()
        self._spilled.extend(sorted(self._spilling.items()))
        self._spilling.clear()
        self.is_spilling = False

    async def load(self) -> Load:
        """The next records. `done` must follow once they are stored. Raises OSError when they cannot be read."""
        if self._leftover:
            found = await asyncio.to_thread(self._journal.read, self._leftover[0])
            for record in found.unfinished:
                self._unfinished[record.id] = record
            for record in found.finished:
                self._unfinished.pop(record.id, None)
            records = found.finished
            if len(self._leftover) == 1:
                # No end was found for these anywhere: their process died before them.
                records = [*records, *self._unfinished.values()]
            return Load(records, 0)
        segment, _ = self._spilled[0]
        found = await asyncio.to_thread(self._journal.read, segment)
        # Their calls run in this process and write their own ends: what was noted at the beginning is no record.
        return Load(found.finished, segment)

    def done(self, load: Load) -> None:
        """Everything of that load is stored."""
        if load.segment:
            self._spilled.popleft()
            self._journal.committed([(record.id, load.segment) for record in load.records])
            return
        self._leftover.popleft()
        if not self._leftover:
            # Only now: a call that began in the first segment may have ended in the last.
            for segment in self._journal.leftover:
                self._journal.forget(segment)
            self._unfinished.clear()
