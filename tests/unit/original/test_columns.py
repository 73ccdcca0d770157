"""What is what in a table, by whichever name."""

from __future__ import annotations

from gophergate.original.columns import CALLS, SHAPES, TOKENS, mapped, plain


def test_names_are_known_without_case_and_punctuation() -> None:
    found = mapped(TOKENS, "ClientTokens", ["ID", "Api-Key", "CLIENT_ID", "colour", "token_prefix"])
    assert found.columns == {"key": "Api-Key", "client": "CLIENT_ID"}
    assert found.unknown == ("colour",)
    assert set(found.dropped) == {"ID", "token_prefix"}


def test_the_first_name_goes_before_the_later_ones() -> None:
    found = mapped(CALLS, "requests", ["created_at", "timestamp", "model"])
    assert found.columns["at"] == "timestamp"
    assert found.columns["model"] == found.columns["model_requested"] == "model"


def test_no_column_is_both_read_and_dropped() -> None:
    for sort, shape in SHAPES.items():
        read = {plain(name) for names in shape.facts.values() for name in names}
        both = read & {plain(name) for name in shape.dropped}
        assert both <= {"id", "createdat"}, sort
