"""R-X1: every route there is, doors included, refuses whoever is nobody, however they ask, and changes nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from gophergate.admin.routes import ROUTES
from gophergate.app import Gateway
from kit.gate import KEY, PASSWORD, gate, url

OPEN = {
    ("POST", "/api/auth/login"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
}
"""What anybody may ask: signing in, and whether the process lives."""
INJECTED = "' OR '1'='1"
PRESENTED: tuple[dict[str, str], ...] = (
    {},
    {"authorization": "Bearer sk-gg-unknown-00000000000000000000000000000"},
    {"authorization": f"Bearer {INJECTED}"},
    {"x-api-key": INJECTED},
    {"authorization": f"Bearer {INJECTED}", "host": "localhost:1@evil.example"},
    {"cookie": f"gophergate_session={INJECTED}"},
    {"cookie": "gophergate_session=abc.def", "host": "api.openai.com"},
    {"authorization": "Bearer gg-admin-0000000000000000000000000000000000000000000"},
    {"authorization": "Basic YWRtaW46YWRtaW4="},
    {"x-forwarded-for": "127.0.0.1", "x-original-url": "/health/live", "x-rewrite-url": "/health/live"},
)


def every(gateway: Gateway) -> Iterator[tuple[str, str]]:
    """Every method and path, with something in the place of names. What HEAD asks for is what GET does."""
    for method, path in gateway.routes.every():
        if method == "HEAD":
            assert gateway.routes.route(method, path) is gateway.routes.route("GET", path)
        else:
            yield method, path
    yield "POST", "/v1beta/models/demo/echo:generateContent"
    yield "POST", "/v1/models/demo/echo:streamGenerateContent"
    yield "POST", "/v1beta/models/demo/echo:countTokens"
    yield "POST", "/v1beta/models/demo/embed:embedContent"
    yield "GET", "/v1/models/demo/echo"
    yield "GET", "/v1beta/models/demo/echo"
    yield "GET", "/v1/responses/resp_x"
    yield "DELETE", "/v1/responses/resp_x"
    yield "POST", "/v1/responses/resp_x/cancel"
    yield "GET", "/v1/responses/resp_x/input_items"
    for route in ROUTES:
        yield route.method, re.sub(r"\{[a-z_]+(:path)?\}", "some-thing", route.path)


def encoded(path: str) -> Iterator[str]:
    """The path as it is, and with letters percent-encoded: the same path, to a server and to its check."""
    yield path
    yield path.replace("/api", "/%61pi").replace("/v1", "/%76%31")


def bent(path: str) -> Iterator[str]:
    """Ways of writing the path that a careless check might take for another, and a careless router for the same."""
    yield f"{path}/"
    yield f"/{path}"
    yield path.replace("/", "//")
    yield path.upper()
    yield f"{path}/."
    yield f"{path}/%2e"
    yield f"/health/live/..{path}"
    yield f"/health/live/%2e%2e{path}"
    yield f"/health/live/%2e%2e/%2e%2e{path}"
    yield f"/assets/..{path}"
    yield f"/assets/%2e%2e%2f{path[1:]}"
    yield f"{path};x=/health/live"
    yield f"{path}%00"
    yield f"{path}%0d%0a"
    yield f"{path}%3f"
    yield f"{path}%20"
    yield path.replace("/", "%2f").replace("%2f", "/", 1)
    yield path.replace("/", "\\").replace("\\", "/", 1)
    yield f"http://localhost{path}"


async def asked(gateway: Gateway, method: str, target: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """The status and body of a request whose target is sent as it is: a client of the field would mend it."""
    body = b"" if method == "GET" else b'{"name": "x", "model": "demo/echo", "messages": []}'
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    fields = {"host": "localhost", "content-type": "application/json", "connection": "close", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    length = f"content-length: {len(body)}\r\n" if body else ""
    writer.write(f"{method} {target} HTTP/1.1\r\n{head}{length}\r\n".encode() + body)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head_bytes, _, said = answer.partition(b"\r\n\r\n")
    return int(head_bytes.split(b" ", 2)[1]), said


async def contents(gateway: Gateway) -> list[object]:
    """What could have been changed."""
    configuration = gateway.configuration
    return [
        await configuration.providers.all(),
        await configuration.models.all(),
        await configuration.groups.latest(),
        await gateway.keys.page(limit=1000),
        (await gateway.calls.page(limit=100)).items,
    ]


async def test_nobody_gets_through_anywhere(tmp_path: Path) -> None:
    async with gate(tmp_path / "gate") as gateway, httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
        before = await contents(gateway)
        walked = 0
        for method, path in every(gateway):
            if (method, path) in OPEN:
                continue
            for presented in PRESENTED:
                for written in encoded(path):
                    answer = await client.request(method, written, headers=presented, json={"name": "x", "model": "m"})
                    assert answer.status_code in (401, 403), (method, written, presented, answer.status_code)
                    walked += 1
        assert walked > 1500
        assert await contents(gateway) == before


async def test_no_way_of_writing_a_path_leads_round_its_check(tmp_path: Path) -> None:
    """R-X1: bent paths are refused or are nothing; they never lead to what the straight one is kept from."""
    async with gate(tmp_path / "gate") as gateway:
        before = await contents(gateway)
        walked = 0
        for method, path in every(gateway):
            if (method, path) in OPEN:
                continue
            for target in bent(path):
                status, said = await asked(gateway, method, target, PRESENTED[walked % len(PRESENTED)])
                assert status in (400, 401, 403, 404, 405), (method, target, status, said[:200])
                walked += 1
        assert walked > 1500
        assert await contents(gateway) == before


async def test_what_is_not_a_door_has_its_own_check_or_holds_nothing(tmp_path: Path) -> None:
    """The socket, the dashboard's files, the pages of the API, and paths that are none."""
    async with gate(tmp_path / "gate") as gateway:
        upgrade = {
            "connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
            "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
        }  # fmt: skip
        for path in ("/ws", "/v1/responses", "/responses", "/%77s"):
            for presented in PRESENTED:
                status, _ = await asked(gateway, "GET", path, {**upgrade, **presented})
                assert status in (401, 403), (path, presented, status)
        for path in ("/ws/", "//ws", "/WS", "/nowhere"):
            status, _ = await asked(gateway, "GET", path, upgrade)
            assert status in (400, 404, 426), (path, status)
        for path in ("/", "/favicon.ico", "/api/openapi.json", "/api/docs"):
            status, said = await asked(gateway, "GET", path, {})
            assert status == 200
            assert KEY.encode() not in said
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                status, _ = await asked(gateway, method, path, {})
                assert status in (401, 403, 404, 405), (method, path, status)
        for path in (
            "/assets/../../secrets.py",
            "/assets/%2e%2e/%2e%2e/secrets.py",
            "/assets/x/../index.html",
            "/metricsx",
        ):
            assert (await asked(gateway, "GET", path, {}))[0] in (400, 404)


async def test_every_answer_is_hardened(tmp_path: Path) -> None:
    """Security headers, whatever is answered; no script from elsewhere on any page."""
    async with gate(tmp_path / "gate") as gateway, httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
        for path in ("/", "/favicon.ico", "/assets/none.js", "/api/docs", "/api/openapi.json", "/api/users", "/api/no"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["x-frame-options"] == "DENY", path
            assert headers["referrer-policy"] == "no-referrer", path
            policy = headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy, path
            assert "unsafe-eval" not in policy
            assert "http" not in policy
            assert "script-src 'unsafe-inline'" not in policy
        for path in ("/v1/models", "/nowhere", "/health/live"):
            assert (await client.get(path)).headers["x-content-type-options"] == "nosniff", path
        page = (await client.get("/api/docs")).text
        assert "<script" not in page
        assert not re.search(r"(?:src|href)=['\"]?https?://", page)


async def test_a_client_key_is_no_key_to_the_operators_side_and_the_other_way_round(tmp_path: Path) -> None:
    async with gate(tmp_path / "gate") as gateway, httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
        for route in ROUTES:
            if route.needs != "nobody":
                path = re.sub(r"\{[a-z_]+(:path)?\}", "x", route.path)
                answer = await client.request(route.method, path, headers={"authorization": f"Bearer {KEY}"}, json={})
                assert answer.status_code == 401, route
        signed_in = await client.post("/api/auth/login", json={"username": "admin", "password": PASSWORD})
        token = signed_in.json()["token"]
        maker = {"authorization": f"Bearer {token}"}
        made = await client.post("/api/tokens", json={"name": "t", "scopes": ["view"]}, headers=maker)
        client.cookies.clear()
        for method, path in every(gateway):
            if path.startswith("/health") or path in {route.path for route in ROUTES} or "some-thing" in path:
                continue
            if path.startswith("/api/") and not gateway.routes.allowed(path):
                continue
            for presented in (token, made.json()["token"]):
                for headers in ({"authorization": f"Bearer {presented}"}, {"x-api-key": presented}):
                    answer = await client.request(method, path, headers=headers, json={"model": "demo/echo"})
                    assert answer.status_code == 401, (method, path, headers)


async def test_a_change_by_cookie_needs_its_csrf_token(tmp_path: Path) -> None:
    async with gate(tmp_path / "gate") as gateway, httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
        signed_in = await client.post("/api/auth/login", json={"username": "admin", "password": PASSWORD})
        cookie = signed_in.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        csrf = signed_in.json()["csrf_token"]
        assert (await client.get("/api/clients")).status_code == 200
        assert (await client.post("/api/clients", json={"name": "a"})).status_code == 403
        assert (await client.post("/api/clients", json={"name": "a"}, headers={"x-csrf-token": "0"})).status_code == 403
        made = await client.post("/api/clients", json={"name": "a"}, headers={"x-csrf-token": csrf})
        assert made.status_code == 201
        kept = client.cookies["gophergate_session"]
        assert (await client.post("/api/auth/logout", headers={"x-csrf-token": csrf})).status_code == 200
        client.cookies.set("gophergate_session", kept)
        assert (await client.get("/api/clients")).status_code == 401  # edge case 73


async def test_signing_in_is_throttled_by_name_and_address(tmp_path: Path) -> None:
    async with gate(tmp_path / "gate") as gateway, httpx2.AsyncClient(base_url=url(gateway), timeout=60) as client:
        statuses = []
        for _ in range(6):
            answer = await client.post("/api/auth/login", json={"username": "admin", "password": "wrong"})
            statuses.append(answer.status_code)
        assert statuses == [401] * 5 + [429]
        assert int(answer.headers["retry-after"]) > 0
        right = await client.post("/api/auth/login", json={"username": "admin", "password": PASSWORD})
        assert right.status_code == 429


async def test_a_restart_signs_nobody_out(tmp_path: Path) -> None:
    async with gate(tmp_path / "gate") as gateway, httpx2.AsyncClient(base_url=url(gateway), timeout=60) as client:
        answer = await client.post("/api/auth/login", json={"username": "admin", "password": PASSWORD})
        token = {"authorization": f"Bearer {answer.json()['token']}"}
    async with gate(tmp_path / "gate") as gateway, httpx2.AsyncClient(base_url=url(gateway), timeout=60) as client:
        assert (await client.get("/api/auth/me", headers=token)).status_code == 200


def test_no_route_can_be_made_without_saying_what_it_needs() -> None:
    from gophergate.admin.guard import Guarded

    async def handler() -> None: ...

    with pytest.raises(TypeError, match="does not say what it needs"):
        Guarded("/api/open", handler)
