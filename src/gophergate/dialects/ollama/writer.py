"""Canonical events to Ollama's clients: NDJSON lines as they come, or one body; /api/chat's form or /api/generate's.

Ollama tells one answer, its calls whole. Durations are the provider's own where it was Ollama, else left out, as Ollama
leaves out what is zero.
"""

from __future__ import annotations

import msgspec

from gophergate.core.blocks import Block, Json, Media, Text, Thought, ToolCall
from gophergate.core.events import (
    BlockClosed,
    BlockGrew,
    BlockOpened,
    Event,
    Failed,
    Finished,
    Started,
    UsageSeen,
)
from gophergate.core.reply import Reply
from gophergate.core.request import Request
from gophergate.core.usage import Usage
from gophergate.dialects import whole
from gophergate.dialects.assembler import Sequencer
from gophergate.dialects.base import Stamp, WritesEach, encode, wrap_seal
from gophergate.dialects.dates import date_of
from gophergate.dialects.loss import in_words
from gophergate.dialects.ollama.wire import SEAL_MEMBER, own_extra, word_of
from gophergate.dialects.toolnames import flat_name, wrap_input
from gophergate.errors import UpstreamBroken

STREAM_TYPE = b"application/x-ndjson"
BODY_TYPE = b"application/json; charset=utf-8"


def _call(block: ToolCall, arguments: str, index: int) -> dict[str, Json]:
    """One entry of tool_calls, its arguments as they were said. Raises UpstreamBroken when they are no object."""
    text = wrap_input(arguments) if block.custom else arguments.strip() or "{}"
    try:
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise UpstreamBroken(
            f"The call of '{block.name}' that the model made has arguments that are not JSON."
        ) from None
    if "\n" in text or "\r" in text:
        text = msgspec.json.format(text, indent=-1)  # a line must stay one line
    call: dict[str, Json] = {
        "id": block.id,
        "function": {"index": index, "name": flat_name(block), "arguments": msgspec.Raw(text.encode())},
    }
    if block.seal is not None:
        call[SEAL_MEMBER] = wrap_seal(block.seal)
    return call


def _last(finished: Finished, usage: Usage | None) -> dict[str, Json]:
    """The members that end an answer."""
    told: dict[str, Json] = {"done": True, "done_reason": word_of(finished.reason)}
    told.update((name, value) for name, value in own_extra(finished.extra).items() if not name.startswith("_"))
    if usage is not None:
        told["prompt_eval_count"] = usage.total_input
        told["eval_count"] = usage.total_output
    return told


class BodyWriter(whole.BodyWriter):
    """One answer of /api/chat or /api/generate."""

    content_type = BODY_TYPE

    __slots__ = ("_created_at", "_generate", "_model")

    def __init__(self, request: Request, stamp: Stamp, *, generate: bool) -> None:
        super().__init__()
        self._generate = generate
        self._model = request.model
        self._created_at = date_of(stamp.now)

    def _body(self, reply: Reply) -> dict[str, Json]:
        finished = reply.finished
        blocks = reply.of_choice(0)
        body: dict[str, Json] = {"model": reply.started.model or self._model, "created_at": self._created_at}
        content = "".join(_spoken(block) for block in blocks)
        thinking = "".join(block.text for block in blocks if isinstance(block, Thought))
        thought = {"thinking": thinking} if thinking else {}
        if self._generate:
            body.update({"response": content, **thought})
        else:
            message: dict[str, Json] = {"role": "assistant", "content": content, **thought}
            if calls := [block for block in blocks if isinstance(block, ToolCall) and not _was_cut(block, finished)]:
                message["tool_calls"] = [_call(call, call.arguments, at) for at, call in enumerate(calls)]
            body["message"] = message
        pairs = zip(reply.logprobs, reply.choices, strict=True)
        logprobs = [token for tokens, choice in pairs if choice == 0 for token in tokens or []]
        return {**body, **({"logprobs": logprobs} if logprobs else {}), **_last(finished, reply.usage)}


def _spoken(block: Block) -> str:
    """What a block adds to the words. A medium is told in words: ollama-python refuses pictures in answers."""
    match block:
        case Text():
            return block.text
        case Media():
            return in_words(block)
        case _:
            return ""


def _was_cut(call: ToolCall, finished: Finished) -> bool:
    """True for a call that the output limit broke off: the finish says so, and half a call is none."""
    if finished.reason not in {"length", "context_exceeded"}:
        return False
    try:
        _call(call, call.arguments, 0)
    except UpstreamBroken:
        return True
    return False


class StreamWriter(WritesEach):
    """Lines as events come. Alternatives beyond the first are not told: Ollama knows none."""

    content_type = STREAM_TYPE

    def __init__(self, request: Request, stamp: Stamp, *, generate: bool) -> None:
        self._generate = generate
        self._created_at = date_of(stamp.now)
        self._usage: Usage | None = None
        self._sequencer = Sequencer()
        self._others: set[int] = set()
        self._block: Block = Text(text="")
        self._pieces: list[str] = []
        self._calls = 0
        self._broken: UpstreamBroken | None = None
        self._named(request.model)

    def _named(self, model: str) -> None:
        names = encode({"model": model, "created_at": self._created_at})[:-1]
        if self._generate:
            self._head, self._text, self._thought = names, b',"response":', b',"response":"","thinking":'
            self._close = b',"done":false}\n'
        else:
            self._head = names + b',"message":{"role":"assistant"'
            self._text, self._thought = b',"content":', b',"content":"","thinking":'
            self._close = b'},"done":false}\n'

    def write(self, event: Event) -> bytes:
        match event:
            case BlockGrew() | BlockClosed():
                return b"" if event.index in self._others else self._laned(event)
            case BlockOpened():
                if event.choice:
                    self._others.add(event.index)
                    return b""
                return self._laned(event)
            case UsageSeen():
                self._usage = event.usage if self._usage is None else self._usage.merged(event.usage)
            case Started():
                if event.model:
                    self._named(event.model)
            case Finished():
                return self._finish(event)
            case Failed():
                return encode({"error": event.error.message}) + b"\n"
        return b""

    def _laned(self, event: BlockOpened | BlockGrew | BlockClosed) -> bytes:
        said = [self._said(turn) for turn in self._sequencer.feed(event)]
        return said[0] if len(said) == 1 else b"".join(said)

    def _said(self, event: Event) -> bytes:
        match event:
            case BlockGrew():
                if isinstance(self._block, Text | Thought):
                    return self._words(event.text, event.logprobs)
                if isinstance(self._block, Media):
                    self._pieces.append(event.transcript)
                    return self._words(event.transcript, None)
                self._pieces.append(event.text)
                if event.seal is not None and isinstance(self._block, ToolCall):
                    self._block = msgspec.structs.replace(self._block, seal=event.seal)
            case BlockOpened():
                self._block = event.block
                self._pieces = []
                match event.block:
                    case Text(text=text) | Thought(text=text):
                        return self._words(text, None)
                    case ToolCall(arguments=arguments):
                        self._pieces.append(arguments)
                    case Media(transcript=str(spoken)):
                        self._pieces.append(spoken)
                        return self._words(spoken, None)
            case BlockClosed():
                return self._closed()
        return b""

    def _words(self, text: str, logprobs: Json) -> bytes:
        if not text and logprobs is None:
            return b""
        key = self._thought if isinstance(self._block, Thought) else self._text
        if logprobs is None:
            return b"".join((self._head, key, encode(text), self._close))
        more = b'"logprobs":' + encode(logprobs) + b","
        close = self._close.replace(b'"done"', more + b'"done"')
        return b"".join((self._head, key, encode(text), close))

    def _closed(self) -> bytes:
        grown = "".join(self._pieces)
        told: dict[str, Json] = {}
        match self._block:
            case ToolCall():
                try:
                    told["tool_calls"] = [_call(self._block, grown, self._calls)]
                except UpstreamBroken as error:
                    self._broken = error  # told at the end, when it is known whether the output limit cut it
                    return b""
                self._calls += 1
            case Media() as media if not grown:
                return self._words(in_words(media), None)
        if not told or self._generate:
            return b""
        return b"".join((self._head, self._text, b'"",', encode(told)[1:-1], self._close))

    def _finish(self, event: Finished) -> bytes:
        if self._broken is not None and event.reason not in {"length", "context_exceeded"}:
            return encode({"error": self._broken.message}) + b"\n"
        close = b"," if self._generate else b"},"
        return b"".join((self._head, self._text, b'""', close, encode(_last(event, self._usage))[1:], b"\n"))
