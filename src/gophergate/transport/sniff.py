"""What bytes are, told by their first ones, whatever anybody claims them to be. Pure.

Signatures after the WHATWG MIME Sniffing standard (section 6) and the formats' own specifications.
"""

from __future__ import annotations

import re

_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
"""What no text holds; tab, line ends, form feed and escape are text (WHATWG: binary data bytes)."""

_SAME = {
    "image/jpg": "image/jpeg",
    "image/x-png": "image/png",
    "audio/mp3": "audio/mpeg",
    "audio/x-mp3": "audio/mpeg",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-flac": "audio/flac",
    "audio/m4a": "audio/mp4",
    "audio/x-m4a": "audio/mp4",
    "video/ogg": "audio/ogg",
    "application/ogg": "audio/ogg",
    "audio/webm": "video/webm",
    "application/x-pdf": "application/pdf",
}
"""Names in use for one format, or for one container whose contents the first bytes do not tell."""

_TEXT = re.compile(r"text/.+|application/(json|xml|yaml|toml|javascript|x-yaml|x-ndjson|.+\+(json|xml))")


def media_type(data: bytes) -> str | None:
    """The media type of png, jpeg, gif, webp, pdf, wav, mp3, ogg, flac, mp4, webm or plain text; else None."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF"):
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12])
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if data.startswith(b"OggS\x00"):
        return "audio/ogg"
    if data.startswith(b"fLaC"):
        return "audio/flac"
    if data[4:8] == b"ftyp":
        return "audio/mp4" if data[8:11] == b"M4A" else "video/mp4"
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm" if b"webm" in data[:64] else None
    if _is_mp3(data):
        return "audio/mpeg"
    return "text/plain" if _is_text(data) else None


def agree(claimed: str, found: str) -> bool:
    """Whether a claimed media type (in lower case, without parameters) may stand for data `found` to be another.

    No claim and the claim of mere bytes agree with everything; every textual type agrees with plain text.
    """
    if claimed in ("", "application/octet-stream", "binary/octet-stream"):
        return True
    if found == "text/plain":
        return _TEXT.fullmatch(claimed) is not None
    claimed, found = _SAME.get(claimed, claimed), _SAME.get(found, found)
    return claimed == found or {claimed, found} == {"audio/mp4", "video/mp4"}


def _is_mp3(data: bytes) -> bool:
    if data.startswith(b"ID3"):
        return True
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE6 != 0xE2:
        return False  # eleven sync bits and the layer bits of layer III
    return data[1] & 0x18 != 0x08 and data[2] >> 4 != 0x0F and data[2] & 0x0C != 0x0C


def _is_text(data: bytes) -> bool:
    if not data or _CONTROLS.search(data):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
