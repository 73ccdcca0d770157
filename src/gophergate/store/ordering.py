"""Lists in the order their reader chose: pages by keyset, over columns that the list names and no others.

A page begins behind the last row of the one before, by value and then by id, so that it neither repeats nor misses a
row that was there all the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Select, and_, or_

from gophergate.errors import BadRequest

_Query = TypeVar("_Query", bound=Select[Any])


class Order(msgspec.Struct, frozen=True):
    """By what a list is sorted, and the last row of the page before: its value and its id."""

    name: str
    descending: bool = False
    after: tuple[str | int, str] | None = None


def ordered(query: _Query, columns: Mapping[str, ColumnElement[Any]], order: Order) -> _Query:
    """The query in that order, from behind `order.after`. `columns` are what may be sorted by, none of them ever null,
    with "id" for rows that are alike. Raises BadRequest for a place that such a column cannot have."""
    column, last = columns[order.name], columns["id"]
    if order.descending:
        query = query.order_by(column.desc(), last.desc())
    else:
        query = query.order_by(column, last)
    if order.after is None:
        return query
    value, row_id = order.after
    if not isinstance(value, column.type.python_type):
        raise BadRequest("The cursor is not one this list gave.", param="cursor")
    if order.descending:
        return query.where(or_(column < value, and_(column == value, last < row_id)))
    return query.where(or_(column > value, and_(column == value, last > row_id)))
