"""Dates by arithmetic equal the standard library's."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.dialects.dates import date_of, unix_of


@given(st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2999, 12, 31)), st.integers(-14 * 60, 14 * 60))
def test_dates_and_seconds(date: datetime.datetime, minutes: int) -> None:
    zone = datetime.timezone(datetime.timedelta(minutes=minutes))
    seconds = int(date.replace(microsecond=0, tzinfo=zone).timestamp())
    assert unix_of(date.replace(tzinfo=zone).isoformat()) == seconds
    assert date_of(seconds) == datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert unix_of(date_of(seconds)) == seconds


@pytest.mark.parametrize(
    "text", ["", "x", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00X"]
)
def test_what_is_no_date(text: str) -> None:
    assert unix_of(text) is None


def test_nanoseconds_and_offsets() -> None:
    """Google sends six digits and Z, Ollama nine digits and its own offset."""
    assert unix_of("2023-08-04T08:52:19.385406455-07:00") == unix_of("2023-08-04T15:52:19Z") == 1691164339
