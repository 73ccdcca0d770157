"""Keeping, lending, limiting connections (R-F3, R-P1; law 9)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from gophergate.errors import UpstreamBroken, UpstreamTimeout, UpstreamUnreachable
from gophergate.transport import pool
from gophergate.transport.base import Ask, Timeouts
from gophergate.transport.http1 import Http1Transport
from gophergate.transport.pool import PoolLimits, parse_prefix
from kit.hostile import HostileServer, Peer, answer, saying

QUICK = Timeouts(connect=0.2, first_byte=40, idle=40, total=60)


@pytest.fixture
async def two() -> AsyncIterator[Http1Transport]:
    client = Http1Transport(limits=PoolLimits(per_origin=2, max_idle=2, max_idle_age=30))
    yield client
    await client.aclose()


def ask(url: str, times: Timeouts = QUICK) -> Ask:
    return Ask(method="GET", url=url, timeouts=times)


async def body_of(transport: Http1Transport, wanted: Ask) -> bytes:
    async with await transport.send(wanted) as got:
        return await got.read(1000)


class Gate:
    """A server that answers only when told to."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.asked = 0

    async def __call__(self, peer: Peer) -> None:
        while True:
            got = await peer.request()
            self.asked += 1
            await self.open.wait()
            await peer.send(answer(got.target.encode()))

    async def filled(self, count: int) -> None:
        while self.asked < count:
            await asyncio.sleep(0.005)


async def test_the_limit_bounds_connections_and_the_wait_for_one(two: Http1Transport) -> None:
    gate = Gate()
    async with HostileServer(gate) as server:
        busy = [asyncio.create_task(body_of(two, ask(server.url(f"/{n}")))) for n in range(2)]
        await gate.filled(2)
        began = time.monotonic()
        with pytest.raises(UpstreamTimeout) as caught:
            await two.send(ask(server.url()))
        assert caught.value.phase == "pool"
        assert 0.15 < time.monotonic() - began < 1
        assert two.statistics()["waiting"] == 0
        gate.open.set()
        assert await asyncio.gather(*busy) == [b"/0", b"/1"]
        assert server.connections == 2


async def test_callers_in_line_are_served_first_come_first_served(two: Http1Transport) -> None:
    gate = Gate()
    async with HostileServer(gate) as server:
        patient = Timeouts(connect=20, first_byte=40, idle=40, total=60)
        calls = []
        for number in range(6):
            calls.append(asyncio.create_task(body_of(two, ask(server.url(f"/{number}"), patient))))
            await asyncio.sleep(0.01)
        await gate.filled(2)
        assert two.statistics()["waiting"] == 4
        calls[3].cancel()
        gate.open.set()
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert [one if isinstance(one, bytes) else type(one) for one in done] == [
            b"/0",
            b"/1",
            b"/2",
            asyncio.CancelledError,
            b"/4",
            b"/5",
        ]
        assert [one.target for one in server.requests] == ["/0", "/1", "/2", "/4", "/5"]
        assert server.connections == 2


async def test_a_place_freed_by_a_failed_call_goes_to_the_next_in_line(two: Http1Transport) -> None:
    """No place may be lost, whatever way a connection ends: the sixth call still finds one."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(0.02)
        if peer.number < 4:
            peer.reset()
        else:
            await peer.send(answer(b"at last"))

    async with HostileServer(script) as server:
        patient = Timeouts(connect=20, first_byte=40, idle=40, total=60)
        done = await asyncio.gather(
            *(body_of(two, ask(server.url(), patient)) for _ in range(6)), return_exceptions=True
        )
        assert sum(isinstance(one, UpstreamBroken) for one in done) == 4
        assert done.count(b"at last") == 2


async def test_a_caller_cancelled_as_its_turn_comes_passes_it_on(two: Http1Transport) -> None:
    gate = Gate()
    async with HostileServer(gate) as server:
        patient = Timeouts(connect=20, first_byte=40, idle=40, total=60)
        origin = two._pool.origin(server.url("").rstrip("/"))
        for _ in range(20):
            gate.open.clear()
            start = gate.asked
            busy = [asyncio.create_task(body_of(two, ask(server.url(), patient))) for _ in range(2)]
            await gate.filled(start + 2)
            waiting = asyncio.create_task(body_of(two, ask(server.url(), patient)))
            await asyncio.sleep(0)
            while not origin.waiting:
                await asyncio.sleep(0)
            gate.open.set()
            while origin.waiting:
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(*busy, waiting, return_exceptions=True)
        assert await asyncio.gather(*(body_of(two, ask(server.url())) for _ in range(2))) == [b"/"] * 2
        assert two.statistics()["open"] <= 2


async def test_origins_do_not_share_limits_or_connections(two: Http1Transport) -> None:
    gate = Gate()
    async with HostileServer(gate) as full, HostileServer(saying(answer(b"free"))) as other:
        busy = [asyncio.create_task(body_of(two, ask(full.url()))) for _ in range(2)]
        await gate.filled(2)
        assert await body_of(two, ask(other.url())) == b"free"
        gate.open.set()
        await asyncio.gather(*busy)


async def test_the_connection_used_last_is_lent_first(two: Http1Transport) -> None:
    gate = Gate()
    async with HostileServer(gate) as server:
        gate.open.set()
        await asyncio.gather(*(body_of(two, ask(server.url())) for _ in range(2)))
        origin = two._pool.origin(server.url("").rstrip("/"))
        newest = origin._idle[-1]
        await body_of(two, ask(server.url()))
        assert origin._idle[-1] is newest
        assert newest.served == 2


async def test_idle_connections_are_capped_and_grow_old() -> None:
    client = Http1Transport(limits=PoolLimits(per_origin=10, max_idle=2, max_idle_age=0.15))
    gate = Gate()
    async with HostileServer(gate) as server:
        calls = [asyncio.create_task(body_of(client, ask(server.url()))) for _ in range(5)]
        await gate.filled(5)
        gate.open.set()
        await asyncio.gather(*calls)
        assert client.statistics()["idle"] == client.statistics()["open"] == 2
        await asyncio.sleep(0.3)
        assert client.statistics()["open"] == client.statistics()["idle"] == 0
        await body_of(client, ask(server.url()))
        await client.aclose()


async def test_closing_fails_the_calls_under_way_and_refuses_new_ones() -> None:
    client = Http1Transport(limits=PoolLimits(per_origin=1))
    gate = Gate()
    async with HostileServer(gate) as server:
        patient = Timeouts(connect=20, first_byte=40, idle=40, total=60)
        busy = asyncio.create_task(body_of(client, ask(server.url(), patient)))
        await gate.filled(1)
        waiting = asyncio.create_task(body_of(client, ask(server.url(), patient)))
        await asyncio.sleep(0.01)
        await client.aclose()
        outcomes = await asyncio.gather(busy, waiting, return_exceptions=True)
        assert [type(one) for one in outcomes] == [UpstreamBroken, UpstreamUnreachable]
        with pytest.raises(UpstreamUnreachable):
            await client.send(ask(server.url()))
        assert client.statistics()["open"] == 0


async def test_remembered_origins_are_bounded(transport: Http1Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MAX_ORIGINS", 8)
    async with HostileServer(saying(answer(b"ok"))) as server:
        await body_of(transport, ask(server.url()))
        for number in range(100):
            transport._pool.origin(f"http://host{number}.example")
        assert len(transport._pool._by_name) <= 9
        await body_of(transport, ask(server.url()))
        assert server.connections == 1, "an origin with a connection is not forgotten"


@pytest.mark.parametrize(
    ("prefix", "meaning"),
    [
        ("http://Example.com", (False, "example.com", 80)),
        ("HTTPS://example.com", (True, "example.com", 443)),
        ("https://example.com:8443", (True, "example.com", 8443)),
        ("http://[::1]:11434", (False, "::1", 11434)),
        ("http://10.0.0.1", (False, "10.0.0.1", 80)),
    ],
)
def test_prefixes(prefix: str, meaning: tuple[bool, str, int]) -> None:
    assert parse_prefix(prefix) == meaning


@pytest.mark.parametrize(
    "prefix",
    [
        "ftp://example.com",
        "example.com",
        "http://",
        "http://user:secret@example.com",
        "http://exa\r\nmple.com",
        "http://exa\tmple.com",
        "http://exämple.com",
        "http://exa mple.com",
        "http://example.com?x=",
        "http://example.com:99999",
        "http://example.com\\evil",
        "http://[::1",
    ],
)
def test_prefixes_that_are_refused(prefix: str) -> None:
    """R-X3: what two readers could take for two hosts is taken for none; passwords in addresses reach logs."""
    with pytest.raises(ValueError):
        parse_prefix(prefix)
