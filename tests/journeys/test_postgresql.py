"""Two whole gateways over one PostgreSQL, as a company runs them: what one of them does, the other knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest
from openai import AsyncOpenAI

from gophergate.app import Gateway
from kit.gate import KEY, gate, rows, url
from kit.operator import Operator, operator
from kit.postgresql import PostgreSQL

ASKED = [{"role": "user", "content": "Hello there, gopher"}]


@pytest.fixture
async def nodes(postgresql_server: PostgreSQL, tmp_path: Path) -> AsyncIterator[tuple[Gateway, Gateway]]:
    """Each with its own data directory."""
    async with AsyncExitStack() as stack:
        shared = await stack.enter_async_context(postgresql_server.fresh())
        environ = {"GOPHERGATE_DATABASE__URL": shared, "GOPHERGATE_ENCRYPTION_KEY": "5c" * 32}
        first = await stack.enter_async_context(gate(tmp_path / "one", environ=environ))
        second = await stack.enter_async_context(gate(tmp_path / "two", environ=environ))
        yield first, second


@pytest.fixture
async def admin(nodes: tuple[Gateway, Gateway]) -> AsyncIterator[Operator]:
    async with operator(nodes[0]) as made:
        yield made


async def ask(gateway: Gateway, key: str = KEY, **more: object) -> int:
    body = {"model": "demo/echo", "messages": ASKED, **more}
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
        return (await client.post("/v1/chat/completions", json=body, headers=headers)).status_code


async def until(gateway: Gateway, key: str, status: int) -> None:
    """Within the five seconds that R-X5 allows, and some for a busy machine."""
    for _ in range(200):
        if await ask(gateway, key) == status:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the other node did not answer {status}")


async def test_calls_of_both_nodes_are_one_log_and_one_sum(nodes: tuple[Gateway, Gateway], admin: Operator) -> None:
    """Law 1; an unmodified client, a real answer, a row."""
    for gateway in nodes:
        async with AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key=KEY) as client:
            whole = await client.chat.completions.create(model="demo/echo", messages=ASKED)  # type: ignore[call-overload]
            assert whole.choices[0].message.content == "Hello there, gopher"
            stream = await client.chat.completions.create(  # type: ignore[call-overload]
                model="demo/echo",
                messages=ASKED,
                stream=True,
                extra_headers={"x-gophergate-tags": "project=one"},
            )
            said = [choice.delta.content or "" async for piece in stream for choice in piece.choices]
            assert "".join(said) == "Hello there, gopher"
    assert [row.status for row in await rows(nodes[1], 4)] == ["ok"] * 4
    page = await admin.get("/api/calls?limit=3")
    rest = await admin.get(f"/api/calls?limit=3&cursor={page['next_cursor']}")
    assert (len(page["items"]), len(rest["items"])) == (3, 1)
    for group in ("model", "provider", "key", "client", "end_user", "tag"):
        tag = "&tag=project" if group == "tag" else ""
        found = (await admin.get(f"/api/usage?by={group}{tag}"))["items"]
        assert sum(row["calls"] for row in found) == 4, group
    exported = await admin.raw("GET", "/api/calls/export?format=csv")
    assert exported.text.count("\n") == 5


async def test_what_is_changed_at_one_node_holds_at_the_other(nodes: tuple[Gateway, Gateway], admin: Operator) -> None:
    """R-X5."""
    client = await admin.make("/api/clients", {"name": "two nodes"})
    made = await admin.make("/api/keys", {"client_id": client["id"], "name": "k"})
    key, which = made["key"], made["id"]
    await until(nodes[1], key, 200)
    assert (await admin.ask("PATCH", f"/api/keys/{which}", {"models": ["other/model"]}))[0] == 200
    await until(nodes[1], key, 403)
    assert (await admin.ask("DELETE", f"/api/keys/{which}"))[0] in (200, 204)
    await until(nodes[1], key, 401)


async def test_many_changes_at_once_are_all_made(nodes: tuple[Gateway, Gateway], admin: Operator) -> None:
    """Each raises the same mark."""
    async with operator(nodes[1]) as other:
        made = await asyncio.gather(
            *(who.make("/api/clients", {"name": f"c{n}"}) for n, who in enumerate([admin, other] * 8))
        )
    assert len({client["id"] for client in made}) == 16


async def test_what_no_column_takes_is_said_so_and_loses_no_call(
    nodes: tuple[Gateway, Gateway], admin: Operator
) -> None:
    """PostgreSQL has no NUL in a text. A call that brings one has its row all the same."""
    assert await ask(nodes[0], user="a\x00b") == 200
    assert await ask(nodes[0], user="after") == 200
    assert [row.end_user for row in await rows(nodes[0], 2)] == ["a\ufffdb", "after"]
    status, problem = await admin.ask("GET", "/api/calls?model=a%00b")
    assert (status, problem["error"]["code"]) == (400, "invalid_value")
