"""Answers of every dialect, cut at every byte of what must not pass, from the provider's bytes to the client's."""

from __future__ import annotations

import json
import re

import pytest

from gophergate.core.request import Request
from gophergate.dialects.base import Stamp
from gophergate.doors.chat import dialects
from gophergate.policy.guards.room import Guarding
from kit.answers import Said, answer
from kit.guarded import rule

MAIL = "ann.lee@example.com"
LEAKS = Said(thought=f"They are {MAIL}.", text=f"Write to {MAIL}, please", calls=(("weather", {"city": f"of {MAIL}"}),))
STAMP = Stamp("0123456789abcdef01234567", 1_700_000_000)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", list(dialects()))
def test_nothing_passes_at_any_split(name: str, stream: bool) -> None:
    """Edge case 62, R-X7: words, thoughts and tool arguments, with and without escapes, streamed or not."""
    dialect = dialects()[name]
    plain = b"".join(answer(name, LEAKS, stream=stream).pieces)
    for raw in (plain, plain.replace(b"@", b"\\u0040")):
        written = set()
        for at in {found.start() + n for found in re.finditer(rb"ann\.", raw) for n in range(-2, len(MAIL) + 8)}:
            reader = dialect.reader(stream=stream, origin="up")
            screen = Guarding((rule(),)).answer(lambda _: None)
            writer = dialect.writer(Request(dialect=name, model="m", stream=stream), STAMP, stream=stream)
            said = b""
            for events in (reader.feed(raw[:at]), reader.feed(raw[at:]), reader.end()):
                said += b"".join(writer.write(event) for event in screen.take(events))
            written.add(said)
        (shown,) = set(map(_joined, written))
        assert "ann" not in shown
        assert "example.com" not in shown
        assert shown.count("[EMAIL]") >= 3


def _joined(said: bytes) -> str:
    """What was written, with the texts of events that only were cut elsewhere put together again."""
    texts: dict[str, str] = {}
    for line in said.decode().splitlines():
        data = line.removeprefix("data: ")
        if data.startswith(("{", "[")) and data != "[DONE]":
            _gather(json.loads(data), "", texts)
    return json.dumps(texts, sort_keys=True)


def _gather(value: object, at: str, texts: dict[str, str]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("sequence_number", "type", "event", "index", "created_at"):
                _gather(inner, f"{at}.{key}", texts)
    elif isinstance(value, list):
        for inner in value:
            _gather(inner, at, texts)
    elif isinstance(value, str):
        texts[at] = texts.get(at, "") + value
