"""What the fidelity tests share: the dialects under test, which recordings speak them, and how one is played.

Nothing here compares: `fidelity_said` says what an answer means, `fidelity_meant` what a request means,
`fidelity_clients` holds the vendors' SDKs, `fidelity_page` the tables.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from gophergate.core.events import Event
from gophergate.core.lifecycle import checked
from gophergate.core.request import Request
from gophergate.dialects.anthropic_messages import AnthropicMessages
from gophergate.dialects.base import Dialect, Stamp
from gophergate.dialects.gemini import Gemini
from gophergate.dialects.ollama import Ollama
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.dialects.openai_responses import OpenAIResponses
from kit import exchanges

DIALECTS: dict[str, Dialect] = {
    "openai_chat": OpenAIChat(),
    "openai_responses": OpenAIResponses(),
    "anthropic_messages": AnthropicMessages(),
    "gemini": Gemini(),
    "ollama": Ollama(),
}
SPEAKS: dict[str, str] = {
    "chat.completions": "openai_chat",
    "responses": "openai_responses",
    "messages": "anthropic_messages",
    "generateContent": "gemini",
    "streamGenerateContent": "gemini",
}
"""Chat-like endpoints of the recordings, and the dialect that they speak. Ollama's own was never recorded."""

STAMP = Stamp("fidelity0123456789abcdef", 1_790_000_000)
MODEL = "asked-model"


def cases() -> list[tuple[str, str]]:
    """Every (file, dialect) that has recordings: what the tests are parametrised by."""
    spoken = {(file, SPEAKS[r["endpoint"]]) for file in exchanges.files() for r in _chats(file)}
    return sorted(spoken)


def _chats(file: str) -> Iterable[exchanges.Record]:
    return (record for record in exchanges.records(file) if record["endpoint"] in SPEAKS)


def records(file: str, dialect: str) -> list[exchanges.Record]:
    """The recordings of one file in one dialect, answered or refused."""
    return [
        record for record in _chats(file) if SPEAKS[record["endpoint"]] == dialect and record["framing"] != "binary"
    ]


def asked(record: exchanges.Record) -> bool:
    """True when the record holds a chat request, and not another call that went to the same path."""
    body = record["request_body"]
    return record["has_request"] and isinstance(body, dict) and bool({"messages", "input", "contents"} & body.keys())


def answers(file: str, dialect: str) -> list[exchanges.Record]:
    """Those that were answered with a success."""
    return [record for record in records(file, dialect) if record["status"] == 200]


def is_stream(record: exchanges.Record) -> bool:
    return bool(record["framing"] == "sse")


def read(record: exchanges.Record, origin: str) -> list[Event]:
    """The answer's events through its own dialect's reader, fed in random pieces, held to the lifecycle (R-T1, R-T3).

    The pieces derive from the record's id: a failure comes again.
    """
    dialect = DIALECTS[SPEAKS[record["endpoint"]]]
    reader = dialect.reader(stream=is_stream(record), origin=origin)
    events: list[Event] = []
    for piece in cut(exchanges.response_bytes(record), random.Random(record["id"])):
        events += reader.feed(piece)
    return checked(events + reader.end())


def cut(body: bytes, dice: random.Random) -> Iterable[bytes]:
    """The bytes in pieces of random sizes: often tiny, so that they fall inside UTF-8 sequences and line ends."""
    at, largest = 0, max(64, len(body) // 40)
    while at < len(body):
        step = dice.choice((1, 2, 3, dice.randint(4, largest)))
        yield body[at : at + step]
        at += step


def write(events: Iterable[Event], client: str, *, stream: bool) -> bytes:
    """The answer as a client of that dialect gets it. Raises the error of a `Failed` when not streamed."""
    writer = DIALECTS[client].writer(Request(dialect=client, model=MODEL, stream=stream), STAMP, stream=stream)
    return b"".join([writer.write(event) for event in events])


def request_of(record: exchanges.Record) -> Request:
    """The recorded request, read by its own dialect."""
    dialect = DIALECTS[SPEAKS[record["endpoint"]]]
    stream = bool(record["streaming"])
    return dialect.read_request(exchanges.request_bytes(record), model=_model_of(record), stream=stream)


def _model_of(record: exchanges.Record) -> str:
    """The model of dialects that carry it in the path; the others do not look at it."""
    body: Any = record["request_body"]
    return str(body.get("model") or record["model"] or MODEL)
