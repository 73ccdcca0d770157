"""A head that comes again is read once, and what is read past the parser is what the parser would have read."""

from __future__ import annotations

import asyncio
import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.front.base import Inbound, Reply
from gophergate.front.inbound import ReceivedRequest
from gophergate.front.repeated import Repeated
from kit.edges import PLAIN, Front, post, running

LIMIT = 1 << 20


class NoSource:
    def body_wanted(self, inbound: ReceivedRequest) -> None:
        raise AssertionError("the body is here already")


async def nobody(inbound: Inbound, reply: Reply) -> None: ...


def learnt(data: bytes, length: bytes) -> Repeated:
    headers = [(b"host", b"h"), (b"content-length", length), (b"x", b"y")]
    first = ReceivedRequest(
        NoSource(), LIMIT, "POST", "/p", b"/p", b"", headers, dict(headers), None, "127.0.0.1", "http"
    )
    repeated = Repeated()
    repeated.learn(data, first, nobody)
    return repeated


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_another_body_behind_the_same_head_is_the_next_request(first: bytes, second: bytes) -> None:
    """A JSON object, that is: one behind a byte-order mark is looked at by the parser's way."""
    first, second = b"{" + first, b"{" + second
    repeated = learnt(post("/p", first, b"x: y"), b"%d" % len(first))
    for other in (second[1:], b"\xef\xbb\xbf" + second):
        assert other[:1] == b"{" or repeated.again(post("/p", other, b"x: y"), LIMIT) is None
    found = repeated.again(post("/p", second, b"x: y"), LIMIT)
    assert found is not None
    assert asyncio.run(found.body()) == second
    with pytest.raises(RuntimeError, match="already been read"):
        asyncio.run(found.body())
    assert found.header(b"content-length") == b"%d" % len(second)
    assert dict(found.headers) == {b"host": b"h", b"content-length": b"%d" % len(second), b"x": b"y"}


@pytest.mark.parametrize(
    "data",
    [
        post("/p", b"{ody", b"x: z"),
        post("/q", b"{ody", b"x: y"),
        post("/p", b"{ody", b"x: y")[:-1],
        post("/p", b"{ody", b"x: y") + b"G",
        post("/p", b"{ody", b"x: y").replace(b": 4", b": +4"),
        post("/p", b"{ody", b"x: y").replace(b": 4", b": 04"),
        post("/p", b"{ody", b"x: y").replace(b": 4", b": 4, 4"),
        post("/p", b"{ody", b"x: y").replace(b": 4", b": 4 "),
        post("/p", b"{ody", b"x: y").replace(b": 4", b":"),
        post("/p", b"{ody", b"x: y").replace(b": 4", b": \xb2"),
        post("/p", b"{ody", b"x: y").replace(b": 4", b": 0000000004"),
        b"",
        b"P",
    ],
)
def test_anything_else_is_the_parsers(data: bytes) -> None:
    assert learnt(post("/p", b"{irst", b"x: y"), b"5").again(data, LIMIT) is None


def test_a_body_over_the_limit_is_the_parsers_to_refuse() -> None:
    assert learnt(post("/p", b"{irst", b"x: y"), b"5").again(post("/p", b"{ody", b"x: y"), 3) is None


@pytest.mark.parametrize("data", [post("/p", b"{ody")[:-1], post("/p", b"{ody") + b"G", b"POST /p HTTP/1.1\r\n\r\n"])
def test_nothing_is_learnt_but_from_one_whole_request(data: bytes) -> None:
    assert learnt(data, b"4").again(data, LIMIT) is None


def test_heads_that_never_come_again_are_soon_not_looked_at() -> None:
    repeated = learnt(post("/p", b"{irst", b"x: 0"), b"5")
    for number in range(10):
        data = post("/p", b"{irst", b"x: %d" % number)
        request = ReceivedRequest(NoSource(), LIMIT, "POST", "/p", b"/p", b"", [], {}, None, "", "http")
        repeated.learn(data, request, nobody)
    assert repeated.again(data, LIMIT) is None


async def echo(inbound: Inbound, reply: Reply) -> None:
    """What was asked, in the reply's body: the declared length, the marking header, and the body itself."""
    body = await inbound.body()
    said = b"%b|%b|%b" % (inbound.header(b"content-length"), inbound.header(b"x") or b"", body)
    reply.start(200, PLAIN, length=len(said))
    reply.send(said)
    reply.end()


async def test_a_connection_says_the_same_whether_heads_come_again_or_not() -> None:
    """Every mixture of equal and other heads, of whole, split and pipelined requests is answered in order."""
    async with running("lane") as lane:
        lane.doors["POST", "/v1/echo"] = echo
        client = await lane.connect()
        draw = random.Random(7)
        sent = 0
        for turn in range(300):
            requests = [(b"a", b"{")] if turn < 2 else []
            for _ in range(0 if requests else draw.choice((1, 1, 1, 2))):
                mark, body = draw.choice((b"a", b"a", b"b")), draw.randbytes(draw.choice((0, 1, 9, 10, 4000)))
                requests.append((mark, draw.choice((b"{", b"{", b"{", b"")) + body))
            data = b"".join(post("/v1/echo", body, b"x: " + mark) for mark, body in requests)
            cut = len(data) if turn < 2 else draw.choice((len(data), draw.randrange(1, len(data))))
            await client.send(data[:cut])
            if cut < len(data):
                await asyncio.sleep(0.001)
                await client.send(data[cut:])
            for mark, body in requests:
                got = await client.reply()
                assert got.body == b"%d|%b|%b" % (len(body), mark, body)
                sent += 1
        assert len(lane.asked) < sent, "no head came again"


async def test_one_head_is_routed_once_and_its_bounds_hold_every_time(lane: Front) -> None:
    lane.doors["POST", "/v1/echo"] = echo
    client = await lane.connect()
    for body in (b"{one", b"{three", b"{"):
        await client.send(post("/v1/echo", body))
        assert (await client.reply()).body == b"%d||%b" % (len(body), body)
    assert len(lane.asked) == 1
    await client.send(b"POST /v1/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999\r\n\r\n")
    assert (await client.reply()).status == 413
    assert await client.ended()


async def test_a_coded_body_is_decoded_behind_every_head(lane: Front) -> None:
    lane.doors["POST", "/v1/echo"] = echo
    client = await lane.connect()
    for body in (b"{one", b"three", b"three"):
        coded = gzip.compress(body)
        await client.send(post("/v1/echo", coded, b"content-encoding: gzip"))
        assert (await client.reply()).body == b"%d||%b" % (len(coded), body)


async def test_the_last_request_of_a_connection_is_not_taken_for_the_one_before(lane: Front) -> None:
    lane.doors["POST", "/v1/echo"] = echo
    client = await lane.connect()
    await client.send(post("/v1/echo", b"{one"))
    assert (await client.reply()).body == b"4||{one"
    await client.send(post("/v1/echo", b"{two", b"connection: close"))
    assert (await client.reply()).body == b"4||{two"
    assert await client.ended()
