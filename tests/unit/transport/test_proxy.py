"""The slow transport: forward proxies, HTTP/2, and nothing of the proxy's password in what it says (R-X4)."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from gophergate.errors import UpstreamBroken, UpstreamTimeout, UpstreamUnreachable
from gophergate.transport.base import Ask, Timeouts
from gophergate.transport.choose import ProxyRules
from gophergate.transport.proxy import ProxyTransport
from kit.certificates import Authority
from kit.forward import ForwardProxy, Http2Server
from kit.hostile import HostileServer, Peer, answer, saying

TIMES = Timeouts(connect=20, first_byte=40, idle=40, total=60)
HTTP2 = ("h2", "http/1.1")


def ask(url: str, body: bytes = b"") -> Ask:
    return Ask(method="POST", url=url, headers=((b"authorization", b"Bearer k"),), body=body, timeouts=TIMES)


async def body_of(transport: ProxyTransport, wanted: Ask) -> bytes:
    async with await transport.send(wanted) as got:
        return await got.read(1_000_000)


async def test_the_request_line_stays_as_it_was_given() -> None:
    """Law 5: no client of ours re-encodes a path; and nothing is added but what frames the message."""
    transport = ProxyTransport(ProxyRules({}))
    async with HostileServer(saying(answer(b"ok"))) as server:
        await body_of(transport, ask(server.url("/a%20b:c?x=%2F&y=[1]|#gone"), b"12"))
        await transport.aclose()
    (got,) = server.requests
    assert got.target == "/a%20b:c?x=%2F&y=[1]|"
    assert sorted(name.lower() for name, _ in got.headers) == [
        "accept-encoding",
        "authorization",
        "content-length",
        "host",
    ]
    assert got.values("accept-encoding") == ["identity"]
    assert got.body == b"12"


async def test_plain_addresses_go_through_the_proxy_whole() -> None:
    async with HostileServer(saying(answer(b"ok"))) as server:
        forward = ForwardProxy(server.port, password="canary")
        async with HostileServer(forward) as proxy:
            address = proxy.url().replace("://", "://user:canary@")
            transport = ProxyTransport(ProxyRules({"http": address}))
            assert await body_of(transport, ask("http://api.example/v1?x=%20")) == b"ok"
            await transport.aclose()
        assert forward.asked == ["POST http://api.example/v1?x=%20 HTTP/1.1"]
        assert forward.secrets
        assert server.requests[0].values("host") == ["api.example"]


async def test_tls_addresses_go_through_a_tunnel_and_are_verified_at_its_end(authority: Authority) -> None:
    tls, names = authority.server("api.example")
    async with HostileServer(saying(answer(b"ok")), tls=tls) as server:
        forward = ForwardProxy(server.port)
        async with HostileServer(forward) as proxy:
            transport = ProxyTransport(ProxyRules({"https": proxy.url()}), ca_file=authority.ca_file)
            assert await body_of(transport, ask("https://api.example/v1")) == b"ok"
            with pytest.raises(UpstreamUnreachable):
                await transport.send(ask("https://other.example/v1"))
            await transport.aclose()
        assert forward.asked[0] == "CONNECT api.example:443 HTTP/1.1"
        assert names[0] == "api.example"


async def test_exempt_hosts_go_direct() -> None:
    async with HostileServer(saying(answer(b"ok"))) as server:
        transport = ProxyTransport(ProxyRules({"http": "http://127.0.0.1:1"}, "127.0.0.1"))
        assert await body_of(transport, ask(server.url())) == b"ok"
        await transport.aclose()


@pytest.mark.parametrize("failure", ["nobody there", "refuses", "no way on"])
async def test_a_failing_proxy_is_told_without_its_password(failure: str) -> None:
    """R-X4, law 8."""
    async with HostileServer(ForwardProxy(1, password="x" if failure == "refuses" else "")) as proxy:
        port = 1 if failure == "nobody there" else proxy.port
        user = "" if failure == "refuses" else "user:canary@"
        transport = ProxyTransport(ProxyRules({"https": f"http://{user}127.0.0.1:{port}"}))
        with pytest.raises(UpstreamUnreachable) as caught:
            await transport.send(ask("https://api.example/"))
        assert "canary" not in caught.value.message
        await transport.aclose()


async def test_http2_is_spoken_where_the_server_offers_it(authority: Authority) -> None:
    tls, _ = authority.server("localhost", alpn=HTTP2)
    script = Http2Server(b"over two", (("x-a", "b"),))
    async with HostileServer(script, tls=tls) as server:
        transport = ProxyTransport(ProxyRules({}), ca_file=authority.ca_file)
        url = server.url("/v1?x=%20", "localhost")
        bodies = await asyncio.gather(*(body_of(transport, ask(url, b"in")) for _ in range(3)))
        assert bodies == [b"over two"] * 3
        async with await transport.send(ask(url)) as got:
            assert (got.status, got.header(b"x-a")) == (200, b"b")
        await transport.aclose()
        assert server.connections == 1
    first = script.requests[0]
    assert (first.line, first.body) == ("POST /v1?x=%20 HTTP/2", b"in")


async def test_an_abandoned_http2_stream_is_reset(authority: Authority) -> None:
    """R-F3: the connection is shared, so the stream is what must end."""
    tls, _ = authority.server("localhost", alpn=HTTP2)
    script = Http2Server(b"begin", hold=True)
    async with HostileServer(script, tls=tls) as server:
        transport = ProxyTransport(ProxyRules({}), ca_file=authority.ca_file)
        begun = asyncio.Event()

        async def read() -> None:
            async with await transport.send(ask(server.url("/", "localhost"))) as got:
                begun.set()
                await got.read(1_000_000)

        reading = asyncio.create_task(read())
        await begun.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await transport.aclose()
        await asyncio.wait_for(script.resets.wait(), 10)


@pytest.mark.parametrize("reply", [b"garbage\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhal"])
async def test_broken_servers(reply: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(reply)

    transport = ProxyTransport(ProxyRules({}))
    async with HostileServer(script) as server:
        with pytest.raises(UpstreamBroken):
            await body_of(transport, ask(server.url()))
        await transport.aclose()


async def test_a_connect_that_takes_too_long() -> None:
    async def script(peer: Peer) -> None:
        await peer.gone()

    transport = ProxyTransport(ProxyRules({}))
    async with HostileServer(script) as server:
        url = server.url().replace("http:", "https:")
        with pytest.raises(UpstreamTimeout) as caught:
            await transport.send(Ask(method="GET", url=url, timeouts=Timeouts(connect=0.2)))
        assert caught.value.phase == "connect"
        await transport.aclose()


def test_httpx2_is_not_imported_before_it_is_needed() -> None:
    """R-P3: importing it takes longer than start-up may."""
    code = (
        "import sys; import gophergate.transport.proxy, gophergate.transport.http1, gophergate.transport.fetch;"
        "print([m for m in ('httpx2', 'httpcore2', 'h2', 'brotli', 'backports.zstd') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
