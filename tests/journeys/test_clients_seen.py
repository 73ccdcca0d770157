"""What today's clients do on the wire, as PROTOCOLS lists it, played over a socket without them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gophergate.app import Gateway
from gophergate.dialects.sse import SseDecoder
from kit.answers import TEXT, answer, provider, script, wants_stream
from kit.answers import USUAL as SAID
from kit.door_requests import asked
from kit.gate import KEY, gate, rows, url
from kit.upstream import Asked, Say, Upstream, body

BEARER = {"authorization": f"Bearer {KEY}"}
FOREIGN = ["openai_chat", "openai_responses", "anthropic_messages", "gemini", "ollama"]


@asynccontextmanager
async def served(
    folder: Path, dialect: str = "openai_chat", says: Callable[[Asked], Say] | None = None
) -> AsyncIterator[tuple[Gateway, Upstream, httpx2.AsyncClient]]:
    async with (
        Upstream(says or script(dialect)) as up,
        gate(folder, provider(dialect, up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), timeout=20) as client,
    ):
        yield gateway, up, client


# -- Surprises ----------------------------------------------------------------------------------------------------


async def test_gemini_verbs_stand_under_both_versions_beside_the_model(tmp_path: Path) -> None:
    """PROTOCOLS, surprise 1: google-genai 3.x calls `/v1/models/{m}:verb`; `GET /v1/models/{id}` stays what it is."""
    async with served(tmp_path) as (_, _, client):
        said = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
        key = {"x-goog-api-key": KEY}
        for version in ("v1", "v1beta"):
            at = f"/{version}/models/up/m"
            told = await client.post(f"{at}:generateContent", json=said, headers=key)
            assert told.json()["candidates"][0]["finishReason"] == "STOP"
            streamed = await client.post(f"{at}:streamGenerateContent?alt=sse", json=said, headers=key)
            assert streamed.headers["content-type"].startswith("text/event-stream")
            counted = await client.post(f"{at}:countTokens", json=said, headers=key)
            assert counted.json()["totalTokens"] > 0
        shown = await client.get("/v1/models/demo/echo", headers=BEARER)
        assert (shown.json()["id"], shown.json()["object"]) == ("demo/echo", "model")


async def test_a_gemini_path_may_leave_the_collection_out(tmp_path: Path) -> None:
    """PROTOCOLS: Vercel's SDK (opencode) takes a model's name with a slash for a whole path."""
    async with served(tmp_path) as (_, up, client):
        said = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
        for version in ("v1", "v1beta"):
            told = await client.post(f"/{version}/up/m:generateContent", json=said, headers={"x-goog-api-key": KEY})
            assert told.json()["candidates"][0]["finishReason"] == "STOP"
        unknown = await client.post("/v1/up/m:predict", json=said, headers={"x-goog-api-key": KEY})
        assert unknown.status_code == 404
    assert len(up.asked) == 2


async def test_the_anthropic_door_takes_a_bearer_and_its_list_is_told_by_the_version_header(tmp_path: Path) -> None:
    """PROTOCOLS, surprise 3: anthropic-python 2.x sends no `x-api-key`; Claude Code lists with `anthropic-version`."""
    async with served(tmp_path) as (_, _, client):
        version = {"anthropic-version": "2023-06-01"}
        path, said = asked("anthropic_messages", "up/m", stream=False)
        for key in (BEARER, {"x-api-key": KEY}):
            told = await client.post(f"{path}?beta=true", json=said, headers={**version, **key})
            assert told.json()["type"] == "message"
            listed = (await client.get("/v1/models?limit=1000", headers={**version, **key})).json()
            assert {"data", "first_id", "has_more", "last_id"} <= listed.keys()
            assert "object" not in listed
        assert (await client.get("/v1/models", headers=BEARER)).json()["object"] == "list"


@pytest.mark.parametrize("target", FOREIGN)
async def test_a_system_turn_among_the_messages_reaches_every_maker(target: str, tmp_path: Path) -> None:
    """PROTOCOLS: Claude Code puts system turns inside messages, blocks first, a string later, with a key of theirs."""
    async with served(tmp_path, target) as (_, up, client):
        late: dict[str, Any] = {"role": "system", "output_config": {"effort": "high"}}
        for content in ([{"type": "text", "text": "Be brief."}], "Be brief."):
            messages = [{"role": "user", "content": "Hi"}, {**late, "content": content}]
            said = {"model": "up/m", "max_tokens": 99, "messages": messages}
            told = await client.post("/v1/messages", json=said, headers=BEARER)
            assert told.status_code == 200, told.text
            assert b"Be brief." in up.asked[-1].body
            if target in ("gemini", "ollama"):
                assert b"output_config" not in up.asked[-1].body


async def test_two_user_agents_are_taken(tmp_path: Path) -> None:
    """PROTOCOLS, surprise 7: pydantic-ai's Google model sends `User-Agent` and `user-agent` both."""
    async with served(tmp_path) as (gateway, up, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        path, said = asked("gemini", "up/m", stream=False)
        data = json.dumps(said).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: a\r\nuser-agent: b\r\nx-goog-api-key: {KEY}\r\n"
        writer.write(f"{head}Content-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode() + data)
        assert b" 200 " in (await reader.read()).splitlines()[0]
        writer.close()
        assert up.asked[0].headers["user-agent"] == "gophergate"


async def test_claude_codes_greeting_needs_no_key_and_leaves_no_trace(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """PROTOCOLS, surprise 9: `HEAD /api/hello`, fire and forget, under the prefix of our administration."""
    caplog.set_level(logging.INFO)
    async with served(tmp_path) as (gateway, _, client):
        caplog.clear()
        told = await client.head("/api/hello", headers={"user-agent": "Bun/1.4.4"})
        assert (told.status_code in (200, 404), told.content) == (True, b"")
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
        said = {"model": "no/such", "messages": [{"role": "user", "content": "hi"}]}
        await client.post("/v1/chat/completions", json=said, headers={"authorization": f"Bearer {KEY}"})
        [row] = await rows(gateway)  # of what came after it: rows are written in order
        assert row.model_requested == "no/such"


# -- Claude Code, Codex, opencode -----------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["anthropic_messages", "openai_chat"])
async def test_betas_go_to_anthropic_and_are_named_elsewhere(target: str, tmp_path: Path) -> None:
    """PROTOCOLS, Claude Code: the list of betas is passed to an Anthropic upstream, dropped and named elsewhere.
    Edge case 63: those we know, one that nobody knows yet and one that was retired, as the caller said them."""
    async with served(tmp_path, target) as (_, up, client):
        path, said = asked("anthropic_messages", "up/m", stream=False)
        betas = "claude-code-20250219,effort-2025-11-24,not-yet-2031-01-01,messages-2023-12-15"
        told = await client.post(path, json=said, headers={**BEARER, "anthropic-beta": betas})
        dropped = told.headers.get("x-gophergate-dropped", "")
        if target == "anthropic_messages":
            assert (up.asked[0].headers["anthropic-beta"], dropped) == (betas, "")
        else:
            assert "anthropic-beta" not in up.asked[0].headers
            assert "anthropic-beta" in dropped


@pytest.mark.parametrize("name", ["x-claude-code-session-id", "session-id", "x-session-id", "x-session-affinity"])
async def test_the_headers_agents_name_their_session_by(name: str, tmp_path: Path) -> None:
    """PROTOCOLS, Claude Code, Codex, opencode: good for sticky routing."""
    async with served(tmp_path) as (gateway, _, client):
        path, said = asked("openai_chat", "up/m", stream=False)
        await client.post(path, json=said, headers={**BEARER, name: "s-1"})
        [row] = await rows(gateway)
    assert row.session == "s-1"


async def test_codex_s_headers_reach_openai_and_nobody_else(tmp_path: Path) -> None:
    """PROTOCOLS, Codex: `x-openai-internal-codex-responses-lite` says that the tools stand in an input item; the
    beta it asks for and what it says of its session pass too. R-C1."""
    head = {
        "x-openai-internal-codex-responses-lite": "true",
        "x-codex-beta-features": "remote_compaction_v2",
        "originator": "codex_exec",
        "session-id": "s-1",
        "thread-id": "t-1",
        "x-client-request-id": "t-1",
        "accept": "text/event-stream",
    }
    for target in ("openai_responses", "anthropic_messages"):
        async with served(tmp_path / target, target) as (gateway, up, client):
            path, said = asked("openai_responses", "up/m", stream=True)
            reply = await client.post(path, json=said, headers={**BEARER, **head})
            assert reply.headers["content-type"].startswith("text/event-stream")
            assert reply.headers["x-request-id"] != "t-1", "the same on every turn: no id of a request"
            [row] = await rows(gateway)
        passed = {name: value for name, value in up.asked[0].headers.items() if name in head and name != "accept"}
        meant = {name: value for name, value in head.items() if name not in ("x-client-request-id", "accept")}
        assert passed == (meant if target == "openai_responses" else {})
        lost = "x-codex-beta-features" in reply.headers.get("x-gophergate-dropped", "")
        assert lost == (target != "openai_responses")
        assert (row.session, row.request_id) == ("s-1", reply.headers["x-request-id"])


async def test_claude_code_streams_though_it_accepts_json(tmp_path: Path) -> None:
    """PROTOCOLS, Claude Code: `Accept: application/json` and four codings even when it streams; its `anthropic-version`
    reaches Anthropic; a path of its binary that is no door is a 404 in its own words."""
    head = {
        "accept": "application/json",
        "accept-encoding": "gzip, deflate, br, zstd",
        "anthropic-version": "2099-01-01",
    }
    async with served(tmp_path, "anthropic_messages") as (_, up, client):
        path, said = asked("anthropic_messages", "up/m", stream=True)
        reply = await client.post(f"{path}?beta=true", json=said, headers={**BEARER, **head})
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in reply.headers
        assert told(reply.content)[-1]["type"] == "message_stop"
        assert up.asked[0].headers["anthropic-version"] == "2099-01-01"
        missing = await client.post("/v1/messages/cache_touch", json={}, headers={**BEARER, **head})
        assert (missing.status_code, missing.json()["error"]["type"]) == (404, "not_found_error")


# -- Which event kills which client ---------------------------------------------------------------------------------


def told(stream: bytes) -> list[dict[str, Any]]:
    decoder = SseDecoder()
    return [json.loads(data) for _, data in decoder.feed(stream) + decoder.end()]


@pytest.mark.parametrize("maker", [name for name in FOREIGN if name != "openai_responses"])
async def test_no_event_that_a_responses_client_dies_without_is_missing(maker: str, tmp_path: Path) -> None:
    """PROTOCOLS, "Which event kills which client", Responses: created, in_progress, added, deltas, done; and every
    event with its indexes and number, which openai-node fails without."""
    async with served(tmp_path, maker) as (_, _, client):
        path, said = asked("openai_responses", "up/m", stream=True)
        events = told((await client.post(path, json=said, headers=BEARER)).content)
    kinds = [event["type"].removeprefix("response.") for event in events]
    assert (kinds[:2], kinds[-1]) == (["created", "in_progress"], "completed")
    items = events[-1]["response"]["output"]
    assert kinds.count("output_item.added") == kinds.count("output_item.done") == len(items) >= 3
    assert [event["item"] for event in events if event["type"].endswith("output_item.done")] == items
    assert {"output_text.delta", "function_call_arguments.delta"} <= set(kinds)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    for event in events[2:-1]:
        assert "output_index" in event
        if "output_text" in event["type"] or "content_part" in event["type"]:
            assert "content_index" in event
        if "summary" in event["type"]:
            assert "summary_index" in event


@pytest.mark.parametrize("maker", [name for name in FOREIGN if name != "anthropic_messages"])
async def test_no_event_that_an_anthropic_client_dies_without_is_missing(maker: str, tmp_path: Path) -> None:
    """PROTOCOLS, "Which event kills which client", Anthropic: message_start, each block's start and stop, message_delta
    with usage, message_stop."""
    async with served(tmp_path, maker) as (_, _, client):
        path, said = asked("anthropic_messages", "up/m", stream=True)
        events = [e for e in told((await client.post(path, json=said, headers=BEARER)).content) if e["type"] != "ping"]
    kinds = [event["type"] for event in events]
    assert (kinds[0], kinds[-2:]) == ("message_start", ["message_delta", "message_stop"])
    started = [event["index"] for event in events if event["type"] == "content_block_start"]
    stopped = [event["index"] for event in events if event["type"] == "content_block_stop"]
    assert started == stopped == list(range(len(started)))
    assert len(started) >= 3
    assert (events[-2]["delta"]["stop_reason"], events[-2]["usage"]["output_tokens"]) == ("tool_use", 7)


# -- Providers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", FOREIGN)
async def test_a_body_after_white_space_is_read(door: str, tmp_path: Path) -> None:
    """PROTOCOLS: OpenRouter's non-streamed bodies start with keep-alive white space; Anthropic pads before the end."""

    def padded(at: Asked) -> Say:
        say = answer("openai_chat", SAID, stream=wants_stream(at))
        [raw] = say.pieces
        return body(b"\n         \n" * 5 + raw[:-1] + b"   }")

    async with served(tmp_path, says=padded) as (_, _, client):
        path, said = asked(door, "up/m", stream=False)
        reply = await client.post(path, json=said, headers=BEARER)
        assert reply.status_code == 200
        assert TEXT in json.dumps(reply.json(), ensure_ascii=False)


GIVEN = {"retry-after": "40", "retry-after-ms": "40000", "x-should-retry": "false"}


@pytest.mark.parametrize("hints", [GIVEN, {"x-should-retry": "false"}], ids=["all", "as Anthropic's 529"])
async def test_hints_on_asking_again_reach_the_client_and_none_is_made_up(
    hints: dict[str, str], tmp_path: Path
) -> None:
    """PROTOCOLS, Providers and Clients: SDKs wait as `retry-after(-ms)` say and obey `x-should-retry`; Anthropic's 529
    says the latter alone. At every door."""

    def refusing(_: Asked) -> Say:
        say = body({"error": {"message": "Overloaded", "type": "overloaded_error", "code": None}}, 529)
        say.headers = (*say.headers, *hints.items())
        return say

    async with served(tmp_path, says=refusing) as (_, up, client):
        for count, door in enumerate(FOREIGN, 1):
            path, said = asked(door, "up/m", stream=False)
            reply = await client.post(path, json=said, headers=BEARER)
            assert (reply.status_code, len(up.asked)) == (529, count)
            assert {name: reply.headers[name] for name in GIVEN if name in reply.headers} == hints


async def test_a_wait_told_in_words_reaches_the_client_in_whole_seconds(tmp_path: Path) -> None:
    """PROTOCOLS: OpenAI's 429 may say it in its sentence alone; R-F5: a floor, so never less than was said."""
    said = {
        "message": "Rate limit reached. Please try again in 26.204s.",
        "type": "tokens",
        "code": "rate_limit_exceeded",
    }
    async with served(tmp_path, says=lambda _: body({"error": said}, 429)) as (_, _, client):
        path, question = asked("anthropic_messages", "up/m", stream=False)
        reply = await client.post(path, json=question, headers=BEARER)
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "27")


@pytest.mark.parametrize("word", ["chat.completion.done", "", "chat.completion"])
async def test_an_odd_object_name_does_not_matter(word: str, tmp_path: Path) -> None:
    """PROTOCOLS: Perplexity says "chat.completion.done", Azure's first chunk and xAI's deferred bodies nothing."""

    def renamed(at: Asked) -> Say:
        say = answer("openai_chat", SAID, stream=wants_stream(at))
        say.pieces = [
            piece.replace(b'"chat.completion.chunk"', json.dumps(word).encode()).replace(
                b'"chat.completion"', json.dumps(word).encode()
            )
            for piece in say.pieces
        ]
        return say

    async with served(tmp_path, says=renamed) as (_, _, client):
        for stream in (False, True):
            path, said = asked("anthropic_messages", "up/m", stream=stream)
            reply = await client.post(path, json=said, headers=BEARER)
            assert "rld" in reply.text
            assert "tool_use" in reply.text
