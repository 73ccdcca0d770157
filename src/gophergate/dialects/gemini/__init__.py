"""The Gemini dialect: generateContent and streamGenerateContent, as Google's API and Vertex speak them.

`request` bodies, reply streams and errors each have their files; this one is the six verbs. The model and whether to
stream stand in the path, so the verbatim path has nothing to edit in a body.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

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
from gophergate.dialects.gemini.errors import complaint_of, error_object
from gophergate.dialects.gemini.read_request import read_request
from gophergate.dialects.gemini.reader import GeminiReader
from gophergate.dialects.gemini.wire import NAME, SEAL_MARK
from gophergate.dialects.gemini.write_request import write_request
from gophergate.dialects.gemini.writer import ARRAY_TYPE, SSE_TYPE, BodyWriter, StreamWriter
from gophergate.errors import BadRequest, GatewayError, UpstreamRefused

__all__ = ["SEAL_MARK", "Gemini"]


class _Config(msgspec.Struct):
    maxOutputTokens: int | str | None = None  # noqa: N815 - the wire's names, in both of its spellings
    max_output_tokens: int | str | None = None
    candidateCount: int | str | None = None  # noqa: N815
    candidate_count: int | str | None = None


class _Members(msgspec.Struct):
    generationConfig: _Config | None = None  # noqa: N815
    generation_config: _Config | None = None
    tools: msgspec.Raw = msgspec.Raw()


_MEMBERS = msgspec.json.Decoder(_Members)


class Gemini(EndsAnywhere):
    """See dialects.base.Dialect.

    `array` is the door without `alt=sse`, where a stream is one JSON array and so is its error; both instances speak
    the same dialect. What providers send is recognised by its first byte.
    """

    name = NAME
    shows = frozenset({"citations", "logprobs", "image", "audio", "video", "document"})
    heartbeat = b"\r\n"
    """A blank line: google-genai takes a comment for the start of an error and fails."""
    seal_mark = SEAL_MARK
    """A body that holds this may carry another maker's seal in base64: it cannot go out verbatim unread."""

    def __init__(self, *, array: bool = False) -> None:
        self._array = array
        self.stream_type = ARRAY_TYPE if array else SSE_TYPE

    def read_request(self, body: bytes, *, model: str = "", stream: bool = False) -> Request:
        """See Dialect.read_request. A countTokens body gives the request whose tokens are to be counted."""
        return read_request(body, model=model, stream=stream)

    def write_request(self, request: Request, target: Target) -> Written:
        """See Dialect.write_request."""
        return write_request(request, target)

    def door(self, model: str, *, stream: bool) -> str:
        """See Dialect.door. A model's name may carry its collection ("models/...", "tunedModels/...").

        The array's door asks for an array, because on the verbatim path the answer goes to the client as it is.
        """
        collection, name = "models", model.removeprefix("models/")
        if name.startswith("tunedModels/"):
            collection, name = "tunedModels", name.removeprefix("tunedModels/")
        streaming = "streamGenerateContent" if self._array else "streamGenerateContent?alt=sse"
        verb = streaming if stream else "generateContent"
        return f"/{collection}/{quote(name, safe='')}:{verb}"

    def reader(self, *, stream: bool, origin: str = "") -> Reader:
        """See Dialect.reader."""
        return GeminiReader(stream=stream, origin=origin)

    def writer(self, request: Request, stamp: Stamp, *, stream: bool) -> Writer:
        """See Dialect.writer."""
        return StreamWriter(request, stamp, array=self._array) if stream else BodyWriter(request, stamp)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
        """See Dialect.read_error."""
        return read_refusal(status, headers, body, complaint_of)

    def write_error(self, error: GatewayError, request_id: str) -> bytes:
        """See Dialect.write_error."""
        envelope = {"error": error_object(error, request_id)}
        return encode([envelope] if self._array else envelope)

    def broken(self, error: GatewayError, stamp: Stamp, after: bytes = b"") -> bytes:
        """An array that has begun is ended."""
        said = super().broken(error, stamp)
        before = after.rstrip()
        if not self._array or not before:
            return said
        return (b"" if before.endswith((b"[", b",")) else b",") + said[1:]

    def peek(self, body: bytes, *, model: str = "", stream: bool = False) -> Peek:
        """See Dialect.peek."""
        try:
            members = _MEMBERS.decode(body)
        except msgspec.ValidationError as error:
            raise BadRequest(f"The request body is not a valid request: {error}.", code="invalid_json") from None
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise not_json(error, body) from None
        config = members.generationConfig or members.generation_config or _Config()
        candidates = _whole(config.candidateCount or config.candidate_count, "generationConfig.candidateCount")
        return Peek(
            model=model,
            stream=stream,
            max_output_tokens=_whole(
                config.maxOutputTokens or config.max_output_tokens, "generationConfig.maxOutputTokens"
            ),
            n=candidates or 1,
            has_tools=bytes(members.tools) not in {b"", b"null", b"[]", b"{}"},
        )

    def usage_filter(self) -> Filter | None:
        """See Dialect.usage_filter."""
        return None

    def edit(self, body: bytes, *, model: str, ask_usage: bool) -> bytes:
        """The same bytes: the model stands in the path, and usage is always reported."""
        return body


def _whole(said: int | str | None, where: str) -> int | None:
    """A count, which protobuf JSON also writes as a string."""
    if isinstance(said, str):
        if not said.isdigit():
            raise BadRequest(f"'{where}' must be a whole number.", param=where)
        return int(said)
    return said
