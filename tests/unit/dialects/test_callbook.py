"""Edge cases 42, 53: ids made, ids kept, and results that find their calls."""

from __future__ import annotations

from gophergate.dialects.callbook import CallBook, is_invented, reply_call_id


def test_given_ids_are_kept_and_missing_ones_made() -> None:
    book = CallBook()
    made = book.called(None, "f")
    assert is_invented(made)
    assert book.called("given", "f") == "given"
    assert not is_invented("given")
    assert book.called("", "f") != made


def test_results_go_by_id_then_name_then_order() -> None:
    book = CallBook()
    first, second, third = book.called(None, "f"), book.called(None, "f"), book.called(None, "g")
    assert book.answered(None, "g") == third
    assert book.answered(None, "f") == first
    assert book.answered(None, "unheard of") == second
    assert is_invented(orphan := book.answered(None, "f"))
    assert orphan not in {first, second, third}


def test_a_result_by_id_takes_its_call_out_of_the_row() -> None:
    book = CallBook()
    book.called("a", "f")
    book.called("b", "f")
    assert book.answered("a", "f") == "a"
    assert book.answered(None, "f") == "b"


def test_a_client_may_number_only_its_results() -> None:
    book = CallBook()
    made = book.called(None, "f")
    assert book.answered("r-1", "f") == made
    assert book.answered("r-2", "f") == "r-2"


def test_an_id_may_come_again() -> None:
    """Clients number the calls of each turn anew."""
    book = CallBook()
    for _ in range(2):
        assert book.called("1", "f") == "1"
        assert book.answered(None, "f") == "1"


def test_reply_ids_are_a_function_of_the_bytes() -> None:
    one = reply_call_id("r", 1, "f", "{}")
    assert one == reply_call_id("r", 1, "f", "{}")
    assert (
        len({one, reply_call_id("r", 2, "f", "{}"), reply_call_id("s", 1, "f", "{}"), reply_call_id("", 1, "f", "{}")})
        == 4
    )
    assert one.startswith("call_")
