"""Many rows in few steps: INSERT statements as text, compiled once, sixty-four rows at a time on SQLite.

Two things were measured. SQLAlchemy's own handling of forty-six parameters costs 40 us a row on the event
loop, tuples for the driver cost 2. And sqlite3 gives the interpreter lock away at every row: beside a busy
loop it then waits 5 ms to get it back, 8.7 ms a row instead of 0.04; a statement of many rows is one step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Table
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.dml import Insert

from gophergate.store.connection import AsyncConnection

_SIZES = {"sqlite": (64, 8, 1)}
"""Rows a statement, largest first. Few sizes, so that SQLite's statement cache holds them all."""
_MOST_SHAPES = 64
"""Sets of columns whose statements are kept."""


class BulkInsert:
    """Inserts rows given as tuples; `insert` may end in an ON CONFLICT clause.

    `columns` names the members of a tuple and must go in the table's order. Raises ValueError if it does not. What no
    row of those that come together has is left out of the statement: sqlite3 takes longer to bind a NULL than SQLite
    to store a value, and most columns of the request log are empty in most calls.
    """

    def __init__(self, insert: Insert, columns: Sequence[str], dialect: Dialect) -> None:
        # inline: nobody reads generated keys, so no RETURNING.
        self._insert = insert.inline()
        self._columns = tuple(columns)
        self._dialect = dialect
        # asyncpg sends a list of rows in one go by itself, and numbers its parameters.
        self._sizes = _SIZES.get(dialect.name, (1,))
        table = insert.table
        self._optional = [table.c[name].nullable and table.c[name].server_default is None for name in columns]
        self._texts: dict[tuple[str, ...], list[str]] = {}
        self._written(self._columns)

    async def execute(self, connection: AsyncConnection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert all rows. They go in the order given, so sort them where two writers could meet."""
        if not rows:
            return
        if any(self._optional):
            await self.execute_columns(connection, list(zip(*rows, strict=True)))
        else:
            await self._insert_rows(connection, self._columns, rows)

    async def execute_columns(self, connection: AsyncConnection, columns: Sequence[Sequence[Any]]) -> None:
        """Insert the rows, at least one, that have these columns: as `execute`, for whoever has them so."""
        filled = [
            (name, values)
            for name, values, is_optional in zip(self._columns, columns, self._optional, strict=True)
            if not is_optional or any(values) or values.count(None) < len(values)
        ]
        names, kept = zip(*filled, strict=True)
        await self._insert_rows(connection, names, list(zip(*kept, strict=True)))

    async def _insert_rows(
        self, connection: AsyncConnection, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        at = 0
        for size, text in zip(self._sizes, self._written(columns), strict=True):
            end = len(rows) - (len(rows) - at) % size
            if end > at:
                await connection.exec_driver_sql(text, [_flat(rows[k : k + size]) for k in range(at, end, size)])
                at = end

    def _written(self, columns: tuple[str, ...]) -> list[str]:
        """The statements that fill these columns, one for each size."""
        texts = self._texts.get(columns)
        if texts is None:
            compiled: Any = self._insert.compile(dialect=self._dialect, column_keys=list(columns))
            if compiled.positiontup != list(columns):
                raise ValueError("The columns are not in the table's order.")
            text = str(compiled)
            start = text.index(" VALUES ") + len(" VALUES ")
            end = _closing(text, start) + 1
            head, row, tail = text[:start], text[start:end], text[end:]
            if len(self._texts) >= _MOST_SHAPES:
                self._texts.clear()
            texts = self._texts[columns] = [head + ", ".join([row] * size) + tail for size in self._sizes]
        return texts


def upsert(table: Table, add: Iterable[str], dialect: Dialect) -> Insert:
    """An INSERT that adds the columns named in `add` to the row that is already there."""
    if dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        statement: Any = postgresql_insert(table)
    else:
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        statement = sqlite_insert(table)
    change = {name: table.c[name] + statement.excluded[name] for name in add}
    made: Insert = statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=change)
    return made


def _flat(rows: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(chain.from_iterable(rows)) if len(rows) > 1 else rows[0]


def _closing(text: str, start: int) -> int:
    """The index of the bracket that closes the one at `start`."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at
    raise ValueError("The statement has no row of values.")
