"""Every way a call can end, over real sockets: one row each, nothing left behind (laws 1-3, 8, 9; edge cases 57-61)."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gophergate.app import Gateway
from kit.gate import KEY, gate, rows, url
from kit.upstream import Asked, Say, Upstream, body, sse

WHOLE = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
}


def chunk(delta: dict[str, Any] | None, reason: str | None = None, **more: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
    return b"data: " + json.dumps({"id": "c", "model": "m", "choices": choices, **more}).encode() + b"\n\n"


STREAM = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Hello"}),
    chunk({"content": " there"}),
    chunk({}, "stop"),
    chunk(None, usage={"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}),
    b"data: [DONE]\n\n",
]


def raw_call(*, stream: bool, model: str = "up/m") -> bytes:
    sent = json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}]}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-length: {len(sent)}"
    )
    return head.encode() + b"\r\n\r\n" + sent


@asynccontextmanager
async def standing(
    folder: Path, script: Any, sections: str = "", **provider: Any
) -> AsyncIterator[tuple[Gateway, Upstream]]:
    async with Upstream(script) as upstream:
        row = {"name": "up", "kind": "compatible", "base_url": f"{upstream.url}/v1", "models": ["m"], **provider}
        async with gate(folder, row, sections=sections) as gateway:
            yield gateway, upstream


async def ask(gateway: Gateway, *, stream: bool) -> tuple[int, bytes]:
    """Status and the rest of a whole exchange on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(raw_call(stream=stream).replace(b"host: x", b"host: x\r\nconnection: close"))
    data = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return int(data.split(b" ", 2)[1]), data.partition(b"\r\n\r\n")[2]


async def settled(gateway: Gateway) -> None:
    """Wait until no call is running and nothing is queued."""
    for _ in range(500):
        if gateway.server.statistics()["running"] == 0 and gateway.writer.statistics().queued == 0:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"still running: {gateway.server.statistics()} {gateway.writer.statistics()}")


@pytest.mark.parametrize("at", range(len(STREAM)))
async def test_an_upstream_cut_after_any_event_is_an_error_event_or_a_status_never_a_clean_end(
    at: int, tmp_path: Path
) -> None:
    """Laws 2 and 3, R-F2, edge case 5."""
    async with standing(tmp_path, lambda _: sse(*STREAM[:at], cut=True)) as (gateway, _):
        status, answer = await ask(gateway, stream=True)
        [row] = await rows(gateway)
    assert row.status == "error"
    if at < 2:
        assert status == 502
        assert json.loads(answer)["error"]["code"] == "upstream_broken"
    else:
        assert status == 200
        assert b"upstream_broken" in answer
        assert b"[DONE]" not in answer
        assert row.usage is not None


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429, 500, 503, 529])
async def test_a_providers_refusal_reaches_a_caller_of_its_dialect_as_it_was(
    status: int, stream: bool, tmp_path: Path
) -> None:
    """R-E1, R-U5: upstream error text is never billed."""
    words = {"error": {"message": "No, because.", "type": "t", "param": None, "code": "c"}}

    def script(_: Asked) -> Say:
        answer = body(words, status)
        answer.headers = (*answer.headers, ("retry-after", "7"))
        return answer

    async with standing(tmp_path, script) as (gateway, upstream):
        got, answer = await ask(gateway, stream=stream)
        [row] = await rows(gateway)
        assert len(upstream.asked) == 1
    assert got == status
    assert json.loads(answer.split(b"\r\n")[1] if answer[:1].isdigit() else answer) == words
    assert (row.status, row.http_status, row.cost, row.usage) == ("error", status, None, None)
    assert row.attempts[0].status == status


async def test_a_secret_echoed_by_a_provider_never_reaches_anybody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Law 8, R-X4: over every error path the planted keys appear in no answer, row or log line."""
    canary = "canary-provider-key-123456"

    def echo(asked: Asked) -> Say:
        said = {"error": {"message": f"bad key {asked.headers['authorization']}", "code": "x"}}
        return (
            body(said, 401)
            if asked.json.get("n") != 2
            else sse(STREAM[0], STREAM[1], b"data: " + json.dumps(said).encode() + b"\n\n")
        )

    async with standing(tmp_path, echo, '[logging]\nbodies = "all"\nlevel = "debug"\n', api_key=canary) as (
        gateway,
        upstream,
    ):
        _, answer = await ask(gateway, stream=False)
        kept = await rows(gateway)
        assert canary in upstream.asked[0].headers["authorization"]
        stored = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert canary.encode() not in answer
    assert b"***" in answer
    assert canary not in repr(kept)
    assert canary not in caplog.text
    assert KEY not in caplog.text
    assert canary.encode() not in stored
    assert KEY.encode() not in stored


async def test_a_client_gone_at_any_moment_is_one_row_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Law 1, edge case 57, R-F3: status 499, the provider's socket closed within a second, no leaked slot."""
    dice = random.Random(5)

    def script(asked: Asked) -> Say:
        if asked.json["stream"]:
            return sse(*STREAM, pause=0.03)
        return body(WHOLE, wait=0.1)

    async with standing(tmp_path, script) as (gateway, upstream):
        baseline = len(asyncio.all_tasks())

        async def vanish(number: int) -> bool:
            raw = raw_call(stream=number % 2 == 0)
            is_whole = number % 10 != 9
            _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
            writer.write(raw if is_whole else raw[: dice.randrange(1, len(raw))])
            await asyncio.sleep(dice.random() * 0.2)
            writer.transport.abort()
            return is_whole

        for round_ in range(5):
            await asyncio.gather(*(vanish(round_ * 60 + number) for number in range(60)))
        await settled(gateway)
        await asyncio.sleep(1.0)
        kept = await rows(gateway, 1)
        pool = gateway.parts.transport.statistics()
        assert len(asyncio.all_tasks()) <= baseline + upstream.open + 2
        assert pool.get("waiting", 0) == 0
        asked = len(upstream.asked)
    assert len(kept) >= asked * 0.95
    assert len({row.id for row in kept}) == len(kept)
    assert {row.status for row in kept} <= {"ok", "client_closed"}
    gone = [row for row in kept if row.status == "client_closed"]
    assert gone
    assert all(row.http_status == 499 for row in gone)
    streamed = [row for row in gone if row.usage is not None]
    assert all(row.usage_source in ("estimated", "provider") for row in streamed)


async def test_silence_is_broken_by_heartbeats_before_the_first_byte_and_after(tmp_path: Path) -> None:
    """R-F4, edge case 60 (with a short interval): comments, at event boundaries only, and the answer is whole."""

    def script(_: Asked) -> Say:
        first, *rest = STREAM
        return sse(first + rest[0][:20], rest[0][20:] + rest[1], *rest[2:], wait=0.5, pause=0.25)

    async with standing(tmp_path, script, "[server]\nport = 0\nkeepalive_interval = 0.1\n") as (gateway, _):
        status, answer = await ask(gateway, stream=True)
        [row] = await rows(gateway)
    text = b"".join(part.split(b"\r\n", 1)[-1] for part in answer.split(b"\r\n") if part)
    assert status == 200
    assert answer.count(b": keep-alive") >= 4
    events = [event for event in text.split(b"\n\n") if event.startswith(b"data: {")]
    assert "".join(json.loads(e[6:])["choices"][0]["delta"].get("content", "") for e in events) == "Hello there"
    assert row.status == "ok"


async def test_an_error_after_heartbeats_is_the_dialects_error_event(tmp_path: Path) -> None:
    """Law 2: a started reply never gets a second status."""
    async with standing(
        tmp_path,
        lambda _: body({"error": {"message": "Overloaded"}}, 529, wait=0.4),
        "[server]\nport = 0\nkeepalive_interval = 0.1\n",
    ) as (gateway, _):
        status, answer = await ask(gateway, stream=True)
        [row] = await rows(gateway)
    assert status == 200
    assert b": keep-alive" in answer
    assert b'"error"' in answer
    assert b"[DONE]" not in answer
    assert (row.status, row.http_status) == ("error", 529)


@pytest.mark.parametrize(
    ("timeouts", "script"),
    [
        ({"first_byte": 0.3}, lambda _: body(WHOLE, wait=5)),
        ({"idle": 0.3}, lambda _: sse(*STREAM, pause=5)),
        ({"total": 0.4}, lambda _: sse(*STREAM[:2], *[STREAM[2]] * 50, pause=0.05)),
    ],
    ids=["first_byte", "idle", "total"],
)
async def test_each_time_out_has_its_own_row_and_releases_the_provider(
    timeouts: dict[str, float], script: Any, tmp_path: Path
) -> None:
    """R-F4: first-byte, idle and total apart."""
    async with standing(tmp_path, script, timeouts=timeouts) as (gateway, upstream):
        status, answer = await ask(gateway, stream="first_byte" not in timeouts)
        [row] = await rows(gateway)
        for _ in range(100):
            if not upstream.open:
                break
            await asyncio.sleep(0.02)
        assert upstream.open == 0
    assert (row.status, row.error_code) == ("timeout", "upstream_timeout")
    assert status == 504 or b"upstream_timeout" in answer


async def test_a_slow_reader_gets_back_pressure_and_slows_nobody(tmp_path: Path) -> None:
    """Law 9, edge case 61: bounded memory, the provider is paused, other callers go on."""
    big = chunk({"content": "x" * 60_000})

    def script(asked: Asked) -> Say:
        return sse(STREAM[0], *[big] * 400, *STREAM[3:]) if asked.json["stream"] else body(WHOLE)

    async with standing(tmp_path, script) as (gateway, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port, limit=2**16)
        writer.write(raw_call(stream=True).replace(b"host: x", b"host: x\r\nconnection: close"))
        await reader.read(1000)
        for _ in range(20):
            assert (await asyncio.wait_for(ask(gateway, stream=False), 5))[0] == 200
        total = 1000
        while data := await reader.read(1 << 20):
            total += len(data)
        writer.close()
        kept = await rows(gateway, 21)
    assert total > 400 * 60_000
    assert [row.status for row in kept] == ["ok"] * 21


async def test_json_where_a_stream_was_asked_and_the_reverse(tmp_path: Path) -> None:
    """Edge case 8: the client gets what it asked for."""

    def script(asked: Asked) -> Say:
        return body(WHOLE) if asked.json["stream"] else sse(*STREAM)

    async with standing(tmp_path, script) as (gateway, _):
        _, streamed = await ask(gateway, stream=True)
        _, whole = await ask(gateway, stream=False)
        kept = await rows(gateway, 2)
    assert b"data: [DONE]" in streamed
    assert json.loads(whole)["choices"][0]["message"]["content"] == "Hello there"
    assert [row.usage.output for row in kept if row.usage] == [2, 2]


async def test_a_whole_gateway_stops_with_every_row_written(tmp_path: Path) -> None:
    """Law 1: drained at shutdown."""
    async with standing(tmp_path, lambda _: sse(*STREAM, pause=0.1)) as (gateway, _):
        asking = [asyncio.ensure_future(ask(gateway, stream=True)) for _ in range(20)]
        while gateway.server.statistics()["running"] < 20:
            await asyncio.sleep(0.01)
        gateway.server.stop()
    assert [(await call)[0] for call in asking] == [200] * 20
    async with gate(tmp_path) as again:
        assert [row.status for row in await rows(again, 20)] == ["ok"] * 20
        assert url(again)


async def test_a_redirecting_provider_is_a_bad_gateway(tmp_path: Path) -> None:
    """R-E1: its 302 had become the caller's, with nowhere to go to."""
    moved = Say(status=302, headers=(("location", "https://elsewhere/"),), pieces=(b"moved",), framing="length")
    async with standing(tmp_path, lambda _: moved, retries=0) as (gateway, _):
        for stream in (False, True):
            status, said = await ask(gateway, stream=stream)
            error = json.loads(said)["error"]
            assert (status, error["code"]) == (502, "upstream_redirect")
            assert "302" in error["message"]
        assert [(row.status, row.http_status) for row in await rows(gateway, 2)] == [("error", 502)] * 2


async def test_an_absurd_count_does_not_cost_a_call_its_row(tmp_path: Path) -> None:
    """Law 1: a count of more than 64 bits could be written nowhere, and the record was given up."""
    absurd = json.dumps({**WHOLE, "usage": {"prompt_tokens": 10**30, "completion_tokens": 2, "total_tokens": 10**30}})
    async with standing(tmp_path, lambda _: body(absurd.encode())) as (gateway, _):
        assert (await ask(gateway, stream=False))[0] == 200
        [row] = await rows(gateway)
        assert (row.status, row.usage.output) == ("ok", 2)
