"""What kinds of provider serve beside chat, as one table: a row in the registry is the kind's own with this in it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from gophergate.providers.base import Row

COMPLETIONS: Mapping[str, str] = {
    "openai": "-instruct|^davinci-|^babbage-",
    **dict.fromkeys(("openrouter", "together", "fireworks", "cerebras", "deepinfra"), ""),
    **dict.fromkeys(("vllm", "lmstudio", "llamacpp"), ""),
}
"""The kinds that have the legacy completions door, each with what finds the names of the models that it is for."""

_IMAGES = ("openai", "xai", "gemini", "together", "zai", "compatible")
_HEARS = ("openai", "groq", "together", "deepinfra", "sambanova", "vllm", "compatible")
OPERATIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "images": ("openai_images", _IMAGES),
    "image_edits": ("openai_image_edits", ("openai", "xai", "compatible")),
    "moderations": ("openai_moderations", ("openai", "mistral", "compatible")),
    "rerank": ("rerank", ("cohere", "openrouter", "together", "fireworks", "vllm", "llamacpp", "compatible")),
    "speech": ("openai_speech", ("openai", "mistral", "groq", "openrouter", "together", "deepinfra", "compatible")),
    "transcriptions": (
        "openai_transcriptions",
        (*_HEARS, "mistral", "openrouter", "cohere"),
    ),
    "translations": ("openai_translations", _HEARS),
}
"""The operations that go as they come: the dialect of each, and the kinds that it is asked of."""

PREFIXES: Mapping[str, Mapping[str, str]] = {"cohere": {"rerank": "/v2", "openai_transcriptions": "/v2"}}
"""Where a kind's operations stand elsewhere than its chat."""


def serving(row: Row) -> Row:
    """The row with all that its kind serves."""
    own = {name: (dialect,) for name, (dialect, kinds) in OPERATIONS.items() if row.kind in kinds}
    return replace(
        row,
        completions=COMPLETIONS.get(row.kind),
        operations={**row.operations, **own},
        prefix={**row.prefix, **PREFIXES.get(row.kind, {})},
    )
