"""The original's SQLite file: opened read-only, its tables told apart, its rows read one by one as facts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import column, func, select, table
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from gophergate.errors import BadRequest
from gophergate.original.columns import HOUSEKEEPING, SHAPES, Mapped, mapped, plain

Facts = Mapping[str, Any]
_SQLITE = sqlite_dialect()


class NotTheOriginal(BadRequest):
    """The file is no database of the original GopherGate's; the sentence says why."""

    code = "not_the_original"


class Source:
    """An open file. `tables` says what is what, by sort of thing; `unknown_tables` are those nobody knows."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._connection = connection
        there = {
            plain(name): name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        }
        self.tables: dict[str, Mapped] = {}
        for sort, shape in SHAPES.items():
            for wanted in shape.tables:
                name = there.get(plain(wanted))
                if name is None or name in {found.table for found in self.tables.values()}:
                    continue
                found = mapped(shape, name, _names(connection, name))
                if all(fact in found.columns for fact in shape.needs):
                    self.tables[sort] = found
                    break
        taken = {found.table for found in self.tables.values()}
        self.unknown_tables = tuple(
            name for name in there.values() if name not in taken and not name.lower().startswith(HOUSEKEEPING)
        )

    def count(self, sort: str) -> int:
        """How many rows there are of a sort."""
        found = self.tables.get(sort)
        if found is None:
            return 0
        query = select(func.count()).select_from(table(found.table))
        (number,) = self._connection.execute(str(query.compile(dialect=_SQLITE))).fetchone()
        return int(number)

    def rows(self, sort: str) -> Iterator[Facts]:
        """The rows of a sort in the order they were written, each as its facts; what a table does not have is None."""
        found = self.tables.get(sort)
        if found is None:
            return
        absent = dict.fromkeys(SHAPES[sort].facts)
        # The file names its tables and columns: they are quoted as identifiers, and values there are none.
        columns: list[Any] = [column(name) for name in found.columns.values()]
        query = select(*columns).select_from(table(found.table))
        for row in self._connection.execute(str(query.compile(dialect=_SQLITE))):
            yield absent | dict(zip(found.columns, row, strict=True))

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()


def opened(path: Path) -> Source:
    """The file, read-only. Raises NotTheOriginal."""
    if not path.is_file():
        raise NotTheOriginal(f"There is no file {path}.")
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    try:
        source = Source(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise NotTheOriginal(f"{path} cannot be read as a SQLite database: {error}.") from None
    if not source.tables:
        connection.close()
        raise NotTheOriginal(
            f"{path} has none of the tables of the original GopherGate (client_tokens, users, provider_configs, ...)."
        )
    return source


def _names(connection: sqlite3.Connection, table: str) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
