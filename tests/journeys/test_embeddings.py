"""Vectors at their doors: verbatim, translated, refused, paid (FEATURES N1, N2; R-B4, R-E1, R-X7, R-U1)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import ollama
import openai
import pytest
from google import genai
from google.genai import types

from gophergate.app import Gateway
from gophergate.core.call import CallRecord
from kit.door_requests import embedding
from kit.gate import KEY, gate, rows, url
from kit.operator import operator
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
        escaped = b'{"mo\\u0064el": "up/text-embedding-3-small", "input": "Hi"}'
        answer = await client.post("/v1/embeddings", content=escaped, headers={"content-type": "application/json"})
        assert (answer.status_code, "cannot be edited" in answer.text) == (400, True), "such a key is not found again"
        chat = {"model": "demo/embed", "messages": [{"role": "user", "content": "Hi"}]}
        answer = await client.post("/v1/chat/completions", json=chat)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_operation")
        answer = await client.post("/v1/embeddings", json={"model": "mixed", "input": "Hi"})
        assert (answer.status_code, answer.content) == (200, SAID)
        kept = (await rows(gateway, 8))[-1]
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


DOORS = (
    "/v1/embeddings",
    "/v1beta/models/{model}:embedContent",
    "/v1beta/models/{model}:batchEmbedContents",
    "/v1/models/{model}:batchEmbedContents",
    "/api/embed",
    "/api/embeddings",
    "/v2/embed",
)
ANSWERS: dict[str, bytes] = {
    "/v1/embeddings": SAID,
    "/openai/embeddings": SAID,
    ":batchEmbedContents": b'{"embeddings":[{"values":[0.10, -2e-1, 0.0]}],"usageMetadata":{"promptTokenCount":7}}',
    ":embedContent": b'{"embedding": {"values": [0.10, -2e-1, 0.0]}, "usageMetadata": {"promptTokenCount": 7}}',
    "/api/embed": b'{"model":"m","embeddings":[[0.10, -2e-1, 0.0]],"prompt_eval_count":7, "load_duration": 1}',
    "/api/embeddings": b'{"embedding":[0.10, -2e-1, 0.0]}',
    "/v2/embed": b'{"id":"c","embeddings":{"float":[[0.10, -2e-1, 0.0]]},"meta":{"billed_units":{"input_tokens":7}}}',
}
"""What providers say, by the end of the path they are asked at: the same vector, of seven tokens."""
KINDS = {"o": "openai", "g": "gemini", "l": "ollama", "c": "cohere"}
NATIVE = {
    "/v1/embeddings": "ogl",
    "embedContent": "g",
    "batchEmbedContents": "g",
    "/api/embed": "l",
    "/api/embeddings": "l",
    "/v2/embed": "c",
}
"""The providers that have a door's own wire: Google and Ollama have OpenAI's too."""


def answers(asked: Asked) -> Say:
    """Each vendor's answer at its own path; at all others a refusal."""
    for end, said in ANSWERS.items():
        if asked.target.endswith(end):
            return body(said)
    return body({"error": {"message": f"nothing at {asked.target}"}}, 404)


def everybody(upstream: str) -> list[dict[str, Any]]:
    """A provider of each vendor, the first letter its name."""
    return [
        {"name": name, "kind": kind, "base_url": upstream, "api_key": "k", "models": ["m"], "retries": 0}
        for name, kind in KINDS.items()
    ]


def numbers_in(said: Any) -> str:
    """The vector of an answer, whatever its shape."""
    found = said.get("data") or said.get("embeddings") or said["embedding"]
    while not isinstance(found, list) or not isinstance(found[0], int | float):
        found = next(iter(found.values())) if isinstance(found, dict) and "embedding" not in found else (
            found["embedding"] if isinstance(found, dict) else found[0]
        )  # fmt: skip
    return json.dumps(found)


async def test_every_door_is_served_by_every_vendor(tmp_path: Path) -> None:
    """Law 5, R-T2: a vendor's own door byte for byte, every other translated to the same numbers; a row of each."""
    async with (
        Upstream(answers) as up,
        gate(tmp_path, *everybody(up.url)) as gateway,
        open_at(gateway) as client,
    ):
        for name in KINDS:
            for door in DOORS:
                path = door.format(model=f"{name}/m")
                answer = await client.post(path, json=embedding(f"{name}/m", path))
                assert answer.status_code == 200, (path, answer.text)
                own = next(said for end, said in ANSWERS.items() if path.endswith(end))
                if name in NATIVE[door.rpartition(":")[2]]:
                    assert answer.content == own, path
                assert b"[0.10, -2e-1, 0.0]" in answer.content, "the numbers are written anew"
                assert numbers_in(answer.json()) == "[0.1, -0.2, 0.0]"
        kept = await rows(gateway, len(KINDS) * len(DOORS))
    assert {row.status for row in kept} == {"ok"}
    assert {row.operation for row in kept} == {"embeddings"}
    assert {row.door for row in kept} == {
        "openai_embeddings", "gemini_embeddings", "ollama_embeddings", "cohere_embed",
    }  # fmt: skip
    counted = [row for row in kept if not (row.provider == "l" and row.usage_source == "estimated")]
    assert len(counted) == len(kept) - 1, "only Ollama's older answer says nothing of tokens"
    assert {row.usage.total_input for row in counted if row.usage is not None} == {7}


async def test_the_vendors_own_clients_understand_what_they_are_told(tmp_path: Path) -> None:
    """R-T4: openai (packed and not), google-genai, ollama, each to a provider of another vendor."""
    async with Upstream(answers) as up, gate(tmp_path, *everybody(up.url)) as gateway:
        address = url(gateway)
        async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{address}/v1", max_retries=0) as client:
            for name in KINDS:
                made = await client.embeddings.create(model=f"{name}/m", input=["Hi"], dimensions=3)
                assert made.data[0].embedding == pytest.approx([0.1, -0.2, 0.0])
                assert made.usage.total_tokens == 7
        google = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=address))
        for name in KINDS:
            config = types.EmbedContentConfig(task_type="RETRIEVAL_QUERY", output_dimensionality=3)
            told = await google.aio.models.embed_content(model=f"{name}/m", contents="Hi", config=config)
            assert told.embeddings is not None
            assert told.embeddings[0].values == [0.1, -0.2, 0.0]
        local = ollama.AsyncClient(host=address, headers={"authorization": f"Bearer {KEY}"})
        for name in KINDS:
            heard = await local.embed(model=f"{name}/m", input=["Hi"], truncate=False)
            assert list(heard.embeddings[0]) == [0.1, -0.2, 0.0]
        await google.aio.aclose()
        google.close()
        await local._client.aclose()
        kept = await rows(gateway, 12)
    cohere = [asked.json for asked in up.asked if asked.target == "/v2/embed"]
    assert cohere[0]["embedding_types"] == ["base64"], "packed for who wants it packed"
    assert [one["input_type"] for one in cohere] == ["search_document", "search_query", "search_document"]
    dropped = {(row.door, row.provider): row.dropped for row in kept}
    assert dropped["gemini_embeddings", "o"] == ("task",)
    assert dropped["ollama_embeddings", "g"] == ("truncate",)


def message_of(path: str, said: Any) -> str:
    """The sentence inside a door's envelope."""
    if path.startswith("/api/"):
        assert set(said) == {"error"}
        return str(said["error"])
    if path.startswith("/v2/"):
        return str(said["message"])
    error = said["error"]
    assert {"code", "message", "status" if "models/" in path else "param"} <= set(error)
    return str(error["message"])


async def test_every_refusal_wears_its_doors_envelope(tmp_path: Path) -> None:
    """R-E1: nobody, a model that is not the key's, no such model, a chat model, no JSON, a provider's own refusal."""
    busy = {"error": {"message": "too busy", "type": "tokens", "param": None, "code": "rate_limit_exceeded"}}
    async with (
        Upstream(lambda _: body(busy, 429)) as up,
        gate(tmp_path, {**openais(up.url), "models": ["m"], "retries": 0}) as gateway,
        operator(gateway) as admin,
        httpx2.AsyncClient(base_url=url(gateway)) as client,
    ):
        (owner,) = (await admin.get("/api/clients"))["items"]
        made = await admin.make("/api/keys", {"client_id": owner["id"], "models": ["demo/echo"]})
        ours, theirs = ({"authorization": f"Bearer {key}"} for key in (KEY, made["key"]))
        for door in DOORS:
            for status, headers, model, raw in (
                (401, {}, "demo/embed", None),
                (403, theirs, "demo/embed", None),
                (404, ours, "nope/m", None),
                (400, ours, "demo/echo", None),
                (400, ours, "demo/embed", b"{"),
                (400, ours, "demo/embed", b'{"model": "demo/embed"}'),
                (429, ours, "up/m", None),
            ):
                path = door.format(model=model)
                sent = raw or json.dumps(embedding(model, path)).encode()
                answer = await client.post(path, content=sent, headers={**headers, "content-type": "application/json"})
                assert answer.status_code == status, (path, answer.text)
                assert message_of(path, answer.json())


def guarded(**said: Any) -> str:
    return "[[guards]]\n" + "".join(
        f"{name} = {json.dumps(value)}\n" for name, value in {"name": "personal", "kind": "pii", **said}.items()
    )


async def test_guards_see_every_input(tmp_path: Path) -> None:
    """R-X7: masked in what goes out, blocked by name; what cannot be looked at is refused, not let through."""
    said = {"model": "up/text-embedding-3-small", "input": ["Hi", "to ann@example.com"], "encoding_format": "base64"}

    def two(_: Asked) -> Say:
        return body(b'{"data":[{"index":0,"embedding":"AAAAAA=="},{"index":1,"embedding":"AACAPw=="}],"model":"m"}')

    async with Upstream(two) as up:
        async with (
            gate(tmp_path / "mask", openais(up.url), sections=guarded(action="mask")) as gateway,
            open_at(gateway) as client,
        ):
            answer = await client.post("/v1/embeddings", json=said)
            assert answer.status_code == 200
            assert [one["embedding"] for one in answer.json()["data"]] == ["AAAAAA==", "AACAPw=="]
            assert up.asked[0].json["input"] == ["Hi", "to [EMAIL]"]
            assert up.asked[0].json["encoding_format"] == "base64"
            answer = await client.post("/v1/embeddings", json={**said, "input": [1, 2]})
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "guard_cannot_apply")
            kept: list[CallRecord] = await rows(gateway, 2)
        assert kept[0].guards[0].found == {"EMAIL": 1}
        assert kept[0].usage_source == "estimated", "this provider told of no tokens"
        async with (
            gate(tmp_path / "block", openais(up.url), sections=guarded(action="block")) as gateway,
            open_at(gateway) as client,
        ):
            for door in DOORS:
                path = door.format(model="demo/embed")
                asked = json.dumps(embedding("demo/embed", path)).replace('"Hi"', '"to ann@example.com"')
                answer = await client.post(path, content=asked, headers={"content-type": "application/json"})
                assert answer.status_code == 400
                assert "guard 'personal'" in message_of(path, answer.json())
    assert len(up.asked) == 1


async def test_the_simulators_model_is_listed_as_what_it_is(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, open_at(gateway) as client:
        listed = (await client.get("/v1beta/models")).json()["models"]
        methods = {one["name"]: one["supportedGenerationMethods"] for one in listed}
        assert methods["models/demo/embed"] == ["embedContent"]
        assert "generateContent" in methods["models/demo/echo"]
        for model, first in (("demo/embed", "embedding"), ("demo/echo", "completion")):
            shown = (await client.post("/api/show", json={"model": model})).json()
            assert shown["capabilities"][0] == first
