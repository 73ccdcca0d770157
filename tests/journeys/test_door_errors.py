"""Every error at every chat door wears that door's envelope and status (R-E1), before and inside a stream (R-F1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from kit.answers import TEXT, provider, script
from kit.door_requests import asked
from kit.gate import KEY, gate, rows, url
from kit.upstream import Asked, Say, Upstream, body, sse

KEYS = {"authorization": f"Bearer {KEY}"}

DOORS = (
    "openai_chat",
    "openai_responses",
    "anthropic_messages",
    "gemini",
    "gemini_array",
    "ollama",
    "ollama_generate",
)


def message_of(door: str, status: int, said: Any) -> str:
    """The message inside a door's envelope, whose every member is looked at."""
    if door == "gemini_array" and isinstance(said, list):
        [said] = said
    if door.startswith("ollama"):
        assert set(said) == {"error"}
        return str(said["error"])
    error = said["error"]
    if door == "anthropic_messages":
        assert said["type"] == "error"
        assert {"type", "message"} <= set(error)
    elif door.startswith("gemini"):
        assert error["code"] == status
        assert error["status"].isupper()
    else:
        assert {"message", "type", "param", "code"} <= set(error)
    return str(error["message"])


STATUSES = (400, 401, 402, 403, 404, 408, 413, 429, 500, 502, 503, 504, 529)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("door", DOORS)
async def test_a_providers_refusal_at_every_door(door: str, stream: bool, tmp_path: Path) -> None:
    """R-E1, edge cases 27, 59: its status and words, in the door's envelope, also for a stream that never began."""
    upstream = "anthropic_messages" if door.startswith("openai") else "openai_chat"
    current = 0

    def refuse(_: Asked) -> Say:
        error = {"message": f"refused with {current}", "type": "some_error", "code": None, "param": None}
        said = {"type": "error", "error": error} if upstream == "anthropic_messages" else {"error": error}
        return body(said, current)

    async with (
        Upstream(refuse) as up,
        gate(tmp_path, {**provider(upstream, up.url), "retries": 0}) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS) as client,
    ):
        for status in STATUSES:
            current = status
            path, said = asked(door, "up/m", stream=stream)
            answer = await client.post(path, json=said)
            assert answer.status_code == status, answer.text
            assert f"refused with {status}" in message_of(door, status, answer.json())
            assert "canary-up" not in answer.text
        kept = await rows(gateway, len(STATUSES))
    assert [row.http_status for row in kept] == list(STATUSES)
    assert all(len(row.attempts) == 1 for row in kept)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("door", DOORS)
async def test_a_refusal_that_is_no_json_is_put_in_the_envelope_of_its_own_dialect_too(
    door: str, stream: bool, tmp_path: Path
) -> None:
    """R-E1, edge case 55: a proxy before the provider answers with a page, and no client reads that."""
    upstream = {"gemini_array": "gemini", "ollama_generate": "ollama"}.get(door, door)
    bodies = [
        b"<html><body>Bad gateway</body></html>",
        b"upstream connect error",
        b'"no healthy upstream"',
        b'{"error": {',
    ]
    said = iter(bodies)
    page = (("content-type", "text/html; charset=utf-8"),)
    async with (
        Upstream(lambda _: Say(status=502, headers=page, pieces=(next(said),), framing="length")) as up,
        gate(tmp_path, {**provider(upstream, up.url), "retries": 0}) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS) as client,
    ):
        for body in bodies:
            path, question = asked(door, "up/m", stream=stream)
            answer = await client.post(path, json=question)
            assert (answer.status_code, answer.headers["content-type"]) == (502, "application/json")
            assert body.decode().strip('"') in message_of(door, 502, answer.json())


@pytest.mark.parametrize("door", DOORS)
async def test_our_own_refusals_at_every_door(door: str, tmp_path: Path) -> None:
    """R-E1: no key, a bad key, no such model, no JSON, an unreachable provider."""
    lost = {"name": "lost", "kind": "deepseek", "base_url": "http://127.0.0.1:9/v1", "api_key": "k", "models": ["m"]}
    async with gate(tmp_path, lost) as gateway, httpx2.AsyncClient(base_url=url(gateway)) as client:
        path, said = asked(door, "demo/echo", stream=False)
        nowhere, _ = asked(door, "nope/m", stream=False)
        there, elsewhere = asked(door, "lost/m", stream=False)
        cases: list[tuple[int, str, dict[str, str], bytes]] = [
            (401, path, {}, json.dumps(said).encode()),
            (401, path, {"authorization": "Bearer ' OR '1'='1"}, json.dumps(said).encode()),
            (404, nowhere, KEYS, json.dumps({**said, "model": "nope/m"}).encode()),
            (400, path, KEYS, b"{"),
            (400, path, KEYS, b"[]"),
            (502, there, KEYS, json.dumps(elsewhere).encode()),
        ]
        for status, where, headers, raw in cases:
            answer = await client.post(where, content=raw, headers={**headers, "content-type": "application/json"})
            assert answer.status_code == status, (where, raw, answer.text)
            assert message_of(door, status, answer.json())
            named = answer.headers["x-request-id"]
            if door == "anthropic_messages":
                assert [answer.json()["request_id"], answer.headers["request-id"]] == [named, named]
        other = await client.get("/v1/messages", headers={"x-request-id": "mine-1"})
        assert [other.status_code, other.json()["request_id"], other.headers["request-id"]] == [405, "mine-1", "mine-1"]


@pytest.mark.parametrize("door", DOORS)
async def test_a_cut_inside_a_stream_is_the_doors_error_event(door: str, tmp_path: Path) -> None:
    """Law 2, R-F1: after content never a clean finish, never a second status."""
    whole = list(script("openai_chat")(Asked("POST", "", {}, b'{"stream":true}')).pieces)
    async with (
        Upstream(lambda _: sse(*whole[:4], cut=True, pause=0.01)) as up,
        gate(tmp_path, provider("openai_chat", up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS) as client,
    ):
        path, said = asked(door, "up/m", stream=True)
        answer = await client.post(path, json=said)
        assert answer.status_code == 200
        text = answer.text
        assert TEXT[:4] in text
        match door:
            case "openai_chat":
                assert '"error"' in text.split("data: ")[-1]
                assert "[DONE]" not in text
            case "openai_responses":
                assert "event: error" in text or "response.failed" in text
                assert "response.completed" not in text
            case "anthropic_messages":
                assert "event: error" in text
                assert "message_stop" not in text
            case "gemini":
                assert '"error"' in text.split("data: ")[-1]
            case "gemini_array":
                assert "error" in json.loads(text)[-1]
            case _:
                last = json.loads(text.strip().splitlines()[-1])
                assert "error" in last
        [row] = await rows(gateway, 1)
    assert row.status == "error"


LIFECYCLE: dict[str, bytes] = {
    "anthropic_messages": b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message",'
    b'"role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,'
    b'"output_tokens":1}}}\n\nevent: ping\ndata: {"type":"ping"}\n\nevent: error\ndata: {"type":"error","error":'
    b'{"type":"overloaded_error","message":"Overloaded"}}\n\n',
    "openai_chat": b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,'
    b'"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\ndata: {"error":{"message":"Overloaded",'
    b'"type":"overloaded","code":503}}\n\n',
}


ALSO = {"error": {"message": "Also", "type": "overloaded", "param": None, "code": None}}


@pytest.mark.parametrize("second", ["answers", "fails"])
@pytest.mark.parametrize("upstream", list(LIFECYCLE))
@pytest.mark.parametrize("door", DOORS)
async def test_lifecycle_frames_then_overload(door: str, upstream: str, second: str, tmp_path: Path) -> None:
    """Edge case 59, R-F1: fallback succeeds with one start, or a real HTTP error when it fails too."""
    group = '[[groups]]\nname = "both"\nretries = 0\ntargets = [{ model = "up/m" }, { model = "spare/m" }]\n'
    spare = script("openai_chat") if second == "answers" else (lambda _: body(ALSO, 503))
    async with (
        Upstream(lambda _: sse(LIFECYCLE[upstream])) as up,
        Upstream(spare) as other,
        gate(
            tmp_path,
            provider(upstream, up.url),
            provider("openai_chat", other.url, "spare"),
            sections="[server]\nport = 0\n" + group,
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS) as client,
    ):
        path, said = asked(door, "both", stream=True)
        answer = await client.post(path, json=said)
        assert answer.headers["x-gophergate-attempts"] == "2"
        if second == "fails":
            assert answer.status_code == 503
            assert "Also" in message_of(door, 503, answer.json())
        else:
            assert answer.status_code == 200
            assert "Overloaded" not in answer.text
            assert answer.headers["x-gophergate-model"] == "spare/m"
            assert answer.text.count("message_start") <= 2, "the event's name and its type, once"
