"""Every vendor's own client at its door, against providers of every dialect, over sockets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from kit.answers import CITY, TEXT, THOUGHT, provider, script
from kit.clients import CLIENTS, TOOL_FINISH
from kit.gate import KEY, gate, rows, url
from kit.upstream import Say, Upstream

DIALECTS = list(CLIENTS)


@pytest.mark.parametrize("door", DIALECTS)
async def test_each_client_speaks_with_the_simulator(door: str, tmp_path: Path) -> None:
    """O20, O21, R-T4: words, thoughts, a tool call and usage, streamed and not."""
    ask = CLIENTS[door]
    async with gate(tmp_path) as gateway:
        for stream in (False, True):
            echoed = await ask(url(gateway), KEY, "demo/echo", "Hello there, gopher", stream)
            assert (echoed.text, echoed.usage) == ("Hello there, gopher", (3, 3))
            thought = await ask(url(gateway), KEY, "demo/think", "Hello", stream)
            assert thought.text == "You said: Hello"
            assert thought.thought.startswith("The user says: Hello")
            called = await ask(url(gateway), KEY, "demo/tools", "Hello", stream)
            assert [name for name, _ in called.calls] == ["weather"]
            assert called.finish == TOOL_FINISH[door]
        kept = await rows(gateway, 6)
    assert [(row.status, row.door) for row in kept] == [("ok", door)] * 6
    assert [row.stream for row in kept] == [False] * 3 + [True] * 3


@pytest.mark.parametrize("upstream", DIALECTS)
@pytest.mark.parametrize("door", DIALECTS)
async def test_each_client_reaches_each_dialect(door: str, upstream: str, tmp_path: Path) -> None:
    """R-T2, R-T4: the same turn, whichever the pair, streamed and not."""
    async with Upstream(script(upstream)) as up, gate(tmp_path, provider(upstream, up.url)) as gateway:
        for stream in (False, True):
            got = await CLIENTS[door](url(gateway), KEY, "up/m", "Hi", stream)
            assert got.text == TEXT
            assert got.thought == THOUGHT
            assert got.calls == [("weather", CITY)]
            assert got.finish == TOOL_FINISH[door]
            assert got.usage == (10, 7)
        kept = await rows(gateway, 2)
    assert [(row.status, row.usage_source, row.usage and row.usage.output) for row in kept] == [
        ("ok", "provider", 7)
    ] * 2
    assert all("canary-up" not in str(asked.body) and KEY not in str(asked.headers) for asked in up.asked)


async def test_gemini_paths_name_the_model_in_many_ways(tmp_path: Path) -> None:
    """INTERFACE, Doors: versions, slashes, percent-encoding, an array or SSE by `alt`, the key in the query."""
    said = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
    async with gate(tmp_path) as gateway, httpx2.AsyncClient(base_url=url(gateway)) as client:
        for root in ("/v1beta", "/v1", "/v1alpha"):
            for model in ("demo/echo", "demo%2Fecho"):
                path = f"{root}/models/{model}:generateContent"
                answer = await client.post(path, json=said, headers={"x-goog-api-key": KEY})
                assert answer.json()["candidates"][0]["content"]["parts"] == [{"text": "Hi"}], path
        path = "/v1beta/models/demo/echo:streamGenerateContent"
        array = await client.post(path, json=said, params={"key": KEY})
        assert array.headers["content-type"].startswith("application/json")
        assert isinstance(array.json(), list)
        events = await client.post(path, json=said, params={"key": KEY, "alt": "sse"})
        assert events.headers["content-type"].startswith("text/event-stream")
        assert events.text.startswith("data: {")
        wrong = await client.get(path, params={"key": KEY})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, 405)


async def test_head_is_answered_wherever_get_is(tmp_path: Path) -> None:
    """RFC 9110, 9.3.2: the same status and head, and no body; balancers and Ollama's clients ask so."""
    async with gate(tmp_path) as gateway, httpx2.AsyncClient(base_url=url(gateway)) as client:
        bearer = {"authorization": f"Bearer {KEY}"}
        paths = [path for method, path in gateway.routes.every() if method == "GET"]
        paths += ["/", "/v1/models/demo/echo", "/v1beta/models/demo/echo", "/v1/models/none", "/v1/responses/resp_none"]
        for path in paths:
            for headers in (bearer, {}):
                got, head = [await client.request(method, path, headers=headers) for method in ("GET", "HEAD")]
                assert (head.status_code, head.content, bool(got.content)) == (got.status_code, b"", True), path
                assert [*head.headers] == [*got.headers], path
                assert head.headers["content-length"] == got.headers["content-length"] or path.startswith("/health")
        refused = await client.post("/v1/models", headers=bearer)
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


async def test_a_page_of_a_configured_origin_calls_the_doors_and_never_the_operators(tmp_path: Path) -> None:
    """Streams, refusals and lists; without the setting the doors stand bare, and a preflight is refused like others."""
    origin = "http://localhost:5173"
    wish = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "x-api-key"}
    bearer = {"authorization": f"Bearer {KEY}", "origin": origin}
    chat = {"model": "demo/echo", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    for sections, told in (("", None), (f'[server]\nport = 0\ncors_origins = ["{origin}"]\n', origin)):
        async with (
            gate(tmp_path / str(told is None), sections=sections) as gateway,
            httpx2.AsyncClient(base_url=url(gateway)) as client,
        ):
            assert (gateway.edge.router is gateway.routes) is (told is None)
            answers = {
                200: [
                    await client.post("/v1/chat/completions", json=chat, headers=bearer),
                    await client.get("/v1/models", headers=bearer),
                ],
                401: [await client.post("/v1/messages", json={}, headers={"origin": origin})],
                204 if told else 405: [
                    await client.options(path, headers=wish)
                    for path in ("/v1/chat/completions", "/v1beta/models/demo/echo:generateContent", "/api/chat")
                ],
            }
            for status, given in answers.items():
                for one in given:
                    found = one.headers.get("access-control-allow-origin")
                    assert (one.status_code, found) == (status, told), one.request.url
            for method in ("OPTIONS", "POST", "GET"):
                for path in ("/api/keys", "/api/auth/login", "/", "/nowhere"):
                    one = await client.request(method, path, headers={**wish, **bearer})
                    assert "access-control-allow-origin" not in one.headers, (method, path)


async def test_the_model_lists_of_gemini_and_ollama(tmp_path: Path) -> None:
    """INTERFACE, Doors; each in its own client's types."""
    import ollama
    from google import genai
    from google.genai import types

    async with gate(tmp_path) as gateway:
        google = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=url(gateway)))
        async with google.aio as there:
            names = [model.name async for model in await there.models.list()]
            assert "models/demo/echo" in names
            assert (await there.models.get(model="demo/echo")).display_name == "demo/echo"
        local = ollama.AsyncClient(host=url(gateway), headers={"authorization": f"Bearer {KEY}"})
        assert "demo/echo" in [model.model for model in (await local.list()).models]
        assert "completion" in ((await local.show("demo/echo")).capabilities or [])
        with pytest.raises(ollama.ResponseError) as missing:
            await local.show("demo/nonsense")
        assert missing.value.status_code == 404
        assert (await local.ps()).models == []
        await local._client.aclose()
        async with httpx2.AsyncClient(base_url=url(gateway)) as client:
            version: Any = (await client.get("/api/version", headers={"authorization": f"Bearer {KEY}"})).json()
            assert set(version) == {"version"}
            for path in ("/v1beta/models", "/api/tags", "/api/version", "/api/ps"):
                assert (await client.get(path)).status_code == 401


@pytest.mark.parametrize("upstream", ["anthropic_messages", "ollama"])
async def test_loading_a_model_asks_only_a_provider_that_loads_it(upstream: str, tmp_path: Path) -> None:
    """Ollama's clients send a request that says nothing first: elsewhere it was refused, or asked and paid."""
    import ollama

    async with Upstream(script(upstream)) as up, gate(tmp_path, provider(upstream, up.url)) as gateway:
        local = ollama.AsyncClient(host=url(gateway), headers={"authorization": f"Bearer {KEY}"})
        loads: list[Any] = [
            await local.generate(model="up/m"),
            await local.generate(model="up/m", prompt="", keep_alive=0),
            await local.chat(model="up/m", messages=[]),
            [part async for part in await local.chat(model="up/m", messages=[], keep_alive="0s", stream=True)][-1],
        ]
        asked = await local.generate(model="up/m", prompt="Hi")
        await local._client.aclose()
        kept = await rows(gateway, 5)
    assert [row.status for row in kept] == ["ok"] * 5
    if upstream == "ollama":
        assert len(up.asked) == 5
    else:
        assert (len(up.asked), asked.response) == (1, TEXT)
        assert [one.done_reason for one in loads] == ["load", "unload", "load", "unload"]
        assert [row.usage is None for row in kept] == [True] * 4 + [False], "nothing was asked, so nothing is paid"


@pytest.mark.parametrize(
    ("upstream", "path", "kind", "pieces"),
    [
        (
            "ollama",
            "/api/chat",
            "application/x-ndjson",
            b'{"model":"m","message":{"role":"assistant","content":"He"},"done":false}\n'
            b'{"model":"m","message":{"role":"assistant","content":"y"},"done":false}\n'
            b'{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}\n',
        ),
        (
            "gemini",
            "/v1beta/models/up/m:streamGenerateContent",
            "application/json; charset=UTF-8",
            b'[{"candidates":[{"content":{"role":"model","parts":[{"text":"He"}]},"index":0}]}\n,\r\n'
            b'{"candidates":[{"content":{"role":"model","parts":[{"text":"y"}]},"finishReason":"STOP","index":0}]}]',
        ),
    ],
)
async def test_lines_and_arrays_pass_untouched(
    upstream: str, path: str, kind: str, pieces: bytes, tmp_path: Path
) -> None:
    """Laws 4 and 5: streams without blank lines, in any chunking."""
    for step in (1, 7, len(pieces)):
        cut = [pieces[at : at + step] for at in range(0, len(pieces), step)]
        say = Say(headers=(("content-type", kind),), pieces=cut)
        folder = tmp_path / str(step)
        async with (
            Upstream(lambda _, say=say: say) as up,  # type: ignore[misc]
            gate(folder, provider(upstream, up.url)) as gateway,
            httpx2.AsyncClient(base_url=url(gateway), headers={"authorization": f"Bearer {KEY}"}) as client,
        ):
            said = {"model": "up/m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
            gemini = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
            answer = await client.post(path, json=gemini if upstream == "gemini" else said)
            assert answer.content == pieces
            [row] = await rows(gateway, 1)
            assert (row.status, row.stream) == ("ok", True)
