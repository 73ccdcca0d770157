"""Reaching a host: TLS and trust, addresses of both families, and no socket left by those who give up."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gophergate.errors import UpstreamTimeout, UpstreamUnreachable
from gophergate.transport import connect
from gophergate.transport.base import Ask, Timeouts
from gophergate.transport.http1 import Http1Transport
from kit.certificates import Authority
from kit.hostile import HostileServer, Peer, answer, saying

TIMES = Timeouts(connect=20, first_byte=40, idle=40, total=60)


def ask(url: str, times: Timeouts = TIMES, body: bytes = b"") -> Ask:
    return Ask(method="POST", url=url, timeouts=times, body=body)


async def body_of(transport: Http1Transport, wanted: Ask) -> bytes:
    async with await transport.send(wanted) as got:
        return await got.read(10_000_000)


async def test_a_trusted_server_is_spoken_to_and_told_its_name(authority: Authority) -> None:
    """SNI is seen, the answer streams, the connection is kept, uploads of any size arrive."""
    tls, names = authority.server("localhost")
    client = Http1Transport(ca_file=authority.ca_file)
    big = bytes(5_000_000)
    async with HostileServer(saying(answer(b"secret" * 10_000)), tls=tls) as server:
        for body in (b"", b"small", big):
            assert await body_of(client, ask(server.url(host="localhost"), body=body)) == b"secret" * 10_000
        assert server.requests[2].body == big
        assert names == ["localhost"]
        assert server.connections == 1
        await client.aclose()


async def test_a_server_nobody_vouches_for_is_refused(transport: Http1Transport, authority: Authority) -> None:
    tls, _ = authority.server("localhost")
    async with HostileServer(saying(answer(b"evil")), tls=tls) as server:
        with pytest.raises(UpstreamUnreachable, match="not trusted"):
            await transport.send(ask(server.url(host="localhost")))
        assert server.requests == []
        assert transport.statistics()["open"] == 0


async def test_a_certificate_for_another_name_is_refused(authority: Authority) -> None:
    tls, _ = authority.server("other.example")
    client = Http1Transport(ca_file=authority.ca_file)
    async with HostileServer(saying(answer(b"evil")), tls=tls) as server:
        with pytest.raises(UpstreamUnreachable, match="not trusted"):
            await client.send(ask(server.url(host="localhost")))
        await client.aclose()


async def test_a_pinned_call_verifies_the_name_not_the_address(authority: Authority) -> None:
    """R-X3: SNI, certificate and host field are those of the name, the address only says where."""
    tls, names = authority.server("cdn.example")
    client = Http1Transport(ca_file=authority.ca_file)
    async with HostileServer(saying(answer(b"ok")), tls=tls) as server:
        good = ask(f"https://cdn.example:{server.port}/")
        async with await client.send_pinned(good, "127.0.0.1") as got:
            assert await got.read(10) == b"ok"
        assert names == ["cdn.example"]
        with pytest.raises(UpstreamUnreachable, match="not trusted"):
            await client.send_pinned(ask(f"https://other.example:{server.port}/"), "127.0.0.1")
        await client.aclose()


async def test_plain_text_where_tls_was_expected(transport: Http1Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.gone()

    async with HostileServer(script) as server:
        with pytest.raises(UpstreamUnreachable):
            await transport.send(ask(server.url().replace("http:", "https:")))


@pytest.mark.parametrize("way", ["time-out", "cancel"])
async def test_a_handshake_that_never_ends(transport: Http1Transport, way: str) -> None:
    """The connect time-out covers TLS; whoever gives up leaves no socket."""
    begun, gone = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        begun.set()
        await peer.gone()
        gone.set()

    async with HostileServer(script) as server:
        url = server.url().replace("http:", "https:")
        if way == "time-out":
            with pytest.raises(UpstreamTimeout) as caught:
                await transport.send(ask(url, Timeouts(connect=0.2)))
            assert caught.value.phase == "connect"
        else:
            calling = asyncio.create_task(transport.send(ask(url)))
            await asyncio.wait_for(begun.wait(), 10)
            calling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await calling
        await asyncio.wait_for(gone.wait(), 1)
        assert transport.statistics()["open"] == 0


async def test_nobody_listening(transport: Http1Transport) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(UpstreamUnreachable, match="port"):
            await transport.send(ask(f"http://127.0.0.1:{port}/"))


@pytest.mark.parametrize("host", ["name.invalid", "a..b", "a" * 70 + ".example"])
async def test_names_that_lead_nowhere(transport: Http1Transport, host: str) -> None:
    with pytest.raises((UpstreamUnreachable, UpstreamTimeout)):
        await transport.send(ask(f"http://{host}/"))


async def test_ipv6_literals(transport: Http1Transport) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    async with HostileServer(saying(answer(b"six")), host="::1") as server:
        assert await body_of(transport, ask(server.url())) == b"six"
        assert server.requests[0].values("host") == [f"[::1]:{server.port}"]


Dial = Callable[[], Awaitable[socket.socket]]


def dialling(delay: float, error: str | None, log: list[Any]) -> Dial:
    async def dial() -> socket.socket:
        log.append(("start", delay))
        try:
            await asyncio.sleep(delay)
        except asyncio.CancelledError:
            log.append(("cancelled", delay))
            raise
        if error:
            raise OSError(error)
        peer = socket.socket()
        log.append(peer)
        return peer

    return dial


async def test_a_dead_address_costs_a_head_start_and_no_more() -> None:
    """RFC 8305: the second address is tried beside the silent first; the loser's socket is closed."""
    log: list[Any] = []
    began = time.monotonic()
    winner = await connect._race([dialling(5, None, log), dialling(0.01, None, log)])
    assert time.monotonic() - began < 1
    winner.close()
    await asyncio.sleep(0)
    assert ("cancelled", 5) in log


async def test_a_refused_address_costs_nothing() -> None:
    log: list[Any] = []
    began = time.monotonic()
    winner = await connect._race([dialling(0, "refused", log), dialling(0.01, None, log)])
    assert time.monotonic() - began < connect.HEAD_START
    winner.close()


async def test_when_all_addresses_fail_the_first_failure_is_told() -> None:
    with pytest.raises(OSError, match="one"):
        await connect._race([dialling(0, "one", []), dialling(0.01, "two", [])])


async def test_two_winners_leave_one_socket() -> None:
    log: list[Any] = []
    winner = await connect._race([dialling(connect.HEAD_START + 0.02, None, log), dialling(0.02, None, log)])
    await asyncio.sleep(0.05)
    opened = [one for one in log if isinstance(one, socket.socket)]
    assert [one for one in opened if one.fileno() != -1] == [winner]
    winner.close()


async def test_a_cancelled_race_ends_all_dials() -> None:
    log: list[Any] = []
    racing = asyncio.create_task(connect._race([dialling(5, None, log), dialling(6, None, log)]))
    await asyncio.sleep(connect.HEAD_START + 0.1)
    racing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await racing
    await asyncio.sleep(0)
    assert {("cancelled", 5), ("cancelled", 6)} <= {one for one in log if isinstance(one, tuple)}


def test_families_take_turns() -> None:
    six = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 1, 0, 0))
    four = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))
    assert connect._interleaved([six, six, four, four]) == [six, four, six, four]
    assert connect._interleaved([four]) == [four]
