"""R-B4: one enforcement point that every billable route passes. Every route there is is asked with a budget that is
used up: what is not named free here must refuse with 402, ask no provider and leave a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect

from gophergate.app import Gateway
from kit.answers import provider, script
from kit.door_requests import asked, embedding
from kit.gate import KEY, gate, rows, url
from kit.operator import Operator, operator
from kit.upstream import Upstream

BEARER = {"authorization": f"Bearer {KEY}"}
FREE: Mapping[str, str] = {
    "/models": "what there is to ask for",
    "/v1/models": "what there is to ask for",
    "/v1beta/models": "what there is to ask for",
    "/v1alpha/models": "what there is to ask for",
    "/api/tags": "what there is to ask for",
    "/api/show": "what there is to ask for",
    "/api/ps": "what there is to ask for",
    "/api/version": "the version",
    "/usage": "what the key has used",
    "/v1/usage": "what the key has used",
    "/responses/input_tokens": "counting tokens: no vendor charges for it",
    "/v1/responses/input_tokens": "counting tokens: no vendor charges for it",
    "/messages/count_tokens": "counting tokens: no vendor charges for it",
    "/v1/messages/count_tokens": "counting tokens: no vendor charges for it",
    "/health/live": "whether the process lives",
    "/health/ready": "whether it serves",
}
"""Routes that cost nothing, and why. Looking at, cancelling and deleting what was made is free too (below)."""
PERFORMS: Mapping[str, str] = {
    "generations": "image",
    "edits": "image",
    "moderations": "moderation",
    "rerank": "rerank",
    "speech": "speech",
    "transcriptions": "transcribe",
    "translations": "transcribe",
}
"""The simulator's models for what goes as it comes, by the end of its path."""
NAMED = (
    "/v1beta/models/up/m:generateContent",
    "/v1beta/models/up/m:streamGenerateContent",
    "/v1alpha/models/up/m:generateContent",
    "/v1/models/up/m:generateContent",
    "/v1/models/up/m:streamGenerateContent",
    "/v1beta/models/demo/embed:embedContent",
    "/v1/models/demo/embed:batchEmbedContents",
)
"""Billable routes whose paths hold a name."""
RATED = """
[[groups]]
name = "rated"
strategy = "classifier"
targets = [{ model = "up/m" }, { model = "demo/echo" }]
classifier = { model = "up/m", timeout = 5 }
"""


def body_of(path: str) -> dict[str, Any]:
    """What its door reads."""
    door = {"messages": "anthropic_messages", "responses": "openai_responses", "compact": "openai_responses"}
    last = path.rsplit("/", 1)[-1]
    if "embed" in last.lower():
        return embedding("demo/embed", path)
    if (model := PERFORMS.get(last)) is not None:
        return {"model": f"demo/{model}"}
    if ":" in last:
        return asked("gemini", "up/m", stream=False)[1]
    name = (
        "ollama_generate" if last == "generate" else "ollama" if path == "/api/chat" else door.get(last, "openai_chat")
    )
    return asked(name, "up/m", stream=False)[1]


async def use_up(admin: Operator) -> str:
    """A budget of nothing for the only client; its id."""
    (client,) = (await admin.get("/api/clients"))["items"]
    given = {"scope": "client", "scope_id": client["id"], "amount": "0", "period": "total"}
    return str((await admin.make("/api/budgets", given))["id"])


async def test_every_route_but_those_named_free_is_refused_once_the_money_is_spent(tmp_path: Path) -> None:
    async with (
        Upstream(script("openai_chat")) as upstream,
        gate(tmp_path, provider("openai_chat", upstream.url), sections=RATED) as gateway,
        operator(gateway) as admin,
        httpx2.AsyncClient(base_url=url(gateway), headers=BEARER, timeout=30) as client,
    ):
        await use_up(admin)
        before = len(upstream.asked)
        billable = [*((m, p) for m, p in gateway.routes.every() if p not in FREE), *(("POST", path) for path in NAMED)]
        for method, path in billable:
            answer = await client.request(method, path, json=body_of(path))
            assert answer.status_code == 402, (method, path, answer.status_code, answer.text)
        assert len(billable) > 12
        group = await client.post("/v1/chat/completions", json={**body_of("/v1/chat/completions"), "model": "rated"})
        assert group.status_code == 402  # nor is anybody asked to rate it
        later = await client.post("/v1/responses", json={**body_of("/v1/responses"), "background": True})
        assert later.status_code == 402
        assert len(upstream.asked) == before, "a provider was asked for a call that nobody could pay"
        kept = await rows(gateway, len(billable) + 2)
    assert len(kept) == len(billable) + 2
    assert {(row.status, row.error_code) for row in kept} == {("refused", "budget_exceeded")}


@pytest.mark.parametrize("path", ["/v1/responses", "/responses"])
async def test_every_frame_of_a_websocket_is_a_call_of_its_own(path: str, tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        address = f"ws://127.0.0.1:{gateway.port}{path}"
        async with connect(address, additional_headers=BEARER, proxy=None) as connection:
            frame = json.dumps({"type": "response.create", "store": False, "model": "demo/echo", "input": "Hi"})
            await connection.send(frame)
            while json.loads(await connection.recv())["type"] != "response.completed":
                pass
            await use_up(admin)
            await connection.send(frame)
            told = json.loads(await connection.recv())
            assert told["type"] == "error"
            assert told["status"] == 402 or told.get("code") == "budget_exceeded"
        kept = await rows(gateway, 2)
    assert [row.status for row in kept] == ["ok", "refused"]


async def test_what_was_made_may_be_looked_at_and_ended_without_money(tmp_path: Path) -> None:
    async with (
        gate(tmp_path) as gateway,
        operator(gateway) as admin,
        httpx2.AsyncClient(base_url=url(gateway), headers=BEARER, timeout=30) as client,
    ):
        made = (await client.post("/v1/responses", json={"model": "demo/echo", "input": "Hi"})).json()
        await use_up(admin)
        assert (await client.get(f"/v1/responses/{made['id']}")).status_code == 200
        assert (await client.delete(f"/v1/responses/{made['id']}")).status_code == 200


async def test_a_rating_is_paid_by_the_call_it_is_for_and_counted(tmp_path: Path) -> None:
    """The classifier's own call is a row of the same key, and stands in the same budget; it never waits for it."""
    async with gate(tmp_path, sections=RATED.replace("up/m", "demo/lorem")) as gateway, operator(gateway) as admin:
        (owner,) = (await admin.get("/api/clients"))["items"]
        given = {"scope": "client", "scope_id": owner["id"], "amount": "1", "period": "total"}
        budget = await admin.make("/api/budgets", given)
        async with httpx2.AsyncClient(base_url=url(gateway), headers=BEARER, timeout=30) as client:
            answer = await client.post("/v1/chat/completions", json=asked("openai_chat", "rated", stream=False)[1])
            assert answer.status_code == 200
        kept = await rows(gateway, 2)
        assert sorted(row.operation for row in kept) == ["chat", "classify"]
        await _is_the_sum_of_its_rows(gateway, admin, budget["id"])


async def _is_the_sum_of_its_rows(gateway: Gateway, admin: Operator, budget_id: str) -> None:
    shown = await admin.get(f"/api/budgets/{budget_id}")
    total = await admin.get("/api/usage?by=total")
    assert (shown["spent"], shown["reserved"]) == (total["total"]["cost"], "0.00")
