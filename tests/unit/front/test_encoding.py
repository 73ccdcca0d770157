"""Content codings of request bodies: read whole, bounded, and refused when they are not what they say."""

from __future__ import annotations

import asyncio
import gzip
import random
import time
import zlib
from collections.abc import Callable

import brotli
import pytest
from backports import zstd

from gophergate.errors import BadRequest, BodyTooLarge
from gophergate.front.edge import EdgeLimits
from gophergate.front.encoding import UnsupportedEncoding, coding_of, decode
from kit.edges import Front, chunked, echo, post, running


def _bare_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


ENCODERS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "gzip": (b"gzip", gzip.compress),
    "deflate": (b"deflate", zlib.compress),
    "deflate without its header": (b"deflate", _bare_deflate),
    "br": (b"br", lambda data: bytes(brotli.compress(data, quality=1))),
    "zstd": (b"zstd", zstd.compress),
}
BODIES = [b"", b"x", b'{"model":"m"}' * 50, random.Random(1).randbytes(700_000), b"\0" * 3_000_000]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(len(body)))
@pytest.mark.parametrize("name", ENCODERS)
async def test_what_was_coded_is_read(name: str, body: bytes) -> None:
    coding, encode = ENCODERS[name]
    assert await decode(coding, encode(body), 10_000_000) == body


@pytest.mark.parametrize("name", ENCODERS)
async def test_the_bound_is_on_what_comes_out(name: str) -> None:
    """R-X8: decompression bombs. Exactly the limit is read, one byte more is not."""
    coding, encode = ENCODERS[name]
    assert len(await decode(coding, encode(b"\0" * 1_000_000), 1_000_000)) == 1_000_000
    with pytest.raises(BodyTooLarge):
        await decode(coding, encode(b"\0" * 1_000_001), 1_000_000)


@pytest.mark.parametrize("name", ENCODERS)
async def test_a_bomb_is_not_unfolded_before_it_is_refused(name: str) -> None:
    """R-X8: bounded memory and time. 100 MB would take a while; the bound is met after one."""
    coding, encode = ENCODERS[name]
    bomb = encode(b"\0" * 100_000_000)
    began = time.process_time()
    with pytest.raises(BodyTooLarge):
        await decode(coding, bomb, 1_000_000)
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize("name", ENCODERS)
async def test_a_cut_or_broken_body_is_a_400(name: str) -> None:
    coding, encode = ENCODERS[name]
    whole = encode(random.Random(2).randbytes(1000))
    for at in (1, len(whole) // 2, len(whole) - 1):
        with pytest.raises(BadRequest):
            await decode(coding, whole[:at], 10_000)
    with pytest.raises(BadRequest):
        await decode(coding, b"\xff" * 64, 10_000)


@pytest.mark.parametrize("name", ["deflate", "deflate without its header", "br"])
async def test_what_follows_the_end_is_a_400(name: str) -> None:
    """Two readers would disagree on whether it is part of the body."""
    coding, encode = ENCODERS[name]
    with pytest.raises(BadRequest):
        await decode(coding, encode(b"body") + b"tail", 10_000)


@pytest.mark.parametrize("name", ["gzip", "zstd"])
async def test_members_that_follow_each_other_are_one_body(name: str) -> None:
    """RFC 1952, 2.2; RFC 8878, 3."""
    coding, encode = ENCODERS[name]
    assert await decode(coding, encode(b"one") + encode(b"two"), 10_000) == b"onetwo"
    with pytest.raises(BadRequest):
        await decode(coding, encode(b"one") + b"tail", 10_000)
    with pytest.raises(BadRequest):  # 20 MB of empty members would take half a minute
        await decode(coding, encode(b"") * 1001, 10_000)


async def test_other_tasks_run_while_a_large_body_is_read() -> None:
    """R-P2: no stall above 50 ms with 20 MB bodies. By the loop's own work, which no neighbour of a test lengthens."""
    coded = [gzip.compress(body) for body in (b"\0" * 20_000_000, random.Random(3).randbytes(20_000_000), b"")]
    coded[2] *= 900
    longest, last, stop = 0.0, time.thread_time(), False

    async def watch() -> None:
        nonlocal longest, last
        while not stop:
            longest = max(longest, time.thread_time() - last)
            last = time.thread_time()
            await asyncio.sleep(0)

    watching = asyncio.ensure_future(watch())
    for body in coded:
        await decode(b"gzip", body, 30_000_000)
    stop = True
    await watching
    assert longest < 0.05


@pytest.mark.parametrize("value", [b"identity", b"", b" Identity "])
def test_no_coding_is_no_coding(value: bytes) -> None:
    assert coding_of(value) is None


@pytest.mark.parametrize("value", [b"compress", b"gzip, gzip", b"gzip, identity", b"GZIPP"])
def test_an_unknown_or_repeated_coding_is_a_415_that_says_what_is_read(value: bytes) -> None:
    """One layer only: each more would multiply the work a small body can cause."""
    with pytest.raises(UnsupportedEncoding) as caught:
        coding_of(value)
    assert caught.value.status == 415
    assert "zstd" in caught.value.headers["accept-encoding"]


@pytest.mark.parametrize("name", ENCODERS)
async def test_a_door_sees_the_body_as_it_was_before(adapter: str, name: str) -> None:
    coding, encode = ENCODERS[name]
    async with running(adapter, limits=EdgeLimits(max_body_bytes=100_000)) as front:
        front.doors["POST", "/v1/echo"] = echo

        async def ask(data: bytes, value: bytes = coding) -> tuple[int, bytes]:
            head = b"POST /v1/echo HTTP/1.1\r\nHost: h\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n"
            got = await front.ask(head % (value, len(data)) + data)
            return got.status, got.body

        assert await ask(encode(b"plain text" * 100)) == (200, b"plain text" * 100)
        assert await ask(encode(b"x"), coding.upper()) == (200, b"x")
        assert (await ask(encode(b"\0" * 100_001)))[0] == 413
        assert (await ask(b"no such thing"))[0] == 400
        assert (await ask(b"x", b"rot13"))[0] == 415


async def test_an_unsupported_coding_is_refused_without_reading(front: Front) -> None:
    front.doors["POST", "/v1/echo"] = echo
    client = await front.connect()
    await client.send(b"POST /v1/echo HTTP/1.1\r\nHost: h\r\nContent-Encoding: rot13\r\nContent-Length: 9\r\n\r\n")
    got = await client.reply()
    assert (got.status, got.headers["connection"], got.headers["x-door"]) == (415, "close", "/v1/echo")


async def test_a_byte_order_mark_is_no_part_of_a_body(front: Front) -> None:
    """RFC 8259, 8.1: read, and not sent on. Whole, in pieces, compressed, chunked, behind a head that comes again, and
    only the first."""
    mark = "\ufeff".encode()
    body = b'{"a":"\xef\xbb\xbf"}'
    front.doors["POST", "/v1/echo"] = echo
    client = await front.connect()
    packed = post("/v1/echo", gzip.compress(mark + body), b"content-encoding: gzip")
    for data in (post("/v1/echo", body), post("/v1/echo", mark + body), post("/v1/echo", body), packed):
        await client.send(data)
        assert (await client.reply()).body == body
    for data in (chunked("/v1/echo", b"\xef", b"\xbb", b"\xbf" + body), post("/v1/echo", mark)):
        await client.send(data)
        assert (await client.reply()).body == (body if body in data else b"")
