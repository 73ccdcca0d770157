"""A head that comes again is told by one look, and what is read past the parser is what the parser would have read."""

from __future__ import annotations

import random

import httptools
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gophergate.transport.base import Ask, Timeouts
from gophergate.transport.connection import Connection
from gophergate.transport.fields import MAX_LINE
from gophergate.transport.http1 import Http1Transport
from gophergate.transport.repeated import Repeated
from kit.hostile import HostileServer, Peer, answer

HEAD = ("Date: now", "X-Id: 1", "connection: keep-alive", "Set-Cookie: a", "Set-Cookie: b")


class Parsed:
    """What the parser makes of an answer."""

    def __init__(self, data: bytes) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.whole = False
        parser = httptools.HttpResponseParser(self)
        parser.feed_data(data)
        self.status = parser.get_status_code()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value.rstrip(b" \t")))

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.whole = True


def learnt(data: bytes, times: int = 2) -> Repeated:
    repeated = Repeated()
    for _ in range(times):
        repeated.learn(data, Parsed(data).headers)
    return repeated


def said(body: bytes, *words: str, line: str = "200 OK") -> bytes:
    names = (one.partition(":")[0] for one in HEAD)
    return answer(body, line, *(f"{name}:{word}" for name, word in zip(names, words, strict=True)))


WORD = st.text(st.characters(codec="latin-1"), max_size=20)


@given(st.binary(max_size=50), WORD, WORD, WORD, WORD)
def test_other_words_behind_the_same_names_are_what_the_parser_reads(
    body: bytes, date: str, ident: str, one: str, two: str
) -> None:
    data = said(body, date, ident, " keep-alive", one, two)
    found = learnt(answer(b"first", "200 OK", *HEAD)).again(data)
    if found is None:
        return
    parsed = Parsed(data)
    assert parsed.whole
    assert found == (200, parsed.headers, dict(reversed(parsed.headers)), parsed.body)


@given(st.binary(max_size=50), st.text("abc ,;=\t\xe9", min_size=1, max_size=20))
def test_words_that_a_field_may_hold_are_recognised(body: bytes, word: str) -> None:
    assume(word.strip())
    found = learnt(answer(b"first", "200 OK", *HEAD)).again(said(body, word, word, "keep-alive", word, word))
    assert found is not None
    status, headers, named, got = found
    value = word.strip().encode("latin-1")
    assert (status, got, named[b"content-length"]) == (200, body, b"%d" % len(body))
    assert headers[:2] == [(b"date", value), (b"x-id", value)]
    assert headers[-1] == (b"content-length", b"%d" % len(body))


def test_of_a_name_that_stands_twice_the_first_is_told() -> None:
    found = learnt(answer(b"first", "200 OK", *HEAD)).again(said(b"x", "d", "i", " keep-alive", "one", "two"))
    assert found is not None
    assert found[2][b"set-cookie"] == b"one"


FIT = said(b"body", " d", " i", " keep-alive", " a", " b")


@pytest.mark.parametrize(
    "data",
    [
        FIT[:-1],
        FIT + b"H",
        FIT + FIT,
        FIT.replace(b"200 OK", b"201 OK"),
        FIT.replace(b"HTTP/1.1", b"HTTP/1.0"),
        FIT.replace(b"X-Id", b"X-Io"),
        FIT.replace(b"X-Id: i\r\n", b""),
        FIT.replace(b"X-Id: i\r\n", b"X-Id: i\r\nTransfer-Encoding: chunked\r\n"),
        FIT.replace(b"X-Id: i\r\n", b"X-Id: i\r\n folded\r\n"),
        FIT.replace(b"X-Id: i\r\n", b"X-Id : i\r\n"),
        FIT.replace(b"X-Id: i", b"X-Id: i\0"),
        FIT.replace(b"X-Id: i", b"X-Id: i\r"),
        FIT.replace(b"X-Id: i\r\n", b"X-Id: i\n"),
        FIT.replace(b"keep-alive", b"close"),
        FIT.replace(b"length: 4", b"length: +4"),
        FIT.replace(b"length: 4", b"length: 4, 4"),
        FIT.replace(b"length: 4", b"length: 4 4"),
        FIT.replace(b"length: 4", b"length:"),
        FIT.replace(b"length: 4", b"length: \xb2"),
        FIT.replace(b"length: 4", b"length: 0000000004"),
        FIT.replace(b"length: 4", b"length: 5"),
        FIT.replace(b"length: 4", b"length: 3"),
        FIT.replace(b"X-Id: i", b"X-Id: " + b"i" * MAX_LINE),
        b"HTTP/1.1 100 Continue\r\n\r\n" + FIT,
        b"\r\n" + FIT,
        b"",
        b"H",
    ],
)
def test_anything_else_is_the_parsers(data: bytes) -> None:
    """R-X8: what frames an answer is read by one parser only."""
    repeated = learnt(answer(b"first", "200 OK", *HEAD))
    assert repeated.again(FIT) is not None
    assert repeated.again(data) is None


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        answer(b"", "200 OK", "content-encoding: gzip"),
        answer(b"x", "200 OK", "trailer: x"),
        b"HTTP/1.1 200 OK\r\na: b\r\n\r\n",
    ],
)
def test_a_head_that_does_not_tell_its_body_by_a_number_alone_is_not_learnt(data: bytes) -> None:
    assert learnt(data).again(data) is None


def test_a_head_must_have_come_twice_and_one_that_never_does_is_soon_not_looked_at() -> None:
    data = answer(b"x", "200 OK", *HEAD)
    assert learnt(data, times=1).again(data) is None
    repeated = Repeated()
    for number in range(10):
        other = answer(b"x", "200 OK", f"x-{number}: 1")
        repeated.learn(other, Parsed(other).headers)
    for _ in range(3):
        repeated.learn(data, Parsed(data).headers)
    assert repeated.again(data) is None


def test_blanks_without_end_are_looked_at_once() -> None:
    """An expression that goes back and tries again would take minutes for this."""
    data = FIT.replace(b"X-Id: i", b"X-Id:" + b" " * 1_000_000 + b"\0")
    assert learnt(answer(b"first", "200 OK", *HEAD)).again(data) is None


async def test_a_connection_reads_the_same_whether_heads_come_again_or_not(
    transport: Http1Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 4: every mixture of equal and other heads, of bodies, methods and cuts is read as it was meant."""
    draw = random.Random(11)
    parsed = 0
    complete = Connection.on_headers_complete

    def counting(connection: Connection) -> None:
        nonlocal parsed
        parsed += 1
        complete(connection)

    monkeypatch.setattr(Connection, "on_headers_complete", counting)
    plans = []
    fields = ("X-A: {}", "X-B: {}")
    for number in range(300):
        if draw.random() < 0.05:
            fields = fields[::-1]
        body = draw.randbytes(draw.choice((0, 1, 9, 10, 4000)))
        method = draw.choice(("GET", "POST", "POST", "POST", "HEAD"))
        plans.append((method, [one.format(number) for one in fields], body))

    async def script(peer: Peer) -> None:
        for method, fields, body in plans:
            await peer.request()
            data = answer(body, "200 OK", *fields)
            if method == "HEAD":
                data = data[: len(data) - len(body)]
            cut = draw.choice((*(len(data),) * 9, draw.randrange(1, len(data))))
            await peer.send(*filter(None, (data[:cut], data[cut:])), pause=0.001)

    async with HostileServer(script) as server:
        for number, (method, _, body) in enumerate(plans):
            wanted = Ask(method=method, url=server.url(), body=b"{}", timeouts=Timeouts(idle=40, total=60))
            async with await transport.send(wanted) as got:
                assert (got.status, got.header(b"x-a"), got.header(b"x-b")) == (200, b"%d" % number, b"%d" % number)
                assert got.header(b"content-length") == b"%d" % len(body)
                assert await got.read(4000) == (b"" if method == "HEAD" else body)
        assert server.connections == 1
    assert parsed < len(plans) / 2, "no head came again"
