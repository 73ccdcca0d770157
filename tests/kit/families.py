"""The dialects that have golden files, by their operation: nothing of one is told in those of another."""

from __future__ import annotations

from gophergate.dialects.base import Dialect
from gophergate.doors.chat import dialects
from gophergate.doors.operations import dialects as operations

CHAT = dialects()
EMBEDDINGS = {dialect.name: dialect for dialect in operations()["embeddings"]}


def family(name: str) -> dict[str, Dialect]:
    """The dialects that one of that name is told in: those of the same operation."""
    return EMBEDDINGS if name in EMBEDDINGS else CHAT
