"""The OpenAI Responses API as a dialect: the six verbs, and the two of the verbatim path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from gophergate.core.request import Request
from gophergate.dialects import sse
from gophergate.dialects.base import Filter, Peek, Reader, Stamp, Target, Writer, Written, decode_object, encode
from gophergate.dialects.complaints import openai_error, read_refusal
from gophergate.dialects.openai_responses.errors import complaint_of
from gophergate.dialects.openai_responses.frames import Frames
from gophergate.dialects.openai_responses.reader import BodyReader, StreamReader
from gophergate.dialects.openai_responses.request_in import read_request
from gophergate.dialects.openai_responses.request_out import write_request
from gophergate.dialects.openai_responses.wire import NAME
from gophergate.dialects.openai_responses.writer import BodyWriter, StreamWriter, error_event
from gophergate.dialects.splice import with_member
from gophergate.errors import BadRequest, GatewayError, UpstreamRefused


class _Peeked(msgspec.Struct):
    """The members that routing and admission read. All are open in type, so that no other member can stop a peek."""

    model: Any = None
    stream: Any = None
    max_output_tokens: Any = None
    user: Any = None
    safety_identifier: Any = None
    prompt_cache_key: Any = None
    tools: msgspec.Raw = msgspec.Raw()


_NUMBER = re.compile(rb'"sequence_number"\s*:\s*(\d{1,15})\b')
_PEEK = msgspec.json.Decoder(_Peeked)
_NO_TOOLS = (b"", b"[]", b"null")
_TOOLS_IN_INPUT = b'"additional_tools"'


class OpenAIResponses:
    """https://platform.openai.com/docs/api-reference/responses"""

    name = NAME
    stream_type = StreamWriter.content_type
    shows = frozenset({"citations", "logprobs", "image"})
    heartbeat = sse.COMMENT

    def read_request(self, body: bytes, *, model: str = "", stream: bool = False) -> Request:
        return read_request(body, model, stream)

    def write_request(self, request: Request, target: Target) -> Written:
        return write_request(request, target)

    def door(self, model: str, *, stream: bool) -> str:
        return "/responses"

    def reader(self, *, stream: bool, origin: str = "") -> Reader:
        return StreamReader(origin) if stream else BodyReader(origin)

    def writer(self, request: Request, stamp: Stamp, *, stream: bool) -> Writer:
        return StreamWriter(request, stamp) if stream else BodyWriter(request, stamp)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
        return read_refusal(status, headers, body, complaint_of)

    def write_error(self, error: GatewayError, request_id: str) -> bytes:
        return encode({"error": openai_error(error)})

    def broken(self, error: GatewayError, stamp: Stamp, after: bytes = b"") -> bytes:
        """The numbering goes on from what has passed."""
        numbers = _NUMBER.findall(after)
        return error_event(error, Frames(int(numbers[-1]) + 1 if numbers else 0))

    def peek(self, body: bytes, *, model: str = "", stream: bool = False) -> Peek:
        try:
            seen = _PEEK.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            decode_object(body)
            raise
        name = seen.model if seen.model is not None else model
        if not isinstance(name, str) or not name:
            raise BadRequest("'model' must name the model to ask.", param="model")
        if seen.stream is not None and not isinstance(seen.stream, bool):
            raise BadRequest("'stream' must be true or false.", param="stream")
        most = seen.max_output_tokens
        if most is not None and (isinstance(most, bool) or not isinstance(most, int)):
            raise BadRequest("'max_output_tokens' must be a whole number.", param="max_output_tokens")
        user = seen.user or seen.safety_identifier
        key = seen.prompt_cache_key
        return Peek(
            model=name,
            stream=seen.stream or stream,
            max_output_tokens=most,
            user=user if isinstance(user, str) else None,
            session=key if isinstance(key, str) else None,
            has_tools=bytes(seen.tools).strip() not in _NO_TOOLS or _TOOLS_IN_INPUT in body,
        )

    def usage_filter(self) -> Filter | None:
        return None

    def edit(self, body: bytes, *, model: str, ask_usage: bool) -> bytes:
        """Responses streams always end with their usage, so there is only the model's name to set."""
        try:
            return with_member(body, "model", encode(model))
        except (ValueError, msgspec.DecodeError):
            raise BadRequest("The member 'model' stands twice, or where it cannot be read.", param="model") from None
