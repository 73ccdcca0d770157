"""What a maker sealed, over two turns and a whole gateway: back to the maker, to nobody else, never made up."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from kit.answers import ARGUMENTS, SIGNATURE, TEXT, THOUGHT, USUAL, answer, provider, script, wants_stream
from kit.gate import KEY, gate, inline, rows, url
from kit.upstream import Asked, Say, Upstream, body

KEYS = {"authorization": f"Bearer {KEY}"}
QUESTION = {"role": "user", "content": "How is it in Ulm?"}
CHAT_TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def chat_turn(answer: dict[str, Any], model: str, *more: dict[str, Any]) -> dict[str, Any]:
    """The second turn of a client that rebuilds its messages from the members it knows."""
    [call] = answer["choices"][0]["message"]["tool_calls"]
    plain = {"id": call["id"], "type": "function", "function": call["function"]}
    said = [
        QUESTION,
        {"role": "assistant", "content": TEXT, "tool_calls": [plain]},
        {"role": "tool", "tool_call_id": call["id"], "content": "22"},
        *more,
    ]
    return {"model": model, "messages": said, "tools": [CHAT_TOOL]}


async def asked_chat(client: httpx2.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/v1/chat/completions", json=body, headers=KEYS)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("dialect", ["gemini", "anthropic_messages", "openai_responses"])
async def test_a_client_that_cannot_carry_seals_has_them_put_back(dialect: str, tmp_path: Path) -> None:
    """R-S3, edge case 36; PROTOCOLS: lost when the client rebuilds messages from known fields."""
    async with (
        Upstream(script(dialect)) as up,
        gate(tmp_path, provider(dialect, up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway)) as client,
    ):
        first = await asked_chat(client, {"model": "up/m", "messages": [QUESTION], "tools": [CHAT_TOOL]})
        await asked_chat(client, chat_turn(first, "up/m"))
        body = up.asked[-1].json
    match dialect:
        case "gemini":
            call = next(part for part in body["contents"][1]["parts"] if "functionCall" in part)
            assert call["thoughtSignature"] == SIGNATURE
        case "anthropic_messages":
            assert [block["type"] for block in body["messages"][1]["content"]] == ["thinking", "text", "tool_use"]
            thinking = body["messages"][1]["content"][0]
            assert (thinking["thinking"], thinking["signature"]) == (THOUGHT, SIGNATURE)
        case _:
            kinds = [item.get("type", "message") for item in body["input"]]
            assert kinds == ["message", "reasoning", "message", "function_call", "function_call_output"]
            assert body["input"][1]["encrypted_content"] == SIGNATURE


def anthropic_turn(model: str, *blocks: dict[str, Any], finished: bool = False) -> dict[str, Any]:
    said: list[dict[str, Any]] = [QUESTION, {"role": "assistant", "content": list(blocks)}]
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "22"}
    said.append({"role": "user", "content": [result]})
    if finished:
        said += [{"role": "assistant", "content": "It is 22."}, {"role": "user", "content": "Thanks, and in Rome?"}]
    tools = [{"name": "weather", "input_schema": {"type": "object"}}]
    return {"model": model, "max_tokens": 4000, "messages": said, "tools": tools}


THINKING = {"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": json.loads(ARGUMENTS)}


def other_maker(asked: Asked) -> Say:
    """Says the same with tokens and ids of its own."""
    say = script("anthropic_messages")(asked)
    say.pieces = [
        piece.replace(SIGNATURE.encode(), b"T1RIRVI=").replace(b"toolu_1", b"toolu_2") for piece in say.pieces
    ]
    return say


@pytest.mark.parametrize("stream", [False, True])
async def test_a_bare_token_of_one_speaker_never_reaches_another(stream: bool, tmp_path: Path) -> None:
    """R-S2: two providers of one dialect; a bare signature does not say whose it is, the gateway remembers."""
    async with (
        Upstream(script("anthropic_messages")) as a,
        Upstream(other_maker) as b,
        gate(
            tmp_path,
            provider("anthropic_messages", a.url, "a"),
            provider("anthropic_messages", b.url, "b"),
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway)) as client,
    ):
        first = {"model": "a/m", "max_tokens": 9, "messages": [QUESTION], "stream": stream}
        answer = await client.post("/v1/messages", json=first, headers=KEYS)
        assert SIGNATURE in answer.text

        done = anthropic_turn("b/m", THINKING, {"type": "text", "text": TEXT}, CALL, finished=True)
        assert (await client.post("/v1/messages", json=done, headers=KEYS)).status_code == 200
        assert SIGNATURE.encode() not in b.asked[-1].body
        assert b'"tool_use"' in b.asked[-1].body

        home = await client.post("/v1/messages", json={**done, "model": "a/m"}, headers=KEYS)
        assert home.status_code == 200
        assert a.asked[-1].json["messages"] == done["messages"], "to its maker it goes verbatim"

        opened = anthropic_turn("b/m", THINKING, {"type": "text", "text": TEXT}, CALL)
        back = await client.post("/v1/messages", json=opened, headers=KEYS)
        assert back.headers["x-gophergate-model"] == "a/m", "inside an open loop only the maker goes on"
        assert len(b.asked) == 1
        assert a.asked[-1].json["messages"] == opened["messages"]
        kept = await rows(gateway, 4)
    assert any("belongs to 'a'" in step for step in kept[-1].decision)


async def test_an_open_loop_whose_maker_is_gone_is_refused_by_its_name(tmp_path: Path) -> None:
    """R-S2, R-S4: a clear error, and nobody is asked."""
    signed = {**THINKING, "signature": f"gg1:gemini:old-google:{SIGNATURE}"}
    async with (
        Upstream(script("anthropic_messages")) as up,
        gate(tmp_path, provider("anthropic_messages", up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway)) as client,
    ):
        opened = anthropic_turn("up/m", signed, CALL)
        refused = await client.post("/v1/messages", json=opened, headers=KEYS)
        assert refused.status_code == 400
        assert "old-google" in refused.json()["error"]["message"]
        assert up.asked == []
        done = anthropic_turn("up/m", signed, CALL, finished=True)
        assert (await client.post("/v1/messages", json=done, headers=KEYS)).status_code == 200
        assert b"old-google" not in up.asked[-1].body
        assert SIGNATURE.encode() not in up.asked[-1].body


async def test_an_unsealed_thought_does_not_go_to_anthropic_as_it_is(tmp_path: Path) -> None:
    """Edge case 22: shown to the client with an empty signature, which Anthropic refuses when it comes back."""
    async with (
        Upstream(script("anthropic_messages")) as up,
        gate(tmp_path, provider("anthropic_messages", up.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway)) as client,
    ):
        body = anthropic_turn("up/m", {**THINKING, "signature": ""}, CALL)
        answer = await client.post("/v1/messages", json=body, headers=KEYS)
        assert answer.status_code == 200
        assert answer.headers["x-gophergate-dropped"] == "reasoning"
        assert [block["type"] for block in up.asked[-1].json["messages"][1]["content"]] == ["tool_use"]


async def test_another_client_gets_nothing_of_what_is_remembered(tmp_path: Path) -> None:
    """R-S3: kept by client. A seal is never put into another client's conversation."""
    from gophergate.core.blocks import Seal, ToolCall
    from gophergate.core.events import Finished, Started
    from gophergate.core.reply import Reply
    from gophergate.routing.seals import MemorySeals, call_keys, kept_of

    call = ToolCall(id="call_1", name="weather", arguments="{}", seal=Seal("t", "gemini", "up"))
    reply = Reply(
        started=Started(), blocks=(call,), choices=(0,), logprobs=(None,), usage=None, finished=Finished(reason="stop")
    )
    store = MemorySeals(lambda: 0.0)
    await store.put("one", kept_of(reply, "up", "m"))
    assert set(await store.get("one", call_keys(call))) == set(call_keys(call))
    assert await store.get("two", call_keys(call)) == {}
    assert not store.may_hold("two")


async def test_calls_that_only_look_alike_lead_no_conversation_to_another_maker(tmp_path: Path) -> None:
    """R-S2, R-S3: Ollama's clients send no ids. What another maker's call said must not answer for the model that was
    named."""
    async with (
        Upstream(script("gemini")) as sealing,
        Upstream(script("openai_chat")) as plain,
        gate(tmp_path, provider("gemini", sealing.url, "a"), provider("openai_chat", plain.url, "b")) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS) as client,
    ):
        for name in ("a/m", "b/m"):
            asked = {"model": name, "messages": [QUESTION], "tools": [CHAT_TOOL], "stream": False}
            message = (await client.post("/api/chat", json=asked)).json()["message"]
            calls = [{"function": {**call["function"]}} for call in message["tool_calls"]]
            turn = {"role": "assistant", "content": TEXT, "tool_calls": calls}
            result = {"role": "tool", "tool_name": "weather", "content": "22"}
            second = await client.post("/api/chat", json={**asked, "messages": [QUESTION, turn, result]})
            assert second.headers["x-gophergate-model"] == name
    assert len(sealing.asked) == len(plain.asked) == 2
    assert SIGNATURE.encode() in sealing.asked[1].body
    assert SIGNATURE.encode() not in plain.asked[1].body


def second_turn(door: str, first: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What a client of a door sends with the result of the call in `first`."""
    match door:
        case "openai_chat":
            return "/v1/chat/completions", chat_turn(first, "up/m")
        case "anthropic_messages":
            result = {"type": "tool_result", "tool_use_id": first["content"][-1]["id"], "content": "22"}
            said = [QUESTION, {"role": "assistant", "content": first["content"]}, {"role": "user", "content": [result]}]
            return "/v1/messages", {"model": "up/m", "max_tokens": 99, "messages": said}
        case _:
            result = {"type": "function_call_output", "call_id": first["output"][-1]["call_id"], "output": "22"}
            return "/v1/responses", {"model": "up/m", "store": False, "input": [QUESTION, *first["output"], result]}


@pytest.mark.parametrize("door", ["openai_responses", "anthropic_messages", "openai_chat"])
async def test_what_one_account_sealed_goes_back_on_its_key(door: str, tmp_path: Path) -> None:
    """R-S2: OpenAI opens encrypted reasoning for the organisation alone that had it made, and a provider may have keys
    of several: verbatim, wrapped for another dialect, and put back for a client that cannot carry it."""
    made: dict[str, str] = {}

    def account(asked: Asked) -> Say:
        key = asked.headers["authorization"]
        said = asked.json["input"]
        sealed = [item["encrypted_content"] for item in said if item.get("type") == "reasoning"]
        if any(made[token] != key for token in sealed):
            return body({"error": {"message": "organization_id did not match", "type": "invalid_request_error"}}, 400)
        made[token := f"sealed-{len(made)}"] = key
        told = answer("openai_responses", USUAL, stream=wants_stream(asked))
        return replace(told, pieces=[piece.replace(SIGNATURE.encode(), token.encode()) for piece in told.pieces])

    keys = inline([{"label": name, "api_key": f"key-{name}"} for name in ("one", "two", "six")])
    up = {name: value for name, value in provider("openai_responses", "").items() if name != "api_key"}
    path, question = second_turn(door, FIRST[door])
    question = {**question, "input" if door == "openai_responses" else "messages": [QUESTION]}
    async with (
        Upstream(account) as upstream,
        gate(tmp_path, {**up, "base_url": f"{upstream.url}/v1", "credentials": keys}) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS) as client,
    ):
        for _ in range(8):
            upstream.asked.clear()
            first = (await client.post(path, json=question)).json()
            second = await client.post(path, json=second_turn(door, first)[1])
            assert second.status_code == 200, second.text
            kinds = [item.get("type") for item in upstream.asked[1].json["input"]]
            assert "reasoning" in kinds, "it was carried, not left out"
            assert len({asked.headers["authorization"] for asked in upstream.asked}) == 1
        assert len(set(made.values())) > 1, "calls without a history are shared out"


FIRST: dict[str, dict[str, Any]] = {
    "openai_chat": {"choices": [{"message": {"tool_calls": [{"id": "c", "function": {}}]}}]},
    "anthropic_messages": {"content": [{"id": "c"}]},
    "openai_responses": {"output": [{"call_id": "c"}]},
}
