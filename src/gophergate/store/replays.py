"""Past calls as a simulation needs them: a few columns of many rows, read in slices so that nobody waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Table, and_, or_, select

from gophergate.core.usage import Usage
from gophergate.store.bodies import Bodies
from gophergate.store.database import Database
from gophergate.store.periods import CALLS, Periods

_SLICE = 1000
"""Rows of one read: a few milliseconds."""
_COUNTS = tuple(name for name in Usage.__struct_fields__ if name not in ("tool_uses", "units"))
_COLUMNS = (
    "id",
    "started_at",
    "status",
    "door",
    "stream",
    "client_id",
    "session",
    "end_user",
    "tags",
    "model_requested",
    "model",
    "provider",
    "cost",
    "latency_ms",
    "tool_uses",
    "units",
    *_COUNTS,
)
_tags = msgspec.json.Decoder(dict[str, str]).decode
_uses = msgspec.json.Decoder(dict[str, int]).decode


class PastCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that was. `usage` None: nothing was reported; `cost` nano-dollars, None unpriced."""

    id: str
    started_at: int
    status: str
    door: str
    stream: bool
    client_id: str | None
    session: str | None
    end_user: str | None
    tags: dict[str, str]
    model_requested: str
    model: str | None
    provider: str | None
    usage: Usage | None
    cost: int | None
    latency_ms: float

    @property
    def label(self) -> str:
        """ "provider/model" of who answered, "" for nobody."""
        return f"{self.provider}/{self.model}" if self.provider else ""


class Replays:
    """The past chat calls of one database."""

    def __init__(self, database: Database, bodies: Bodies) -> None:
        self._database = database
        self._bodies = bodies
        self._periods = Periods(database, CALLS)

    async def last(
        self, most: int, *, since: int | None = None, until: int | None = None, requested: Sequence[str] = ()
    ) -> list[Sequence[Any]]:
        """Raw rows of the last `most` calls, newest first, for `past` to make sense of in a thread. `requested` narrows
        them to calls that asked for one of those names; times are Unix microseconds. Raises DatabaseUnavailable."""
        found: list[Sequence[Any]] = []
        async with self._database.read() as connection:
            periods = await self._periods.live(connection, since, until)
        for period in periods:
            table = self._periods.table(period)
            before: tuple[int, str] | None = None
            while len(found) < most:
                query = _query(table, since, until, requested, before).limit(min(_SLICE, most - len(found)))
                async with self._database.read() as connection:
                    rows = (await connection.execute(query)).all()
                found += rows
                if len(rows) < _SLICE:
                    break
                before = (rows[-1].started_at, rows[-1].id)
        return found

    async def request(self, call_id: str, started_at: int) -> bytes:
        """What was asked in a call, b"" where that was not kept or was cut."""
        bodies = await self._bodies.get(call_id, started_at)
        whole = bodies is not None and len(bodies.request) == bodies.request_size
        return bodies.request if bodies is not None and whole else b""


def _query(
    table: Table,
    since: int | None,
    until: int | None,
    requested: Sequence[str],
    before: tuple[int, str] | None,
) -> Any:
    query = select(*(table.c[name] for name in _COLUMNS)).where(table.c.operation == "chat")
    if since is not None:
        query = query.where(table.c.started_at >= since)
    if until is not None:
        query = query.where(table.c.started_at < until)
    if requested:
        query = query.where(table.c.model_requested.in_(requested))
    if before is not None:
        at, call_id = before
        query = query.where(
            table.c.started_at <= at,
            or_(table.c.started_at < at, and_(table.c.started_at == at, table.c.id < call_id)),
        )
    return query.order_by(table.c.started_at.desc(), table.c.id.desc())


def past(row: Sequence[Any]) -> PastCall:
    """The call of a raw row. Pure; some microseconds."""
    value = dict(zip(_COLUMNS, row, strict=True))
    counts = {name: value.pop(name) for name in _COUNTS}
    for name in ("tool_uses", "units"):
        text = value.pop(name)
        counts[name] = _uses(text) if text is not None else None
    value["usage"] = Usage(**counts) if any(count is not None for count in counts.values()) else None
    value["stream"] = bool(value["stream"])
    value["tags"] = _tags(value["tags"]) if value["tags"] else {}
    return PastCall(**value)
