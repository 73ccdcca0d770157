"""Ollama's answers to canonical events: NDJSON lines or one body, of /api/chat and /api/generate alike.

`done` is the last word: a stream that ends without it was cut. Durations and what else has no canonical name ride along
with the finish.
"""

from __future__ import annotations

import msgspec

from gophergate.core.blocks import Json, Media, ToolCall
from gophergate.core.events import Event
from gophergate.core.usage import Usage
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import encode
from gophergate.dialects.callbook import reply_call_id
from gophergate.dialects.dates import unix_of
from gophergate.dialects.foreign import decode_foreign
from gophergate.dialects.members import count_of
from gophergate.dialects.ollama.errors import refusal_of
from gophergate.dialects.ollama.wire import as_extra, leftover, picture_type, reason_of
from gophergate.errors import UpstreamBroken

_KNOWN = frozenset(
    {
        "model",
        "created_at",
        "message",
        "response",
        "thinking",
        "tool_calls",
        "image",
        "done",
        "done_reason",
        "prompt_eval_count",
        "eval_count",
        "logprobs",
    }
)
_NOT_JSON = "The provider's reply holds something that is not its protocol."


class _Function(msgspec.Struct):
    arguments: msgspec.Raw = msgspec.Raw()


class _Call(msgspec.Struct):
    function: _Function


class _Message(msgspec.Struct):
    tool_calls: list[_Call] | None = None


class _Line(msgspec.Struct):
    message: _Message = msgspec.field(default_factory=_Message)
    tool_calls: list[_Call] | None = None


_EXACT = msgspec.json.Decoder(_Line)


class OllamaReader:
    """See dialects.base.Reader."""

    def __init__(self, *, stream: bool) -> None:
        self._stream = stream
        self._pieces: list[bytes] = []
        self._assembler = Assembler()
        self._calls = 0
        self._began = ""

    @property
    def finished(self) -> bool:
        """True once the terminal event was given."""
        return self._assembler.finished

    def feed(self, data: bytes) -> list[Event]:
        """See Reader.feed."""
        if self._assembler.finished:
            return []
        if not self._stream or b"\n" not in data:
            self._pieces.append(data)
            return []
        *lines, rest = data.split(b"\n")
        self._pieces.append(lines[0])
        lines[0] = b"".join(self._pieces)
        self._pieces = [rest]
        for line in lines:
            self._line(line)
        return self._assembler.take()

    def end(self) -> list[Event]:
        """See Reader.end."""
        self._line(b"".join(self._pieces))
        self._assembler.done()
        return self._assembler.take()

    def tail(self) -> bytes:
        """See Reader.tail. A line lacks at most its end."""
        return b""

    # -- lines --------------------------------------------------------------------------------------------------------

    def _line(self, line: bytes) -> None:
        line = line.strip()
        if not line or self._assembler.finished:
            return
        try:
            told = decode_foreign(line)
            if isinstance(told, dict):
                self._read(told, line)
                return
        except (msgspec.DecodeError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
            pass  # told below: no line of this protocol
        self._assembler.fail(UpstreamBroken(_NOT_JSON))

    def _read(self, told: dict[str, Json], line: bytes) -> None:
        if told.get("error"):
            self._assembler.fail(refusal_of(told, line.decode(errors="replace")))
            return
        if not self._assembler.started:
            self._start(told)
        message = told.get("message")
        said = message if isinstance(message, dict) else {**told, "content": told.get("response")}
        if isinstance(thinking := said.get("thinking"), str):
            self._assembler.thought(thinking)
        if isinstance(content := said.get("content"), str) and content:
            logprobs = told.get("logprobs")
            self._assembler.text(content, logprobs=logprobs if isinstance(logprobs, list) else None)
        for data in _pictures(said, told):
            self._assembler.whole(Media(kind="image", media_type=picture_type(data), data=data))
        if calls := said.get("tool_calls"):
            self._tool_calls(calls, line)
        if told.get("done") is True:
            self._done(told)

    def _start(self, told: dict[str, Json]) -> None:
        model, created = told.get("model"), told.get("created_at")
        self._began = created if isinstance(created, str) else ""
        self._assembler.start(model=model if isinstance(model, str) else "", created=unix_of(self._began))

    def _tool_calls(self, calls: Json, line: bytes) -> None:
        exact = _exact(line)
        for at, call in enumerate(calls):
            function = call["function"]
            name, arguments = function["name"], function.get("arguments")
            if isinstance(arguments, str):
                text = arguments
            elif at < len(exact) and exact[at]:
                text = exact[at]
            else:
                text = encode(arguments if arguments is not None else {}).decode()
            self._calls += 1
            given = call.get("id")
            call_id = given if isinstance(given, str) and given else ""
            self._assembler.whole(
                ToolCall(
                    id=call_id or reply_call_id(self._began, self._calls, name, text), name=str(name), arguments=text
                )
            )

    def _done(self, told: dict[str, Json]) -> None:
        prompt, output = _count(told, "prompt_eval_count"), _count(told, "eval_count")
        if prompt is not None or output is not None:
            self._assembler.usage(Usage(input=prompt, output=output))
        word = told.get("done_reason")
        word = word if isinstance(word, str) else ""
        self._assembler.ending(reason_of(word), native=word, extra=as_extra(leftover(told, _KNOWN)))
        self._assembler.done()


def _pictures(said: dict[str, Json], told: dict[str, Json]) -> list[str]:
    pictures = [*(said.get("images") or []), told.get("image")]
    return [data for data in pictures if isinstance(data, str) and data]


def _exact(line: bytes) -> list[str]:
    """The arguments of the line's calls as they stand there, empty when the line is of a looser form."""
    try:
        told = _EXACT.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return []
    arguments = [bytes(call.function.arguments) for call in told.message.tool_calls or told.tool_calls or []]
    return [text.decode() if text != b"null" else "" for text in arguments]


def _count(told: dict[str, Json], name: str) -> int | None:
    return count_of(told.get(name))
