"""Anthropic: Messages."""

from __future__ import annotations

from gophergate.providers import profiles
from gophergate.providers.base import Row

ROW = Row(
    kind="anthropic",
    label="Anthropic",
    speaks=("anthropic_messages",),
    base_url="https://api.anthropic.com",
    prefix={"anthropic_messages": "/v1"},
    auth="x-api-key",
    key_variables=("ANTHROPIC_API_KEY",),
    base_variable="ANTHROPIC_BASE_URL",
    price_id="anthropic",
    headers=(("anthropic-version", "2023-06-01"),),
    forwards=frozenset({"anthropic-version", "anthropic-beta", "x-claude-code-session-id", "x-app"}),
    traits=profiles.of(profiles.ANTHROPIC),
)
