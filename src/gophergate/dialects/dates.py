"""RFC 3339 dates and Unix seconds, by arithmetic alone: dialects hold no clock and no time zone.

Days are counted after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (civil from days, days from civil).
"""

from __future__ import annotations

import re

_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))?",
)
_EPOCH = 719468
"""Days from 0000-03-01 to 1970-01-01."""


def unix_of(date: str) -> int | None:
    """Whole Unix seconds of an RFC 3339 date, fractions cut off, UTC where it names no offset; None for all else."""
    found = _DATE.fullmatch(date)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second <= 60):
        return None
    years = year - (month <= 2)
    era, of_era = divmod(years, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - _EPOCH
    offset = 0
    if found[7]:
        offset = (int(found[8]) * 60 + int(found[9])) * (60 if found[7] == "+" else -60)
    return days * 86400 + hour * 3600 + minute * 60 + second - offset


def date_of(unix: int) -> str:
    """The RFC 3339 date of Unix seconds, in UTC."""
    days, rest = divmod(unix, 86400)
    era, of_era = divmod(days + _EPOCH, 146097)
    years = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    months = (5 * of_year + 2) // 153
    day = of_year - (153 * months + 2) // 5 + 1
    month = months + 3 if months < 10 else months - 9
    year = years + era * 400 + (month <= 2)
    hour, minute, second = rest // 3600, rest % 3600 // 60, rest % 60
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}Z"
