"""Ollama's errors: `{"error": "message"}`, before or inside a stream."""

from __future__ import annotations

from gophergate.core.blocks import Json
from gophergate.dialects.complaints import Complaint, refusal
from gophergate.dialects.members import object_of, text_of
from gophergate.errors import UpstreamRefused


def complaint_of(said: Json) -> Complaint | None:
    """The error in a decoded body or line, by Ollama or a proxy before it; None when it holds none."""
    told = object_of(said).get("error")
    message = text_of(object_of(told).get("message")) or text_of(told)
    status = object_of(said).get("status")
    is_status = isinstance(status, int) and 400 <= status <= 599
    return Complaint(message, status=status if is_status else None) if message or is_status else None


def refusal_of(said: Json, raw: str) -> UpstreamRefused:
    """What is said inside a stream, after a 200."""
    complaint = complaint_of(said) or Complaint()
    return refusal(complaint, complaint.status or 500, raw)
