from __future__ import annotations

from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.routing.secrecy import Striking, without

SECRET = 'sk-a/b+c"d-0123456789'
LONGER = SECRET + "-and-more"
WAYS = (
    SECRET,
    msgspec.json.encode(SECRET)[1:-1].decode(),
    quote(SECRET, safe=""),
    msgspec.json.encode(SECRET)[1:-1].decode().replace("/", "\\/"),
)


@pytest.mark.parametrize("written", WAYS)
def test_a_key_is_struck_out_however_it_is_written(written: str) -> None:
    """Law 8."""
    assert without(f"<{written}{written}>".encode(), [SECRET]) == b"<******>"


def test_a_key_that_begins_with_another_is_struck_out_whole() -> None:
    assert without(LONGER.encode(), [SECRET, LONGER]) == b"***"


@given(
    words=st.lists(st.sampled_from([*WAYS, LONGER, "sk-", "sk-a", "plain \U0001f43f", "\n"]), max_size=6),
    cuts=st.lists(st.integers(0, 200), max_size=8),
)
def test_the_cuts_make_no_difference(words: list[str], cuts: list[int]) -> None:
    """Law 4, law 8: in one piece or in many, the same goes on, and nothing of a key."""
    data = "".join(words).encode() + b"."
    striking = Striking([SECRET, LONGER])
    at, out = 0, b""
    for cut in sorted(cuts):
        out += striking.feed(data[at:cut])
        at = max(at, cut)
    out += striking.feed(data[at:]) + striking.end()
    assert not any(way.encode() in out for way in WAYS)
    if LONGER not in words:  # its own beginning is a key by itself, so that its rest may stand alone
        assert out == without(data, [SECRET, LONGER])


def test_what_only_begins_like_a_key_goes_on_unless_it_tells_much_of_it() -> None:
    striking = Striking([SECRET])
    assert striking.feed(b"so sk-") + striking.feed(b"nothing") + striking.end() == b"so sk-nothing"
    assert striking.feed(b"so sk-") + striking.end() == b"so sk-"
    assert striking.feed(b"so " + SECRET[:-1].encode()) + striking.end() == b"so ***"
    assert Striking([]).feed(b"anything") == b"anything"
