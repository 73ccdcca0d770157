from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.policy.windows import Calendar, check_span, rolling, step, window, zone

BERLIN, NEW_YORK, KATHMANDU = "Europe/Berlin", "America/New_York", "Asia/Kathmandu"
KOLKATA, LORD_HOWE = "Asia/Kolkata", "Australia/Lord_Howe"
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
        ("hour", KATHMANDU, "2026-05-01T10:30:00+05:45", "2026-05-01T10:00:00+05:45", "2026-05-01T11:00:00+05:45"),
        ("hour", KOLKATA, "2026-05-01T10:59:59+05:30", "2026-05-01T10:00:00+05:30", "2026-05-01T11:00:00+05:30"),
        ("day", KOLKATA, "2026-05-01T23:59:59+05:30", "2026-05-01T00:00:00+05:30", "2026-05-02T00:00:00+05:30"),
        # Berlin's hour from two to three comes twice in October, and not at all in March.
        ("hour", BERLIN, "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T03:00:00+02:00"),
        ("hour", BERLIN, "2026-10-25T02:30:00+01:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"),
        ("hour", BERLIN, "2026-03-29T03:10:00+02:00", "2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"),
        ("hour", NEW_YORK, "2026-11-01T01:10:00-05:00", "2026-11-01T01:00:00-05:00", "2026-11-01T02:00:00-05:00"),
        # Lord Howe's clocks move by half an hour: half past one comes twice in April, and an hour in October is short.
        ("hour", LORD_HOWE, "2026-04-05T01:45:00+11:00", "2026-04-05T01:00:00+11:00", "2026-04-05T02:00:00+11:00"),
        ("hour", LORD_HOWE, "2026-04-05T01:45:00+10:30", "2026-04-05T01:30:00+10:30", "2026-04-05T02:00:00+10:30"),
        ("hour", LORD_HOWE, "2026-10-04T02:45:00+11:00", "2026-10-04T02:30:00+11:00", "2026-10-04T03:00:00+11:00"),
    ],
)  # fmt: skip
def test_windows_are_those_of_the_zones_own_clocks(period: Calendar, name: str, at: str, start: str, end: str) -> None:
    assert window(period, name, us(at)) == (us(start), us(end))


@given(
    st.sampled_from(["hour", "day", "week", "month"]),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
)
def test_windows_are_without_gaps_and_every_moment_is_in_its_own(period: Calendar, name: str, moment: datetime) -> None:
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


@given(st.integers(1, 24 * 60 - 1) | st.integers(24, 24 * 366).map(lambda hours: hours * 60), st.integers(0, 1 << 51))
def test_a_rolling_window_is_never_shorter_than_its_period_and_at_most_a_step_longer(minutes: int, at: int) -> None:
    seconds = minutes * 60
    check_span(seconds)
    found = rolling(seconds, at)
    assert found.start <= at - seconds * 1_000_000 < found.start + step(seconds)
    assert found.end is not None
    assert at < found.end <= at + step(seconds)
    assert rolling(seconds, found.end).start == found.start + step(seconds)


@pytest.mark.parametrize(("seconds", "says"), [(59, "from 60 to"), (90, "whole number"), (86_460, "of hours")])
def test_what_is_no_rolling_period_is_said(seconds: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_span(seconds)
