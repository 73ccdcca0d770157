"""Scripted providers that fail in every way, behind every door, streamed and not (R-F1, R-F5, edge case 59, law 1).

The client sees one coherent answer or one honest error, and the attempts on the record are what the providers saw, one
by one.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gophergate.app import Gateway
from gophergate.core.call import CallRecord
from kit.answers import TEXT, Said, provider, script
from kit.door_requests import asked
from kit.gate import KEY, gate, rows, url
from kit.upstream import Asked, Say, Script, Upstream, body, sse

KEYS = {"authorization": f"Bearer {KEY}"}
NATIVE = {
    "openai_chat": "openai_chat",
    "openai_responses": "openai_responses",
    "anthropic_messages": "anthropic_messages",
    "gemini": "gemini",
    "gemini_array": "gemini",
    "ollama": "ollama",
    "ollama_generate": "ollama",
}
"""By door: the dialect of the failing provider, so that bytes would pass verbatim; the spare one needs translating."""


def refused(dialect: str, status: int, message: str, code: str, headers: tuple[tuple[str, str], ...] = ()) -> Say:
    """A refusal in a dialect's own words."""
    match dialect:
        case "anthropic_messages":
            said: dict[str, Any] = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
        case "gemini":
            said = {"error": {"code": status, "message": message, "status": "INVALID_ARGUMENT"}}
        case "ollama":
            said = {"error": message}
        case _:
            said = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    answer = body(said, status)
    answer.headers = (*answer.headers, *headers)
    return answer


OVERLOAD = {
    "openai_chat": [
        b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
        b'{"role":"assistant","content":""},"finish_reason":null}]}\n\n',
        b'data: {"error":{"message":"Overloaded","type":"overloaded","code":529}}\n\n',
    ],
    "openai_responses": [
        b'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"r","object":'
        b'"response","created_at":1,"model":"m","status":"in_progress","output":[]}}\n\n',
        b'event: error\ndata: {"type":"error","sequence_number":1,"code":"server_error","message":"Overloaded",'
        b'"param":null}\n\n',
    ],
    "anthropic_messages": [
        b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant",'
        b'"model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,'
        b'"output_tokens":1}}}\n\nevent: ping\ndata: {"type":"ping"}\n\n',
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
    ],
    "gemini": [b'data: {"error":{"code":503,"message":"Overloaded","status":"UNAVAILABLE"}}\n\n'],
    "ollama": [b'{"error":"Overloaded"}\n'],
}
"""Lifecycle frames where a dialect has any, then an overload inside the stream whose status was 200."""


def overload(dialect: str, asking: Asked) -> Say:
    if not is_stream(asking):
        return refused(dialect, 529, "Overloaded", "overloaded")
    kind = "application/x-ndjson" if dialect == "ollama" else "text/event-stream"
    return Say(headers=(("content-type", kind),), pieces=OVERLOAD[dialect])


def is_stream(asking: Asked) -> bool:
    return "streamGenerate" in asking.target or bool(asking.body and asking.json.get("stream"))


FAULTS: dict[str, Callable[[str, Asked], Say]] = {
    "500": lambda dialect, _: refused(dialect, 500, "It broke", "server_error"),
    "529": lambda dialect, _: refused(dialect, 529, "Overloaded", "overloaded"),
    "overload after lifecycle frames": overload,
    "slow": lambda dialect, _: Say(wait=5.0),
    "cut before content": lambda dialect, _: sse(OVERLOAD[dialect][0][:20], cut=True),
    "context exceeded": lambda dialect, _: refused(
        dialect, 400, "prompt is too long: 210000 tokens > 200000 maximum", "context_length_exceeded"
    ),
    "content filter": lambda dialect, _: refused(
        dialect, 400, "Output blocked by content filtering policy", "content_filter"
    ),
    "404": lambda dialect, _: refused(dialect, 404, "No such model", "model_not_found"),
    "401": lambda dialect, _: refused(dialect, 401, "Bad key", "invalid_api_key"),
    "429": lambda dialect, _: refused(dialect, 429, "Slow down", "rate_limit_exceeded", (("retry-after", "30"),)),
}
GROUPS = """[server]
port = 0

[[groups]]
name = "both"
retries = 0
timeouts = { first_byte = 0.25 }
targets = [{ model = "bad/m" }, { model = "spare/m" }]

[[groups]]
name = "gone"
retries = 0
targets = [{ model = "lost/m" }, { model = "spare/m" }]
"""


class Scene:
    """Two providers and what they saw, in order."""

    def __init__(self, gateway: Gateway, client: httpx2.AsyncClient) -> None:
        self.gateway = gateway
        self.client = client
        self.seen: list[str] = []
        self.fault = ""
        self.spare_fails = False
        self.calls = 0

    async def ask(self, door: str, model: str, *, stream: bool) -> tuple[httpx2.Response, list[str]]:
        """A call, and who saw it."""
        self.seen.clear()
        path, said = asked(door, model, stream=stream)
        answer = await self.client.post(path, json=said)
        self.calls += 1
        return answer, list(self.seen)

    async def rows(self) -> list[CallRecord]:
        """One row for each call so far, in their order."""
        kept = await rows(self.gateway, self.calls)
        assert len(kept) == self.calls
        return kept

    async def call(self, door: str, model: str, *, stream: bool) -> tuple[httpx2.Response, CallRecord, list[str]]:
        """A call, its row, and who saw it."""
        answer, saw = await self.ask(door, model, stream=stream)
        return answer, (await self.rows())[-1], saw

    def forgive(self) -> None:
        """Let what has been learned be forgotten, so that the next fault meets a gateway that expects none."""
        health = self.gateway.router.health
        health._cooling.clear()
        for vitals in health.ill():
            health.succeeded(vitals)


@asynccontextmanager
async def scene(folder: Path, dialect: str) -> AsyncIterator[Scene]:
    place: Scene

    def bad(asking: Asked) -> Say:
        place.seen.append("bad")
        return FAULTS[place.fault](dialect, asking)

    def spare(asking: Asked) -> Say:
        place.seen.append("spare")
        return refused("openai_chat", 503, "Also", "overloaded") if place.spare_fails else script("openai_chat")(asking)

    lost = {"name": "lost", "kind": "xai", "base_url": "http://127.0.0.1:9/v1", "api_key": "k", "models": ["m"]}
    async with (
        Upstream(bad) as one,
        Upstream(spare) as two,
        gate(
            folder,
            provider(dialect, one.url, "bad"),
            {**provider("openai_chat", two.url, "spare"), "kind": "compatible"},
            lost,
            sections=GROUPS,
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS, timeout=20) as client,
    ):
        place = Scene(gateway, client)
        yield place


def recorded(row: CallRecord) -> list[str]:
    return [attempt.provider for attempt in row.attempts]


@pytest.mark.parametrize("door", list(NATIVE))
async def test_every_fault_at_every_door_is_one_coherent_answer(door: str, tmp_path: Path) -> None:
    """The spare provider answers: nothing of the failed attempt reaches the client."""
    async with scene(tmp_path, NATIVE[door]) as place:
        for place.fault in FAULTS:
            for stream in (False, True):
                if door == "gemini_array" and not stream:
                    continue  # The array is Gemini's other shape of a stream.
                place.forgive()
                answer, saw = await place.ask(door, "both", stream=stream)
                said = (place.fault, stream, answer.text)
                assert answer.status_code == 200, said
                assert answer.headers["x-gophergate-model"] == "spare/m"
                assert answer.headers["x-gophergate-attempts"] == "2"
                text = answer.content.decode("unicode_escape", "replace") if "\\u" in answer.text else answer.text
                assert TEXT[:4] in text, said
                assert "Overloaded" not in answer.text, said
                assert saw == ["bad", "spare"], said
        for row in await place.rows():
            assert recorded(row) == ["bad", "spare"]
            assert (row.status, row.provider) == ("ok", "spare")
            assert row.attempts[0].error
            assert row.attempts[1].error == ""
            assert row.attempts[0].credential == "default"
            assert any("so spare/m is asked" in step for step in row.decision), row.decision


@pytest.mark.parametrize("door", list(NATIVE))
async def test_every_fault_at_every_door_is_one_honest_error_when_nothing_is_left(door: str, tmp_path: Path) -> None:
    """The last failure, in the door's envelope, with its status: never a 200, never two errors."""
    async with scene(tmp_path, NATIVE[door]) as place:
        place.spare_fails = True
        for place.fault in FAULTS:
            place.forgive()
            stream = door == "gemini_array" or place.fault in ("overload after lifecycle frames", "404")
            answer, saw = await place.ask(door, "both", stream=stream)
            assert answer.status_code == 503, (place.fault, answer.text)
            assert answer.text.count("Also") == 1
            assert saw == ["bad", "spare"], place.fault
        for row in await place.rows():
            assert recorded(row) == ["bad", "spare"]
            assert (row.status, row.http_status, row.cost) == ("error", 503, None)


async def test_a_provider_that_is_down_sees_nothing_and_is_on_the_record(tmp_path: Path) -> None:
    async with scene(tmp_path, "openai_chat") as place:
        answer, row, saw = await place.call("openai_chat", "gone", stream=False)
        assert answer.status_code == 200
        assert saw == ["spare"]
        assert [(one.provider, one.status) for one in row.attempts] == [("lost", 0), ("spare", 200)]
        assert row.attempts[0].error == "upstream_unreachable"


async def test_a_faulty_request_is_tried_nowhere_else_and_opens_nothing(tmp_path: Path) -> None:
    """The client's own fault: one attempt, the provider's own words, no breaker however often."""
    FAULTS["faulty"] = lambda dialect, _: refused(dialect, 400, "'temperature' must be below 2", "invalid_value")
    try:
        async with scene(tmp_path, "openai_chat") as place:
            place.fault = "faulty"
            for _ in range(8):
                answer, row, saw = await place.call("openai_chat", "both", stream=False)
                assert answer.status_code == 400
                assert "below 2" in answer.text
                assert saw == recorded(row) == ["bad"]
            assert place.gateway.router.health.is_well
    finally:
        del FAULTS["faulty"]


async def test_an_answer_that_a_content_filter_left_empty_goes_to_another_vendor(tmp_path: Path) -> None:
    """Content policy: not only as a refusal. With nobody else to ask the client gets the provider's own answer."""
    whole = {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": None}, "finish_reason": "content_filter"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9},
    }
    chunk = {**whole, "object": "chat.completion.chunk"}
    chunk["choices"] = [{"index": 0, "delta": {}, "finish_reason": "content_filter"}]
    piece = b"data: " + json.dumps(chunk).encode() + b"\n\n"
    FAULTS["empty"] = lambda _, asking: sse(piece, b"data: [DONE]\n\n") if is_stream(asking) else body(whole)
    try:
        async with scene(tmp_path, "openai_chat") as place:
            place.fault = "empty"
            for door in ("openai_chat", "anthropic_messages"):
                for stream in (False, True):
                    answer, _, saw = await place.call(door, "both", stream=stream)
                    assert answer.status_code == 200
                    assert answer.headers["x-gophergate-model"] == "spare/m", (door, stream)
                    assert saw == ["bad", "spare"]
            answer, row, saw = await place.call("openai_chat", "bad/m", stream=False)
            assert answer.json()["choices"][0]["finish_reason"] == "content_filter"
            assert (row.status, saw) == ("ok", ["bad"])
    finally:
        del FAULTS["empty"]


# -- one provider alone -------------------------------------------------------------------------------------------


async def alone(
    folder: Path, answers: list[Say], *, status: int = 200, calls: int = 1, **more: Any
) -> tuple[list[CallRecord], list[Asked], float]:
    """Calls to one provider that gives these answers in turn; the rows, what it saw, and the seconds it took."""
    left = list(answers)
    async with (
        Upstream(lambda asking: left.pop(0) if left else script("openai_chat")(asking)) as up,
        gate(
            folder, {k: v for k, v in {**provider("openai_chat", up.url), **more}.items() if v is not None}
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS, timeout=20) as client,
    ):
        path, said = asked("openai_chat", "up/m", stream=False)
        began = time.monotonic()
        for _ in range(calls):
            assert (await client.post(path, json=said)).status_code == status
        took = time.monotonic() - began
        return await rows(gateway, calls), up.asked, took


@pytest.mark.parametrize("status", [500, 503, 529])
async def test_one_provider_alone_is_asked_once_more_by_default(status: int, tmp_path: Path) -> None:
    [row], saw, _ = await alone(tmp_path, [refused("openai_chat", status, "Busy", "busy")])
    assert [attempt.status for attempt in row.attempts] == [status, 200]
    assert len(saw) == 2
    assert any("is asked again after" in step for step in row.decision)


async def test_a_short_retry_after_is_waited_for_and_is_a_floor(tmp_path: Path) -> None:
    """R-F5."""
    busy = refused("openai_chat", 429, "Busy", "busy", (("retry-after", "1"),))
    [row], saw, took = await alone(tmp_path, [busy])
    assert [attempt.status for attempt in row.attempts] == [429, 200]
    assert took >= 1.0
    assert len(saw) == 2


async def test_a_long_retry_after_is_the_clients_to_wait_for(tmp_path: Path) -> None:
    busy = refused("openai_chat", 429, "Busy", "busy", (("retry-after", "60"),))
    [row], saw, took = await alone(tmp_path, [busy], status=429)
    assert len(row.attempts) == len(saw) == 1
    assert took < 3


async def test_a_provider_that_says_not_to_ask_again_is_not(tmp_path: Path) -> None:
    """`x-should-retry`."""
    no = refused("openai_chat", 500, "No", "no", (("x-should-retry", "false"),))
    [row], saw, _ = await alone(tmp_path, [no], status=500)
    assert len(row.attempts) == len(saw) == 1


async def test_no_attempt_begins_after_the_deadline(tmp_path: Path) -> None:
    busy = [refused("openai_chat", 503, "Busy", "busy") for _ in range(20)]
    [row], saw, took = await alone(tmp_path, busy, status=503, retries=10, retry_deadline=1.0)
    assert 2 <= len(saw) == len(row.attempts) <= 5
    assert took < 5  # ten retries' pauses come to far more


@pytest.mark.parametrize("status", [401, 402, 403, 429])
async def test_another_credential_is_used_at_once_and_the_first_rests(status: int, tmp_path: Path) -> None:
    """N4, R-F5: the label of each is on the record; the call after goes straight to the good one."""
    keys = '[{ label = "one", api_key = "key-one", weight = 1000000 }, { label = "two", api_key = "key-two" }]'
    answers = [refused("openai_chat", status, "Not on this key", "no")]
    kept, saw, took = await alone(tmp_path, answers, calls=2, api_key=None, credentials=Raw(keys))
    assert [one.credential for one in kept[0].attempts] == ["one", "two"]
    assert [one.credential for one in kept[1].attempts] == ["two"]
    assert [one.headers["authorization"][-3:] for one in saw] == ["one", "two", "two"]
    assert took < 2


class Raw:
    """TOML as it is."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


async def test_a_breaker_opens_for_a_deployment_that_fails_and_a_lone_one_is_tried_all_the_same(tmp_path: Path) -> None:
    """Never "no candidates" while something might work."""
    async with scene(tmp_path, "openai_chat") as place:
        place.fault = "500"
        for _ in range(5):
            await place.call("openai_chat", "both", stream=False)
        answer, row, saw = await place.call("openai_chat", "both", stream=False)
        assert answer.status_code == 200
        assert saw == recorded(row) == ["spare"]
        assert any("'bad/m' is left out: breaker open until" in step for step in row.decision)
        _, row, saw = await place.call("openai_chat", "bad/m", stream=False)
        assert set(saw) == {"bad"}
        assert row.status == "error"


# -- hedged requests ----------------------------------------------------------------------------------------------

HEDGED = """[server]
port = 0

[[groups]]
name = "hedged"
hedge_after = 100
retries = 0
targets = [{ model = "bad/m" }, { model = "spare/m" }]
"""


@asynccontextmanager
async def hedging(folder: Path, first: Callable[[Asked], Say], second: Callable[[Asked], Say]) -> AsyncIterator[Any]:
    async with (
        Upstream(first) as one,
        Upstream(second) as two,
        gate(
            folder,
            {**provider("anthropic_messages", one.url, "bad"), "models": ["m"]},
            {**provider("openai_chat", two.url, "spare"), "kind": "compatible"},
            sections=HEDGED + '\n[pricing]\noverrides = { "bad/m" = { input = 1.0, output = 2.0 }, '
            '"spare/m" = { input = 3.0, output = 4.0 } }\n',
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS, timeout=20) as client,
    ):

        async def call(*, stream: bool) -> tuple[httpx2.Response, CallRecord]:
            path, said = asked("openai_chat", "hedged", stream=stream)
            answer = await client.post(path, json=said)
            return answer, (await rows(gateway, 1))[-1]

        yield call, one, two


@pytest.mark.parametrize("stream", [False, True])
async def test_a_slow_target_is_overtaken_and_its_loss_is_on_the_ledger(stream: bool, tmp_path: Path) -> None:
    """N4: the delayed duplicate answers, the loser's socket is closed, its prompt is paid as an attempt."""

    def dawdling(asking: Asked) -> Say:
        if asking.json.get("stream"):
            return sse(*OVERLOAD["anthropic_messages"][:1], b"never", pause=5.0)
        return Say(wait=5.0)

    async with hedging(tmp_path, dawdling, script("openai_chat")) as (call, one, two):
        answer, row = await call(stream=stream)
        assert answer.status_code == 200
        assert answer.headers["x-gophergate-model"] == "spare/m"
        for _ in range(100):
            if not one.open:
                break
            await asyncio.sleep(0.01)
        assert one.open == 0, "the loser was cancelled"
        assert len(one.asked) == len(two.asked) == 1
    assert [(attempt.provider, attempt.error) for attempt in row.attempts] == [("bad", "hedge_lost"), ("spare", "")]
    lost = row.attempts[0].cost
    assert lost is not None
    assert lost > 0
    won = 10 * 3_000 + 7 * 4_000
    assert row.cost == won + lost, "the call cost what both cost"
    assert row.usage is not None
    assert row.usage.input == 10
    assert any("had no content after 100 ms, so spare/m is asked too" in step for step in row.decision)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_target_that_is_quick_is_asked_alone(stream: bool, tmp_path: Path) -> None:
    async with hedging(tmp_path, script("anthropic_messages"), script("openai_chat")) as (call, one, two):
        answer, row = await call(stream=stream)
        assert answer.headers["x-gophergate-model"] == "bad/m"
        assert (len(one.asked), len(two.asked)) == (1, 0)
    assert len(row.attempts) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_the_first_may_still_win_after_the_second_was_asked(stream: bool, tmp_path: Path) -> None:
    def late(asking: Asked) -> Say:
        say = script("anthropic_messages")(asking)
        say.wait = 0.3
        return say

    async with hedging(tmp_path, late, lambda _: Say(wait=5.0)) as (call, _, two):
        answer, row = await call(stream=stream)
        assert answer.headers["x-gophergate-model"] == "bad/m"
        assert answer.status_code == 200
        assert len(two.asked) == 1
    assert [(attempt.provider, attempt.error) for attempt in row.attempts] == [("spare", "hedge_lost"), ("bad", "")]
    assert (row.provider, row.status) == ("bad", "ok")


async def test_when_both_fail_there_is_one_honest_error_and_two_attempts(tmp_path: Path) -> None:
    def late(_: Asked) -> Say:
        say = refused("anthropic_messages", 529, "Overloaded", "")
        say.wait = 0.3
        return say

    def later(_: Asked) -> Say:
        say = refused("openai_chat", 503, "Also", "")
        say.wait = 0.4
        return say

    async with hedging(tmp_path, late, later) as (call, one, two):
        answer, row = await call(stream=True)
        assert answer.status_code == 503
        assert "Also" in answer.text
        assert (len(one.asked), len(two.asked)) == (1, 1)
    assert sorted((attempt.provider, attempt.status) for attempt in row.attempts) == [("bad", 529), ("spare", 503)]
    assert row.status == "error"


# -- waiting instead of failing, and concurrency ------------------------------------------------------------------


@asynccontextmanager
async def narrow(folder: Path, script_: Script, wait: str = "") -> AsyncIterator[Any]:
    """A provider that may have one call at a time, and a group of it."""
    group = f'[server]\nport = 0\n\n[[groups]]\nname = "g"\nretries = 0\n{wait}\ntargets = [{{ model = "up/m" }}]\n'
    row = {**provider("openai_chat", "", "up"), "concurrency": 1, "retries": 0}
    async with Upstream(script_) as up:
        row["base_url"] = f"{up.url}/v1"
        async with (
            gate(folder, row, sections=group) as gateway,
            httpx2.AsyncClient(base_url=url(gateway), headers=KEYS, timeout=20) as client,
        ):

            async def call(priority: str = "normal") -> httpx2.Response:
                path, said = asked("openai_chat", "g", stream=False)
                return await client.post(path, json=said, headers={"x-gophergate-tags": f"priority={priority}"})

            yield call, up, gateway


def unhurried(asking: Asked) -> Say:
    say = script("openai_chat")(asking)
    say.wait = 0.3
    return say


async def test_a_provider_at_its_concurrency_is_not_asked_more(tmp_path: Path) -> None:
    async with narrow(tmp_path, unhurried) as (call, up, gateway):
        answers = await asyncio.gather(*(call() for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 503, 503, 503]
        assert len(up.asked) == 1
        kept = await rows(gateway, 4)
        assert sorted(len(row.attempts) for row in kept) == [0, 0, 0, 1]


async def test_calls_wait_for_a_place_the_urgent_first(tmp_path: Path) -> None:
    """N4's wait-instead-of-fail: a queue with a deadline and priorities."""
    order: list[str] = []
    all_wait = asyncio.Event()

    async def held(asking: Asked) -> Say:
        await all_wait.wait()
        return unhurried(asking)

    async with narrow(tmp_path, held, "wait = 10") as (call, up, gateway):

        async def one(priority: str) -> None:
            answer = await call(priority)
            assert answer.status_code == 200
            order.append(priority)

        first = asyncio.ensure_future(one("first"))
        while not up.asked:
            await asyncio.sleep(0.005)
        room = gateway.router.attempts._waiting
        tasks = []
        for number, priority in enumerate(("low", "normal", "high"), 1):
            tasks.append(asyncio.ensure_future(one(priority)))
            while room.waiting < number:
                await asyncio.sleep(0.005)
        all_wait.set()
        await asyncio.gather(first, *tasks)
        assert order == ["first", "high", "normal", "low"]
        kept = await rows(gateway, 4)
        assert sum(any(step.startswith("waited ") for step in row.decision) for row in kept) == 3


async def test_who_waits_too_long_is_told_why(tmp_path: Path) -> None:
    async with narrow(tmp_path, lambda _: Say(wait=60.0), "wait = 0.3") as (call, up, gateway):
        first = asyncio.ensure_future(call())
        while not up.asked:
            await asyncio.sleep(0.005)
        answer = await call()
        assert answer.status_code == 503
        assert "within 0.3 seconds: 'up' has all the 1 calls" in answer.text
        assert answer.headers["retry-after"]
        assert gateway.router.attempts._waiting.waiting == 0
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


# -- a cut answer that goes on elsewhere --------------------------------------------------------------------------

CONTINUED = """[server]
port = 0

[[groups]]
name = "goes-on"
retries = 0
continue_streams = true
targets = [{ model = "bad/m" }, { model = "spare/m" }]

[pricing]
overrides = { "bad/m" = { input = 1.0, output = 2.0 }, "spare/m" = { input = 3.0, output = 4.0 } }
"""
PLAIN = Said(thought="", text="xyzzy and the rest.", calls=())


def cut_after_words(_: Asked) -> Say:
    head = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
    return sse(
        head + b'{"role":"assistant","content":""},"finish_reason":null}]}\n\n',
        head + b'{"content":"The first half, "},"finish_reason":null}]}\n\n',
        cut=True,
        pause=0.01,
    )


@asynccontextmanager
async def cutting(folder: Path, first: Callable[[Asked], Say], second: Callable[[Asked], Say]) -> AsyncIterator[Any]:
    async with (
        Upstream(first) as one,
        Upstream(second) as two,
        gate(
            folder,
            {**provider("openai_chat", one.url, "bad")},
            {**provider("openai_chat", two.url, "spare"), "kind": "compatible"},
            sections=CONTINUED,
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS, timeout=20) as client,
    ):

        async def call(door: str, *, stream: bool = True) -> tuple[httpx2.Response, CallRecord]:
            path, said = asked(door, "goes-on", stream=stream)
            answer = await client.post(path, json=said)
            return answer, (await rows(gateway, 1))[-1]

        yield call, one, two


@pytest.mark.parametrize("door", ["openai_chat", "openai_responses", "anthropic_messages", "gemini", "ollama"])
async def test_a_cut_answer_goes_on_elsewhere_and_is_marked(door: str, tmp_path: Path) -> None:
    """The opt-in of R-F1: one start, both halves, a note between them, one end; both parts are paid."""
    async with cutting(tmp_path, cut_after_words, script("openai_chat", PLAIN)) as (call, _, two):
        answer, row = await call(door)
        text = answer.text
        assert answer.status_code == 200
        assert text.index("The first half, ") < text.index("continued by spare/m") < text.index("xyzz")
        assert "error" not in text.replace('"error":null', "").replace('"error": null', "")
        ends = {
            "openai_chat": "[DONE]",
            "openai_responses": "event: response.completed",
            "anthropic_messages": "event: message_stop",
        }
        if door in ends:
            assert text.count(ends[door]) == 1
        if door == "anthropic_messages":
            assert text.count("event: message_start") == 1
        turns = two.asked[0].json["messages"]
        assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
        assert turns[1]["content"] == "The first half, "
    assert (row.status, row.provider) == ("ok", "spare")
    assert [(attempt.provider, attempt.error) for attempt in row.attempts] == [
        ("bad", "upstream_broken"),
        ("spare", ""),
    ]
    paid = row.attempts[0].cost
    assert paid is not None
    assert paid > 0
    assert row.cost == paid + 10 * 3_000 + 7 * 4_000


async def test_a_cut_that_nobody_can_go_on_with_is_one_error_event(tmp_path: Path) -> None:
    """Law 2: never a clean finish, never a second status."""

    def no(_: Asked) -> Say:
        return refused("openai_chat", 503, "Also", "overloaded")

    async with cutting(tmp_path, cut_after_words, no) as (call, _, two):
        answer, row = await call("openai_chat")
        assert answer.status_code == 200
        assert answer.text.count("Also") == 1
        assert "[DONE]" not in answer.text
        assert len(two.asked) == 1
    assert (row.status, row.http_status) == ("error", 503)
    assert len(row.attempts) == 2


async def test_an_answer_that_had_begun_to_call_a_tool_does_not_go_on(tmp_path: Path) -> None:
    def calling(asking: Asked) -> Say:
        whole = list(script("openai_chat")(asking).pieces)
        return sse(*whole[:-3], cut=True, pause=0.01)

    async with cutting(tmp_path, calling, script("openai_chat")) as (call, _, two):
        answer, row = await call("openai_chat")
        assert "upstream_broken" in answer.text
        assert two.asked == []
    assert row.status == "error"
