from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from gophergate.core.blocks import Text
from gophergate.core.call import Attempt, CallBodies, CallRecord, GuardFinding
from gophergate.core.caller import Caller
from gophergate.core.events import BlockGrew, BlockOpened, Finished, Started, UsageSeen
from gophergate.core.usage import Usage
from gophergate.errors import (
    BadRequest,
    BudgetExceeded,
    ClientGone,
    GatewayError,
    RequestTimeout,
    UpstreamBroken,
    UpstreamRefused,
    UpstreamTimeout,
)
from gophergate.ledger.book import Book
from gophergate.ledger.entry import Entry


class Deployed(NamedTuple):
    provider_name: str = "demo"
    model: str = "echo"

    @property
    def label(self) -> str:
        return f"{self.provider_name}/{self.model}"


class Rows:
    def __init__(self) -> None:
        self.records: list[CallRecord] = []
        self.bodies: list[CallBodies | None] = []

    def begin(self, record: CallRecord) -> None:
        self.begun = record

    def put(self, record: CallRecord, bodies: CallBodies | None = None) -> None:
        self.records.append(record)
        self.bodies.append(bodies)


class Nano:
    def price(self, deployment: object, usage: Usage | None) -> tuple[int | None, str | None]:
        return (usage.total_input + usage.total_output, "v1") if usage else (None, None)


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def opened(keeps: str = "none") -> tuple[Entry, Rows, Clock]:
    rows, clock = Rows(), Clock()
    book = Book(rows, Nano(), wall=lambda: 1_700_000_000.25, clock=clock, keeps=keeps)
    caller = Caller(key_id="k", client_id="c", team_id="t")
    return book.entry("call1", "req1", caller, "openai_chat", "chat"), rows, clock


async def test_a_whole_call_is_one_row_with_usage_cost_and_times() -> None:
    entry, rows, clock = opened()
    with entry:
        entry.asked(b"x" * 40, "echo", stream=True, end_user="u", session=None)
        entry.attempt(Deployed())
        entry.sent()
        clock.now += 0.2
        entry.answered(200)
        entry.see([Started(), BlockOpened(0, Text(text="")), BlockGrew(0, "hi"), UsageSeen(Usage(input=4, output=1))])
        entry.said(b"12345")
        clock.now += 0.1
        entry.tried(None)
    [row] = rows.records
    assert (row.status, row.http_status, row.cost, row.usage_source) == ("ok", 200, 5, "provider")
    assert (row.latency_ms, row.first_token_ms, row.overhead_ms) == (300.0, 200.0, 100.0)
    assert (row.started_at, row.provider, row.model) == (1_700_000_000_250_000, "demo", "echo")
    assert (row.request_bytes, row.response_bytes, row.client_id, row.team_id) == (40, 5, "c", "t")
    [attempt] = row.attempts
    assert (attempt.provider, attempt.status, attempt.error, attempt.ms) == ("demo", 200, "", 300.0)


class Findings:
    def findings(self) -> tuple[GuardFinding, ...]:
        return (GuardFinding(guard="g", action="mask", mode="enforce", where="input", found={"EMAIL": 1}),)


async def test_every_member_of_a_record_is_what_its_name_says() -> None:
    """They are given by their place."""
    rows, clock = Rows(), Clock()
    book = Book(rows, Nano(), wall=lambda: 1_700_000_000.25, clock=clock)
    caller = Caller(key_id="key", client_id="client", team_id="team", user_id="user", organisation_id="organisation")
    usage = Usage(input=4, output=1)
    with book.entry("call", "request", caller, "door", "operation") as entry:
        entry.tags, entry.client_ip, entry.guarding = {"a": "b"}, "address", Findings()  # type: ignore[assignment]
        entry.asked(b"12345678", "asked for", stream=True, end_user="end user", session="session")
        entry.decided("first", "second")
        entry.attempt(Deployed("demo", "echo"))
        entry.sent("credential")
        clock.now += 2
        entry.answered(200)
        entry.see([BlockOpened(0, Text(text="hi")), UsageSeen(usage), Finished(reason="stop")])
        entry.dropped(["seed"])
        entry.said(b"123")
        clock.now += 1
        entry.broke(UpstreamBroken("cut"))
        entry.tried(None)
        clock.now += 1
    attempt = Attempt(
        model="echo",
        provider="demo",
        credential="credential",
        status=200,
        error="upstream_broken",
        message="cut",
        ms=3000.0,
    )
    assert rows.records == [
        CallRecord(
            id="call",
            request_id="request",
            started_at=1_700_000_000_250_000,
            status="error",
            http_status=502,
            door="door",
            operation="operation",
            stream=True,
            organisation_id="organisation",
            team_id="team",
            user_id="user",
            client_id="client",
            key_id="key",
            session="session",
            end_user="end user",
            tags={"a": "b"},
            model_requested="asked for",
            model="echo",
            provider="demo",
            usage=usage,
            usage_source="provider",
            cost=5,
            price_version="v1",
            finish_reason="stop",
            latency_ms=4000.0,
            first_token_ms=2000.0,
            overhead_ms=2000.0,
            attempts=(attempt,),
            decision=("first", "second"),
            dropped=("seed",),
            guards=Findings().findings(),
            error_code="upstream_broken",
            error_message="cut",
            client_ip="address",
            request_bytes=8,
            response_bytes=3,
        )
    ]


@pytest.mark.parametrize(
    ("error", "status", "http"),
    [
        (BadRequest("no"), "refused", 400),
        (BudgetExceeded("no"), "refused", 402),
        (RequestTimeout("slow"), "timeout", 408),
        (UpstreamTimeout("slow", phase="idle"), "timeout", 504),
        (UpstreamBroken("cut"), "error", 502),
        (UpstreamRefused("no", status=429), "error", 429),
        (ClientGone("gone"), "client_closed", 499),
    ],
)
async def test_every_way_to_fail_is_one_row_and_the_failure_passes_on(
    error: GatewayError, status: str, http: int
) -> None:
    """Law 1."""
    entry, rows, _ = opened()
    with pytest.raises(type(error)), entry:
        raise error
    [row] = rows.records
    assert (row.status, row.http_status, row.error_code) == (status, http, error.code)


async def test_a_failure_inside_the_stream_is_an_error_row_though_nothing_was_raised() -> None:
    """Law 2: told inside the stream, never a clean finish."""
    entry, rows, _ = opened()
    with entry:
        entry.attempt(Deployed())
        entry.broke(UpstreamBroken("cut in the middle"))
        entry.tried(None)
    [row] = rows.records
    assert (row.status, row.error_code, row.attempts[0].error) == ("error", "upstream_broken", "upstream_broken")


@pytest.mark.parametrize(("gone", "status", "code"), [(True, "client_closed", None), (False, "error", "shutdown")])
async def test_cancelled_at_any_await_it_is_still_one_row(gone: bool, status: str, code: str | None) -> None:
    """Law 1, R-U5: billed on what was delivered, marked estimated; cancelled with the client there is a shutdown."""
    entry, rows, _ = opened()
    entry.receiver = SimpleNamespace(gone=gone)

    async def call() -> None:
        with entry:
            entry.asked(b"x" * 40, "echo", stream=True, end_user=None, session=None)
            entry.attempt(Deployed())
            entry.answered(200)
            entry.see([Started(), BlockOpened(0, Text(text="")), BlockGrew(0, "delivered")])
            await asyncio.Event().wait()

    task = asyncio.ensure_future(call())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [row] = rows.records
    assert (row.status, row.usage_source, row.usage) == (status, "estimated", Usage(input=10, output=3))
    assert len(row.attempts) == 1
    assert code is None or row.error_code == code


async def test_the_second_attempt_forgets_what_the_first_was_metered() -> None:
    entry, rows, _ = opened()
    with entry:
        entry.attempt(Deployed())
        entry.see([Started(), UsageSeen(Usage(input=1000))])
        entry.tried(UpstreamRefused("overloaded", status=529))
        entry.attempt(Deployed("other"))
        entry.answered(200)
        entry.see([Started(), UsageSeen(Usage(input=4))])
        entry.tried(None)
    [row] = rows.records
    assert row.usage == Usage(input=4)
    assert [(a.provider, a.error) for a in row.attempts] == [("demo", "upstream_error"), ("other", "")]


@pytest.mark.parametrize(
    ("keeps", "fails", "kept"),
    [("none", True, False), ("errors", False, False), ("errors", True, True), ("all", False, True)],
)
async def test_bodies_are_kept_only_where_configured(keeps: str, fails: bool, kept: bool) -> None:
    """R-D1: bodies are optional and their true size is known."""
    entry, rows, _ = opened(keeps)
    with entry:
        entry.asked(b"question", "echo", stream=False, end_user=None, session=None)
        entry.said(b"answer")
        if fails:
            entry.broke(UpstreamBroken("cut"))
    [bodies] = rows.bodies
    assert (bodies is not None) is kept
    if bodies is not None:
        assert (bodies.request, bodies.response, bodies.response_size) == (b"question", b"answer", 6)


async def test_only_a_call_that_is_there_at_two_rings_is_noted_while_it_runs() -> None:
    """The journal of a busy process holds a short call once, however often a ring meets it."""
    rows, noted = Rows(), []
    rows.begin = lambda record: noted.append(record.id)  # type: ignore[method-assign]
    book = Book(rows, Nano(), wall=lambda: 1_700_000_000.25, clock=Clock())
    caller = Caller(key_id="k", client_id="c", team_id="t")
    with book.entry("long", "r1", caller, "openai_chat", "chat") as long:
        long.asked(b"{}", "echo", stream=False, end_user=None, session=None)
        with book.entry("short", "r2", caller, "openai_chat", "chat") as short:
            short.asked(b"{}", "echo", stream=False, end_user=None, session=None)
            book._note_running()
            assert noted == []
        async with asyncio.timeout(10):
            while not noted:
                await asyncio.sleep(0.01)
        assert noted == ["long"]
    assert [row.id for row in rows.records] == ["short", "long"]


async def test_printed_in_a_log_it_says_nothing_of_what_was_asked() -> None:
    entry, _, _ = opened()
    entry.asked(b'{"messages": "secret"}', "m", stream=False, end_user=None, session=None)
    assert repr(entry) == "Entry('call1')"
