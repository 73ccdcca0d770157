"""The events of a response that is there already: told anew from the response itself, or taken up after one of them.

OpenAI: "Retrieve a response", `stream` and `starting_after`.
"""

from __future__ import annotations

import re
from typing import Any

from gophergate.core.events import Event, Failed
from gophergate.core.request import Request
from gophergate.dialects.base import Stamp, decode, encode
from gophergate.dialects.members import text_of
from gophergate.dialects.openai_responses.reader import BodyReader
from gophergate.dialects.openai_responses.wire import NAME
from gophergate.dialects.openai_responses.writer import StreamWriter

_NUMBER = re.compile(rb'"sequence_number":(\d{1,15})\}')
_ENDS = re.compile(rb"^event: response\.(?:completed|incomplete|failed)$", re.MULTILINE)
_TOLD = ("response.created", "response.in_progress")


def replayed(response: bytes, stamp: Stamp, after: int = -1) -> bytes:
    """The event stream of a finished response: each item with its text in one piece, the same numbers every time; of
    them those after number `after`. The last one is always among them, for it is what a client waits for."""
    whole: dict[str, Any] = decode(response)
    begun = {**whole, "status": "in_progress", "output": [], "usage": None, "error": None, "incomplete_details": None}
    if "completed_at" in whole:
        begun["completed_at"] = None
    reader = BodyReader("")
    events = [*reader.feed(encode({**whole, "status": "completed", "error": None})), *reader.end()]
    said = [_event(piece) for piece in _written(events, stamp)]
    said = [event for event in said if event["type"] in _TOLD or "response" not in event]
    for event in said:
        if "response" in event:
            event["response"] = begun
    status = text_of(whole.get("status"))
    # No client's types know an event for what was cancelled: the response in it says so.
    said.append(
        {"type": f"response.{status if status in ('completed', 'failed') else 'incomplete'}", "response": whole}
    )
    told = [{**event, "sequence_number": number} for number, event in enumerate(said)]
    told[-1]["sequence_number"] = max(len(told) - 1, after + 1)
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (event["type"].encode(), encode(event))
        for event in told
        if event["sequence_number"] > after
    )


def _written(events: list[Event], stamp: Stamp) -> list[bytes]:
    writer = StreamWriter(Request(dialect=NAME, model="", stream=True), stamp)
    said = b"".join([writer.write(event) for event in events if not isinstance(event, Failed)])
    return said.split(b"\n\n")[:-1]


def _event(piece: bytes) -> dict[str, Any]:
    found: dict[str, Any] = decode(piece.partition(b"\ndata: ")[2])
    return found


def is_ended(events: bytes) -> bool:
    """Whether the last of these events ends a response."""
    return _ENDS.search(events) is not None


def last_number(events: bytes) -> int:
    """The number of the last of these events, -1 for none."""
    found = _NUMBER.findall(events)
    return int(found[-1]) if found else -1


def later_than(events: bytes, after: int) -> bytes:
    """Of whole events that we wrote, those after number `after`."""
    if after < 0:
        return events
    pieces = events.split(b"\n\n")[:-1]
    return b"".join(piece + b"\n\n" for piece in pieces if (found := _NUMBER.findall(piece)) and int(found[-1]) > after)
