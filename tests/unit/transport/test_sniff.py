"""What bytes are, whatever they are said to be (R-X3)."""

from __future__ import annotations

import pytest

from gophergate.transport.sniff import agree, media_type

SAMPLES = {
    "image/png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "image/gif": b"GIF89a\x01\0\x01\0",
    "image/webp": b"RIFF\x24\0\0\0WEBPVP8 ",
    "application/pdf": b"%PDF-1.7\n%\xe2\xe3",
    "audio/wav": b"RIFF\x24\0\0\0WAVEfmt ",
    "audio/mpeg": b"ID3\x04\0\0\0\0\0\0",
    "audio/ogg": b"OggS\0\x02\0\0",
    "audio/flac": b"fLaC\0\0\0\x22",
    "video/mp4": b"\0\0\0\x20ftypisom\0\0\x02\0",
    "audio/mp4": b"\0\0\0\x20ftypM4A \0\0\x02\0",
    "video/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
    "text/plain": "Grüß Gott 🐹\r\n\t\x1b[1m".encode(),
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_type_is_known_by_its_first_bytes(kind: str) -> None:
    assert media_type(SAMPLES[kind]) == kind
    assert agree(kind, kind)


def test_mp3_without_a_tag() -> None:
    assert media_type(b"\xff\xfb\x90\x64" + bytes(100)) == "audio/mpeg"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\0",
        b"RIFF\x24\0\0\0AVI LIST",
        b"\x1a\x45\xdf\xa3\x42\x82\x88matroska",
        b"\x7fELF\x02\x01",
        b"MZ\x90\0",
        b"PK\x03\x04\0\0",
        b"text with a \0",
        b"\xff\xfe\xff\xfe",
        b"latin \xe9",
        b"\xff\xff\xff\xff",
    ],
)
def test_what_is_nothing_known(data: bytes) -> None:
    assert media_type(data) is None


@pytest.mark.parametrize(
    ("claimed", "found", "fits"),
    [
        ("", "image/png", True),
        ("application/octet-stream", "application/pdf", True),
        ("image/jpg", "image/jpeg", True),
        ("audio/x-wav", "audio/wav", True),
        ("audio/webm", "video/webm", True),
        ("video/ogg", "audio/ogg", True),
        ("audio/mp4", "video/mp4", True),
        ("application/json", "text/plain", True),
        ("application/ld+json", "text/plain", True),
        ("text/html", "text/plain", True),
        ("image/png", "image/jpeg", False),
        ("image/png", "text/plain", False),
        ("text/plain", "image/png", False),
        ("application/pdf", "text/plain", False),
        ("image/svg", "text/plain", False),
    ],
)
def test_claims(claimed: str, found: str, fits: bool) -> None:
    assert agree(claimed, found) is fits
