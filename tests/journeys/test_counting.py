"""Token counts at each door that has a word for them: the provider's own, or an estimate that says so (R-C4)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from google import genai
from google.genai import types

from kit.answers import provider
from kit.gate import KEY, gate, rows, url
from kit.upstream import Asked, Say, Upstream, body

WORDS = "The quick brown fox jumps over the lazy dog, and then the dog sleeps on."
KEYS = {"authorization": f"Bearer {KEY}"}
COUNTS: dict[str, tuple[str, dict[str, Any]]] = {
    "anthropic_messages": ("/v1/messages/count_tokens", {"input_tokens": 17}),
    "gemini": ("/v1beta/models/m:countTokens", {"totalTokens": 17}),
    "openai_responses": ("/v1/responses/input_tokens", {"object": "response.input_tokens", "input_tokens": 17}),
}


async def counted(gateway: Any, model: str) -> dict[str, int]:
    """The count at each door, by the vendors' own clients."""
    said: Any = [{"role": "user", "content": WORDS}]
    found: dict[str, int] = {}
    async with anthropic.AsyncAnthropic(base_url=url(gateway), api_key=KEY, max_retries=0) as client:
        found["anthropic_messages"] = (await client.messages.count_tokens(model=model, messages=said)).input_tokens
    async with openai.AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key=KEY, max_retries=0) as other:
        found["openai_responses"] = (await other.responses.input_tokens.count(model=model, input=WORDS)).input_tokens
    google = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=url(gateway)))
    async with google.aio as there:
        found["gemini"] = (await there.models.count_tokens(model=model, contents=WORDS)).total_tokens or 0
    return found


@pytest.mark.parametrize("upstream", list(COUNTS))
async def test_the_providers_own_count_reaches_every_door(upstream: str, tmp_path: Path) -> None:
    path, answer = COUNTS[upstream]
    async with (
        Upstream(lambda asked: body(answer)) as up,
        gate(tmp_path, provider(upstream, up.url)) as gateway,
    ):
        assert set((await counted(gateway, "up/m")).values()) == {17}
        kept = await rows(gateway, 3)
    assert {asked.target for asked in up.asked} == {path}
    assert all(WORDS in asked.body.decode() and "max_tokens" not in asked.body.decode() for asked in up.asked)
    assert [(row.operation, row.status, row.cost, row.usage_source) for row in kept] == [
        ("count_tokens", "ok", None, "none")
    ] * 3


@pytest.mark.parametrize("upstream", ["openai_chat", "ollama", "openai_responses"])
async def test_without_one_an_estimate_says_that_it_is_one(upstream: str, tmp_path: Path) -> None:
    """Chat and Ollama have no word for it; a look-alike of Responses may answer 404."""
    async with (
        Upstream(lambda asked: body({"error": {"message": "no such thing"}}, 404)) as up,
        gate(tmp_path, provider(upstream, up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS) as client,
    ):
        found = await counted(gateway, "up/m")
        assert all(15 <= count <= 32 for count in found.values()), found
        said = {"model": "up/m", "messages": [{"role": "user", "content": WORDS}]}
        answer = await client.post("/v1/messages/count_tokens?beta=true", json=said)
        assert answer.headers["x-gophergate-estimate"] == "true"
        assert len(up.asked) == (4 if upstream == "openai_responses" else 0)


async def test_a_request_that_is_wrong_is_told_in_the_doors_words(tmp_path: Path) -> None:
    """R-E1: the provider's own refusal of the caller's request stands."""

    def script(asked: Asked) -> Say:
        return body({"type": "error", "error": {"type": "invalid_request_error", "message": "too many"}}, 400)

    async with (
        Upstream(script) as up,
        gate(tmp_path, provider("anthropic_messages", up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS) as client,
    ):
        said = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
        answer = await client.post("/v1beta/models/up/m:countTokens", json=said)
        assert answer.status_code == 400
        assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"
        unknown = await client.post("/v1beta/models/nope/m:countTokens", json=said)
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, 404)


async def test_the_turns_before_are_counted_too(tmp_path: Path) -> None:
    """R-C4: `previous_response_id` had been left out of the count without a word, and a missing one not missed."""
    async with gate(tmp_path) as gateway, openai.AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key=KEY) as client:
        before = await client.responses.create(model="demo/echo", input=WORDS * 20)
        alone = await client.responses.input_tokens.count(model="demo/echo", input="More.")
        after = await client.responses.input_tokens.count(
            model="demo/echo", input="More.", previous_response_id=before.id
        )
        assert after.input_tokens > alone.input_tokens + 300
        with pytest.raises(openai.BadRequestError) as missing:
            await client.responses.input_tokens.count(model="demo/echo", input="More.", previous_response_id="resp_no")
        assert missing.value.code == "previous_response_not_found"
