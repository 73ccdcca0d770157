"""What letting one call in costs: auth, limits in three scopes, a budget over four, settled; and its journal entry.

    python -m gatebench.admission

CPU of the event loop's thread in microseconds a call, the best of many runs, nothing waiting and nothing on a wire.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from gophergate.core.call import Attempt, CallRecord
from gophergate.core.caller import Caller, ScopeLimits
from gophergate.core.usage import Usage
from gophergate.errors import GatewayError
from gophergate.front.base import Heard
from gophergate.ledger.journal import open_journal
from gophergate.ledger.pricing import PriceBook
from gophergate.policy.admission import Admission, Terms, Wanted
from gophergate.policy.auth import Auth
from gophergate.policy.budgets import Budget, Claim
from gophergate.policy.limits import LocalRates
from gophergate.policy.reservations import MemoryReservations
from gophergate.providers.base import Credential
from gophergate.providers.build import build
from gophergate.providers.registry import BY_KIND
from gophergate.routing.base import Deployment
from gophergate.secrets import Keyring

CALLS, RUNS = 1_000, 30
WHOLE = "auth, limits in three scopes, a budget over four"
"""What a call costs that is held by all of it."""
AT = 1_785_715_200_000_000
BODY = b'{"model":"gpt-4.1","messages":[{"role":"user","content":"' + b"word " * 60 + b'"}]}'


class Request:
    """A request's headers, as the edge gives them."""

    query = b""
    client = "127.0.0.1"

    @property
    def heard(self) -> Heard:
        """Nothing remembered: as of a client that never sends the same head twice."""
        return Heard()

    def header(self, name: bytes) -> bytes | None:
        return b"Bearer sk-gg-bench-00000000000000000000000000" if name == b"authorization" else None


class Keys:
    """One key, and whose it is."""

    def __init__(self, *, limited: bool) -> None:
        limits = [ScopeLimits(s, s, rpm=10**9, tpm=10**12, concurrency=10**6) for s in ("key", "client", "team")]
        self.caller = Caller(
            key_id="key",
            client_id="client",
            team_id="team",
            organisation_id="organisation",
            limits=tuple(limits) if limited else (),
        )

    async def find(self, digest: bytes) -> Caller | None:
        return self.caller


class Bill:
    """A call as the ledger knows it."""

    door, operation = "openai_chat", "chat"
    started = AT

    def __init__(self, call_id: str, answering: Deployment) -> None:
        self.call_id = call_id
        self.answering = answering

    def cost(self) -> int | None:
        """The ledger's own work, done once for the row and the budgets."""
        return 1_760_000

    def tokens(self) -> tuple[int, int]:
        return 80, 200

    def decided(self, step: str) -> None: ...

    def stop(self, error: GatewayError) -> None: ...


USAGE = Usage(input=80, output=200)


class Empty:
    """A ledger in which nothing was spent."""

    async def spent(
        self, claim: Claim, begin: int, end: int | None, step: int, ready: Callable[[], None]
    ) -> Mapping[int, int]:
        ready()
        return {}


def admission(prices: PriceBook, *, budgets: bool, loops: bool) -> Admission:
    """As `spending` builds it."""
    made = Admission(
        LocalRates(time.monotonic),
        MemoryReservations(Empty(), tells=lambda *_: None, clock=time.monotonic),
        prices,
        Terms(loop_after=20 if loops else 0),
        wall=time.time,
        clock=time.monotonic,
        warns=lambda *_: None,
        output_limit=lambda _: 32_768,
    )
    scopes = ("key", "client", "team", "organisation") if budgets else ()
    made.set(
        [Budget(id=s, scope=s, scope_id=s, amount=10**15, period="month", timezone="Europe/Berlin") for s in scopes],  # type: ignore[arg-type]
        (),
    )
    return made


async def measured(work: Callable[[int], Awaitable[None]]) -> float:
    """Microseconds of CPU a call."""
    best = float("inf")
    for _ in range(RUNS):
        gc.collect()
        gc.disable()
        began = time.thread_time()
        await work(CALLS)
        best = min(best, time.thread_time() - began)
        gc.enable()
        await asyncio.sleep(0)
    return round(best / CALLS * 1e6, 2)


async def admissions(*, limited: bool, budgets: bool, auth: bool = True, loops: bool = True) -> float:
    """Of `Auth.caller` and the whole scope of `Admission.admitted`."""
    keyring = Keyring(bytes(32))
    door = Auth(Keys(limited=limited), digest=keyring.hash_client_key, clock=time.monotonic, wall=time.time)
    row = BY_KIND["openai"]
    deployment = Deployment(
        build(row, "openai", secrets=[Credential("default", "sk-x")], sleep=asyncio.sleep), "gpt-4.1"
    )
    prices = PriceBook(wall=time.time, row=lambda _: row)
    let_in = admission(prices, budgets=budgets, loops=loops)
    request, deployments = Request(), (deployment,)
    caller = await door.caller(request)
    number = 0

    def note(name: bytes, value: bytes) -> None: ...

    async def work(calls: int) -> None:
        nonlocal number
        found = caller
        for _ in range(calls):
            number += 1
            if auth:
                found = await door.caller(request)
            bill = Bill(str(number), deployment)
            async with let_in.admitted(found, Wanted("gpt-4.1", deployments, BODY, 500, None), bill, note):
                pass

    return await measured(work)


async def appends() -> float:
    """Of one record to the journal, as large as a call's is."""
    record = CallRecord(
        id="01K2MNPQRSTVWXYZ0123456789",
        request_id="01K2MNPQRSTVWXYZ0123456789",
        started_at=AT,
        status="ok",
        http_status=200,
        door="openai_chat",
        operation="chat",
        stream=True,
        organisation_id="01K2MNPQRSTVWXYZ012345678A",
        team_id="01K2MNPQRSTVWXYZ012345678B",
        client_id="01K2MNPQRSTVWXYZ012345678C",
        key_id="01K2MNPQRSTVWXYZ012345678D",
        model_requested="gpt-4.1",
        model="gpt-4.1",
        provider="openai",
        usage=USAGE,
        usage_source="provider",
        cost=1_760_000,
        price_version="genai-prices openai/gpt-4.1",
        finish_reason="stop",
        latency_ms=812.4,
        first_token_ms=402.1,
        overhead_ms=0.2,
        attempts=(Attempt(model="gpt-4.1", provider="openai", status=200, ms=811.9),),
        decision=("'gpt-4.1' is served by openai",),
        client_ip="127.0.0.1",
        request_bytes=400,
        response_bytes=9_000,
    )
    with tempfile.TemporaryDirectory(prefix="gateadmission-") as name:
        journal = open_journal(Path(name), max_bytes=1 << 32)

        async def work(calls: int) -> None:
            for _ in range(calls):
                journal.append(record)

        found = await measured(work)
        journal.close()
        return found


async def all_of_it() -> dict[str, Any]:
    """Every figure, by what it is of."""
    return {
        "admission_us": {
            WHOLE: await admissions(limited=True, budgets=True),
            "auth, limits": await admissions(limited=True, budgets=False),
            "auth, budgets": await admissions(limited=False, budgets=True),
            "auth, nothing to hold": await admissions(limited=False, budgets=False),
            "no auth, nothing to hold, no look for loops": await admissions(
                limited=False, budgets=False, auth=False, loops=False
            ),
        },
        "journal_us": await appends(),
    }


def main() -> int:
    """Measure and print. Their ceilings are judged by the whole run."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    print(json.dumps(asyncio.run(all_of_it()), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
