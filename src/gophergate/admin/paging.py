"""Pages of lists: how many, from where, and what begins the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query

from gophergate.admin.shapes import Listing, Shown

ShownT = TypeVar("ShownT", bound=Shown)
RowT = TypeVar("RowT")

Limit = Annotated[int, Query(ge=1, le=500, description="Items on a page.")]
TimedCursor = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{1,18}\.[0-9A-Za-z_-]{1,64}$", description="`next_cursor` of the page before."),
]
"""Of lists in order of time."""
Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")]


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
