"""HTTP/1.1 framing, pure: what makes a request head unacceptable, and the bytes of a reply's head (RFC 9112).

No I/O, no clock. The parser has already refused control characters, bare CR or LF, folded lines, blanks before
colons, and a Content-Length that is repeated, malformed or beside a Transfer-Encoding; here stands the rest.
"""

from __future__ import annotations

import http
from collections.abc import Mapping
from itertools import chain
from urllib.parse import unquote

import httptools

from gophergate.errors import BadRequest, BodyTooLarge
from gophergate.front.base import RawHeaders
from gophergate.front.encoding import coding_of


class HeadTooLarge(BadRequest):
    """More header bytes or fields than are read."""

    status, code = 431, "request_header_fields_too_large"


_HASH = ord("#")
"""A number, because `b"#" in data` first fails to read the bytes as one, and that costs a microsecond."""


def index_of(headers: RawHeaders) -> dict[bytes, bytes]:
    """The first field of each name."""
    index = dict(headers)
    # The last of a name is what `dict` keeps; turning the list round costs as much again, and names seldom repeat.
    return index if len(index) == len(headers) else dict(reversed(headers))


def split_target(target: bytes) -> tuple[bytes, bytes]:
    """`(raw path, query)` of a request target, origin or absolute form. Raises BadRequest on any other form.

    The authority of an absolute form is passed over: nothing is routed by host."""
    if _HASH in target:
        raise BadRequest("The request target holds a fragment; leave out '#' and what follows it.")
    if target[:1] == b"/":
        path, _, query = target.partition(b"?")
        return path, query
    try:
        url = httptools.parse_url(target)
    except httptools.HttpParserInvalidURLError:
        raise BadRequest("The request target is not a path.") from None
    if not url.schema or not url.host:
        raise BadRequest("The request target is not a path.")
    return url.path or b"/", url.query or b""


def decode_path(raw: bytes) -> str:
    """The path, percent-decoded once, as UTF-8 with bad sequences replaced; `//` and `..` stay as they are.
    Raises BadRequest on an encoded NUL."""
    path = raw.decode("latin-1")
    if "%" in path:
        path = unquote(path)
        if "\0" in path:
            raise BadRequest("The path holds an encoded NUL.")
    return path


def check_head(version: str, headers: RawHeaders, index: Mapping[bytes, bytes]) -> None:
    """Raises BadRequest where two readers of the same bytes could see different requests."""
    if version not in ("1.1", "1.0"):
        raise BadRequest(f"HTTP/{version} is not spoken here; use HTTP/1.1.")
    names = [name for name, _ in headers]
    hosts = names.count(b"host")
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        raise BadRequest("An HTTP/1.1 request has exactly one Host field.")
    coding = index.get(b"transfer-encoding")
    if coding is None:
        if names.count(b"content-length") > 1:
            raise BadRequest("Content-Length stands twice.")
        return
    if b"content-length" in index:
        raise BadRequest("Content-Length and Transfer-Encoding exclude each other.")
    if coding.strip().lower() != b"chunked" or names.count(b"transfer-encoding") > 1 or version == "1.0":
        raise BadRequest("The only transfer-encoding read here is 'chunked', once, in HTTP/1.1.")


def check_size(headers: RawHeaders, target: bytes, max_bytes: int, max_fields: int) -> None:
    """Raises HeadTooLarge. Each field counts its name, its value and the four bytes around them."""
    if len(headers) > max_fields:
        raise HeadTooLarge(f"The request has more than {max_fields} header fields.")
    if len(target) + sum(len(name) + len(value) + 4 for name, value in headers) > max_bytes:
        raise HeadTooLarge(f"The request head is larger than {max_bytes} bytes.")


def check_body(index: Mapping[bytes, bytes], limit: int) -> bytes | None:
    """The body's content coding, if any. Raises BodyTooLarge on a declared length over `limit`,
    UnsupportedEncoding on a coding that is not read here."""
    if b"content-length" in index and int(index[b"content-length"]) > limit:
        raise BodyTooLarge(f"The request body is larger than {limit} bytes.")
    return coding_of(index[b"content-encoding"]) if b"content-encoding" in index else None


def without_upgrade(method: bytes, target: bytes, version: str, headers: RawHeaders) -> bytes:
    """The head again, without the wish to change protocol (h2c and the like), which a server may pass over."""
    lines = [b"%b %b HTTP/%b" % (method, target, version.encode())]
    for name, value in headers:
        if name in (b"upgrade", b"http2-settings"):
            continue
        if name == b"connection":
            tokens = [token.strip() for token in value.split(b",")]
            value = b", ".join(t for t in tokens if t.lower() not in (b"upgrade", b"http2-settings"))
        lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join(lines) + b"\r\n\r\n"


_OWNED = frozenset({b"connection", b"content-length", b"transfer-encoding", b"date", b"keep-alive"})
"""Fields of a reply that only the edge may write."""


def foreign(headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    """`headers` without those the edge owns. Raises ValueError on a field that would break the head."""
    kept = [field for field in headers if field[0] not in _OWNED]
    for name, value in kept:
        if any(mark in name or mark in value for mark in (b"\r", b"\n", b"\0")):
            raise ValueError(f"the reply header {name!r} holds CR, LF or NUL")
    return kept


def _status_line(status: int) -> bytes:
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


_STATUS_LINES = {status: _status_line(status) for status in range(200, 600)}


_FIELD = b"%b: %b\r\n"
_CR, _LF, _NUL = b"\r\n\0"


def reply_head(status: int, headers: RawHeaders, date: bytes, framing: bytes) -> bytes:
    """A reply's head. `date` and `framing` are whole lines with their CRLF.

    Raises ValueError, on a field that holds CR, LF or NUL (a model's or a caller's text can find its way into a
    header, and would then write headers of its own), or on a status that is not a final one."""
    line = _STATUS_LINES.get(status)
    if line is None:
        raise ValueError(f"{status} is not the status of a final reply")
    words = tuple(chain.from_iterable(headers))
    if not _OWNED.isdisjoint(words):  # of a value that reads like such a name nothing comes but this second look
        headers = [field for field in headers if field[0] not in _OWNED]
        words = tuple(chain.from_iterable(headers))
    said = b"".join(words)
    if _LF in said or _CR in said or _NUL in said:
        raise ValueError("a reply header holds CR, LF or NUL")
    return b"%b%b%b%b\r\n" % (line, date, framing, _FIELD * len(headers) % words)
