"""`logs` and `usage`: every call and every sum as the ledger has it, unpriced never zero."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gophergate.cli.logs import matches, new_calls
from gophergate.core.call import Attempt, CallRecord
from gophergate.core.usage import Usage
from gophergate.store.calls import Calls
from gophergate.store.database import open_database
from gophergate.store.filters import CallFilter
from kit.commands import Command

HOUR = 3_600_000_000


def call(number: int, *, at: int | None = None, **more: object) -> CallRecord:
    started = time.time_ns() // 1000 - HOUR if at is None else at
    facts: dict[str, object] = {
        "id": f"call{number:03d}",
        "request_id": f"req{number}",
        "started_at": started + number,
        "status": "ok",
        "http_status": 200,
        "door": "openai_chat",
        "operation": "chat",
        "model_requested": "fast",
        "model": "openai/gpt-4.1",
        "provider": "openai",
        "usage": Usage(input=10, cache_read=5, output=3),
        "usage_source": "provider",
        "cost": 1_230_000,
        "latency_ms": 12.4,
        "attempts": (Attempt(model="gpt-4.1", provider="openai", status=200, cost=1_230_000),),
    }
    return CallRecord(**(facts | more))  # type: ignore[arg-type]


UNPRICED = {"cost": None}
REFUSED = {
    "status": "refused",
    "http_status": 429,
    "usage": None,
    "usage_source": "none",
    "cost": None,
    "model": None,
    "provider": None,
    "attempts": (),
}


def store(data: Path, *records: CallRecord) -> None:
    async def write() -> None:
        database = await open_database(f"sqlite+aiosqlite:///{data}/gophergate.db")
        await Calls(database).write(records)
        await database.close()

    asyncio.run(write())


def test_logs_show_the_last_calls_the_newest_last(gophergate: Command, data: Path) -> None:
    """R-A1: failed and refused calls have rows in full. Unpriced is said, never zero (R-U2)."""
    store(data, call(1), call(2, **UNPRICED), call(3, **REFUSED))
    heading, *rows = (line.split("\t") for line in gophergate("logs").out.splitlines())
    assert heading == ["TIME", "STATUS", "HTTP", "CLIENT", "MODEL", "IN", "OUT", "COST", "MS", "ID"]
    assert [row[1:] for row in rows] == [
        ["ok", "200", "", "openai/gpt-4.1", "15", "3", "0.00123", "12", "call001"],
        ["ok", "200", "", "openai/gpt-4.1", "15", "3", "unpriced", "12", "call002"],
        ["refused", "429", "", "fast", "", "", "", "12", "call003"],
    ]
    assert [line.split("\t")[-1] for line in gophergate("logs", "-n", "1").out.splitlines()[1:]] == ["call003"]


def test_logs_as_json_have_the_shape_of_the_api(gophergate: Command, data: Path) -> None:
    """INTERFACE: money as a decimal string, times in RFC 3339, absent is null."""
    store(data, call(1, at=1_767_225_600_000_000), call(2, at=1_767_225_600_000_000, **UNPRICED))
    first, second = gophergate("logs", "--json").json()
    assert first["started_at"] == "2026-01-01T00:00:00.000Z"
    assert (first["cost"], second["cost"]) == ("0.00123", None)
    assert first["usage"] == {"input": 10, "cache_read": 5, "output": 3}
    assert first["attempts"][0]["cost"] == "0.00123"


def test_logs_can_be_narrowed(gophergate: Command, data: Path) -> None:
    owner = gophergate("keys", "create", "--client", "reports", "--json").json()
    mine = {"client_id": owner["client_id"], "key_id": owner["id"]}
    store(data, call(1, **mine), call(2, **REFUSED), call(3, at=time.time_ns() // 1000 - 50 * HOUR))

    def ids(*words: str) -> list[str]:
        return [row["id"] for row in gophergate("logs", "--json", *words).json()]

    assert ids("--client", "reports") == ids("--key", owner["id"]) == ["call001"]
    assert gophergate("logs", "--client", "reports").out.splitlines()[1].split("\t")[3] == "reports"
    assert ids("--status", "refused") == ["call002"]
    assert ids("--since", "2d") == ["call001", "call002"]
    assert ids("--model", "openai/gpt-4.1", "--provider", "openai") == ["call003", "call001"]
    assert gophergate("logs", "--client", "nobody").err == "gophergate: There is no client 'nobody'.\n"


def test_more_calls_than_a_page_holds(gophergate: Command, data: Path) -> None:
    store(data, *(call(number) for number in range(700)))
    rows = gophergate("logs", "--json", "-n", "600").json()
    assert [row["id"] for row in rows] == [f"call{number:03d}" for number in range(100, 700)]


async def test_following_gives_each_new_call_once_in_order(data: Path) -> None:
    database = await open_database(f"sqlite+aiosqlite:///{data}/gophergate.db")
    calls = Calls(database)
    await calls.write([call(1)])
    start = (await calls.follow()).next_cursor
    waits = 0

    async def write_more(_seconds: float) -> None:
        nonlocal waits
        waits += 1
        await calls.write([call(waits * 10), call(waits * 10 + 1, **REFUSED), call(waits * 10 + 2)])

    found: list[str] = []
    coming = new_calls(calls, start, CallFilter(status="ok"), write_more)
    async for record in coming:
        found.append(record.id)
        if len(found) == 5:
            break
    await coming.aclose()
    await database.close()
    assert found == ["call010", "call012", "call020", "call022", "call030"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (CallFilter(), True),
        (CallFilter(status="ok", model="openai/gpt-4.1", provider="openai"), True),
        (CallFilter(provider="groq"), False),
        (CallFilter(client_id="x"), False),
        (CallFilter(since=2_000), False),
        (CallFilter(since=1_001), True),
    ],
)
def test_a_followed_call_is_held_to_the_filter(where: CallFilter, expected: bool) -> None:
    assert matches(call(1, at=1_000), where) is expected


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """What is started in this scope minds SIGINT, also where this process, in a shell's background, was told not to."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_follow_runs_until_ctrl_c_and_ends_well(home: Path, data: Path) -> None:
    """A real process: new calls appear as JSON lines; SIGINT ends it with status 0 and no message."""
    store(data, call(1))
    process = subprocess.Popen(
        [sys.executable, "-m", "gophergate", "logs", "--follow", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=home,
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        assert msgspec.json.decode(process.stdout.readline())["id"] == "call001"
        store(data, call(2))
        assert msgspec.json.decode(process.stdout.readline())["id"] == "call002"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        assert (process.returncode, out, err.strip()) == (0, b"", b"")
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()


def test_usage_adds_up_and_the_total_is_the_sum_of_the_rows(gophergate: Command, data: Path) -> None:
    """R-A1; R-U2: an unpriced call is counted apart, and where nothing has a price no amount is shown."""
    store(
        data,
        call(1),
        call(2),
        call(3, model="groq/llama", provider="groq", **UNPRICED),
        call(4, **REFUSED),
    )
    heading, *rows = (line.split("\t") for line in gophergate("usage", "--by", "model").out.splitlines())
    assert heading == ["MODEL", "CALLS", "FAILED", "INPUT", "CACHED", "OUTPUT", "COST", "UNPRICED"]
    assert sorted(rows) == [
        ["(none)", "1", "1", "0", "0", "0", "0.00", ""],
        ["groq/llama", "1", "0", "15", "5", "3", "unpriced", "1"],
        ["openai/gpt-4.1", "2", "0", "30", "10", "6", "0.00246", ""],
        ["total", "4", "1", "45", "15", "9", "0.00246", "1"],
    ]
    found = gophergate("usage", "--by", "provider", "--json").json()
    assert found["total"]["cost"] == "0.00246"
    assert sum(item["calls"] for item in found["items"]) == found["total"]["calls"] == 4


def test_usage_by_day_and_by_client(gophergate: Command, data: Path) -> None:
    owner = gophergate("keys", "create", "--client", "reports", "--name", "nightly", "--json").json()
    store(
        data,
        call(1, at=1_767_225_600_000_000, client_id=owner["client_id"], key_id=owner["id"]),
        call(2, at=1_767_312_000_000_000),
    )
    span = ("--since", "2026-01-01T00:00:00Z", "--until", "2026-01-03T00:00:00Z")
    days = [line.split("\t")[:2] for line in gophergate("usage", *span).out.splitlines()[1:]]
    assert days == [["2026-01-01", "1"], ["2026-01-02", "1"], ["total", "2"]]
    hours = [line.split("\t")[0] for line in gophergate("usage", "--by", "hour", *span).out.splitlines()[1:]]
    assert hours == ["2026-01-01 00:00", "2026-01-02 00:00", "total"]
    clients = gophergate("usage", "--by", "client", *span, "--json").json()["items"]
    assert {(item["id"], item["name"]) for item in clients} == {(owner["client_id"], "reports"), ("", "")}
    keys = {line.split("\t")[0] for line in gophergate("usage", "--by", "key", *span).out.splitlines()[1:]}
    assert keys == {"nightly", "(none)", "total"}
    assert gophergate("usage", "--by", "total", *span).out.splitlines()[1].startswith("all\t2\t")
