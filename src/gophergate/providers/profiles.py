"""What model families can do, as data: a list of name patterns per vendor, the first match wins.

These are facts about models that no catalogue states (which parameters a family refuses, how it is told to think).
Limits and modalities come from the model catalogue instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from gophergate.dialects.base import PLAIN, Traits

Families = Sequence[tuple[str, Traits]]

_REASONERS = frozenset({"temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs"})
_FETCH_NONE: frozenset[str] = frozenset()
_IMAGES = frozenset({"image"})

OPENAI: Families = (
    (
        r"(^|/)(o\d|gpt-5(?!.*chat)|gpt-6|codex)",
        Traits(
            refuses=_REASONERS,
            thinking="effort",
            max_tokens_member="max_completion_tokens",
            system_role="developer",
            fetches=frozenset({"image", "document"}),
        ),
    ),
    (r"", Traits(max_tokens_member="max_completion_tokens", fetches=frozenset({"image", "document"}))),
)

ANTHROPIC: Families = (
    (
        r"claude-(opus-4-[7-9]|(opus|sonnet|haiku|fable|mythos)-[5-9])",
        Traits(
            thinking="adaptive",
            max_output=128_000,
            refuses=frozenset({"temperature", "top_p", "top_k"}),
            strict_tools=True,
        ),
    ),
    (r"claude-(opus|sonnet)-4-6", Traits(thinking="adaptive", max_output=64_000)),
    (r"claude-opus-4-5", Traits(thinking="budget", max_output=64_000)),
    (r"claude-(opus-4-1|opus-4)", Traits(thinking="budget", max_output=32_000)),
    (r"claude-(sonnet|haiku)-4", Traits(thinking="budget", max_output=64_000)),
    (r"claude-3-7", Traits(thinking="budget", max_output=64_000)),
    (r"claude-3-5", Traits(max_output=8_192)),
    (r"claude-3", Traits(max_output=4_096)),
    (r"", Traits(thinking="budget", max_output=32_000)),
)

GEMINI: Families = (
    (r"gemini-([3-9])", Traits(thinking="level", fetches=_FETCH_NONE)),
    (r"", Traits(thinking="budget", fetches=_FETCH_NONE)),
)

DEEPSEEK: Families = (
    (r"reasoner", Traits(refuses=_REASONERS, thinking="toggle", fetches=_FETCH_NONE)),
    (r"", Traits(thinking="toggle", fetches=_FETCH_NONE)),
)

MOONSHOT: Families = (
    (r"kimi-k(2\.[5-9]|[3-9])", Traits(thinking="toggle", fetches=_FETCH_NONE)),
    (r"", Traits(fetches=_FETCH_NONE)),
)
"""Kimi takes pictures in the request alone, by no URL."""

ZAI: Families = (
    (r"glm-(5\.[2-9]|[6-9])", Traits(thinking="effort", fetches=_IMAGES)),
    (r"", Traits(thinking="toggle", fetches=_IMAGES)),
)

XAI: Families = (
    (
        r"grok-(3-mini|4)",
        Traits(
            refuses=frozenset({"presence_penalty", "frequency_penalty", "stop"}), thinking="effort", fetches=_IMAGES
        ),
    ),
    (r"", Traits(fetches=_IMAGES)),
)

EFFORT: Families = ((r"", Traits(thinking="effort", fetches=_IMAGES)),)
LOCAL: Families = ((r"", Traits(fetches=_FETCH_NONE)),)
ANY: Families = ((r"", Traits(fetches=_IMAGES)),)


def of(families: Families) -> Callable[[str], Traits]:
    """A look-up over `families`, bounded and remembered: one dict hit per call."""
    compiled = [(re.compile(pattern), traits) for pattern, traits in families]

    @lru_cache(maxsize=4096)
    def traits_of(model: str) -> Traits:
        return next((traits for pattern, traits in compiled if pattern.search(model)), PLAIN)

    return traits_of
