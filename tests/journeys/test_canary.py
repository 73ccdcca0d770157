"""Law 8, R-X4: secrets are planted wherever a secret can be, every error path is walked, and then everything that
anybody may come to read is searched for them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gophergate.app import Gateway
from gophergate.settings import SettingsError, load
from kit.gate import gate, rows, url
from kit.operator import Operator
from kit.upstream import Asked, Say, Upstream, body, sse
from kit.watching import watching

FILE_KEY = "sk-CANARY/file+key-0123456789"
STORED_KEY = "sk-CANARY-stored-key-0123456789"
SECOND_KEY = "sk-CANARY-second-key-0123456789"
CLIENT_KEY = "sk-gg-CANARY-client-key-0123456789"
PASSWORD = "CANARY-admin-password"
ENCRYPTION_KEY = "ca9a" * 16
USER_PASSWORD = "CANARY-user-password"
FILE_SIGNS, STORED_SIGNS = "whsec_Q0FOQVJZL2ZpbGUrc2lnbnM=", "whsec_Q0FOQVJZLXN0b3JlZC1zaWducw=="
SECRETS = (
    FILE_KEY,
    STORED_KEY,
    SECOND_KEY,
    CLIENT_KEY,
    PASSWORD,
    USER_PASSWORD,
    ENCRYPTION_KEY,
    FILE_SIGNS,
    STORED_SIGNS,
)


def key_of(asked: Asked) -> str:
    return asked.headers.get("authorization", "").removeprefix("Bearer ")


def echoing(asked: Asked) -> Say:
    """A provider that repeats the key it was given in every kind of failure there is, by the model asked for."""
    key = key_of(asked)
    if asked.method == "GET":
        return body({"error": {"message": f"no list for {key}"}}, 401)
    kind = asked.json["model"]
    said = {"error": {"message": f"Incorrect API key provided: {key}", "type": "auth", "code": key}}
    match kind:
        case "text":
            return Say(status=502, headers=(("content-type", "text/html"),), pieces=(f"<b>{key}</b>".encode(),))
        case "escaped":
            return body(json.dumps(said).replace("/", "\\/").encode(), 400)
        case "header":
            more = (("content-type", "application/json"), ("x-request-id", key), ("retry-after", "1"))
            return Say(status=429, headers=more, pieces=(json.dumps(said).encode(),))
        case "inside":
            return body(said)
        case "stream":
            return sse(f"data: {json.dumps(said)}\n\n".encode())
        case "late":
            start = {"choices": [{"index": 0, "delta": {"content": "so"}, "finish_reason": None}]}
            return sse(f"data: {json.dumps(start)}\n\ndata: {json.dumps(said)}\n\n".encode())
        case "garbled" if asked.json.get("stream"):
            start = {"choices": [{"index": 0, "delta": {"content": "so"}, "finish_reason": None}]}
            told = f"data: {json.dumps(start)}\n\ndata: {{no JSON but {key}}}\n\n{key} {key[:-1]}".encode()
            say = sse(*(told[at : at + 7] for at in range(0, len(told), 7)))
            say.pause = 0.001  # So that the key comes in several reads.
            return say
        case "garbled":
            return Say(headers=(("content-type", "application/json"),), pieces=(f'{{"id": {key}'.encode(),))
        case "broken":
            return Say(pieces=(key.encode(),), cut=True)
        case _:
            return body(said, int(kind))


KINDS = (
    "400",
    "401",
    "403",
    "404",
    "429",
    "500",
    "text",
    "escaped",
    "header",
    "inside",
    "stream",
    "late",
    "broken",
    "garbled",
)
CONFIG = f"""
[security]
encryption_key = "{ENCRYPTION_KEY}"

[logging]
bodies = "all"
level = "debug"

[[guards]]
name = "filed"
kind = "webhook"
url = "http://127.0.0.1:9/"
secret = "{FILE_SIGNS}"
mode = "monitor"
"""


class Seen:
    """Everything that came out, by where."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []

    def add(self, where: str, text: str | bytes) -> None:
        self.texts.append((where, text.decode("latin-1") if isinstance(text, bytes) else text))

    def check(self) -> None:
        found = set()
        for where, text in self.texts:
            for secret in SECRETS:
                for written in {secret, secret.replace("/", "\\/"), secret.replace("/", "%2F").replace("+", "%2B")}:
                    if (at := text.find(written)) >= 0:
                        found.add(f"{where}: {text[max(0, at - 60) : at + 60]}")
        assert not found, "\n".join(sorted(found))


@pytest.fixture
async def seen(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Seen]:
    ours = logging.getLogger("gophergate")
    ours.propagate = True
    caplog.set_level(logging.DEBUG)
    made = Seen()
    yield made
    made.add("log", caplog.text)
    made.check()


async def test_no_secret_comes_out_anywhere(tmp_path: Path, seen: Seen) -> None:
    environ = {"GOPHERGATE_BOOTSTRAP_KEY": CLIENT_KEY, "GOPHERGATE_ADMIN_PASSWORD": PASSWORD}
    async with Upstream(echoing) as upstream:
        row = {
            "name": "filed", "kind": "compatible", "base_url": f"{upstream.url}/v1", "models": list(KINDS),
            "api_key": FILE_KEY, "retries": 0,
        }  # fmt: skip
        async with (
            gate(tmp_path / "gate", row, sections=CONFIG, environ=environ) as gateway,
            httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client,
        ):
            answer = await client.post("/api/auth/login", json={"username": "admin", "password": PASSWORD})
            admin = Operator(client, {"authorization": f"Bearer {answer.json()['token']}"})
            client.cookies.clear()
            async with watching(gateway, **admin.headers) as socket:
                hearing = asyncio.create_task(_hear(socket, seen))
                await _configure(admin, upstream, seen)
                await _call(client, seen)
                await _refuse(client, seen)
                for name in ("filed", "stored"):
                    status, told = await admin.ask("POST", f"/api/providers/{name}/test", {"model": "401"})
                    assert (status, told["ok"]) == (200, False)
                    seen.add(f"trial of {name}", json.dumps(told))
                await rows(gateway, at_least=len(KINDS) + 10)
                await _read(gateway, admin, seen)
                await asyncio.sleep(0.2)
                hearing.cancel()
        assert any(FILE_KEY in key_of(asked) for asked in upstream.asked)
        assert any(SECOND_KEY in key_of(asked) for asked in upstream.asked)
    _search_files(tmp_path / "gate" / "data", seen)


async def _hear(socket: Any, seen: Seen) -> None:
    async for message in socket:
        seen.add("socket", message)


async def _configure(admin: Operator, upstream: Upstream, seen: Seen) -> None:
    stored = {
        "name": "stored", "kind": "compatible", "base_url": f"{upstream.url}/v1", "models": list(KINDS),
        "api_key": STORED_KEY, "retries": 0,
    }  # fmt: skip
    guard = {"name": "stored", "kind": "webhook", "url": f"{upstream.url}/v1", "mode": "monitor", "models": ["x"]}
    guard["secret"] = STORED_SIGNS
    for method, path, given in (
        ("POST", "/api/guards", guard),
        ("POST", "/api/guards", guard),
        ("POST", "/api/guards", {**guard, "name": "odd", "secret": [STORED_SIGNS]}),
        ("POST", "/api/guards", {**guard, "name": "odd", "kind": "pii"}),
        ("PATCH", "/api/guards/stored", {"secret": STORED_SIGNS, "timeout": 1}),
        ("PATCH", "/api/guards/filed", {"secret": STORED_SIGNS}),
        ("POST", "/api/providers", stored),
        ("POST", "/api/providers", stored),
        ("POST", "/api/providers", {**stored, "name": "no such name!"}),
        ("POST", "/api/providers", {**stored, "name": "odd", "kind": "nonsense"}),
        ("POST", "/api/providers", {**stored, "name": "odd", "api_key": [STORED_KEY]}),
        ("PATCH", "/api/providers/stored", {"api_key": SECOND_KEY}),
        ("PATCH", "/api/providers/filed", {"api_key": SECOND_KEY}),
        ("POST", "/api/users", {"username": "ann", "password": USER_PASSWORD}),
        ("POST", "/api/users", {"username": "ann", "password": USER_PASSWORD}),
        ("POST", "/api/users", {"username": "bob", "password": USER_PASSWORD * 4}),
        ("POST", "/api/users", {"username": "bob", "password": USER_PASSWORD, "role": "king"}),
        ("POST", "/api/auth/login", {"username": "ann", "password": USER_PASSWORD + "!"}),
        ("POST", "/api/auth/login", {"username": "ann", "password": [USER_PASSWORD]}),
    ):
        status, told = await admin.ask(method, path, given)
        seen.add(f"{method} {path} {status}", json.dumps(told))


async def _call(client: httpx2.AsyncClient, seen: Seen) -> None:
    key = {"authorization": f"Bearer {CLIENT_KEY}"}
    said = [{"role": "user", "content": "hi"}]
    for provider, kinds in (("filed", KINDS), ("stored", ("401", "inside", "late"))):
        for kind in kinds:
            model = f"{provider}/{kind}"
            answer = await client.post("/v1/chat/completions", json={"model": model, "messages": said}, headers=key)
            seen.add(f"chat {model} {answer.status_code}", answer.text + str(answer.headers))
            if kind not in ("401", "escaped", "header", "stream", "late", "garbled"):
                continue
            asked = {"model": model, "messages": said, "stream": True, "max_tokens": 9}
            answer = await client.post("/v1/chat/completions", json=asked, headers=key)
            seen.add(f"streamed chat {model} {answer.status_code}", answer.text + str(answer.headers))
            assert kind != "garbled" or answer.text.endswith("data: {no JSON but ***}\n\n*** ***"), answer.text
            answer = await client.post("/v1/messages", json=asked, headers={"x-api-key": CLIENT_KEY})
            seen.add(f"messages {model} {answer.status_code}", answer.text + str(answer.headers))
        answer = await client.post(
            f"/v1beta/models/{provider}/401:generateContent?key={CLIENT_KEY}",
            json={"contents": [{"parts": [{"text": "hi"}]}]},
        )
        seen.add("gemini", answer.text)


async def _refuse(client: httpx2.AsyncClient, seen: Seen) -> None:
    near = CLIENT_KEY + "x"
    for headers in ({"authorization": f"Bearer {near}"}, {"x-api-key": near}, {"authorization": CLIENT_KEY}):
        answer = await client.post("/v1/chat/completions", json={"model": "demo/echo"}, headers=headers)
        assert answer.status_code == 401
        seen.add("refused", answer.text)
    for path in (f"/v1beta/models?key={near}", f"/nowhere?key={CLIENT_KEY}", f"/api/nowhere?key={CLIENT_KEY}"):
        answer = await client.get(path)
        seen.add(path, answer.text.replace(path, ""))


async def _read(gateway: Gateway, admin: Operator, seen: Seen) -> None:
    for path in (
        "/api/calls?limit=500", "/api/calls/export", "/api/calls/export?format=json", "/api/audit?limit=500",
        "/api/audit/export", "/api/audit/export?format=json", "/api/providers", "/api/settings", "/api/system",
        "/api/users", "/api/keys", "/api/clients", "/api/usage?by=key", "/api/models", "/api/groups", "/api/budgets",
        "/api/openapi.json", "/api/docs", "/metrics", "/", "/health/ready", "/api/webhooks", "/api/tokens",
        "/api/guards", "/api/guards/stored", "/api/guards/filed",
    ):  # fmt: skip
        answer = await admin.raw("GET", path)
        seen.add(f"GET {path}", answer.text + str(answer.headers))
    for call in (await admin.get("/api/calls?limit=500"))["items"]:
        seen.add(f"call {call['id']}", (await admin.raw("GET", f"/api/calls/{call['id']}")).text)
    seen.add("backup", (await admin.raw("GET", "/api/backup")).content)


def _search_files(data: Path, seen: Seen) -> None:
    """Every file of the data directory, and the database as text."""
    files = [path for path in data.rglob("*") if path.is_file()]
    assert files
    for path in files:
        seen.add(str(path), path.read_bytes())
    with sqlite3.connect(data / "gophergate.db") as database:
        seen.add("dump", "\n".join(database.iterdump()))


@pytest.mark.parametrize(
    "text",
    [
        f'[security]\nencryption_key = "{PASSWORD}"\n',
        f'[security]\nencryption_key = ["{ENCRYPTION_KEY}"]\n',
        f'[[providers]]\nname = "x"\nkind = "nonsense"\napi_key = "{FILE_KEY}"\n',
        f'[[providers]]\nname = "x"\nkind = "openai"\napi_key = ["{FILE_KEY}"]\n',
        f'[[providers]]\nname = "x"\nkind = "openai"\napi_key = "{FILE_KEY}"\nunknown = 1\n',
        f'[[providers]]\nname = "x"\nkind = "openai"\napi_key = "{FILE_KEY}\n',
        f'[[guards]]\nname = "x"\nkind = "webhook"\nsecret = ["{FILE_SIGNS}"]\n',
        f'[[guards]]\nname = "x"\nkind = "pii"\nsecret = "{FILE_SIGNS}"\n',
        f'[database]\nurl = "postgresql://user:{PASSWORD}@[nowhere/db"\n',
        f'[database]\nurl = "oracle://user:{PASSWORD}@host/db"\n',
        f'[redis]\nurl = "http://user:{PASSWORD}@host"\n',
    ],
)
def test_a_wrong_configuration_is_refused_without_repeating_a_secret(tmp_path: Path, text: str, seen: Seen) -> None:
    (tmp_path / "gophergate.toml").write_text(text)
    with pytest.raises((SettingsError, ValueError)) as refused:
        load(environ={}, cwd=tmp_path)
        raise ValueError("accepted by the settings, refused later")
    seen.add("settings", str(refused.value) + repr(refused.value))
