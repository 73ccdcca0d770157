"""Recorded provider traffic through a whole gateway: same dialect on both sides, so bytes must not change."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from kit import exchanges
from kit.exchanges import Record, response_bytes
from kit.gate import KEY, gate, rows, url
from kit.upstream import Asked, Say, Upstream

KINDS = {
    "openai": "openai",
    "deepseek": "deepseek",
    "mistral": "mistral",
    "groq": "groq",
    "xai": "xai",
    "openrouter": "openrouter",
    "ollama": "ollama",
    "huggingface": "huggingface",
    "perplexity": "perplexity",
    "zai": "zai",
}


def playable(record: Record) -> bool:
    body = record["request_body"]
    return (
        record["endpoint"] == "chat.completions"
        and isinstance(body, dict)
        and isinstance(body.get("model"), str)
        and record["framing"] in ("json", "sse")
        and record["method"] == "POST"
    )


def say(record: Record) -> Say:
    """The recorded answer, in odd pieces."""
    data = response_bytes(record)
    step = 1 + len(data) // 7
    kept = ("content-type", "retry-after", "x-should-retry")
    headers = [(name, value) for name, value in record["response_headers"].items() if name.lower() in kept]
    if not any(name.lower() == "content-type" for name, _ in headers):
        kind = "text/event-stream" if record["framing"] == "sse" else "application/json"
        headers.append(("content-type", kind))
    return Say(record["status"], headers, [data[at : at + step] for at in range(0, len(data), step)])


def expected_request(record: Record, sent: bytes, got: Asked) -> str | None:
    """What is wrong with the bytes the provider got; only model name, usage flag and declared quirks may differ."""
    was, now = json.loads(sent), json.loads(got.body)
    was["model"] = record["request_body"]["model"]
    if was.get("stream") and now.get("stream_options", {}).get("include_usage"):
        was.setdefault("stream_options", {})
        was["stream_options"] = {**(was["stream_options"] or {}), "include_usage": True}
    if list(was) != list(now):
        return f"members {list(now)} instead of {list(was)}"
    different = [name for name in was if was[name] != now[name]]
    return f"changed {different}" if different else None


async def play(name: str, kind: str, folder: Path) -> list[str]:
    chosen = [record for record in exchanges.records(name) if playable(record)]
    current: dict[str, Say] = {}
    wrong: list[str] = []

    def script(asked: Asked) -> Say:
        return current["say"]

    async with Upstream(script) as upstream:
        provider: dict[str, Any] = {"name": "up", "kind": kind, "base_url": f"{upstream.url}/v1", "models": ["listed"]}
        provider |= {"api_key": "canary-upstream-key", "speaks": ["openai_chat"]}
        async with gate(folder, provider) as gateway, httpx2.AsyncClient(base_url=url(gateway)) as client:
            for record in chosen:
                current["say"] = say(record)
                body = {**record["request_body"], "model": f"up/{record['request_body']['model']}"}
                sent = json.dumps(body, ensure_ascii=False).encode()
                upstream.asked.clear()
                headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
                answer = await client.post("/v1/chat/completions", content=sent, headers=headers, timeout=30)
                wrong += [f"{record['id']}: {what}" for what in differences(record, sent, upstream.asked, answer)]
            kept = await rows(gateway, min(len(chosen), 500))
    assert len(kept) == min(len(chosen), 500), "one row for each call"
    assert chosen
    return wrong


def differences(record: Record, sent: bytes, asked: list[Asked], answer: httpx2.Response) -> list[str]:
    if len(asked) != 1:
        return [f"the provider was asked {len(asked)} times: {answer.status_code} {answer.text[:200]}"]
    found = []
    problem = expected_request(record, sent, asked[0])
    if problem:
        found.append(f"request {problem}")
    data = response_bytes(record)
    wanted = bool(record["request_body"].get("stream"))
    if wanted and record["status"] < 400 and record["framing"] == "sse":
        asked_usage = (record["request_body"].get("stream_options") or {}).get("include_usage")
        if not asked_usage:
            return found + without_usage(data, answer.content)
        if answer.content != data and answer.content != data + b"data: [DONE]\n\n":
            found.append("stream changed")
    elif wanted == (record["framing"] == "sse") or record["status"] >= 400:
        if answer.status_code != record["status"] and not body_is_error(data):
            found.append(f"status {answer.status_code} for {record['status']}: {answer.text[:200]}")
        elif answer.content != data and not (record["status"] == 200 and body_is_error(data)):
            found.append("body changed")
    return found


def body_is_error(data: bytes) -> bool:
    try:
        return "error" in json.loads(data)
    except ValueError:
        return False


def without_usage(data: bytes, got: bytes) -> list[str]:
    """For a client that did not ask: the events are the same but for usage-only chunks."""

    def events(raw: bytes) -> list[bytes]:
        return [event for event in raw.replace(b"\r\n", b"\n").split(b"\n\n") if event.strip()]

    def only_usage(event: bytes) -> bool:
        try:
            chunk = json.loads(event.removeprefix(b"data: "))
        except ValueError:
            return False
        return not chunk.get("choices") and bool(chunk.get("usage"))

    kept = [event for event in events(data) if not only_usage(event)]
    return (
        []
        if [e for e in events(got) if e != b"data: [DONE]"] == [e for e in kept if e != b"data: [DONE]"]
        else ["stream changed"]
    )


@exchanges.wanted
@pytest.mark.parametrize("name", KINDS)
async def test_every_recorded_exchange_passes_byte_for_byte(name: str, tmp_path: Path) -> None:
    """Law 5, R-S1: answers reach the client, requests the provider, but for model name and usage flag."""
    assert await asyncio.wait_for(play(name, KINDS[name], tmp_path), 100) == []
