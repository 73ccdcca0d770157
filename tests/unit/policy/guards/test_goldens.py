"""The golden files with all of their words masked: nothing of them is left anywhere in what is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gophergate.core.blocks import Opaque, Thought, ToolResult
from gophergate.core.events import Event, Failed
from gophergate.core.lifecycle import checked
from gophergate.core.reply import fold
from gophergate.core.request import Request
from gophergate.dialects.base import Stamp, Target
from gophergate.errors import BadRequest, GuardCannotApply
from gophergate.policy.guards.room import Guarding
from kit.families import family
from kit.guarded import rule

GOLDEN = Path(__file__).parents[3] / "golden"
REQUESTS = sorted(GOLDEN.glob("requests/*/*/request.json"))
ANSWERS = sorted(GOLDEN.glob("answers/*/*/answer.*"))
STAMP = Stamp("abcdefghijklmnopqrstuvwx", 1_700_000_000)
WORDS = re.compile("[A-Za-zäöüß]{5,}")
EVERY_WORD = rule("regex", patterns=["[A-Za-zäöüß]{4,}"], placeholder="_")
NAMES = frozenset(
    {
        *("type", "name", "id", "role", "model", "status", "object", "event", "call_id", "tool_use_id", "item_id"),
        *("finish_reason", "stop_reason", "done_reason", "finishReason", "phase", "format", "tool_name", "language"),
        *("signature", "encrypted_content", "encrypted_index", "thoughtSignature", "data", "media_type", "mimeType"),
        *("responseId", "modelVersion", "container_id", "created_at", "error_code", "tool_choice", "truncation"),
    }
)
"""Members that hold words of the wire, not of the answer."""


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.relative_to(GOLDEN).as_posix())
def test_no_word_is_left_at_any_door(path: Path) -> None:
    """Edge case 62, R-X7: in words, thoughts, arguments, results, sources, and what a dialect notes beside them."""
    spoken = family(path.parent.parent.name)
    dialect = spoken[path.parent.parent.name]
    raw = path.read_bytes()
    reader = dialect.reader(stream=path.suffix != ".json" or raw.lstrip()[:1] == b"[", origin="up")
    events = checked(reader.feed(raw) + reader.end())
    if isinstance(events[-1], Failed):
        pytest.skip("it tells of a failure")
    words = said_in(events)
    for to, door in spoken.items():
        for stream in (False, True):
            screen = Guarding((EVERY_WORD,)).answer(lambda _: None)
            writer = door.writer(Request(dialect=to, model="m", stream=stream), STAMP, stream=stream)
            written = b"".join(writer.write(event) for event in checked(screen.take(events)))
            left = [(at, word) for at, text in texts_of(written, stream=stream) for word in words if word in text]
            assert left == [], to


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: path.relative_to(GOLDEN).as_posix())
def test_no_word_of_a_request_reaches_a_provider(path: Path) -> None:
    """R-X7: whatever a door reads and a provider is asked; what cannot be changed is refused by name."""
    spoken = family(path.parent.parent.name)
    request = spoken[path.parent.parent.name].read_request(path.read_bytes(), model="m")
    words = {word for turn in request.turns for block in turn.blocks for word in words_of(block)}
    try:
        shown = Guarding((EVERY_WORD,)).request(request)
    except GuardCannotApply:
        return
    for to, target in spoken.items():
        try:
            written = target.write_request(shown, Target(model="m", origin="up")).body
        except BadRequest:
            continue  # It cannot be asked this at all.
        body = {name: value for name, value in written.items() if name not in ("tools", "tool_choice", "toolConfig")}
        assert [(at, word) for at, text in strings(body) for word in words if word in text] == [], to


def words_of(block: Any) -> set[str]:
    """The longer words of a block that may be changed."""
    if isinstance(block, ToolResult):
        return {word for inner in block.content for word in words_of(inner)}
    if isinstance(block, Thought) and block.seal is not None:
        return set()
    texts = [getattr(block, name, None) or "" for name in ("text", "arguments", "transcript")]
    return {word for text in texts for word in WORDS.findall(text)} - {"false", "https", "example"}


def said_in(events: list[Event]) -> set[str]:
    """The longer words of an answer's blocks."""
    found: set[str] = set()
    for block in fold(events).blocks:
        found |= words_of(block)
        if isinstance(block, Opaque):
            found.update(word for _, text in strings(block.data) for word in WORDS.findall(text))
    return found - {"false", "https", "example"}


def texts_of(written: bytes, *, stream: bool) -> Iterator[tuple[str, str]]:
    for line in written.decode().splitlines() if stream else [written.decode()]:
        data = line.removeprefix("data: ")
        if data.startswith("{"):
            yield from strings(json.loads(data))


def strings(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, at)
    elif isinstance(value, str) and at not in NAMES:
        yield at, value
