from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from gophergate.store.filters import CallFilter, Place, conditions, from_cursor, to_cursor
from gophergate.store.tables import calls


@given(st.integers(0, 10**17), st.text(min_size=1))
def test_a_cursor_names_its_place(started_at: int, call_id: str) -> None:
    place = Place(started_at, call_id)
    assert from_cursor(to_cursor(place)) == place


def test_no_cursor_is_the_beginning() -> None:
    assert from_cursor(None) is None


NUMBERS = ("since", "until", "min_cost", "max_cost", "min_latency_ms", "max_latency_ms")
COLUMNS = {
    "min_cost": "cost",
    "max_cost": "cost",
    "min_latency_ms": "latency_ms",
    "max_latency_ms": "latency_ms",
    "failed": "status",
    "unpriced": "cost",
    "tag": "tags",
    "text": "error_message",
}


def test_every_member_makes_a_condition_both_databases_can_say() -> None:
    every = CallFilter(**{name: 5 if name in NUMBERS else "error" for name in CallFilter.__struct_fields__})  # type: ignore[arg-type]
    made = list(conditions(calls, every, Place(1, "a")))
    for dialect in (postgresql.dialect(), sqlite.dialect()):  # type: ignore[no-untyped-call]
        text = " ".join(str(condition.compile(dialect=dialect)) for condition in made)
        for name in set(CallFilter.__struct_fields__) - {"since", "until"}:
            column = COLUMNS.get(name, name)
            assert f"calls.{column} " in text or f"calls.{column})" in text, name
        assert "'error'" not in text, "values are bound, never written into the statement (R-X2)"
