"""Ollama: its native language first, which alone carries thinking and model options; its OpenAI door second."""

from __future__ import annotations

from gophergate.providers import profiles
from gophergate.providers.base import Row

ROW = Row(
    kind="ollama",
    label="Ollama",
    speaks=("ollama", "openai_chat"),
    operations={"embeddings": ("ollama_embeddings", "openai_embeddings")},
    base_url="http://127.0.0.1:11434",
    prefix={"ollama": "", "openai_chat": "/v1"},
    base_variable="OLLAMA_HOST",
    keyless=True,
    # A model may have to be loaded from disk before its first token: the longest time-out of all.
    total_timeout=1800.0,
    traits=profiles.of(profiles.LOCAL),
)
