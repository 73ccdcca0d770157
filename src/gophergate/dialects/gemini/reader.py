"""Gemini's answers to canonical events: streamed (SSE or one JSON array) and whole, by the same code.

A candidate's text parts run together as one block until a signature, a thought or another kind comes between. Grounding
becomes citations of that text when the candidate finishes; the raw metadata rides along for Gemini's own clients.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from gophergate.core.blocks import Json, Media, Opaque, Seal, ToolCall
from gophergate.core.events import Event
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.callbook import reply_call_id
from gophergate.dialects.dates import unix_of
from gophergate.dialects.foreign import decode_foreign
from gophergate.dialects.gemini.calls import read_arguments, read_call
from gophergate.dialects.gemini.errors import error_in, refusal_of
from gophergate.dialects.gemini.frames import Frames
from gophergate.dialects.gemini.grounding import read_citations, searches_of
from gophergate.dialects.gemini.logprobs import read_logprobs
from gophergate.dialects.gemini.partial import PartialArguments
from gophergate.dialects.gemini.parts import read_part
from gophergate.dialects.gemini.usage import read_usage, usage_extra
from gophergate.dialects.gemini.wire import NAME, as_extra, camel, finish_word, leftover, reason_of
from gophergate.dialects.members import count_of
from gophergate.errors import UpstreamBroken, UpstreamCut

_CHUNK = frozenset({"candidates", "usageMetadata", "modelVersion", "responseId", "promptFeedback"})
_CANDIDATE = frozenset({"content", "finishReason", "index", "logprobsResult"})
_TEXT = frozenset({"text", "thought", "thoughtSignature"})
_NOT_JSON = "The provider's reply holds something that is not its protocol."


class _Candidate:
    """What must be remembered of one alternative while it grows."""

    __slots__ = ("block_start", "extra", "kind", "length", "nameless", "partial", "said", "sealed", "word")

    def __init__(self) -> None:
        self.kind = ""
        self.sealed = False
        self.said: list[str] = []
        self.length = 0
        self.block_start = 0
        self.word = ""
        self.extra: dict[str, Json] = {}
        self.partial: tuple[ToolCall, PartialArguments] | None = None
        self.nameless: tuple[dict[str, Json], Seal | None] | None = None


def _completes(told: dict[str, Json], nameless: dict[str, Json]) -> bool:
    """Whether a functionCall is the rest of one that came without its name."""
    if told.get("id") and nameless.get("id"):
        return bool(told["id"] == nameless["id"])
    return not (told.keys() & {"args", "partialArgs"})


class GeminiReader:
    """See dialects.base.Reader. A stream has no last word of its own but the array's bracket: `end` finishes it."""

    def __init__(self, *, stream: bool, origin: str) -> None:
        self._origin = origin
        self._frames = Frames() if stream else None
        self._body: list[bytes] = []
        self._assembler = Assembler()
        self._candidates: dict[int, _Candidate] = {}
        self._calls = 0
        self._id = ""
        self._feedback: Json = None
        self._usage_extra: dict[str, Json] = {}
        self._top: dict[str, Json] = {}

    @property
    def finished(self) -> bool:
        """True once the terminal event was given."""
        return self._assembler.finished

    def feed(self, data: bytes) -> list[Event]:
        """See Reader.feed."""
        if self._assembler.finished:
            return []
        if self._frames is None:
            self._body.append(data)
            return []
        for document in self._frames.feed(data):
            self._document(document)
        if self._frames.done:
            self._over()
        return self._assembler.take()

    def end(self) -> list[Event]:
        """See Reader.end."""
        if self._assembler.finished:
            return []
        if self._frames is None:
            body = b"".join(self._body).strip()
            if body:
                self._document(body)
        else:
            for document in self._frames.end():
                self._document(document)
            if not self._assembler.has_reason and (stray := self._frames.stray()):
                self._document(stray)
        self._over()
        return self._assembler.take()

    def tail(self) -> bytes:
        """See Reader.tail. An event stream has no terminator; an array may lack its bracket."""
        return self._frames.tail() if self._frames is not None and self._assembler.has_reason else b""

    # -- documents ----------------------------------------------------------------------------------------------------

    def _document(self, document: bytes) -> None:
        if self._assembler.finished or document == b"[DONE]":
            return
        try:
            chunk = decode_foreign(document)
            for said in chunk if isinstance(chunk, list) else (chunk,):
                self._chunk(said)
        except (msgspec.DecodeError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
            self._assembler.fail(UpstreamBroken(_NOT_JSON))

    def _chunk(self, said: Json) -> None:
        if not isinstance(said, dict):
            self._assembler.fail(UpstreamBroken(_NOT_JSON))
            return
        if (error := error_in(said)) is not None:
            self._assembler.fail(refusal_of(error, msgspec.json.encode(said).decode()))
            return
        chunk = camel(said)
        self._start(chunk)
        candidates = chunk.get("candidates")
        for at, candidate in enumerate(candidates if isinstance(candidates, list) else ()):
            self._candidate(camel(candidate), at)
        if "promptFeedback" in chunk:
            self._feedback = chunk["promptFeedback"]
            blocked = camel(self._feedback).get("blockReason")
            if blocked and not candidates:
                self._assembler.ending("content_filter", native=str(blocked))
        if "usageMetadata" in chunk:
            searches = sum(searches_of(candidate.extra) for candidate in self._candidates.values())
            self._assembler.usage(read_usage(chunk["usageMetadata"], searches))
            self._usage_extra.update(usage_extra(chunk["usageMetadata"]))
        if chunk.keys() - _CHUNK:
            self._top.update(leftover(chunk, _CHUNK))

    def _start(self, chunk: dict[str, Json]) -> None:
        if not self._assembler.started:
            reply_id, model, created = chunk.get("responseId"), chunk.get("modelVersion"), chunk.get("createTime")
            self._id = reply_id if isinstance(reply_id, str) else ""
            self._assembler.start(
                id=self._id,
                model=model if isinstance(model, str) else "",
                created=unix_of(created) if isinstance(created, str) else None,
            )

    def _candidate(self, told: dict[str, Json], at: int) -> None:
        told_index = count_of(told.get("index", at))
        index = at if told_index is None or told_index >= 1024 else told_index
        state = self._candidates.setdefault(index, _Candidate())
        parts = camel(told.get("content")).get("parts")
        for part in parts if isinstance(parts, list) else ():
            self._part(camel(part), index, state)
        if told.keys() - _CANDIDATE:
            state.extra.update(leftover(told, _CANDIDATE))
        if "logprobsResult" in told and state.kind == "text":
            self._assembler.text("", choice=index, logprobs=read_logprobs(told["logprobsResult"]))
        if word := finish_word(told.get("finishReason")):
            state.word = word
            self._finish_call(index, state)
            self._give_up(index, state)
            if state.kind == "text":
                citations = read_citations(state.extra, "".join(state.said), state.block_start)
                self._assembler.text("", choice=index, citations=citations)
            self._assembler.ending(reason_of(word), native=word, choice=index)

    # -- parts --------------------------------------------------------------------------------------------------------

    def _part(self, part: dict[str, Json], index: int, state: _Candidate) -> None:
        token = part.get("thoughtSignature")
        seal = Seal(token, NAME, self._origin) if isinstance(token, str) and token else None
        text = part.get("text")
        if isinstance(text, str) or (text is None and not part.keys() - _TEXT):
            self._words(part, text or "", seal, index, state)
        elif "functionCall" in part:
            self._call(part, seal, index, state)
        else:
            state.kind = ""
            block = read_part(part)
            if isinstance(block, Opaque):
                self._assembler.whole(replace(block, origin=self._origin), choice=index)
            elif isinstance(block, Media):
                self._assembler.whole(replace(block, seal=seal), choice=index)

    def _words(self, part: dict[str, Json], text: str, seal: Seal | None, index: int, state: _Candidate) -> None:
        is_thought = part.get("thought") is True
        kind = "thought" if is_thought else "text"
        extra = as_extra(leftover(part, _TEXT)) if len(part) > 1 else as_extra({})
        if not (text or seal or extra):
            return
        if state.sealed and state.kind == kind:
            self._assembler.pause_run(index)  # a signature closes the part that it came on
            state.kind = ""
        if state.kind != kind:
            state.kind, state.sealed = kind, False
            state.block_start = state.length
        state.sealed = seal is not None
        if is_thought:
            self._assembler.thought(text, choice=index, seal=seal, summary=True, extra=extra)
        else:
            self._assembler.text(text, choice=index, seal=seal, extra=extra)
            state.said.append(text)
            state.length += len(text)

    def _call(self, part: dict[str, Json], seal: Seal | None, index: int, state: _Candidate) -> None:
        told = camel(part["functionCall"])
        name = told.get("name")
        if not isinstance(name, str):
            name = ""
            told = {**told, "name": name}
        if state.nameless is not None and name:
            if _completes(told, state.nameless[0]):
                told = {**state.nameless[0], **told}
                seal = seal or state.nameless[1]
                state.nameless = None
            self._give_up(index, state)
        if name and state.partial is not None:
            if state.partial[0].name:
                self._finish_call(index, state)
            else:
                state.partial = (replace(state.partial[0], name=name), state.partial[1])
        state.kind = ""
        if state.partial is None:
            is_streamed = "partialArgs" in told or told.get("willContinue")
            if not name and not is_streamed:
                # The empty end of a streamed call; or, with something in it, a call whose name may still come.
                if told.get("id") or told.get("args") is not None:
                    self._give_up(index, state)
                    state.nameless = (told, seal)
                return
            whole = {**part, "functionCall": told}
            call = replace(read_call(whole, self._call_id(told, name)), seal=seal)
            if not is_streamed:
                self._assembler.whole(call, choice=index)
                return
            state.partial = (replace(call, extra=as_extra({})), PartialArguments())
        elif seal is not None:
            state.partial = (replace(state.partial[0], seal=seal), state.partial[1])
        state.partial[1].take(told.get("partialArgs"))
        if not told.get("willContinue"):
            self._finish_call(index, state)

    def _give_up(self, index: int, state: _Candidate) -> None:
        """A call that never got its name is told without: the assembler says that it is malformed."""
        if state.nameless is not None:
            (told, seal), state.nameless = state.nameless, None
            call = read_call({"functionCall": told}, self._call_id(told, ""))
            self._assembler.whole(replace(call, seal=seal), choice=index)

    def _call_id(self, told: dict[str, Json], name: str) -> str:
        self._calls += 1
        given = told.get("id")
        if isinstance(given, str) and given:
            return given
        return reply_call_id(self._id, self._calls, name, read_arguments(told.get("args")))

    def _finish_call(self, index: int, state: _Candidate) -> None:
        if state.partial is not None:
            call, arguments = state.partial
            state.partial = None
            self._assembler.whole(replace(call, arguments=read_arguments(arguments.value)), choice=index)

    # -- the end ------------------------------------------------------------------------------------------------------

    def _over(self) -> None:
        """No more documents. A candidate that never gave its finish reason was cut."""
        if self._assembler.finished:
            return
        cut = [index for index, state in self._candidates.items() if not state.word]
        if cut:
            self._assembler.fail(UpstreamCut())
            return
        if self._assembler.has_reason:
            self._assembler.ending("stop", extra=as_extra(self._finish_extra()))
        self._assembler.done()

    def _finish_extra(self) -> dict[str, Json]:
        extra: dict[str, Json] = dict(self._top)
        told = [self._candidates[index].extra for index in sorted(self._candidates)]
        if any(told):
            extra["candidates"] = told
        if self._feedback is not None:
            extra["promptFeedback"] = self._feedback
        if self._usage_extra:
            extra["usageMetadata"] = self._usage_extra
        return extra
