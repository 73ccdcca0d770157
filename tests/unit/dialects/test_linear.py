"""One huge event in small pieces costs in proportion to its size, in every dialect (edge case 3, R-P2)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from gophergate.core.blocks import Text
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Finished, Started, UsageSeen
from gophergate.core.reply import fold
from gophergate.core.request import Request
from gophergate.core.usage import Usage
from gophergate.dialects.base import Stamp
from gophergate.doors.chat import dialects

SPOKEN = dialects()
STAMP = Stamp("linear0123456789abcdefgh", 1_790_000_000)
PIECE = 1024
SMALL, LARGE = 2_500_000, 10_000_000
"""Characters of the one event: four times as many."""


def _sse(*values: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)


def said(wire: str, text: str) -> bytes:
    """A whole answer of a wire with all of `text` in one event."""
    match wire:
        case "openai_chat":
            return _sse({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]})
        case "openai_responses":
            part = {"type": "output_text", "text": text, "annotations": []}
            message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
            done = {"id": "resp_1", "status": "completed", "output": [message]}
            return _sse({"type": "response.completed", "response": done})
        case "anthropic_messages":
            return _sse(
                {"type": "message_start", "message": {"id": "msg_1", "content": [], "usage": {}}},
                {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
                {"type": "content_block_stop", "index": 0},
                {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
                {"type": "message_stop"},
            )
        case "ollama":
            return json.dumps({"message": {"content": text}, "done": True, "done_reason": "stop"}).encode() + b"\n"
        case _:
            candidate = {"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}
            chunk = {"candidates": [candidate]}
            return _sse(chunk) if wire == "gemini" else json.dumps([chunk]).encode()


def cost(wire: str, size: int) -> float:
    """Seconds of CPU to read it, the best of two."""
    body = said(wire, "lorem ips" * (size // 9))
    pieces = [body[at : at + PIECE] for at in range(0, len(body), PIECE)]
    best = float("inf")
    for _ in range(2):
        reader = SPOKEN[wire.removesuffix("_array")].reader(stream=True)
        began = time.process_time()
        events = [event for piece in pieces for event in reader.feed(piece)] + reader.end()
        best = min(best, time.process_time() - began)
        assert isinstance(events[-1], Finished)
        [block] = fold(events).blocks
        assert len(block.text) == size // 9 * 9  # type: ignore[union-attr]
    return best


@pytest.mark.parametrize("wire", [*SPOKEN, "gemini_array"])
def test_one_huge_event_in_small_pieces_costs_in_proportion_to_its_size(wire: str) -> None:
    """Edge case 3: four times the bytes, some four times the work; a reader that looks at all of it again with every
    piece would take sixteen times as long."""
    assert cost(wire, LARGE) < 9 * cost(wire, SMALL) + 0.05


MANY = 3_000
"""Events of one stream: PROTOCOLS, the longest recorded one had 2,633."""


def many(wire: str, count: int) -> float:
    """Seconds of CPU to read a text that comes word by word, and to tell it to a client of the same wire."""
    dialect = SPOKEN[wire.removesuffix("_array")]
    events: list[Event] = [Started(id="r", model="m"), BlockOpened(0, Text(text=""))]
    events += [BlockGrew(0, "word ")] * count
    events += [BlockClosed(0), UsageSeen(Usage(input=1, output=count)), Finished(reason="stop")]
    best = float("inf")
    for _ in range(2):
        began = time.process_time()
        writer = dialect.writer(Request(dialect=wire, model="m", turns=(), stream=True), STAMP, stream=True)
        body = b"".join([writer.write(event) for event in events])
        reader = dialect.reader(stream=True)
        read = [e for at in range(0, len(body), PIECE) for e in reader.feed(body[at : at + PIECE])] + reader.end()
        best = min(best, time.process_time() - began)
        assert sum(isinstance(event, BlockGrew) for event in read) >= count
    return best


@pytest.mark.parametrize("wire", list(SPOKEN))
def test_a_stream_of_many_events_costs_in_proportion_to_them(wire: str) -> None:
    """PROTOCOLS, Providers: four times the events, some four times the work, to read and to write."""
    assert many(wire, 4 * MANY) < 9 * many(wire, MANY) + 0.05
