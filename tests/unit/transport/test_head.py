"""What may be sent and what may not (R-X8, R-S1)."""

from __future__ import annotations

import pytest

from gophergate.transport.base import Ask
from gophergate.transport.head import OWNED, HeadWriter, check, split


def ask(*headers: tuple[bytes, bytes], method: str = "GET", url: str = "http://h/", body: bytes = b"") -> Ask:
    return Ask(method=method, url=url, headers=headers, body=body)


@pytest.mark.parametrize("value", [b"a\r\nb: c", b"a\nb", b"a\rb", b"a\0b", b"\r\n", b"a\r\n", b"\n"])
def test_line_breaks_and_nul_in_a_value_are_refused(value: bytes) -> None:
    with pytest.raises(ValueError):
        check(ask((b"x", b"fine"), (b"y", value)))


@pytest.mark.parametrize("name", [b"a b", b"a:", b"", b"a\r\nb", b"\xff", b"Content-Length", b"X"])
def test_what_is_no_lower_case_token_is_no_name(name: bytes) -> None:
    with pytest.raises(ValueError):
        check(ask((name, b"1")))


@pytest.mark.parametrize("name", sorted(OWNED))
def test_framing_and_hop_fields_belong_to_the_transport(name: bytes) -> None:
    """Two lengths in one request are request smuggling."""
    with pytest.raises(ValueError):
        check(ask((name, b"1")))


@pytest.mark.parametrize("target", ["/a b", "/\r\n", "/\x00", "/\x7f", "/ä", "/a\tb"])
def test_targets_must_come_encoded(target: str) -> None:
    with pytest.raises(ValueError):
        check(ask(url="http://h" + target))


@pytest.mark.parametrize("method", ["", "GET ", "GE\nT", "GÉT", "G3T"])
def test_methods_are_words(method: str) -> None:
    with pytest.raises(ValueError):
        check(ask(method=method))


def test_a_name_found_bad_stays_bad() -> None:
    writer = HeadWriter()
    for _ in range(2):
        with pytest.raises(ValueError):
            writer.write(ask((b"host", b"evil")), "h", "/")


def test_the_caller_s_own_accept_encoding_stands() -> None:
    written = HeadWriter().write(ask((b"accept-encoding", b"gzip")), "h", "/")
    assert written == b"GET / HTTP/1.1\r\nhost: h\r\naccept-encoding: gzip\r\n\r\n"


@pytest.mark.parametrize(
    ("method", "body", "said"),
    [("GET", b"", False), ("DELETE", b"", False), ("POST", b"", True), ("GET", b"x", True), ("PUT", b"", True)],
)
def test_a_length_is_said_where_a_body_is_or_is_expected(method: str, body: bytes, said: bool) -> None:
    written = HeadWriter().write(ask(method=method, body=body), "h", "/")
    assert (b"content-length: %d\r\n" % len(body) in written) is said


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://h/a/b?c", ("http://h", "/a/b?c")),
        ("http://h", ("http://h", "/")),
        ("http://h?a=/b", ("http://h", "/?a=/b")),
        ("http://h#f", ("http://h", "/#f")),
        ("https://[::1]:80/", ("https://[::1]:80", "/")),
        ("nonsense", ("nonsense", "/")),
    ],
)
def test_split(url: str, parts: tuple[str, str]) -> None:
    assert split(url) == parts


def test_a_head_that_comes_again_is_as_the_first_and_says_the_length_of_its_own_body() -> None:
    """DESIGN 6: what repeats is written once; only the length is each call's own."""
    writer = HeadWriter()
    headers = [(b"authorization", b"Bearer k")]
    first = writer.write(Ask(method="POST", url="http://h/", headers=headers, body=b"12345"), "h", "/")
    again = writer.write(Ask(method="POST", url="http://h/", headers=tuple(headers), body=b"1" * 12), "h", "/")
    other = writer.write(Ask(method="POST", url="http://h/", headers=((b"authorization", b"Bearer l"),)), "h", "/")
    assert again == first.replace(b"content-length: 5", b"content-length: 12")
    assert b"Bearer l" in other
    assert b"Bearer k" not in other
    assert b"content-length: 0" in other


def test_remembered_heads_are_bounded() -> None:
    """Law 9: every buffer has a bound."""
    writer = HeadWriter()
    for n in range(3000):
        writer.write(Ask(method="GET", url="http://h/", headers=((b"x-n", b"%d" % n),)), "h", "/")
    assert len(writer._heads) <= 1024
