"""Consuming a pushed answer: back-pressure, giving up, cancellation (R-F3, edge cases 57 and 61, law 9)."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from gophergate.errors import UpstreamBroken, UpstreamTimeout
from gophergate.transport.answer import HIGH_WATER
from gophergate.transport.base import Answer, Ask, Timeouts
from gophergate.transport.http1 import Http1Transport
from kit.hostile import HostileServer, Peer, answer, chunked, saying
from kit.regular import regular

TIMES = Timeouts(first_byte=40, idle=40, total=60)
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def ask(url: str, times: Timeouts = TIMES) -> Ask:
    return Ask(method="GET", url=url, timeouts=times)


async def gather(got: Answer, pieces: list[bytes]) -> None:
    async for piece in got:
        pieces.append(piece)  # noqa: PERF401 - what came before a failure counts


class Fountain:
    """Sends `total` bytes as fast as the client takes them, and counts what it got rid of."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.sent = 0

    async def __call__(self, peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % self.total)
        while self.sent < self.total:
            await peer.send(b"x" * 10_000)
            self.sent += 10_000
        await peer.gone()

    async def settled(self) -> int:
        """What has been sent once no more goes out."""
        before = -1
        while before != self.sent:
            before = self.sent
            await asyncio.sleep(0.1)
        return before


@pytest.mark.parametrize("reader", ["none", "slow iteration", "paused pour"])
async def test_a_reader_that_stops_stops_the_server(transport: Http1Transport, reader: str) -> None:
    """Edge case 61, law 9: bounded bytes are held here, the rest stays with the server; then all of it arrives."""
    fountain = Fountain(20_000_000)
    async with HostileServer(fountain, buffer=65536) as server, await transport.send(ask(server.url())) as got:
        received = 0
        if reader == "none":
            assert await fountain.settled() < 5_000_000
            got.pause()
            got.resume()
            assert await fountain.settled() < 5_000_000, "nobody consumes, whoever resumes"
            received = len(await got.read(20_000_000))
        elif reader == "slow iteration":
            async for piece in got:
                if not received:
                    assert await fountain.settled() < 5_000_000
                assert len(piece) <= HIGH_WATER + 300_000
                received += len(piece)
        else:

            def sink(data: bytes, /) -> None:
                nonlocal received
                if not received:
                    got.pause()
                received += len(data)

            pouring = asyncio.create_task(got.pour(sink))
            assert await fountain.settled() < 5_000_000
            assert 0 < received < 1_000_000
            got.resume()
            await pouring
        assert received == 20_000_000
        got.close()


async def test_the_idle_time_out_does_not_run_while_the_reader_has_paused(transport: Http1Transport) -> None:
    """R-F4: the client is slow, not the provider; afterwards the time-out runs again."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD + b"1\r\na\r\n")
        await peer.gone()

    times = Timeouts(first_byte=5, idle=0.1, total=5)
    async with HostileServer(script) as server, await transport.send(ask(server.url(), times)) as got:
        got.pause()
        pouring = asyncio.create_task(got.pour(lambda data: None))
        done, _ = await asyncio.wait([pouring], timeout=0.4)
        assert not done
        got.resume()
        with pytest.raises(UpstreamTimeout) as caught:
            await asyncio.wait_for(pouring, 2)
        assert caught.value.phase == "idle"


async def test_the_total_time_out_runs_on_while_paused(transport: Http1Transport) -> None:
    times = Timeouts(first_byte=5, idle=5, total=0.2)
    async with (
        HostileServer(Fountain(20_000_000)) as server,
        await transport.send(ask(server.url(), times)) as got,
    ):
        got.pause()
        with pytest.raises(UpstreamTimeout) as caught:
            await got.pour(lambda data: None)
        assert caught.value.phase == "total"


async def test_pausing_an_answer_that_ends_meanwhile_leaves_the_connection_reading(
    transport: Http1Transport,
) -> None:
    """The sink pauses in the very read that brings the end: the next call must not wait for bytes nobody reads."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(STREAM_HEAD)
            await asyncio.sleep(0.02)
            await peer.send(b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n")

    async with HostileServer(script) as server:
        for _ in range(3):
            got = await transport.send(ask(server.url()))
            pieces: list[bytes] = []

            def sink(data: bytes, /, got: Answer = got, pieces: list[bytes] = pieces) -> None:
                got.pause()
                pieces.append(data)

            await got.pour(sink)
            assert b"".join(pieces) == b"ab"
        assert server.connections == 1


@pytest.mark.parametrize("moment", ["head", "read", "iterate", "pour"])
async def test_cancelling_any_await_closes_the_socket_within_a_second(transport: Http1Transport, moment: str) -> None:
    """R-F3: the provider stops working (and billing) when the client has gone."""
    gone = asyncio.Event()
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        if moment != "head":
            await peer.send(STREAM_HEAD + b"1\r\na\r\n")
        asked.set()
        await peer.gone()
        gone.set()

    async def call(url: str) -> None:
        got = await transport.send(ask(url))  # No scope around it: the await alone must see to it.
        if moment == "read":
            await got.read(100)
        elif moment == "pour":
            await got.pour(lambda data: None)
        else:
            async for _ in got:
                pass

    async with HostileServer(script) as server:
        calling = asyncio.create_task(call(server.url()))
        await asked.wait()
        await asyncio.sleep(0.05)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        await asyncio.wait_for(gone.wait(), 1)
        assert transport.statistics()["open"] == 0


@pytest.mark.parametrize("how", ["close", "scope", "break"])
async def test_giving_an_answer_up_closes_the_socket(transport: Http1Transport, how: str) -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD + b"1\r\na\r\n")
        await peer.gone()
        gone.set()

    async with HostileServer(script) as server:
        got = await transport.send(ask(server.url()))
        if how == "close":
            got.close()
            got.close()
        elif how == "scope":
            async with got:
                pass
        else:
            async with got:
                async for _ in got:
                    break
        await asyncio.wait_for(gone.wait(), 1)
        got.pause()
        got.resume()


async def test_close_from_elsewhere_ends_a_pour_under_way(transport: Http1Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD)
        await peer.gone()

    async with HostileServer(script) as server:
        got = await transport.send(ask(server.url()))
        pouring = asyncio.create_task(got.pour(lambda data: None))
        await asyncio.sleep(0.02)
        got.close()
        with pytest.raises(UpstreamBroken):
            await pouring


async def test_an_answer_closed_after_its_end_leaves_the_next_call_alone(transport: Http1Transport) -> None:
    """A stale handle must not close a connection that has long been lent to somebody else."""
    async with HostileServer(saying(answer(b"one"))) as server:
        first = await transport.send(ask(server.url()))
        assert await first.read(10) == b"one"
        second = await transport.send(ask(server.url()))
        first.close()
        first.pause()
        assert await second.read(10) == b"one"
        assert server.connections == 1


@pytest.mark.parametrize("pieces_before", [0, 2])
async def test_what_a_sink_raises_comes_out_and_closes_the_socket(
    transport: Http1Transport, pieces_before: int
) -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD)
        await asyncio.sleep(0.02)
        await peer.send(*[b"1\r\na\r\n"] * 50)
        await peer.gone()
        gone.set()

    calls = 0

    def sink(data: bytes, /) -> None:
        nonlocal calls
        calls += 1
        if calls > pieces_before:
            raise KeyError("tap")

    async with HostileServer(script) as server:
        got = await transport.send(ask(server.url()))
        with pytest.raises(KeyError, match="tap"):
            await got.pour(sink)
        await asyncio.wait_for(gone.wait(), 1)
        assert calls == pieces_before + 1, "a sink is never called again after it raised"


async def test_a_sink_may_close_the_answer_it_is_fed_by(transport: Http1Transport) -> None:
    async with HostileServer(saying(chunked(*[b"abc"] * 20))) as server:
        got = await transport.send(ask(server.url()))
        seen: list[bytes] = []

        def sink(data: bytes, /) -> None:
            seen.append(data)
            got.close()

        waiting = asyncio.create_task(got.pour(sink))
        await asyncio.wait([waiting], timeout=2)
        assert waiting.done()
        waiting.exception()


async def test_pieces_before_a_failure_are_delivered_first(transport: Http1Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD + b"3\r\none\r\n")

    async with HostileServer(script) as server:
        got = await transport.send(ask(server.url()))
        await asyncio.sleep(0.05)
        pieces: list[bytes] = []
        with pytest.raises(UpstreamBroken):
            await gather(got, pieces)
        assert pieces == [b"one"]


async def test_a_body_is_consumed_once(transport: Http1Transport) -> None:
    async with HostileServer(saying(answer(b"once"))) as server:
        got = await transport.send(ask(server.url()))
        assert await got.read(4) == b"once"
        for again in (got.read(4), got.pour(lambda data: None)):
            with pytest.raises(RuntimeError):
                await again
        with pytest.raises(RuntimeError):
            aiter(got)


@pytest.mark.parametrize("reply", [answer(b"12345"), chunked(b"123", b"45")], ids=["length", "chunked"])
@pytest.mark.parametrize("wait", [0.0, 0.05])
async def test_read_refuses_more_than_its_limit(transport: Http1Transport, reply: bytes, wait: float) -> None:
    async with HostileServer(saying(reply)) as server:
        got = await transport.send(ask(server.url()))
        await asyncio.sleep(wait)
        with pytest.raises(UpstreamBroken):
            await got.read(4)
        async with await transport.send(ask(server.url())) as whole:
            assert await whole.read(5) == b"12345"


async def test_read_refuses_by_the_announced_length_before_the_body_comes(transport: Http1Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        await peer.gone()

    async with HostileServer(script) as server:
        with pytest.raises(UpstreamBroken):
            await (await transport.send(ask(server.url()))).read(1000)


async def test_decoded_answers_lose_the_fields_that_would_lie(transport: Http1Transport) -> None:
    body = b"hello " * 1000
    packed = gzip.compress(body, mtime=0)
    reply = answer(packed, "200 OK", "Content-Encoding: GZip", "x-a: b")
    async with HostileServer(saying(reply)) as server, await transport.send(ask(server.url())) as got:
        assert got.headers == [(b"x-a", b"b")]
        pieces: list[bytes] = []
        await got.pour(pieces.append)
        assert b"".join(pieces) == body


@pytest.mark.parametrize("packed", [gzip.compress(b"hello", mtime=0)[:-3], b"no gzip"])
async def test_a_damaged_coding_inside_sound_framing_is_broken(transport: Http1Transport, packed: bytes) -> None:
    async with HostileServer(saying(answer(packed, "200 OK", "content-encoding: gzip"))) as server:
        with pytest.raises(UpstreamBroken):
            await (await transport.send(ask(server.url()))).read(1000)


async def test_an_unknown_coding_is_refused(transport: Http1Transport) -> None:
    async with HostileServer(saying(answer(b"?", "200 OK", "content-encoding: rot13"))) as server:
        with pytest.raises(UpstreamBroken, match="rot13"):
            await transport.send(ask(server.url()))
        assert transport.statistics()["open"] == 0


async def test_a_coded_answer_that_arrives_at_once_is_given_out_over_many_turns(transport: Http1Transport) -> None:
    """R-P2: the connection has gone back to the pool by the end, and the next call on it is answered meanwhile."""
    said = regular(4_000_000)
    coded = answer(gzip.compress(said, 6), "200 OK", "content-encoding: gzip")
    async with HostileServer(saying(coded, answer(b"two"))) as server:
        got = await transport.send(ask(server.url()))
        pieces: list[bytes] = []
        pouring = asyncio.create_task(got.pour(pieces.append))
        while transport.statistics()["idle"] == 0:
            await asyncio.sleep(0)
        assert sum(map(len, pieces)) < len(said), "what has come is not all given out at once"
        assert await (await transport.send(ask(server.url()))).read(10) == b"two"
        await pouring
        assert b"".join(pieces) == said
        assert server.connections == 1


async def test_a_bomb_is_stopped(transport: Http1Transport) -> None:
    """R-X8: 100 MB in 100 kB. It is given up long before it is held."""
    bomb = gzip.compress(bytes(100_000_000))
    seen = 0

    def sink(data: bytes, /) -> None:
        nonlocal seen
        seen += len(data)

    async with HostileServer(saying(answer(bomb, "200 OK", "content-encoding: gzip"))) as server:
        got = await transport.send(ask(server.url()))
        with pytest.raises(UpstreamBroken, match="inflates"):
            await got.pour(sink)
    assert seen < 25_000_000
