"""The legacy completions door over real sockets, by the official client: verbatim where its target has the door,
translated where it speaks chat only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI

from kit.answers import TEXT, provider, script
from kit.gate import KEY, gate, rows, url
from kit.upstream import Asked, Say, Upstream, body, sse

KEYS = {"authorization": f"Bearer {KEY}"}


def piece(text: str, reason: str | None = None, **more: Any) -> bytes:
    choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": reason}
    head = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m-instruct"}
    return json.dumps({**head, "choices": [choice], **more}, indent=1).encode()


USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
WHOLE = piece("Upon", "stop", usage=USAGE)
ALONE = b'data: {"id":"cmpl-1","choices":[],"usage":%s}\n\n' % json.dumps(USAGE).encode()
STREAM = [b"data: " + json.dumps(json.loads(piece(*one))).encode() + b"\n\n" for one in (("Up",), ("on", "stop"))]
DONE = b"data: [DONE]\n\n"


def legacy(asked: Asked) -> Say:
    if asked.target == "/v1/completions":
        return sse(*STREAM, ALONE, DONE) if asked.json.get("stream") else body(WHOLE)
    return script("openai_chat")(asked)


async def test_the_official_client_at_the_simulator_and_at_a_target_of_each_kind(tmp_path: Path) -> None:
    """Laws 1 and 5, R-E1, R-U4: bytes where the target has the door, the same shape from a chat target."""
    async with Upstream(legacy) as up:
        native = {**provider("openai_responses", up.url, "native"), "models": ["gpt-3.5-turbo-instruct", "gpt-4o"]}
        del native["speaks"]
        async with (
            gate(tmp_path, native, provider("openai_chat", up.url)) as gateway,
            AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key=KEY, max_retries=0) as client,
            httpx2.AsyncClient(base_url=url(gateway), headers=KEYS, timeout=30) as plain,
        ):
            told = await client.completions.create(model="demo/echo", prompt="Once upon", echo=True)
            assert told.choices[0].text == "Once uponOnce upon"
            streamed = await client.completions.create(
                model="demo/think", prompt="Hi", stream=True, stream_options={"include_usage": True}
            )
            chunks = [chunk async for chunk in streamed]
            assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == "You said: Hi"
            assert chunks[-1].usage is not None
            with pytest.raises(openai.BadRequestError, match="tokens") as refused:
                await client.completions.create(model="demo/echo", prompt=[1, 2])
            assert refused.value.param == "prompt"

            asked = b'{ "model": "native/gpt-3.5-turbo-instruct","prompt":[5,7],  "suffix":"end", "\xc3\xbc": 1.0 }'
            answer = await plain.post("/completions", content=asked)
            assert answer.content == WHOLE
            assert up.asked[-1].body == asked.replace(b"native/", b"")
            assert up.asked[-1].target == "/v1/completions"
            asked = b'{"model":"native/gpt-3.5-turbo-instruct","prompt":"Once","stream":true}'
            answer = await plain.post("/v1/completions", content=asked)
            assert answer.content == b"".join((*STREAM, DONE)), "usage that nobody asked for is kept back"

            whole = await client.completions.create(model="native/gpt-4o", prompt="Once", best_of=2)
            assert whole.choices[0].text == TEXT
            assert up.asked[-1].target == "/v1/chat/completions"
            thinking = await client.completions.with_raw_response.create(model="up/m", prompt="Once", suffix=None)
            assert json.loads(thinking.content)["choices"][0]["text"] == TEXT
            assert thinking.headers["x-gophergate-dropped"] == "thinking"
            with pytest.raises(openai.BadRequestError, match="suffix"):
                await client.completions.create(model="up/m", prompt="Once", suffix="end")
            kept = await rows(gateway, 8)
    assert {(row.door, row.operation) for row in kept} == {("openai_completions", "completions")}
    assert [row.status for row in kept] == ["ok", "ok", "refused", "ok", "ok", "ok", "ok", "refused"]
    assert [row.cost is not None for row in kept] == [True, True, False, True, True, True, False, False]
    assert all(row.usage_source == "provider" for row in kept if row.status == "ok")
    assert kept[5].dropped == ("best_of", "thinking")


GUARDS = """
[[guards]]
name = "mail"
kind = "pii"
detect = ["email"]
where = "input"
action = "mask"

[[guards]]
name = "words"
kind = "keywords"
keywords = ["upon"]
where = "output"
action = "mask"
"""


async def test_guards_act_in_the_targets_own_door(tmp_path: Path) -> None:
    """R-X7: a legacy model knows no other one."""
    async with Upstream(legacy) as up:
        native = {**provider("openai_responses", up.url, "native"), "models": ["gpt-3.5-turbo-instruct"]}
        del native["speaks"]
        async with (
            gate(tmp_path, native, sections=GUARDS) as gateway,
            httpx2.AsyncClient(base_url=url(gateway), headers=KEYS, timeout=30) as plain,
        ):
            said = {"model": "native/gpt-3.5-turbo-instruct", "prompt": "Ask a@b.example", "suffix": "."}
            answer = await plain.post("/v1/completions", json=said)
            assert answer.json()["choices"][0]["text"] == "[KEYWORD]"
            assert (up.asked[-1].target, up.asked[-1].json["prompt"]) == ("/v1/completions", "Ask [EMAIL]")
            answer = await plain.post("/v1/completions", json={**said, "stream": True})
            chunks = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
            assert "".join(one["choices"][0]["text"] for one in chunks) == "[KEYWORD]"
            assert not any("usage" in one for one in chunks)
            kept = await rows(gateway, 2)
    assert [(row.status, row.usage_source) for row in kept] == [("ok", "provider")] * 2
