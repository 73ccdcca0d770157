"""Which `anthropic-beta` values a body needs, read from what it holds. A table, because betas come and go.

What has become generally available is not listed. A caller's own betas are not this room's business: they are
headers, and routing joins them with these (edge case 63).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gophergate.core.blocks import Json
from gophergate.dialects.anthropic_messages.wire import list_of, object_of

_TOOLS = (
    ("computer_20251124", "computer-use-2025-11-24"),
    ("computer_20250124", "computer-use-2025-01-24"),
    ("computer_20241022", "computer-use-2024-10-22"),
    ("bash_20241022", "computer-use-2024-10-22"),
    ("text_editor_20241022", "computer-use-2024-10-22"),
    ("code_execution_20250522", "code-execution-2025-05-22"),
    ("advisor_20260301", "advisor-tool-2026-03-01"),
    ("mcp_toolset", "mcp-client-2025-11-20"),
)
_CHANGES = frozenset({"tool_addition", "tool_removal"})


def betas_of(body: dict[str, Json]) -> tuple[str, ...]:
    """The beta values in a stable order, each once."""
    types = {tool.get("type") for tool in _objects(body.get("tools"))}
    found = [beta for kind, beta in _TOOLS if kind in types]
    found.extend(beta for beta, is_needed in _MEMBERS if is_needed(body))
    return tuple(dict.fromkeys(found))


def _old_connector(body: dict[str, Json]) -> bool:
    return bool(body.get("mcp_servers")) and not any(
        tool.get("type") == "mcp_toolset" for tool in _objects(body.get("tools"))
    )


def _compacts(body: dict[str, Json]) -> bool:
    return any(edit == "compact_20260112" for edit in _edits(body))


def _clears(body: dict[str, Json]) -> bool:
    return any(edit != "compact_20260112" for edit in _edits(body))


def _edits(body: dict[str, Json]) -> Iterator[Json]:
    return (edit.get("type") for edit in _objects(object_of(body.get("context_management")).get("edits")))


def _files(body: dict[str, Json]) -> bool:
    return any(
        block.get("type") == "container_upload" or object_of(block.get("source")).get("type") == "file"
        for block in _blocks(body)
    )


def _changes_tools(body: dict[str, Json]) -> bool:
    return any(block.get("type") in _CHANGES for block in _blocks(body))


def _system_has(member: str) -> Callable[[dict[str, Json]], bool]:
    return lambda body: any(m.get("role") == "system" and member in m for m in _objects(body.get("messages")))


def _thinking_has(member: str, value: Json = None) -> Callable[[dict[str, Json]], bool]:
    def has(body: dict[str, Json]) -> bool:
        said = object_of(body.get("thinking")).get(member)
        return said is not None and (value is None or said == value)

    return has


def _objects(value: Json) -> Iterator[dict[str, Any]]:
    return (item for item in list_of(value) if isinstance(item, dict))


def _blocks(body: dict[str, Json]) -> Iterator[dict[str, Any]]:
    for message in _objects(body.get("messages")):
        for block in _objects(message.get("content")):
            yield block
            if block.get("type") == "tool_result":
                yield from _objects(block.get("content"))


_MEMBERS: tuple[tuple[str, Callable[[dict[str, Json]], bool]], ...] = (
    ("mcp-client-2025-04-04", _old_connector),
    ("compact-2026-01-12", _compacts),
    ("context-management-2025-06-27", _clears),
    ("compact-2026-09-04", lambda body: body.get("compaction") is not None),
    ("skills-2025-10-02", lambda body: bool(object_of(body.get("container")).get("skills"))),
    ("files-api-2025-04-14", _files),
    ("task-budgets-2026-03-13", lambda body: "task_budget" in object_of(body.get("output_config"))),
    ("fast-mode-2026-02-01", lambda body: body.get("speed") is not None),
    ("thinking-display-updates-2026-08-18", _thinking_has("display", "updates")),
    ("thinking-binding-controls-2026-08-01", _thinking_has("block_binding")),
    ("mid-conversation-tool-changes-2026-07-01", _changes_tools),
    ("mid-conversation-output-config-2026-07-01", _system_has("output_config")),
    ("mid-conversation-system-clear-at-2026-08-21", _system_has("clear_at")),
)
