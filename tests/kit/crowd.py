"""A crowd of calls as viewers are told of them, without the calls: so many messages a second, and each is known."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from gophergate.app import Gateway
from gophergate.core.call import CallRecord, Running, Status
from gophergate.core.usage import Usage
from gophergate.live.feed import finished, running
from gophergate.live.signs import About, Sign

_MODELS = (("openai", "gpt-4.1"), ("openai", "gpt-4.1-mini"), ("anthropic", "claude-sonnet-4-5"), ("groq", "llama-3.3"))
_SAID = "The burrow goes down two metres, and in it a gopher keeps what it found. "
_STEP = 0.3
"""Seconds between two messages of a call."""


@dataclass
class Told:
    """What viewers were told: how many `messages` in each second; which calls `ended`, and which of them `failed`, by
    client and model asked for."""

    messages: Counter[int] = field(default_factory=Counter)
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    failed: Counter[tuple[str, str]] = field(default_factory=Counter)


async def crowd(
    gateway: Gateway, clients: Sequence[Mapping[str, str]], *, rate: float, seconds: float, grows: int = 5
) -> Told:
    """Tell the gateway's viewers of calls that begin, say something `grows` times and end: `rate` messages a second,
    but fewer while the first have yet to end and while the last do. Every call that began has ended then."""
    told = Told()
    steps = grows + 2
    calls = int(rate * seconds / steps)
    plan = sorted((n * steps / rate + step * _STEP, n, step) for n in range(calls) for step in range(steps))
    began = time.monotonic()
    for at, n, step in plan:
        await asyncio.sleep(max(0.0, began + at - time.monotonic()))
        told.messages[int(time.monotonic() - began)] += 1
        client = clients[n % len(clients)]
        provider, model = _MODELS[n // 3 % len(_MODELS)]
        _tell(gateway, client["id"], provider, model, n, (step, steps - 1), told)
    return told


def _tell(gateway: Gateway, client: str, provider: str, model: str, n: int, at: tuple[int, int], told: Told) -> None:
    step, last = at
    asked = f"{provider}/{model}"
    status: Status = "error" if n % 17 == 0 else "ok"
    now = Running(
        id=f"crowd-{id(told):x}-{n:06d}",
        request_id=f"req-{n}",
        started_at=int(time.time() * 1_000_000),
        door="openai_chat",
        operation="chat",
        stream=True,
        team_id=None,
        client_id=client,
        key_id="key",
        session=None,
        end_user=None,
        tags={},
        model_requested=asked,
        model=model,
        provider=provider,
        attempt=1,
        output_tokens=step * 18,
        first_token_ms=_STEP * 1000 if step else None,
        elapsed_ms=step * _STEP * 1000,
    )
    about = About(None, client, "key", (asked, model), provider)
    if step == 0:
        said = {"prompt": f"Question {n}: how deep is a gopher's burrow, and who keeps it? " * 4}
        gateway.live.hub.tell(Sign("call.started", running(now), about, said))
    elif step < last:
        data = {name: getattr(now, name) for name in ("id", "model", "provider", "output_tokens", "first_token_ms")}
        said = {"parts": [{"kind": "text", "text": _SAID}]}  # type: ignore[dict-item]
        gateway.live.hub.tell(Sign("call.delta", {**data, "elapsed_ms": now.elapsed_ms}, about, said))
    else:
        told.ended[client, asked] += 1
        told.failed[client, asked] += status == "error"
        record = CallRecord(
            **{name: getattr(now, name) for name in now.__struct_fields__ if name in CallRecord.__struct_fields__},
            status=status,
            http_status=502 if status == "error" else 200,
            usage=Usage(input=900, output=step * 18),
            usage_source="provider",
            cost=1_234_000,
            finish_reason="stop",
            latency_ms=step * _STEP * 1000,
        )
        gateway.live.hub.tell(Sign("call.finished", finished(record), msgspec.structs.replace(about, status=status)))
