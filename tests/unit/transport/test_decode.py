"""Content codings undone in any chunking, and bombs stopped (R-X8; law 4)."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
from backports import zstd

from gophergate.errors import UpstreamBroken
from gophergate.transport.decode import FREE, PIECE, RATIO, Decoder, decoder_for

TEXT = "".join(f'data: {{"n":{n},"t":"héllo 🐹"}}\n\n' for n in range(3000)).encode()


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


CODINGS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "gzip": (b"gzip", gzip.compress),
    "x-gzip": (b"X-Gzip", gzip.compress),
    "deflate": (b"deflate", zlib.compress),
    "raw deflate": (b"deflate", raw_deflate),
    "br": (b"br", lambda data: bytes(brotli.compress(data, quality=4))),
    "zstd": (b"zstd", zstd.compress),
}


@pytest.fixture(params=CODINGS, name="coding")
def each_coding(request: pytest.FixtureRequest) -> tuple[bytes, Callable[[bytes], bytes]]:
    return CODINGS[request.param]


def decoder(coding: bytes) -> Decoder:
    made = decoder_for(coding)
    assert made is not None
    return made


def undone(coding: bytes, data: bytes, size: int) -> bytes:
    made = decoder(coding)
    pieces = [piece for at in range(0, len(data), size) for piece in made.feed(data[at : at + size])]
    made.finish()
    assert all(len(piece) <= PIECE for piece in pieces)
    return b"".join(pieces)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000, 10**9])
def test_any_chunking_gives_the_same_bytes(coding: tuple[bytes, Callable[[bytes], bytes]], size: int) -> None:
    name, pack = coding
    assert undone(name, pack(TEXT), size) == TEXT


def test_a_body_that_is_cut_is_damaged(coding: tuple[bytes, Callable[[bytes], bytes]]) -> None:
    """Law 3: sound HTTP framing around half a coded body is still half a body."""
    name, pack = coding
    packed = pack(TEXT)
    for end in (1, 5, len(packed) // 2, len(packed) - 1):
        made = decoder(name)
        list(made.feed(packed[:end]))
        with pytest.raises(UpstreamBroken):
            made.finish()


def test_an_empty_body_is_no_coding_at_all(coding: tuple[bytes, Callable[[bytes], bytes]]) -> None:
    """Servers say content-encoding: gzip of nothing; there is nothing to undo."""
    made = decoder(coding[0])
    assert list(made.feed(b"")) == []
    made.finish()


def test_garbage_is_damaged(coding: tuple[bytes, Callable[[bytes], bytes]]) -> None:
    made = decoder(coding[0])
    with pytest.raises(UpstreamBroken):
        list(made.feed(b"\xff\xfe garbage, and enough of it to be sure" * 10))


@pytest.mark.parametrize("size", [100, 10_000, 10**9])
def test_a_bomb_is_stopped_early(coding: tuple[bytes, Callable[[bytes], bytes]], size: int) -> None:
    """R-X8: what is given out before the end never exceeds the free part and the ratio."""
    name, pack = coding
    bomb = pack(bytes(12_000_000))
    made = decoder(name)
    given = 0

    def feed_all() -> None:
        nonlocal given
        for at in range(0, len(bomb), size):
            for piece in made.feed(bomb[at : at + size]):
                given += len(piece)
        made.finish()

    with pytest.raises(UpstreamBroken, match="inflates"):
        feed_all()
    assert given <= max(FREE, RATIO * len(bomb)) + PIECE


def test_small_regular_bodies_are_no_bombs(coding: tuple[bytes, Callable[[bytes], bytes]]) -> None:
    name, pack = coding
    assert undone(name, pack(b" " * FREE), 50) == b" " * FREE


def test_gzip_members_and_zstd_frames_follow_one_another() -> None:
    for size in (1, 5, 10**9):
        assert undone(b"gzip", gzip.compress(b"one ") + gzip.compress(b"two"), size) == b"one two"
        assert undone(b"zstd", zstd.compress(b"one ") + zstd.compress(b"two"), size) == b"one two"


@pytest.mark.parametrize("name", ["deflate", "br"])
@pytest.mark.parametrize("apart", [True, False])
def test_bytes_after_the_end_are_damage(name: str, apart: bool) -> None:
    coding, pack = CODINGS[name]
    made = decoder(coding)
    packed = pack(b"whole")
    if apart:
        assert b"".join(made.feed(packed)) == b"whole"
    with pytest.raises(UpstreamBroken):
        list(made.feed(b"more" if apart else packed + b"more"))


def test_codings_one_over_another_are_undone_last_first() -> None:
    packed = brotli.compress(gzip.compress(TEXT))
    assert undone(b"gzip, br", packed, 33) == TEXT


def test_a_bomb_inside_a_bomb_counts_from_the_outside() -> None:
    packed = gzip.compress(gzip.compress(bytes(12_000_000)))
    with pytest.raises(UpstreamBroken, match="inflates"):
        undone(b"gzip, gzip", packed, 10**9)


@pytest.mark.parametrize("size", [1000, 10**9])
def test_a_bomb_that_leaves_nothing_is_one_too(size: int) -> None:
    """R-X8: three megabytes of empty blocks in the middle, in a few kB, of which nothing comes out in the end."""
    hollow = zlib.compress(b"")[:2] + b"\x00\x00\x00\xff\xff" * 600_000
    with pytest.raises(UpstreamBroken, match="inflates"):
        undone(b"deflate, gzip", gzip.compress(hollow), size)


def test_work_of_which_nothing_comes_shows() -> None:
    """R-P2: who gives the loop its turns counts it."""
    hollow = zlib.compress(b"")[:2] + b"\x00\x00\x00\xff\xff" * 50_000
    made = list(decoder(b"deflate").feed(hollow))
    assert set(made) == {b""}
    assert len(made) >= len(hollow) // (32 * 1024)


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_members_of_which_nothing_comes_are_few(name: str) -> None:
    """R-X8: each costs microseconds and no more than nine bytes; one between two others is honest."""
    coding, pack = CODINGS[name]
    assert undone(coding, (pack(b"") * 50 + pack(b"x")) * 4, 100) == b"xxxx"
    for size in (100, 10**9):
        with pytest.raises(UpstreamBroken, match="nothing"):
            undone(coding, pack(b"") * 200, size)


@pytest.mark.parametrize("value", [b"", b"identity", b" Identity , ", b","])
def test_nothing_to_undo(value: bytes) -> None:
    assert decoder_for(value) is None


@pytest.mark.parametrize("value", [b"rot13", b"gzip, rot13", b"gzip;q=1", b"\xff", b"gzip," * 4])
def test_what_cannot_be_undone_is_refused(value: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        decoder_for(value)


def test_zstd_windows_beyond_the_standard_s_are_refused() -> None:
    """RFC 9659: 8 MiB is enough for a content coding; a wider window is a demand on our memory."""
    options = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.enable_long_distance_matching: 1}
    packer = zstd.ZstdCompressor(options=options)
    packed = packer.compress(bytes(range(256)) * 1000) + packer.flush()
    with pytest.raises(UpstreamBroken):
        undone(b"zstd", packed, 1000)
