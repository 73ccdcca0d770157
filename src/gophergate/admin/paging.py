"""Pages of lists: how many, in what order, from where, and what begins the next."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Query

from gophergate.admin.shapes import Listing, Shown
from gophergate.errors import BadRequest
from gophergate.store.ordering import Order

ShownT = TypeVar("ShownT", bound=Shown)
RowT = TypeVar("RowT")

Limit = Annotated[int, Query(ge=1, le=500, description="Items on a page.")]
TimedCursor = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{1,18}\.[0-9A-Za-z_-]{1,64}$", description="`next_cursor` of the page before."),
]
"""Of lists in order of time."""
Cursor = Annotated[str | None, Query(max_length=2000, description="`next_cursor` of the page before.")]
Sought = Annotated[str | None, Query(max_length=120, description="Part of the name, in any case.")]
_BIGGEST = 2**63 - 1
_PLACE = msgspec.json.Decoder(tuple[str, str | Annotated[int, msgspec.Meta(ge=-_BIGGEST, le=_BIGGEST)], str])


async def unbroken(reading: Coroutine[Any, Any, RowT]) -> RowT:
    """What a read gives, for answers that are streamed. Whoever leaves half-way ends the answer and not the read under
    it: a database connection that is cancelled again while it closes is never let go of by its driver."""
    return await asyncio.shield(asyncio.ensure_future(reading))


def page_of(
    kind: type[ShownT],
    rows: Sequence[Any],
    limit: int,
    place: Callable[[Any], str],
    shown: Callable[[Any], ShownT] | None = None,
) -> Listing[ShownT]:
    """A page of rows that were read with one more than `limit`; `place` is what a cursor says of a row."""
    make = shown or kind.model_validate
    items = [make(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Listing[kind](items=items, next_cursor=place(rows[limit - 1]) if more else None)  # type: ignore[valid-type]


def order_of(sort: str, cursor: str | None) -> Order:
    """The order that `sort` names ("-" before it is descending), from the place of the cursor. Raises BadRequest for a
    cursor that is none, or belongs to another order."""
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    if cursor is None:
        return Order(name, descending)
    try:
        said, value, row_id = _PLACE.decode(base64.b64decode(cursor.encode(), b"-_", validate=True))
    except (binascii.Error, msgspec.DecodeError, UnicodeError):
        raise BadRequest("The cursor is not one this list gave.", param="cursor") from None
    if said != sort:
        raise BadRequest(f"The cursor belongs to the list sorted by '{said}', not by '{sort}'.", param="cursor")
    return Order(name, descending, (value, row_id))


def place_in(sort: str, row_id: Callable[[Any], str] = lambda row: str(row.id)) -> Callable[[Any], str]:
    """What makes the cursor of a row in that order."""

    def place(row: Any) -> str:
        said = msgspec.json.encode((sort, _value(row, sort.removeprefix("-")), row_id(row)))
        return base64.b64encode(said, b"-_").decode()

    return place


def page_at_hand(
    kind: type[ShownT],
    rows: Iterable[Any],
    *,
    sort: str,
    cursor: str | None,
    limit: int,
    row_id: Callable[[Any], str] = lambda row: str(row.id),
    shown: Callable[[Any], ShownT] | None = None,
) -> Listing[ShownT]:
    """A page of rows of which all are at hand. Raises BadRequest as `order_of` does."""
    found = arranged(rows, order_of(sort, cursor), row_id)
    return page_of(kind, found[: limit + 1], limit, place_in(sort, row_id), shown)


def by_name(row: Any) -> str:
    """What tells rows apart that have a name for their id."""
    return str(row.name)


def arranged(rows: Iterable[RowT], order: Order, row_id: Callable[[Any], str] = lambda row: str(row.id)) -> list[RowT]:
    """Rows that are at hand in that order, from behind its place."""

    def key(row: RowT) -> tuple[Any, str]:
        return _value(row, order.name), row_id(row)

    found = sorted(rows, key=key, reverse=order.descending)
    if order.after is None:
        return found
    try:
        return [row for row in found if (key(row) < order.after if order.descending else key(row) > order.after)]
    except TypeError:
        raise BadRequest("The cursor is not one this list gave.", param="cursor") from None


def has(text: str | None, name: str) -> bool:
    """Whether the name has the text in it, in any case; every one does where nothing is sought."""
    return not text or text.lower() in name.lower()


def _value(row: Any, name: str) -> str | int:
    """What a row is sorted by; a time that never was goes before all others."""
    value: str | int | None = getattr(row, name)
    return 0 if value is None else value
