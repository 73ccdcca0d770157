"""Vectors at their doors: verbatim, translated, refused, paid (FEATURES N1, N2; R-B4, R-E1, R-X7, R-U1)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import openai

from gophergate.app import Gateway
from kit.gate import KEY, gate, rows, url
from kit.upstream import Asked, Say, Upstream, body

SAID = b"""{ "object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.10, -2e-1, 0.0]}],
 "model": "text-embedding-3-small", "usage": {"prompt_tokens": 7, "total_tokens": 7} }"""


@asynccontextmanager
async def open_at(gateway: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"authorization": f"Bearer {KEY}"}
    async with httpx2.AsyncClient(base_url=url(gateway), headers=headers, timeout=30) as client:
        yield client


def openais(upstream: str, name: str = "up") -> dict[str, object]:
    models = ["text-embedding-3-small"]
    return {"name": name, "kind": "openai", "base_url": upstream, "api_key": f"canary-{name}", "models": models}


async def test_bytes_pass_both_ways_and_a_row_says_what_they_cost(tmp_path: Path) -> None:
    """Law 5: only the model's name differs from what the client sent, nothing from what the provider said."""
    async with (
        Upstream(lambda _: body(SAID)) as up,
        gate(tmp_path, openais(up.url)) as gateway,
        open_at(gateway) as client,
    ):
        sent = b'{"input" : ["Hi", [1, 2]],\n "model":"up/text-embedding-3-small", "odd": 1.50, "dimensions":3}'
        for path in ("/v1/embeddings", "/embeddings"):
            answer = await client.post(path, content=sent, headers={"content-type": "application/json"})
            assert (answer.status_code, answer.content) == (200, SAID)
            assert answer.headers["x-gophergate-cost"] == "0.00000014"
        assert [(asked.target, asked.body) for asked in up.asked] == [
            ("/v1/embeddings", sent.replace(b"up/text", b"text"))
        ] * 2
        assert up.asked[0].headers["authorization"] == "Bearer canary-up"
        kept = (await rows(gateway, 2))[0]
    assert (kept.operation, kept.door, kept.status) == ("embeddings", "openai_embeddings", "ok")
    assert (kept.usage_source, kept.cost, kept.model, kept.provider) == (
        "provider", 140, "text-embedding-3-small", "up",
    )  # fmt: skip
    assert kept.usage is not None
    assert (kept.usage.total_input, kept.usage.total_output) == (7, 0)


async def test_who_cannot_is_told_and_a_group_asks_only_those_who_can(tmp_path: Path) -> None:
    """R-E1: a chat model at the door of vectors, the maker of vectors at chat's, and groups of both."""
    groups = """
[[groups]]
name = "mixed"
targets = [{ model = "talks/m" }, { model = "demo/echo" }, { model = "up/text-embedding-3-small" }]

[[groups]]
name = "talkers"
targets = [{ model = "talks/m" }, { model = "demo/echo" }]
"""
    talks = {"name": "talks", "kind": "anthropic", "base_url": "http://127.0.0.1:9", "api_key": "k", "models": ["m"]}
    async with (
        Upstream(lambda _: body(SAID)) as up,
        gate(tmp_path, openais(up.url), talks, sections=groups) as gateway,
        open_at(gateway) as client,
    ):
        for model in ("talks/m", "talks/unlisted", "demo/echo", "talkers"):
            answer = await client.post("/v1/embeddings", json={"model": model, "input": "Hi"})
            error = answer.json()["error"]
            assert (answer.status_code, error["code"], error["param"]) == (400, "unsupported_operation", "model")
            assert f"'{model}' does not serve embeddings" in error["message"]
        answer = await client.post("/v1/embeddings", json={"model": "nowhere/m", "input": "Hi"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
        chat = {"model": "demo/embed", "messages": [{"role": "user", "content": "Hi"}]}
        answer = await client.post("/v1/chat/completions", json=chat)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_operation")
        answer = await client.post("/v1/embeddings", json={"model": "mixed", "input": "Hi"})
        assert (answer.status_code, answer.content) == (200, SAID)
        kept = (await rows(gateway, 7))[-1]
    assert len(kept.attempts) == 1
    assert any("'talks/m' is left out" in step for step in kept.decision), kept.decision


async def test_the_same_model_elsewhere_answers_when_the_first_fails(tmp_path: Path) -> None:
    """R-F1: the loop of attempts is chat's own."""
    group = """
[[groups]]
name = "vectors"
targets = [{ model = "up/text-embedding-3-small" }]
fallbacks = ["spare/text-embedding-3-small"]
"""
    down = json.dumps({"error": {"message": "busy", "type": "server_error", "code": None, "param": None}}).encode()

    def script(asked: Asked) -> Say:
        return body(down, 503) if asked.headers["authorization"].endswith("up") else body(SAID)

    async with (
        Upstream(script) as up,
        gate(tmp_path, {**openais(up.url), "retries": 0}, openais(up.url, "spare"), sections=group) as gateway,
    ):
        async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{url(gateway)}/v1", max_retries=0) as client:
            made = await client.embeddings.create(model="vectors", input=["Hi"])
        (kept,) = await rows(gateway)
    assert made.data[0].embedding == [0.1, -0.2, 0.0]
    assert [(one.provider, one.status) for one in kept.attempts] == [("up", 503), ("spare", 200)]


async def test_the_simulators_vectors_are_of_length_one_and_the_same_for_the_same_words(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway:
        async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{url(gateway)}/v1", max_retries=0) as client:
            made = await client.embeddings.create(model="demo/embed", input=["Hi there", "Hi there", "Ho"])
            plain = await client.embeddings.create(
                model="demo/embed", input="Hi there", dimensions=8, encoding_format="float"
            )
        kept = await rows(gateway, 2)
    first, same, other = (one.embedding for one in made.data)
    assert first == same != other
    assert [len(first), len(plain.data[0].embedding)] == [64, 8]
    assert abs(sum(number * number for number in first) - 1) < 1e-5
    assert made.usage.prompt_tokens == 5
    assert [(row.usage_source, row.cost) for row in kept] == [("provider", 100), ("provider", 40)]
