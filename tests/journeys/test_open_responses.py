"""Every response object we make is whole by the types of the Open Responses specification: its 32 members and all that
is nested in them, wherever a client can meet one (edge case 47)."""

from __future__ import annotations

import asyncio
import json
import typing
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import openresponses_types as spec
import pytest
from pydantic import BaseModel
from websockets.asyncio.client import connect

from gophergate.app import Gateway
from gophergate.dialects.sse import SseDecoder
from kit.answers import provider, script
from kit.gate import KEY, gate, url
from kit.responses_sdk import REQUIRED
from kit.upstream import Asked, Say, Upstream, body, sse

EVENTS: dict[str, type[BaseModel]] = {
    next(iter(typing.cast(Any, kind.model_fields["type"].annotation))).value: kind
    for name, kind in vars(spec).items()
    if name.endswith("StreamingEvent")
}
ASK: dict[str, Any] = {
    "model": "up/m",
    "input": [
        {"role": "developer", "content": "Be short."},
        {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
        {"type": "function_call", "call_id": "c0", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c0", "output": "22 degrees"},
    ],
    "tools": [{"type": "function", "name": "weather", "parameters": {"type": "object"}}],
}
SAYS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "everything": {
        "instructions": "Be kind.",
        "tool_choice": {"type": "function", "name": "weather"},
        "parallel_tool_calls": False,
        "temperature": 0.5,
        "top_p": 0.9,
        "max_output_tokens": 99,
        "max_tool_calls": 3,
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "json_schema", "name": "w", "schema": {"type": "object"}}},
        "truncation": "auto",
        "service_tier": "flex",
        "metadata": {"a": "b"},
        "prompt_cache_key": "k",
        "safety_identifier": "s",
        "user": "u",
    },
    "nulls": dict.fromkeys(
        ("instructions", "temperature", "top_p", "reasoning", "text", "truncation", "metadata", "store", "tool_choice")
    ),
    "modes": {
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "weather"}]},
        "text": {"format": {"type": "json_object"}, "verbosity": "low"},
        "reasoning": {"summary": "auto"},
    },
}
FOREIGN = ["openai_chat", "anthropic_messages", "gemini", "ollama"]


def whole(response: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    """The response, held against the specification. Raises pydantic.ValidationError, AssertionError."""
    assert response.keys() >= REQUIRED
    spec.ResponseResource.model_validate(_without_schema(response))
    assert response["status"] == status
    assert (response["completed_at"] is not None) == (status == "completed")
    assert (response["error"] is not None) == (status == "failed")
    assert (response["incomplete_details"] is not None) == (status == "incomplete")
    return response


def _without_schema(response: dict[str, Any]) -> dict[str, Any]:
    """The package's type of a schema takes null alone; that the schema is shown is asked for here."""
    form = response["text"]["format"]
    if form["type"] != "json_schema":
        return response
    assert form["schema"] == {"type": "object"}
    return {**response, "text": {**response["text"], "format": {**form, "schema": None}}}


def events(stream: bytes) -> list[dict[str, Any]]:
    """The events of a stream, each held against the type of its name."""
    decoder = SseDecoder()
    told = [json.loads(data) for _, data in decoder.feed(stream) + decoder.end()]
    for event in told:
        shown = {**event, "response": _without_schema(event["response"])} if "response" in event else event
        EVENTS[event["type"]].model_validate(shown)
    return told


def snapshots(told: Iterable[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [(event["type"].removeprefix("response."), event["response"]) for event in told if "response" in event]


def stops(dialect: str, native: str) -> Any:
    """The script of a provider whose answer ends for a reason of its own."""
    usual = {"openai_chat": b'"tool_calls"}', "anthropic_messages": b'"tool_use"', "gemini": b'"STOP"'}

    def answer(asked: Asked) -> Say:
        say = script(dialect)(asked)
        words = usual.get(dialect, b'"stop"')
        new = b'"%s"' % native.encode() + (b"}" if words.endswith(b"}") else b"")
        say.pieces = [
            piece.replace(b'"finish_reason": ' + words, b'"finish_reason": ' + new)
            .replace(b'"stop_reason": ' + words, b'"stop_reason": ' + new)
            .replace(b'"finishReason": ' + words, b'"finishReason": ' + new)
            .replace(b'"done_reason": ' + words, b'"done_reason": ' + new)
            for piece in say.pieces
        ]
        return say

    return answer


@asynccontextmanager
async def served(folder: Path, dialect: str, says: Any = None) -> AsyncIterator[tuple[Gateway, httpx2.AsyncClient]]:
    head = {"authorization": f"Bearer {KEY}"}
    async with (
        Upstream(says or script(dialect)) as up,
        gate(folder, provider(dialect, up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=head, timeout=20) as client,
    ):
        yield gateway, client


@pytest.mark.parametrize("dialect", FOREIGN)
async def test_answers_of_every_maker_and_what_is_stored_of_them(dialect: str, tmp_path: Path) -> None:
    """Edge case 47: created, in_progress, completed, streamed and whole; the stored one is the same again."""
    async with served(tmp_path, dialect) as (_, client):
        for said in SAYS.values():
            made = whole((await client.post("/v1/responses", json={**ASK, **said})).json())
            kinds = [item["type"] for item in made["output"]]
            assert (kinds[0], kinds[1], kinds[-1]) == ("reasoning", "message", "function_call")
            assert whole((await client.get(f"/v1/responses/{made['id']}")).json()) == made
            streamed = await client.post("/v1/responses", json={**ASK, **said, "stream": True})
            shots = snapshots(events(streamed.content))
            assert [kind for kind, _ in shots] == ["created", "in_progress", "completed"]
            for kind, response in shots:
                whole(response, "completed" if kind == "completed" else "in_progress")
            last = shots[-1][1]
            assert whole((await client.get(f"/v1/responses/{last['id']}")).json()) == last
            for name in ("temperature", "max_output_tokens", "service_tier", "metadata", "prompt_cache_key", "user"):
                if said.get(name) is not None:
                    assert made[name] == last[name] == said[name]


PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
RICH = [
    {"role": "user", "content": "Here comes something."},
    {"role": "assistant", "content": "I am ready."},
    {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "What are these?"},
            {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
            {"type": "input_file", "filename": "a.txt", "file_data": "data:text/plain;base64,V29yZHMgb2YgYSBmaWxlLg=="},
        ],
    },
]


@pytest.mark.parametrize("dialect", FOREIGN)
async def test_the_specifications_own_cases_at_every_maker(dialect: str, tmp_path: Path) -> None:
    """PROTOCOLS, Clients: an image, a file and several turns, whole and streamed; then a response to go on from. The
    other cases of the specification are asked above."""
    async with (
        Upstream(script(dialect)) as up,
        gate(tmp_path, provider(dialect, up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"authorization": f"Bearer {KEY}"}, timeout=20) as client,
    ):
        made = whole((await client.post("/v1/responses", json={**ASK, "input": RICH})).json())
        told = events((await client.post("/v1/responses", json={**ASK, "input": RICH, "stream": True})).content)
        assert [item["type"] for item in told[-1]["response"]["output"]] == [item["type"] for item in made["output"]]
        for sent in up.asked:
            said = sent.body.decode()
            assert [text in said for text in ("I am ready.", "What are these?", PNG)] == [True] * 3
            assert "Words of a file." in said or "V29yZHMgb2YgYSBmaWxlLg==" in said
        call = next(item for item in made["output"] if item["type"] == "function_call")
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "22 degrees"}
        more = {**ASK, "input": [result], "previous_response_id": made["id"]}
        again = whole((await client.post("/v1/responses", json=more)).json())
        assert again["previous_response_id"] == made["id"]
        said = up.asked[-1].body.decode()
        assert [text in said for text in ("I am ready.", PNG, "Ulm", "22 degrees")] == [True] * 4


@pytest.mark.parametrize(
    ("dialect", "native", "why"),
    [
        ("openai_chat", "length", "max_output_tokens"),
        ("openai_chat", "content_filter", "content_filter"),
        ("anthropic_messages", "max_tokens", "max_output_tokens"),
        ("gemini", "MAX_TOKENS", "max_output_tokens"),
        ("gemini", "SAFETY", "content_filter"),
        ("ollama", "length", "max_output_tokens"),
    ],
)
async def test_incomplete_answers(dialect: str, native: str, why: str, tmp_path: Path) -> None:
    """Edge cases 47, 50: `response.incomplete` says why, and its items are whole as well."""
    async with served(tmp_path, dialect, stops(dialect, native)) as (_, client):
        made = whole((await client.post("/v1/responses", json=ASK)).json(), "incomplete")
        streamed = await client.post("/v1/responses", json={**ASK, "stream": True})
        kind, last = snapshots(events(streamed.content))[-1]
        assert kind == "incomplete"
        for response in (made, whole(last, "incomplete")):
            assert response["incomplete_details"] == {"reason": why}
        assert whole((await client.get(f"/v1/responses/{last['id']}")).json(), "incomplete") == last


@pytest.mark.parametrize("dialect", FOREIGN)
async def test_a_broken_stream_ends_in_a_whole_failed_response(dialect: str, tmp_path: Path) -> None:
    """Law 2, edge case 47: also its error frame and its last snapshot are whole."""

    def cut(asked: Asked) -> Say:
        say = script(dialect)(asked)
        return (
            sse(*list(say.pieces)[:3], cut=True)
            if dialect != "ollama"
            else Say(headers=say.headers, pieces=list(say.pieces)[:2], cut=True)
        )

    async with served(tmp_path, dialect, cut) as (_, client):
        streamed = await client.post("/v1/responses", json={**ASK, "stream": True})
        told = events(streamed.content)
        kind, last = snapshots(told)[-1]
        assert kind == "failed"
        whole(last, "failed")
        assert last["error"]["message"]


async def test_background_responses_in_every_state(tmp_path: Path) -> None:
    """Edge case 47: queued, in progress, completed, cancelled and failed, as told and as retrieved."""
    async with served(tmp_path, "openai_chat") as (_, client):

        async def begin(model: str) -> str:
            said = {**ASK, "model": model, "input": "one two three", "background": True}
            made = await client.post("/v1/responses", json=said)
            assert whole(made.json(), "queued")["background"] is True
            return str(made.json()["id"])

        async def shown(response_id: str) -> dict[str, Any]:
            return (await client.get(f"/v1/responses/{response_id}")).json()  # type: ignore[no-any-return]

        async def settled(response_id: str) -> dict[str, Any]:
            while (found := await shown(response_id))["status"] == "in_progress":
                await asyncio.sleep(0.02)
            return found

        slow = await begin("demo/slow")
        whole(await shown(slow), "in_progress")
        stopped = await begin("demo/slow")
        whole((await client.post(f"/v1/responses/{stopped}/cancel")).json(), "cancelled")
        whole(await shown(stopped), "cancelled")
        assert whole(await settled(slow))["background"] is True
        whole(await settled(await begin("demo/down")), "failed")


async def test_what_is_listed_as_input(tmp_path: Path) -> None:
    """Edge case 47: items of a request as the specification types them, with ids and statuses of ours."""
    async with served(tmp_path, "openai_chat") as (_, client):
        made = (await client.post("/v1/responses", json=ASK)).json()
        page = (await client.get(f"/v1/responses/{made['id']}/input_items?order=asc")).json()
        assert (page["object"], page["has_more"], len(page["data"])) == ("list", False, 4)
        assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][-1]["id"])
        whole({**made, "output": page["data"]})


async def test_refusals_before_a_stream(tmp_path: Path) -> None:
    """Edge case 47, R-E1: the error object names its four members, whoever refuses."""

    def refuse(asked: Asked) -> Say:
        return body({"error": {"message": "No.", "type": "rate_limit_error"}}, 429)

    async with served(tmp_path, "openai_chat", refuse) as (_, client):
        for said in ({}, {"model": "up/none"}, {"input": 7}, {"previous_response_id": "resp_none"}):
            answer = await client.post("/v1/responses", json={**ASK, **said})
            assert answer.status_code in (400, 404, 429), answer.text
            spec.ErrorPayload.model_validate(answer.json()["error"])


async def test_the_sockets_prewarm_and_its_refusals(tmp_path: Path) -> None:
    """Edge cases 47, 51: the prewarm's two snapshots, and an error frame by the specification's own type."""
    async with served(tmp_path, "openai_chat") as (gateway, _):
        address = f"ws://127.0.0.1:{gateway.port}/v1/responses"
        async with connect(address, additional_headers={"authorization": f"Bearer {KEY}"}, proxy=None) as socket:
            await socket.send(json.dumps({"type": "response.create", **ASK, "store": False, "generate": False}))
            for status in ("in_progress", "completed"):
                event = json.loads(await socket.recv())
                EVENTS[event["type"]].model_validate(event)
                assert whole(event["response"], status)["output"] == []
            for wrong in ({"model": "none/none"}, {"previous_response_id": "resp_none"}, {"type": "response.sing"}):
                await socket.send(json.dumps({"type": "response.create", **ASK, "store": False, **wrong}))
                frame = json.loads(await socket.recv())
                assert frame["type"] == "error"
                spec.WebSocketErrorEvent.model_validate(frame)
