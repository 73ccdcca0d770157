"""Anything may arrive. A client's odd request is a BadRequest at worst, a provider's odd answer a `Failed`; at any
door, for any target, in any chunking. The bodies that are made wrong are those of the goldens."""

from __future__ import annotations

import contextlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gophergate.core.events import Event, Failed
from gophergate.core.lifecycle import checked
from gophergate.core.request import Request
from gophergate.dialects.base import Dialect, Stamp, Target, encode
from gophergate.dialects.estimate import estimate, rough
from gophergate.doors.chat import dialects
from gophergate.errors import BadRequest, GatewayError
from kit.mutations import mutated

GOLDEN = Path(__file__).parents[2] / "golden"
SPOKEN = dialects()
STAMP = Stamp("abcdefghijklmnopqrstuvwx", 1)
REQUESTS = {
    name: [json.loads(path.read_bytes()) for path in sorted(GOLDEN.glob(f"requests/{name}/*/request.json"))]
    for name in SPOKEN
}
ANSWERS = {
    name: [path for path in sorted(GOLDEN.glob(f"answers/{name}/*/answer.*")) if path.suffix != ".txt"]
    for name in SPOKEN
}


@cache
def asked(name: str) -> Request:
    """A plain request at a door, for its writer."""
    return SPOKEN[name].read_request(json.dumps(REQUESTS[name][0]).encode(), model="m")


@pytest.mark.parametrize("name", SPOKEN)
def test_an_odd_request_is_a_clear_bad_request_at_worst(name: str) -> None:
    """R-X8: odd members, wrong types at every level, huge numbers, NUL and lone surrogates, in reading, in writing for
    every provider, in counting, and in what the verbatim path looks at."""
    door = SPOKEN[name]

    @settings(max_examples=600, derandomize=True)
    @given(mutated(st.sampled_from(REQUESTS[name])))
    def holds(body: Any) -> None:
        raw = json.dumps(body).encode()
        try:
            door.peek(raw, model="m" if name == "gemini" else "")
            json.loads(door.edit(raw, model="n", ask_usage=True))
            request = door.read_request(raw, model="m" if name == "gemini" else "")
        except BadRequest as error:
            json.loads(door.write_error(error, "r"))
            return
        assert estimate(request, "gpt-4.1") > 0
        assert rough(request) > 0
        for target in SPOKEN.values():
            with contextlib.suppress(BadRequest):
                json.loads(encode(target.write_request(request, Target(model="m", origin="o")).body))

    holds()


@pytest.mark.parametrize("name", SPOKEN)
def test_an_odd_answer_is_read_or_has_failed_and_can_be_told_to_every_client(name: str) -> None:
    """R-T1, R-T3, law 4: one clean lifecycle, the same in any chunking, and writers that never break on it."""
    door = SPOKEN[name]
    cases = st.sampled_from(ANSWERS[name]).flatmap(made_wrong)

    @settings(max_examples=300, derandomize=True)
    @given(cases, st.integers(1, 300))
    def holds(case: tuple[bytes, bool], step: int) -> None:
        body, streams = case
        events = read(door, body, streams, len(body) or 1)
        cut = read(door, body, streams, step)
        assert [kind(event) for event in events] == [kind(event) for event in cut]
        for client in SPOKEN.values():
            for stream in (True, False):
                writer = client.writer(asked(client.name), STAMP, stream=stream)
                with contextlib.suppress(GatewayError):
                    told = b"".join(map(writer.write, events))
                    json.loads(b"{}" if stream else told)

    holds()


def read(door: Dialect, body: bytes, streams: bool, step: int) -> list[Event]:
    reader = door.reader(stream=streams, origin="o")
    events: list[Event] = []
    for start in range(0, len(body), step):
        events += reader.feed(body[start : start + step])
    events += reader.end()
    reader.tail()
    return checked(events)


def kind(event: Event) -> str:
    return str(event.error) if isinstance(event, Failed) else repr(event)


def made_wrong(path: Path) -> st.SearchStrategy[tuple[bytes, bool]]:
    """An answer with one of its JSON texts made wrong, and whether it is a stream."""
    raw = path.read_bytes()
    if path.suffix == ".json":
        return mutated(st.just(json.loads(raw))).map(lambda body: (json.dumps(body).encode(), False))
    lines = raw.split(b"\n")
    head = b"data: " if path.suffix == ".sse" else b""
    told = [n for n, line in enumerate(lines) if line.startswith(head + b"{")]

    def put(number: int) -> st.SearchStrategy[tuple[bytes, bool]]:
        good = json.loads(lines[number].removeprefix(head))

        def joined(bad: Any) -> tuple[bytes, bool]:
            return b"\n".join([*lines[:number], head + json.dumps(bad).encode(), *lines[number + 1 :]]), True

        return mutated(st.just(good)).map(joined)

    return st.sampled_from(told).flatmap(put)
