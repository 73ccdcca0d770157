"""One choice of a reply: its deltas (or its whole message) to blocks.

Reasoning comes first, then content, then calls, in the order in which a model makes them (edge case 17).
"""

from __future__ import annotations

from typing import Any

from gophergate.core.blocks import NO_EXTRA, Citation, Extra, Json, Media, Opaque, Seal, Thought
from gophergate.core.events import Reason
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import encode
from gophergate.dialects.members import list_of, object_of, text_of
from gophergate.dialects.openai_chat.calls import CallReader
from gophergate.dialects.openai_chat.citations import read_annotations, read_searched
from gophergate.dialects.openai_chat.details import DetailsTold, read_detail
from gophergate.dialects.openai_chat.parts import read_media
from gophergate.dialects.openai_chat.think import ThinkSplitter
from gophergate.dialects.openai_chat.wire import (
    FAILED_REASONS,
    NAME,
    NOTE_MEMBERS,
    NOTE_THINKING,
    PLAIN_THOUGHTS,
    own_extra,
    reason_of,
    seal_in,
)
from gophergate.dialects.sound import SoundPieces

_CHOICE = frozenset({"index", "delta", "message", "finish_reason", "logprobs", "usage", "error", "text"})
_DELTA = frozenset(
    {
        "role",
        "content",
        "refusal",
        "tool_calls",
        "function_call",
        "reasoning_details",
        "audio",
        "images",
        "annotations",
        "extra_content",
        "token_id",
        *PLAIN_THOUGHTS,
    }
)
_SAYS = _DELTA - {"role", "annotations", "extra_content", "token_id"}
"""Members that are of the answer: an unknown one beside them says nothing of whether it was told."""
_REFUSED = "refusal"


class ChoiceReader:
    """Reads one choice into the assembler. `broke` is the finish word of a broken generation, "" without one;
    `extras` the members without a canonical name, as `{"message": {...}, ...}`."""

    __slots__ = (
        "_calls",
        "_choice",
        "_details",
        "_events",
        "_held_logprobs",
        "_kind",
        "_origin",
        "_plain",
        "_reason",
        "_sound",
        "_splitter",
        "_spoke",
        "broke",
        "extras",
    )

    def __init__(self, events: Assembler, choice: int, origin: str) -> None:
        self._events = events
        self._choice = choice
        self._origin = origin
        self._calls = CallReader(events, choice, origin)
        self._splitter: ThinkSplitter | None = ThinkSplitter()
        self._held_logprobs: list[Json] = []
        self._kind = ""
        self._plain: list[str] = []
        self._details = DetailsTold(events, choice)
        self._sound = SoundPieces()
        self._reason: tuple[Reason, str, str | None] | None = None
        self._spoke = False
        self.broke = ""
        self.extras: dict[str, Json] = {}

    @property
    def is_saying_text(self) -> bool:
        """Whether plain words are more of the running text, and nothing of them is held back."""
        return self._kind == "text" and self._splitter is None

    # -- one chunk --------------------------------------------------------------------------------------------

    def read(self, choice: dict[str, Any]) -> None:
        """A chunk's choice, or a body's."""
        delta = choice.get("delta")
        message = choice.get("message")
        if message is not None and not (isinstance(delta, dict) and _says_something(delta)):
            # A body. Perplexity's stream tells the whole message beside each delta, and again at its end.
            delta = None if self._spoke else message
        if delta and isinstance(delta, dict):
            self._delta(delta, choice.get("logprobs"), is_whole=delta is message)
        reason = choice.get("finish_reason")
        if reason:
            self._ending(text_of(reason), choice)
        if not choice.keys() <= _CHOICE:
            for name in choice.keys() - _CHOICE:
                if choice[name] is not None:
                    self.extras[name] = choice[name]

    def _delta(self, delta: dict[str, Any], logprobs: Json, *, is_whole: bool) -> None:
        if not self._spoke:
            self._spoke = _says_something(delta)
        details = delta.get("reasoning_details")
        if details and isinstance(details, list):
            self._read_details(details, delta)
        else:
            for member in PLAIN_THOUGHTS:
                if delta.get(member):
                    self._thought(text_of(delta[member]), member)
                    break
        content = delta.get("content")
        if content:
            if "extra_content" in delta:
                self._expect_googles_tag(delta["extra_content"])
            self._content(content, logprobs)
        elif logprobs is not None and _tokens(logprobs, "content"):
            self._text("", logprobs)
        if delta.get("refusal"):
            self._refused(text_of(delta["refusal"]), logprobs)
        if delta.get("tool_calls"):
            self._leave_text()
            for call in list_of(delta["tool_calls"]):
                self._calls.read(object_of(call), is_whole=is_whole)
        if any(delta[name] for name in delta.keys() - _PLAIN_DELTA):
            self._rare(delta)

    def _expect_googles_tag(self, extra_content: Json) -> None:
        """Google's OpenAI door marks thoughts, and wraps them in a tag of its own: `<thought>`."""
        marked = object_of(object_of(extra_content).get("google")).get("thought") is True
        if marked and self._splitter is not None and self._splitter.is_untouched:
            self._splitter = ThinkSplitter("thought")

    def _rare(self, delta: dict[str, Any]) -> None:
        legacy = object_of(delta.get("function_call"))
        if legacy.get("name") or legacy.get("arguments"):
            self._leave_text()
            self._calls.read_legacy(legacy)
        for image in list_of(delta.get("images")):
            self._leave_text()
            self._part(object_of(image))
        if delta.get("audio"):
            self._audio(object_of(delta["audio"]))
        if delta.get("annotations"):
            self._cite(read_annotations(delta["annotations"]))
        seal = seal_in(delta.get("extra_content"), self._origin)
        if seal is not None:
            self._sealed(seal)
        unknown = {name: delta[name] for name in delta.keys() - _DELTA if delta[name] is not None}
        if unknown:
            message = self.extras.setdefault("message", {})
            for name, value in unknown.items():
                message[name] = _grown(message.get(name), value)

    # -- words ------------------------------------------------------------------------------------------------

    def _content(self, content: Json, logprobs: Json) -> None:
        if isinstance(content, str):
            self._text(content, logprobs)
        elif isinstance(content, list):
            for part in content:
                if isinstance(part, str):
                    self._text(part, None)
                else:
                    self._part(object_of(part))
        else:
            self._text(encode(content).decode(), logprobs)  # Cloudflare answers a schema with the object itself.

    def _text(self, text: str, logprobs: Json) -> None:
        tokens = _tokens(logprobs, "content")
        splitter = self._splitter
        if splitter is None:
            self._say(text, tokens)
            return
        if tokens:
            self._held_logprobs.extend(tokens)
        for is_thought, piece in splitter.feed(text):
            self._split(is_thought, piece)

    def _split(self, is_thought: bool, piece: str) -> None:
        if is_thought:
            self._thought(piece, "content", keeps_splitter=True)
            return
        tokens, self._held_logprobs = self._held_logprobs or None, []
        self._say(piece, tokens)
        self._splitter = None  # Words have come: a tag from here on is one of them.

    def _say(self, text: str, tokens: Json) -> None:
        if self._kind != "text":
            self._turn_to("text")
        self._events.text(text, choice=self._choice, logprobs=tokens)

    def _refused(self, text: str, logprobs: Json) -> None:
        self._splitter = None
        self._turn_to(_REFUSED)
        self._events.text(text, choice=self._choice, refusal=True, logprobs=_tokens(logprobs, "refusal"))

    def _part(self, part: dict[str, Any]) -> None:
        """One part of a content list."""
        match part.get("type"):
            case "text" | "output_text":
                self._text(text_of(part.get("text")), None)
                self._cite(read_annotations(part.get("annotations")))
            case "thinking":
                inner = part.get("thinking")
                said = [text_of(object_of(p).get("text")) for p in list_of(inner)]
                rest = {k: v for k, v in part.items() if k not in ("thinking", "type")}
                self._thought(text_of(inner) or "".join(said), "thinking", rest)
            case "refusal":
                self._refused(text_of(part.get("refusal")), None)
            case kind:
                self._leave_text()
                media = read_media(part)
                block = media or Opaque(dialect=NAME, label=text_of(kind) or "content part", data=part)
                self._events.whole(block, choice=self._choice)

    def _leave_text(self) -> None:
        """Something that is not text follows: what the splitter held back is text."""
        if self._splitter is not None:
            self._flush_splitter()
        self._turn_to("")

    def _turn_to(self, kind: str) -> None:
        if self._kind == "detail" and kind != "detail":
            self._details.close()
        if kind != "thought":
            self._plain.clear()
        self._kind = kind
        self._calls.settle()

    # -- reasoning --------------------------------------------------------------------------------------------

    def _thought(
        self, text: str, member: str, rest: dict[str, Json] | None = None, *, keeps_splitter: bool = False
    ) -> None:
        if not text and not rest:
            return
        if self._splitter is not None and not keeps_splitter and member != "content":
            self._splitter = None
        marks: Extra = NO_EXTRA
        if self._kind != "thought":
            self._turn_to("thought")
            if member == "thinking":
                marks = {NAME: {NOTE_THINKING: rest or {}}}
            elif member not in ("reasoning_content", "content"):
                marks = {NAME: {NOTE_MEMBERS: [member]}}
        elif rest:
            marks = {NAME: {NOTE_THINKING: rest}}
        if member == "thinking" or text:
            self._plain.append(text)
        self._events.thought(text, choice=self._choice, extra=marks)

    def _read_details(self, details: list[Any], delta: dict[str, Any]) -> None:
        """OpenRouter's structured reasoning; the plain members repeat its text."""
        told = False
        for entry in details:
            if isinstance(entry, dict):
                told = self._detail_entry(entry) or told
        if not told:
            for member in PLAIN_THOUGHTS:
                if delta.get(member):
                    self._thought(text_of(delta[member]), member)
                    break

    def _detail_entry(self, entry: dict[str, Any]) -> bool:
        detail = read_detail(entry, self._origin)
        self._splitter = None
        if detail.text and self._kind == "thought" and detail.text == "".join(self._plain):
            # A speaker of this wire that tells its thought piece by piece, and signs the whole at its end.
            self._events.thought("", choice=self._choice, seal=detail.seal, extra=detail.extra)
            self._events.pause_run(self._choice)
            self._turn_to("")
            return True
        if detail.is_encrypted:
            self._turn_to("")
            whole = Thought(seal=detail.seal, redacted=True, extra=detail.extra)
            self._events.whole(whole, choice=self._choice)
            return False
        if self._kind != "detail" or not self._details.go_on_with(detail):
            self._turn_to("")
            self._kind = "detail"
            self._details.begin(detail)
        self._details.grow(detail)
        return bool(detail.text)

    def _sealed(self, seal: Seal) -> None:
        """A signature beside a delta: of the call when there is nothing else, else of the text."""
        if self._calls.has_calls and self._kind != "text":
            self._calls.seal_first(seal)
        else:
            if self._splitter is not None:
                self._flush_splitter()
            self._turn_to("text")
            self._events.text("", choice=self._choice, seal=seal)

    # -- the rest ---------------------------------------------------------------------------------------------

    def _audio(self, audio: dict[str, Any]) -> None:
        data, spoken = text_of(audio.get("data")), text_of(audio.get("transcript"))
        key = ("audio", self._choice)
        if not (data or spoken or audio.get("id") or self._events.is_known(key)):
            return
        rest = own_extra({k: v for k, v in audio.items() if k not in ("data", "transcript")})
        if not self._events.is_known(key):
            self._leave_text()
            self._events.open(key, Media(kind="audio", extra=rest), choice=self._choice)
            rest = NO_EXTRA
        self._events.grow(key, self._sound.joined(data), transcript=spoken, extra=rest)

    def _cite(self, citations: tuple[Citation, ...]) -> None:
        if citations:
            if self._splitter is not None:
                self._flush_splitter()
            self._turn_to("text")
            self._events.text("", choice=self._choice, citations=citations)

    def cite_searched(self, results: list[Any]) -> None:
        """Perplexity's search results: the sources that `[1]` in its text point to."""
        self._cite(read_searched(results))

    # -- the end ----------------------------------------------------------------------------------------------

    def _ending(self, word: str, choice: dict[str, Any]) -> None:
        if word.lower() in FAILED_REASONS:
            self.broke = word
            return
        known, stop = reason_of(word, choice.get("stop_reason", choice.get("matched_stop")))  # vLLM; SGLang
        if self._reason is None or self._reason[0] in ("stop", "stop_sequence"):
            self._reason = (known, word, stop)
        self._calls.freeze()

    def accept_silence(self) -> None:
        """No finish word came, and none will: the reply is whole."""
        if self._reason is None:
            self._reason = ("stop", "", None)

    def end(self) -> None:
        """Say what was held back."""
        if self._splitter is not None:
            self._flush_splitter()
        self._events.grow(("audio", self._choice), self._sound.rest())
        self._calls.end()

    def _flush_splitter(self) -> None:
        splitter, self._splitter = self._splitter, None
        if splitter is not None:
            for is_thought, piece in splitter.end():
                self._split(is_thought, piece)
            if self._held_logprobs:
                tokens, self._held_logprobs = self._held_logprobs, []
                self._say("", tokens)

    def tell_ending(self, extra: Extra) -> None:
        """Give the assembler the finish reason, if one was given."""
        if self._reason is not None:
            reason, native, stop = self._reason
            self._events.ending(reason, native=native, stop_sequence=stop, choice=self._choice, extra=extra)


_PLAIN_DELTA = frozenset({"role", "content", "refusal", "tool_calls", "reasoning_details", "token_id", *PLAIN_THOUGHTS})
"""The members of a delta that are read without looking for rarer ones."""


def _says_something(delta: dict[str, Any]) -> bool:
    return any(delta.get(name) for name in _SAYS)


def _tokens(logprobs: Json, member: str) -> Json:
    tokens = object_of(logprobs).get(member)
    return tokens if isinstance(tokens, list) and tokens else None


def _grown(known: Json, more: Json) -> Json:
    """A member told in pieces: entries of lists replace those of the same index, everything else the last wins."""
    if not (isinstance(known, list) and isinstance(more, list)):
        return more
    joined = list(known)
    for entry in more:
        index = object_of(entry).get("index")
        at = next((i for i, old in enumerate(joined) if index is not None and object_of(old).get("index") == index), -1)
        if at >= 0:
            joined[at] = entry
        else:
            joined.append(entry)
    return joined
