"""Forms with files (`multipart/form-data`, RFC 7578), read where they lie and edited in place.

A form is looked through once, by its delimiters alone: files are neither copied nor looked into. An edit replaces the
value of one field and keeps every other byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from gophergate.errors import BadRequest

_MOST_PARTS = 256
_STRETCH = 1 << 20
_LONGEST_BOUNDARY = 70
"""Characters (RFC 2046)."""
_MOST_HEAD = 16 << 10
"""Bytes of what stands before a part's content."""
_BOUNDARY = re.compile(rb';[ \t]*boundary=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))', re.IGNORECASE)
_PARAMETER = re.compile(rb';[ \t]*([A-Za-z0-9_*!#$%&\'+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;\r\n]*))')
_EXTENDED = re.compile(rb"[A-Za-z0-9_-]*'[^']*'(.*)", re.DOTALL)


class Part(NamedTuple):
    """One part: its content is `body[start:end]`. `filename` is None for a field that is no file, `kind` the type that
    was said of it, "" for none."""

    name: str
    start: int
    end: int
    filename: str | None = None
    kind: str = ""


class Form(NamedTuple):
    """A form and where its parts lie, in order."""

    body: bytes
    delimiter: bytes
    parts: tuple[Part, ...]

    def field(self, name: str) -> Part | None:
        """The part of that name, None when there is none. Raises BadRequest when there are several."""
        found = [part for part in self.parts if part.name == name]
        if len(found) > 1:
            raise BadRequest(f"The form has the field '{name}' {len(found)} times.", param=name, code="invalid_form")
        return found[0] if found else None

    def text(self, part: Part) -> str:
        """A part's content as text. Raises BadRequest for what is none."""
        try:
            return self.body[part.start : part.end].decode()
        except UnicodeDecodeError:
            raise BadRequest(
                f"The form's field '{part.name}' is not UTF-8.", param=part.name, code="invalid_form"
            ) from None

    def replaced(self, values: Iterable[tuple[Part, bytes]]) -> bytes:
        """The form with the contents of some parts, in their order, replaced, and every other byte as it was; each is
        copied once. Raises BadRequest for a value that would end its part."""
        whole, at = memoryview(self.body), 0
        pieces: list[bytes | memoryview] = []
        for part, value in values:
            if b"\r\n" + self.delimiter in value:
                raise BadRequest(f"The form's field '{part.name}' would hold the form's boundary.", param=part.name)
            pieces += whole[at : part.start], value
            at = part.end
        return b"".join((*pieces, whole[at:]))


def is_form(content_type: bytes | None) -> bool:
    """Whether a request says that it is a form with files."""
    return content_type is not None and content_type.partition(b";")[0].strip().lower() == b"multipart/form-data"


def read_form(body: bytes, content_type: bytes) -> Form:
    """The form of a body. Raises BadRequest that says what is wrong with it, and where. Some microseconds for each
    megabyte."""
    said = _BOUNDARY.search(content_type)
    boundary = _unquoted(said[1]) if said and said[1] is not None else said[2] if said else b""
    if not boundary:
        raise _broken("its Content-Type names no boundary")
    if len(boundary) > _LONGEST_BOUNDARY:
        raise _broken(f"its boundary is longer than {_LONGEST_BOUNDARY} characters")
    delimiter = b"--" + boundary
    at = 0 if body.startswith(delimiter) else _found(body, b"\r\n" + delimiter, 0) + 2
    if at == 1:
        raise _broken("the boundary that its Content-Type names stands nowhere in the body")
    found: list[Part] = []
    while True:
        after = at + len(delimiter)
        if body.startswith(b"--", after):
            return Form(body, delimiter, tuple(found))
        line = body.find(b"\r\n", after)
        if line < 0 or body[after:line].strip(b" \t"):
            raise _broken(f"the boundary at byte {at} does not end its line")
        end = _found(body, b"\r\n" + delimiter, line)
        if end < 0:
            raise _broken("it ends before its closing boundary")
        if len(found) == _MOST_PARTS:
            raise _broken(f"it has more than {_MOST_PARTS} parts")
        found.append(_part(body, line, end, len(found) + 1))
        at = end + 2


def _found(body: bytes, what: bytes, start: int) -> int:
    """As `bytes.find`, a stretch at a time: that lets nobody else run before it has its answer (R-P2)."""
    for at in range(start, len(body), _STRETCH):
        found = body.find(what, at, at + _STRETCH + len(what) - 1)
        if found >= 0:
            return found
    return -1


def _part(body: bytes, line: int, end: int, number: int) -> Part:
    """The part whose delimiter's line ends at `line`, and whose content ends at `end`."""
    blank = body.find(b"\r\n\r\n", line, min(end + 2, line + _MOST_HEAD))
    if blank < 0:
        raise _broken(f"part {number} has no blank line after its headers")
    name, filename, kind = None, None, ""
    for field in body[line + 2 : blank].split(b"\r\n"):
        header, _, value = field.partition(b":")
        match header.strip().lower():
            case b"content-disposition":
                told = _parameters(value)
                name = told.get("name")
                filename = told.get("filename*", told.get("filename"))
            case b"content-type":
                kind = value.strip().decode("latin-1")
    if name is None:
        raise _broken(f"part {number} has no name in its Content-Disposition")
    return Part(name, min(blank + 4, end), end, filename, kind)


def _parameters(value: bytes) -> dict[str, str]:
    """Those of a Content-Disposition; `filename*` decoded (RFC 8187), which RFC 7578 forbids and clients send."""
    told: dict[str, str] = {}
    for found in _PARAMETER.finditer(value):
        name = found[1].decode("latin-1").lower()
        said = _unquoted(found[2]) if found[2] is not None else found[3].strip()
        extended = _EXTENDED.fullmatch(said) if name.endswith("*") else None
        if extended is not None:
            said = unquote_to_bytes(extended[1])
        told[name] = said.decode("utf-8", "replace")
    return told


def _unquoted(said: bytes) -> bytes:
    """Browsers write a quote as %22 and let backslashes stand; others put a backslash before it."""
    return said.replace(b'\\"', b'"').replace(b"%22", b'"')


def _broken(what: str) -> BadRequest:
    return BadRequest(f"The request body is not a valid form: {what}.", code="invalid_form")
