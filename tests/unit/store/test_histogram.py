from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.store.histogram import BOUNDS, SIZE, bucket, counted, percentile


def counts(values: list[float]) -> list[int]:
    found = [0] * SIZE
    for value in values:
        found[bucket(value)] += 1
    return found


@pytest.mark.parametrize(("ms", "number"), [(0, 0), (25, 0), (25.1, 1), (60_000, SIZE - 2), (60_000.1, SIZE - 1)])
def test_a_bound_belongs_to_its_bucket(ms: float, number: int) -> None:
    assert bucket(ms) == number


@given(st.lists(st.floats(0, 100_000) | st.sampled_from(BOUNDS), max_size=50))
def test_durations_counted_together_are_those_counted_each(values: list[float]) -> None:
    found = [0] * SIZE
    for number, count in counted(values):
        found[number] += count
    assert found == counts(values)


def test_of_nothing_there_is_no_percentile() -> None:
    assert percentile([0] * SIZE, 0.5) is None
    assert percentile((), 0.5) is None


@given(st.lists(st.floats(0, 59_999), min_size=1, max_size=50), st.floats(0.01, 1))
def test_an_answer_lies_in_the_bucket_of_the_true_one(values: list[float], share: float) -> None:
    rank = max(1, -(-int(share * len(values) * 1e9) // 10**9))
    true = sorted(values)[rank - 1]
    answer = percentile(counts(values), share)
    assert answer is not None
    number = bucket(true)
    lower = BOUNDS[number - 1] if number else 0
    assert lower - 1e-6 <= answer <= BOUNDS[number] + 1e-6


def test_what_took_longer_than_the_last_bound_is_that_long_or_more() -> None:
    assert percentile(counts([61_000, 900_000]), 0.5) == BOUNDS[-1]
