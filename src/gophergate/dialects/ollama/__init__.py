"""The Ollama dialect: /api/chat natively, and the older /api/generate as a door of the same language."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gophergate.core.request import Request
from gophergate.dialects.base import (
    EndsAnywhere,
    Filter,
    Peek,
    Reader,
    Stamp,
    Target,
    Writer,
    Written,
    encode,
    not_json,
)
from gophergate.dialects.complaints import read_refusal
from gophergate.dialects.ollama.errors import complaint_of
from gophergate.dialects.ollama.read_request import read_request
from gophergate.dialects.ollama.reader import OllamaReader
from gophergate.dialects.ollama.wire import GENERATE_NOTE, NAME, own_extra
from gophergate.dialects.ollama.write_request import write_request
from gophergate.dialects.ollama.writer import STREAM_TYPE, BodyWriter, StreamWriter
from gophergate.dialects.splice import with_text
from gophergate.errors import BadRequest, GatewayError, UpstreamRefused

__all__ = ["Ollama"]


class _Options(msgspec.Struct):
    num_predict: int | float | None = None


class _Members(msgspec.Struct):
    model: str = ""
    stream: bool | None = None
    options: _Options | None = None
    tools: msgspec.Raw = msgspec.Raw()


_MEMBERS = msgspec.json.Decoder(_Members)


class Ollama(EndsAnywhere):
    """See dialects.base.Dialect.

    `generate` is the /api/generate door, whose verbatim path leads to /api/generate too; both instances speak the same
    dialect. Requests of either shape are told apart by their members, and answered in the shape they came in.
    """

    name = NAME
    stream_type = STREAM_TYPE
    shows = frozenset({"logprobs"})
    heartbeat = b" "
    """A space before a line: ollama-python takes an empty line for broken JSON."""

    def __init__(self, *, generate: bool = False) -> None:
        self._generate = generate

    def read_request(self, body: bytes, *, model: str = "", stream: bool = False) -> Request:
        """See Dialect.read_request. Model and stream stand in the body; unsaid, it streams."""
        return read_request(body, model=model)

    def write_request(self, request: Request, target: Target) -> Written:
        """See Dialect.write_request. Always an /api/chat body."""
        return write_request(request, target)

    def door(self, model: str, *, stream: bool) -> str:
        """See Dialect.door."""
        return "/api/generate" if self._generate else "/api/chat"

    def reader(self, *, stream: bool, origin: str = "") -> Reader:
        """See Dialect.reader. Ollama mints no seals."""
        return OllamaReader(stream=stream)

    def writer(self, request: Request, stamp: Stamp, *, stream: bool) -> Writer:
        """See Dialect.writer."""
        generate = self._generate or GENERATE_NOTE in own_extra(request.extra)
        kind = StreamWriter if stream else BodyWriter
        return kind(request, stamp, generate=generate)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
        """See Dialect.read_error."""
        return read_refusal(status, headers, body, complaint_of)

    def write_error(self, error: GatewayError, request_id: str) -> bytes:
        """See Dialect.write_error. Ollama's envelope has room for a message only."""
        return encode({"error": error.message})

    def peek(self, body: bytes, *, model: str = "", stream: bool = False) -> Peek:
        """See Dialect.peek."""
        try:
            members = _MEMBERS.decode(body)
        except msgspec.ValidationError as error:
            raise BadRequest(f"The request body is not a valid request: {error}.", code="invalid_json") from None
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise not_json(error, body) from None
        limit = members.options.num_predict if members.options is not None else None
        return Peek(
            model=members.model or model,
            stream=members.stream is not False,
            max_output_tokens=int(limit) if limit is not None and limit > 0 else None,
            has_tools=bytes(members.tools) not in {b"", b"null", b"[]"},
        )

    def usage_filter(self) -> Filter | None:
        """See Dialect.usage_filter. Usage is always told."""
        return None

    def edit(self, body: bytes, *, model: str, ask_usage: bool) -> bytes:
        """See Dialect.edit."""
        return with_text(body, "model", encode(model))
