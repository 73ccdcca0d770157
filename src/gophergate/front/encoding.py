"""Content codings of request bodies (RFC 9110, 8.4): gzip, deflate, br, zstd; one coding per body. And the mark that
some editors and .NET's writers put before UTF-8.

Decoding is bounded in what it yields, not only in what it reads, so a small body cannot unfold into a large
one; and it steps aside between slices, so a large one does not hold up the event loop.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator

from gophergate.errors import BadRequest, BodyTooLarge

_SLICE = 256 * 1024
"""Bytes taken in, and at most given out, between two chances for other tasks: about a millisecond of work."""

LARGE = 1 << 20
"""Bytes from which on CPython joins pieces without its lock."""

_STEP = 4096
"""Bytes a step counts for on top of what it gave, since steps that give nothing take time too."""

_MOST_MEMBERS = 1000
"""Gzip members or zstd frames in one body. Each costs some microseconds, and an empty one a few bytes to send."""

_GZIP = zlib.MAX_WBITS | 16
_ZSTD_WINDOW_LOG = 23
"""8 MiB, what RFC 9659 asks decoders of HTTP bodies to hold; a frame that wants more is refused."""

_CODINGS = {b"gzip": b"gzip", b"x-gzip": b"gzip", b"deflate": b"deflate", b"br": b"br", b"zstd": b"zstd"}


class UnsupportedEncoding(BadRequest):
    """A content-encoding that is not read here."""

    status, code = 415, "unsupported_content_encoding"


def coding_of(value: bytes) -> bytes | None:
    """The coding a content-encoding field names, None for none. Raises UnsupportedEncoding."""
    name = value.strip().lower()
    if name in (b"", b"identity"):
        return None
    coding = _CODINGS.get(name)
    if coding is None:
        raise UnsupportedEncoding(
            "This content-encoding is not supported here; send the body as it is, "
            "or with one of gzip, deflate, br, zstd.",
            headers={"accept-encoding": "gzip, deflate, br, zstd"},
        )
    return coding


async def decode(coding: bytes, data: bytes, limit: int) -> bytes:
    """`data` without its coding. Raises BodyTooLarge beyond `limit` bytes, BadRequest when it is broken or cut."""
    pieces: list[bytes] = []
    size = since = 0
    for piece in _unfold(coding, data):
        size += len(piece)
        if size > limit:
            raise BodyTooLarge(f"The request body is larger than {limit} bytes once decoded.")
        pieces.append(piece)
        since += len(piece) + _STEP
        if since >= _SLICE:
            since = 0
            await asyncio.sleep(0)
    return b"".join(pieces) if size < LARGE else await joined(pieces)


_MARK = "\ufeff".encode()


def unmarked(body: bytes) -> bytes:
    """`body` without a byte-order mark of UTF-8. A parser of JSON may ignore one and nobody may send one (RFC 8259,
    8.1), so it is not passed on: what goes to a provider as it came goes without it."""
    return body[len(_MARK) :] if body.startswith(_MARK) else body


async def joined(pieces: list[bytes]) -> bytes:
    """Pieces of `LARGE` bytes or more as one, put together beside the loop."""
    return await asyncio.to_thread(b"".join, pieces)


def _unfold(coding: bytes, data: bytes) -> Iterator[bytes]:
    if coding == b"zstd":
        return _unfold_zstd(data)
    if coding == b"br":
        return _unfold_brotli(data)
    if coding == b"gzip":
        return _unfold_zlib(data, _GZIP)
    # RFC 9110 means the zlib format; some senders mean the bare stream. The zlib header tells them apart.
    wrapped = len(data) >= 2 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
    return _unfold_zlib(data, zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)


def _unfold_zlib(data: bytes, window: int) -> Iterator[bytes]:
    """Gzip may hold several members in a row (RFC 1952, 2.2); the other two hold one stream."""
    taken = 0
    for _ in range(_MOST_MEMBERS if window == _GZIP else 1):
        stream = zlib.decompressobj(window)
        rest = b""
        while not stream.eof:
            if not rest:
                rest = data[taken : taken + _SLICE]
                taken += len(rest)
            try:
                piece = stream.decompress(rest, _SLICE)
            except zlib.error:
                raise _broken() from None
            if not rest and not piece and not stream.eof:
                raise _broken()
            rest = stream.unconsumed_tail
            yield piece
        taken -= len(stream.unused_data)
        if taken == len(data):
            return
    raise _broken()


def _unfold_brotli(data: bytes) -> Iterator[bytes]:
    import brotli  # type: ignore[import-untyped]  # here, not above: few compress, and start-up is counted

    stream = brotli.Decompressor()
    taken = 0
    while not stream.is_finished():
        given = b""
        if stream.can_accept_more_data():
            given = data[taken : taken + _SLICE]
            taken += len(given)
        try:
            piece = stream.process(given, output_buffer_limit=_SLICE)
        except brotli.error:
            raise _broken() from None
        if not piece and not given and not stream.is_finished():
            raise _broken()
        yield piece
    if taken < len(data):
        raise _broken()


def _unfold_zstd(data: bytes) -> Iterator[bytes]:
    """Frames may follow each other (RFC 8878, 3)."""
    from backports import zstd  # as above

    taken = 0
    for _ in range(_MOST_MEMBERS):
        stream = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})
        while not stream.eof:
            rest = data[taken : taken + _SLICE] if stream.needs_input else b""
            taken += len(rest)
            try:
                piece = stream.decompress(rest, _SLICE)
            except zstd.ZstdError:
                raise _broken() from None
            if not rest and not piece and not stream.eof:
                raise _broken()
            yield piece
        taken -= len(stream.unused_data)
        if taken == len(data):
            return
    raise _broken()


def _broken() -> BadRequest:
    return BadRequest("The request body does not match its content-encoding, or is cut short.")
