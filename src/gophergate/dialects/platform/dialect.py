"""The dialects of the operations that go as they come: what `dialects.base` asks of one, over a row of `table`.

A request is its words, as one turn, and all else as members that nobody has to understand. It is never written anew:
`rewritten` puts the words that guards have changed back where they stood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

from gophergate.core.blocks import Block, Opaque, Text
from gophergate.core.request import Request, Turn
from gophergate.dialects.base import (
    EndsAnywhere,
    Filter,
    Peek,
    Reader,
    Stamp,
    Target,
    Writer,
    Written,
    decode_object,
    encode,
    not_json,
)
from gophergate.dialects.complaints import read_refusal
from gophergate.dialects.multipart import Form, Part, read_form
from gophergate.dialects.openai_chat.errors import complaint_of, envelope
from gophergate.dialects.platform.readers import EventReader, SoundReader, WholeReader
from gophergate.dialects.platform.table import Operation
from gophergate.dialects.platform.words import replaced, without_files
from gophergate.dialects.platform.writers import EventWriter, WholeWriter
from gophergate.dialects.splice import with_member
from gophergate.dialects.sse import COMMENT
from gophergate.errors import BadRequest, GatewayError, UpstreamRefused

JSON = "application/json"


class _Read(msgspec.Struct, gc=False):
    """The members that are read of a JSON body."""

    model: str | None = None
    stream: bool | None = None
    stream_format: str | None = None
    n: int | None = None
    user: str | None = None


_READ = msgspec.json.Decoder(_Read)


class Operating(EndsAnywhere):
    """See dialects.base.Dialect. `request_type` is the media type of its requests."""

    stream_type = b"text/event-stream; charset=utf-8"
    shows = frozenset({"audio", "image"})
    heartbeat = COMMENT
    request_type = JSON

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.name = operation.dialect

    # -- requests -------------------------------------------------------------------------------------------------

    def peek(self, body: bytes, *, model: str = "", stream: bool = False) -> Peek:
        """See Dialect.peek."""
        try:
            read = _READ.decode(body)
        except msgspec.ValidationError as error:
            said, _, path = str(error).partition(" - at `$.")
            param = path.rstrip("`")
            where = f" at '{param}'" if param else ""
            raise BadRequest(f"{said}{where}.".replace("`", "'"), param=param or None) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise not_json(error, body) from None
        streams = bool(read.stream) or read.stream_format == "sse"
        return self._peeked(read.model, streams, 1 if read.n is None else read.n, read.user)

    def _peeked(self, model: str | None, stream: bool, n: int, user: str | None) -> Peek:
        model = model or self.operation.default
        if not model:
            raise BadRequest("'model' is required and must be a string.", param="model")
        most = None if self.operation.generates else 0
        return Peek(model=model, stream=stream, n=n, user=user, max_output_tokens=most)

    def edit(self, body: bytes, *, model: str, ask_usage: bool) -> bytes:
        """See Dialect.edit. Usage has not to be asked for."""
        return with_member(body, "model", encode(model))

    def read_request(self, body: bytes, *, model: str = "", stream: bool = False) -> Request:
        """See Dialect.read_request. The turn's blocks are the words in their order."""
        members = decode_object(body)
        texts: list[Block] = []

        def note(text: str) -> str:
            texts.append(Text(text=text))
            return ""

        rest = replaced(members, self.operation.words, note)
        return self._request(rest, texts, self.peek(body))

    def _request(self, members: Mapping[str, Any], blocks: list[Block], peek: Peek) -> Request:
        return Request(
            dialect=self.name,
            operation=self.operation.name,
            model=peek.model,
            turns=(Turn(role="user", blocks=tuple(blocks)),),
            stream=peek.stream,
            n=peek.n,
            user=peek.user,
            modalities=("audio",) if self.operation.sound else (),
            extra={self.name: {name: without_files(said) for name, said in members.items() if name not in _NAMED}},
        )

    def rewritten(self, body: bytes, request: Request) -> bytes:
        """The body with the request's words in the places of its own."""
        said = iter(_texts(request))
        members = replaced(decode_object(body), self.operation.words, lambda _: next(said))
        if request.user is not None:
            members["user"] = request.user
        return encode(members)

    def write_request(self, request: Request, target: Target) -> Written:
        """See Dialect.write_request. Never asked for: see `rewritten`."""
        raise BadRequest(f"No request for {self.operation.name} can be written in another format.")

    def door(self, model: str, *, stream: bool) -> str:
        """See Dialect.door."""
        return self.operation.path

    # -- answers --------------------------------------------------------------------------------------------------

    def reader(self, *, stream: bool, origin: str = "") -> Reader:
        """See Dialect.reader."""
        return EventReader(self.operation) if stream else WholeReader(self.operation)

    def sound_reader(self, kind: str, body: bytes) -> Reader:
        """Reads an answer of the type `kind` that is no text, to the request `body`."""
        try:
            asked = self.operation.asked(decode_object(body))
        except BadRequest:  # A form, or what its provider has understood all the same.
            asked = None
        return SoundReader(kind, asked)

    def writer(self, request: Request, stamp: Stamp, *, stream: bool) -> Writer:
        """See Dialect.writer."""
        return EventWriter(self.operation, stamp) if stream else WholeWriter(stamp)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
        """See Dialect.read_error."""
        return read_refusal(status, headers, body, complaint_of)

    def write_error(self, error: GatewayError, request_id: str) -> bytes:
        """See Dialect.write_error. OpenAI's envelope, which the clients of all of these read."""
        return encode(envelope(error))

    def usage_filter(self) -> Filter | None:
        """See Dialect.usage_filter. Nothing is ever added."""
        return None


class OperatingByForm(Operating):
    """The same for requests that are forms with files. One for each request: its type names the form's boundary."""

    def __init__(self, operation: Operation, content_type: bytes) -> None:
        super().__init__(operation)
        self.request_type = content_type.decode("latin-1")
        self._content_type = content_type
        self._known: Form | None = None

    def learn(self, body: bytes) -> None:
        """Look through a large form at a place where nobody waits for it. What is wrong with it is said later."""
        with suppress(BadRequest):
            self._form(body)

    def peek(self, body: bytes, *, model: str = "", stream: bool = False) -> Peek:
        """See Dialect.peek."""
        form = self._form(body)
        n, streams = self._said(form, "n"), self._said(form, "stream").lower()
        if n and _WHOLE.fullmatch(n) is None:
            raise BadRequest("'n' must be a whole number.", param="n")
        return self._peeked(
            self._said(form, "model"), streams in ("true", "1"), int(n or 1), self._said(form, "user") or None
        )

    def edit(self, body: bytes, *, model: str, ask_usage: bool) -> bytes:
        """See Dialect.edit."""
        form = self._form(body)
        part = form.field("model")
        if part is None:
            return body
        return form.replaced([(part, model.encode())])

    def read_request(self, body: bytes, *, model: str = "", stream: bool = False) -> Request:
        """See Dialect.read_request. Files are there by name, type and size; nobody looks into them."""
        form = self._form(body)
        blocks: list[Block] = []
        members: dict[str, Any] = {}
        for part in form.parts:
            if part.filename is not None:
                told = {"name": part.filename, "type": part.kind, "size": part.end - part.start}
                blocks.append(Opaque(dialect=self.name, label="file", data=told))
            elif part.name in self.operation.words:
                blocks.append(Text(text=form.text(part)))
            else:
                members[part.name] = form.text(part)
        return self._request(members, blocks, self.peek(body))

    def rewritten(self, body: bytes, request: Request) -> bytes:
        """See Operating.rewritten."""
        form, said = self._form(body), iter(_texts(request))
        values: list[tuple[Part, bytes]] = []
        for part in form.parts:
            if part.filename is None and part.name in self.operation.words:
                values.append((part, next(said).encode()))
            elif part.filename is None and part.name == "user" and request.user is not None:
                values.append((part, request.user.encode()))
        return form.replaced(values)

    def _form(self, body: bytes) -> Form:
        if self._known is None or self._known.body is not body:
            self._known = read_form(body, self._content_type)
        return self._known

    def _said(self, form: Form, name: str) -> str:
        """A field's text, "" when there is none."""
        part = form.field(name)
        return form.text(part).strip() if part is not None else ""


_NAMED = frozenset({"model", "stream", "n", "user"})
_WHOLE = re.compile("[0-9]{1,18}")


def _texts(request: Request) -> list[str]:
    return [block.text for turn in request.turns for block in turn.blocks if isinstance(block, Text)]
