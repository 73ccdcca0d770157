"""OpenAI Chat Completions and its many look-alikes: the wire language most providers and clients speak.

Source: https://platform.openai.com/docs/api-reference/chat. Pure, as every dialect; see `dialects.base`.
"""

from __future__ import annotations

from collections.abc import Mapping

from gophergate.core.request import Request
from gophergate.dialects.base import EndsAnywhere, Peek, Reader, Stamp, Target, Writer, Written, encode
from gophergate.dialects.complaints import read_refusal
from gophergate.dialects.openai_chat import request_in, request_out, verbatim
from gophergate.dialects.openai_chat.errors import complaint_of, envelope
from gophergate.dialects.openai_chat.reader import BodyReader, StreamReader
from gophergate.dialects.openai_chat.verbatim import UsageFilter
from gophergate.dialects.openai_chat.wire import NAME
from gophergate.dialects.openai_chat.writer_body import BodyWriter
from gophergate.dialects.openai_chat.writer_stream import StreamWriter
from gophergate.dialects.sse import COMMENT
from gophergate.errors import GatewayError, UpstreamRefused


class OpenAIChat(EndsAnywhere):
    """The `openai_chat` dialect. Stateless: one instance serves everyone."""

    name = NAME
    stream_type = b"text/event-stream; charset=utf-8"
    shows = frozenset({"citations", "logprobs", "image", "audio", "video", "document"})
    heartbeat = COMMENT
    strict_default = False
    """What an unsaid `strict` of a tool means here."""

    def read_request(self, body: bytes, *, model: str = "", stream: bool = False) -> Request:
        """A client's body. `model` and `stream` stand in the body, so the arguments are not used."""
        return request_in.read_request(body)

    def write_request(self, request: Request, target: Target) -> Written:
        """A provider's body. Usage is always asked for on a stream (R-U4)."""
        return request_out.write_request(request, target)

    def door(self, model: str, *, stream: bool) -> str:
        """The path below the base URL, the same for every model and for streams."""
        return "/chat/completions"

    def reader(self, *, stream: bool, origin: str = "") -> Reader:
        """Reads server-sent chunks, or one body."""
        if stream:
            return StreamReader(origin)
        return BodyReader(origin)

    def writer(self, request: Request, stamp: Stamp, *, stream: bool) -> Writer:
        """Writes chunks, or one body."""
        if stream:
            return StreamWriter(request, stamp)
        return BodyWriter(request, stamp)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
        """What a provider's error body says, in any look-alike's shape."""
        return read_refusal(status, headers, body, complaint_of)

    def write_error(self, error: GatewayError, request_id: str) -> bytes:
        """OpenAI's envelope; the request id travels in its header."""
        return encode(envelope(error))

    def peek(self, body: bytes, *, model: str = "", stream: bool = False) -> Peek:
        """The members that the verbatim path reads."""
        return verbatim.peek(body)

    def edit(self, body: bytes, *, model: str, ask_usage: bool) -> bytes:
        """The declared edits of the verbatim path."""
        return verbatim.edit(body, model=model, ask_usage=ask_usage)

    def usage_filter(self) -> UsageFilter:
        """A filter for the verbatim stream of a client that did not ask for usage."""
        return UsageFilter()


__all__ = ["OpenAIChat", "UsageFilter"]
