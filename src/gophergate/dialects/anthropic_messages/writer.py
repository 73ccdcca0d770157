"""Canonical events to what a Messages client gets: the stream, and the whole body.

Strict where the vendor's SDKs are: one block open at a time, indexes 0, 1, 2, ... of our own, the first block of the
type of the first thing said, and nothing opened that says nothing (edge case 18). `message_start` waits for the first
block, so that it carries what usage is known by then; `message_delta` carries all of it.
"""

from __future__ import annotations

from msgspec.structs import replace

from gophergate.core.blocks import (
    Block,
    Citation,
    Json,
    Media,
    Opaque,
    Seal,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Vector,
)
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
from gophergate.core.usage import NOTHING_REPORTED, Usage
from gophergate.dialects import whole
from gophergate.dialects.anthropic_messages import failures
from gophergate.dialects.anthropic_messages.blocks import show_thought_seal
from gophergate.dialects.anthropic_messages.content import input_of
from gophergate.dialects.anthropic_messages.reader import MESSAGE_STOP
from gophergate.dialects.anthropic_messages.usage import write_usage
from gophergate.dialects.anthropic_messages.wire import NAME, READ_REASON, SEAL_MEMBER, WRITE_REASON, own
from gophergate.dialects.assembler import Sequencer
from gophergate.dialects.base import Stamp, WritesEach, encode, wrap_seal
from gophergate.dialects.estimate import rough
from gophergate.dialects.loss import in_words
from gophergate.dialects.members import object_of
from gophergate.dialects.sse import sse
from gophergate.dialects.toolnames import flat_name

STREAM_TYPE = b"text/event-stream; charset=utf-8"
PING = sse(b'{"type": "ping"}', b"ping")
_IN_DELTA = ("container", "stop_details")
_COMPACTED = ("content", "encrypted_content")
_CALLS = ("server_tool_use", "mcp_tool_use")


class StreamWriter(WritesEach):
    """Server-sent events. Only the first choice is told: the wire has no word for alternatives."""

    content_type = STREAM_TYPE

    def __init__(self, request: Request, stamp: Stamp) -> None:
        self._request = request
        self._stamp = stamp
        self._sequencer = Sequencer()
        self._others: set[int] = set()
        self._out: list[bytes] = []
        self._began = False
        self._started = Started()
        self._usage: Usage | None = None
        self._count = 0
        self._block: Block | None = None
        self._is_open = False
        self._piece = b""
        self._end_of_piece = b""
        self._seal: Seal | None = None
        self._refused = False

    def write(self, event: Event) -> bytes:
        match event:
            case BlockOpened():
                if event.choice:
                    self._others.add(event.index)
                    return b""
            case BlockGrew() | BlockClosed():
                if event.index in self._others:
                    return b""
            case Started():
                self._started = event
                return b""
            case UsageSeen():
                self._usage = event.usage if self._usage is None else self._usage.merged(event.usage)
                return b""
            case Failed():
                return sse(failures.write_error(event.error), b"error")
            case Finished():
                self._finish(event)
                return self._taken()
        for told in self._sequencer.feed(event):
            match told:
                case BlockGrew():
                    self._grow(told)
                case BlockOpened():
                    self._open(told.block)
                case BlockClosed():
                    self._close()
        return self._taken()

    def _taken(self) -> bytes:
        out = b"".join(self._out)
        self._out.clear()
        return out

    # -- blocks -----------------------------------------------------------------------------------------------

    def _open(self, block: Block) -> None:
        self._block = block
        self._is_open = False
        match block:
            case Text():
                self._seal = block.seal
                self._refused = self._refused or block.refusal
                self._text(block.text)
                self._cite(block.citations)
            case Thought():
                self._seal = block.seal
                if not block.redacted:
                    self._think(block.text)
            case ToolCall():
                self._call(block)
            case Opaque():
                self._opaque(block)
            case Media():
                self._text(block.transcript or "")
            case ToolResult():
                pass  # no model says one

    def _grow(self, event: BlockGrew) -> None:
        if event.seal is not None:
            self._seal = event.seal
        match self._block:
            case Text():
                if event.text:
                    self._text(event.text)
                self._cite(event.citations)
            case Thought(redacted=False):
                if event.text:
                    self._think(event.text)
            case Media():
                self._text(event.transcript)
            case ToolCall(custom=custom):
                if event.text:
                    text = encode(event.text)[1:-1].decode() if custom else event.text
                    self._say(text)

    def _close(self) -> None:
        match self._block:
            case Thought(redacted=False) as thought:
                if self._seal is not None:
                    token = show_thought_seal(self._seal, thought.item_id)
                    self._begin_thought()
                    self._delta({"type": "signature_delta", "signature": token})
            case Thought() as thought if self._seal is not None:
                data = show_thought_seal(self._seal, thought.item_id)
                self._begin({"type": "redacted_thinking", "data": data})
            case ToolCall(custom=True):
                self._say('"}')
            case Media() as media if not self._is_open:
                self._text(in_words(media))
        if self._is_open:
            self._out.append(
                b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n' % (self._count - 1)
            )
        seal = self._seal if isinstance(self._block, Text) else None
        self._block = self._seal = None
        self._is_open = False
        if seal is not None:
            self._open(_beside(seal))
            self._close()

    def _text(self, text: str) -> None:
        if not text:
            return
        if not self._is_open:
            self._begin({"type": "text", "text": "", **_extra(self._block)}, b"text_delta", b"text")
        self._say(text)

    def _cite(self, citations: tuple[Citation, ...]) -> None:
        for citation in citations:
            if not self._is_open:
                self._begin({"type": "text", "text": "", **_extra(self._block)}, b"text_delta", b"text")
            self._delta({"type": "citations_delta", "citation": shown_citation(citation)})

    def _think(self, text: str) -> None:
        if text:
            self._begin_thought()
            self._say(text)

    def _begin_thought(self) -> None:
        if not self._is_open:
            opening: dict[str, Json] = {"type": "thinking", "thinking": "", "signature": "", **_extra(self._block)}
            self._begin(opening, b"thinking_delta", b"thinking")

    def _call(self, call: ToolCall) -> None:
        call = identified(call, self._stamp, self._count)
        self._begin({**shown_call(call), "input": {}}, b"input_json_delta", b"partial_json")
        if call.custom:
            self._say('{"input":"' + encode(call.arguments)[1:-1].decode())
        elif call.arguments:
            self._say(call.arguments)

    def _opaque(self, block: Opaque) -> None:
        """What only a client of this dialect understands. Its long part comes as a delta, as the vendor sends it."""
        if block.dialect != NAME:
            return
        data = object_of(block.data)
        if block.label in _CALLS and data.get("input"):
            self._begin({**data, "input": {}}, b"input_json_delta", b"partial_json")
            self._say(encode(data["input"]).decode())
        elif block.label == "compaction":
            self._begin({**data, "content": None})
            grown = {name: data[name] for name in _COMPACTED if name in data}
            self._delta({"type": "compaction_delta", **grown})
        else:
            self._begin(data)

    # -- pieces -----------------------------------------------------------------------------------------------

    def _begin(self, block: dict[str, Json], delta: bytes = b"", member: bytes = b"") -> None:
        """Start the block; `delta` and `member` name the kind of its pieces, whose bytes are made ready here."""
        self._begin_message()
        index = self._count
        self._count += 1
        self._is_open = True
        self._out.append(
            b'event: content_block_start\ndata: {"type":"content_block_start","index":%d,"content_block":%b}\n\n'
            % (index, encode(block))
        )
        self._piece = (
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":'
            % (index, delta, member)
        )

    def _say(self, text: str) -> None:
        self._out.append(self._piece + encode(text) + b"}}\n\n")

    def _delta(self, delta: dict[str, Json]) -> None:
        told = {"type": "content_block_delta", "index": self._count - 1, "delta": delta}
        self._out.append(sse(encode(told), b"content_block_delta"))

    # -- the message ------------------------------------------------------------------------------------------

    def _begin_message(self) -> None:
        if self._began:
            return
        self._began = True
        message = _head(self._started, self._request, self._stamp)
        message["content"] = []
        message["stop_reason"] = message["stop_sequence"] = None
        # Most vendors count at the end: until then this is our guess, and `message_delta` has the truth (R-U4).
        usage = self._usage or NOTHING_REPORTED
        message["usage"] = write_usage(usage if usage.total_input else replace(usage, input=rough(self._request)))
        self._out.append(sse(encode({"type": "message_start", "message": message}), b"message_start"))

    def _finish(self, event: Finished) -> None:
        self._begin_message()
        extra = own(event.extra)
        delta: dict[str, Json] = {"stop_reason": _reason(event, self._refused)}
        delta["stop_sequence"] = event.stop_sequence
        delta.update((name, extra[name]) for name in _IN_DELTA if name in extra)
        told: dict[str, Json] = {"type": "message_delta", "delta": delta}
        told["usage"] = write_usage(self._usage, extra.get("usage"))
        told.update((name, value) for name, value in extra.items() if name not in _IN_DELTA and name != "usage")
        self._out.append(sse(encode(told), b"message_delta"))
        self._out.append(MESSAGE_STOP)


class BodyWriter(whole.BodyWriter):
    """One JSON message."""

    __slots__ = ("_request", "_stamp")

    def __init__(self, request: Request, stamp: Stamp) -> None:
        super().__init__()
        self._request = request
        self._stamp = stamp

    def _body(self, reply: Reply) -> dict[str, Json]:
        message = _head(reply.started, self._request, self._stamp)
        content: list[Json] = []
        for block in reply.of_choice(0):
            if isinstance(block, ToolCall):
                block = identified(block, self._stamp, len(content))
            if (told := shown(block)) is not None:
                content.append(told)
            if isinstance(block, Text) and block.seal is not None:
                content.append(object_of(shown(_beside(block.seal))))
        message["content"] = content
        refused = any(isinstance(block, Text) and block.refusal for block in reply.of_choice(0))
        message["stop_reason"] = _reason(reply.finished, refused)
        message["stop_sequence"] = reply.finished.stop_sequence
        extra = own(reply.finished.extra)
        message["usage"] = write_usage(reply.usage, extra.get("usage"))
        message.update((name, value) for name, value in extra.items() if name != "usage")
        return message


def _head(started: Started, request: Request, stamp: Stamp) -> dict[str, Json]:
    return {
        "id": f"msg_{stamp.token}",
        "type": "message",
        "role": "assistant",
        "model": started.model or request.model,
        **own(started.extra),
    }


def _reason(finished: Finished, refused: bool) -> str:
    """The provider's own word where it is one of this wire's, for it may say more than the canonical one.

    `refused`: another vendor's model refused in words, which is an end like others there. Here that ends in "refusal",
    the words being the content: a client that asked for JSON must not take them for its answer
    (https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "Invalid outputs").
    """
    if refused and finished.reason == "stop":
        return WRITE_REASON["refusal"]
    if READ_REASON.get(finished.native_reason) == finished.reason:
        return finished.native_reason
    return WRITE_REASON[finished.reason]


def shown(block: Block) -> dict[str, Json] | None:
    """A whole block as its client sees it; None for one that says nothing here."""
    match block:
        case Text():
            if not block.text and not block.citations:
                return None
            out: dict[str, Json] = {"type": "text", "text": block.text, **_extra(block)}
            if block.citations:
                out["citations"] = [shown_citation(citation) for citation in block.citations]
            return out
        case Thought():
            token = show_thought_seal(block.seal, block.item_id) if block.seal is not None else ""
            if block.redacted:
                return {"type": "redacted_thinking", "data": token, **_extra(block)} if token else None
            if not block.text and not token:
                return None
            return {"type": "thinking", "thinking": block.text, "signature": token, **_extra(block)}
        case ToolCall():
            return {**shown_call(block), "input": input_of(block)}
        case Opaque():
            return object_of(block.data) if block.dialect == NAME else None
        case Media():
            return {"type": "text", "text": in_words(block)}
        case ToolResult() | Vector():
            return None


def identified(call: ToolCall, stamp: Stamp, index: int) -> ToolCall:
    """The call under its id; one that its provider gave none gets ours, for the wire knows no call without."""
    return call if call.id else replace(call, id=f"toolu_{stamp.token}{index}")


def _beside(seal: Seal) -> Thought:
    """The seal of a text, for which this wire has no place of its own: in a thought without words behind the text."""
    return Thought(seal=seal)


def shown_call(call: ToolCall) -> dict[str, Json]:
    """A call without its input. Another maker's seal of it rides along, for clients that echo what they do not know."""
    out: dict[str, Json] = {"type": "tool_use", "id": call.id, "name": flat_name(call), **_extra(call)}
    if call.seal is not None:
        out[SEAL_MEMBER] = wrap_seal(call.seal)
    return out


def shown_citation(citation: Citation) -> Json:
    """The vendor's own source whole; another's in the form of a web source, without the index only the vendor has."""
    if citation.dialect == NAME and citation.native is not None:
        return citation.native
    return {
        "type": "web_search_result_location",
        "cited_text": citation.quote,
        "url": citation.url,
        "title": citation.title or None,
        "encrypted_index": "",
    }


def _extra(block: Block | None) -> dict[str, Json]:
    return own(block.extra) if block is not None else {}
