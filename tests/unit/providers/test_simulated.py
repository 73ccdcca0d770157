"""What the simulator makes beside words is what it says it is."""

from __future__ import annotations

import io
import struct
import wave
import zlib

import pytest

from gophergate.core.request import Request
from gophergate.errors import BadRequest
from gophergate.providers.simulated import performed, png, wav


def test_a_picture_is_a_whole_png() -> None:
    data = png(70, 33, "seed")
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, kinds, pixels = 8, [], b""
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + content)
        kinds.append(kind)
        if kind == b"IHDR":
            assert struct.unpack(">IIBBBBB", content) == (70, 33, 1, 3, 0, 0, 0)
        if kind == b"IDAT":
            pixels = zlib.decompress(content)
        at += 12 + length
    assert kinds == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    assert len(pixels) == 33 * (1 + 9)
    assert data == png(70, 33, "seed") != png(70, 33, "other")


def test_sound_is_a_whole_wav() -> None:
    with wave.open(io.BytesIO(wav(0.5))) as sound:
        assert (sound.getframerate(), sound.getnframes(), sound.getnchannels()) == (8000, 4000, 1)


@pytest.mark.parametrize(
    ("operation", "members", "param"),
    [
        ("images", {"size": "1x1"}, "size"),
        ("images", {"size": 7}, "size"),
        ("speech", {}, "input"),
        ("transcriptions", {}, "file"),
        ("moderations", {"input": 1}, "input"),
        ("moderations", {"input": [""] * 1001}, "input"),
        ("rerank", {"query": "", "documents": []}, "documents"),
        ("rerank", {"query": "", "documents": [""] * 1001}, "documents"),
        ("rerank", {"query": "", "documents": [""], "top_n": 0}, "top_n"),
    ],
)
def test_what_it_cannot_do_is_named(operation: str, members: dict[str, object], param: str) -> None:
    request = Request(dialect="d", model="m", operation=operation, extra={"d": members})
    with pytest.raises(BadRequest) as refused:
        list(performed(request, "m"))
    assert refused.value.param == param
