"""Events to what a Chat Completions client reads: chunks of a stream, or one body.

Source: https://platform.openai.com/docs/api-reference/chat-streaming. Thinking goes out as `reasoning_content`; what
must come back to its maker as `reasoning_details` and `extra_content`. A stream's constant bytes are made once, so
that a piece of text costs one JSON string.
"""

from __future__ import annotations

import msgspec

from gophergate.core.blocks import Citation, Json, Media, Opaque, Seal, Text, Thought, ToolCall
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
from gophergate.core.request import Request
from gophergate.core.usage import Usage
from gophergate.dialects.base import Stamp, WritesEach, encode
from gophergate.dialects.logprobs import whole_tokens
from gophergate.dialects.members import list_of, object_of
from gophergate.dialects.openai_chat.citations import annotation
from gophergate.dialects.openai_chat.errors import envelope
from gophergate.dialects.openai_chat.shapes import Shapes, attachment, picture, plain_members
from gophergate.dialects.openai_chat.thoughts import DETAILS, detail_entry
from gophergate.dialects.openai_chat.usage import write_usage
from gophergate.dialects.openai_chat.wire import NAME, NOTE_DETAIL, NOTE_MEMBERS, own, write_seal
from gophergate.dialects.sse import COMMENT

_TEXT = msgspec.json.Encoder().encode


class StreamWriter(WritesEach):
    """Chunks, `[DONE]` after the last; an error event and nothing after it when the reply broke.

    Usage is a chunk of its own, and only for a client that asked for it.
    """

    content_type = b"text/event-stream; charset=utf-8"

    __slots__ = (
        "_annotations",
        "_begun",
        "_blocks",
        "_calls",
        "_details",
        "_images",
        "_include_usage",
        "_prefix",
        "_refused",
        "_shapes",
        "_usage",
        "suffix",
    )

    def __init__(self, request: Request, stamp: Stamp) -> None:
        self._shapes = Shapes(request, stamp)
        self._shapes.head["object"] = "chat.completion.chunk"
        self._include_usage = request.include_usage
        self.suffix = b',"logprobs":null,"finish_reason":null}]' + self._end() + b"\n\n"
        self._prefix = b""
        self._annotations: dict[int, list[Json]] = {}
        self._begun: set[int] = set()
        self._images: dict[int, int] = {}
        self._blocks: dict[int, _Stream] = {}
        self._calls: dict[int, int] = {}
        self._details: dict[int, int] = {}
        self._refused: set[int] = set()
        self._usage: Usage | None = None

    def heartbeat(self) -> bytes:
        """A comment, which every SSE parser passes over."""
        return COMMENT

    def write(self, event: Event) -> bytes:
        """The bytes of one event."""
        match event:
            case BlockGrew(index, text):
                return self._blocks[index].grow(event, text)
            case BlockOpened(index, block, choice):
                return self._opened(index, block, choice)
            case BlockClosed(index):
                return self._blocks.pop(index).close()
            case UsageSeen(usage):
                self._usage = usage if self._usage is None else self._usage.merged(usage)
                return b""
            case Started():
                self._shapes.begin(event)
                return b""
            case Finished():
                return self._finished(event)
            case Failed(error):
                return b"data: " + encode(envelope(error)) + b"\n\n"

    def _end(self) -> bytes:
        return b',"usage":null}' if self._include_usage else b"}"

    def head(self) -> bytes:
        """A chunk's bytes up to its choices."""
        if not self._prefix:
            self._prefix = b"data: " + encode(self._shapes.head)[:-1] + b',"choices":['
        return self._prefix

    def delta(self, choice: int, delta: bytes, logprobs: Json = None) -> bytes:
        """One chunk with one delta, which is JSON already."""
        start = b'%s{"index":%d,"delta":%s' % (self.head(), choice, delta)
        if logprobs is None:
            return start + self.suffix
        return b'%s,"logprobs":%s,"finish_reason":null}]%s\n\n' % (start, encode(logprobs), self._end())

    def _opened(self, index: int, block: object, choice: int) -> bytes:
        begun = b""
        if choice not in self._begun:
            self._begun.add(choice)
            words = b'{"role":"assistant","content":null}' if isinstance(block, ToolCall) else _ROLE
            begun = self.delta(choice, words)
        match block:
            case Text():
                if block.refusal:
                    self._refused.add(choice)
                stream: _Stream = _TextStream(self, choice, block)
            case Thought():
                stream = _ThoughtStream(self, choice, block)
            case ToolCall():
                number = self._calls.get(choice, 0)
                self._calls[choice] = number + 1
                stream = _CallStream(self, self._shapes, choice, block, number)
            case Media(kind="audio"):
                stream = _AudioStream(self, self._shapes, choice, block)
            case Media():
                stream = _MediaStream(self, choice, block)
            case Opaque(dialect="openai_chat"):
                stream = _WholeStream(self, choice, {"content": [block.data]})
            case _:
                stream = _Stream(self, choice)  # Another vendor's own block: no client of this dialect can read it.
        self._blocks[index] = stream
        return begun + stream.open()

    def next_detail(self, choice: int) -> int:
        """The index of the next `reasoning_details` entry."""
        number = self._details.get(choice, 0)
        self._details[choice] = number + 1
        return number

    def next_image(self, choice: int) -> int:
        """The index of the next `images` entry."""
        number = self._images.get(choice, 0)
        self._images[choice] = number + 1
        return number

    def annotate(self, choice: int, annotations: list[Json]) -> None:
        """Keep annotations for the end: they have no index, so clients that accumulate take them in one chunk only."""
        self._annotations.setdefault(choice, []).extend(annotations)

    def _finished(self, event: Finished) -> bytes:
        late = dict(own(event.extra))
        members = {object_of(m).get("index"): object_of(m) for m in list_of(late.pop("choices", None))}
        pieces: list[bytes] = []
        for choice, reason in enumerate((event.reason, *event.others)):
            if choice not in self._begun:
                pieces.append(self.delta(choice, _ROLE))
            if choice in self._annotations:
                pieces.append(self.delta(choice, encode({"annotations": self._annotations[choice]})))
            more = {k: v for k, v in members.get(choice, {}).items() if k not in ("index", "message")}
            word = self._shapes.reason(reason, refused=choice in self._refused)
            last = {
                "index": choice,
                "delta": object_of(members.get(choice, {}).get("message")),
                "logprobs": None,
                "finish_reason": word,
                **more,
            }
            tail = b"".join(b"," + _TEXT(name) + b":" + encode(value) for name, value in late.items())
            pieces.append(self.head() + encode(last) + b"]" + tail + self._end() + b"\n\n")
        if self._include_usage and self._usage is not None:
            pieces.append(self.head() + b'],"usage":' + encode(write_usage(self._usage)) + b"}\n\n")
        pieces.append(b"data: [DONE]\n\n")
        return b"".join(pieces)


_ROLE = b'{"role":"assistant","content":""}'


class _Stream:
    """One open block of a stream; this plain one says nothing."""

    __slots__ = ("choice", "writer")

    def __init__(self, writer: StreamWriter, choice: int) -> None:
        self.writer = writer
        self.choice = choice

    def open(self) -> bytes:
        return b""

    def grow(self, event: BlockGrew, text: str) -> bytes:
        return b""

    def close(self) -> bytes:
        return b""

    def say(self, delta: dict[str, Json]) -> bytes:
        return self.writer.delta(self.choice, encode(delta))


class _WholeStream(_Stream):
    __slots__ = ("_delta",)

    def __init__(self, writer: StreamWriter, choice: int, delta: dict[str, Json]) -> None:
        super().__init__(writer, choice)
        self._delta = delta

    def open(self) -> bytes:
        return self.say(self._delta)


class _TextStream(_Stream):
    __slots__ = ("_block", "_member", "_prefix", "_seal")

    def __init__(self, writer: StreamWriter, choice: int, block: Text) -> None:
        super().__init__(writer, choice)
        self._block = block
        self._seal: Seal | None = block.seal
        self._member = "refusal" if block.refusal else "content"
        self._prefix = b'%s{"index":%d,"delta":{"%s":' % (writer.head(), choice, self._member.encode())

    def open(self) -> bytes:
        said = self._piece(self._block.text, None) if self._block.text else b""
        self._cite(self._block.citations)
        return said

    def grow(self, event: BlockGrew, text: str) -> bytes:
        if event.seal is not None:
            self._seal = event.seal
        said = self._piece(text, event.logprobs) if text or event.logprobs is not None else b""
        self._cite(event.citations)
        return said

    def _piece(self, text: str, logprobs: Json) -> bytes:
        if logprobs is None:
            return self._prefix + _TEXT(text) + b"}" + self.writer.suffix
        told = {"content": None, "refusal": None, self._member: whole_tokens(list_of(logprobs))}
        return self.writer.delta(self.choice, encode({self._member: text}), told)

    def _cite(self, citations: tuple[Citation, ...]) -> None:
        if citations:
            self.writer.annotate(self.choice, [annotation(citation) for citation in citations])

    def close(self) -> bytes:
        return self.say({"extra_content": write_seal(self._seal)}) if self._seal is not None else b""


class _ThoughtStream(_Stream):
    """Readable text at once; what must come back whole, once it is whole."""

    __slots__ = ("_block", "_extra", "_members", "_pieces", "_seal")

    def __init__(self, writer: StreamWriter, choice: int, block: Thought) -> None:
        super().__init__(writer, choice)
        self._block = block
        self._pieces: list[str] = []
        self._seal = block.seal
        self._extra = dict(own(block.extra))
        self._members = plain_members(block)

    def open(self) -> bytes:
        return self._say(self._block.text) if self._block.text else b""

    def grow(self, event: BlockGrew, text: str) -> bytes:
        if event.seal is not None:
            self._seal = event.seal
        if event.extra:
            self._extra.update(own(event.extra))
            self._members = list_of(self._extra.get(NOTE_MEMBERS)) or self._members
        return self._say(text) if text else b""

    def _say(self, text: str) -> bytes:
        self._pieces.append(text)
        return self.say(dict.fromkeys(self._members, text))

    def close(self) -> bytes:
        whole = msgspec.structs.replace(
            self._block, text="".join(self._pieces), seal=self._seal, extra={NAME: self._extra} if self._extra else {}
        )
        if whole.seal is None and NOTE_DETAIL not in self._extra:
            return b""
        entry = detail_entry(whole, self.writer.next_detail(self.choice))
        return self.say({DETAILS: [entry]})


class _CallStream(_Stream):
    __slots__ = ("_call", "_empty", "_legacy", "_member", "_number", "_prefix", "_seal", "_shapes")

    def __init__(self, writer: StreamWriter, shapes: Shapes, choice: int, call: ToolCall, number: int) -> None:
        super().__init__(writer, choice)
        self._shapes = shapes
        self._call = call
        self._number = number
        self._seal: Seal | None = None
        self._empty = not call.arguments
        self._legacy = shapes.is_legacy
        start = b'%s{"index":%d,"delta":' % (writer.head(), choice)
        if self._legacy:
            self._prefix = start + b'{"function_call":{"arguments":'
        else:
            member = b'"custom":{"input":' if call.custom else b'"function":{"arguments":'
            self._prefix = b'%s{"tool_calls":[{"index":%d,%s' % (start, number, member)

    def open(self) -> bytes:
        if self._legacy:
            return self.say({"function_call": {"name": self._call.name, "arguments": self._call.arguments}})
        return self.say({"tool_calls": [{"index": self._number, **self._shapes.call(self._call, self._number)}]})

    def grow(self, event: BlockGrew, text: str) -> bytes:
        if event.seal is not None:
            self._seal = event.seal
        return self._piece(text) if text else b""

    def _piece(self, text: str) -> bytes:
        self._empty = False
        return self._prefix + _TEXT(text) + (b"}}" if self._legacy else b"}}]}") + self.writer.suffix

    def close(self) -> bytes:
        # A call without arguments is a call all the same, and clients parse what it holds.
        said = self._piece("{}") if self._empty and not self._call.custom else b""
        if self._seal is not None and not self._legacy:
            # openai-python's accumulating stream asserts that every piece of a function call has its `function`.
            empty: dict[str, Json] = {} if self._call.custom else {"function": {"arguments": ""}}
            told = {"index": self._number, **empty, "extra_content": write_seal(self._seal)}
            said += self.say({"tool_calls": [told]})
        return said


class _AudioStream(_Stream):
    __slots__ = ("_media", "_shapes")

    def __init__(self, writer: StreamWriter, shapes: Shapes, choice: int, media: Media) -> None:
        super().__init__(writer, choice)
        self._media = media
        self._shapes = shapes

    def open(self) -> bytes:
        told: dict[str, Json] = {"id": self._shapes.audio(self._media)["id"]}
        if self._media.transcript:
            told["transcript"] = self._media.transcript
        if self._media.data:
            told["data"] = self._media.data
        return self.say({"audio": told})

    def grow(self, event: BlockGrew, text: str) -> bytes:
        if event.extra:
            known = {**own(self._media.extra), **own(event.extra)}
            self._media = msgspec.structs.replace(self._media, extra={NAME: known})
        told = {"transcript": event.transcript} if event.transcript else {}
        if text:
            told["data"] = text
        return self.say({"audio": told}) if told else b""

    def close(self) -> bytes:
        return self.say({"audio": {"expires_at": self._shapes.audio(self._media)["expires_at"]}})


class _MediaStream(_Stream):
    """Pictures and files are told once they are whole."""

    __slots__ = ("_media", "_pieces")

    def __init__(self, writer: StreamWriter, choice: int, media: Media) -> None:
        super().__init__(writer, choice)
        self._media = media
        self._pieces = [media.data or ""]

    def grow(self, event: BlockGrew, text: str) -> bytes:
        self._pieces.append(text)
        return b""

    def close(self) -> bytes:
        media = msgspec.structs.replace(self._media, data="".join(self._pieces) or None)
        if media.kind == "image":
            return self.say({"images": [{**picture(media), "index": self.writer.next_image(self.choice)}]})
        self.writer.annotate(self.choice, [attachment(media)])
        return b""
