"""The call log: pages, one call whole, export of any size."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import Field as Member

from gophergate.admin.audit import csv_line
from gophergate.admin.desk import AtDesk, Desk
from gophergate.admin.paging import Limit, TimedCursor, unbroken
from gophergate.admin.shapes import Dollars, Id, Listing, Moment, Money, Shown, Time, microseconds
from gophergate.core.call import CallRecord, Status
from gophergate.core.money import from_dollars, to_dollars
from gophergate.errors import NotHere, Unavailable
from gophergate.store.filters import CallFilter
from gophergate.times import rfc3339


class UsageShown(Shown):
    """Disjoint counts: `input` is without cache reads and writes. null is not reported, zero is zero."""

    input: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    audio_input: int | None = None
    image_input: int | None = None
    output: int | None = None
    audio_output: int | None = None
    image_output: int | None = None
    reasoning: int | None = None
    tool_uses: dict[str, int] | None = None
    units: dict[str, int] | None = None
    tier: str | None = None
    provider_cost: Money | None = None


class AttemptShown(Shown):
    """One try at one deployment."""

    model: str
    provider: str
    credential: str = ""
    status: int
    error: str = ""
    message: str = ""
    ms: float
    cost: Money | None = None


class GuardFindingShown(Shown):
    """What a guard found on one side of a call ("input", "output"): how often, by label. Never the text."""

    guard: str
    action: str
    mode: str
    where: str
    found: dict[str, int]


class CallShown(Shown):
    """A call. `cost` null is unpriced, or nothing was used."""

    id: str
    request_id: str
    started_at: Moment
    status: Status
    http_status: int
    door: str
    operation: str
    stream: bool
    organisation_id: str | None
    team_id: str | None
    user_id: str | None
    client_id: str | None
    key_id: str | None
    session: str | None
    end_user: str | None
    tags: dict[str, str]
    model_requested: str
    model: str | None
    provider: str | None
    usage: UsageShown | None
    usage_source: Literal["provider", "estimated", "none"]
    cost: Money | None
    price_version: str | None
    finish_reason: str | None
    latency_ms: float
    first_token_ms: float | None
    overhead_ms: float | None
    attempts: list[AttemptShown]
    decision: list[str]
    dropped: list[str]
    guards: list[GuardFindingShown]
    error_code: str | None
    error_message: str | None
    client_ip: str | None
    request_bytes: int
    response_bytes: int


class BodiesShown(Shown):
    """What was said, where it was kept. Sizes are true even where a body was cut."""

    request: str
    response: str
    request_size: int
    response_size: int
    is_cut: bool


class CallWhole(CallShown):
    """A call with what was said. `bodies` null: not kept, or not for you (`bodies_hidden`)."""

    bodies: BodiesShown | None = None
    bodies_hidden: bool = False


Word = Annotated[str | None, Query(max_length=320)]
Milliseconds = Annotated[float | None, Query(ge=0, le=1e9)]


class Wanted(msgspec.Struct, frozen=True):
    """The filter a request asks for."""

    where: CallFilter


async def wanted(
    desk: AtDesk,
    since: Annotated[Time | None, Query(description="Began at or after this.")] = None,
    until: Annotated[Time | None, Query(description="Began before this.")] = None,
    status: Status | None = None,
    failed: Annotated[bool | None, Query(description="true: every status but ok.")] = None,
    client_id: Id | None = None,
    key_id: Id | None = None,
    team_id: Id | None = None,
    model: Word = None,
    model_requested: Word = None,
    provider: Word = None,
    door: Word = None,
    operation: Word = None,
    session: Word = None,
    end_user: Word = None,
    request_id: Word = None,
    tag: Annotated[str | None, Query(max_length=320, description="A tag's name, or name=value.")] = None,
    unpriced: bool | None = None,
    min_cost: Dollars | None = None,
    max_cost: Dollars | None = None,
    min_latency_ms: Milliseconds = None,
    max_latency_ms: Milliseconds = None,
    q: Annotated[str | None, Query(max_length=200, description="Part of an id, a model, a session, an error.")] = None,
) -> Wanted:
    """The calls that are asked for, of the operator's own team where they have one."""
    return Wanted(
        CallFilter(
            since=microseconds(since),
            until=microseconds(until),
            status=status,
            failed=failed,
            client_id=client_id,
            key_id=key_id,
            team_id=desk.team or team_id,
            model=model,
            model_requested=model_requested,
            provider=provider,
            door=door,
            operation=operation,
            session=session,
            end_user=end_user,
            request_id=request_id,
            tag=tag,
            unpriced=unpriced,
            min_cost=None if min_cost is None else from_dollars(min_cost),
            max_cost=None if max_cost is None else from_dollars(max_cost),
            min_latency_ms=min_latency_ms,
            max_latency_ms=max_latency_ms,
            text=q,
        )
    )


Where = Annotated[Wanted, Depends(wanted)]


async def list_(desk: AtDesk, wanted: Where, limit: Limit = 50, cursor: TimedCursor = None) -> Listing[CallShown]:
    """Calls, newest first. Pages neither repeat nor miss a call that was there at the first."""
    page = await desk.rooms.calls.page(wanted.where, cursor=cursor, limit=limit)
    return Listing[CallShown](items=[shown(record) for record in page.items], next_cursor=page.next_cursor)


async def get(call_id: Id, desk: AtDesk) -> CallWhole:
    """One call: attempts, decision, timings, usage, price, and what was said where that is kept and may be seen."""
    record = await desk.rooms.calls.get(call_id)
    if record is None or desk.team not in (None, record.team_id):
        raise NotHere(f"There is no call '{call_id}'. The newest ones are in the log within a second.")
    whole = CallWhole(**shown(record).__dict__)
    if not desk.who.may("bodies"):
        whole.bodies_hidden = True
        return whole
    bodies = await desk.rooms.calls.bodies(record)
    if bodies is not None:
        whole.bodies = BodiesShown(
            request=bodies.request.decode("utf-8", "replace"),
            response=bodies.response.decode("utf-8", "replace"),
            request_size=bodies.request_size,
            response_size=bodies.response_size,
            is_cut=len(bodies.request) < bodies.request_size or len(bodies.response) < bodies.response_size,
        )
    return whole


class RunningShown(Shown):
    """A call under way. `output_tokens` is a guess until the provider reports it."""

    id: str
    request_id: str
    started_at: Moment
    door: str
    operation: str
    stream: bool
    team_id: str | None
    client_id: str | None
    key_id: str | None
    session: str | None
    end_user: str | None
    tags: dict[str, str]
    model_requested: str
    model: str | None
    provider: str | None
    attempt: int
    output_tokens: int
    first_token_ms: float | None
    elapsed_ms: float


async def running(desk: AtDesk) -> Listing[RunningShown]:
    """The calls under way in this process, the oldest first."""
    entries = desk.rooms.book.running.values()
    seen = [entry for entry in entries if desk.team in (None, entry.caller.team_id)]
    return Listing[RunningShown](items=[RunningShown.model_validate(entry.now()) for entry in seen[:1000]])


async def stop(call_id: Id, desk: AtDesk) -> RunningShown:
    """End a call under way. Its client is told that an operator stopped it; what it used is paid for and in the log."""
    entry = desk.rooms.book.running.get(call_id)
    if entry is None or desk.team not in (None, entry.caller.team_id):
        raise NotHere(f"There is no call '{call_id}' under way: it may be over, and in the log.")
    shown = RunningShown.model_validate(entry.now())
    async with desk.change():
        await desk.note("stop", "call", call_id, before=shown)
    entry.stop(Unavailable("An operator stopped this call.", code="stopped_by_operator"))
    return shown


async def export(
    desk: AtDesk, wanted: Where, format: Annotated[Literal["csv", "json"], Member()] = "csv"
) -> StreamingResponse:
    """All calls that match, newest first, as they are read: memory does not feel their number."""
    kind = "text/csv; charset=utf-8" if format == "csv" else "application/json"
    name = f'attachment; filename="gophergate-calls.{format}"'
    return StreamingResponse(
        _lines(desk, wanted.where, format),
        media_type=kind,
        headers={"content-disposition": name, "cache-control": "no-store"},
    )


_USAGE = ("input", "cache_read", "cache_write", "cache_write_1h", "audio_input", "image_input")
_MADE = ("output", "audio_output", "image_output", "reasoning")
_BEFORE = ("id", "request_id", "started_at", "status", "http_status", "door", "operation", "stream")
_WHO = ("organisation_id", "team_id", "user_id", "client_id", "key_id", "session", "end_user")
_WHAT = ("model_requested", "model", "provider", "usage_source", "price_version", "finish_reason")
_TIMES = ("latency_ms", "first_token_ms", "overhead_ms", "error_code", "error_message", "client_ip")
_COLUMNS = (*_BEFORE, *_WHO, *_WHAT, "cost", *_USAGE, *_MADE, *_TIMES, "request_bytes", "response_bytes")


async def _lines(desk: Desk, where: CallFilter, format: str) -> AsyncIterator[bytes]:
    cursor: str | None = None
    first = True
    yield (",".join(_COLUMNS) + "\r\n").encode() if format == "csv" else b"["
    while True:
        page = await unbroken(desk.rooms.calls.page(where, cursor=cursor, limit=500))
        if format == "csv":
            yield b"".join(csv_line(_cells(record)) for record in page.items)
        else:
            texts = [shown(record).model_dump_json().encode() for record in page.items]
            if texts:
                yield (b"" if first else b",\n") + b",\n".join(texts)
                first = False
        cursor = page.next_cursor
        if cursor is None:
            break
    if format == "json":
        yield b"]\n"


def _cells(record: CallRecord) -> list[Any]:
    cells: list[Any] = []
    for name in _COLUMNS:
        if name == "cost":
            cells.append(None if record.cost is None else to_dollars(record.cost))
        elif name == "started_at":
            cells.append(rfc3339(record.started_at))
        elif name in _USAGE or name in _MADE:
            cells.append(getattr(record.usage, name) if record.usage is not None else None)
        else:
            cells.append(getattr(record, name))
    return cells


def shown(record: CallRecord) -> CallShown:
    """A record as the API shows it."""
    return CallShown.model_validate(record)
