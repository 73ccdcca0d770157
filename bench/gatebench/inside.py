"""What single rooms cost, measured in this process: admission in memory, and one append to the journal.

CPU microseconds, the least of many rounds: what is measured is the work, not the neighbours.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import uvloop

from gophergate.core.call import Attempt, CallRecord
from gophergate.core.caller import Caller, ScopeLimits
from gophergate.core.money import NANOS_PER_DOLLAR
from gophergate.core.usage import Usage
from gophergate.ledger.journal import open_journal
from gophergate.policy.admission import Admission, Terms, Wanted
from gophergate.policy.auth import Auth, permit
from gophergate.policy.budgets import Budget, Claim, Scope
from gophergate.policy.limits import LocalRates
from gophergate.policy.reservations import MemoryReservations

ROUNDS, CALLS = 15, 2000
_PLENTY = 10**9


def main() -> int:
    """Print the figures as JSON."""
    print(json.dumps(uvloop.run(measured())))
    return 0


async def measured() -> dict[str, float]:
    """`admission_us`: auth, limits and budgets of four scopes, taken and settled. `journal_us`: one append."""
    return {"admission_us": await _least(_admission()), "journal_us": await _journal()}


async def _least(call: Callable[[], Awaitable[None]]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(CALLS):
            await call()
        best = min(best, time.process_time() - began)
    return round(best / CALLS * 1e6, 2)


class _Key:
    """A request that presents a key (`policy.auth.Headers`), and the store that knows it."""

    query = b""
    client = "127.0.0.1"

    def header(self, name: bytes) -> bytes | None:
        return b"Bearer sk-gg-benchmark0000000000000000000000000" if name == b"authorization" else None

    async def find(self, digest: bytes) -> Caller:
        scopes = (("key", "k"), ("client", "c"), ("team", "t"), ("user", "u"))
        limits = tuple(ScopeLimits(scope, name, _PLENTY, _PLENTY, _PLENTY) for scope, name in scopes)
        return Caller(key_id="k", client_id="c", team_id="t", user_id="u", limits=limits)


class _Deployment:
    label, provider_name, model = "bench/bench", "bench", "bench"


class _Bill:
    """A call that has cost something (`policy.admission.Bill`)."""

    call_id = "0199c4e5f2a3b4c5d6e7f80912"
    started = 1_760_000_000_000_000
    door, operation = "openai_chat", "chat"
    answering = _Deployment()

    def cost(self) -> int:
        return 60_000

    def tokens(self) -> tuple[int, int]:
        return 60, 90

    def decided(self, step: str) -> None:
        """A sentence for the record."""

    def stop(self, error: Exception) -> None:
        """Nobody stops it."""


class _Prices:
    def price(self, deployment: Any, usage: Usage | None) -> tuple[int, str]:
        return 60_000, "bench"


class _Nothing:
    """Nothing was spent before (`policy.budgets.Ledger`)."""

    async def spent(
        self, claim: Claim, begin: int, end: int | None, step: int, ready: Callable[[], None]
    ) -> Mapping[int, int]:
        ready()
        return {}


def _admission() -> Callable[[], Awaitable[None]]:
    key = _Key()
    auth = Auth(
        key,
        digest=lambda text: hashlib.blake2b(text.encode(), key=b"pepper", digest_size=32).digest(),
        clock=time.monotonic,
        wall=time.time,
    )
    scopes: tuple[tuple[Scope, str], ...] = (("key", "k"), ("client", "c"), ("team", "t"), ("user", "u"))
    admission = Admission(
        LocalRates(time.monotonic),
        MemoryReservations(_Nothing(), tells=lambda *_: None, clock=time.monotonic),
        _Prices(),
        Terms(loop_after=0),
        wall=time.time,
        clock=time.monotonic,
        warns=lambda *_: None,
        output_limit=lambda model: None,
    )
    amount = _PLENTY * NANOS_PER_DOLLAR
    budgets = [Budget(id=scope, scope=scope, scope_id=name, amount=amount, period="month") for scope, name in scopes]
    admission.set(budgets, ())
    deployments, bill, body = (_Deployment(),), _Bill(), b"x" * 300

    def note(name: bytes, value: bytes) -> None:
        """A header of the answer."""

    async def call() -> None:
        caller = await auth.caller(key)
        permit(caller, "bench/bench")
        async with admission.admitted(caller, Wanted("bench/bench", deployments, body, 100, None), bill, note):
            pass

    return call


async def _journal() -> float:
    record = CallRecord(
        id="0199c4e5f2a3b4c5d6e7f80912",
        request_id="0199c4e5f2a3b4c5d6e7f80912",
        started_at=1_760_000_000_000_000,
        status="ok",
        http_status=200,
        door="openai_chat",
        operation="chat",
        client_id="c",
        key_id="k",
        model_requested="bench/bench",
        model="bench",
        provider="bench",
        usage=Usage(input=60, cache_read=0, output=90),
        usage_source="provider",
        finish_reason="stop",
        latency_ms=1.234,
        first_token_ms=1.1,
        overhead_ms=0.2,
        attempts=(Attempt(model="bench", provider="bench", status=200, ms=1.1),),
        decision=("'bench/bench' is bench/bench",),
        client_ip="127.0.0.1",
        request_bytes=300,
        response_bytes=800,
    )
    with tempfile.TemporaryDirectory(prefix="gatebench-") as folder:
        journal = open_journal(Path(folder))

        async def append() -> None:
            journal.committed([(record.id, journal.append(record))])

        try:
            return await _least(append)
        finally:
            journal.close()


if __name__ == "__main__":
    sys.exit(main())
