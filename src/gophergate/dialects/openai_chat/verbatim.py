"""What the verbatim path needs of this dialect: a peek, the declared edits, and the filter of unasked-for usage.

Nothing here decodes a whole body or re-serialises a value.
"""

from __future__ import annotations

import re

import msgspec

from gophergate.dialects.base import Peek, encode, not_json
from gophergate.dialects.splice import raw_member, with_member, with_text
from gophergate.errors import BadRequest


class _Options(msgspec.Struct):
    include_usage: bool | None = None


class _Read(msgspec.Struct, gc=False):
    """The members that are read; all others are passed over, whatever their type."""

    model: str | None = None
    stream: bool | None = None
    stream_options: _Options | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    user: str | None = None
    prompt_cache_key: str | None = None
    tools: msgspec.Raw = msgspec.Raw()
    functions: msgspec.Raw = msgspec.Raw()


_DECODER = msgspec.json.Decoder(_Read)
_PATH = re.compile(r" - at `\$\.?([^`]*)`")
_EMPTY = (b"", b"null", b"[]")


def peek(body: bytes) -> Peek:
    """The members that routing and admission read. Raises BadRequest with `param`."""
    try:
        read = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        said = str(error)
        found = _PATH.search(said)
        param = found.group(1) if found else None
        raise BadRequest(_PATH.sub(f" at '{param}'", said).replace("`", "") + ".", param=param or None) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise not_json(error, body) from None
    if not read.model:
        raise BadRequest("'model' is required and must be a string.", param="model")
    options = read.stream_options
    limit = read.max_tokens if read.max_completion_tokens is None else read.max_completion_tokens
    return Peek(
        model=read.model,
        stream=bool(read.stream),
        include_usage=not read.stream or (options is not None and bool(options.include_usage)),
        max_output_tokens=limit,
        n=1 if read.n is None else read.n,
        user=read.user,
        session=read.prompt_cache_key,
        has_tools=bytes(read.tools) not in _EMPTY or bytes(read.functions) not in _EMPTY,
    )


def edit(body: bytes, *, model: str, ask_usage: bool) -> bytes:
    """The body with `model` in it and, on a stream when `ask_usage`, usage asked for; every other byte kept."""
    edited = with_text(body, "model", encode(model))
    if ask_usage and raw_member(edited, "stream") == b"true":
        options = raw_member(edited, "stream_options")
        if options is None or not options.startswith(b"{"):
            options = b"{}"
        edited = with_member(edited, "stream_options", with_member(options, "include_usage", b"true"))
    return edited


_BLANK = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n|\r\n\n")
_USAGE = re.compile(rb'"usage"\s*:\s*\{')
_FULL_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\{')
_ENDS = (b"\n\n", b"\r\n\r\n")
_OVERLAP = 64


class _Chunk(msgspec.Struct):
    choices: list[msgspec.Raw] | None = None
    usage: msgspec.Raw = msgspec.Raw()


_CHUNK = msgspec.json.Decoder(_Chunk)


class UsageFilter:
    """Upstream's stream for a client that did not ask for usage: the chunk that holds nothing else is withheld.

    Every other byte passes, unchanged and in order. An event is held back only while it may be that chunk: from its
    first byte until its end, or until its choices turn out not to be empty. Usage beside choices passes untouched.
    """

    __slots__ = ("_held", "_passing", "_tail")

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._passing = False
        self._tail = b""

    def feed(self, data: bytes) -> bytes:
        """The bytes that may go on now."""
        if not (self._held or self._passing) and data.endswith(_ENDS) and not _USAGE.search(data):
            return data  # Whole events, none of which is it: nearly every read.
        out: list[bytes] = []
        rest = data
        while rest:
            rest = self._pass_on(rest, out) if self._passing else self._hold(rest, out)
        return b"".join(out)

    def end(self) -> bytes:
        """The bytes are over: what was held back, unless it is the chunk."""
        event = b"".join(self._held)
        self._held.clear()
        return b"" if _is_usage_alone(event) else event

    def _pass_on(self, data: bytes, out: list[bytes]) -> bytes:
        """Inside an event that is known to be harmless: on to its end."""
        seen = self._tail + data
        found = _blank(seen)
        if found is None:
            self._tail = seen[-3:]
            out.append(data)
            return b""
        cut = found.end() - len(self._tail)
        self._passing = False
        self._tail = b""
        out.append(data[:cut])
        return data[cut:]

    def _hold(self, data: bytes, out: list[bytes]) -> bytes:
        """At the beginning of an event, or inside one that may be the usage chunk."""
        before = self._tail
        seen = before + data
        found = _blank(seen)
        if found is not None:
            cut = found.end() - len(before)
            self._held.append(data[:cut])
            event = b"".join(self._held)
            self._held.clear()
            self._tail = b""
            if not _is_usage_alone(event):
                out.append(event)
            return data[cut:]
        self._held.append(data)
        if _FULL_CHOICES.search(seen):
            out.extend(self._held)
            self._held.clear()
            self._passing = True
            self._tail = seen[-3:]
        else:
            self._tail = seen[-_OVERLAP:]
        return b""


def _blank(data: bytes) -> re.Match[bytes] | None:
    """The first blank line. Few pieces of a large event end a line at all, and that is told ten times as quickly."""
    return _BLANK.search(data) if b"\n" in data or b"\r" in data else None


def _is_usage_alone(event: bytes) -> bool:
    """True for a chunk with a usage object and no choices."""
    if not _USAGE.search(event) or _FULL_CHOICES.search(event):
        return False
    lines = [line[5:] for line in event.splitlines() if line.startswith(b"data:")]
    try:
        chunk = _CHUNK.decode(b"\n".join(lines))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return not chunk.choices and bytes(chunk.usage).startswith(b"{")
