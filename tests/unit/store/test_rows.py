from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gophergate.core.call import CallRecord
from gophergate.core.usage import NOTHING_REPORTED, Usage
from gophergate.store.rows import COLUMNS, from_row, to_columns
from kit.call_records import call, records


def to_row(record: CallRecord) -> tuple[Any, ...]:
    (row,) = zip(*to_columns([record]), strict=True)
    return row


@given(records(st.text(max_size=5)))
def test_a_record_comes_back_as_it_was(record: CallRecord) -> None:
    expected = record
    if record.usage == NOTHING_REPORTED:
        expected = msgspec.structs.replace(record, usage=None)
    assert from_row(to_row(record)) == expected


@given(st.lists(records(st.text(max_size=5)), min_size=1, max_size=5))
def test_records_that_come_together_make_the_columns_that_each_makes(made: list[CallRecord]) -> None:
    assert list(zip(*to_columns(made), strict=True)) == [to_row(record) for record in made]


def test_values_stand_in_the_column_of_their_name() -> None:
    row = dict(zip(COLUMNS, to_row(call(1, usage=Usage(input=3, reasoning=0), tags={"a": "b"})), strict=True))
    assert (row["id"], row["model"], row["input"], row["reasoning"], row["output"]) == (
        call(1).id,
        "gpt-4.1",
        3,
        0,
        None,
    )
    assert row["tags"] == '{"a":"b"}'


def test_zero_and_absent_differ() -> None:
    """R-U3, edge case 58."""
    zero, absent = call(1, usage=Usage(input=0), cost=0), call(1, usage=Usage(output=1), cost=None)
    assert from_row(to_row(zero)) == zero
    assert from_row(to_row(absent)) == absent


def test_members_of_a_record_and_columns_of_a_row_have_one_order() -> None:
    fields = list(CallRecord.__struct_fields__)
    at = fields.index("usage")
    fields[at : at + 1] = Usage.__struct_fields__
    assert tuple(fields) == COLUMNS
