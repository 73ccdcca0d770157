"""Directories for journals: every running process holds one, and inherits what the dead left in theirs.

A slot is held by a lock on a file in it, which the kernel lets go when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

_SUFFIX = ".segment"
_MAX_SLOTS = 1024


class Slot:
    """A directory this process holds. Made by `take`."""

    def __init__(self, directory: Path, lock: int) -> None:
        self.directory = directory
        self._lock = lock

    @classmethod
    def take(cls, parent: Path) -> Slot:
        """Hold the first free slot below `parent`, with the segments of every slot nobody holds.

        Raises OSError when the directory cannot be used.
        """
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mine: Slot | None = None
        for number in range(_MAX_SLOTS):
            slot = cls._try(parent / f"{number:03d}", create=mine is None)
            if mine is None:
                mine = slot
            elif slot is not None:
                slot._move_segments(mine)
                slot.release()
            elif not (parent / f"{number:03d}").exists():
                break
        if mine is None:
            raise OSError(f"Every journal slot in {parent} is taken.")
        return mine

    @classmethod
    def _try(cls, directory: Path, *, create: bool) -> Slot | None:
        if create:
            directory.mkdir(exist_ok=True, mode=0o700)
        elif not directory.exists():
            return None
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return cls(directory, lock)

    def _move_segments(self, heir: Slot) -> None:
        next_number = max(heir.segments(), default=0) + 1
        for offset, number in enumerate(sorted(self.segments())):
            os.rename(self.segment(number), heir.segment(next_number + offset))

    def segment(self, number: int) -> Path:
        """The file of a segment."""
        return self.directory / f"{number:010d}{_SUFFIX}"

    def segments(self) -> dict[int, int]:
        """The segments that are there: number to size."""
        return {
            int(entry.name.removesuffix(_SUFFIX)): entry.stat().st_size
            for entry in os.scandir(self.directory)
            if entry.name.endswith(_SUFFIX)
        }

    def sync(self) -> None:
        """Bring to disk which files there are. Raises OSError."""
        fd = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def release(self) -> None:
        """Let go of the slot."""
        os.close(self._lock)
