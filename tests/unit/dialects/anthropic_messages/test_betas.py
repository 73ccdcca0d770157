"""The beta values that a body needs."""

from __future__ import annotations

from typing import Any

import pytest

from gophergate.dialects.anthropic_messages.betas import betas_of


def said(role: str, block: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": [block], **extra}]}


FILE = {"type": "document", "source": {"type": "file", "file_id": "f"}}


@pytest.mark.parametrize(
    ("body", "betas"),
    [
        ({}, ()),
        ({"tools": [{"name": "f", "input_schema": {}}, 5], "context_management": 5, "thinking": 5}, ()),
        ({"tools": [{"type": "computer_20251124"}, {"type": "computer_20251124"}]}, ("computer-use-2025-11-24",)),
        ({"mcp_servers": [{"type": "url"}]}, ("mcp-client-2025-04-04",)),
        (
            {"mcp_servers": [{"type": "url"}], "tools": [{"type": "mcp_toolset"}]},
            ("mcp-client-2025-11-20",),
        ),
        (
            {"context_management": {"edits": [{"type": "compact_20260112"}, {"type": "clear_thinking_20251015"}]}},
            ("compact-2026-01-12", "context-management-2025-06-27"),
        ),
        ({"container": {"skills": [{}]}}, ("skills-2025-10-02",)),
        ({"container": "container_1"}, ()),
        (said("user", FILE), ("files-api-2025-04-14",)),
        (said("user", {"type": "tool_result", "content": [FILE]}), ("files-api-2025-04-14",)),
        (said("user", {"type": "container_upload"}), ("files-api-2025-04-14",)),
        ({"output_config": {"task_budget": {}}}, ("task-budgets-2026-03-13",)),
        ({"speed": "fast"}, ("fast-mode-2026-02-01",)),
        ({"thread": {"type": "create"}}, ("message-threads-2026-08-12",)),
        ({"thinking": {"type": "adaptive", "display": "updates"}}, ("thinking-display-updates-2026-08-18",)),
        ({"thinking": {"type": "adaptive", "display": "omitted"}}, ()),
        (said("system", {"type": "tool_addition"}), ("mid-conversation-tool-changes-2026-07-01",)),
        (
            said("system", {"type": "text"}, clear_at="never"),
            ("mid-conversation-system-clear-at-2026-08-21",),
        ),
    ],
)
def test_a_body_s_betas(body: dict[str, Any], betas: tuple[str, ...]) -> None:
    """Edge case 63: those that what is sent needs, each once; a caller's own are joined by routing."""
    assert betas_of(body) == betas
