"""The audit log, to read and to take away."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Depends, Query
from fastapi.responses import StreamingResponse

from gophergate.admin.desk import AtDesk, Desk
from gophergate.admin.paging import Limit, TimedCursor, unbroken
from gophergate.admin.shapes import Id, Listing, Moment, Shown, Time, microseconds
from gophergate.store.audit import Audit, AuditFilter, AuditRow
from gophergate.times import rfc3339

_COLUMNS = ("at", "actor", "action", "target_kind", "target_id", "address", "before", "after", "id")


class EntryShown(Shown):
    """One change: who, when, from where, and what it was before and after. Secrets are masked."""

    id: str
    at: Moment
    actor: str
    actor_id: str | None
    action: str
    target_kind: str
    target_id: str | None
    address: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


Kind = Annotated[str | None, Query(max_length=64, description="Of this kind only: user, client, key, provider, ...")]
Named = Annotated[str | None, Query(max_length=320, description="Id or name of what was changed.")]


def where(
    actor: Annotated[str | None, Query(max_length=120, description="Part of the actor's name, in any case.")] = None,
    actor_id: Id | None = None,
    target_kind: Kind = None,
    target_id: Named = None,
    action: Annotated[str | None, Query(max_length=64)] = None,
    since: Time | None = None,
    until: Time | None = None,
) -> AuditFilter:
    """What the log is narrowed by."""
    return AuditFilter(
        actor=actor,
        actor_id=actor_id,
        target_kind=target_kind,
        target_id=target_id,
        action=action,
        since=microseconds(since),
        until=microseconds(until),
    )


Where = Annotated[AuditFilter, Depends(where)]


async def list_(
    desk: AtDesk,
    wanted: Where,
    limit: Limit = 50,
    cursor: TimedCursor = None,
    sort: Literal["at", "-at"] = "-at",
) -> Listing[EntryShown]:
    """Changes, newest first where the other order is not asked for."""
    audit = Audit(desk.rooms.database)
    page = await audit.page(wanted, oldest_first=sort == "at", cursor=cursor, limit=limit)
    return Listing[EntryShown](items=[_shown(row) for row in page.items], next_cursor=page.next_cursor)


async def get(entry_id: Id, desk: AtDesk) -> EntryShown:
    """One change."""
    return _shown(await Audit(desk.rooms.database).get(entry_id))


async def export(desk: AtDesk, wanted: Where, format: Literal["csv", "json"] = "csv") -> StreamingResponse:
    """All that match, newest first, as they are read: memory does not feel their number."""
    kind = "text/csv; charset=utf-8" if format == "csv" else "application/json"
    name = f'attachment; filename="gophergate-audit.{format}"'
    return StreamingResponse(
        _lines(desk, wanted, format),
        media_type=kind,
        headers={"content-disposition": name, "cache-control": "no-store"},
    )


async def _lines(desk: Desk, where: AuditFilter, format: str) -> AsyncIterator[bytes]:
    cursor: str | None = None
    yield (",".join(_COLUMNS) + "\r\n").encode() if format == "csv" else b"["
    first = True
    while True:
        page = await unbroken(Audit(desk.rooms.database).page(where, cursor=cursor, limit=500))
        for row in page.items:
            if format == "csv":
                yield csv_line([rfc3339(row.at), *(getattr(row, name) for name in _COLUMNS[1:])])
            else:
                yield (b"" if first else b",\n") + _shown(row).model_dump_json().encode()
            first = False
        cursor = page.next_cursor
        if cursor is None:
            break
    if format == "json":
        yield b"]\n"


def csv_line(cells: list[Any]) -> bytes:
    """One line of CSV (RFC 4180). A cell that a spreadsheet would take for a formula is made text."""
    out = io.StringIO()
    csv.writer(out).writerow([_tame(cell) for cell in cells])
    return out.getvalue().encode()


def _tame(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _shown(row: AuditRow) -> EntryShown:
    value = msgspec.structs.asdict(row)
    for name in ("before", "after"):
        value[name] = msgspec.json.decode(value[name]) if value[name] else None
    return EntryShown(**value)
