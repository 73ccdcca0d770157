"""What the vendors' clients do beyond one call: loops of their own, and asking for what is not here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic
import ollama
import openai
import pydantic
import pytest
from google import genai
from google.genai import errors, types

from kit.answers import CITY, Said, answer, provider, wants_stream
from kit.clients import CLIENTS
from kit.gate import KEY, gate, rows, url
from kit.upstream import Asked, Say, Upstream

PRINTED = "sunny over the Danube"
FAREWELL = "Take no umbrella."


@anthropic.beta_async_tool
async def weather(city: str) -> str:
    """Weather of a city."""
    return PRINTED if city == CITY["city"] else "unknown"


def one_call(dialect: str) -> Callable[[Asked], Say]:
    """Calls `weather` until it sees what that printed."""

    def script(asked: Asked) -> Say:
        ran = PRINTED.encode() in asked.body
        said = Said("", FAREWELL, (), 2) if ran else Said("", "", (("weather", CITY),))
        return answer(dialect, said, stream=wants_stream(asked))

    return script


async def run_tools(address: str, model: str, *, stream: bool) -> str:
    """Anthropic's tool runner, to its end: the last words."""
    said: Any = [{"role": "user", "content": "How is it in Ulm?"}]
    async with anthropic.AsyncAnthropic(base_url=address, api_key=KEY, max_retries=0) as client:
        runner: Any = client.beta.messages.tool_runner(
            model=model, max_tokens=500, messages=said, tools=[weather], stream=stream
        )
        last: Any = None
        async for turn in runner:
            last = await turn.get_final_message() if stream else turn
        return "".join(block.text for block in last.content if block.type == "text")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", [name for name in CLIENTS if name != "anthropic_messages"])
async def test_a_runner_that_keeps_its_conversation_at_the_server_sends_it_whole(
    dialect: str, stream: bool, tmp_path: Path
) -> None:
    """PROTOCOLS: anthropic-python's tool runner asks for a `thread`, and goes on with the result alone where it is not
    refused: elsewhere the model would not see the question."""
    async with Upstream(one_call(dialect)) as up, gate(tmp_path, provider(dialect, up.url)) as gateway:
        assert await run_tools(url(gateway), "up/m", stream=stream) == FAREWELL
        kept = await rows(gateway, 3)
    assert [row.status for row in kept] == ["refused", "ok", "ok"]
    assert len(up.asked) == 2
    assert b"How is it in Ulm?" in up.asked[-1].body


async def test_the_simulator_keeps_no_conversation_either(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, anthropic.AsyncAnthropic(base_url=url(gateway), api_key=KEY) as client:
        said: Any = [{"role": "user", "content": "Hi"}]
        with pytest.raises(anthropic.BadRequestError) as refused:
            await client.beta.messages.create(
                model="demo/echo",
                max_tokens=9,
                messages=said,
                thread={"type": "create"},
                betas=["message-threads-2026-08-12"],
            )
        body: Any = refused.value.body
        assert body["error"]["details"]["error_code"] == "thread_unsupported_request"


async def test_a_thread_goes_to_anthropic_as_it_was_said(tmp_path: Path) -> None:
    async with (
        Upstream(one_call("anthropic_messages")) as up,
        gate(tmp_path, provider("anthropic_messages", up.url)) as gateway,
    ):
        assert await run_tools(url(gateway), "up/m", stream=False) == FAREWELL
    assert [asked.json["thread"]["type"] for asked in up.asked] == ["create", "continue"]
    assert all("message-threads-2026-08-12" in asked.headers["anthropic-beta"] for asked in up.asked)


# -- what is not here -----------------------------------------------------------------------------------------------


async def test_openais_client_is_told_what_is_not_here(tmp_path: Path) -> None:
    """R-E1: a 404 in the caller's own envelope, read by its own client, whichever path it is."""
    async with gate(tmp_path) as gateway, openai.AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key=KEY) as client:
        for asking in (
            lambda: client.embeddings.create(model="m", input="a"),
            lambda: client.files.list(),
            lambda: client.models.retrieve("nobody's"),
        ):
            with pytest.raises(openai.NotFoundError) as missing:
                await asking()
            assert missing.value.code in {"not_found", "model_not_found"}
        async with client.with_options(base_url=f"{url(gateway)}/v1/v1") as twice:
            with pytest.raises(openai.NotFoundError, match="without '/v1'"):
                await twice.models.list()


async def test_anthropics_client_is_told_what_is_not_here(tmp_path: Path) -> None:
    """R-E1; the paths that OpenAI's clients ask for as well are told by `anthropic-version`."""
    async with gate(tmp_path) as gateway, anthropic.AsyncAnthropic(base_url=url(gateway), api_key=KEY) as client:
        for asking in (
            lambda: client.messages.batches.list(),
            lambda: client.beta.files.list(),
            lambda: client.models.retrieve("nobody's"),
        ):
            with pytest.raises(anthropic.NotFoundError) as missing:
                await asking()
            body: Any = missing.value.body
            assert (body["type"], body["error"]["type"]) == ("error", "not_found_error")
        async with client.with_options(base_url=f"{url(gateway)}/v1") as twice:
            with pytest.raises(anthropic.NotFoundError, match="without '/v1'"):
                await twice.messages.create(model="demo/echo", max_tokens=9, messages=[])


async def test_googles_client_is_told_what_is_not_here(tmp_path: Path) -> None:
    """R-E1; it asks below /v1 too, where OpenAI's clients do, and says so in `x-goog-api-client`."""
    async with gate(tmp_path) as gateway:
        client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=url(gateway)))
        async with client.aio as there:
            for asking in (
                lambda: there.models.embed_content(model="nobody's", contents="a"),
                lambda: there.files.list(),
                lambda: there.models.get(model="nobody's"),
            ):
                with pytest.raises(errors.ClientError) as missing:
                    await asking()
                assert (missing.value.code, missing.value.status) == (404, "NOT_FOUND")


async def test_ollamas_client_is_told_what_is_not_here(tmp_path: Path) -> None:
    """R-E1; below /api/ stands the operators' API too, whose errors are no words that Ollama's clients show."""
    async with gate(tmp_path) as gateway:
        client = ollama.AsyncClient(host=url(gateway), headers={"authorization": f"Bearer {KEY}"})
        for asking in (
            lambda: client.embed(model="nobody's", input="a"),
            lambda: client.pull("m"),
            lambda: client.delete("m"),
            lambda: client.show("nobody's"),
        ):
            with pytest.raises(ollama.ResponseError) as missing:
                await asking()
            assert missing.value.status_code == 404
            assert isinstance(missing.value.error, str)
        await client._client.aclose()


async def test_anthropics_client_finds_the_id_of_its_request(tmp_path: Path) -> None:
    """It looks for `request-id`, where others look for `x-request-id`: answered, streamed and refused."""
    said: Any = [{"role": "user", "content": "Hi"}]
    async with gate(tmp_path) as gateway, anthropic.AsyncAnthropic(base_url=url(gateway), api_key=KEY) as client:
        whole = await client.messages.create(model="demo/echo", max_tokens=9, messages=said)
        async with client.messages.stream(model="demo/echo", max_tokens=9, messages=said) as stream:
            await stream.until_done()
        with pytest.raises(anthropic.NotFoundError) as refused:
            await client.messages.create(model="nobody's", max_tokens=9, messages=said)
        with pytest.raises(anthropic.AuthenticationError) as unknown:
            await client.with_options(api_key="sk-gg-nobody").messages.create(model="x", max_tokens=9, messages=said)
        assert unknown.value.request_id
        kept = await rows(gateway, 3)
    assert [whole._request_id, stream.request_id, refused.value.request_id] == [row.request_id for row in kept]


# -- structured output ----------------------------------------------------------------------------------------------


class Person(pydantic.BaseModel):
    name: str
    age: int


async def test_the_simulator_answers_in_the_form_that_was_asked_for(tmp_path: Path) -> None:
    """What a newcomer tries first: each client's own way to a typed answer, and one that the question itself holds."""
    wanted, said = Person(name="Ada", age=36), "Who?"
    async with gate(tmp_path) as gateway:
        address = url(gateway)
        async with openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=KEY) as client:
            asked: Any = [{"role": "user", "content": wanted.model_dump_json()}]
            told = await client.chat.completions.parse(model="demo/echo", messages=asked, response_format=Person)
            assert told.choices[0].message.parsed == wanted
            parsed = await client.responses.parse(model="demo/think", input=said, text_format=Person)
            assert isinstance(parsed.output_parsed, Person)
            loose: Any = {"type": "json_object"}
            free = await client.chat.completions.create(
                model="demo/echo", messages=[{"role": "user", "content": said}], response_format=loose
            )
            assert json.loads(free.choices[0].message.content or "") == {"text": said}
        async with anthropic.AsyncAnthropic(base_url=address, api_key=KEY) as client:
            message = await client.messages.parse(
                model="demo/lorem", max_tokens=99, messages=[{"role": "user", "content": said}], output_format=Person
            )
            assert isinstance(message.parsed_output, Person)
        google = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=address))
        config: Any = {"response_mime_type": "application/json", "response_schema": Person}
        async with google.aio as there:
            content = await there.models.generate_content(model="demo/echo", contents=said, config=config)
            assert isinstance(content.parsed, Person)
            config = {"response_mime_type": "text/x.enum", "response_schema": {"type": "STRING", "enum": ["a", "b"]}}
            content = await there.models.generate_content(model="demo/echo", contents=said, config=config)
            assert content.text == "a"
        local = ollama.AsyncClient(host=address, headers={"authorization": f"Bearer {KEY}"})
        reply = await local.chat(
            model="demo/echo", messages=[{"role": "user", "content": said}], format=Person.model_json_schema()
        )
        assert Person.model_validate_json(reply.message.content or "")
        await local._client.aclose()


# -- what a model can do --------------------------------------------------------------------------------------------


async def test_each_client_is_shown_what_is_known_of_a_model(tmp_path: Path) -> None:
    """By this Ollama's clients offer pictures and thinking, and all cut what they send; of a group, what all of it can
    do. Anthropic's and Google's clients read their lists page by page, and one model by its name."""
    up = {**provider("openai_chat", "http://127.0.0.1:9"), "kind": "openai", "models": ["gpt-4o", "o3-mini", "m"]}
    group = '[[groups]]\nname = "both"\ntargets = [{ model = "up/gpt-4o" }, { model = "up/o3-mini" }]\n'
    async with gate(tmp_path, up, sections=f"[server]\nport = 0\n{group}") as gateway:
        while not gateway.catalog.current.facts("up/gpt-4o").is_known:
            await asyncio.sleep(0.01)
        client = ollama.AsyncClient(host=url(gateway), headers={"authorization": f"Bearer {KEY}"})
        shown = {name: await client.show(name) for name in ("up/gpt-4o", "up/o3-mini", "up/m", "both")}
        await client._client.aclose()
        names = [listed.id for listed in gateway.catalog.current.listed()]
        async with anthropic.AsyncAnthropic(base_url=url(gateway), api_key=KEY, max_retries=0) as claude:
            models = [one async for one in claude.models.list(limit=3)]
            first = await claude.models.list(limit=2, after_id=names[0])
            back = [one.id async for one in claude.models.list(limit=2, before_id=names[-1])]
            one_model = await claude.models.retrieve("both")
            for wrong in (
                {"limit": 0},
                {"limit": 1001},
                {"after_id": "none"},
                {"after_id": "both", "before_id": "both"},
            ):
                with pytest.raises(anthropic.BadRequestError, match=min(wrong)):
                    await claude.models.list(**wrong)  # type: ignore[arg-type]
        google = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=url(gateway)))
        async with google.aio as there:
            told = [one async for one in await there.models.list(config={"page_size": 2})]
            alone = await there.models.get(model="both")
            for config in ({"page_size": -1}, {"page_token": "none"}):
                with pytest.raises(genai.errors.ClientError, match="page"):
                    await there.models.list(config=config)  # type: ignore[arg-type]
        assert len(names) > 6
        assert [one.id for one in models] == names
        assert ([one.id for one in first.data], first.has_more) == (names[1:3], True)
        assert back == [name for end in range(len(names) - 1, 0, -2) for name in names[max(0, end - 2) : end]]
        assert [one.name for one in told] == [f"models/{name}" for name in names]
        by_name = {one.id: (one.max_input_tokens, one.max_tokens) for one in (*models, one_model)}
        assert by_name["up/m"] == (None, None)
        assert (by_name["up/gpt-4o"], by_name["both"]) == ((128_000, 16_384), (128_000, 16_384))
        limits = {one.name: (one.input_token_limit, one.output_token_limit) for one in (*told, alone)}
        assert {f"models/{name}": known for name, known in by_name.items()} == limits
    assert {name: one.capabilities for name, one in shown.items()} == {
        "up/gpt-4o": ["completion", "tools", "vision"],
        "up/o3-mini": ["completion", "tools", "thinking"],
        "up/m": ["completion", "tools"],
        "both": ["completion", "tools"],
    }
    lengths = {name: (one.modelinfo or {}).get("up.context_length") for name, one in shown.items()}
    assert lengths == {"up/gpt-4o": 128_000, "up/o3-mini": 200_000, "up/m": None, "both": None}
    assert (shown["both"].modelinfo or {})["gophergate.context_length"] == 128_000
