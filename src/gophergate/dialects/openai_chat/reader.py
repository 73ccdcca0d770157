"""Provider bytes to events: Chat Completions streams and bodies, of OpenAI and of all who look alike.

A body is read as one delta that holds everything, so a streamed and a whole reply cannot be read differently. What a
chunk says goes to the assembler, which keeps the lifecycle. Never raises for what a provider sends.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gophergate.core.blocks import Extra, Json
from gophergate.core.events import BlockGrew, Event, Finished
from gophergate.core.usage import Usage, tier_of
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.foreign import decode_foreign
from gophergate.dialects.members import count_of, list_of, object_of, text_of
from gophergate.dialects.openai_chat.choice import ChoiceReader
from gophergate.dialects.openai_chat.errors import complaint_of, refusal_of
from gophergate.dialects.openai_chat.plain import read_plain, read_words
from gophergate.dialects.openai_chat.usage import read_usage
from gophergate.dialects.openai_chat.wire import NAME
from gophergate.dialects.sse import SseDecoder
from gophergate.errors import UpstreamBroken

_TOP = frozenset(
    {
        "id",
        "object",
        "created",
        "model",
        "choices",
        "usage",
        "error",
        "cached_tokens",
        "obfuscation",  # OpenAI's and Mistral's ("p") padding against length analysis
        "p",
    }
)

_MOST_CHOICES = 1024
"""A larger index is a provider's mistake; room is kept for every choice up to the largest."""
_DONE = b"data: [DONE]\n\n"


class ChunkReader:
    """What stream and body share: one decoded object at a time, into the assembler."""

    __slots__ = (
        "_choices",
        "_early",
        "_last_usage",
        "_late",
        "_origin",
        "_searched",
        "_told",
        "_usage_alone",
        "events",
    )

    def __init__(self, origin: str) -> None:
        self.events = Assembler()
        self._origin = origin
        self._choices: dict[int, ChoiceReader] = {}
        self._early: dict[str, Json] = {}
        self._late: dict[str, Json] = {}
        self._searched: list[Any] = []
        self._last_usage: dict[str, Any] = {}
        self._told: Usage | None = None
        self._usage_alone = False

    def read(self, chunk: Json, raw: bytes) -> None:
        """One chunk, or a whole body."""
        if not isinstance(chunk, dict):
            self.break_off("The provider sent JSON that is no object.")
            return
        choices = chunk.get("choices")
        error = None
        if "error" in chunk or "base_resp" in chunk or not isinstance(choices, list):
            error = complaint_of(chunk)
        if not self.events.started:
            self._start(chunk, choices)
        elif not chunk.keys() <= _TOP:
            self._remember(chunk)
        if choices and isinstance(choices, list):
            # A body has all choices, so it counts them from 0; a chunk may hold any one.
            most = _MOST_CHOICES if "delta" in object_of(choices[0]) else len(choices)
            for position, choice in enumerate(choices):
                if isinstance(choice, dict):
                    self._choice(choice, _index_of(choice, most, position))
        usage = chunk.get("usage")
        if usage is not None:
            self._count(usage, alone=not choices)
        if "x_groq" in chunk:
            self._count(object_of(chunk["x_groq"]).get("usage"))
        if "cached_tokens" in chunk:
            self._count({**self._last_usage, "cached_tokens": chunk["cached_tokens"]})  # Moonshot: beside the usage
        if error is not None:
            self.events.fail(refusal_of(error, raw.decode("utf-8", "replace")))

    def _start(self, chunk: dict[str, Any], choices: Json) -> None:
        if not choices and not chunk.get("id") and not chunk.get("usage"):
            # Azure opens with a chunk that names nothing and holds only the prompt's filter results.
            self._remember(chunk, self._early)
            return
        self._remember(chunk, self._early)
        created = chunk.get("created")
        self.events.start(
            id=text_of(chunk.get("id")),
            model=text_of(chunk.get("model")),
            created=count_of(created),
            extra={NAME: dict(self._early)} if self._early else {},
        )

    def _remember(self, chunk: dict[str, Any], into: dict[str, Json] | None = None) -> None:
        """Keep the members without a canonical name: of the beginning, or those that came or changed later."""
        for name in chunk.keys() - _TOP:
            value = chunk[name]
            if value is None:
                continue
            if name == "search_results" and isinstance(value, list):
                self._searched = value
            if into is not None:
                into[name] = value
            elif self._early.get(name) != value:
                self._late[name] = value

    def _choice(self, choice: dict[str, Any], index: int) -> None:
        reader = self._choices.get(index)
        if reader is None:
            reader = self._choices[index] = ChoiceReader(self.events, index, self._origin)
        if "usage" in choice:
            self._count(choice["usage"])  # Moonshot
        error = choice.get("error")
        reader.read(choice)
        if error or reader.broke:
            said = complaint_of({"error": error or f"The provider ended with '{reader.broke}'."})
            if said is not None:
                self.events.fail(refusal_of(said, ""))

    def _count(self, raw: Json, *, alone: bool = False) -> None:
        tier = self._late.get("service_tier") or self._early.get("service_tier")
        usage = read_usage(raw, tier_of(tier) if tier is not None else None)
        if usage is not None:
            self._last_usage = raw
            self._usage_alone = self._usage_alone or alone
            if usage != self._told:
                self._told = usage
                self.events.usage(usage)

    def words(self, payload: bytes) -> str | None:
        """What a chunk says that holds nothing but more of the running text; None for any other chunk."""
        return read_words(payload, self._early)

    def running_text(self) -> int:
        """The index of the block that plain words now extend, -1 while words could mean anything else."""
        if len(self._choices) != 1:
            return -1
        reader = self._choices.get(0)
        return self.events.running("text") if reader is not None and reader.is_saying_text else -1

    @property
    def was_counted_apart(self) -> bool:
        """True once usage came in a chunk of its own, which only follows a whole reply."""
        return self._usage_alone

    def done(self) -> None:
        """The provider said that it is done."""
        if self.events.finished:
            return
        members: list[Json] = []
        for index in sorted(self._choices):
            reader = self._choices[index]
            reader.end()
            if reader.extras:
                members.append({"index": index, **reader.extras})
        if self._searched and self._choices:
            self._choices[min(self._choices)].cite_searched(self._searched)
        extra: Extra = {}
        if self._late or members:
            extra = {NAME: {**self._late, **({"choices": members} if members else {})}}
        for reader in self._choices.values():
            reader.tell_ending(extra)
        self.events.done()

    def accept_silence(self) -> None:
        """Choices without a finish word are whole all the same (Snowflake gives "", or nothing at all)."""
        for reader in self._choices.values():
            reader.accept_silence()

    def break_off(self, sentence: str) -> None:
        """The provider broke its own protocol."""
        self.events.fail(UpstreamBroken(sentence))


def _index_of(choice: dict[str, Any], most: int, position: int) -> int:
    """A choice's own index below `most`; its position where it has none that can be right."""
    index = count_of(choice.get("index"))
    return position if index is None or index >= most else index


class StreamReader:
    """Server-sent chunks. `[DONE]` ends; so does the end of the bytes, once a finish reason was given."""

    __slots__ = ("_chunks", "_ended_bare", "_lacks_done", "_sse", "_text", "finished")

    def __init__(self, origin: str) -> None:
        self._sse = SseDecoder()
        self._chunks = ChunkReader(origin)
        self._lacks_done = False
        self._ended_bare = False
        self._text = -1
        """The block that a read of just one chunk of plain words extends, -1 where there is none."""
        self.finished = False

    def feed(self, data: bytes) -> list[Event]:
        """The events these bytes complete."""
        if self._text >= 0 and data.startswith(b"data: ") and data.find(b"\n") == len(data) - 2:
            words = self._chunks.words(data[6:])
            if words is not None and data.endswith(b"\n"):
                return [BlockGrew(self._text, words)]
        for _, payload in self._sse.feed(data):
            self._read(payload)
        self.finished = self._chunks.events.finished
        self._text = self._chunks.running_text() if self._sse.is_at_rest else -1
        return self._chunks.events.take()

    def end(self) -> list[Event]:
        """The bytes are over: finished, or failed when no finish reason was ever given."""
        for _, payload in self._sse.end():
            self._ended_bare = True
            self._read(payload)
        self._chunks.done()
        self.finished = True
        events = self._chunks.events.take()
        self._lacks_done = bool(events) and isinstance(events[-1], Finished)
        return events

    def tail(self) -> bytes:
        """`[DONE]`, where a whole reply ended without it (edge case 4)."""
        if not self._lacks_done:
            return b""
        return b"\n\n" + _DONE if self._ended_bare else _DONE

    def _read(self, payload: bytes) -> None:
        chunks = self._chunks
        if chunks.events.finished:
            return
        try:
            chunk = decode_foreign(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            said = payload.strip()
            if said == b"[DONE]":
                if chunks.was_counted_apart:
                    chunks.accept_silence()
                chunks.done()
            elif said:
                chunks.break_off("The provider sent an event that is not JSON.")
            return
        chunks.read(chunk, payload)


class BodyReader:
    """One JSON body, read when it is whole. White space around it is allowed (OpenRouter's keep-alives)."""

    __slots__ = ("_origin", "_pieces", "finished")

    def __init__(self, origin: str) -> None:
        self._pieces: list[bytes] = []
        self._origin = origin
        self.finished = False

    def feed(self, data: bytes) -> list[Event]:
        """Nothing yet: a body means nothing before its end."""
        if not self.finished:
            self._pieces.append(data)
        return []

    def end(self) -> list[Event]:
        """Everything."""
        if self.finished:
            return []
        self.finished = True
        body = b"".join(self._pieces)  # of one piece: that piece, not a copy
        self._pieces = []
        plain = read_plain(body)
        return plain if plain is not None else self._read(body.strip())

    def tail(self) -> bytes:
        """Nothing: a body is whole or broken."""
        return b""

    def _reading(self) -> ChunkReader:
        return ChunkReader(self._origin)

    def _read(self, body: bytes) -> list[Event]:
        chunks = self._reading()
        try:
            value = decode_foreign(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            chunks.break_off(
                "The provider's reply is cut or is not JSON." if body else "The provider's reply is empty."
            )
            return chunks.events.take()
        chunks.read(value, body)
        if list_of(object_of(value).get("choices")):
            chunks.accept_silence()
            chunks.done()
        else:
            chunks.break_off("The provider's reply holds no choices.")
        return chunks.events.take()
