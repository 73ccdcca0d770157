"""What may be sent, and how it is written: request targets, header fields, the head of an HTTP/1.1 request.

Everything that came from outside is checked here, before a byte goes out: a CR, LF or NUL that got through
would begin a request of its own. No I/O.
"""

from __future__ import annotations

import re

from gophergate.transport.base import Ask, RawHeaders

OWNED = frozenset(
    {
        b"host",
        b"content-length",
        b"transfer-encoding",
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"upgrade",
    }
)
"""Header fields the transport alone may send: they frame the message or belong to one hop (RFC 9110, 7.6.1)."""

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
_UNSAFE_IN_TARGET = re.compile(r"[^!-~]|#")
_MAX_NAMES = _MAX_HEADS = 1024
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose empty body is said with content-length: 0 (RFC 9110, section 8.6)."""


class HeadWriter:
    """Remembers the heads it found good, so that what repeats from call to call is examined and written once."""

    def __init__(self) -> None:
        self._names: set[bytes] = set()
        self._heads: dict[tuple[str, str, RawHeaders], bytes] = {}

    def write(self, ask: Ask, authority: str, target: str) -> bytes:
        """The head of `ask`, blank line included; `authority` and `target` are those of its URL (`split`), the first
        becomes the host field. Raises ValueError.

        Asks for `accept-encoding: identity` unless the Ask has a wish of its own.
        """
        key = (ask.method, ask.url, tuple(ask.headers))
        head = self._heads.get(key)
        if head is None:
            head = self._written(ask, authority, target)
            if len(self._heads) >= _MAX_HEADS:
                self._heads.clear()
            self._heads[key] = head
        length = len(ask.body)
        if length or ask.method in _WITH_BODY:
            return b"%bcontent-length: %d\r\n\r\n" % (head, length)
        return head + b"\r\n"

    def _written(self, ask: Ask, authority: str, target: str) -> bytes:
        """All of the head that does not depend on the body, its last line ended."""
        if _UNSAFE_IN_TARGET.search(target):
            target = _clean(target)
        if not ask.method.isalpha() or not ask.method.isascii():
            raise ValueError("the method is no word")
        names = self._names
        fields = b""
        for name, value in ask.headers:
            if name not in names:
                self._examine(name)
            fields += b"\r\n" + name + b": " + value
        # Each line begins with one CRLF. Any further CR or LF came out of a value and would begin a line of its own.
        count = len(ask.headers)
        if fields.count(b"\n") != count or fields.count(b"\r") != count or b"\0" in fields:
            raise ValueError("a header value holds CR, LF or NUL")
        coding = "" if b"\r\naccept-encoding: " in fields else "\r\naccept-encoding: identity"
        line = f"{ask.method} {target} HTTP/1.1\r\nhost: {authority}{coding}"
        return line.encode("ascii") + fields + b"\r\n"

    def _examine(self, name: bytes) -> None:
        if name in OWNED:
            raise ValueError(f"the header field '{name.decode()}' belongs to the transport")
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name[:80]!r} is no header field name in lower case")
        if len(self._names) < _MAX_NAMES:
            self._names.add(name)


def check(ask: Ask) -> None:
    """Raises ValueError when `ask` could not be written as one request; for transports that write it otherwise."""
    HeadWriter().write(ask, "", split(ask.url)[1])


def _clean(target: str) -> str:
    """Without its fragment, which is never sent (RFC 9110, section 7.1). Raises ValueError for what is not ASCII
    text without spaces: such a URL was not encoded, or is somebody's attempt to write a second request."""
    target = target.partition("#")[0]
    if _UNSAFE_IN_TARGET.search(target):
        raise ValueError("the URL holds a character that must be percent-encoded")
    return target


def split(url: str) -> tuple[str, str]:
    """`scheme://authority` of an absolute URL, and the rest as a request target beginning with a slash."""
    scheme, separator, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    rest = rest[len(authority) :]
    return scheme + separator + authority, rest if rest.startswith("/") else "/" + rest
