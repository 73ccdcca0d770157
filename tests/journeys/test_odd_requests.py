"""Odd bodies at every door of a running gateway: an answer or a clear 4xx in the door's own envelope, never a 5xx."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.answers import SPEAKERS, provider, script
from kit.gate import KEY, gate, rows, url
from kit.mutations import mutated
from kit.upstream import Upstream
from kit.upstream import body as made

GOLDEN = Path(__file__).parents[1] / "golden" / "requests"
HEADS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
PATHS = {
    "openai_chat": ("/v1/chat/completions",),
    "openai_responses": ("/v1/responses", "/v1/responses/input_tokens"),
    "anthropic_messages": ("/v1/messages", "/v1/messages/count_tokens"),
    "gemini": (
        "/v1beta/models/demo/tools:generateContent",
        "/v1/models/demo/think:streamGenerateContent?alt=sse",
        "/v1beta/models/demo/echo:streamGenerateContent",
        "/v1beta/models/demo/echo:countTokens",
    ),
    "ollama": ("/api/chat", "/api/generate"),
    "openai_embeddings": ("/v1/embeddings",),
    "gemini_embeddings": (
        "/v1beta/models/demo/embed:batchEmbedContents",
        "/v1beta/models/up/m:batchEmbedContents",
        "/v1beta/models/up/m:embedContent",
    ),
    "ollama_embeddings": ("/api/embed", "/api/embeddings"),
    "cohere_embed": ("/v2/embed",),
}
MODELS = ("demo/echo", "demo/think", "demo/tools", "demo/see")


class Served:
    """A gateway on a loop of its own, so that hypothesis may ask it from a plain function."""

    def __init__(self, runner: asyncio.Runner, client: httpx2.AsyncClient) -> None:
        self._runner = runner
        self._client = client

    def ask(self, path: str, body: bytes) -> httpx2.Response:
        return self._runner.run(self._client.post(path, content=body, headers=HEADS))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        up = runner.run(stack.enter_async_context(Upstream(lambda _: made({"embeddings": [{"values": [1]}]}))))
        google = {
            "name": "up",
            "kind": "gemini",
            "base_url": up.url,
            "api_key": "k",
            "models": ["m"],
            "speaks": ["gemini"],
        }
        gateway = runner.run(stack.enter_async_context(gate(tmp_path_factory.mktemp("odd"), google)))
        client = runner.run(stack.enter_async_context(httpx2.AsyncClient(base_url=url(gateway), timeout=60)))
        yield Served(runner, client)
        runner.run(stack.aclose())


def bodies(door: str) -> list[Any]:
    found = [json.loads(path.read_bytes()) for path in sorted(GOLDEN.glob(f"{door}/*/request.json"))]
    models = ("demo/embed", "up/m") if "embed" in door else MODELS
    return [{**body, "model": models[n % len(models)]} if "model" in body else body for n, body in enumerate(found)]


def message_of(door: str, answer: httpx2.Response) -> str:
    """The sentence inside the door's envelope; fails when it is another one's."""
    said = answer.json()
    said = said[0] if isinstance(said, list) else said
    if door.startswith("ollama"):
        return str(said["error"])
    if door == "cohere_embed":
        return str(said["message"])
    if door == "anthropic_messages":
        assert said["type"] == "error"
    if door.startswith("gemini"):
        assert said["error"]["code"] == answer.status_code
    return str(said["error"]["message"])


@pytest.mark.parametrize("door", PATHS)
def test_an_odd_body_is_answered_or_refused_clearly(door: str, served: Served) -> None:
    """R-X8, R-E1: mutations of good requests at a real door, answered by the simulator."""

    examples = 25 if "embed" in door else 120

    @settings(max_examples=examples, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(mutated(st.sampled_from(bodies(door))), st.sampled_from(PATHS[door]))
    def holds(body: Any, path: str) -> None:
        answer = served.ask(path, json.dumps(body).encode())
        assert answer.status_code < 500, answer.text
        if answer.status_code != 200:
            assert answer.status_code >= 400
            assert message_of(door, answer)

    holds()


ODD_BYTES = (
    b"",
    b"null",
    b"[]",
    b'"words"',
    b"{",
    b"{}",
    b"\x00",
    b"\xff\xfe{}",
    b'{"model":"demo/echo"}',
    b'{"model":"demo/echo","messages":[],"input":[],"contents":[]}',
    b'{"model":"demo/echo","messages":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    b'{"model":"demo/echo","messages":[{"role":"user","content":"' + b"\\ud800" + b'"}]}',
    b'{"model":"demo/echo","model":"demo/lorem","messages":[{"role":"user","content":"a"}]}',
    b'{"model":"demo/echo","max_tokens":' + b"9" * 400 + b',"messages":[{"role":"user","content":"a"}]}',
    b'{"model":"demo/echo","max_tokens":1e999,"messages":[{"role":"user","content":"a"}]}',
)


@pytest.mark.parametrize("door", PATHS)
def test_bytes_that_are_no_request_are_refused_clearly(door: str, served: Served) -> None:
    """R-X8: no JSON, deep JSON, lone surrogates, NUL, huge numbers, nothing at all."""
    for path in PATHS[door]:
        for body in ODD_BYTES:
            answer = served.ask(path, body)
            assert answer.status_code < 500, (path, body[:80], answer.text)
            if answer.status_code != 200:
                assert message_of(door, answer), (path, body[:80])


@pytest.mark.parametrize("dialect", SPEAKERS)
@pytest.mark.parametrize("door", ["openai_chat", "anthropic_messages", "gemini"])
async def test_a_schema_that_is_too_deep_to_translate_is_refused_and_has_its_row(
    door: str, dialect: str, tmp_path: Path
) -> None:
    """R-X8, law 1: what JSON readers take may still be deeper than what rewrites it can go."""
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(450):
        deep = {"type": "object", "properties": {"a": deep}}
    said: Any = [{"role": "user", "content": "Hi"}]
    path, body = {
        "openai_chat": (
            "/v1/chat/completions",
            {"messages": said, "tools": [{"type": "function", "function": {"name": "t", "parameters": deep}}]},
        ),
        "anthropic_messages": (
            "/v1/messages",
            {"max_tokens": 99, "messages": said, "tools": [{"name": "t", "input_schema": deep}]},
        ),
        "gemini": (
            "/v1beta/models/up/m:generateContent",
            {
                "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
                "tools": [{"functionDeclarations": [{"name": "t", "parametersJsonSchema": deep}]}],
            },
        ),
    }[door]
    async with (
        Upstream(script(dialect)) as up,
        gate(tmp_path, provider(dialect, up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=HEADS) as client,
    ):
        answer = await client.post(path, json={"model": "up/m", **body})
        [row] = await rows(gateway, 1)
    assert answer.status_code in (200, 400), answer.text
    assert row.http_status == answer.status_code
    if answer.status_code == 400:
        assert "nested too deeply" in message_of(door, answer)
        assert row.status == "refused"


async def test_names_without_end_are_cut_where_they_are_kept_and_told(tmp_path: Path) -> None:
    """Law 9: a row holds so much of a name as a list can show."""
    long = "m" * 100_000
    said = {"messages": [{"role": "user", "content": "Hi"}], "user": long}
    async with gate(tmp_path) as gateway, httpx2.AsyncClient(base_url=url(gateway), headers=HEADS) as client:
        unknown = await client.post("/v1/chat/completions", json={**said, "model": long})
        assert (unknown.status_code, len(unknown.text) < 1000) == (404, True)
        assert (await client.post("/v1/chat/completions", json={**said, "model": "demo/echo"})).status_code == 200
        kept = await rows(gateway, 2)
    assert [len(row.model_requested) <= 256 for row in kept] == [True, True]
    assert [len(row.end_user or "") for row in kept] == [256, 256]
