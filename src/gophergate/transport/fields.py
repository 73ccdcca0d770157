"""The header fields of an answer: names in lower case, sizes bounded, and what they say of the body's framing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from gophergate.errors import UpstreamBroken

MAX_HEAD = 64 * 1024
"""Bytes of header fields in one answer; also bytes of trailers, chunk extensions and the like between two of body."""
MAX_LINE = 16 * 1024
"""Bytes of one header field."""
MAX_FIELDS = 256

_BLANKS = b" \t"


def read_fields(raw: Sequence[tuple[bytes, bytes]], host: str) -> tuple[list[tuple[bytes, bytes]], bool, bytes]:
    """The fields, whether they tell where the body ends, and its content coding (b"" for none). `host` is for messages.
    Raises UpstreamBroken beyond a bound, and on a transfer coding other than chunked."""
    # One sum of all spares nearly every answer a look at each.
    if sum(map(len, chain.from_iterable(raw))) > MAX_LINE or len(raw) > MAX_FIELDS:
        _check(raw, host)
    headers = [(name.lower(), value.rstrip(_BLANKS)) for name, value in raw]
    named = dict(headers)
    is_framed = b"content-length" in named
    coding = b""
    if b"transfer-encoding" in named:
        is_framed = True
        if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in headers):
            raise UpstreamBroken(f"'{host}' sent a transfer coding other than chunked.")
    if b"content-encoding" in named:
        coding = b",".join(value for name, value in headers if name == b"content-encoding")
    return headers, is_framed, coding


def _check(fields: Sequence[tuple[bytes, bytes]], host: str) -> None:
    sizes = [len(name) + len(value) for name, value in fields]
    if max(sizes, default=0) > MAX_LINE:
        raise UpstreamBroken(f"'{host}' sent a header field of more than {MAX_LINE} bytes.")
    if sum(sizes) > MAX_HEAD or len(sizes) > MAX_FIELDS:
        raise UpstreamBroken(f"'{host}' sent more header fields than this gateway takes.")
