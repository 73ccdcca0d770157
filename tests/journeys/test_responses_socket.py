"""The Responses WebSocket (R-C3, edge case 51): openai-python's connection, and Codex's frames by a plain client."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gophergate.app import Gateway
from kit.answers import provider, script
from kit.gate import KEY, gate, rows, url
from kit.responses_upstream import NativeResponses
from kit.upstream import Asked, Say, Upstream

CODEX = {"OpenAI-Beta": "responses_websockets=2026-02-06", "originator": "codex_exec", "session-id": "s-1"}


@asynccontextmanager
async def socket(
    gateway: Gateway, key: str | None = KEY, path: str = "/v1/responses", **more: Any
) -> AsyncIterator[ClientConnection]:
    head = {**CODEX, **({"authorization": f"Bearer {key}"} if key else {})}
    address = f"ws://127.0.0.1:{gateway.port}{path}"
    async with connect(address, additional_headers=head, proxy=None, max_size=None, **more) as connection:
        yield connection


async def create(connection: ClientConnection, **body: Any) -> list[dict[str, Any]]:
    """Send one `response.create`; every message up to the last of its answer."""
    await connection.send(json.dumps({"type": "response.create", "store": False, **body}))
    return await answer(connection)


async def answer(connection: ClientConnection) -> list[dict[str, Any]]:
    told = []
    while True:
        event = json.loads(await asyncio.wait_for(connection.recv(), 20))
        told.append(event)
        kind = event["type"]
        if kind in ("response.completed", "response.incomplete", "response.failed") or (
            kind == "error" and "sequence_number" in event and len(told) == 1
        ):
            return told


def message(text: str, role: str = "user") -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}


def text_of(told: list[dict[str, Any]]) -> str:
    """As Codex reads it: from the finished items alone."""
    items = [event["item"] for event in told if event["type"] == "response.output_item.done"]
    return "".join(part["text"] for item in items if item["type"] == "message" for part in item["content"])


async def test_the_vendors_own_client_connects_and_asks_and_goes_on(tmp_path: Path) -> None:
    """A handshake that names no model; two turns; each a row of its own."""
    async with (
        gate(tmp_path) as gateway,
        AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key=KEY) as sdk,
        sdk.responses.connect() as connection,
    ):
        previous = None
        for turn in ("one", "two"):
            more = {"previous_response_id": previous} if previous else {}
            await connection.response.create(model="demo/echo", input=turn, **more)
            said, numbers = "", []
            async for event in connection:
                numbers.append(event.sequence_number)
                if event.type == "response.output_text.delta":
                    said += event.delta
                if event.type == "response.completed":
                    assert (said, event.response.output_text) == (turn, turn)
                    assert event.response.previous_response_id == previous
                    previous = event.response.id
                    break
            assert numbers == list(range(len(numbers)))
        shown = await sdk.responses.retrieve(previous)
        assert shown.output_text == "two", "what may be stored is found over HTTP too"
        kept = await rows(gateway, 2)
    assert [(row.door, row.operation, row.status, row.stream) for row in kept] == [
        ("openai_responses", "chat", "ok", True)
    ] * 2


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic_messages", "gemini", "ollama", "openai_responses"])
@pytest.mark.parametrize("compression", ["deflate", None])
async def test_codex_prewarms_sends_the_remaining_items_and_then_only_the_tools_output(
    dialect: str, compression: str | None, tmp_path: Path
) -> None:
    """R-C3, edge case 51: its three frames with `store: false`, at a provider of each dialect. The prewarm asks nobody,
    costs nothing."""
    instructions, question = message("You are Codex.", "developer"), message("What is the weather?")
    tool = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False}
    common: dict[str, Any] = {"model": "up/m", "tools": [tool], "include": ["reasoning.encrypted_content"]}
    async with Upstream(script(dialect)) as upstream:
        async with gate(tmp_path, provider(dialect, upstream.url)) as gateway:
            async with socket(gateway, compression=compression) as connection:
                warm = await create(connection, **common, input=[instructions], generate=False)
                assert [event["type"] for event in warm] == ["response.created", "response.completed"]
                assert [event["sequence_number"] for event in warm] == [0, 1]
                assert (warm[1]["response"]["output"], warm[1]["response"]["usage"]) == ([], None)
                assert upstream.asked == []
                warmed = warm[1]["response"]["id"]
                first = await create(connection, **common, input=[question], previous_response_id=warmed)
                done = [event["item"] for event in first if event["type"] == "response.output_item.done"]
                [call] = [item for item in done if item["type"] == "function_call"]
                result = {"type": "function_call_output", "call_id": call["call_id"], "output": "22 degrees"}
                before = first[-1]["response"]["id"]
                second = await create(connection, **common, input=[result], previous_response_id=before)
                assert second[-1]["type"] == "response.completed"
            kept = await rows(gateway, 2)
            await asyncio.sleep(0.1)
            assert len(await rows(gateway, 2)) == 2, "the prewarm is no call"
        one, two = (asked.body for asked in upstream.asked)
    assert b"You are Codex." in one
    assert b"What is the weather?" in one
    assert all(said in two for said in (b"You are Codex.", b"What is the weather?", b"22 degrees", b"Ulm"))
    for asked in upstream.asked:
        assert not {"previous_response_id", "generate", "type"} & asked.json.keys()
    assert [row.session for row in kept] == ["s-1", "s-1"]
    assert all(row.status == "ok" and row.usage and row.usage.output for row in kept)


async def test_a_maker_that_keeps_responses_goes_on_by_id_and_one_told_not_to_gets_the_items(tmp_path: Path) -> None:
    """Also where the last snapshot's output is empty (edge case 45)."""
    maker = NativeResponses()
    async with (
        Upstream(maker) as upstream,
        gate(tmp_path, provider("openai_responses", upstream.url)) as gateway,
        socket(gateway) as connection,
    ):
        first = await create(connection, model="up/m", input="hi", store=True)
        second = await create(connection, model="up/m", input="on", previous_response_id=first[-1]["response"]["id"])
        assert text_of(second) == "turn 2"
        third = await create(
            connection, model="up/m", input="and on", previous_response_id=second[-1]["response"]["id"]
        )
        assert text_of(third) == "turn 2", "goes on from the last stored turn, with the items since"
    asked = [one.json for one in upstream.asked]
    assert asked[1]["previous_response_id"] == asked[2]["previous_response_id"] == "resp_native_1"
    said = [
        item["content"] if isinstance(item["content"], str) else item["content"][0]["text"]
        for item in asked[2]["input"]
    ]
    assert said == ["on", "turn 2", "and on"]


async def test_an_upstream_that_drops_is_an_error_frame_and_the_socket_stays(tmp_path: Path) -> None:
    """Edge case 51, law 2."""
    maker = NativeResponses(cut_at=4)
    async with Upstream(maker) as upstream, gate(tmp_path, provider("openai_responses", upstream.url)) as gateway:
        async with socket(gateway) as connection:
            await connection.send(json.dumps({"type": "response.create", "model": "up/m", "input": "hi"}))
            told = [json.loads(await connection.recv()) for _ in range(5)]
            assert told[-1]["type"] == "error"
            assert told[-1]["error"]["code"] == "upstream_broken"
            maker.cut_at = None
            assert text_of(await create(connection, model="up/m", input="again")) == "turn 1"
        kept = await rows(gateway, 2)
    assert [row.status for row in kept] == ["error", "ok"]


async def test_refusals_are_error_frames_in_the_dialects_shape_and_each_call_has_its_row(tmp_path: Path) -> None:
    """R-E1; what is no call at all leaves none."""

    def no(_: Asked) -> Say:
        words = {"error": {"message": "No, because.", "type": "t", "param": None, "code": "c"}}
        return Say(status=400, pieces=(json.dumps(words).encode(),), framing="length")

    async with Upstream(no) as upstream, gate(tmp_path, provider("openai_responses", upstream.url)) as gateway:
        async with socket(gateway) as connection:
            refused = {}
            for name, body in {
                "unknown model": {"model": "nobody", "input": "x"},
                "unknown turn": {"model": "demo/echo", "input": "x", "previous_response_id": "resp_no"},
                "no model": {"input": "x"},
                "provider": {"model": "up/m", "input": "x"},
                "down": {"model": "demo/down", "input": "x"},
                "warm-up": {"model": "nobody", "input": "x", "generate": False},
                "lane": {"model": "demo/echo", "input": "x", "stream_id": "s"},
            }.items():
                [refused[name]] = await create(connection, **body)
            for raw in ("{", "[]", '{"type":"response.steer"}', "{}"):
                await connection.send(raw)
                [refused[raw]] = await answer(connection)
            await connection.send(b"\x00")
            [refused["binary"]] = await answer(connection)
            assert text_of(await create(connection, model="demo/echo", input="still here")) == "still here"
        kept = await rows(gateway, 6)
    codes = {name: (event["status"], event["error"]["code"]) for name, event in refused.items()}
    assert codes == {
        "unknown model": (404, "model_not_found"),
        "unknown turn": (400, "previous_response_not_found"),
        "no model": (400, "invalid_request"),
        "provider": (400, "c"),
        "down": (502, "upstream_unreachable"),
        "warm-up": (404, "model_not_found"),
        "lane": (400, "unsupported_setting"),
        "{": (400, "invalid_json"),
        "[]": (400, "invalid_json"),
        '{"type":"response.steer"}': (400, "unsupported_message"),
        "{}": (400, "unsupported_message"),
        "binary": (400, "invalid_request"),
    }
    assert [row.http_status for row in kept] == [404, 400, 400, 400, 502, 200]


async def test_one_call_at_a_time(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, socket(gateway) as connection:
        await connection.send(json.dumps({"type": "response.create", "model": "demo/slow", "input": "a b"}))
        await asyncio.sleep(0.1)
        [busy] = await create(connection, model="demo/echo", input="me too")
        assert (busy["status"], busy["error"]["code"]) == (429, "response_in_progress")
        assert text_of(await answer(connection)) == "a b"
        assert text_of(await create(connection, model="demo/echo", input="now")) == "now"


async def test_a_provider_that_dawdles_over_its_end_does_not_keep_the_socket_busy(tmp_path: Path) -> None:
    """Edge case 6: the client may ask again as soon as it was told that the answer is whole."""
    maker, never = NativeResponses(), asyncio.Event()

    def dawdling(asked: Asked) -> Say:
        say = maker(asked)
        say.hold = never
        return say

    async with (
        Upstream(dawdling) as upstream,
        gate(tmp_path, provider("openai_responses", upstream.url)) as gateway,
        socket(gateway) as connection,
    ):
        for _ in range(3):
            assert text_of(await create(connection, model="up/m", input="hi")) == "turn 1"
        assert [row.status for row in await rows(gateway, 3)] == ["ok"] * 3


async def test_the_key_is_looked_at_before_the_upgrade(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """R-X1, R-C3: 401 in the dialect's envelope, no socket; elsewhere a WebSocket is refused, and clients fall back."""
    async with gate(tmp_path) as gateway:
        for key, code in (
            (None, "missing_api_key"),
            ("sk-gg-wrong-wrong", "invalid_api_key"),
            ("' OR '1'='1", "invalid_api_key"),
        ):
            with pytest.raises(InvalidStatus) as refused:
                async with socket(gateway, key):
                    pass
            assert refused.value.response.status_code == 401
            assert json.loads(refused.value.response.body or b"")["error"]["code"] == code
        with pytest.raises(InvalidStatus) as elsewhere:
            async with socket(gateway, path="/v1/chat/completions"):
                pass
        assert elsewhere.value.response.status_code == 426
    assert caplog.records == []


async def test_a_client_that_goes_ends_its_call_and_leaves_nothing(tmp_path: Path) -> None:
    """Law 1, edge case 57."""
    async with gate(tmp_path) as gateway:
        async with socket(gateway) as connection:
            await connection.send(json.dumps({"type": "response.create", "model": "demo/slow", "input": "a b c d"}))
            assert json.loads(await connection.recv())["type"] == "response.created"
        [row] = await rows(gateway)
        for _ in range(200):
            if gateway.server.statistics() == {**gateway.server.statistics(), "running": 0, "connections": 0}:
                break
            await asyncio.sleep(0.01)
        assert gateway.server.statistics()["running"] == 0
    assert (row.status, row.http_status) == ("client_closed", 499)


async def test_a_message_above_the_bound_or_of_no_text_ends_the_connection(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Law 9: every buffer has a bound; a compressed one is counted as what it holds."""
    async with gate(tmp_path, sections="[server]\nport = 0\nmax_body_bytes = 65536\n") as gateway:
        async with socket(gateway, compression="deflate") as connection:
            await connection.send(json.dumps({"type": "response.create", "model": "demo/echo", "input": "x" * 99_999}))
            with pytest.raises(ConnectionClosed) as closed:
                await connection.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        async with socket(gateway) as connection:
            await connection.send(b'{"type": "\xff"}', text=True)
            with pytest.raises(ConnectionClosed) as closed:
                await connection.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1007
    assert "Traceback" not in caplog.text, "a client's broken text is no defect of ours"


async def test_a_drain_lets_the_answer_end_and_then_closes(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, socket(gateway) as connection, socket(gateway) as idle:
        await connection.send(json.dumps({"type": "response.create", "model": "demo/slow", "input": "a b"}))
        assert json.loads(await connection.recv())["type"] == "response.created"
        closing = asyncio.create_task(gateway.server.aclose())
        with pytest.raises(ConnectionClosed) as closed:
            await idle.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        assert text_of(await answer(connection)) == "a b"
        with pytest.raises(ConnectionClosed):
            await connection.recv()
        await closing


async def test_no_key_is_logged_whatever_the_level(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Law 8: neither from the head nor from the address."""
    with caplog.at_level(logging.DEBUG):
        async with gate(tmp_path) as gateway, socket(gateway, None, f"/v1/responses?key={KEY}") as connection:
            assert text_of(await create(connection, model="demo/echo", input="hi")) == "hi"
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith("websockets.client")]
    assert KEY not in "\n".join(logged)
