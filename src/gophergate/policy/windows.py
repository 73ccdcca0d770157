"""Budget periods: calendar windows in a time zone. A window is known by its start, so a reset is not a job (R-B5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Period = Literal["hour", "day", "week", "month", "total"]


class Window(NamedTuple):
    """From `start` to before `end`, Unix microseconds; `end` None never comes."""

    start: int
    end: int | None


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name. Raises ValueError in words."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{name}' is no time zone; one is called like 'Europe/Berlin' or 'UTC'") from None


_HOUR = 3_600_000_000


def window(period: Period, zone_name: str, at: int) -> Window:
    """The window that a moment falls into. Days, weeks (from Monday) and months begin at the zone's midnight, however
    long daylight saving makes them; hours are those of UTC."""
    if period == "total":
        return Window(0, None)
    if period == "hour":
        start = at - at % _HOUR
        return Window(start, start + _HOUR)
    # The same for all moments of an hour but the first after a change: so the hour is looked up, once.
    return _calendar(period, zone_name, at // _QUARTER)


_QUARTER = _HOUR // 4
"""Zones differ from UTC by whole quarters of an hour: no window begins within one."""


@lru_cache(4096)
def _calendar(period: Period, zone_name: str, quarter: int) -> Window:
    here = zone(zone_name)
    local = datetime.fromtimestamp(quarter * 900, UTC).astimezone(here)
    day = local.date()
    if period == "week":
        day -= timedelta(days=day.weekday())
    elif period == "month":
        day = day.replace(day=1)
    if period == "day":
        after = day + timedelta(days=1)
    elif period == "week":
        after = day + timedelta(days=7)
    else:
        after = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return Window(_midnight(day.year, day.month, day.day, here), _midnight(after.year, after.month, after.day, here))


def _midnight(year: int, month: int, day: int, here: ZoneInfo) -> int:
    """The day's first moment. Where daylight saving skips midnight it is the first moment there is."""
    moment = datetime(year, month, day, tzinfo=here).astimezone(UTC)
    return int(moment.timestamp()) * 1_000_000
