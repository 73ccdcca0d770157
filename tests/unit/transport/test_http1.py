"""Writing requests and the one silent retry (R-X8, R-S1; laws 5 and 9)."""

from __future__ import annotations

import asyncio

import pytest

from gophergate.errors import UpstreamBroken, UpstreamUnreachable
from gophergate.transport.base import Ask, Timeouts
from gophergate.transport.http1 import Http1Transport
from kit.hostile import HostileServer, Peer, answer, saying

TIMES = Timeouts(connect=20, first_byte=40, idle=40, total=60)


def ask(url: str, *, replayable: bool = True, body: bytes = b'{"n":1}') -> Ask:
    return Ask(
        method="POST",
        url=url,
        headers=((b"authorization", b"Bearer k"), (b"x-twice", b"1"), (b"x-twice", b"2")),
        body=body,
        timeouts=TIMES,
        replayable=replayable,
    )


async def body_of(transport: Http1Transport, wanted: Ask) -> bytes:
    async with await transport.send(wanted) as got:
        return await got.read(1000)


async def test_a_request_goes_out_as_it_was_given(transport: Http1Transport) -> None:
    async with HostileServer(saying(answer(b"ok"))) as server:
        await body_of(transport, ask(server.url("/v1/a%20b:c?x=%2F&y=[1]#gone")))
    (got,) = server.requests
    assert got.line == "POST /v1/a%20b:c?x=%2F&y=[1] HTTP/1.1"
    assert got.headers == [
        ("host", f"127.0.0.1:{server.port}"),
        ("accept-encoding", "identity"),
        ("authorization", "Bearer k"),
        ("x-twice", "1"),
        ("x-twice", "2"),
        ("content-length", "7"),
    ]
    assert got.body == b'{"n":1}'


@pytest.mark.parametrize("path", ["", "?x=/y", "#f", "/"])
async def test_urls_without_a_path(transport: Http1Transport, path: str) -> None:
    async with HostileServer(saying(answer(b"ok"))) as server:
        for _ in range(2):
            await body_of(transport, Ask(method="GET", url=server.url("") + path, timeouts=TIMES))
        expected = "/?x=/y" if path == "?x=/y" else "/"
        assert [one.target for one in server.requests] == [expected] * 2


async def test_a_name_that_begins_like_a_known_one_is_another_name(transport: Http1Transport) -> None:
    """R-X3: addresses remembered by their beginning must be whole: `host:12` is not `host:1` and a `2`."""
    async with HostileServer(saying(answer(b"ok"))) as server:
        await body_of(transport, Ask(method="GET", url=server.url("/"), timeouts=TIMES))
        for tail in ("0", "x"):
            with pytest.raises((ValueError, UpstreamUnreachable)):
                await transport.send(Ask(method="GET", url=server.url("") + tail, timeouts=TIMES))
        assert len(server.requests) == 1


async def test_concurrent_calls_get_their_own_answers(transport: Http1Transport) -> None:
    async def script(peer: Peer) -> None:
        while True:
            got = await peer.request()
            await peer.send(answer(got.body))

    async with HostileServer(script) as server:
        bodies = [b"%d" % number for number in range(200)]
        got = await asyncio.gather(*(body_of(transport, ask(server.url(), body=body)) for body in bodies))
        assert got == bodies


async def test_a_kept_connection_the_server_closed_is_replaced_without_a_word(
    transport: Http1Transport,
) -> None:
    """The keep-alive race: the server's FIN or RST crosses our request. It acts on exactly one."""
    acted = 0

    async def script(peer: Peer) -> None:
        nonlocal acted
        await peer.request()
        acted += 1
        await peer.send(answer(b"%d" % acted))
        if peer.number % 2:
            await peer.head()  # Let the next request arrive, and close upon it without having acted.
            peer.reset()
        else:
            await peer.head()
            peer.close()

    async with HostileServer(script) as server:
        for number in range(1, 7):
            assert await body_of(transport, ask(server.url())) == b"%d" % number
        assert acted == 6
        assert transport.statistics()["retries"] == 5


async def test_a_connection_seen_to_be_closed_is_not_used_at_all(transport: Http1Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b"bye"))

    async with HostileServer(script) as server:
        for _ in range(3):
            assert await body_of(transport, ask(server.url(), replayable=False)) == b"bye"
            await asyncio.sleep(0.03)
        assert transport.statistics()["retries"] == 0


async def test_the_retry_happens_once(transport: Http1Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        if peer.number == 0:
            await peer.send(answer(b"first"))
            await peer.request()
        # The second connection too is closed upon a request: that is no stale connection but a broken server.

    async with HostileServer(script) as server:
        assert await body_of(transport, ask(server.url())) == b"first"
        with pytest.raises(UpstreamBroken):
            await transport.send(ask(server.url()))
        assert server.connections == 2


async def test_no_retry_on_a_fresh_connection(transport: Http1Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()

    async with HostileServer(script) as server:
        with pytest.raises(UpstreamBroken):
            await transport.send(ask(server.url()))
        assert server.connections == 1


async def test_no_retry_of_what_must_not_be_replayed(transport: Http1Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b"first"))
        await peer.request()

    async with HostileServer(script) as server:
        await body_of(transport, ask(server.url(), replayable=False))
        with pytest.raises(UpstreamBroken):
            await transport.send(ask(server.url(), replayable=False))
        assert server.connections == 1


async def test_no_retry_once_a_byte_of_the_answer_was_read(transport: Http1Transport) -> None:
    """The server began to answer, so it acted: a second request would be a second charge."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b"first"))
        await peer.request()
        await peer.send(b"H")
        await asyncio.sleep(0.05)

    async with HostileServer(script) as server:
        await body_of(transport, ask(server.url()))
        with pytest.raises(UpstreamBroken):
            await transport.send(ask(server.url()))
        assert server.connections == 1


async def test_nothing_is_sent_of_a_request_that_could_not_be_written(transport: Http1Transport) -> None:
    """R-X8: header injection. The server must not even see a connection."""
    async with HostileServer(saying(answer(b"ok"))) as server:
        bad = [
            Ask(method="GET", url=server.url("/a\r\nx: 1")),
            Ask(method="GET", url=server.url("/a b")),
            Ask(method="GET", url=server.url(), headers=((b"x", b"a\r\ny: 1"),)),
            Ask(method="GET /evil HTTP/1.1\r\n\r\nGET", url=server.url()),
        ]
        for wanted in bad:
            with pytest.raises(ValueError):
                await transport.send(wanted)
        assert server.connections == 0


async def test_a_pinned_call_goes_to_the_address_and_keeps_the_name(transport: Http1Transport) -> None:
    """R-X3: the checked address is the one connected to, on a connection nobody else uses."""
    async with HostileServer(saying(answer(b"ok"))) as server:
        url = f"http://pinned.invalid:{server.port}/x?y=1"
        for _ in range(2):
            async with await transport.send_pinned(Ask(method="GET", url=url, timeouts=TIMES), "127.0.0.1") as got:
                assert await got.read(10) == b"ok"
        assert [one.values("host") for one in server.requests] == [[f"pinned.invalid:{server.port}"]] * 2
        assert server.requests[0].target == "/x?y=1"
        assert server.connections == 2
        with pytest.raises(UpstreamUnreachable):
            await transport.send(Ask(method="GET", url=url, timeouts=TIMES))


async def test_errors_name_the_host_and_never_the_rest_of_the_address(transport: Http1Transport) -> None:
    """R-X4, law 8: a Gemini address may hold a key."""

    async def script(peer: Peer) -> None:
        await peer.request()

    async with HostileServer(script) as server:
        with pytest.raises(UpstreamBroken) as caught:
            await transport.send(ask(server.url("/v1?key=canary")))
        assert "127.0.0.1" in caught.value.message
        assert "canary" not in caught.value.message
