"""The live socket: what viewers see of real calls, what they may not see, and that nobody waits for them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gophergate.live import hub as hub_module
from kit.answers import script
from kit.door_requests import asked
from kit.gate import KEY, gate, rows, url
from kit.operator import operator
from kit.upstream import Asked, Say, Upstream, body
from kit.watching import ask, told, watching


async def test_a_call_is_seen_as_it_happens(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, watching(gateway) as socket:
        hello = (await told(socket, "system"))[0]
        assert hello["data"]["kind"] == "hello"
        assert hello["data"]["words"] is True
        await ask(gateway, "a gopher at the gate", **{"x-gophergate-tags": "team=red"})
        seen = [message for message in await told(socket, "call.finished") if message["type"].startswith("call.")]

        assert seen[0]["type"] == "call.started"
        assert seen[0]["data"]["prompt"] == "a gopher at the gate"
        assert seen[0]["data"]["model_requested"] == "demo/echo"
        said = "".join(
            part["text"] for message in seen if message["type"] == "call.delta" for part in message["data"]["parts"]
        )
        assert said == "a gopher at the gate"
        row = (await rows(gateway))[0]
        finished = seen[-1]["data"]
        assert finished["id"] == seen[0]["data"]["id"] == row.id
        assert finished["status"] == "ok"
        assert finished["tags"] == {"team": "red"}
        assert finished["usage"]["output"] == row.usage.output  # type: ignore[union-attr]
        async with operator(gateway) as admin:
            logged = await admin.get(f"/api/calls/{row.id}")
        assert {name: logged[name] for name in finished} == finished  # the socket and the log say the same (R-A1)
        numbers = [message["seq"] for message in seen]
        assert numbers == sorted(set(numbers))


async def test_breakers_and_resting_keys_are_seen_by_every_team(tmp_path: Path) -> None:
    """A deployment that fails opens its breaker, a key that is refused rests: viewers are told of both, and of the
    breaker's closing; somebody confined to a team too, for they ask the same providers."""
    failing = True

    def play(asking: Asked) -> Say:
        if asking.headers["authorization"].endswith("refused"):
            return body({"error": {"message": "no"}}, 401)
        return body({"error": {"message": "oops"}}, 500) if failing else script("openai_chat")(asking)

    async with Upstream(play) as upstream, gate(tmp_path) as gateway, operator(gateway) as admin:
        team = await admin.make("/api/teams", {"name": "red"})
        user = {"username": "vic", "password": "long enough", "role": "viewer", "team_id": team["id"]}
        await admin.make("/api/users", user)
        credentials = [
            {"label": "bad", "api_key": "refused", "weight": 1_000_000},
            {"label": "good", "api_key": "taken"},
        ]
        given = {
            "name": "db", "kind": "compatible", "base_url": f"{upstream.url}/v1", "models": ["m"], "retries": 0,
            "credentials": credentials, "breaker": {"failures": 1, "recovery": 1},
        }  # fmt: skip
        await admin.make("/api/providers", given)
        async with (
            operator(gateway, "vic", "long enough") as vic,
            watching(gateway, **admin.headers) as wide,
            watching(gateway, **vic.headers) as narrow,
        ):
            path, said = asked("openai_chat", "db/m", stream=False)
            key = {"authorization": f"Bearer {KEY}"}
            assert (await admin.client.post(path, json=said, headers=key)).status_code == 500
            for socket in (wide, narrow):
                resting = await _event(socket, "credential")
                assert (resting["what"], resting["state"]) == ("db#bad", "cooling")
                opened = await _event(socket, "breaker")
                assert (opened["what"], opened["state"]) == ("db/m", "open")
                assert opened["until"] > opened["at"][:10]
            failing = False
            async with asyncio.timeout(10):
                while (await admin.client.post(path, json=said, headers=key)).status_code != 200:
                    await asyncio.sleep(0.05)
            for socket in (wide, narrow):
                while (turned := await _event(socket, "breaker"))["state"] != "closed":
                    assert turned["state"] in ("half_open", "open")
                assert turned["what"] == "db/m"


async def _event(socket: ClientConnection, kind: str) -> Any:
    while True:
        data = (await told(socket, "event"))[-1]["data"]
        if data["kind"] == kind:
            return data


async def test_a_viewer_without_the_right_sees_no_words(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        await admin.make("/api/users", {"username": "vera", "password": "a-long-password", "role": "viewer"})
        async with operator(gateway, "vera", "a-long-password") as vera, watching(gateway, **vera.headers) as socket:
            assert (await told(socket, "system"))[0]["data"]["words"] is False
            await ask(gateway, "CANARY-PROMPT")
            seen = await told(socket, "call.finished")
            assert {message["type"] for message in seen} >= {"call.started", "call.delta", "call.finished"}
            assert "CANARY" not in json.dumps(seen)


async def test_what_is_not_to_be_logged_or_is_redacted_is_not_shown(tmp_path: Path) -> None:
    sections = '[logging]\nredact = ["content"]\nbodies = "all"\n'
    async with gate(tmp_path, sections=sections) as gateway, watching(gateway) as socket:
        await ask(gateway, "CANARY-ONE")
        assert "CANARY" not in json.dumps(await told(socket, "call.finished"))
        row = (await rows(gateway))[0]
        async with operator(gateway) as admin:
            kept = (await admin.get(f"/api/calls/{row.id}"))["bodies"]
        assert kept["request_size"] > 0
        assert "CANARY" not in json.dumps(kept)
        assert "[redacted]" in kept["request"]
        assert "[redacted]" in kept["response"]
    async with gate(tmp_path / "two", sections='[logging]\nbodies = "all"\n') as gateway, watching(gateway) as socket:
        await ask(gateway, "CANARY-TWO", **{"x-gophergate-no-log": "true"})
        assert "CANARY" not in json.dumps(await told(socket, "call.finished"))
        async with operator(gateway) as admin:
            row = (await rows(gateway))[0]
            assert (await admin.get(f"/api/calls/{row.id}"))["bodies"] is None


async def test_filters_narrow_what_is_told(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, watching(gateway, "/ws?model=demo/lorem") as socket:
        await told(socket, "system")
        await ask(gateway, "one")
        await ask(gateway, "two", model="demo/lorem")
        seen = [message for message in await told(socket, "call.finished") if message["type"].startswith("call.")]
        assert {message["data"].get("model_requested", "demo/lorem") for message in seen} == {"demo/lorem"}
        await socket.send(json.dumps({"type": "filter", "data": {"status": "error"}}))
        await ask(gateway, "three", model="demo/lorem")
        await ask(gateway, "four", model="demo/down")
        seen = [message for message in await told(socket, "call.finished") if message["type"].startswith("call.")]
        assert [message["data"]["status"] for message in seen] == ["error"]
        await socket.send("not json")
        assert "message" in (await told(socket, "error"))[-1]["data"]
        await socket.send(json.dumps({"type": "filter", "data": {"colour": "red"}}))
        assert "colour" not in json.dumps((await told(socket, "error"))[-1])


async def test_coming_back_misses_nothing(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway:
        async with watching(gateway) as socket:
            await ask(gateway, "one")
            last = (await told(socket, "call.finished"))[-1]["seq"]
        await ask(gateway, "two")
        await ask(gateway, "three")
        await asyncio.sleep(0.2)
        async with watching(gateway, f"/ws?since={last}") as socket:
            seen: list[dict[str, Any]] = []
            while len([message for message in seen if message["type"] == "call.finished"]) < 2:
                seen += await told(socket, "call.finished")
        numbers = [message["seq"] for message in seen if message["data"].get("kind") != "hello"]
        assert numbers == list(range(last + 1, last + 1 + len(numbers)))
        assert [message["data"]["prompt"] for message in seen if message["type"] == "call.started"] == ["two", "three"]
        async with watching(gateway, "/ws?since=1") as socket:
            assert (await told(socket, "resync"))[-1]["data"]["reason"] == "gone"


async def test_nothing_is_computed_while_nobody_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "LINGER", 0.2)
    async with gate(tmp_path) as gateway:
        assert gateway.house.book.audience is None
        async with watching(gateway) as socket:
            await told(socket, "system")
            assert gateway.house.book.audience is not None
        await asyncio.sleep(0.5)
        assert gateway.house.book.audience is None
        assert not gateway.live.hub.is_attended


async def test_one_who_never_reads_is_skipped_and_then_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "PATIENCE", 0.5)
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        token = admin.headers["authorization"]
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        head = (
            f"GET /ws HTTP/1.1\r\nhost: 127.0.0.1:{gateway.port}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
            "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        )
        writer.write(f"{head}authorization: {token}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        async with watching(gateway) as socket:
            await told(socket, "system")
            loud = asyncio.create_task(_count(socket, 400))
            for number in range(400):
                gateway.live.announce("noise", {"number": number, "text": "x" * 20_000})
                if number % 20 == 19:
                    await asyncio.sleep(0.06)
            await loud
            async with asyncio.timeout(10):
                while gateway.live.hub.viewers > 1:
                    gateway.live.announce("noise", {})
                    await asyncio.sleep(0.1)
        writer.close()


async def _count(socket: ClientConnection, events: int) -> None:
    async with asyncio.timeout(20):
        while events:
            events -= json.loads(await socket.recv())["type"] == "event"


async def test_too_much_at_once_is_one_resync(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, watching(gateway) as socket:
        await told(socket, "system")
        for number in range(5_000):
            gateway.live.announce("noise", {"number": number})
        seen = await told(socket, "resync")
        assert len([message for message in seen if message["type"] == "event"]) <= 400
        assert seen[-1]["data"]["missed"] >= 4_600
        assert gateway.live.hub.missed == seen[-1]["data"]["missed"]


async def test_strangers_and_other_sites_are_kept_out(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        for headers in ({"authorization": "Bearer nonsense"}, {"authorization": f"Bearer {KEY}"}, {"x-api-key": KEY}):
            with pytest.raises(InvalidStatus) as refused:
                async with watching(gateway, **headers):
                    pass
            assert refused.value.response.status_code == 401
        session = admin.headers["authorization"].removeprefix("Bearer ")
        cookie = f"gophergate_session={session}"
        with pytest.raises(InvalidStatus) as refused:
            async with watching(gateway, cookie=cookie, origin="https://evil.example"):
                pass
        assert refused.value.response.status_code == 403
        async with watching(gateway, cookie=cookie, origin=url(gateway)) as socket:
            await told(socket, "system")


async def test_signing_out_ends_the_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gophergate.live.socket.LOOK_AGAIN", 0.1)
    async with gate(tmp_path) as gateway, operator(gateway) as admin, watching(gateway, **admin.headers) as socket:
        await told(socket, "system")
        await admin.ask("POST", "/api/auth/logout")
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(5):
                while True:
                    await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_running_calls_are_listed_and_can_be_stopped(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        calling = asyncio.create_task(ask(gateway, "take your time", model="demo/slow"))
        listed: list[dict[str, Any]] = []
        async with asyncio.timeout(5):
            while not listed:
                listed = (await admin.get("/api/calls/running"))["items"]
                await asyncio.sleep(0.02)
        assert listed[0]["model_requested"] == "demo/slow"
        status, _ = await admin.ask("POST", f"/api/calls/{listed[0]['id']}/stop")
        assert status == 200
        answer = await calling
        assert "An operator stopped this call." in answer.text
        row = (await rows(gateway))[0]
        assert (row.status, row.error_code) == ("error", "stopped_by_operator")
        assert (await admin.get("/api/calls/running"))["items"] == []
        assert (await admin.ask("POST", f"/api/calls/{listed[0]['id']}/stop"))[0] == 404
        assert [entry["action"] for entry in (await admin.get("/api/audit?target_kind=call"))["items"]] == ["stop"]


async def test_changes_and_the_host_are_told(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin, watching(gateway) as socket:
        await admin.make("/api/clients", {"name": "acme"})
        event = (await told(socket, "event"))[-1]["data"]
        assert event["kind"] == "configuration"
        assert event["by"] == "admin"
        system = [message for message in await told(socket, "system") if message["type"] == "system"][-1]["data"]
        assert system["host"]["memory_total"] > 0
        assert system["running"] == 0
