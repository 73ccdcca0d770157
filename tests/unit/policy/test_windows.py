from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.policy.windows import Period, window, zone

BERLIN, NEW_YORK, KATHMANDU = "Europe/Berlin", "America/New_York", "Asia/Kathmandu"
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana", "UTC")


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("period", "name", "at", "start", "end"),
    [
        ("day", BERLIN, "2026-03-29T12:00:00+02:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"),
        ("day", BERLIN, "2026-10-25T23:59:59+01:00", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"),
        ("day", NEW_YORK, "2026-03-08T00:00:00-05:00", "2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00"),
        ("day", KATHMANDU, "2026-05-01T00:00:00+05:45", "2026-05-01T00:00:00+05:45", "2026-05-02T00:00:00+05:45"),
        ("week", BERLIN, "2026-11-22T23:59:59+01:00", "2026-11-16T00:00:00+01:00", "2026-11-23T00:00:00+01:00"),
        ("month", NEW_YORK, "2026-12-31T23:59:59-05:00", "2026-12-01T00:00:00-05:00", "2027-01-01T00:00:00-05:00"),
        ("hour", KATHMANDU, "2026-05-01T10:30:00+00:00", "2026-05-01T10:00:00+00:00", "2026-05-01T11:00:00+00:00"),
    ],
)  # fmt: skip
def test_windows_begin_at_the_zones_own_midnight(period: Period, name: str, at: str, start: str, end: str) -> None:
    assert window(period, name, us(at)) == (us(start), us(end))


@given(
    st.sampled_from(["hour", "day", "week", "month"]),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
)
def test_windows_are_without_gaps_and_every_moment_is_in_its_own(period: Period, name: str, moment: datetime) -> None:
    at = int(moment.replace(tzinfo=UTC).timestamp()) * 1_000_000
    found = window(period, name, at)
    assert found.end is not None
    assert found.start <= at < found.end
    assert window(period, name, found.end).start == found.end  # R-B5: the next begins where this ends
    assert window(period, name, found.end - 1) == found
    local = datetime.fromtimestamp(found.start / 1_000_000, ZoneInfo(name))
    assert period == "hour" or local.hour in (0, 1)  # Havana's clocks go from midnight to one


def test_a_total_has_no_end_and_an_unknown_zone_is_named() -> None:
    assert window("total", "UTC", 5) == (0, None)
    with pytest.raises(ValueError, match="'Mars/Base' is no time zone"):
        zone("Mars/Base")
