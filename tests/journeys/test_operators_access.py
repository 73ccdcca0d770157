"""Who may see and do what: a team's own and nothing of another's, tokens that never outdo their maker, sessions that
live as long as they are used and not longer."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from gophergate.app import Gateway
from gophergate.live import socket as socket_module
from kit.gate import PASSWORD, gate, rows, url
from kit.operator import Operator, operator


class Teams:
    """Two teams, each with a client and one call; `vic` views the first one, `edna` edits there."""

    def __init__(self, red: Any, blue: Any, mine: Any, other: Any, calls: dict[str, str]) -> None:
        self.red, self.blue, self.mine, self.other = red, blue, mine, other
        self.calls = calls
        self.secrets = (blue["id"], other["id"], other["key"]["id"], calls["blue"], "BLUE-WORDS")
        """What nobody of the red team may come to see."""


@pytest.fixture
async def teams(gateway: Gateway, admin: Operator) -> Teams:
    organisation = await admin.make("/api/organisations", {"name": "blue inc"})
    red = await admin.make("/api/teams", {"name": "red"})
    blue = await admin.make("/api/teams", {"name": "blue", "organisation_id": organisation["id"]})
    mine = await admin.make("/api/clients", {"name": "red app", "team_id": red["id"]})
    other = await admin.make("/api/clients", {"name": "blue app", "team_id": blue["id"]})
    for name, role in (("vic", "viewer"), ("edna", "editor")):
        user = {"username": name, "password": "long enough", "role": role, "team_id": red["id"]}
        await admin.make("/api/users", user)
    calls = {}
    for number, (name, owner, words) in enumerate((("red", mine, "red words"), ("blue", other, "BLUE-WORDS")), 1):
        await chat(admin, owner["key"]["key"], words)
        calls[name] = (await rows(gateway, at_least=number))[-1].id
    return Teams(red, blue, mine, other, calls)


async def chat(admin: Operator, key: str, words: str, **more: Any) -> httpx2.Response:
    asked = {"model": "demo/echo", "messages": [{"role": "user", "content": words}], **more}
    return await admin.client.post("/v1/chat/completions", json=asked, headers={"authorization": f"Bearer {key}"})


@pytest.mark.parametrize("name", ["vic", "edna"])
async def test_a_team_reads_nothing_of_another(gateway: Gateway, teams: Teams, name: str) -> None:
    """Every list, object and export there is, asked for plainly and with the other team's ids."""
    other, blue = teams.other, teams.blue
    asked = [
        "/api/calls", f"/api/calls?team_id={blue['id']}", f"/api/calls?client_id={other['id']}",
        f"/api/calls?key_id={other['key']['id']}", f"/api/calls/{teams.calls['blue']}", "/api/calls/running",
        f"/api/calls?q={teams.calls['blue']}", "/api/calls/export?format=json", "/api/calls/export",
        f"/api/calls/export?team_id={blue['id']}", "/api/clients", f"/api/clients?team_id={blue['id']}",
        f"/api/clients/{other['id']}", "/api/keys", f"/api/keys?client_id={other['id']}",
        f"/api/keys/{other['key']['id']}", "/api/teams", f"/api/teams/{blue['id']}", "/api/organisations",
        f"/api/organisations/{blue['organisation_id']}", "/api/budgets", "/api/usage", "/api/audit",
        "/api/audit/export", "/api/users", "/api/tokens", "/api/settings", "/api/backup",
        *(f"/api/usage?by={by}&team_id={blue['id']}" for by in ("client", "key", "team", "user", "organisation")),
    ]  # fmt: skip
    async with operator(gateway, name, "long enough") as one:
        for path in asked:
            answer = await one.raw("GET", path)
            if answer.status_code == 200:
                for secret in teams.secrets:
                    assert secret not in answer.text.replace(path, ""), (path, secret)
                assert "blue inc" not in answer.text, path
            else:
                assert answer.status_code in (403, 404), (path, answer.status_code)
        usage = await one.get(f"/api/usage?by=team&team_id={blue['id']}")
        assert [item["id"] for item in usage["items"]] == [teams.red["id"]]
        assert usage["total"]["calls"] == 1


async def test_an_editor_of_a_team_changes_nothing_that_others_share(
    gateway: Gateway, admin: Operator, teams: Teams
) -> None:
    """Nor what bounds the team itself: its budget and its limits are set from above."""
    other, red = teams.other, teams.red
    attempts: list[tuple[str, str, Any]] = [
        ("PATCH", f"/api/clients/{other['id']}", {"name": "taken"}),
        ("DELETE", f"/api/clients/{other['id']}", None),
        ("POST", "/api/keys", {"client_id": other["id"]}),
        ("PATCH", f"/api/keys/{other['key']['id']}", {"name": "taken"}),
        ("POST", f"/api/keys/{other['key']['id']}/revoke", None),
        ("POST", f"/api/keys/{other['key']['id']}/rotate", None),
        ("DELETE", f"/api/keys/{other['key']['id']}", None),
        ("POST", f"/api/calls/{teams.calls['blue']}/stop", None),
        ("POST", "/api/clients", {"name": "x", "team_id": teams.blue["id"]}),
        ("POST", "/api/clients", {"name": "x", "organisation_id": teams.blue["organisation_id"]}),
        ("PATCH", f"/api/clients/{teams.mine['id']}", {"team_id": None}),
        ("PATCH", f"/api/clients/{teams.mine['id']}", {"team_id": teams.blue["id"]}),
        ("PATCH", f"/api/clients/{teams.mine['id']}", {"user_id": "u"}),
        ("PATCH", "/api/models/demo/echo", {"enabled": False}),
        ("DELETE", "/api/models/demo/echo", None),
        ("POST", "/api/groups", {"name": "g", "targets": [{"model": "demo/echo"}]}),
        ("POST", "/api/guards", {"name": "g", "kind": "pii"}),
        ("POST", "/api/guards/try", {"guard": {"kind": "pii"}, "text": "a"}),
        ("POST", "/api/teams", {"name": "another"}),
        ("PATCH", f"/api/teams/{red['id']}", {"limits": None}),
        ("POST", "/api/users", {"username": "mole", "password": "long enough"}),
        ("POST", "/api/tokens", {"name": "t", "scopes": ["view"]}),
    ]
    budget = await admin.make("/api/budgets", {"scope": "team", "scope_id": red["id"], "amount": "5"})
    limits = await admin.make(
        "/api/limits", {"scope": "team", "scope_id": red["id"], "model": "demo/echo", "limits": {"rpm": 100}}
    )
    attempts += [
        ("PATCH", f"/api/budgets/{budget['id']}", {"amount": "5000"}),
        ("POST", f"/api/budgets/{budget['id']}/raise", {"amount": "9", "until": "2099-01-01T00:00:00Z"}),
        ("DELETE", f"/api/budgets/{budget['id']}", None),
        ("POST", "/api/budgets", {"scope": "team", "scope_id": red["id"], "amount": "5000", "period": "day"}),
        ("PATCH", f"/api/limits/{limits['id']}", {"limits": {"rpm": 9000}}),
        ("DELETE", f"/api/limits/{limits['id']}", None),
        ("POST", "/api/limits", {"scope": "team", "scope_id": red["id"], "model": "m", "limits": {"rpm": 1}}),
    ]
    async with operator(gateway, "edna", "long enough") as edna:
        assert (await edna.get(f"/api/budgets/{budget['id']}"))["amount"] == budget["amount"]
        for method, path, given in attempts:
            status, problem = await edna.ask(method, path, given)
            assert status in (403, 404), (method, path, status, problem)
        assert (await edna.ask("POST", f"/api/keys/{teams.mine['key']['id']}/revoke"))[0] == 200


async def test_the_live_socket_shows_a_team_its_own_only(gateway: Gateway, admin: Operator, teams: Teams) -> None:
    async with operator(gateway, "edna", "long enough") as edna:
        address = f"ws://127.0.0.1:{gateway.port}/ws?client_id={teams.other['id']}"
        async with (
            connect(address, additional_headers=edna.headers, compression=None) as narrow,
            connect(address.partition("?")[0], additional_headers=edna.headers, compression=None) as wide,
        ):
            await chat(admin, teams.other["key"]["key"], "BLUE-WORDS", stream=True)
            await admin.ask("PATCH", f"/api/clients/{teams.other['id']}", {"name": "blue two"})
            await chat(admin, teams.mine["key"]["key"], "red words", stream=True)
            seen = []
            async with asyncio.timeout(5):
                while not seen or seen[-1]["type"] != "call.finished":
                    seen.append(json.loads(await wide.recv()))
            assert {m["data"].get("client_id") for m in seen if m["type"] == "call.started"} == {teams.mine["id"]}
            text = json.dumps(seen)
            for secret in teams.secrets:
                assert secret not in text
            await narrow.close()
            left = [json.loads(message) async for message in narrow]
            assert not [message for message in left if message["type"].startswith("call.")]


async def test_a_token_never_outdoes_its_maker_and_ends_with_them(gateway: Gateway, admin: Operator) -> None:
    adam = await admin.make("/api/users", {"username": "adam", "password": "long enough", "role": "admin"})
    async with operator(gateway, "adam", "long enough") as maker, operator(gateway, "") as program:
        made = await maker.make("/api/tokens", {"name": "ci", "scopes": ["view", "edit", "people"]})
        program.headers = {"authorization": f"Bearer {made['token']}"}
        grand = await program.make("/api/tokens", {"name": "of a token", "scopes": ["view"]})
        assert (await program.ask("POST", "/api/clients", {"name": "one"}))[0] == 201
        await admin.ask("PATCH", f"/api/users/{adam['id']}", {"role": "viewer"})
        assert (await program.get("/api/auth/me"))["permissions"] == ["view"]
        assert (await program.ask("POST", "/api/clients", {"name": "two"}))[0] == 403
        assert (await admin.ask("DELETE", f"/api/users/{adam['id']}"))[0] == 204
        assert (await program.ask("GET", "/api/clients"))[0] == 401
        program.headers = {"authorization": f"Bearer {grand['token']}"}
        assert (await program.ask("GET", "/api/clients"))[0] == 401
        assert (await maker.ask("GET", "/api/clients"))[0] == 401


async def test_a_token_of_a_team_holds_nothing_of_all_teams(gateway: Gateway, admin: Operator, teams: Teams) -> None:
    asked = {"name": "t", "team_id": teams.red["id"], "scopes": ["view", "audit"]}
    status, problem = await admin.ask("POST", "/api/tokens", asked)
    assert (status, problem["error"]["param"]) == (400, "scopes")
    made = await admin.make("/api/tokens", {**asked, "scopes": ["view"]})
    async with operator(gateway, "") as program:
        program.headers = {"authorization": f"Bearer {made['token']}"}
        assert [client["id"] for client in (await program.get("/api/clients"))["items"]] == [teams.mine["id"]]


async def test_a_session_in_use_lives_on_and_its_cookie_with_it(tmp_path: Path) -> None:
    """O11: renewed past half of its time; one left alone ends."""
    sections = "[security]\nsession_ttl = 1000\n"
    async with gate(tmp_path / "gate", sections=sections) as gateway, signed_in(gateway) as client:
        sessions = gateway._sessions
        assert sessions is not None
        began = sessions._wall()
        at = 0.0
        sessions._wall = lambda: began + at

        async def asked(later: float) -> httpx2.Response:
            nonlocal at
            at = later
            sessions.forget()
            return await client.get("/api/clients")

        assert "set-cookie" not in (await asked(400)).headers
        renewed = await asked(600)
        assert "Max-Age=1000" in renewed.headers["set-cookie"]
        assert "HttpOnly" in renewed.headers["set-cookie"]
        assert "SameSite=strict" in renewed.headers["set-cookie"]
        assert (await asked(1500)).status_code == 200
        assert (await asked(2600)).status_code == 401


async def test_the_cookie_is_for_tls_only_where_a_trusted_proxy_says_tls(tmp_path: Path) -> None:
    said = {"username": "admin", "password": PASSWORD}
    proto = {"x-forwarded-proto": "https"}
    async with gate(tmp_path / "a") as gateway, httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
        answer = await client.post("/api/auth/login", json=said, headers=proto)
        assert "Secure" not in answer.headers["set-cookie"]
    sections = '[server]\nport = 0\ntrusted_proxies = ["127.0.0.1"]\n'
    async with (
        gate(tmp_path / "b", sections=sections) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client,
    ):
        answer = await client.post("/api/auth/login", json=said, headers=proto)
        assert "Secure" in answer.headers["set-cookie"]


async def test_a_hundred_guesses_at_once_are_a_hundred(tmp_path: Path) -> None:
    async with gate(tmp_path / "gate") as gateway, httpx2.AsyncClient(base_url=url(gateway), timeout=60) as client:
        wrong = {"username": "admin", "password": "wrong"}
        answers = await asyncio.gather(*(client.post("/api/auth/login", json=wrong) for _ in range(20)))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [401] * 5 + [429] * 15


async def test_a_new_password_ends_every_session(gateway: Gateway, admin: Operator) -> None:
    made = await admin.make("/api/users", {"username": "eva", "password": "long enough", "role": "editor"})
    async with operator(gateway, "eva", "long enough") as eva:
        wrong = {"password": "another one", "current": "not this"}
        status, problem = await eva.ask("POST", f"/api/users/{made['id']}/password", wrong)
        assert (status, problem["error"]["param"]) == (400, "current")
        right = {"password": "another one", "current": "long enough"}
        assert (await eva.ask("POST", f"/api/users/{made['id']}/password", right))[0] == 200
        assert (await eva.ask("GET", "/api/clients"))[0] == 401
    async with operator(gateway, "eva", "another one") as eva:
        assert (await admin.ask("PATCH", f"/api/users/{made['id']}", {"disabled": True}))[0] == 200
        assert (await eva.ask("GET", "/api/clients"))[0] == 401


async def test_an_open_view_ends_when_its_viewer_may_no_longer_watch(gateway: Gateway, admin: Operator) -> None:
    """Pushed, not polled: well before the next look."""
    made = await admin.make("/api/users", {"username": "eva", "password": "long enough", "role": "editor"})
    assert socket_module.LOOK_AGAIN > 2
    async with operator(gateway, "eva", "long enough") as eva:
        address = f"ws://127.0.0.1:{gateway.port}/ws"
        async with connect(address, additional_headers=eva.headers, compression=None) as socket:
            await socket.recv()
            await admin.ask("PATCH", f"/api/users/{made['id']}", {"role": "viewer"})
            await asyncio.sleep(0)
            key = (await admin.make("/api/clients", {"name": "loud"}))["key"]["key"]
            await chat(admin, key, "CANARY-WORDS", stream=True)
            seen = []
            async with asyncio.timeout(2):
                while not seen or seen[-1]["type"] != "call.finished":
                    seen.append(json.loads(await socket.recv()))
            assert "CANARY" not in json.dumps(seen)
            await admin.ask("DELETE", f"/api/users/{made['id']}")
            with pytest.raises(ConnectionClosed) as closed:
                async with asyncio.timeout(1):
                    while True:
                        await socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4401


def signed_in(gateway: Gateway) -> Any:
    """A browser's client: the session in a cookie."""

    class Browser(httpx2.AsyncClient):
        async def __aenter__(self) -> Browser:
            await super().__aenter__()
            await self.post("/api/auth/login", json={"username": "admin", "password": PASSWORD})
            return self

    return Browser(base_url=url(gateway), timeout=30)
