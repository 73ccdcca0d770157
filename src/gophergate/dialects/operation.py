"""What the dialects of operations that are not chat share: one JSON body asked, one answered, nothing streamed."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from gophergate.core.events import Event
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import Filter, Peek, Stamp, encode, not_json
from gophergate.dialects.splice import with_text
from gophergate.errors import BadRequest, GatewayError, UpstreamBroken

_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PATH = re.compile(r" - at `\$\.?([^`]*)`")
_NOT_JSON = "The provider's reply holds something that is not its protocol."


class OneBody(ABC):
    """The half of a dialect (`dialects.base.Dialect`) that is the same for all of them."""

    stream_type = b"application/json"
    shows: frozenset[str] = frozenset()
    heartbeat = b""

    @abstractmethod
    def write_error(self, error: GatewayError, request_id: str) -> bytes:
        """See Dialect.write_error."""

    def broken(self, error: GatewayError, stamp: Stamp, after: bytes = b"") -> bytes:
        """See Dialect.broken. Nothing streams, so nothing breaks in the middle."""
        return self.write_error(error, "")

    def usage_filter(self) -> Filter | None:
        """See Dialect.usage_filter."""
        return None

    def edit(self, body: bytes, *, model: str, ask_usage: bool) -> bytes:
        """See Dialect.edit."""
        return with_text(body, "model", encode(model))


class WholeReader(ABC):
    """See dialects.base.Reader; of an answer in one piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._assembler = Assembler()

    @property
    def finished(self) -> bool:
        """True once the terminal event was given."""
        return self._assembler.finished

    def feed(self, data: bytes) -> list[Event]:
        """See Reader.feed. Nothing is said before the whole is there."""
        if not self._assembler.finished:
            self._pieces.append(data)
        return []

    def end(self) -> list[Event]:
        """See Reader.end."""
        body = b"".join(self._pieces)
        self._pieces.clear()
        try:
            self._read(body, self._assembler)
        except (msgspec.DecodeError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
            self._assembler.fail(UpstreamBroken(_NOT_JSON))
        self._assembler.done()
        return self._assembler.take()

    def tail(self) -> bytes:
        """See Reader.tail."""
        return b""

    @abstractmethod
    def _read(self, body: bytes, told: Assembler) -> None:
        """Tell what the body says, its ending too. What it raises for a body of another form is a broken answer."""


T = TypeVar("T")


class Named(msgspec.Struct, gc=False):
    """The members that are read of a request that passes; all others are passed over, whatever their type."""

    model: str | None = None
    user: str | None = None


_NAMED = msgspec.json.Decoder(Named)


def peeked(body: bytes) -> Peek:
    """The members that routing and admission read. Nothing is generated, so no output is reserved. Raises BadRequest
    with `param`."""
    read = taken(body, _NAMED)
    if not read.model:
        raise BadRequest("'model' is required and must be a string.", param="model")
    return Peek(model=read.model, user=read.user, max_output_tokens=0)


def taken(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """The members of a request body that a decoder reads. Raises BadRequest with `param`."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        found = _PATH.search(str(error))
        param = found.group(1) if found else None
        said = _PATH.sub(f" at '{param}'", str(error)).replace("`", "")
        raise BadRequest(f"{said}.", param=param or None, code="invalid_json") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise not_json(error, body) from None


def members(body: bytes | msgspec.Raw) -> dict[str, msgspec.Raw]:
    """An object's members as they stand there. Decoding a large body by halves lets others run in between (R-P2).
    Raises msgspec.DecodeError."""
    return _MEMBERS.decode(body)


def elements(body: bytes | msgspec.Raw) -> Iterator[msgspec.Raw]:
    """A list's elements as they stand there. Raises msgspec.DecodeError."""
    yield from _ELEMENTS.decode(body)
