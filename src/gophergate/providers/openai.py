"""OpenAI: Chat Completions and Responses."""

from __future__ import annotations

from gophergate.providers import profiles
from gophergate.providers.base import Row

ROW = Row(
    kind="openai",
    label="OpenAI",
    speaks=("openai_chat", "openai_responses"),
    operations={"embeddings": ("openai_embeddings",)},
    base_url="https://api.openai.com",
    prefix={"openai_chat": "/v1", "openai_responses": "/v1"},
    key_variables=("OPENAI_API_KEY",),
    base_variable="OPENAI_BASE_URL",
    price_id="openai",
    forwards=frozenset(
        {
            "openai-beta",
            "originator",
            "session-id",
            "thread-id",
            "x-codex-beta-features",
            "x-codex-turn-metadata",
            "x-codex-window-id",
            "x-openai-internal-codex-responses-lite",
        }
    ),
    traits=profiles.of(profiles.OPENAI),
)
