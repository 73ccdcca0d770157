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


def named(fields: Sequence[tuple[bytes, bytes]], host: str) -> dict[bytes, bytes]:
    """The first field of each name. `host` is for messages. Raises UpstreamBroken beyond a bound, and on a transfer
    coding other than chunked."""
    # One sum of all spares nearly every answer a look at each.
    if sum(map(len, chain.from_iterable(fields))) > MAX_LINE or len(fields) > MAX_FIELDS:
        _check(fields, host)
    found = dict(fields)
    if len(found) != len(fields):
        found = dict(reversed(fields))
    if b"transfer-encoding" in found and any(
        value.lower() != b"chunked" for value in all_of(b"transfer-encoding", fields)
    ):
        raise UpstreamBroken(f"'{host}' sent a transfer coding other than chunked.")
    return found


def all_of(name: bytes, fields: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """The values of every field of that name."""
    return [value for found, value in fields if found == name]


def _check(fields: Sequence[tuple[bytes, bytes]], host: str) -> None:
    sizes = [len(name) + len(value) for name, value in fields]
    if max(sizes, default=0) > MAX_LINE:
        raise UpstreamBroken(f"'{host}' sent a header field of more than {MAX_LINE} bytes.")
    if sum(sizes) > MAX_HEAD or len(sizes) > MAX_FIELDS:
        raise UpstreamBroken(f"'{host}' sent more header fields than this gateway takes.")
