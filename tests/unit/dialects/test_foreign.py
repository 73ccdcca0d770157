"""What providers send that no strict reader takes: one odd character must not end an answer (R-T3), and one odd number
must not cost a call its row (law 1)."""

from __future__ import annotations

import pytest

from gophergate.core.events import BlockGrew, BlockOpened, Event, Failed, Finished, UsageSeen
from gophergate.core.usage import Usage
from gophergate.dialects.foreign import made_strict
from gophergate.dialects.members import MOST, count_of
from gophergate.doors.chat import dialects
from kit.answers import SPEAKERS, USUAL, answer

SPOKEN = dialects()
ODD = {
    "half a surrogate pair": (rb"w\u00f6rld", rb"w\ud83drld", "w�rld"),
    "bytes that are no UTF-8": (rb"w\u00f6rld", b"w\xffrld", "w�rld"),
    "a raw control character": (rb"w\u00f6rld", b"w\trld", "w\trld"),
    "no number": (b": 10", b": NaN", "wörld"),
    "infinity": (b": 10", b": -Infinity", "wörld"),
}


def read(dialect: str, data: bytes, *, stream: bool) -> list[Event]:
    reader = SPOKEN[dialect].reader(stream=stream, origin="maker")
    return reader.feed(data) + reader.end()


def text_of(events: list[Event]) -> str:
    opened = (event.block for event in events if isinstance(event, BlockOpened))
    return "".join(getattr(block, "text", "") for block in opened) + "".join(
        event.text for event in events if isinstance(event, BlockGrew)
    )


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", SPEAKERS)
@pytest.mark.parametrize("case", ODD)
def test_one_odd_value_does_not_end_an_answer(case: str, dialect: str, stream: bool) -> None:
    old, new, said = ODD[case]
    data = b"".join(answer(dialect, USUAL, stream=stream).pieces)
    assert old in data
    events = read(dialect, data.replace(old, new), stream=stream)
    assert said in text_of(events)
    assert isinstance(events[-1], Finished)


@pytest.mark.parametrize("dialect", SPEAKERS)
def test_a_byte_order_mark_before_an_answer_is_passed_over(dialect: str) -> None:
    data = b"".join(answer(dialect, USUAL, stream=False).pieces)
    assert isinstance(read(dialect, b"\xef\xbb\xbf" + data, stream=False)[-1], Finished)


@pytest.mark.parametrize("data", [b"", b"<html>", b"{", b'{"a": 1,}', b"[" * 100_000, b'"' + b"a" * 300_000 + b'\xff"'])
def test_what_is_no_json_or_too_large_stays_unread(data: bytes) -> None:
    assert made_strict(data) is None


@pytest.mark.parametrize("count", ["-10", "1" + "0" * 30, "9223372036854775808", '"ten"', '"-10"', "1.5", "true"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", SPEAKERS)
def test_a_count_that_nothing_comes_to_is_none(dialect: str, stream: bool, count: str) -> None:
    """Law 1: a count of more than 64 bits could be neither stored nor kept in the journal, and the call had no row."""
    data = b"".join(answer(dialect, USUAL, stream=stream).pieces)
    usage = Usage()
    for event in read(dialect, data.replace(b": 10", b": " + count.encode()), stream=stream):
        assert not isinstance(event, Failed)
        if isinstance(event, UsageSeen):
            usage = usage.merged(event.usage)
    assert usage.input in (None, 0)


def test_a_count_is_whole_and_within_what_a_ledger_holds() -> None:
    assert [count_of(value) for value in (0, 7, 7.0, "7", MOST, str(MOST))] == [0, 7, 7, 7, MOST, MOST]
    nothing = (MOST + 1, -1, 0.5, True, None, "", "-1", "7.5", " 7", "٧", "9" * 5000)
    assert [count_of(value) for value in nothing] == [None] * len(nothing)
