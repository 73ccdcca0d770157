from __future__ import annotations

from gophergate.core.call import Attempt
from gophergate.ledger.clean import cleaned
from kit.call_records import call


def test_characters_no_database_takes_are_replaced_wherever_they_are() -> None:
    """R-X8: NUL and lone surrogates."""
    record = call(
        1,
        session="a\ud800b",
        error_message="\x00",
        tags={"\udc00": "x"},
        attempts=(Attempt(model="m\x00", provider="p"),),
    )
    better = cleaned(record)
    assert (better.session, better.error_message) == ("a\ufffdb", "\ufffd")
    assert better.tags == {"\ufffd": "x"}
    assert better.attempts[0].model == "m\ufffd"
    assert (better.id, better.cost, better.usage) == (record.id, record.cost, record.usage)


def test_a_good_record_stays_as_it_is() -> None:
    record = call(1, end_user="héllo 𝄞 日本")
    assert cleaned(record) == record


def test_a_record_of_wrong_types_is_left_alone() -> None:
    record = call(1, session=object())
    assert cleaned(record) is record
