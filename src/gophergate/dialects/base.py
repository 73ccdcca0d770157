"""What a dialect is: six verbs over the canonical nouns, the same for clients and providers.

    read_request   client bytes                -> canonical Request
    write_request  canonical Request, Target   -> provider body (as a dict, with what was dropped)
    reader         provider bytes, any chunks  -> canonical events
    writer         canonical events            -> client bytes (a stream, or one JSON body)
    read_error     provider status and body    -> UpstreamRefused
    write_error    GatewayError                -> this dialect's envelope

Two more serve the verbatim path, where bytes are not re-serialised: `peek` reads the few members that routing and
admission need, `edit` makes the declared edits.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from gophergate.core.blocks import Json, Seal
from gophergate.core.events import Event, Failed
from gophergate.core.request import Request
from gophergate.errors import BadRequest, GatewayError, UpstreamRefused

Setting = str
"""The canonical name of a request setting, as in `core.request.Request` ("temperature", "top_k", ...)."""


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What a model (family) at a provider can do: data, from the registry row and the model catalogue.

    `refuses`: settings it answers with an error to. `max_output`: the *canonical* provider's output limit, for
    dialects that require one. `thinking`: how it is told to think ("budget" tokens, "adaptive", "effort" words, "level"
    Gemini's, "toggle" on or off). `fetches`: media kinds whose URL it fetches itself. `max_tokens_member`: the Chat
    name of the output limit. `system_role`: the role that Chat targets want system turns under ("system", "developer").
    """

    refuses: frozenset[Setting] = frozenset()
    max_output: int | None = None
    thinking: Literal["", "budget", "adaptive", "effort", "level", "toggle"] = ""
    fetches: frozenset[str] = frozenset({"image", "document"})
    max_tokens_member: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    system_role: Literal["", "system", "developer"] = ""
    reasoning_member: str = "reasoning_content"
    strict_tools: bool = True


PLAIN = Traits()


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request is going: the concrete `model`, and `origin`, the provider's name that owns its seals."""

    model: str
    origin: str = ""
    traits: Traits = PLAIN


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """What a pure writer may not make itself: `token` (unique per call, [a-z0-9]{24}; ids derive from it), `now`."""

    token: str
    now: int


class Written(msgspec.Struct, frozen=True):
    """A provider body, its members in a stable order (R-K1), and the settings that could not be carried.

    `headers` are what the dialect itself needs (a version, betas), names in lower case.
    """

    body: dict[str, Json]
    dropped: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


class Peek(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The members that are read on the verbatim path. `session` is a hint for sticky routing (prompt cache key)."""

    model: str
    stream: bool = False
    include_usage: bool = True
    max_output_tokens: int | None = None
    n: int = 1
    user: str | None = None
    session: str | None = None
    has_tools: bool = False


class Reader(Protocol):
    """Provider bytes to events. Any chunking gives the same events (law 4, R-T3)."""

    @property
    def finished(self) -> bool:
        """True once the terminal event was given: more bytes mean nothing, the client can be released."""

    def feed(self, data: bytes) -> list[Event]:
        """The events these bytes complete. Never raises for what the provider sent: that is a `Failed`."""

    def end(self) -> list[Event]:
        """The bytes are over. Without a finish reason by now the last event is `Failed` (law 3)."""

    def tail(self) -> bytes:
        """What the bytes read so far lack to be a whole stream for a client of the same dialect: the terminator a
        provider left out after its finish reason (edge case 4). b"" when nothing is missing."""


class Writer(Protocol):
    """Events to client bytes. Feed every event; the last one (Finished or Failed) completes the bytes.

    A stream writer gives bytes as events come; a body writer gives b"" until `Finished` and then the whole body.
    A `Failed` gives the stream's error event (never a clean finish); a body writer raises its error instead.
    """

    content_type: bytes

    def write(self, event: Event) -> bytes: ...

    def write_all(self, events: Iterable[Event]) -> bytes:
        """The same for several at once; a body writer takes a reply's events all at once or one by one."""


class WritesEach:
    """The half of a writer that has no shorter way for several events than one after the other."""

    __slots__ = ()

    def write_all(self, events: Iterable[Event]) -> bytes:
        """See Writer.write_all."""
        return b"".join(map(self.write, events))  # type: ignore[attr-defined]


@runtime_checkable
class InPieces(Protocol):
    """A writer of streams that may have to say much at once."""

    def pieces(self, event: Event) -> list[bytes]:
        """What `write` gives, in pieces that nobody has put together."""


class Filter(Protocol):
    """Whole events of a verbatim stream in, the same bytes out but for the events that are ours alone."""

    def feed(self, data: bytes) -> bytes:
        """The bytes that may go on now."""

    def end(self) -> bytes:
        """The bytes are over: what was held back and is not ours."""


class Dialect(Protocol):
    """One wire language. Instances are stateless and shared."""

    name: str
    stream_type: bytes
    """The content type of a stream."""
    shows: frozenset[str]
    """What its clients can be shown in an answer besides words, thoughts and calls: kinds of media, "citations",
    "logprobs"."""
    heartbeat: bytes
    """Bytes that keep a silent stream alive and mean nothing to its clients, also before its first event (R-F4);
    b"" where the dialect has none."""

    def read_request(self, body: bytes, *, model: str = "", stream: bool = False) -> Request:
        """`model` and `stream` are for dialects that carry them in the path. Raises BadRequest with `param`."""

    def write_request(self, request: Request, target: Target) -> Written:
        """Unsupported settings are dropped and named; unsupported content raises BadRequest naming the block."""

    def door(self, model: str, *, stream: bool) -> str:
        """The provider path for a chat call, below the base URL, query included."""

    def reader(self, *, stream: bool, origin: str = "") -> Reader:
        """`stream` says what the provider is sending, not what was asked. Seals are tagged with `origin`."""

    def writer(self, request: Request, stamp: Stamp, *, stream: bool) -> Writer:
        """A writer of the answer to `request`."""

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
        """Always gives an error; a body that does not parse is kept as text (edge case 55)."""

    def write_error(self, error: GatewayError, request_id: str) -> bytes:
        """The envelope of an error before the answer began."""

    def broken(self, error: GatewayError, stamp: Stamp, after: bytes = b"") -> bytes:
        """The event that ends a stream whose last bytes were `after`, and which is nobody's own: one that passed
        verbatim, or of which the client has seen nothing but heartbeats."""

    def peek(self, body: bytes, *, model: str = "", stream: bool = False) -> Peek:
        """Raises BadRequest when the body is no JSON object or a member it reads has the wrong type."""

    def usage_filter(self) -> Filter | None:
        """Withholds, on the verbatim path, what `edit(ask_usage=True)` made the provider add for us. None when nothing
        is ever added."""

    def edit(self, body: bytes, *, model: str, ask_usage: bool) -> bytes:
        """The body with another model name and, where the dialect needs it, the usage flag set; else identical."""


class EndsAnywhere:
    """The half of a dialect whose error event is the same wherever a stream breaks."""

    def broken(self, error: GatewayError, stamp: Stamp, after: bytes = b"") -> bytes:
        """See Dialect.broken."""
        blank = Request(dialect=self.name, model="", stream=True)  # type: ignore[attr-defined]
        return self.writer(blank, stamp, stream=True).write(Failed(error))  # type: ignore[attr-defined,no-any-return]


_DECODER = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_LARGE = 256 << 10


def decode(data: bytes) -> Json:
    """JSON to plain values. Raises msgspec.DecodeError."""
    return _DECODER.decode(data)


def encode(value: Json) -> bytes:
    """Plain values to compact JSON; members keep their order, so equal input gives equal bytes in every process."""
    return _ENCODER.encode(value)


def encode_in_pieces(members: dict[str, Json]) -> bytes:
    """The same bytes for an object of megabytes: one element of its lists at a time, as `_in_pieces` decodes, and put
    together by a step that CPython takes without its lock."""
    return b"".join(_pieces(members))


def _pieces(members: dict[str, Json]) -> Iterator[bytes]:
    before = b"{"
    for name, value in members.items():
        yield before
        yield _ENCODER.encode(name)
        yield b":"
        if isinstance(value, dict):
            yield from _pieces(value)
        elif isinstance(value, list):
            yield b"["
            for number, element in enumerate(value):
                if number:
                    yield b","
                yield _ENCODER.encode(element)
            yield b"]"
        else:
            yield _ENCODER.encode(value)
        before = b","
    yield b"}" if members else b"{}"


def decode_object(body: bytes) -> dict[str, Any]:
    """A request body as a dict. Raises BadRequest that says where it stops being JSON, or what it is instead."""
    try:
        value = _DECODER.decode(body) if len(body) < _LARGE else _in_pieces(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise not_json(error, body) from None
    if not isinstance(value, dict):
        raise BadRequest(f"The request body must be a JSON object, not {json_type(value)}.", code="invalid_json")
    return value


_HALF_A_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])")


_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


def not_json(error: Exception, body: bytes) -> BadRequest:
    """The sentence for a request body that could not be decoded. JavaScript cuts a text between the two halves of one
    character, and the decoder then says that the body was truncated."""
    reason = str(error)
    half = _HALF_A_PAIR.search(body) if "surrogate" in reason or body.rstrip().endswith(b"}") else None
    if isinstance(error, RecursionError):
        reason = "nested too deeply"
    elif body.startswith(_WIDE) or b"\0" in body[:2]:
        reason = "it is written in UTF-16 or UTF-32; send it in UTF-8"
    elif isinstance(error, UnicodeDecodeError):
        reason = "it holds bytes that are no UTF-8"
    elif half is not None:
        reason = f"{half[0].decode()} at byte {half.start()} is half of a character (a surrogate without its other)"
    return BadRequest(f"The request body is not valid JSON: {reason}.", code="invalid_json")


def _in_pieces(body: bytes) -> Json:
    """The same as decoding at once, one member and one array element at a time. Decoding twenty megabytes is one step
    that no other thread can come between; fifty thousand small steps are not (R-P2)."""
    try:
        return {name: _elements(raw) for name, raw in _MEMBERS.decode(body).items()}
    except msgspec.DecodeError:
        return _DECODER.decode(body)  # No object, or no JSON: the error names the place in the whole body.


def _elements(raw: msgspec.Raw) -> Json:
    if bytes(memoryview(raw)[:1]) == b"[":
        return [_DECODER.decode(element) for element in _ELEMENTS.decode(raw)]
    return _DECODER.decode(raw)


def json_type(value: Json) -> str:
    """The JSON word for a value's type, with its article, for messages."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int() | float():
            return "a number"
        case list():
            return "an array"
        case _:
            return "an object"


_SEAL_MARK = "gg1:"
SEAL_MARK_BYTES = _SEAL_MARK.encode()
"""A body that holds this may carry another maker's seal: it cannot go out verbatim unread."""


def wrap_seal(seal: Seal) -> str:
    """A seal as text for a client whose dialect is not the seal's own; `unwrap_seal` gives it back whole."""
    return f"{_SEAL_MARK}{seal.dialect}:{seal.origin}:{seal.token}"


def unwrap_seal(token: str, dialect: str) -> Seal:
    """The seal behind a token that came in through `dialect`'s door: a wrapped one names its maker, a bare one
    is native to the door's dialect, its maker unknown."""
    if token.startswith(_SEAL_MARK):
        parts = token.split(":", 3)
        if len(parts) == 4:
            return Seal(parts[3], parts[1], parts[2])
    return Seal(token, dialect)


def show_seal(seal: Seal, dialect: str) -> str:
    """A seal as the client of `dialect` gets it: bare when native to that dialect, wrapped otherwise."""
    return seal.token if seal.dialect == dialect else wrap_seal(seal)
