"""What crosses from one vendor's language to another: losses named, tools under their own names, media fetched for
those that fetch none, the same bytes every time."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gophergate.core.blocks import Media, Text, ToolResult
from gophergate.core.request import Request, Turn
from gophergate.errors import BadRequest
from gophergate.routing.media import MAX_FETCHED, inlined
from gophergate.transport.fetch import Fetched
from kit.answers import provider, script
from kit.gate import KEY, gate, rows, url
from kit.upstream import Asked, Say, Upstream, body, sse

KEYS = {"authorization": f"Bearer {KEY}"}
SAID = [{"role": "user", "content": "Hi"}]


async def test_losses_are_named_in_the_head_and_in_the_row_and_refused_when_strict(tmp_path: Path) -> None:
    """R-C1, DESIGN 2: settings and betas that another vendor has no word for."""
    asked = {"model": "up/m", "max_tokens": 50, "context_management": {"edits": []}, "messages": SAID}
    betas = {**KEYS, "anthropic-beta": "context-management-2025-06-27", "anthropic-version": "2023-06-01"}
    async with (
        Upstream(script("openai_chat")) as up,
        Upstream(script("anthropic_messages")) as home,
        gate(tmp_path, provider("openai_chat", up.url), provider("anthropic_messages", home.url, "home")) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=betas) as client,
    ):
        answer = await client.post("/v1/messages", json=asked)
        assert set(answer.headers["x-gophergate-dropped"].split(",")) == {"context_management", "anthropic-beta"}
        assert "anthropic-beta" not in up.asked[0].headers
        strict = await client.post("/v1/messages", json=asked, headers={"x-gophergate-strict": "true"})
        assert strict.status_code == 400
        assert strict.json()["error"]["type"] == "invalid_request_error"
        assert len(up.asked) == 1
        kept = await client.post("/v1/messages", json={**asked, "model": "home/m"})
        assert "x-gophergate-dropped" not in kept.headers
        assert home.asked[0].headers["anthropic-beta"] == "context-management-2025-06-27"
        first, second, third = await rows(gateway, 3)
    assert set(first.dropped) == {"context_management", "anthropic-beta"}
    assert (second.status, third.dropped) == ("refused", ())


async def test_what_an_answer_holds_and_its_client_is_not_shown_is_named(tmp_path: Path) -> None:
    """DESIGN 2, "Loss is named", edge case 25: another vendor's own blocks; in the head as far as they are known when
    it goes, in the row all."""
    search = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "x"}}
    found = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []}
    blocks = [search, found, {"type": "text", "text": "Found."}]
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
    whole = {**message, "stop_reason": "end_turn", "content": blocks, "usage": {"input_tokens": 1, "output_tokens": 1}}
    async with (
        Upstream(lambda asked: body(whole)) as up,
        gate(tmp_path, provider("anthropic_messages", up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS) as client,
    ):
        for stream in (False, True):
            asked = {"model": "up/m", "messages": SAID, "stream": stream}
            answer = await client.post("/v1/chat/completions", json=asked)
            assert "Found." in answer.text
            named = answer.headers.get("x-gophergate-dropped")
            assert named == ("server_tool_use" if stream else "server_tool_use,web_search_tool_result")
        kept = await client.post("/v1/messages", json={"model": "up/m", "max_tokens": 9, "messages": SAID})
        assert kept.json()["content"] == blocks
        first, second, third = await rows(gateway, 3)
    assert first.dropped == second.dropped == ("server_tool_use", "web_search_tool_result")
    assert third.dropped == ()


async def test_a_limit_that_the_model_cannot_reach_becomes_its_makers_and_is_named(tmp_path: Path) -> None:
    """PROTOCOLS, Claude Code: `max_tokens` of 128,000 for the models it knows, whatever answers for them. Edge case 56:
    never a reseller's limit; what nobody knows, and a caller of the same language, keeps what was said."""
    tries = [("gpt-4o", 128_000, 16_384), ("gpt-4o", 9_000, 9_000), ("m", 128_000, 128_000)]
    async with (
        Upstream(script("openai_chat")) as up,
        gate(tmp_path, {**provider("openai_chat", up.url), "kind": "openai", "models": ["gpt-4o", "m"]}) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS) as client,
    ):
        while not gateway.catalog.current.facts("up/gpt-4o").is_known:
            await asyncio.sleep(0.01)
        for model, said, sent in tries:
            asked = {"model": f"up/{model}", "max_tokens": said, "messages": SAID}
            answer = await client.post("/v1/messages", json=asked)
            assert up.asked[-1].json["max_completion_tokens"] == sent
            assert answer.headers.get("x-gophergate-dropped") == (None if said == sent else "max_output_tokens")
            kept = await client.post("/v1/chat/completions", json=asked)
            assert (kept.status_code, up.asked[-1].json["max_tokens"]) == (200, said)
        asked = {"model": "up/gpt-4o", "max_tokens": 128_000, "messages": SAID}
        strict = await client.post("/v1/messages", json=asked, headers={"x-gophergate-strict": "true"})
        assert strict.status_code == 400


@pytest.mark.parametrize("stream", [False, True])
async def test_what_a_providers_own_tools_did_is_named_where_it_is_not_shown(stream: bool, tmp_path: Path) -> None:
    """DESIGN 2, "Loss is named": Groq tells in a member of the message what its tools did. Its own clients get it."""
    done = [{"index": 0, "type": "search", "arguments": "{}", "search_results": {"results": []}}]
    spoken = {"role": "assistant", "content": "Found.", "channel": "final", "executed_tools": done}
    choice = {"index": 0, "delta" if stream else "message": spoken, "finish_reason": "stop"}
    whole = {"id": "c1", "model": "m", "choices": [choice]}

    def say(_: Asked) -> Say:
        return sse(b"data: " + json.dumps(whole).encode() + b"\n\n", b"data: [DONE]\n\n") if stream else body(whole)

    async with (
        Upstream(say) as up,
        gate(tmp_path, provider("openai_chat", up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS) as client,
    ):
        asked = {"model": "up/m", "max_tokens": 9, "messages": SAID, "stream": stream}
        answer = await client.post("/v1/messages", json=asked)
        assert "Found." in answer.text
        assert "executed_tools" not in answer.text
        assert answer.headers.get("x-gophergate-dropped") == (None if stream else "executed_tools")
        assert "executed_tools" in (await client.post("/v1/chat/completions", json=asked)).text
        first, second = await rows(gateway, 2)
    assert (first.dropped, second.dropped) == (("executed_tools",), ())


@pytest.mark.parametrize("stream", [False, True])
async def test_tools_come_back_under_the_names_and_in_the_form_they_were_offered(stream: bool, tmp_path: Path) -> None:
    """R-C2, edge case 49: a free-form tool and a namespace through a provider that knows only functions."""
    calls = [("apply_patch", {"input": "*** Begin"}), ("clock__sleep", {"seconds": 3})]

    def answer(asked: Asked) -> Say:
        names = {tool["name"] for tool in asked.json["tools"]}
        assert names == {"apply_patch", "clock__sleep"}
        blocks = [
            {"type": "tool_use", "id": f"toolu_{n}", "name": name, "input": given}
            for n, (name, given) in enumerate(calls)
        ]
        head = {"id": "m", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
        usage = {"input_tokens": 1, "output_tokens": 1}
        return body({**head, "content": blocks, "stop_reason": "tool_use", "usage": usage})

    tools = [
        {"type": "custom", "name": "apply_patch", "format": {"type": "text"}},
        {
            "type": "namespace",
            "name": "clock",
            "description": "Time",
            "tools": [{"type": "function", "name": "sleep", "parameters": {"type": "object"}}],
        },
    ]
    async with (
        Upstream(answer) as up,
        gate(tmp_path, provider("anthropic_messages", up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS) as client,
    ):
        said = {"model": "up/m", "input": "Hi", "tools": tools, "stream": stream}
        got = await client.post("/v1/responses", json=said)
    if stream:
        lines = [json.loads(line[6:]) for line in got.text.splitlines() if line.startswith("data: {")]
        items = [line["item"] for line in lines if line["type"] == "response.output_item.done"]
        assert "response.custom_tool_call_input.done" in {line["type"] for line in lines}
    else:
        items = got.json()["output"]
    patch, sleep = items
    assert (patch["type"], patch["name"], patch["input"]) == ("custom_tool_call", "apply_patch", "*** Begin")
    assert (sleep["type"], sleep["name"], sleep["namespace"]) == ("function_call", "sleep", "clock")
    assert json.loads(sleep["arguments"]) == {"seconds": 3}


# -- media ------------------------------------------------------------------------------------------------------------


def picture(address: str, **more: Any) -> Request:
    medium = Media(kind="image", url=address, detail="low")
    result = ToolResult(call_id="c", content=(medium, Text(text="see")))
    turn = Turn(role="user", blocks=(medium, result))
    return Request(dialect="openai_chat", model="m", turns=(turn,), **more)


async def test_media_are_put_in_where_the_target_fetches_none() -> None:
    """Edge case 29; PROTOCOLS: a PDF by its address is no picture. Each address is fetched once."""
    fetched: list[str] = []

    async def fetch(address: str) -> Fetched:
        fetched.append(address)
        return Fetched("application/pdf", b"%PDF-1.7")

    request = picture("https://example.com/a")
    got = await inlined(request, frozenset(), "gemini", fetch)
    assert fetched == ["https://example.com/a"]
    first, result = got.turns[0].blocks
    expected = Media(kind="document", media_type="application/pdf", data="JVBERi0xLjc=")
    assert first == expected
    assert isinstance(result, ToolResult)
    assert result.content == (expected, Text(text="see"))
    assert await inlined(request, frozenset({"image"}), "gemini", fetch) is request
    assert await inlined(request, frozenset(), "openai_chat", fetch) is request
    assert await inlined(picture("gs://bucket/a"), frozenset(), "gemini", fetch) == picture("gs://bucket/a")
    many = tuple(Media(kind="image", url=f"https://example.com/{n}") for n in range(MAX_FETCHED + 1))
    with pytest.raises(BadRequest):
        await inlined(
            Request(dialect="x", model="m", turns=(Turn(role="user", blocks=many),)), frozenset(), "gemini", fetch
        )


async def test_addresses_of_our_own_network_are_refused_by_name(tmp_path: Path) -> None:
    """R-X3: a clear 400 naming the host, and nobody is asked, neither the provider nor the address."""
    async with (
        Upstream(script("gemini")) as up,
        gate(tmp_path, provider("gemini", up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS) as client,
    ):
        for address in (f"{up.url}/secret.png?token=abc", "http://169.254.169.254/latest/meta-data"):
            parts = [{"type": "image_url", "image_url": {"url": address}}]
            asked = {"model": "up/m", "messages": [{"role": "user", "content": parts}]}
            answer = await client.post("/v1/chat/completions", json=asked)
            assert answer.status_code == 400
            assert address.split("/")[2] in answer.json()["error"]["message"]
            assert "token=abc" not in answer.text
        assert up.asked == []


# -- the same bytes ---------------------------------------------------------------------------------------------------

WRITES = """
import sys
from gophergate.dialects.base import Target, encode
from gophergate.doors.chat import dialects
spoken = dialects()
body = sys.stdin.buffer.read()
request = spoken["anthropic_messages"].read_request(body)
for name, dialect in spoken.items():
    sys.stdout.buffer.write(encode(dialect.write_request(request, Target(model="m", origin="up")).body) + b"\\n")
"""


def conversation(turns: int) -> bytes:
    said: list[dict[str, Any]] = []
    for n in range(turns):
        call = {"type": "tool_use", "id": f"toolu_{n}", "name": "weather", "input": {"b": n, "a": {"z": 1, "y": [2]}}}
        result = {"type": "tool_result", "tool_use_id": f"toolu_{n}", "content": f"{n} degrees"}
        said += [
            {"role": "user", "content": f"Question {n}"},
            {"role": "assistant", "content": [{"type": "text", "text": "Let me see."}, call]},
            {"role": "user", "content": [result]},
            {"role": "assistant", "content": f"It is {n}."},
        ]
    said.append({"role": "user", "content": "Thanks."})
    schema = {
        "type": "object",
        "properties": {"b": {"type": "integer"}, "a": {"type": "object"}},
        "required": ["b", "a"],
    }
    tools = [{"name": "weather", "description": "Tells it", "input_schema": schema}]
    return json.dumps(
        {"model": "m", "max_tokens": 99, "system": "Be brief.", "tools": tools, "messages": said}
    ).encode()


def written(conversation: bytes, seed: str) -> list[bytes]:
    run = subprocess.run(
        [sys.executable, "-c", WRITES],
        input=conversation,
        capture_output=True,
        check=True,
        env={"PYTHONHASHSEED": seed},
    )
    return run.stdout.splitlines()


def test_identical_input_gives_identical_bytes_and_a_turn_more_only_appends() -> None:
    """R-K1, edge case 32, law 5: over processes with other hash seeds, in every dialect."""
    once, again = written(conversation(2), "1"), written(conversation(2), "2")
    assert once == again
    assert len(once) == 5
    for shorter, longer in zip(once, written(conversation(3), "3"), strict=True):
        list_of = next(name for name in ("messages", "contents", "input") if name in json.loads(shorter))
        before, after = json.loads(shorter)[list_of], json.loads(longer)[list_of]
        assert after[: len(before) - 1] == before[:-1], "the last turn was the user's thanks"
        prefix = shorter[: shorter.rindex(b"Thanks.")]
        start = prefix[: prefix.rindex(b"It is 1.")]
        assert longer.startswith(start)
