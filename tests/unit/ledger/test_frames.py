from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.ledger.frames import HEAD, MARK, MAX_BODY, Frames, frame

bodies = st.lists(st.binary(max_size=40), max_size=8)


def read(data: bytes) -> tuple[list[bytes], int]:
    frames = Frames(data)
    return list(frames), frames.damaged


@given(bodies)
def test_what_was_framed_comes_back(made: list[bytes]) -> None:
    assert read(b"".join(map(frame, made))) == (made, 0)


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=4))
def test_a_cut_at_any_byte_loses_the_last_frame_only_and_invents_none(made: list[bytes]) -> None:
    data = b"".join(map(frame, made))
    ends = [0]
    for body in made:
        ends.append(ends[-1] + HEAD + len(body))
    for cut in range(len(data) + 1):
        whole = sum(end <= cut for end in ends) - 1
        assert read(data[:cut]) == (made[:whole], int(cut not in ends))


@given(bodies, bodies, st.binary(min_size=1, max_size=60))
def test_rubbish_between_frames_is_stepped_over(before: list[bytes], after: list[bytes], rubbish: bytes) -> None:
    found, damaged = read(b"".join(map(frame, before)) + rubbish + b"".join(map(frame, after)))
    assert found[: len(before)] == before
    # Rubbish that ends like the beginning of a mark may cost nothing: frames are sought from every byte.
    assert found[len(found) - len(after) :] == after
    assert damaged >= 1 or frame(b"")[:1] == rubbish[:1]


@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=5), st.data())
def test_one_changed_byte_costs_one_frame(made: list[bytes], data: st.DataObject) -> None:
    whole = bytearray(b"".join(map(frame, made)))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    found, damaged = read(bytes(whole))
    hit, end = 0, 0
    for number, body in enumerate(made):
        end += HEAD + len(body)
        if at < end:
            hit = number
            break
    assert found == made[:hit] + made[hit + 1 :]
    assert damaged == 1


@given(st.text())
def test_no_text_can_look_like_the_beginning_of_a_frame(text: str) -> None:
    """What callers send ends up in records; damage must not turn it into one."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return
    assert MARK[:2] not in data
    assert MARK[:1] not in data


def test_a_record_beyond_all_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        frame(bytes(MAX_BODY + 1))
