from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.dialects.sse import SseDecoder, sse


def decoded(pieces: list[bytes]) -> list[tuple[bytes, bytes]]:
    decoder, found = SseDecoder(), []
    for piece in pieces:
        found += decoder.feed(piece)
    return found + decoder.end()


STREAM = (
    b"\xef\xbb\xbfdata: first\n\n: a comment\r\n\r\nevent: named\r\ndata:no space\r\n\r\n"
    b"data: two\rdata: lines\r\rid: 7\nretry: 10\ndata: \xe2\x82\xac \xf0\x9f\x90\xbf\n\ndata: unended"
)
EVENTS = [
    (b"", b"first"),
    (b"named", b"no space"),
    (b"", b"two\nlines"),
    (b"", "\u20ac \U0001f43f".encode()),
    (b"", b"unended"),
]


def test_every_form_of_line_end_comment_and_field() -> None:
    """Edge case 2; WHATWG HTML, 'Interpreting an event stream'."""
    assert decoded([STREAM]) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_any_chunking_gives_the_same_events(cuts: list[int]) -> None:
    """Law 4, R-T3, edge case 1."""
    at = [0, *sorted(cuts), len(STREAM)]
    assert decoded([STREAM[a:b] for a, b in itertools.pairwise(at)]) == EVENTS


def test_one_byte_at_a_time() -> None:
    assert decoded([STREAM[i : i + 1] for i in range(len(STREAM))]) == EVENTS


def _seconds(megabytes: int) -> float:
    decoder, piece = SseDecoder(), b"x" * 1024
    began = time.process_time()
    decoder.feed(b"data: ")
    for _ in range(megabytes * 1024):
        decoder.feed(piece)
    [(_, data)] = decoder.feed(b"\n\n")
    assert len(data) == megabytes << 20
    return time.process_time() - began


def test_a_ten_megabyte_event_in_small_pieces_is_linear() -> None:
    """Edge case 3: four times the bytes may not cost much more than four times the work (quadratic: sixteen)."""
    small = min(_seconds(3) for _ in range(3))
    assert min(_seconds(12) for _ in range(3)) < 9 * max(small, 0.004)


@pytest.mark.parametrize(("event", "expected"), [(b"", b"data: {}\n\n"), (b"x", b"event: x\ndata: {}\n\n")])
def test_written_events_read_back(event: bytes, expected: bytes) -> None:
    assert sse(b"{}", event) == expected
    assert decoded([expected]) == [(event, b"{}")]
