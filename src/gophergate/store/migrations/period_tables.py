"""For migrations that change what every period's table looks like: they name the template and all its copies."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Connection, text

_EPOCH = date(1970, 1, 1)


def with_copies(connection: Connection, template: str) -> list[str]:
    """The template's name and the tables made from it that still exist. Plain SQL: migrations outlive the code."""
    rows = connection.execute(
        text("SELECT first_day FROM periods WHERE kind = :kind AND dropped_at IS NULL ORDER BY first_day"),
        {"kind": template},
    )
    return [template, *(f"{template}_{_EPOCH + timedelta(days=day):%Y%m%d}" for (day,) in rows)]
