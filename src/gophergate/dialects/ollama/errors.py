"""Ollama's errors: `{"error": "message"}`, before or inside a stream."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gophergate.core.blocks import Json
from gophergate.dialects.base import decode
from gophergate.dialects.waits import hints_of, wait_of
from gophergate.errors import KIND_BY_STATUS, UpstreamRefused


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
    """See Dialect.read_error."""
    raw = body.decode(errors="replace")
    try:
        said = decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        said = None
    return refusal(said, status=status, headers=headers, raw=raw)


def refusal(said: Json, *, status: int = 0, headers: Mapping[str, str] | None = None, raw: str = "") -> UpstreamRefused:
    """What Ollama, or a proxy before it, said. `status` 0: it came inside a stream, after a 200."""
    told = said.get("error") if isinstance(said, dict) else None
    message = told.get("message") if isinstance(told, dict) else told
    if not status:
        given = said.get("status") if isinstance(said, dict) else None
        status = given if isinstance(given, int) and 400 <= given <= 599 else 500
    hints = hints_of(headers or {})
    text = message if isinstance(message, str) else raw.strip()
    return UpstreamRefused(
        text or f"The provider answered with status {status} and no message.",
        status=status,
        kind=KIND_BY_STATUS.get(status, "api_error"),
        retry_after=wait_of(hints),
        headers=hints,
        raw=raw,
    )
