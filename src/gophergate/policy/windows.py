"""Budget periods: calendar windows in a time zone, or a span that slides along with time.

A calendar window is known by its start, so a reset is not a job (R-B5). A sliding span is counted in steps.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Period = Literal["hour", "day", "week", "month", "total", "rolling"]
Calendar = Literal["hour", "day", "week", "month", "total"]


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


_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_QUARTER = _HOUR // 4
"""Zones differ from UTC by whole quarters of an hour, and change at whole ones: no window begins within one."""

SHORTEST_SPAN = 60
LONGEST_SPAN = 366 * 86_400
"""Seconds of a rolling period."""


def step(seconds: int) -> int:
    """The step, in microseconds, in which a rolling period of so many seconds slides: a minute below a day, else an
    hour, which is what the ledger's sums are kept by."""
    return _MINUTE if seconds * _SECOND < _DAY else _HOUR


def check_span(seconds: int) -> None:
    """Raises ValueError, in words, for what is no rolling period."""
    if not SHORTEST_SPAN <= seconds <= LONGEST_SPAN:
        raise ValueError(f"a rolling period has from {SHORTEST_SPAN} to {LONGEST_SPAN} seconds")
    if seconds * _SECOND % step(seconds):
        raise ValueError("a rolling period is a whole number of minutes, and from a day on of hours")


def rolling(seconds: int, at: int) -> Window:
    """The span that counts at a moment: never shorter than `seconds`, and at most one step longer. Its `end` is when
    it slides next."""
    size = step(seconds)
    begun = at - at % size
    return Window(begun - seconds * _SECOND, begun + size)


def window(period: Calendar, zone_name: str, at: int) -> Window:
    """The calendar window that a moment falls into. Hours, days, weeks (from Monday) and months are those of the
    zone's clocks, however long or short daylight saving makes them; no two of them overlap."""
    if period == "total":
        return Window(0, None)
    # The same for all moments of a quarter of an hour: so that one is looked up, once.
    return _calendar(period, zone_name, at // _QUARTER)


@lru_cache(4096)
def _calendar(period: Calendar, zone_name: str, quarter: int) -> Window:
    here = zone(zone_name)
    if period == "hour":
        return _hour(here, quarter)
    day = _local(here, quarter).date()
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


def _hour(here: ZoneInfo, quarter: int) -> Window:
    """The hour on the zone's clocks, cut where they are put forward or back within it (Lord Howe: by half an hour)."""
    local = _local(here, quarter)
    offset = local.utcoffset()
    start = quarter - local.minute // 15
    end = start + 4
    while _local(here, start).utcoffset() != offset:
        start += 1
    while _local(here, end - 1).utcoffset() != offset:
        end -= 1
    return Window(start * _QUARTER, end * _QUARTER)


def _local(here: ZoneInfo, quarter: int) -> datetime:
    return datetime.fromtimestamp(quarter * 900, UTC).astimezone(here)


def _midnight(year: int, month: int, day: int, here: ZoneInfo) -> int:
    """The day's first moment. Where daylight saving skips midnight it is the first moment there is."""
    moment = datetime(year, month, day, tzinfo=here).astimezone(UTC)
    return int(moment.timestamp()) * _SECOND
