"""Pages of other origins: what a browser asks first and what it must find on every answer, under both adapters."""

from __future__ import annotations

import pytest

from gophergate.errors import Forbidden
from gophergate.front.base import Inbound, Reply
from gophergate.front.edge import EdgeLimits
from kit.edges import Got, echo, get, hello, post, running, stream

PAGE = "https://app.example"
ORIGIN = b"origin: " + PAGE.encode()
WISH = (b"access-control-request-method: POST", b"access-control-request-headers: authorization, x-stainless-os")


async def refusing(inbound: Inbound, reply: Reply) -> None:
    raise Forbidden("No.")


def allowed(got: Got) -> tuple[str | None, str | None, str | None]:
    """Who may read an answer, which headers of it, and what it depends on."""
    names = ("access-control-allow-origin", "access-control-expose-headers", "vary")
    return got.headers.get(names[0]), got.headers.get(names[1]), got.headers.get(names[2])


@pytest.mark.parametrize(("origins", "told"), [((PAGE,), (PAGE, "*", "origin")), (("*",), ("*", "*", None))])
async def test_an_origin_that_may_call_reads_every_answer(
    adapter: str, origins: tuple[str, ...], told: tuple[str | None, str | None, str | None]
) -> None:
    """Whole, streamed, refused by the door, and refused before it; on one connection, also behind a head that comes
    again. The door itself never sees the preflight, and what no door claims is none of ours."""
    async with running(adapter, limits=EdgeLimits(max_body_bytes=4096), origins=origins) as front:
        front.doors.update({("POST", "/v1/a"): echo, ("GET", "/v1/a"): hello, ("POST", "/v1/s"): stream})
        front.doors["POST", "/v1/no"] = refusing
        client = await front.connect()
        for path, status in (("/v1/a", 200), ("/v1/a", 200), ("/v1/s", 200), ("/v1/no", 403)):
            await client.send(post(path, b"{12345678}", ORIGIN))
            got = await client.reply()
            assert (got.status, got.whole, allowed(got)) == (status, True, told), path
        await client.send(get("/v1/a", ORIGIN, *WISH, method="OPTIONS"))
        got = await client.reply("OPTIONS")
        assert (got.status, got.body, allowed(got)[:2]) == (204, b"", told[:2])
        assert got.headers["access-control-allow-methods"] == "GET, POST"
        assert got.headers["access-control-allow-headers"] == "authorization, x-stainless-os"
        assert got.headers["vary"].startswith("origin, ")
        large = await front.ask(post("/v1/a", b"{" * 5000, ORIGIN))
        assert (large.status, allowed(large)) == (413, told)
        for method, path in (("OPTIONS", "/api/keys"), ("GET", "/api/keys")):
            elsewhere = await front.ask(get(path, ORIGIN, *WISH, method=method), method)
            assert (elsewhere.body, allowed(elsewhere)) == (b"app:" + path.encode() + b":", (None, None, None))


async def test_other_origins_are_told_nothing_but_that_it_depends_on_them(adapter: str) -> None:
    """So that no cache hands one page's answer to another; a preflight of theirs is refused in words."""
    async with running(adapter, origins=(PAGE, "tauri://localhost")) as front:
        front.doors["POST", "/v1/a"] = echo
        client = await front.connect()
        fields: tuple[bytes, ...]
        for fields in ((), (b"origin: null",), (ORIGIN + b".evil",), (b"origin: https://APP.example",)):
            await client.send(post("/v1/a", b"{}", *fields))
            assert allowed(await client.reply()) == (None, None, "origin")
        await client.send(get("/v1/a", b"origin: https://evil.example", *WISH, method="OPTIONS"))
        got = await client.reply("OPTIONS")
        assert (got.status, allowed(got)) == (403, (None, None, "origin"))
        assert b"server.cors_origins" in got.body
        for fields in ((ORIGIN,), WISH[:1], ()):  # no preflight
            await client.send(get("/v1/a", *fields, method="OPTIONS"))
            got = await client.reply("OPTIONS")
            assert (got.status, b"answers to POST, not to OPTIONS" in got.body) == (405, True)
        await client.send(get("/v1/a", b"origin: tauri://localhost", WISH[0], WISH[1] + b"(", method="OPTIONS"))
        assert "access-control-allow-headers" not in (await client.reply("OPTIONS")).headers
