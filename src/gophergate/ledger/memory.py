"""A call store in memory, the twin of the database's: for tests, for the demo, for use as a library."""

from __future__ import annotations

from collections.abc import Sequence

from gophergate.core.call import CallBodies, CallRecord


class MemoryCalls:
    """Keeps every call and body for as long as it lives, so it has no bound: not for serving."""

    def __init__(self) -> None:
        self.calls: dict[str, CallRecord] = {}
        self.bodies: dict[str, CallBodies] = {}

    async def write(self, records: Sequence[CallRecord]) -> set[str]:
        """See `ledger.writer.CallStore`."""
        new = {record.id: record for record in records if record.id not in self.calls}
        self.calls |= new
        return set(new)

    async def write_bodies(self, bodies: Sequence[tuple[int, CallBodies]]) -> None:
        """See `ledger.writer.CallStore`."""
        self.bodies |= {item.call_id: item for _, item in bodies}
