"""Fetching addresses that callers wrote, against all who would turn it inwards (R-X3)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from gophergate.errors import BadRequest, BodyTooLarge
from gophergate.transport.addresses import is_public
from gophergate.transport.fetch import MAX_REDIRECTS, Fetched, Resolver, fetch
from gophergate.transport.http1 import Http1Transport
from kit.certificates import Authority
from kit.hostile import HostileServer, Peer, answer, saying

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def names(**known: Sequence[str]) -> Resolver:
    """A resolver that knows these names (dots as underscores) and no other."""

    async def look_up(host: str, port: int) -> Sequence[str]:
        try:
            return known[host.replace(".", "_")]
        except KeyError:
            raise OSError(f"unknown {host}") from None

    return look_up


def loopback_is_public(address: str) -> bool:
    """The one address a test can serve from stands for the internet; all others are judged as ever."""
    return address == "127.0.0.1" or is_public(address)


async def get(transport: Http1Transport, url: str, resolver: Resolver | None = None, **more: float) -> Fetched:
    return await fetch(
        url,
        transport=transport,
        limit_bytes=int(more.get("limit", 1000)),
        timeout=more.get("timeout", 5),
        resolver=resolver or names(cdn_example=["127.0.0.1"]),
        is_allowed=loopback_is_public,
    )


async def test_data_comes_with_its_true_type(transport: Http1Transport) -> None:
    async with HostileServer(saying(answer(PNG, "200 OK", "content-type: image/png; x=y"))) as server:
        got = await get(transport, f"http://cdn.example:{server.port}/a.png?sig=1")
        assert got == Fetched("image/png", PNG)
        assert server.requests[0].values("host") == [f"cdn.example:{server.port}"]
        assert not server.requests[0].values("authorization")


@pytest.mark.parametrize(
    ("claim", "data", "kind"),
    [
        ("content-type: application/octet-stream", PNG, "image/png"),
        ("x-nothing: 1", PNG, "image/png"),
        ("content-type: text/csv", b"a,b\n", "text/csv"),
        ("content-type: application/json", b"{}", "application/json"),
        ("x-nothing: 1", b"plain", "text/plain"),
        ("content-type: binary/octet-stream", b"plain", "text/plain"),
    ],
)
async def test_claims_that_fit(transport: Http1Transport, claim: str, data: bytes, kind: str) -> None:
    async with HostileServer(saying(answer(data, "200 OK", claim))) as server:
        assert (await get(transport, f"http://cdn.example:{server.port}/")).media_type == kind


@pytest.mark.parametrize(
    ("claim", "data"),
    [
        ("content-type: image/jpeg", PNG),
        ("content-type: image/png", b"<script>"),
        ("content-type: image/png", b""),
        ("content-type: application/zip", b"PK\x03\x04\0"),
    ],
)
async def test_claims_that_lie_and_types_unknown(transport: Http1Transport, claim: str, data: bytes) -> None:
    async with HostileServer(saying(answer(data, "200 OK", claim))) as server:
        with pytest.raises(BadRequest):
            await get(transport, f"http://cdn.example:{server.port}/")


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.1"], ["169.254.169.254"], ["::1"], ["127.0.0.1", "10.0.0.1"], ["::ffff:127.0.0.1"], []],
)
async def test_names_that_lead_inside_are_refused_unasked(transport: Http1Transport, addresses: list[str]) -> None:
    async with HostileServer(saying(answer(PNG))) as server:
        with pytest.raises(BadRequest, match="no public address"):
            await get(transport, f"http://cdn.example:{server.port}/", names(cdn_example=addresses))
        assert server.connections == 0


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:7f00:1]", "0"]
)
async def test_every_spelling_of_loopback_is_refused(transport: Http1Transport, host: str) -> None:
    """With the system's own resolver: it, not we, knows what these mean."""
    async with HostileServer(saying(answer(PNG))) as server:
        with pytest.raises(BadRequest):
            await fetch(f"http://{host}:{server.port}/", transport=transport, limit_bytes=1000, timeout=5)
        assert server.connections == 0


async def test_unknown_names_and_inside_names_are_told_the_same(transport: Http1Transport) -> None:
    """Whoever asks shall not learn which names exist inside."""
    told = []
    for resolver in (names(), names(cdn_example=["10.0.0.1"])):
        with pytest.raises(BadRequest) as caught:
            await get(transport, "http://cdn.example/", resolver)
        told.append(caught.value.message)
    assert told[0] == told[1]


async def test_the_name_is_resolved_once_and_the_checked_address_used(transport: Http1Transport) -> None:
    """DNS rebinding: the second answer of the resolver would lead inside, but nobody asks again."""
    replies = [["127.0.0.1"], ["10.0.0.1"]]

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return replies.pop(0)

    async with HostileServer(saying(answer(PNG))) as server:
        await get(transport, f"http://cdn.example:{server.port}/", rebinding)
        assert len(replies) == 1


def redirect(to: str, status: str = "302 Found") -> bytes:
    return answer(b"moved", status, f"location: {to}")


async def test_redirects_are_followed_and_each_is_checked_anew(transport: Http1Transport) -> None:
    resolver = names(cdn_example=["127.0.0.1"], inside_example=["10.0.0.1"])
    async with HostileServer(saying(answer(PNG))) as target:
        there = redirect(f"http://cdn.example:{target.port}/b", "307 Temporary Redirect")
        async with HostileServer(saying(redirect("/relative?x=1"))) as _, HostileServer(saying(there)) as server:
            assert (await get(transport, f"http://cdn.example:{server.port}/", resolver)).data == PNG
            assert target.requests[0].target == "/b"
    for inside in ("http://inside.example/", "http://127.0.0.2/", "http://169.254.169.254/latest/meta-data"):
        async with HostileServer(saying(redirect(inside))) as server:
            with pytest.raises(BadRequest):
                await get(transport, f"http://cdn.example:{server.port}/", resolver)


@pytest.mark.parametrize("to", ["file:///etc/passwd", "gopher://cdn.example/", "//user:pw@cdn.example/", "http://[x"])
async def test_redirects_to_other_schemes_are_refused(transport: Http1Transport, to: str) -> None:
    async with HostileServer(saying(redirect(to))) as server:
        with pytest.raises(BadRequest):
            await get(transport, f"http://cdn.example:{server.port}/")


async def test_redirects_are_counted(transport: Http1Transport) -> None:
    async with HostileServer(saying(redirect("/again"))) as server:
        with pytest.raises(BadRequest, match="redirects"):
            await get(transport, f"http://cdn.example:{server.port}/")
        assert len(server.requests) == MAX_REDIRECTS + 1


async def test_a_redirect_out_of_tls_is_refused(authority: Authority) -> None:
    tls, _ = authority.server("cdn.example")
    client = Http1Transport(ca_file=authority.ca_file)
    async with HostileServer(saying(redirect("http://cdn.example/"), answer(PNG)), tls=tls) as server:
        with pytest.raises(BadRequest, match="https"):
            await get(client, f"https://cdn.example:{server.port}/")
    await client.aclose()


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://cdn.example/", "cdn.example/a.png", "http://user:pw@cdn.example/", "", "http://"]  # noqa: RUF005
    + ["http://cdn.example/\r\nx: 1", "http://cdn.example/a b", "http://cdn.example/" + "a" * 9000],
)
async def test_addresses_that_are_none(transport: Http1Transport, url: str) -> None:
    with pytest.raises(BadRequest):
        await get(transport, url)


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "206 Partial Content", "204 No Content"])
async def test_any_status_but_200_is_refused(transport: Http1Transport, status: str) -> None:
    async with HostileServer(saying(answer(PNG, status))) as server:
        with pytest.raises(BadRequest):
            await get(transport, f"http://cdn.example:{server.port}/")


async def test_size_is_bounded_while_reading(transport: Http1Transport) -> None:
    sent = 0

    async def endless(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\n" + PNG)
        while sent < 50_000_000:
            await peer.send(bytes(10_000))
            sent += 10_000

    async with HostileServer(endless, buffer=16384) as server:
        with pytest.raises(BodyTooLarge):
            await get(transport, f"http://cdn.example:{server.port}/", limit=100_000)
    assert sent < 10_000_000


async def test_time_is_bounded_over_everything(transport: Http1Transport) -> None:
    async def trickle(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        await peer.send(*[b"a"] * 1000, pause=0.01)

    async def stuck(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    began = time.monotonic()
    async with HostileServer(trickle) as server:
        for resolver in (None, stuck):
            with pytest.raises(BadRequest):
                await get(transport, f"http://cdn.example:{server.port}/", resolver, timeout=0.2)
    assert time.monotonic() - began < 2


async def test_errors_do_not_tell_the_rest_of_the_address(transport: Http1Transport) -> None:
    """R-X4: a signed address is good for the data."""
    async with HostileServer(saying(answer(b"", "403 Forbidden"))) as server:
        with pytest.raises(BadRequest) as caught:
            await get(transport, f"http://cdn.example:{server.port}/path?sig=canary")
    assert "cdn.example" in caught.value.message
    assert "canary" not in caught.value.message
