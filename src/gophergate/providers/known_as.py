"""By which names others' catalogues know our kinds of provider."""

from __future__ import annotations

from collections.abc import Mapping

MODELS_DEV: Mapping[str, tuple[str, ...]] = {
    "gemini": ("google",),
    "moonshot": ("moonshotai", "moonshotai-cn"),
    "together": ("togetherai",),
    "fireworks": ("fireworks-ai",),
    "bedrock": ("amazon-bedrock",),
    "azure": ("azure", "azure-cognitive-services"),
    "vertex": ("google-vertex", "google-vertex-anthropic"),
    "cloudflare": ("cloudflare-workers-ai", "cloudflare-ai-gateway"),
    "ollama": ("ollama-cloud",),
    "alibaba": ("alibaba", "alibaba-cn"),
}
"""The ids of models.dev by our `kind`, where they are not that word itself."""


def models_dev(kind: str, name: str) -> tuple[str, ...]:
    """Under which ids models.dev may know a provider of that kind, configured under that name."""
    return tuple(dict.fromkeys((*MODELS_DEV.get(kind, (kind,)), name)))
