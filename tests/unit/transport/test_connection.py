"""The wire against servers that do everything a server may do (R-X8, R-F4; laws 3, 4 and 9)."""

from __future__ import annotations

import asyncio
import time
from typing import cast
from unittest.mock import Mock

import pytest

from gophergate.errors import UpstreamBroken, UpstreamTimeout
from gophergate.transport.answer import PushedAnswer
from gophergate.transport.base import Ask, Timeouts
from gophergate.transport.connection import Connection
from gophergate.transport.fields import MAX_FIELDS, MAX_HEAD, MAX_LINE
from gophergate.transport.http1 import Http1Transport
from kit.hostile import HostileServer, Peer, answer, chunked, saying


def ask(url: str, method: str = "POST", timeouts: Timeouts | None = None, body: bytes = b"{}") -> Ask:
    return Ask(method=method, url=url, body=body, timeouts=timeouts or Timeouts(first_byte=40, idle=40, total=60))


async def body_of(transport: Http1Transport, wanted: Ask) -> bytes:
    async with await transport.send(wanted) as got:
        return await got.read(10_000_000)


CHUNKED = chunked(b"data: \xf0\x9f\x90\xb9\n\n", b"x", trailer=b"x-sum: 1\r\n")


@pytest.mark.parametrize("reply", [CHUNKED, answer(b"data: \xf0\x9f\x90\xb9\n\nx")], ids=["chunked", "length"])
@pytest.mark.parametrize("way", ["read", "iterate", "pour"])
async def test_an_answer_cut_into_single_bytes_is_the_same_answer(
    transport: Http1Transport, reply: bytes, way: str
) -> None:
    """Law 4, edge case 1: byte by byte, in one write, and split at every offset in between."""

    async def script(peer: Peer) -> None:
        for offset in range(len(reply)):
            await peer.request()
            await peer.send(reply[:offset], reply[offset:], pause=0.0005)
        await peer.request()
        await peer.send(*(reply[at : at + 1] for at in range(len(reply))), pause=0.0005)

    async with HostileServer(script) as server:
        for _ in range(len(reply) + 1):
            async with await transport.send(ask(server.url())) as got:
                pieces: list[bytes] = []
                if way == "read":
                    pieces.append(await got.read(100))
                elif way == "iterate":
                    pieces += [piece async for piece in got]
                else:
                    await got.pour(pieces.append)
                assert b"".join(pieces) == b"data: \xf0\x9f\x90\xb9\n\nx"
        assert server.connections == 1


@pytest.mark.parametrize("offset", range(len(CHUNKED)))
async def test_a_chunked_answer_cut_at_any_byte_is_never_whole(transport: Http1Transport, offset: int) -> None:
    """R-F2, law 3: wherever the upstream is cut, nobody takes what came for a whole answer."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED[:offset])

    async with HostileServer(script) as server:
        with pytest.raises(UpstreamBroken):
            await body_of(transport, ask(server.url()))


HALF = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"


@pytest.mark.parametrize("way", ["fin", "rst"])
async def test_a_body_shorter_than_said_is_broken(transport: Http1Transport, way: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(HALF)
        await asyncio.sleep(0.02)
        peer.reset() if way == "rst" else peer.close()

    async with HostileServer(script) as server:
        pieces: list[bytes] = []
        with pytest.raises(UpstreamBroken):
            async with await transport.send(ask(server.url())) as got:
                await got.pour(pieces.append)
        assert pieces == [b"half"]


@pytest.mark.parametrize(
    "extra", [b"more", b"\x00", b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil", b"HTTP/1.1 200 OK\r\nx: "]
)
@pytest.mark.parametrize("together", [True, False])
async def test_bytes_after_the_end_cost_the_connection_not_the_answer(
    transport: Http1Transport, extra: bytes, together: bool
) -> None:
    """A second answer that nobody asked for must never become the answer of the next call."""

    async def script(peer: Peer) -> None:
        await peer.request()
        if together:
            await peer.send(answer(b"mine") + extra)
        else:
            await peer.send(answer(b"mine"))
            await asyncio.sleep(0.03)
            await peer.send(extra)
        await peer.gone()

    async with HostileServer(script) as server:
        assert await body_of(transport, ask(server.url())) == b"mine"
        async with asyncio.timeout(10):
            while transport.statistics()["open"]:
                await asyncio.sleep(0.005)
        assert await body_of(transport, ask(server.url())) == b"mine"
        assert server.connections == 2


@pytest.mark.parametrize(
    "head",
    [
        "content-length: 2\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 2",
        "content-length: 2\r\ncontent-length: 3",
        "content-length: -2",
        "content-length: +2",
        "content-length: 2x",
        "content-length: 99999999999999999999999999",
        "content-length:",
        "transfer-encoding: chunked, gzip",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: xchunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "x: a\r\n folded",
        "x: nul\0inside",
        "x y: 1",
        " x: 1",
    ],
)
async def test_framing_that_could_be_read_two_ways_is_refused(transport: Http1Transport, head: str) -> None:
    """R-X8: response smuggling. RFC 9112, sections 5.1, 5.2 and 6.3."""
    reply = f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n2\r\nok\r\n0\r\n\r\n".encode("latin-1")
    async with HostileServer(saying(reply)) as server:
        with pytest.raises(UpstreamBroken):
            await body_of(transport, ask(server.url()))
        assert transport.statistics()["open"] == 0


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x16\x03\x01\x00\xa5\x01",
        b"<html>no protocol at all</html>",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n\x81\x00",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    ],
)
async def test_garbage_and_unasked_upgrades_are_broken(transport: Http1Transport, reply: bytes) -> None:
    async with HostileServer(saying(reply)) as server:
        with pytest.raises(UpstreamBroken):
            await body_of(transport, ask(server.url()))


async def test_interim_answers_are_skipped(transport: Http1Transport) -> None:
    """RFC 9110, section 15.2: any number of 1xx may come first, also apart."""
    early = b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"".join(early) + answer(b"one"))
        await peer.request()
        await peer.send(*early, answer(b"two", "201 Created", "x-a: b"), pause=0.01)
        await peer.gone()

    async with HostileServer(script) as server:
        assert await body_of(transport, ask(server.url())) == b"one"
        async with await transport.send(ask(server.url())) as got:
            assert (got.status, got.header(b"x-a"), got.header(b"link")) == (201, b"b", None)
            assert await got.read(10) == b"two"
        assert server.connections == 1


async def test_silence_after_an_interim_answer_is_still_the_first_byte_s(transport: Http1Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await peer.gone()

    async with HostileServer(script) as server:
        with pytest.raises(UpstreamTimeout) as caught:
            await transport.send(ask(server.url(), timeouts=Timeouts(first_byte=0.15, idle=0.01, total=5)))
        assert caught.value.phase == "first_byte"


@pytest.mark.parametrize(
    ("method", "reply"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 500\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n"),
        ("GET", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    ],
)
async def test_answers_without_body_end_with_their_head(transport: Http1Transport, method: str, reply: bytes) -> None:
    """RFC 9112, section 6.3, rules 1 and 2; and the connection serves on."""
    async with HostileServer(saying(reply, answer(b"next"))) as server:
        async with await transport.send(ask(server.url(), method)) as got:
            assert await got.read(0) == b""
        assert await body_of(transport, ask(server.url())) == b"next"
        assert server.connections == 1


async def test_a_body_where_none_may_be_costs_the_connection(transport: Http1Transport) -> None:
    async with HostileServer(saying(answer(b"body of a HEAD"))) as server:
        async with await transport.send(ask(server.url(), "HEAD")) as got:
            assert await got.read(0) == b""
        await asyncio.sleep(0.03)
        assert transport.statistics()["open"] == 0


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_without_a_length_the_close_is_the_end(transport: Http1Transport, version: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(f"HTTP/{version} 200 OK\r\n\r\n".encode(), b"until ", b"close", pause=0.01)

    async with HostileServer(script) as server:
        assert await body_of(transport, ask(server.url())) == b"until close"
        assert transport.statistics()["open"] == 0


async def test_without_a_length_a_reset_is_no_end(transport: Http1Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await asyncio.sleep(0.03)
        peer.reset()

    async with HostileServer(script) as server:
        with pytest.raises(UpstreamBroken):
            await body_of(transport, ask(server.url()))


@pytest.mark.parametrize("field", ["connection: close", "connection: Close, x"])
async def test_a_connection_the_server_closes_is_not_kept(transport: Http1Transport, field: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b"last", "200 OK", field))
        await peer.gone()

    async with HostileServer(script) as server:
        for _ in range(2):
            assert await body_of(transport, ask(server.url())) == b"last"
        assert server.connections == 2


@pytest.mark.parametrize(
    "fields",
    [
        b"x: " + b"a" * MAX_LINE + b"\r\n",
        b"".join(b"x-%d: 1\r\n" % n for n in range(MAX_FIELDS + 1)),
        b"".join(b"x-%d: %b\r\n" % (n, b"a" * 8000) for n in range(MAX_HEAD // 8000 + 1)),
        b"x: " + b"a" * 10 * MAX_HEAD,
    ],
    ids=["line", "count", "sum", "endless"],
)
@pytest.mark.parametrize("size", [1 << 20, 1000])
async def test_giant_heads_are_refused(transport: Http1Transport, fields: bytes, size: int) -> None:
    """R-X8: bounded memory, whether the head comes at once or in small pieces."""
    head = b"HTTP/1.1 200 OK\r\n" + fields + b"content-length: 0\r\n\r\n"

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(*(head[at : at + size] for at in range(0, len(head), size)))
        await peer.gone()

    async with HostileServer(script) as server:
        with pytest.raises(UpstreamBroken):
            await transport.send(ask(server.url()))


@pytest.mark.parametrize("flood", [b"5;" + b"x" * 1000, b"0\r\n" + b"x: " + b"a" * 1000])
async def test_floods_that_are_no_body_are_stopped(transport: Http1Transport, flood: bytes) -> None:
    """An endless chunk extension or trailer holds no byte for anybody; neither idle time-out nor memory may wait."""
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", flood)
        while sent < 10_000_000:
            await peer.send(b"a" * 1000)
            sent += 1000

    async with HostileServer(script, buffer=16384) as server:
        with pytest.raises(UpstreamBroken):
            await body_of(transport, ask(server.url()))
    assert sent < 2_000_000


async def test_slow_loris_heads_run_into_the_idle_time_out(transport: Http1Transport) -> None:
    """A head has `idle` seconds from its first byte; another byte now and then does not win it more."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(*(bytes([byte]) for byte in answer(b"", "200 OK", "x: " + "a" * 500)), pause=0.02)

    async with HostileServer(script) as server:
        began = time.monotonic()
        with pytest.raises(UpstreamTimeout) as caught:
            await transport.send(ask(server.url(), timeouts=Timeouts(first_byte=3, idle=0.2, total=5)))
        assert caught.value.phase == "idle"
        assert time.monotonic() - began < 1


@pytest.mark.parametrize("silent_after", [0, 1, 2])
async def test_each_silence_ends_in_its_own_time_out(transport: Http1Transport, silent_after: int) -> None:
    """R-F4: first byte, idle and total are apart; the socket is closed in each case."""
    steps = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"3\r\none\r\n"]

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(*steps[:silent_after])
        await peer.gone()

    async with HostileServer(script) as server:
        times = Timeouts(first_byte=0.1, idle=0.2, total=5)
        with pytest.raises(UpstreamTimeout) as caught:
            await body_of(transport, ask(server.url(), timeouts=times))
        assert caught.value.phase == ("idle" if silent_after else "first_byte")
        assert transport.statistics()["open"] == 0


async def test_a_stream_that_never_ends_runs_into_the_total_time_out(transport: Http1Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            await peer.send(b"1\r\na\r\n", pause=0.01)

    async with HostileServer(script) as server:
        times = Timeouts(first_byte=1, idle=1, total=0.3)
        with pytest.raises(UpstreamTimeout) as caught:
            await body_of(transport, ask(server.url(), timeouts=times))
        assert caught.value.phase == "total"


async def test_steady_pieces_outlast_the_idle_time_out(transport: Http1Transport) -> None:
    """The timer is compared, not re-made: it must neither fire early nor forget to fire (see the test above)."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        await peer.send(*[b"1\r\na\r\n"] * 12, pause=0.04)
        await peer.send(b"0\r\n\r\n")
        await peer.gone()

    async with HostileServer(script) as server:
        times = Timeouts(first_byte=0.2, idle=0.2, total=5)
        assert await body_of(transport, ask(server.url(), timeouts=times)) == b"a" * 12


async def test_a_later_call_on_a_kept_connection_has_its_own_time_outs(transport: Http1Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b"quick"))
        await peer.request()
        await peer.gone()

    async with HostileServer(script) as server:
        long = Timeouts(first_byte=60, idle=60, total=60)
        assert await body_of(transport, ask(server.url(), timeouts=long)) == b"quick"
        began = time.monotonic()
        with pytest.raises(UpstreamTimeout):
            await transport.send(ask(server.url(), timeouts=Timeouts(first_byte=0.1, idle=60, total=60)))
        assert time.monotonic() - began < 1
        assert server.connections == 1


BIG = bytes(range(256)) * 40_000


async def test_a_big_upload_arrives_whole(transport: Http1Transport) -> None:
    """R-P2: 10 MB go out slice by slice, without a copy of the whole, and the connection serves on."""
    async with HostileServer(saying(answer(b"got it"))) as server:
        for _ in range(2):
            assert await body_of(transport, ask(server.url(), body=BIG)) == b"got it"
        assert [one.body == BIG for one in server.requests] == [True, True]
        assert server.connections == 1


async def test_a_server_that_reads_slowly_pauses_the_upload(transport: Http1Transport) -> None:
    """Law 9, edge case 61 the other way round: what the server does not take stays with the caller's one body."""
    waiting = 0

    async def script(peer: Peer) -> None:
        nonlocal waiting
        await peer.head()
        peer.writer.transport.pause_reading()
        await asyncio.sleep(0.2)
        (connection,) = transport._pool._sockets
        assert connection._pending is not None
        assert connection._transport.get_write_buffer_size() < 1_000_000
        waiting = len(connection._pending)
        peer.writer.transport.resume_reading()
        assert len(await peer.reader.readexactly(len(BIG))) == len(BIG)
        await peer.send(answer(b"at last"))

    async with HostileServer(script, buffer=16384) as server:
        assert await body_of(transport, ask(server.url(), body=BIG)) == b"at last"
    assert waiting > 4_000_000


async def test_a_server_that_reads_nothing_runs_into_the_first_byte_time_out(
    transport: Http1Transport,
) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        peer.writer.transport.pause_reading()
        await asyncio.sleep(1)

    async with HostileServer(script, buffer=16384) as server:
        with pytest.raises(UpstreamTimeout) as caught:
            await transport.send(ask(server.url(), body=BIG, timeouts=Timeouts(first_byte=0.2, idle=1, total=9)))
        assert caught.value.phase == "first_byte"


async def test_an_answer_before_the_end_of_the_request_is_delivered(transport: Http1Transport) -> None:
    """The server refuses while we are still sending: stop sending, deliver, do not reuse (RFC 9112, 9.5)."""

    async def script(peer: Peer) -> None:
        await peer.head()
        peer.writer.transport.pause_reading()
        await peer.send(answer(b"too large", "413 Content Too Large"))
        await asyncio.sleep(0.1)

    async with HostileServer(script, buffer=16384) as server:
        async with await transport.send(ask(server.url(), body=BIG)) as got:
            assert got.status == 413
            assert await got.read(100) == b"too large"
        assert transport.statistics()["open"] == 0


async def test_an_answer_before_the_end_of_a_small_request_keeps_the_connection(
    transport: Http1Transport,
) -> None:
    """A small request is with the kernel at once; whether the server read it first does not matter."""

    async def script(peer: Peer) -> None:
        for _ in range(2):
            await peer.head()
            await peer.send(answer(b"early"))
            await peer.reader.readexactly(2)
        await peer.gone()

    async with HostileServer(script) as server:
        for _ in range(2):
            assert await body_of(transport, ask(server.url())) == b"early"
        assert server.connections == 1


class Socket:
    """Stands for a transport: notes whether it reads."""

    def __init__(self) -> None:
        self.reads = True

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes) -> None:
        pass

    def abort(self) -> None:
        pass

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


@pytest.mark.parametrize("is_paused", [False, True])
async def test_others_have_their_turn_after_a_large_read(is_paused: bool) -> None:
    """R-P2: 20 MB of small events came in a single turn of the loop, half a second of their readers' work."""
    loop = asyncio.get_running_loop()
    wanted, socket = ask("http://up.example/"), Socket()
    line = Connection(loop, Mock(), "up.example", 60)
    line.connection_made(cast(asyncio.Transport, socket))
    got = PushedAnswer(line, loop.create_future())
    line.begin(got, b"", wanted, loop.time() + 60)
    line.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n")
    pieces: list[bytes] = []
    pouring = asyncio.create_task(got.pour(pieces.append))
    await asyncio.sleep(0)
    line.data_received(b"x" * 1000)
    assert socket.reads
    line.data_received(b"x" * 200_000)
    assert not socket.reads
    if is_paused:
        got.pause()
    await asyncio.sleep(0)
    assert socket.reads is not is_paused
    got.resume()
    assert socket.reads
    got.close()
    with pytest.raises(UpstreamBroken):
        await pouring
    assert sum(map(len, pieces)) == 201_000
