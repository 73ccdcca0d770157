"""What was said in calls, where it is kept: apart from the log, compressed, capped, retired by itself (R-D1)."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select

from gophergate.core.call import CallBodies
from gophergate.store.bulk import BulkInsert
from gophergate.store.database import Conflict, Database
from gophergate.store.periods import BODIES, Period, Periods

DEFAULT_CAP = 1 << 20
_COLUMNS = ("call_id", "request", "response", "request_size", "response_size", "is_cut")


class Bodies:
    """The bodies of one database. At most `cap` bytes of each are kept, counted before compression."""

    def __init__(self, database: Database, *, cap: int = DEFAULT_CAP) -> None:
        self._database = database
        self._cap = cap
        self.periods = Periods(database, BODIES)

    async def write(self, bodies: Sequence[tuple[int, CallBodies]]) -> None:
        """Store bodies, each with the `started_at` of its call, in one transaction. Those stored already stay.

        Raises DatabaseUnavailable; nothing was written then.
        """
        by_period: dict[Period, dict[str, tuple[Any, ...]]] = {}
        # Compression is by far the largest part of this work, and zlib lets the event loop run meanwhile.
        rows = await asyncio.to_thread(lambda: [self._row(item) for _, item in bodies])
        for (started_at, _), row in zip(bodies, rows, strict=True):
            by_period.setdefault(self.periods.kind.period(started_at), {})[row[0]] = row
        try:
            await self._write(by_period)
        except Conflict:
            # Another node made the same period first: it is there now.
            await self._write(by_period)
        except Exception:
            self.periods.doubt()
            raise

    async def _write(self, by_period: dict[Period, dict[str, tuple[Any, ...]]]) -> None:
        async with self._database.write() as connection:
            opened = await self.periods.open(connection, by_period)
            for period in sorted(opened):
                table = self.periods.table(period)
                rows = by_period[period]
                known = set(
                    (await connection.execute(select(table.c.call_id).where(table.c.call_id.in_(rows)))).scalars()
                )
                new = [row for call_id, row in rows.items() if call_id not in known]
                await BulkInsert(insert(table), _COLUMNS, self._database.sql).execute(connection, new)
        self.periods.confirm(opened)

    async def get(self, call_id: str, started_at: int) -> CallBodies | None:
        """The bodies of a call that began then; the sizes are true even where a body was cut."""
        period = self.periods.kind.period(started_at)
        async with self._database.read() as connection:
            if period not in await self.periods.live(connection):
                return None
            table = self.periods.table(period)
            row = (
                await connection.execute(
                    select(*(table.c[name] for name in _COLUMNS)).where(table.c.call_id == call_id)
                )
            ).one_or_none()
        if row is None:
            return None
        return CallBodies(
            call_id=row.call_id,
            request=zlib.decompress(row.request),
            response=zlib.decompress(row.response),
            request_size=row.request_size,
            response_size=row.response_size,
        )

    def _row(self, bodies: CallBodies) -> tuple[Any, ...]:
        request, response = bodies.request[: self._cap], bodies.response[: self._cap]
        request_size = max(bodies.request_size, len(bodies.request))
        response_size = max(bodies.response_size, len(bodies.response))
        return (
            bodies.call_id,
            zlib.compress(request, 1),
            zlib.compress(response, 1),
            request_size,
            response_size,
            len(request) < request_size or len(response) < response_size,
        )
