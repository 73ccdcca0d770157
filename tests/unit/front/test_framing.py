"""The pure half of HTTP/1.1: what makes a head unacceptable, and the bytes of a reply's head."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.errors import BadRequest, BodyTooLarge
from gophergate.front.framing import (
    HeadTooLarge,
    check_body,
    check_head,
    check_size,
    decode_path,
    foreign,
    index_of,
    reply_head,
    split_target,
    without_upgrade,
)

NAME = st.from_regex(rb"x-[a-z0-9-]{1,10}", fullmatch=True)
TEXT = st.binary(max_size=20)


def test_the_index_holds_the_first_of_each_name() -> None:
    assert index_of([(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]) == {b"a": b"1", b"b": b"2"}


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        (b"/a/b?c=d?e", (b"/a/b", b"c=d?e")),
        (b"/a?", (b"/a", b"")),
        (b"//host/a", (b"//host/a", b"")),
        (b"http://host:80/a?b", (b"/a", b"b")),
        (b"https://user@host", (b"/", b"")),
    ],
)
def test_a_target_is_path_and_query(target: bytes, parts: tuple[bytes, bytes]) -> None:
    assert split_target(target) == parts


@pytest.mark.parametrize("target", [b"*", b"host:80", b"", b"a/b", b"/a#b", b"http://h/a#b", b"?x"])
def test_other_targets_are_refused(target: bytes) -> None:
    with pytest.raises(BadRequest):
        split_target(target)


def test_a_path_is_decoded_once() -> None:
    assert decode_path(b"/a%252Fb/%C3%A9/%ff/..//") == "/a%2Fb/é/�/..//"
    with pytest.raises(BadRequest):
        decode_path(b"/a%00b")


HOST = (b"host", b"h")


@pytest.mark.parametrize(
    ("version", "headers"),
    [
        ("1.1", []),
        ("1.1", [HOST, HOST]),
        ("1.0", [HOST, HOST]),
        ("2.0", [HOST]),
        ("0.9", []),
        ("1.1", [HOST, (b"content-length", b"1"), (b"content-length", b"1")]),
        ("1.1", [HOST, (b"content-length", b"1"), (b"transfer-encoding", b"chunked")]),
        ("1.1", [HOST, (b"transfer-encoding", b"gzip, chunked")]),
        ("1.1", [HOST, (b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")]),
        ("1.0", [(b"transfer-encoding", b"chunked")]),
    ],
)
def test_an_ambiguous_head_is_refused(version: str, headers: list[tuple[bytes, bytes]]) -> None:
    """R-X8: request smuggling. Some of these the parser refuses first; here they stand by themselves."""
    with pytest.raises(BadRequest):
        check_head(version, headers, index_of(headers))


@pytest.mark.parametrize(
    ("version", "headers"),
    [("1.1", [HOST]), ("1.0", []), ("1.0", [HOST]), ("1.1", [HOST, (b"transfer-encoding", b" Chunked ")])],
)
def test_a_plain_head_passes(version: str, headers: list[tuple[bytes, bytes]]) -> None:
    check_head(version, headers, index_of(headers))


def test_the_size_counts_everything_that_was_sent() -> None:
    headers = [(b"ab", b"cd")] * 3  # eight bytes each, with colon, blank and line end
    check_size(headers, b"/x", 26, 3)
    with pytest.raises(HeadTooLarge):
        check_size(headers, b"/x", 25, 3)
    with pytest.raises(HeadTooLarge):
        check_size(headers, b"/x", 26, 2)


def test_a_declared_body_is_bounded() -> None:
    assert check_body({b"content-length": b"10"}, 10) is None
    with pytest.raises(BodyTooLarge):
        check_body({b"content-length": b"11"}, 10)


def test_a_wish_to_upgrade_is_taken_out_and_nothing_else() -> None:
    headers = [
        HOST,
        (b"connection", b"close, Upgrade, HTTP2-Settings"),
        (b"upgrade", b"h2c"),
        (b"http2-settings", b"A"),
    ]
    assert without_upgrade(b"POST", b"/a?b", "1.1", headers) == (
        b"POST /a?b HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"
    )


@given(st.lists(st.tuples(NAME, TEXT), max_size=6), st.integers(min_value=200, max_value=599))
def test_a_reply_head_reads_back_as_what_was_given_or_is_not_sent(
    headers: list[tuple[bytes, bytes]], status: int
) -> None:
    """Law-like: no header value, whatever a model or a caller put into it, can become two fields."""
    unfit = any(mark in value for _, value in headers for mark in (b"\r", b"\n", b"\0"))
    if unfit:
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            reply_head(status, headers, b"date: d\r\n", b"content-length: 0\r\n")
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            foreign(headers)
        return
    head = reply_head(status, headers, b"date: d\r\n", b"content-length: 0\r\n")
    assert head.endswith(b"\r\n\r\n")
    lines = head[:-4].split(b"\r\n")
    assert lines[0].startswith(b"HTTP/1.1 %d " % status)
    assert lines[1:] == [b"date: d", b"content-length: 0", *(name + b": " + value for name, value in headers)]
    assert foreign(headers) == headers


def test_a_reply_head_is_http() -> None:
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="GET", target="/", headers=[HOST]))
    for headers in ([], [(b"x-a", b"1")]):
        assert b"\r\n\r\n" in reply_head(200, headers, b"", b"")
    parser.receive_data(reply_head(299, [(b"x-a", b"1")], b"date: d\r\n", b"content-length: 0\r\n"))
    event = parser.next_event()
    assert isinstance(event, h11.Response)
    assert (event.status_code, dict(event.headers)[b"x-a"]) == (299, b"1")


@pytest.mark.parametrize("status", [0, 100, 103, 199, 600, -1])
def test_only_a_final_status_can_be_sent(status: int) -> None:
    with pytest.raises(ValueError, match="not the status"):
        reply_head(status, [], b"", b"")


def test_fields_of_the_framing_are_left_out() -> None:
    owned = [(b"content-length", b"1"), (b"transfer-encoding", b"x"), (b"connection", b"x"), (b"date", b"x")]
    assert reply_head(200, owned, b"", b"") == b"HTTP/1.1 200 OK\r\n\r\n"
    assert foreign([*owned, (b"a", b"b")]) == [(b"a", b"b")]
