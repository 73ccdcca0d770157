"""What a list of calls may be narrowed by, and its cursor: turned into conditions an index can serve."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import ColumnElement, Table, and_, or_

from gophergate.core.call import Status
from gophergate.errors import BadRequest
from gophergate.store.values import to_text


class CallFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Every member that is not None must match. `since` is included, `until` is not; both Unix microseconds.

    Only `key_id`, `client_id`, `model`, `provider` and a status other than "ok" have an index; by the others
    the calls of the time range are read through, so give them a range. `failed` means every status but "ok"; costs are
    nano-dollars; `tag` is "name=value"; `text` is looked for in ids, models, sessions, end users and error messages.
    """

    since: int | None = None
    until: int | None = None
    key_id: str | None = None
    client_id: str | None = None
    model: str | None = None
    status: Status | None = None
    provider: str | None = None
    request_id: str | None = None
    session: str | None = None
    end_user: str | None = None
    user_id: str | None = None
    team_id: str | None = None
    organisation_id: str | None = None
    model_requested: str | None = None
    door: str | None = None
    operation: str | None = None
    failed: bool | None = None
    unpriced: bool | None = None
    min_cost: int | None = None
    max_cost: int | None = None
    min_latency_ms: float | None = None
    max_latency_ms: float | None = None
    tag: str | None = None
    text: str | None = None


class Place(msgspec.Struct, frozen=True):
    """Where a page ended: the last call on it."""

    started_at: int
    id: str


_INDEXED = ("key_id", "client_id", "status", "model", "provider")
"""From the most telling to the least: the first one asked for is looked up, the others only compared."""
_COMPARED = (
    "request_id",
    "session",
    "end_user",
    "user_id",
    "team_id",
    "organisation_id",
    "model_requested",
    "door",
    "operation",
)


def conditions(table: Table, where: CallFilter, before: Place | None) -> Iterator[ColumnElement[bool]]:
    """The WHERE of a page of calls, for one period's table."""
    column = table.c
    if where.since is not None:
        yield column.started_at >= where.since
    if where.until is not None:
        yield column.started_at < where.until
    if before is not None:
        # The first half is what an index on (..., started_at) can seek by.
        yield column.started_at <= before.started_at
        yield or_(column.started_at < before.started_at, column.id < before.id)
    anchored = False
    for name in _INDEXED:
        value = getattr(where, name)
        if value is None:
            continue
        if anchored or (name == "status" and value == "ok"):
            # Left to itself a planner without statistics may pick the index of a provider that has every row.
            yield column[name].concat("") == value
        elif name == "status":
            yield and_(column.status == value, column.status != "ok")
            anchored = True
        else:
            yield column[name] == value
            anchored = True
    for name in _COMPARED:
        value = getattr(where, name)
        if value is not None:
            yield column[name] == value
    yield from _measured(table, where)


def _measured(table: Table, where: CallFilter) -> Iterator[ColumnElement[bool]]:
    column = table.c
    if where.failed is not None:
        yield (column.status != "ok") if where.failed else (column.status.concat("") == "ok")
    if where.unpriced:
        yield and_(column.cost.is_(None), column.usage_source != "none")
    for name, bound in (("cost", where.min_cost), ("latency_ms", where.min_latency_ms)):
        if bound is not None:
            yield column[name] >= bound
    for name, bound in (("cost", where.max_cost), ("latency_ms", where.max_latency_ms)):
        if bound is not None:
            yield column[name] <= bound
    if where.tag is not None:
        name, equals, value = where.tag.partition("=")
        if equals:
            pair = f"{to_text(name)}:{to_text(value)}"
            yield column.tags.contains(pair, autoescape=True)
        else:
            yield column.tags.contains(f"{to_text(name)}:", autoescape=True)
    if where.text:
        sought = ("id", "request_id", "model_requested", "model", "session", "end_user", "error_message")
        yield or_(*(column[name].icontains(where.text, autoescape=True) for name in sought))


def to_cursor(place: Place) -> str:
    """A cursor as lists show it."""
    return f"{place.started_at}.{place.id}"


def from_cursor(cursor: str | None) -> Place | None:
    """The place a cursor names. Raises BadRequest for what no list gave."""
    if cursor is None:
        return None
    started_at, dot, call_id = cursor.partition(".")
    if not dot or not call_id or not started_at.isdecimal() or len(started_at) > 18:
        raise BadRequest("The cursor is not one this list gave.", param="cursor")
    return Place(int(started_at), call_id)
