"""The canon's list of tokens with their log probabilities (OpenAI's), as OpenAI's own types demand it: Ollama leaves
out alternatives that were not asked for, and look-alikes the bytes."""

from __future__ import annotations

from collections.abc import Iterable

from gophergate.core.blocks import Json
from gophergate.dialects.members import list_of, text_of


def whole_tokens(tokens: Iterable[Json]) -> list[Json]:
    """The tokens, each with its bytes and its alternatives, which have theirs too. What is no object stays out."""
    return [
        {**_with_bytes(token), "top_logprobs": [_with_bytes(other) for other in list_of(token.get("top_logprobs"))]}
        for token in tokens
        if isinstance(token, dict)
    ]


def _with_bytes(token: Json) -> Json:
    if not isinstance(token, dict) or "bytes" in token:
        return token
    return {**token, "bytes": list(text_of(token.get("token")).encode(errors="replace"))}
