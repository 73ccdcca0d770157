"""What a picture, a document or a sound costs in tokens, by the vendors' published formulas.

Sizes are read from the data's own head; what cannot be read is assumed, never refused. No I/O.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct

from gophergate.core.blocks import Media

_UNKNOWN_IMAGE = (1024, 1024)
"""Assumed of a picture whose size cannot be read (an address, another format): a common size of generated ones."""
_PDF_PAGE = {"claude": 2000, "gemini": 258, "gpt": 1000}
_HEAD = 256 << 10
"""Characters of base64 that hold any picture's size, a JPEG's embedded preview included (divisible by four)."""
_SECONDS_PER_BYTE = 1 / 16_000
"""Of sound in a usual compressed form (128 kbit/s); uncompressed WAV says its own rate."""


def media_tokens(medium: Media, family: str) -> int:
    """Tokens of one medium by the vendor's formula for its family."""
    vendor = next((vendor for vendor in ("claude", "gemini") if family.startswith(vendor)), "gpt")
    if medium.text is not None:
        return 0  # its words are counted as words
    # A picture's size stands in its head, before any pixel.
    data = _bytes_of(medium, _HEAD if medium.kind == "image" else None)
    match medium.kind:
        case "image":
            return image_tokens(vendor, *(image_size(data) or _UNKNOWN_IMAGE), low=medium.detail == "low")
        case "document":
            pages = max(1, len(re.findall(rb"/Type\s*/Page[^s]", data)))
            return pages * _PDF_PAGE[vendor]
        case "audio":
            return round(32 * len(data) * _SECONDS_PER_BYTE) if data else 0
        case "video":
            # Gemini's rate for film of an unknown length: one minute at 263 tokens a second.
            return 263 * 60


def image_tokens(vendor: str, width: int, height: int, *, low: bool = False) -> int:
    """A picture's tokens: Anthropic's area over 750, after fitting it into 1568 pixels and 1.15 megapixels; Gemini's
    258 a tile; OpenAI's 85 and 170 for each tile of 512 after fitting.

    Sources: https://platform.claude.com/docs/en/build-with-claude/vision, https://ai.google.dev/gemini-api/docs/tokens,
    https://platform.openai.com/docs/guides/images-vision.
    """
    if vendor == "claude":
        scale = min(1.0, 1568 / max(width, height), math.sqrt(1_150_000 / (width * height)))
        return math.ceil(width * scale * height * scale / 750)
    if vendor == "gemini":
        if width <= 384 and height <= 384:
            return 258
        tile = min(768.0, max(256.0, min(width, height) / 1.5))
        return 258 * math.ceil(width / tile) * math.ceil(height / tile)
    if low:
        return 85
    scale = min(1.0, 2048 / max(width, height))
    scale = min(scale, 768 / min(width, height)) if min(width, height) * scale > 768 else scale
    return 85 + 170 * math.ceil(width * scale / 512) * math.ceil(height * scale / 512)


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG, GIF, JPEG or WebP; None when they cannot be read."""
    try:
        if data.startswith(b"\x89PNG"):
            width, height = struct.unpack_from(">II", data, 16)
        elif data.startswith(b"GIF8"):
            width, height = struct.unpack_from("<HH", data, 6)
        elif data.startswith(b"RIFF") and data[12:16] == b"VP8X":
            width = 1 + int.from_bytes(data[24:27], "little")
            height = 1 + int.from_bytes(data[27:30], "little")
        elif data.startswith(b"RIFF") and data[12:16] == b"VP8 ":
            width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
        elif data.startswith(b"\xff\xd8"):
            return _jpeg_size(data)
        else:
            return None
    except struct.error:
        return None
    return (width, height) if width and height else None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return (width, height) if width and height else None
        at += 2 + length
    return None


def _bytes_of(medium: Media, most: int | None = None) -> bytes:
    try:
        return base64.b64decode((medium.data or "")[:most])
    except (binascii.Error, ValueError):
        return b""
