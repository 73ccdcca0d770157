"""Bodies are read the same whole and in pieces."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from gophergate.dialects import base
from gophergate.dialects.base import Dialect, decode_object, encode, encode_in_pieces
from gophergate.doors.chat import dialects
from gophergate.errors import BadRequest

PADDING = "x" * (300 << 10)
MEMBERS: list[dict[str, Any]] = [
    {},
    {"messages": []},
    {"messages": [{"a": [1, None, {"b": "ü"}]}, 2.5, "[", True]},
    {"a": None, "b": -1, "c": "{["},
]


@pytest.mark.parametrize("padding", ["", PADDING], ids=["small", "large"])
@pytest.mark.parametrize("members", MEMBERS)
def test_a_large_body_means_what_a_small_one_does(members: dict[str, Any], padding: str) -> None:
    """R-P2: it is decoded element by element."""
    body = {**members, "padding": padding}
    assert decode_object(json.dumps(body, indent=1).encode()) == body


@pytest.mark.parametrize("members", [*MEMBERS, {"a": [{"b": [1, 2]}, []], "é": {"c": [3]}, "d": [[]]}])
def test_what_is_encoded_in_pieces_is_the_same(members: dict[str, Any]) -> None:
    """R-P2, R-K1."""
    assert encode_in_pieces(members) == encode(members)


def test_turns_are_encoded_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """R-P2: encoding twenty megabytes of them at once is one step that no other thread can come between."""
    sizes: list[int] = []

    class Noting:
        def encode(self, value: object) -> bytes:
            said = msgspec.json.encode(value)
            sizes.append(len(said))
            return said

    monkeypatch.setattr(base, "_ENCODER", Noting())
    turn = {"role": "user", "content": "x" * 80}
    body = encode_in_pieces({"model": "m", "messages": [turn] * 1_000, "stream": False})
    assert len(body) > 100_000
    assert max(sizes) < 150


@pytest.mark.parametrize("body", ["[1,2]", '{"a":[1,]}', '{"a":1', '{"a":[{"b":nul}]}', '{"a":"\\ud800 and more"}'])
def test_what_is_wrong_with_a_large_body_is_said_like_with_a_small_one(body: str) -> None:
    """R-X8: one sentence that names the place."""
    with pytest.raises(BadRequest) as small:
        decode_object(body.encode())
    padded = body + " " * (300 << 10)
    with pytest.raises(BadRequest) as large:
        decode_object(padded.encode())
    assert large.value.message == small.value.message


@pytest.mark.parametrize("door", dialects().values(), ids=lambda door: door.name)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (rb"cut \ud83d here", r"\ud83d at byte"),
        (rb"cut \ud83d", r"\ud83d at byte"),
        (b"caf\xe9", "no UTF-8"),
    ],
)
def test_half_a_character_is_called_that(door: Dialect, text: bytes, said: str) -> None:
    """R-X8: JavaScript cuts texts between the halves of an emoji, and the body was said to be truncated."""
    body = b'{"model":"m","max_tokens":9,"user":"%b"}' % text
    with pytest.raises(BadRequest) as refused:
        door.peek(body, model="m")
        door.read_request(body, model="m")
    assert said in refused.value.message
    assert "truncated" not in refused.value.message


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("door", dialects().values(), ids=lambda door: door.name)
def test_a_wide_body_is_told_to_come_in_utf_8(door: Dialect, coding: str) -> None:
    """R-X8: JSON between systems is UTF-8 (RFC 8259, 8.1)."""
    with pytest.raises(BadRequest, match="UTF-16 or UTF-32; send it in UTF-8") as refused:
        door.peek('{"model":"m"}'.encode(coding), model="m")
    assert refused.value.code == "invalid_json"
