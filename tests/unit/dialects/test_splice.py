from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.dialects.splice import raw_member, with_member, with_text, without_member

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from(["model", "a", 'q"uote', "messages", "é"]), values, max_size=5)


@given(objects, values, st.sampled_from([None, 2]), st.booleans())
def test_an_edit_changes_one_member_and_no_other_byte(
    body: dict[str, object], value: object, indent: int | None, ascii_only: bool
) -> None:
    """Law 5: key order and the bytes of all other members stay."""
    raw = json.dumps(body, indent=indent, ensure_ascii=ascii_only).encode()
    new = msgspec.json.encode(value)
    edited = with_member(raw, "model", new)
    assert json.loads(edited) == {**body, "model": value}
    assert list(json.loads(edited)) == list({**body, "model": value})
    if "model" in body:
        old = raw_member(raw, "model")
        assert old is not None
        assert len(edited) == len(raw) - len(old) + len(new)


@given(
    st.dictionaries(st.sampled_from(["a", "messages"]), values | st.just({"model": "m"}) | st.just('"model":"m"')),
    st.text(max_size=4),
    st.text(max_size=4),
    st.sampled_from([None, 2]),
    st.booleans(),
    st.booleans(),
)
def test_a_text_is_set_with_one_look_as_with_three(
    rest: dict[str, object], old: str, new: str, indent: int | None, ascii_only: bool, first: bool
) -> None:
    body = {"model": old, **rest} if first else {**rest, "model": old}
    raw = json.dumps(body, indent=indent, ensure_ascii=ascii_only).encode()
    value = msgspec.json.encode(new)
    assert with_text(raw, "model", value) == with_member(raw, "model", value)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"mod\\u0065l":"m","x":{"model":"m"}}',
        b'{"x":{"model":"m"},"model":"m"}',
        b'{"model":"m\\"odel","x":1}',
        b'{"x":"\\"model","model" : "m"}',
    ],
)
def test_a_name_that_stands_elsewhere_too_is_looked_at_closely(raw: bytes) -> None:
    """Keys with escapes, inner objects, texts that look like members."""
    try:
        expected = with_member(raw, "model", b'"n"')
    except ValueError:
        with pytest.raises(ValueError, match="cannot be edited"):
            with_text(raw, "model", b'"n"')
    else:
        assert with_text(raw, "model", b'"n"') == expected
        assert json.loads(expected) == {**json.loads(raw), "model": "n"}


def test_an_equal_text_leaves_the_bytes_identical() -> None:
    raw = b'{"messages":[],"model":"m"}'
    assert with_text(raw, "model", b'"m"') is raw


@given(objects)
def test_without_an_edit_the_bytes_are_identical(body: dict[str, object]) -> None:
    raw = json.dumps(body).encode()
    old = raw_member(raw, "model")
    if old is not None:
        assert with_member(raw, "model", old) is raw
    else:
        assert without_member(raw, "model") is raw


@given(objects)
def test_a_removed_member_leaves_valid_json_with_all_others(body: dict[str, object]) -> None:
    left = json.loads(without_member(json.dumps(body).encode(), "model"))
    assert left == {name: value for name, value in body.items() if name != "model"}


def test_a_nested_or_quoted_look_alike_is_left_alone() -> None:
    body = b'{"messages":[{"model":"x","content":"\\"model\\":\\"x\\""}], "model" : "x" }'
    assert with_member(body, "model", b'"y/z"') == body[:-5] + b'"y/z" }'


def test_a_key_hidden_behind_escapes_is_refused_not_missed() -> None:
    with pytest.raises(ValueError):
        with_member(b'{"mod\\u0065l":"x"}', "model", b'"y"')
