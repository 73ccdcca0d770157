"""The Messages dialect: its verbs, each in a room of its own, and the two that look at bytes (`peek`, `edit`)."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from gophergate.core.request import Request
from gophergate.dialects.anthropic_messages import failures, request_reader, request_writer
from gophergate.dialects.anthropic_messages.reader import BodyReader, StreamReader
from gophergate.dialects.anthropic_messages.wire import NAME
from gophergate.dialects.anthropic_messages.writer import PING, STREAM_TYPE, BodyWriter, StreamWriter
from gophergate.dialects.base import (
    EndsAnywhere,
    Filter,
    Peek,
    Reader,
    Stamp,
    Target,
    Writer,
    Written,
    decode,
    encode,
    not_json,
)
from gophergate.dialects.complaints import read_refusal
from gophergate.dialects.members import object_of, text_of
from gophergate.dialects.splice import with_text
from gophergate.errors import BadRequest, GatewayError, UpstreamRefused


class _Looked(msgspec.Struct):
    """The members of a request that the verbatim path reads; all others may hold anything."""

    model: str | None = None
    stream: bool | None = None
    max_tokens: int | None = None
    metadata: msgspec.Raw = msgspec.Raw(b"")
    tools: msgspec.Raw = msgspec.Raw(b"")


_LOOK = msgspec.json.Decoder(_Looked)
_NO_TOOLS = frozenset({b"", b"[]", b"null"})
_WRONG_AT = re.compile(r"\$\.(\w+)")
_SESSION = re.compile(r"_session_([0-9a-fA-F-]{8,})$")


class AnthropicMessages(EndsAnywhere):
    """Stateless. `door` and `count_door` are below a base URL that ends in the version (`/v1`)."""

    name = NAME
    stream_type = STREAM_TYPE
    shows = frozenset({"citations"})
    heartbeat = PING
    """A `ping` event, which the vendor itself sends and every client passes over, also before `message_start`."""

    count_door = "/messages/count_tokens"

    def read_request(self, body: bytes, *, model: str = "", stream: bool = False) -> Request:
        return request_reader.read_request(body, model=model, stream=stream)

    def write_request(self, request: Request, target: Target) -> Written:
        return request_writer.write_request(request, target)

    def write_count(self, request: Request, target: Target) -> Written:
        """The body of a `count_tokens` call (at `count_door`) about the same request."""
        return request_writer.write_count(request, target)

    def door(self, model: str, *, stream: bool) -> str:
        return "/messages"

    def reader(self, *, stream: bool, origin: str = "") -> Reader:
        return StreamReader(origin) if stream else BodyReader(origin)

    def writer(self, request: Request, stamp: Stamp, *, stream: bool) -> Writer:
        return StreamWriter(request, stamp) if stream else BodyWriter(request, stamp)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
        return read_refusal(status, headers, body, failures.complaint_of)

    def write_error(self, error: GatewayError, request_id: str) -> bytes:
        return failures.write_error(error, request_id)

    def peek(self, body: bytes, *, model: str = "", stream: bool = False) -> Peek:
        """`user` is `metadata.user_id`; Claude Code hides its session's id in there (as JSON, formerly after
        "_session_"), which serves sticky routing."""
        looked = _look(body)
        user = text_of(object_of(_plain(looked.metadata)).get("user_id")) or None
        wanted = looked.model or model
        if not wanted:
            raise BadRequest("'model' is missing.", param="model")
        return Peek(
            model=wanted,
            stream=stream if looked.stream is None else looked.stream,
            max_output_tokens=looked.max_tokens,
            user=user,
            session=_session(user) if user else None,
            has_tools=bytes(looked.tools) not in _NO_TOOLS,
        )

    def usage_filter(self) -> Filter | None:
        return None

    def edit(self, body: bytes, *, model: str, ask_usage: bool) -> bytes:
        """Usage is always reported on this wire, so only the model's name may change."""
        return with_text(body, "model", encode(model))


def _look(body: bytes) -> _Looked:
    try:
        return _LOOK.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        wrong = _WRONG_AT.search(str(error))
        if isinstance(error, msgspec.ValidationError) and wrong:
            said = str(error).split(" - at ")[0]
            raise BadRequest(f"'{wrong[1]}' has the wrong type: {said}.", param=wrong[1]) from None
        if isinstance(error, msgspec.ValidationError):
            raise BadRequest(f"The request body is not a JSON object: {error}.", code="invalid_json") from None
        raise not_json(error, body) from None


def _plain(raw: msgspec.Raw) -> object:
    return decode(bytes(raw)) if bytes(raw) else None


def _session(user: str) -> str | None:
    if user.startswith("{"):
        try:
            return text_of(object_of(decode(user.encode())).get("session_id")) or None
        except (msgspec.DecodeError, RecursionError):
            return None
    found = _SESSION.search(user)
    return found[1] if found else None
