from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.core.money import MAX_NANOS, from_dollars, to_dollars


@given(st.integers(-MAX_NANOS, MAX_NANOS))
def test_an_amount_survives_the_way_over_an_api(nanos: int) -> None:
    """R-U1: integers only; the decimal string is exact."""
    assert from_dollars(to_dollars(nanos)) == nanos
    assert Decimal(to_dollars(nanos)) * 10**9 == nanos


@pytest.mark.parametrize(
    ("nanos", "text"), [(0, "0.00"), (1, "0.000000001"), (123_000, "0.000123"), (-1_500_000_000, "-1.50")]
)
def test_amounts_read_as_dollars(nanos: int, text: str) -> None:
    assert to_dollars(nanos) == text


@pytest.mark.parametrize("text", ["", "a dollar", "NaN", "Infinity", "0.0000000001", "9999999999999"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_dollars(text)
