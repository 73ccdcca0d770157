"""Guards where answers are kept, go on, race or come by another way: nothing goes round them (R-X7)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI
from websockets.asyncio.client import connect

from gophergate.app import Gateway
from kit.answers import Said, provider, script
from kit.door_requests import asked
from kit.gate import KEY, gate, rows, url
from kit.operator import operator
from kit.responses_upstream import NativeResponses
from kit.upstream import Say, Upstream, sse

MAIL = "ann.lee@example.com"
LEAK = Said(thought="", text=f"Write to {MAIL}, please", calls=())
MASKS = '\n[[guards]]\nname = "personal"\nkind = "pii"\naction = "mask"\n'


def client(gateway: Gateway) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key=KEY, max_retries=0)


async def test_a_socket_is_guarded_as_any_door(tmp_path: Path) -> None:
    """Edge case 62 on the Responses WebSocket, over two turns: what is remembered is what was shown."""
    async with (
        Upstream(script("openai_responses", LEAK)) as up,
        gate(tmp_path, provider("openai_responses", up.url), sections=MASKS) as gateway,
        connect(
            f"ws://127.0.0.1:{gateway.port}/v1/responses",
            additional_headers={"authorization": f"Bearer {KEY}"},
            proxy=None,
        ) as socket,
    ):
        previous = None
        for _ in range(2):
            said = {"type": "response.create", "store": False, "model": "up/m", "input": f"I am {MAIL}"}
            await socket.send(json.dumps(said | ({"previous_response_id": previous} if previous else {})))
            heard = ""
            while True:
                message = await asyncio.wait_for(socket.recv(), 20)
                event = json.loads(message)
                heard += str(message)
                if event["type"] == "response.completed":
                    previous = event["response"]["id"]
                    break
            assert "Write to [EMAIL], please" in heard
            assert "ann.lee" not in heard
        assert all("ann.lee" not in one.body.decode() for one in up.asked)
        assert "Write to [EMAIL], please" in up.asked[1].body.decode()


async def test_a_background_response_is_made_here_and_shown_masked(tmp_path: Path) -> None:
    async with (
        Upstream(script("openai_responses", LEAK)) as up,
        gate(tmp_path, provider("openai_responses", up.url), sections=MASKS) as gateway,
        client(gateway) as sdk,
    ):
        made = await sdk.responses.create(model="up/m", input=f"I am {MAIL}", background=True)
        for _ in range(200):
            now = await sdk.responses.retrieve(made.id)
            if now.status == "completed":
                break
            await asyncio.sleep(0.02)
        assert now.output_text == "Write to [EMAIL], please"
        sent = up.asked[0].json
        kept = await rows(gateway)
    assert not sent.get("background")
    assert "ann.lee" not in json.dumps(sent)
    assert {one.where for one in kept[0].guards} == {"input", "output"}


async def test_what_its_maker_keeps_is_not_shown_past_a_guard(tmp_path: Path) -> None:
    """R-X7: coming back to it is refused by name; deleting it shows nothing."""
    async with (
        Upstream(NativeResponses()) as up,
        gate(tmp_path, provider("openai_responses", up.url)) as gateway,
        client(gateway) as sdk,
        operator(gateway) as admin,
    ):
        made = await sdk.responses.create(model="up/m", input="hi")
        assert (await sdk.responses.retrieve(made.id)).output_text == "turn 1"
        await admin.make("/api/guards", {"name": "late", "kind": "pii", "action": "mask"})
        with pytest.raises(openai.BadRequestError, match="guard 'late' concerns this call") as refused:
            await sdk.responses.retrieve(made.id)
        assert refused.value.code == "guard_cannot_apply"
        told = await sdk.responses.create(model="up/m", input="on", previous_response_id=made.id)
        assert told.output_text == "turn 2"
        await sdk.responses.delete(made.id)


GROUP = """
[[groups]]
name = "both"
strategy = "ordered"
targets = [{ model = "one/m" }, { model = "two/m" }]
"""


@pytest.mark.parametrize("stream", [False, True])
async def test_a_race_is_guarded_and_what_is_blocked_is_the_answer(stream: bool, tmp_path: Path) -> None:
    """R-F1: a blocked answer is no failure that another target makes good."""
    slow = script("openai_chat", LEAK)

    def late(asked: Any) -> Say:
        say = slow(asked)
        say.wait = 0.3
        return say

    async with (
        Upstream(late) as one,
        Upstream(script("openai_chat", LEAK)) as two,
        gate(
            tmp_path,
            provider("openai_chat", one.url, "one"),
            provider("openai_chat", two.url, "two"),
            sections=GROUP + "hedge_after = 30\n" + MASKS,
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as http,
        operator(gateway) as admin,
    ):
        path, said = asked("openai_chat", "both", stream=stream)
        answer = await http.post(path, json=said)
        assert answer.status_code == 200
        assert "[EMAIL]" in answer.text
        assert "ann.lee" not in answer.text
        blocks = {"name": "block", "kind": "pii", "where": "output"}
        await admin.make("/api/guards", blocks)
        await admin.make("/api/groups", {"name": "order", "targets": [{"model": "two/m"}, {"model": "one/m"}]})
        before = len(one.asked)
        path, said = asked("openai_chat", "order", stream=stream)
        answer = await http.post(path, json=said)
        row = (await rows(gateway, 2))[-1]
    assert len(one.asked) == before
    assert "guard 'block'" in answer.text
    assert (row.status, row.error_code, len(row.attempts)) == ("refused", "content_blocked", 1)


async def test_an_answer_that_is_continued_elsewhere_stays_masked(tmp_path: Path) -> None:
    """What the second provider is told was said is what the client was shown."""
    first = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
    said = [
        first + json.dumps({"content": text}).encode() + b',"finish_reason":null}]}\n\n'
        for text in (
            "Write to ann.l",
            "ee@example.com and ",
            "to nobody else ",
        )
    ]
    async with (
        Upstream(lambda _: sse(*said, cut=True)) as one,
        Upstream(script("openai_chat", LEAK)) as two,
        gate(
            tmp_path,
            provider("openai_chat", one.url, "one"),
            provider("openai_chat", two.url, "two"),
            sections=GROUP + "continue_streams = true\n" + MASKS,
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as http,
    ):
        path, asks = asked("openai_chat", "both", stream=True)
        answer = await http.post(path, json=asks)
        sent = two.asked[0].json["messages"]
    assert "ann" not in answer.text
    assert answer.text.count("[EMAIL]") == 2
    assert "continued by two/m" in answer.text
    assert sent[1]["content"] == "Write to [EMAIL] and to nobody else "


async def test_a_client_that_goes_while_words_are_held_leaves_one_row(tmp_path: Path) -> None:
    """R-F3, law 1: what is held back holds nothing up."""
    goes = asyncio.Event()
    first = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
    pieces = [first + b'{"content":"Hello dear ann"},"finish_reason":null}]}\n\n']
    async with (
        Upstream(lambda _: sse(*pieces, hold=goes)) as up,
        gate(tmp_path, provider("openai_chat", up.url), sections=MASKS) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as http,
    ):
        path, asks = asked("openai_chat", "up/m", stream=True)
        async with http.stream("POST", path, json=asks) as answer:
            async for text in answer.aiter_text():
                if "dear " in text:
                    assert "ann" not in text
                    break
        kept = await rows(gateway)
        goes.set()
    assert [(row.status, row.http_status) for row in kept] == [("client_closed", 499)]
