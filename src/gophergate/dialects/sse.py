"""Server-sent events, both ways (WHATWG HTML, "Server-sent events"). Knows nothing of what the data mean."""

from __future__ import annotations


class SseDecoder:
    """Bytes in any chunking to `(event, data)` pairs; `event` is b"" when unnamed.

    CRLF, lone CR and LF end a line, also when split over two feeds. Comments, ids and retries are passed over.
    Linear in the bytes fed, however small the pieces: a partial line is kept in pieces and joined once.
    """

    __slots__ = ("_after_cr", "_data", "_event", "_pieces")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._data: list[bytes] = []
        self._event = b""
        self._after_cr = False

    @property
    def is_at_rest(self) -> bool:
        """Whether the next byte begins an event: nothing of one is held, and no line end is in doubt."""
        return not (self._pieces or self._data or self._event or self._after_cr)

    def feed(self, chunk: bytes) -> list[tuple[bytes, bytes]]:
        """The events that these bytes complete."""
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == 0x0A:
                chunk = chunk[1:]
        if not chunk:
            return []
        lines = chunk.splitlines()
        last = chunk[-1]
        if last == 0x0A or last == 0x0D:
            self._after_cr = last == 0x0D
            tail = None
        else:
            tail = lines.pop()
        if lines and self._pieces:
            self._pieces.append(lines[0])
            lines[0] = b"".join(self._pieces)
            self._pieces.clear()
        if tail is not None:
            self._pieces.append(tail)
        return self._read(lines) if lines else []

    def end(self) -> list[tuple[bytes, bytes]]:
        """What an input that ended without its last blank line still holds."""
        lines = [b"".join(self._pieces), b""]
        self._pieces.clear()
        return self._read(lines)

    def _read(self, lines: list[bytes]) -> list[tuple[bytes, bytes]]:
        found: list[tuple[bytes, bytes]] = []
        data = self._data
        for line in lines:
            if not line:
                if data:
                    found.append((self._event, data[0] if len(data) == 1 else b"\n".join(data)))
                    data.clear()
                self._event = b""
            elif line.startswith(b"data:"):
                data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif line.startswith(b"event:"):
                self._event = line[6:].strip()
            elif line.startswith(b"error:"):
                # Not in the standard: llama.cpp's server, and what is built on it, tells a failure so.
                self._event = b"error"
                data.append(line[6:].lstrip())
            elif line.startswith(b"\xef\xbb\xbf"):
                found.extend(self._read([line[3:]]))
        return found


def sse(data: bytes, event: bytes = b"") -> bytes:
    """One event's bytes. `data` must be a single line, as compact JSON is."""
    if event:
        return b"event: " + event + b"\ndata: " + data + b"\n\n"
    return b"data: " + data + b"\n\n"


COMMENT = b": keep-alive\n\n"
"""A heartbeat every SSE parser ignores, but for google-genai's (see the Gemini dialect)."""
