"""Canonical events to Gemini's clients: chunks as SSE or as one JSON array, or one whole body.

Parts are atomic at this wire, so words are told as they come, while a call, a picture or a seal waits until its block
closes. The last chunk carries the finish reasons and the usage. Every call has its id, every sealed part its signature.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from gophergate.core.blocks import NO_EXTRA, Block, Citation, Json, Media, Opaque, Text, Thought, ToolCall
from gophergate.core.events import (
    BlockClosed,
    BlockGrew,
    BlockOpened,
    Event,
    Failed,
    Finished,
    Reason,
    Started,
    UsageSeen,
)
from gophergate.core.reply import Reply
from gophergate.core.request import Request
from gophergate.core.usage import Usage
from gophergate.dialects import whole
from gophergate.dialects.assembler import Sequencer
from gophergate.dialects.base import Stamp, WritesEach, encode
from gophergate.dialects.gemini.calls import arguments_object, call_part
from gophergate.dialects.gemini.errors import error_object
from gophergate.dialects.gemini.grounding import Placed, write_grounding
from gophergate.dialects.gemini.logprobs import write_logprobs
from gophergate.dialects.gemini.parts import TRANSCRIPT, media_part, text_part
from gophergate.dialects.gemini.usage import write_usage
from gophergate.dialects.gemini.wire import NAME, own_extra, shown_seal, word_of
from gophergate.dialects.toolnames import flat_name, wrap_input
from gophergate.errors import BadRequest

SSE_TYPE = b"text/event-stream"
ARRAY_TYPE = b"application/json; charset=UTF-8"


class _Candidate:
    """What the last chunk must tell of one alternative."""

    __slots__ = ("broken_call", "length", "placed", "said")

    def __init__(self) -> None:
        self.said: list[str] = []
        self.length = 0
        self.placed: list[Placed] = []
        self.broken_call = ""

    def words(self, text: str) -> None:
        self.said.append(text)
        self.length += len(text)

    def cite(self, citations: tuple[Citation, ...], start: int, end: int) -> None:
        """Citations of a block that spans those characters; one without offsets speaks of the whole block."""
        for citation in citations:
            first = start + citation.start if citation.start is not None else start
            last = start + citation.end if citation.end is not None else end
            self.placed.append(Placed(citation, first, last))

    def finished(self, index: int, reason: Reason, native: str, extra: Mapping[str, Json]) -> dict[str, Json]:
        """The members that end a candidate."""
        told: dict[str, Json] = {"finishReason": word_of(reason, native), "index": index}
        if self.broken_call and reason in {"tool_calls", "stop", "malformed_tool_call"}:
            told["finishReason"] = "MALFORMED_FUNCTION_CALL"
            told["finishMessage"] = f"Malformed function call: {self.broken_call}"
        if self.placed and "groundingMetadata" not in extra:
            told["groundingMetadata"] = write_grounding(self.placed, "".join(self.said))
        return {**told, **extra}


def _candidate_extra(finished: Finished, index: int) -> Mapping[str, Json]:
    told = own_extra(finished.extra).get("candidates")
    return told[index] if isinstance(told, list) and index < len(told) else {}


def _tail(finished: Finished, usage: Usage | None, model: str, reply_id: str) -> dict[str, Json]:
    """The members beside the candidates of a body or a last chunk."""
    extra = own_extra(finished.extra)
    told: dict[str, Json] = {}
    if usage is not None:
        told["usageMetadata"] = write_usage(usage, extra.get("usageMetadata") or {})
    told["modelVersion"] = model
    told["responseId"] = reply_id
    told.update((name, value) for name, value in extra.items() if name not in {"candidates", "usageMetadata"})
    return told


def _is_blocked_prompt(finished: Finished, candidates: int) -> bool:
    """Google answers a refused prompt without any candidate."""
    return not candidates and "promptFeedback" in own_extra(finished.extra)


def _whole_part(block: Block, candidate: _Candidate) -> dict[str, Json] | None:
    """The part of a whole block without its seal; None for what Gemini's clients have no part for."""
    match block:
        case Text():
            return text_part(block.text, extra=own_extra(block.extra))
        case Thought():
            return text_part(block.text, thought=True, extra=own_extra(block.extra))
        case ToolCall():
            args = arguments_object(wrap_input(block.arguments) if block.custom else block.arguments)
            if args is None:
                candidate.broken_call = candidate.broken_call or f"{block.name}({block.arguments})"
                return None
            return call_part(block.id, flat_name(block), args, own_extra(block.extra))
        case Media():
            try:
                part = media_part(block)
            except BadRequest:
                # Another vendor's upload: there is nothing that this client could fetch, at most to be read.
                return text_part(block.transcript) if block.transcript else None
            return {TRANSCRIPT: {"text": block.transcript}, **part} if block.transcript else part
        case Opaque() if block.dialect == NAME:
            return dict(block.data)
        case _:
            return None


def _signature(block: Block) -> str:
    match block:
        case Thought(seal=seal) if seal is not None:
            return shown_seal(seal, redacted=block.redacted, item_id=block.item_id)
        case Text(seal=seal) | ToolCall(seal=seal) | Media(seal=seal) if seal is not None:
            return shown_seal(seal)
    return ""


class BodyWriter(whole.BodyWriter):
    """One GenerateContentResponse."""

    content_type = ARRAY_TYPE

    __slots__ = ("_id", "_model")

    def __init__(self, request: Request, stamp: Stamp) -> None:
        super().__init__()
        self._model = request.model
        self._id = stamp.token

    def _body(self, reply: Reply) -> dict[str, Json]:
        finished = reply.finished
        candidates: list[Json] = []
        reasons = (finished.reason, *finished.others)
        choices = max([len(finished.others), *reply.choices]) + 1
        for index in range(0 if _is_blocked_prompt(finished, len(reply.blocks)) else choices):
            candidate = _Candidate()
            parts: list[Json] = []
            logprobs: list[Json] = []
            for block, choice, tokens in zip(reply.blocks, reply.choices, reply.logprobs, strict=True):
                if choice != index:
                    continue
                logprobs.extend(tokens or [])
                part = _whole_part(block, candidate)
                if part is not None and (signature := _signature(block)):
                    part["thoughtSignature"] = signature
                if part is not None and part != {"text": ""}:
                    parts.append(part)
                if isinstance(block, Text):
                    candidate.words(block.text)
                    candidate.cite(block.citations, candidate.length - len(block.text), candidate.length)
            told: dict[str, Json] = {"content": {"parts": parts or [{"text": ""}], "role": "model"}}
            reason: Reason = reasons[index] if index < len(reasons) else "stop"
            native = finished.native_reason if index == 0 else ""
            told.update(candidate.finished(index, reason, native, _candidate_extra(finished, index)))
            if logprobs:
                told["logprobsResult"] = write_logprobs(logprobs)
            candidates.append(told)
        body: dict[str, Json] = {"candidates": candidates} if candidates else {}
        model = reply.started.model or self._model
        return {**body, **_tail(finished, reply.usage, model, self._id)}


_PARTS = b'{"candidates":[{"content":{"parts":['


class _Block:
    """One open block of the stream."""

    __slots__ = ("block", "choice", "extra", "pieces", "seal", "spoken", "start")

    def __init__(self, block: Block, choice: int, start: int) -> None:
        self.block = block
        self.choice = choice
        self.start = start
        self.pieces: list[str] = []
        self.spoken: list[str] = []
        self.seal = block.seal if isinstance(block, Text | Thought | ToolCall | Media) else None
        self.extra = own_extra(block.extra)


class StreamWriter(WritesEach):
    """Chunks as they come. `array` writes one JSON array instead of events, as Google does without `alt=sse`."""

    def __init__(self, request: Request, stamp: Stamp, *, array: bool) -> None:
        self.content_type = ARRAY_TYPE if array else SSE_TYPE
        self._array = array
        self._model = request.model
        self._id = stamp.token
        self._is_first = True
        self._usage: Usage | None = None
        self._lanes: dict[int, Sequencer] = {}
        self._choice_of: dict[int, int] = {}
        self._open: dict[tuple[int, int], _Block] = {}
        self._candidates: dict[int, _Candidate] = {}
        self._ends: dict[int, bytes] = {}

    def write(self, event: Event) -> bytes:
        match event:
            case BlockGrew():
                return self._laned(event, self._choice_of[event.index])
            case BlockOpened():
                self._choice_of[event.index] = event.choice
                if event.choice not in self._lanes:
                    self._lanes[event.choice] = Sequencer()
                    self._candidates[event.choice] = _Candidate()
                return self._laned(event, event.choice)
            case BlockClosed():
                return self._laned(event, self._choice_of[event.index])
            case UsageSeen():
                self._usage = event.usage if self._usage is None else self._usage.merged(event.usage)
            case Started():
                self._model = event.model or self._model
            case Finished():
                return self._finish(event)
            case Failed():
                return self._framed(encode({"error": error_object(event.error)}), last=True)
        return b""

    # -- blocks -------------------------------------------------------------------------------------------------------

    def _laned(self, event: BlockOpened | BlockGrew | BlockClosed, choice: int) -> bytes:
        """One block of a candidate at a time, because its parts stand in one list."""
        said = [self._said(turn, choice) for turn in self._lanes[choice].feed(event)]
        return said[0] if len(said) == 1 else b"".join(said)

    def _said(self, event: Event, choice: int) -> bytes:
        match event:
            case BlockGrew():
                return self._grew(event, self._open[choice, event.index])
            case BlockOpened():
                candidate = self._candidates[choice]
                block = self._open[choice, event.index] = _Block(event.block, choice, candidate.length)
                if isinstance(event.block, Text | Thought) and event.block.text:
                    return self._words(block, event.block.text, None)
            case BlockClosed():
                return self._closed(self._open.pop((choice, event.index)))
        return b""

    def _grew(self, event: BlockGrew, block: _Block) -> bytes:
        if event.seal is not None:
            block.seal = event.seal
        if event.extra:
            block.extra = {**block.extra, **own_extra(event.extra)}
        said = b""
        if isinstance(block.block, Text | Thought):
            if event.text or event.logprobs is not None:
                said = self._words(block, event.text, event.logprobs)
        else:
            block.pieces.append(event.text)
            block.spoken.append(event.transcript)
        if event.citations:
            candidate = self._candidates[block.choice]
            candidate.cite(event.citations, block.start, candidate.length)
        return said

    def _words(self, block: _Block, text: str, logprobs: Json) -> bytes:
        is_thought = isinstance(block.block, Thought)
        if not is_thought:
            self._candidates[block.choice].words(text)
        part = b'{"text":' + encode(text) + (b',"thought":true}' if is_thought else b"}")
        if logprobs is None:
            return self._chunk(part, block.choice)
        return self._chunk(part, block.choice, b',"logprobsResult":' + encode(write_logprobs(logprobs)))

    def _closed(self, block: _Block) -> bytes:
        whole, candidate = block.block, self._candidates[block.choice]
        if isinstance(whole, Text) and whole.citations:
            candidate.cite(whole.citations, block.start, candidate.length)
        part: dict[str, Json] | None
        if isinstance(whole, Text | Thought):
            part = {"text": "", "thought": True} if isinstance(whole, Thought) else {"text": ""}
            part.update(block.extra)
            is_needed = bool(block.extra)
        else:
            part = _whole_part(_with_pieces(whole, block), candidate)
            is_needed = part is not None
        if part is not None and (signature := _signature(_with_seal(whole, block))):
            part["thoughtSignature"] = signature
            is_needed = True
        return self._chunk(encode(part), block.choice) if is_needed else b""

    # -- bytes --------------------------------------------------------------------------------------------------------

    def _chunk(self, part: bytes, choice: int, more: bytes = b"") -> bytes:
        end = self._ends.get(choice)
        if end is None:
            names = encode({"modelVersion": self._model, "responseId": self._id})
            end = self._ends[choice] = b',"index":%d}],%b' % (choice, names[1:])
        if self._array:
            return self._framed(b"".join((_PARTS, part, b'],"role":"model"}', more, end)))
        # In one step, which CPython takes without its lock for a large part.
        return b"".join((b"data: ", _PARTS, part, b'],"role":"model"}', more, end, b"\r\n\r\n"))

    def _framed(self, document: bytes, *, last: bool = False) -> bytes:
        if not self._array:
            return b"data: " + document + b"\r\n\r\n"
        before = b"[" if self._is_first else b",\r\n"
        self._is_first = False
        return before + document + (b"]" if last else b"")

    def _finish(self, event: Finished) -> bytes:
        candidates: list[Json] = []
        reasons = (event.reason, *event.others)
        choices = max([len(event.others), *self._candidates]) + 1
        for index in range(0 if _is_blocked_prompt(event, len(self._candidates)) else choices):
            reason: Reason = reasons[index] if index < len(reasons) else "stop"
            native = event.native_reason if index == 0 else ""
            candidate = self._candidates.get(index) or _Candidate()
            end = candidate.finished(index, reason, native, _candidate_extra(event, index))
            candidates.append({"content": {"parts": [{"text": ""}], "role": "model"}, **end})
        told: dict[str, Json] = {"candidates": candidates} if candidates else {}
        return self._framed(encode({**told, **_tail(event, self._usage, self._model, self._id)}), last=True)


def _with_pieces(whole: Block, block: _Block) -> Block:
    """A block that was not told as it grew, whole."""
    grown = "".join(block.pieces)
    extra = {NAME: block.extra} if block.extra else NO_EXTRA
    match whole:
        case ToolCall():
            return replace(whole, arguments=whole.arguments + grown, extra=extra)
        case Media():
            spoken = (whole.transcript or "") + "".join(block.spoken)
            return replace(whole, data=(whole.data or "") + grown or None, transcript=spoken or None, extra=extra)
    return whole


def _with_seal(whole: Block, block: _Block) -> Block:
    """The block under the seal that it has by now."""
    match whole:
        case Thought() | Text() | ToolCall() | Media():
            return replace(whole, seal=block.seal)
    return whole
