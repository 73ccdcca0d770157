"""Words of the Ollama wire that both of its ends use: its options, its reasons, its pictures, its extras.

References: docs.ollama.com/api/chat, /api/generate and openapi.yaml; the types of ollama-python 0.6.
"""

from __future__ import annotations

from collections.abc import Mapping

from gophergate.core.blocks import NO_EXTRA, Extra, Json
from gophergate.core.events import Reason

NAME = "ollama"

GENERATE_NOTE = "_generate"
"""Note on a request that came through /api/generate, whose answers have another shape."""
GENERATE_ONLY = frozenset({"suffix", "template", "context", "raw", "width", "height", "steps"})
"""Members that /api/chat does not know."""

SEAL_MEMBER = "gophergate_seal"
"""A member of our own on a tool call: another vendor's seal of it, wrapped. Clients that echo a message whole bring it
back (PROTOCOLS, "Gemini's thoughtSignature behind another door")."""

OPTIONS: Mapping[str, str] = {
    "num_predict": "max_output_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "seed": "seed",
}
"""Members of `options` and their canonical names; `stop` beside them. All others ride along as "options.name"."""

_REASONS: Mapping[str, Reason] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
    "refusal": "refusal",
    "malformed_tool_call": "malformed_tool_call",
    "pause": "pause",
}
_WORDS: Mapping[Reason, str] = {
    "stop": "stop",
    "stop_sequence": "stop",
    "tool_calls": "stop",
    "length": "length",
    "context_exceeded": "length",
}


def reason_of(word: str) -> Reason:
    """The canonical reason of a done_reason. "load", "unload" and none at all are plain ends."""
    return _REASONS.get(word, "stop")


def word_of(reason: Reason) -> str:
    """The done_reason of a canonical reason. Ollama itself has two; what is neither keeps its canonical word."""
    return _WORDS.get(reason, reason)


def leftover(members: dict[str, Json], known: frozenset[str], prefix: str = "") -> dict[str, Json]:
    """The members without a canonical name, under `prefix` when they come from an inner object."""
    if known.issuperset(members):
        return {}
    return {prefix + name: value for name, value in members.items() if name not in known}


def as_extra(members: dict[str, Json]) -> Extra:
    """Members of this dialect as a node's extras."""
    return {NAME: members} if members else NO_EXTRA


def own_extra(extra: Extra) -> dict[str, Json]:
    """The members of a node that only this dialect has a word for."""
    return extra.get(NAME, {})


_SIGNATURES = (
    ("iVBORw0KGgo", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lGOD", "image/gif"),
    ("UklGR", "image/webp"),
    ("Qk0", "image/bmp"),
)


def picture_type(data: str) -> str:
    """The media type that a picture's base64 begins like; "" when it is none that is known. Ollama never says it."""
    return next((media_type for start, media_type in _SIGNATURES if data.startswith(start)), "")
