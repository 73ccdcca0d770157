"""What ails, as operators see it: breakers and resting keys in the API and live; keys stored sealed (O24, O25)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2

from kit.answers import provider, script
from kit.door_requests import asked
from kit.gate import KEY, PASSWORD, gate, rows, url
from kit.upstream import Asked, Say, Upstream, body


async def signed_in(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/auth/login", json={"username": "admin", "password": PASSWORD})
    client.headers["authorization"] = f"Bearer {answer.json()['token']}"


async def test_several_sealed_keys_a_breaker_and_what_ails_are_seen_by_operators(tmp_path: Path) -> None:
    failing = True

    def play(asking: Asked) -> Say:
        if asking.headers["authorization"].endswith("canary-bad"):
            return body({"error": {"message": "no"}}, 401)
        return body({"error": {"message": "oops"}}, 500) if failing else script("openai_chat")(asking)

    async with (
        Upstream(play) as up,
        gate(tmp_path) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), timeout=20) as admin,
    ):
        told: list[tuple[str, Any]] = []
        gateway.router.health._tells = lambda kind, data: told.append((kind, data))
        await signed_in(admin)
        made = await admin.post(
            "/api/providers",
            json={
                "name": "db",
                "kind": "compatible",
                "base_url": f"{up.url}/v1",
                "models": ["m"],
                "credentials": [
                    {"label": "bad", "api_key": "canary-bad", "weight": 1000000},
                    {"label": "good", "api_key": "canary-good"},
                ],
                "retries": 0,
                "breaker": {"failures": 2, "recovery": 60},
            },
        )
        assert made.status_code == 201, made.text
        assert "canary" not in made.text
        assert [one["label"] for one in made.json()["credentials"]] == ["bad", "good"]
        assert made.json()["breaker"] == {"failures": 2, "recovery": 60.0, "probe": 0.0}
        assert made.json()["state"] == "ok"
        tag = (await admin.get("/api/providers/db")).headers["etag"]

        path, said = asked("openai_chat", "db/m", stream=False)
        for _ in range(2):
            answer = await admin.post(path, json=said, headers={"authorization": f"Bearer {KEY}"})
            assert answer.status_code == 500
        kept = await rows(gateway, 2)
        assert [[one.credential for one in row.attempts] for row in kept] == [["bad", "good"], ["good"]]

        shown = (await admin.get("/api/providers/db")).json()
        assert shown["state"] == "failing"
        ailing = {one["what"]: (one["state"], one["reason"]) for one in shown["ailments"]}
        assert ailing["db/m"][0] == "open"
        assert ailing["db#bad"][0] == "cooling"
        assert (await admin.get("/api/system")).json()["ailments"] == shown["ailments"]
        assert {kind for kind, _ in told} == {"breaker", "credential"}

        failing = False
        tried = await admin.post("/api/providers/db/test", json={"credential": "good"})
        assert tried.json()["ok"], tried.text
        shown = (await admin.get("/api/providers/db")).json()
        assert [one["kind"] for one in shown["ailments"]] == ["credential"], "the breaker heard that it answers"
        assert [data["state"] for kind, data in told if kind == "breaker"] == ["open", "closed"]

        weights = [{"label": "good", "weight": 5}]
        changed = await admin.patch("/api/providers/db", json={"credentials": weights}, headers={"if-match": tag})
        assert changed.status_code == 200, "what ails is no change of the provider"
        assert changed.json()["state"] == "ok", "another set of keys begins afresh"
        answer = await admin.post(path, json=said, headers={"authorization": f"Bearer {KEY}"})
        assert answer.status_code == 200
        twice = [{"label": "x", "api_key": "a"}, {"label": "x", "api_key": "b"}]
        refused = await admin.patch("/api/providers/db", json={"credentials": twice})
        assert refused.status_code == 400
        assert refused.json()["error"]["param"] == "credentials"
        unknown = await admin.patch("/api/providers/db", json={"credentials": [{"label": "new"}]})
        assert unknown.status_code == 400
        audit = (await admin.get("/api/audit")).text
        assert "canary" not in audit
        assert "sealed" not in audit
        stored = b"".join(file.read_bytes() for file in (tmp_path / "data").rglob("*") if file.is_file())
        assert b"canary" not in stored


async def test_a_client_that_leaves_is_drained_as_its_provider_says(tmp_path: Path) -> None:
    """R-F3, R-U5: 499 on the record, the usage the provider's own, no failure of anybody."""
    whole = script("openai_chat")

    def slowly(asking: Asked) -> Say:
        say = whole(asking)
        if asking.json.get("stream"):
            say.pause = 0.05
        else:
            say.wait = 0.5
        return say

    for stream in (True, False):
        for policy, drained in (("finish", True), ("drain", True), ("cancel", False)):
            folder = tmp_path / f"{policy}-{stream}"
            async with Upstream(slowly) as up:
                row = {**provider("openai_chat", up.url), "disconnect": {"policy": f'"{policy}"', "seconds": 5}}
                async with gate(folder, row) as gateway:
                    await leave(gateway.port, up, stream=stream)
                    [kept] = await rows(gateway, 1)
                    assert (kept.status, kept.http_status) == ("client_closed", 499)
                    assert gateway.router.health.is_well
                    if drained:
                        assert kept.usage_source == "provider", (policy, stream)
                        assert kept.usage is not None
                        assert kept.usage.output == 7
                    else:
                        assert kept.usage_source != "provider"


async def test_a_keys_own_policy_wins_over_group_and_provider(tmp_path: Path) -> None:
    """R-F3: per provider, group and key; kept by a rotation."""

    def slowly(asking: Asked) -> Say:
        say = script("openai_chat")(asking)
        say.pause = 0.05
        return say

    async with (
        Upstream(slowly) as up,
        gate(tmp_path, provider("openai_chat", up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), timeout=20) as admin,
    ):
        await signed_in(admin)
        policy = {"policy": "drain", "seconds": 5}
        client = (await admin.get("/api/clients")).json()["items"][0]["id"]
        made = await admin.post("/api/keys", json={"client_id": client, "disconnect": policy})
        assert made.status_code == 201, made.text
        assert made.json()["disconnect"] == {**policy, "tokens": None}
        turned = (await admin.post(f"/api/keys/{made.json()['id']}/rotate")).json()
        assert turned["disconnect"] == {**policy, "tokens": None}
        await leave(gateway.port, up, stream=True, key=turned["key"])
        [kept] = await rows(gateway, 1)
        assert (kept.status, kept.usage_source) == ("client_closed", "provider")
        cleared = await admin.patch(f"/api/keys/{turned['id']}", json={"disconnect": None})
        assert cleared.json()["disconnect"] is None
        await leave(gateway.port, up, stream=True, key=turned["key"])
        assert (await rows(gateway, 2))[-1].usage_source != "provider"


async def test_a_drain_ends_at_its_bounds(tmp_path: Path) -> None:
    """R-F3: bounded by seconds and by tokens; the provider's socket closes then."""
    endless = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}\n\n'

    def forever(_: Asked) -> Say:
        return Say(headers=(("content-type", "text/event-stream"),), pieces=[endless] * 500, pause=0.02)

    for bounds in ({"seconds": 0.3}, {"seconds": 60, "tokens": 10}):
        async with Upstream(forever) as up:
            row = {**provider("openai_chat", up.url), "disconnect": {"policy": '"drain"', **bounds}}
            async with gate(tmp_path / str(len(bounds)), row) as gateway:
                await leave(gateway.port, up, stream=True)
                [kept] = await rows(gateway, 1, patience=5)
                for _ in range(100):
                    if not up.open:
                        break
                    await asyncio.sleep(0.01)
                assert up.open == 0
                assert (kept.status, kept.usage_source) == ("client_closed", "estimated")


async def leave(port: int, up: Upstream, *, stream: bool, key: str = KEY) -> None:
    """A client that goes while it is answered: once a stream has begun, or its provider been asked."""
    path, said = asked("openai_chat", "up/m", stream=stream)
    raw = json.dumps(said).encode()
    before = len(up.asked)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-length: {len(raw)}\r\n\r\n"
    writer.write(head.encode() + raw)
    while not stream and len(up.asked) == before:
        await asyncio.sleep(0.01)
    if stream:
        await reader.readuntil(b"data: ")
    writer.transport.abort()
