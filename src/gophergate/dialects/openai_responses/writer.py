"""Canonical events, written for a client: the event stream, or one response object.

The body is what the stream's last event holds, so the two cannot disagree. Blocks are told one at a time, every event
carries its indexes and a strictly rising `sequence_number`, and every item is added once and done once (edge case 44).
An item's end is told when the next one begins or the reply ends: only then is it known whether it was cut.
"""

from __future__ import annotations

from collections.abc import Iterable

from gophergate.core.blocks import Block, Json, Text
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Failed, Finished, Started, UsageSeen
from gophergate.core.reply import Reply, unfold
from gophergate.core.request import Request
from gophergate.core.usage import Usage
from gophergate.dialects.assembler import Sequencer
from gophergate.dialects.base import Stamp, WritesEach, decode, encode
from gophergate.dialects.complaints import openai_error
from gophergate.dialects.openai_responses.frames import Frames, Gathering, Ids, NoFrames
from gophergate.dialects.openai_responses.items_told import told_block, told_seal
from gophergate.dialects.openai_responses.response import Answer, ending_of
from gophergate.dialects.openai_responses.told import Status, Told
from gophergate.dialects.openai_responses.told_words import ToldMessage
from gophergate.dialects.openai_responses.wire import ITEM, own
from gophergate.errors import GatewayError


class StreamWriter(WritesEach):
    """The event stream of one reply. `response` is the last snapshot told, None before the end."""

    content_type = b"text/event-stream; charset=utf-8"

    __slots__ = (
        "_answer",
        "_frames",
        "_ids",
        "_left_out",
        "_output",
        "_refused",
        "_sequencer",
        "_told",
        "_usage",
        "response",
    )

    def __init__(self, request: Request, stamp: Stamp, frames: Frames | None = None) -> None:
        self.response: dict[str, Json] | None = None
        self._answer = Answer(request, stamp)
        self._frames = frames or Frames()
        self._ids = Ids(stamp.token)
        self._sequencer = Sequencer()
        self._left_out: set[int] = set()
        self._output: list[dict[str, Json]] = []
        self._told: Told | None = None
        self._refused = False
        self._usage: Usage | None = None

    def write(self, event: Event) -> bytes:
        if type(event) is BlockGrew or type(event) is BlockClosed:
            if event.index in self._left_out:
                return b""
            return self._say(self._sequencer.feed(event))
        if type(event) is BlockOpened:
            if event.choice:
                # One response has one reply: this wire has no `n`, so nobody asked for another.
                self._left_out.add(event.index)
                return b""
            return self._begin() + self._say(self._sequencer.feed(event))
        if type(event) is UsageSeen:
            self._usage = event.usage if self._usage is None else self._usage.merged(event.usage)
            return b""
        if type(event) is Started:
            self._answer.began(event)
            return self._begin()
        if type(event) is Finished:
            return self._begin() + self._finish(event)
        return self._fail(event.error)

    def pieces(self, event: Event) -> list[bytes]:
        """As `write`, unjoined: at its end a stream repeats all that was said four times over (R-P2)."""
        frames = self._frames
        kind, frames.__class__, frames.gathered = frames.__class__, Gathering, []
        try:
            self.write(event)
        finally:
            frames.__class__ = kind
        return frames.gathered

    # -- blocks -------------------------------------------------------------------------------------------------

    def _say(self, events: Iterable[Event]) -> bytes:
        said = b""
        for event in events:
            if type(event) is BlockGrew:
                if self._told is not None:
                    said += self._told.grow(event)
            elif type(event) is BlockOpened:
                said += self._open(event.block)
            elif type(event) is BlockClosed and self._told is not None:
                said += self._told.close()
        return said

    def _open(self, block: Block) -> bytes:
        told = self._told
        if isinstance(block, Text):
            self._refused = self._refused or block.refusal
            if type(told) is ToldMessage and told.seal is None and ITEM not in own(block.extra):
                return told.part(block)
        said = self._end("completed")
        for told in told_block(block, self._frames, self._ids, len(self._output)):
            if self._told is not None:
                said += self._end("completed")
            self._told = told
            said += told.begin()
        return said

    def _end(self, status: Status) -> bytes:
        """The open item is whole; a seal that only came with its growth follows it."""
        told, self._told = self._told, None
        if told is None:
            return b""
        said = told.finish(status)
        self._output.append(told.item)
        token = told.carried_seal()
        if token:
            carrier = told_seal(token, self._frames, self._ids, len(self._output))
            said += carrier.begin() + carrier.finish(status)
            self._output.append(carrier.item)
        return said

    # -- the response -------------------------------------------------------------------------------------------

    def _begin(self) -> bytes:
        if self._frames.begun:
            return b""
        snapshot = self._answer.snapshot("in_progress", [])
        return self._frames.frame("response.created", {"response": snapshot}) + self._frames.frame(
            "response.in_progress", {"response": snapshot}
        )

    def _finish(self, event: Finished) -> bytes:
        status, why = ending_of(event, refused=self._refused)
        # A background response that is still being made ends no stream; only its body is ever asked for.
        kind = status if status in ("incomplete", "failed") else "completed"
        said = self._end("completed" if kind == "completed" else "incomplete")
        self.response = self._answer.finished(event, status, why, self._output, self._usage)
        return said + self._frames.frame(f"response.{kind}", {"response": self.response})

    def _fail(self, error: GatewayError) -> bytes:
        """What OpenAI sends: the error, which SDKs raise, then the failed response, which agents read.

        On a stream that is not ours from its beginning (its first part went verbatim) only the error: a response
        under another id would break the client before it had read what went wrong.
        """
        begun = self._frames.begun
        said = error_event(error, self._frames)
        if not begun:
            return said
        self.response = self._answer.failed(error, self._output, self._usage)
        return said + self._frames.frame("response.failed", {"response": self.response})


def error_event(error: GatewayError, frames: Frames) -> bytes:
    """The event that SDKs raise."""
    told = openai_error(error)
    return frames.frame("error", {"code": error.code, "message": error.message, "param": error.param, "error": told})


class BodyWriter:
    """One response object."""

    content_type = b"application/json"

    __slots__ = ("_stream",)

    def __init__(self, request: Request, stamp: Stamp) -> None:
        self._stream = StreamWriter(request, stamp, NoFrames())

    def write(self, event: Event) -> bytes:
        return self.write_all((event,))

    def write_all(self, events: Iterable[Event]) -> bytes:
        """See Writer.write_all."""
        for event in events:
            if type(event) is Failed:
                raise event.error
            self._stream.write(event)
        return b"" if self._stream.response is None else encode(self._stream.response)


def to_response_object(
    reply: Reply | None,
    request: Request,
    stamp: Stamp,
    status: str = "",
    error: GatewayError | None = None,
) -> dict[str, Json]:
    """A response as it is stored and shown, in plain values.

    Of a whole reply; or, when `reply` is None, of one that broke (`error`) or is not there (`status` says why:
    "queued", "in_progress", "cancelled"). A `status` that is given overrides what the reply itself says.
    """
    if reply is not None:
        writer = StreamWriter(request, stamp, NoFrames())
        for event in unfold(reply):
            writer.write(event)
        found = writer.response or {}
    elif error is not None:
        found = Answer(request, stamp).failed(error, [], None)
    else:
        found = Answer(request, stamp).snapshot(status or "in_progress", [])
    whole: dict[str, Json] = decode(encode(found))
    return {**whole, "status": status} if status else whole
