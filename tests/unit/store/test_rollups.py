from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gophergate.core.call import CallRecord
from gophergate.store.rollups import COLUMNS, Sums, by_day
from gophergate.store.rollups import sums as sums_of_columns
from gophergate.store.rows import to_columns
from kit.call_records import records


def sums(made: list[CallRecord]) -> Sums:
    return sums_of_columns(to_columns(made)) if made else {}


def total(found: dict[tuple[int | str, ...], list[int]]) -> list[int]:
    return [sum(row[number] for row in found.values()) for number in range(len(COLUMNS))]


@given(st.lists(records(st.text(max_size=3)), max_size=9), st.integers(0, 9))
def test_sums_do_not_depend_on_how_calls_are_cut_into_batches(made: list[CallRecord], at: int) -> None:
    whole, first, second = (total(sums(part)) for part in (made, made[:at], made[at:]))
    assert whole == [a + b for a, b in zip(first, second, strict=True)]
    assert whole == total(by_day(sums(made)))


@given(st.lists(records(st.text(max_size=3)), max_size=9))
def test_every_counter_is_what_its_name_says(made: list[CallRecord]) -> None:
    found = dict(zip(COLUMNS, total(sums(made)), strict=True))
    assert found["calls"] == len(made)
    assert found["cost"] == sum(record.cost or 0 for record in made)
    assert found["unpriced"] == sum(record.cost is None and record.usage_source != "none" for record in made)
    assert found["estimated"] == sum(record.usage_source == "estimated" for record in made)
    assert found["first_tokens"] == sum(record.first_token_ms is not None for record in made)
    assert found["latency_us"] == sum(round(record.latency_ms * 1000) for record in made)
    assert found["first_token_us"] == sum(round((record.first_token_ms or 0) * 1000) for record in made)
    for name in (
        "input",
        "cache_read",
        "cache_write",
        "cache_write_1h",
        "audio_input",
        "image_input",
        "output",
        "audio_output",
        "image_output",
        "reasoning",
        "provider_cost",
    ):
        assert found[name] == sum(getattr(record.usage, name) or 0 for record in made if record.usage), name
    for kind, count in (("latency", len(made)), ("first_token", found["first_tokens"])):
        assert (
            sum(value for name, value in found.items() if name.startswith(f"{kind}_") and name[-1].isdigit()) == count
        )
