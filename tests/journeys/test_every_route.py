"""R-X1: every route there is, doors included, refuses whoever is nobody, however they ask, and changes nothing."""

from __future__ import annotations

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
    ("HEAD", "/health/live"),
    ("GET", "/health/ready"),
    ("HEAD", "/health/ready"),
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
    """Every method and path, with something in the place of names."""
    yield from gateway.routes.every()
    yield "POST", "/v1beta/models/demo/echo:generateContent"
    yield "POST", "/v1/models/demo/echo:streamGenerateContent"
    yield "POST", "/v1beta/models/demo/echo:countTokens"
    yield "GET", "/v1/models/demo/echo"
    yield "GET", "/v1beta/models/demo/echo"
    yield "GET", "/v1/responses/resp_x"
    yield "DELETE", "/v1/responses/resp_x"
    yield "POST", "/v1/responses/resp_x/cancel"
    yield "GET", "/v1/responses/resp_x/input_items"
    for route in ROUTES:
        yield route.method, re.sub(r"\{[a-z_]+(:path)?\}", "some-thing", route.path)


def encoded(path: str) -> Iterator[str]:
    """The path, and ways of writing it that a careless check might not know again."""
    yield path
    yield path.replace("/api", "/%61pi").replace("/v1", "/%76%31")


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


async def test_a_client_key_is_no_key_to_the_operators_side_and_the_other_way_round(tmp_path: Path) -> None:
    async with gate(tmp_path / "gate") as gateway, httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
        for route in ROUTES:
            if route.needs != "nobody":
                path = re.sub(r"\{[a-z_]+(:path)?\}", "x", route.path)
                answer = await client.request(route.method, path, headers={"authorization": f"Bearer {KEY}"}, json={})
                assert answer.status_code == 401, route
        signed_in = await client.post("/api/auth/login", json={"username": "admin", "password": PASSWORD})
        token = {"authorization": f"Bearer {signed_in.json()['token']}"}
        assert (await client.get("/v1/models", headers=token)).status_code == 401


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
