"""Content codings of answers, undone piece by piece: gzip, deflate, br, zstd (RFC 9110, section 8.4).

We ask for `identity`; this room is for the provider that compresses all the same. Nothing here does I/O or
holds a whole body: output comes in pieces of at most `PIECE` bytes, each made when it is asked for, and a
decompression bomb is stopped by its ratio. `brotli` and `backports.zstd` are imported when the first such body
arrives, not before.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Protocol

from gophergate.errors import UpstreamBroken

PIECE = 256 * 1024
"""Bytes. No decoded piece is longer: a millisecond of work, and what one read of the socket gives elsewhere."""

FREE = 1024 * 1024
"""Bytes a body may inflate to before its ratio is looked at: small and very regular bodies are honest."""

RATIO = 200
"""Beyond `FREE`, decoded bytes per encoded byte. Event streams and embeddings reach 10 to 40."""

MAX_LAYERS = 3

_SLICE = 32 * 1024
"""Bytes a coding is fed at a time: zlib copies what it has not come to with every piece and every member."""

_MOST_EMPTY = 100
"""Gzip members or zstd frames one after another of which nothing comes: twenty bytes each, and a microsecond or two."""

_ZSTD_WINDOW_LOG = 23
"""RFC 9659: a zstd content coding needs no window above 8 MiB, so no sender can make us hold more."""


class Layer(Protocol):
    """One coding. `feed` raises UpstreamBroken on bytes that are not its format."""

    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def finish(self) -> None:
        """The body is over. Raises UpstreamBroken when the coding is not."""


class Decoder:
    """All codings of one answer, outermost first off. Feed it every piece, then call `finish` once."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        self._layers = tuple(layers)
        self._taken = 0
        self._given = [0] * len(self._layers)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded pieces; an empty one stands for work of which nothing came. No more is decoded than is asked for.

        Raises UpstreamBroken on damage, and on a bomb before it is held, whichever layer it is in.
        """
        self._taken += len(data)
        return self._through(0, data)

    def finish(self) -> None:
        """Raises UpstreamBroken when the coded body was cut, even if the HTTP framing around it was whole."""
        for layer in self._layers:
            layer.finish()

    def _through(self, depth: int, data: bytes) -> Iterator[bytes]:
        if depth == len(self._layers):
            yield data
            return
        for at in range(0, len(data), _SLICE):
            is_empty = True
            for piece in self._layers[depth].feed(data[at : at + _SLICE]):
                is_empty = False
                self._given[depth] += len(piece)
                if self._given[depth] > FREE and self._given[depth] > RATIO * self._taken:
                    raise UpstreamBroken(f"The provider's answer inflates more than {RATIO} times; it was given up.")
                yield from self._through(depth + 1, piece)
            if is_empty:
                yield b""


def decoder_for(content_encoding: bytes) -> Decoder | None:
    """A decoder for the value of a content-encoding field, None when there is nothing to undo.

    Raises UpstreamBroken for a coding we do not know: bytes nobody can read must not pass for an answer.
    """
    names = [name.strip().lower() for name in content_encoding.split(b",")]
    codings = [name for name in names if name and name != b"identity"]
    if not codings:
        return None
    if len(codings) > MAX_LAYERS:
        raise UpstreamBroken(f"The provider's answer is compressed more than {MAX_LAYERS} times over.")
    return Decoder(_layer(name) for name in reversed(codings))


def _layer(name: bytes) -> Layer:
    if name in (b"gzip", b"x-gzip"):
        return _Gzip()
    if name == b"deflate":
        return _Deflate()
    if name == b"br":
        return _Brotli()
    if name == b"zstd":
        return _Zstd()
    raise UpstreamBroken(f"The provider's answer has an unknown content coding '{name.decode('latin-1')[:40]}'.")


def _damaged(coding: str, error: Exception) -> UpstreamBroken:
    return UpstreamBroken(f"The provider's {coding} body is damaged: {error}.")


def _hollow(coding: str) -> UpstreamBroken:
    return UpstreamBroken(f"The provider's {coding} body consists of parts in which there is nothing.")


def _cut(coding: str) -> UpstreamBroken:
    return UpstreamBroken(f"The provider's {coding} body ends before its end.")


class _Gzip:
    """RFC 1952, members one after another included (section 2.2)."""

    _coding = "gzip"
    _members = True

    def __init__(self, wbits: int = 16 + zlib.MAX_WBITS) -> None:
        self._wbits = wbits
        self._inflate = zlib.decompressobj(wbits)
        self._begun = False
        self._empty = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        more = bool(data)
        while more:
            if self._inflate.eof:
                if not self._members:
                    raise UpstreamBroken(f"The provider's {self._coding} body goes on after its end.")
                self._inflate = zlib.decompressobj(self._wbits)
            self._begun = True
            try:
                piece = self._inflate.decompress(data, PIECE)
            except zlib.error as error:
                raise _damaged(self._coding, error) from error
            if piece:
                self._empty = 0
                yield piece
            elif self._inflate.eof:
                self._empty += 1
                if self._empty > _MOST_EMPTY:
                    raise _hollow(self._coding)
            # zlib may hold back output although it has taken all input, so a full piece means: ask again.
            data = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            more = bool(data) or (len(piece) == PIECE and not self._inflate.eof)

    def finish(self) -> None:
        if self._begun and not self._inflate.eof:
            raise _cut(self._coding)


class _Deflate:
    """RFC 9110 means zlib (RFC 1950); some servers send bare deflate (RFC 1951). The first two bytes tell."""

    def __init__(self) -> None:
        self._first = b""
        self._inner: _Gzip | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._inner is None:
            self._first += data
            if len(self._first) < 2:
                return
            data, self._first = self._first, b""
            is_zlib = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
            self._inner = _Inflate(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        yield from self._inner.feed(data)

    def finish(self) -> None:
        if self._first:
            raise _cut("deflate")
        if self._inner is not None:
            self._inner.finish()


class _Inflate(_Gzip):
    _coding = "deflate"
    _members = False


class _Brotli:
    """RFC 7932."""

    def __init__(self) -> None:
        import brotli  # type: ignore[import-untyped]

        self._error: type[Exception] = brotli.error
        self._brotli = brotli.Decompressor()
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        if not data:
            return
        if self._begun and self._brotli.is_finished():
            raise UpstreamBroken("The provider's br body goes on after its end.")
        self._begun = True
        while True:
            try:
                # The C code grows its buffer in steps: asked for 32 kB at a time it gives 96.
                piece: bytes = self._brotli.process(data, output_buffer_limit=PIECE // 4)
            except self._error as error:
                raise _damaged("br", error) from error
            if not piece:
                return
            yield piece
            data = b""  # It keeps what it has not come to; only an empty piece says there is no more output.

    def finish(self) -> None:
        if self._begun and not self._brotli.is_finished():
            raise _cut("br")


class _Zstd:
    """RFC 8878, frames one after another included; the window is held to that of RFC 9659."""

    def __init__(self) -> None:
        from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

        self._error: type[Exception] = ZstdError
        self._options = {int(DecompressionParameter.window_log_max): _ZSTD_WINDOW_LOG}
        self._make = ZstdDecompressor
        self._frame = ZstdDecompressor(options=self._options)
        self._begun = False
        self._empty = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        more = bool(data)
        while more:
            if self._frame.eof:
                self._frame = self._make(options=self._options)
            self._begun = True
            try:
                piece = self._frame.decompress(data, PIECE)
            except self._error as error:
                raise _damaged("zstd", error) from error
            if piece:
                self._empty = 0
                yield piece
            elif self._frame.eof:
                self._empty += 1
                if self._empty > _MOST_EMPTY:
                    raise _hollow("zstd")
            data = self._frame.unused_data if self._frame.eof else b""
            more = bool(data) if self._frame.eof else not self._frame.needs_input

    def finish(self) -> None:
        if self._begun and not self._frame.eof:
            raise _cut("zstd")
