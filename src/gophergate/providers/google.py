"""Google's Gemini API, in its own language (its OpenAI door loses thought signatures)."""

from __future__ import annotations

from gophergate.providers import profiles
from gophergate.providers.base import Row

ROW = Row(
    kind="gemini",
    label="Google Gemini",
    speaks=("gemini", "openai_chat"),
    operations={"embeddings": ("gemini_embeddings", "openai_embeddings")},
    base_url="https://generativelanguage.googleapis.com",
    prefix={"gemini": "/v1beta", "openai_chat": "/v1beta/openai"},
    auth="x-goog-api-key",
    key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    base_variable="GEMINI_BASE_URL",
    price_id="google",
    traits=profiles.of(profiles.GEMINI),
)
