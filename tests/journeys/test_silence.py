"""Heartbeats from before a provider's first byte, in each door's form, and the vendors' clients over them (R-F4)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx2
import pytest

from kit.answers import CITY, TEXT, provider, script
from kit.clients import CLIENTS
from kit.door_requests import asked
from kit.gate import KEY, gate, rows, url
from kit.upstream import Asked, Say, Upstream

SILENT = "[server]\nport = 0\nkeepalive_interval = 0.05\n"
"""Six heartbeats in the silence below: as many as 90 s hold at the usual interval (edge case 60)."""


def slow(asked: Asked) -> Say:
    say = script("openai_chat" if "chat" in asked.target else "anthropic_messages")(asked)
    say.wait = 0.32
    return say


BEATS = {
    "openai_chat": b": keep-alive\n\n",
    "openai_responses": b": keep-alive\n\n",
    "anthropic_messages": b'event: ping\ndata: {"type": "ping"}\n\n',
    "gemini": b"\r\n",
    "gemini_array": b"\r\n",
    "ollama": b" ",
}


@pytest.mark.parametrize("door", list(BEATS))
async def test_silence_before_the_first_byte_is_broken_in_the_doors_form(door: str, tmp_path: Path) -> None:
    """Edge case 60, R-F4."""
    upstream = "anthropic_messages" if door.startswith("openai") else "openai_chat"
    speaks = asyncio.Event()

    async def silent(asked: Asked) -> Say:
        await speaks.wait()
        return script(upstream)(asked)

    path, said = asked(door, "up/m", stream=True)
    beat, data = BEATS[door], b""
    async with (
        Upstream(silent) as up,
        gate(tmp_path, provider(upstream, up.url), sections=SILENT) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"authorization": f"Bearer {KEY}"}) as client,
        client.stream("POST", path, json=said) as answer,
    ):
        async for piece in answer.aiter_raw():
            data += piece
            if data.startswith(beat * 3):
                speaks.set()  # Not before: whatever came until now came before the provider's first byte.
    assert speaks.is_set()
    assert TEXT[:4].encode() in data
    if door == "gemini_array":
        assert isinstance(json.loads(data), list)


@pytest.mark.parametrize("door", list(CLIENTS))
async def test_the_vendors_clients_do_not_mind(door: str, tmp_path: Path) -> None:
    """R-F4: google-genai crashes on comments, ollama-python on blank lines; none of them sees either."""
    upstream = "anthropic_messages" if door.startswith("openai") else "openai_chat"
    async with (
        Upstream(slow) as up,
        gate(tmp_path, provider(upstream, up.url), sections=SILENT) as gateway,
    ):
        got = await CLIENTS[door](url(gateway), KEY, "up/m", "Hi", True)
        assert (got.text, got.calls) == (TEXT, [("weather", CITY)])


async def test_an_error_after_heartbeats_is_the_streams_last_event(tmp_path: Path) -> None:
    """Law 2: the status has gone out with the first heartbeat; the refusal is told inside."""
    refusal = Say(503, pieces=[b'{"error":{"message":"Overloaded"}}'], wait=0.2)
    async with (
        Upstream(lambda _: refusal) as up,
        gate(tmp_path, provider("openai_chat", up.url), sections=SILENT) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"authorization": f"Bearer {KEY}"}) as client,
    ):
        path, said = asked("anthropic_messages", "up/m", stream=True)
        answer = await client.post(path, json=said)
        assert answer.status_code == 200
        assert "event: error" in answer.text
        assert "Overloaded" in answer.text
        [row] = await rows(gateway, 1)
    assert (row.status, row.http_status) == ("error", 503)
