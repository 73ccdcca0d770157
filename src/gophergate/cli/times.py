"""Times as people type them: `90s`, `15m`, `24h`, `30d`, `2026-01-31`, `2026-01-31T12:00:00Z`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import click

_SPAN = re.compile(r"([0-9]{1,9})([smhdw]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Span(click.ParamType["int"]):
    """A length of time, in seconds: a number with s, m, h, d or w, seconds without."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = _SPAN.fullmatch(value)
        if found is None:
            self.fail(f"'{value}' is no length of time such as 90s, 15m, 24h or 30d.", param, ctx)
        return int(found[1]) * _SECONDS[found[2]]


class Moment(click.ParamType["int | datetime"]):
    """A point in time: a span from now, or a date and time (RFC 3339; the zone of this machine when none is said).

    Converts to a span in seconds, or to Unix microseconds: `microseconds` tells them apart.
    """

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | datetime:
        if isinstance(value, int | datetime):
            return value
        if _MOMENT.match(value):
            try:
                return datetime.fromisoformat(value).astimezone()
            except ValueError:
                self.fail(f"'{value}' is no date such as 2026-01-31 or 2026-01-31T12:00:00Z.", param, ctx)
        return Span().convert(value, param, ctx)


def microseconds(moment: int | datetime, *, now: int, ahead: bool) -> int:
    """The moment in Unix microseconds; spans count from `now`, into the future when `ahead`, else into the past."""
    if isinstance(moment, datetime):
        return round(moment.timestamp() * 1_000_000)
    return now + moment * 1_000_000 * (1 if ahead else -1)
