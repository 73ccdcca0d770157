"""A fixture of our own taken across: an answer from its provider's wire to a client, a request from its door to a
target. The vendors' SDKs read what is told, and their own types take what is asked."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from gophergate.core.events import Event
from gophergate.core.lifecycle import checked
from gophergate.core.request import Request
from gophergate.dialects.base import Target, Traits, Written
from kit import fidelity
from kit.fidelity_clients import Client, clients
from kit.fidelity_said import Said, said_by
from kit.fidelity_typed import objection

OTHERS = {door: [target for target in fidelity.DIALECTS if target != door] for door in fidelity.DIALECTS}

# -- requests ---------------------------------------------------------------------------------------------------------


def cross(door: str, body: dict[str, Any], target: str, traits: Traits | None = None) -> Written:
    """The request written for a target, whose vendor's own types take it."""
    request = fidelity.DIALECTS[door].read_request(json.dumps(body).encode(), model="m")
    to = Target(model="m", origin="other", **({"traits": traits} if traits else {}))
    written = fidelity.DIALECTS[target].write_request(request, to)
    assert objection(target, json.loads(json.dumps(written.body, default=str))) == ""
    return written


def back(target: str, written: Written) -> Request:
    return fidelity.DIALECTS[target].read_request(json.dumps(written.body, default=str).encode(), model="m")


# -- answers ----------------------------------------------------------------------------------------------------------


@cache
def players() -> dict[str, Client]:
    return clients()


def sse(*data: Any, names: bool = False, done: bool = False) -> bytes:
    said = b""
    for one in data:
        said += f"event: {one['type']}\n".encode() if names else b""
        said += b"data: " + json.dumps(one).encode() + b"\n\n"
    return said + (b"data: [DONE]\n\n" if done else b"")


def read(dialect: str, body: bytes) -> list[Event]:
    reader = fidelity.DIALECTS[dialect].reader(stream=True, origin="maker")
    return checked(reader.feed(body) + reader.end())


def told(dialect: str, body: bytes, client: str, *, stream: bool = True) -> Said:
    """What the client's SDK makes of a provider's stream."""
    written = fidelity.write(read(dialect, body), client, stream=stream)
    return said_by(client, players()[client].play(written, stream=stream))


def delta(finish: str | None = None, **members: Any) -> dict[str, Any]:
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": members, "finish_reason": finish}],
    }


def chat(*deltas: dict[str, Any], usage: dict[str, Any] | None = None, finish: str = "stop", **more: Any) -> bytes:
    counts = usage or {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
    return sse(*deltas, delta(finish), {**delta(), "choices": [], "usage": counts, **more}, done=True)


def parts(*said: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(said)}, "index": 0}
    return {"candidates": [{**candidate, **({"finishReason": finish} if finish else {})}], "modelVersion": "m", **more}


RESPONSE = {"id": "resp_1", "object": "response", "model": "m", "created_at": 1, "status": "in_progress", "output": []}


def responses(*events: dict[str, Any]) -> bytes:
    created = {"type": "response.created", "response": RESPONSE}
    completed = {"type": "response.completed", "response": {**RESPONSE, "status": "completed"}}
    return sse(created, *events, completed, names=True)
