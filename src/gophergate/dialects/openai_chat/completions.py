"""The legacy completions door (`/v1/completions`): one prompt in, its continuation out.

Source: https://platform.openai.com/docs/api-reference/completions. A target that has the door gets the caller's bytes.
Any other is asked as for chat: the prompt is one user turn, and what is answered comes back in the shape of a
completion. Chunks and bodies are those of chat but for where the words stand, so chat's readers read them.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from gophergate.core.blocks import Block, Json, Media, Text
from gophergate.core.events import BlockGrew, BlockOpened, Event, Failed, Finished, Started, UsageSeen
from gophergate.core.reply import Reply
from gophergate.core.request import Request, Turn
from gophergate.core.usage import Usage
from gophergate.dialects import whole
from gophergate.dialects.base import (
    Reader,
    Stamp,
    Target,
    Writer,
    WritesEach,
    Written,
    decode_object,
    encode,
)
from gophergate.dialects.loss import in_words
from gophergate.dialects.members import list_of, object_of, text_of
from gophergate.dialects.openai_chat import OpenAIChat, reader, request_in
from gophergate.dialects.openai_chat.errors import envelope
from gophergate.dialects.openai_chat.usage import write_usage
from gophergate.dialects.openai_chat.wire import WRITE_REASON, mistyped
from gophergate.errors import BadRequest

NAME = "openai_completions"
_AS_IN_CHAT = (
    *("model", "stream", "stream_options", "max_tokens", "temperature", "top_p", "presence_penalty"),
    *("frequency_penalty", "stop", "n", "seed", "logit_bias", "user"),
)
_READ = frozenset({*_AS_IN_CHAT, "prompt", "echo", "logprobs", "best_of"})
_SETTINGS = (
    ("max_tokens", "max_output_tokens"),
    *((name, name) for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty", "n", "seed")),
    *(("logit_bias", "logit_bias"), ("user", "user"), ("logprobs", "top_logprobs")),
)
"""Those that are written, by their names here and in a request."""
_ECHO = "_echo"
"""In a request's extras: the answer begins with its prompt."""


class OpenAICompletions(OpenAIChat):
    """See dialects.base.Dialect. Nobody is asked in this language who was not addressed in it."""

    name = NAME
    shows = frozenset({"logprobs"})

    def read_request(self, body: bytes, *, model: str = "", stream: bool = False) -> Request:
        """See Dialect.read_request. Raises BadRequest for a prompt of tokens, which are another model's words."""
        members = decode_object(body)
        texts = _texts(members.get("prompt"))
        chat: dict[str, Json] = {name: members[name] for name in _AS_IN_CHAT if name in members}
        chat["messages"] = [{"role": "user", "content": text} for text in texts]
        extra = {name: value for name, value in members.items() if name not in _READ and value is not None}
        if len(texts) > 1:
            extra["prompt"] = len(texts)
        best_of = members.get("best_of")
        if best_of not in (None, 1, members.get("n")):
            extra["best_of"] = best_of
        if members.get("echo"):
            extra[_ECHO] = True
        alternatives = members.get("logprobs")
        if alternatives is not None:
            if isinstance(alternatives, bool) or not isinstance(alternatives, int):
                raise mistyped("logprobs", "a whole number", alternatives)
            chat |= {"logprobs": True, "top_logprobs": alternatives}
        read = request_in.read_request(encode(chat))
        return replace(read, dialect=NAME, extra={NAME: extra} if extra else {})

    def write_request(self, request: Request, target: Target) -> Written:
        """See Dialect.write_request. Written is only what came in at this door, for a target that has it too: a guard
        has changed its words, or may change the answer's. `echo` is the writer's."""
        texts = [text for turn in request.turns for text in map(_words, turn.blocks)]
        body: dict[str, Json] = {"model": target.model, "prompt": texts if len(texts) > 1 else "".join(texts)}
        body |= {name: value for name, setting in _SETTINGS if (value := getattr(request, setting)) is not None}
        if request.stop:
            body["stop"] = list(request.stop)
        if request.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        extra = request.extra.get(NAME, {})
        return Written(body | {name: value for name, value in extra.items() if name not in (_ECHO, "prompt")})

    def door(self, model: str, *, stream: bool) -> str:
        """See Dialect.door."""
        return "/completions"

    def reader(self, *, stream: bool, origin: str = "") -> Reader:
        """See Dialect.reader."""
        return _StreamReader(origin) if stream else _BodyReader(origin)

    def writer(self, request: Request, stamp: Stamp, *, stream: bool) -> Writer:
        """See Dialect.writer. Thoughts have no place in a completion and are left out."""
        return StreamWriter(request, stamp) if stream else BodyWriter(request, stamp)


def _texts(prompt: Json) -> list[str]:
    if isinstance(prompt, str):
        return [prompt]
    if not isinstance(prompt, list) or not prompt:
        raise BadRequest("'prompt' is required: a string, or an array of strings.", param="prompt")
    if not all(isinstance(one, str) for one in prompt):
        raise BadRequest(
            "'prompt' holds tokens, which are numbers of one model's own vocabulary, and this call has to be read, or "
            "sent in another format. Send the prompt as text.",
            param="prompt",
            code="unsupported_content",
        )
    return prompt


# -- answers read ---------------------------------------------------------------------------------------------------


class _Chunks(reader.ChunkReader):
    """Reads a completion's choices as chat's."""

    def read(self, chunk: Json, raw: bytes) -> None:
        choices = list_of(object_of(chunk).get("choices"))
        if choices:
            chunk = {**chunk, "choices": [_as_chat(choice) for choice in choices]}
        super().read(chunk, raw)


def _as_chat(choice: Json) -> Json:
    if not isinstance(choice, dict) or "text" not in choice:
        return choice
    said = {"role": "assistant", "content": text_of(choice["text"])}
    return {**{name: value for name, value in choice.items() if name not in ("text", "logprobs")}, "delta": said}


class _StreamReader(reader.StreamReader):
    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self._chunks = _Chunks(origin)


class _BodyReader(reader.BodyReader):
    def _reading(self) -> reader.ChunkReader:
        return _Chunks(self._origin)


# -- answers written ------------------------------------------------------------------------------------------------


class _Shapes:
    """What stream and body share. `before` is the text that each choice begins with."""

    __slots__ = ("before", "head")

    def __init__(self, request: Request, stamp: Stamp) -> None:
        self.head: dict[str, Json] = {
            "id": f"cmpl-{stamp.token}",
            "object": "text_completion",
            "created": stamp.now,
            "model": request.model,
        }
        self.before = _said(request.turns) if _ECHO in request.extra.get(NAME, {}) else ""

    def begin(self, started: Started) -> None:
        """Take over the model's name; ids and times stay ours."""
        if started.model:
            self.head["model"] = started.model


def _said(turns: tuple[Turn, ...]) -> str:
    return "".join(block.text for turn in turns[:1] for block in turn.blocks if isinstance(block, Text))


def _words(block: Block) -> str:
    if isinstance(block, Media):
        return in_words(block)
    return block.text if isinstance(block, Text) else ""


def _choice(index: int, text: str, logprobs: Json = None, reason: Json = None) -> dict[str, Json]:
    return {"text": text, "index": index, "logprobs": logprobs, "finish_reason": reason}


def _legacy_logprobs(tokens: list[Any], at: int) -> dict[str, Json]:
    """Chat's list of tokens as the four lists of a completion; the first token stands at character `at`."""
    told: dict[str, Json] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for one in map(object_of, tokens):
        token = text_of(one.get("token"))
        told["tokens"].append(token)
        told["token_logprobs"].append(one.get("logprob"))
        others = map(object_of, list_of(one.get("top_logprobs")))
        told["top_logprobs"].append({text_of(other.get("token")): other.get("logprob") for other in others})
        told["text_offset"].append(at)
        at += len(token)
    return told


class BodyWriter(whole.BodyWriter):
    """One completion."""

    __slots__ = ("_shapes",)

    def __init__(self, request: Request, stamp: Stamp) -> None:
        super().__init__()
        self._shapes = _Shapes(request, stamp)

    def _body(self, reply: Reply) -> dict[str, Json]:
        shapes = self._shapes
        shapes.begin(reply.started)
        choices = []
        for choice, reason in enumerate((reply.finished.reason, *reply.finished.others)):
            text, tokens = shapes.before, []
            for block, of, seen in zip(reply.blocks, reply.choices, reply.logprobs, strict=True):
                if of == choice:
                    text += _words(block)
                    tokens += list_of(seen)
            logprobs = _legacy_logprobs(tokens, len(shapes.before)) if tokens else None
            choices.append(_choice(choice, text, logprobs, WRITE_REASON[reason]))
        body = {**shapes.head, "choices": choices}
        if reply.usage is not None:
            body["usage"] = write_usage(reply.usage)
        return body


class StreamWriter(WritesEach):
    """Chunks of text, `[DONE]` after the last; an error event and nothing after it when the reply broke. Usage is a
    chunk of its own, and only for a client that asked for it."""

    content_type = OpenAICompletions.stream_type

    __slots__ = ("_choices", "_include_usage", "_lengths", "_shapes", "_usage")

    def __init__(self, request: Request, stamp: Stamp) -> None:
        self._shapes = _Shapes(request, stamp)
        self._include_usage = request.include_usage
        self._choices: dict[int, int] = {}
        """Whose words a block's are: blocks of which nothing is shown are not here."""
        self._lengths: dict[int, int] = {}
        """Characters that each choice has been told."""
        self._usage: Usage | None = None

    def write(self, event: Event) -> bytes:
        """See Writer.write."""
        match event:
            case BlockGrew(index, text):
                if index not in self._choices or not (text or event.logprobs):
                    return b""
                return self._piece(self._choices[index], text, event.logprobs)
            case BlockOpened(index, block, choice):
                if isinstance(block, Text):
                    self._choices[index] = choice
                text = _words(block)
                return self._piece(choice, text) if text else b""
            case UsageSeen(usage):
                self._usage = usage if self._usage is None else self._usage.merged(usage)
            case Started():
                self._shapes.begin(event)
            case Finished():
                return self._finished(event)
            case Failed(error):
                return b"data: " + encode(envelope(error)) + b"\n\n"
        return b""

    def _piece(self, choice: int, text: str, tokens: Json = None) -> bytes:
        before = self._before(choice)
        at = self._lengths.get(choice, 0) + len(before)
        logprobs = _legacy_logprobs(list_of(tokens), at) if tokens else None
        self._lengths[choice] = at + len(text)
        return self._chunk([_choice(choice, before + text, logprobs)])

    def _before(self, choice: int) -> str:
        """The prompt, where it is to come back and has not been told yet."""
        return "" if choice in self._lengths else self._shapes.before

    def _chunk(self, choices: list[dict[str, Json]], usage: Json = None) -> bytes:
        told = {**self._shapes.head, "choices": choices}
        if self._include_usage:
            told["usage"] = usage
        return b"data: " + encode(told) + b"\n\n"

    def _finished(self, event: Finished) -> bytes:
        pieces = [
            self._chunk([_choice(choice, self._before(choice), None, WRITE_REASON[reason])])
            for choice, reason in enumerate((event.reason, *event.others))
        ]
        if self._include_usage and self._usage is not None:
            pieces.append(self._chunk([], write_usage(self._usage)))
        return b"".join((*pieces, b"data: [DONE]\n\n"))
