"""Which `anthropic-beta` values a body needs, read from what it holds. Tables, because betas come and go.

What has become generally available is not listed. A caller's own betas are not this room's business: they are
headers, and routing joins them with these (edge case 63).
"""

from __future__ import annotations

from collections.abc import Iterator

from gophergate.core.blocks import Json
from gophergate.dialects.members import list_of, object_of

_COMPACT = "compact_20260112"
_OLD_CONNECTOR, _CONNECTOR = "mcp-client-2025-04-04", "mcp-client-2025-11-20"
_FILES = "files-api-2025-04-14"

_TOOLS = {
    "computer_20251124": "computer-use-2025-11-24",
    "computer_20250124": "computer-use-2025-01-24",
    "computer_20241022": "computer-use-2024-10-22",
    "bash_20241022": "computer-use-2024-10-22",
    "text_editor_20241022": "computer-use-2024-10-22",
    "code_execution_20250522": "code-execution-2025-05-22",
    "advisor_20260301": "advisor-tool-2026-03-01",
    "mcp_toolset": _CONNECTOR,
}
_BLOCKS = {
    "container_upload": _FILES,
    "tool_addition": "mid-conversation-tool-changes-2026-07-01",
    "tool_removal": "mid-conversation-tool-changes-2026-07-01",
}
_ON_SYSTEM_MESSAGES = {
    "output_config": "mid-conversation-output-config-2026-07-01",
    "clear_at": "mid-conversation-system-clear-at-2026-08-21",
}
_NESTED = frozenset({"context_management", "container", "output_config", "thinking"})
"""Members inside of which something may need one."""
_MEMBERS = {"compaction": "compact-2026-09-04", "speed": "fast-mode-2026-02-01", "thread": "message-threads-2026-08-12"}


def betas_of(body: dict[str, Json]) -> tuple[str, ...]:
    """The beta values, each once, in the order of what needs them."""
    return tuple(dict.fromkeys((*_of_members(body), *_of_messages(body))))


def _of_members(body: dict[str, Json]) -> Iterator[str]:
    tools = [_TOOLS.get(kind) for tool in list_of(body.get("tools")) if isinstance(kind := _kind(tool), str)]
    yield from filter(None, tools)
    if body.get("mcp_servers") and _CONNECTOR not in tools:
        yield _OLD_CONNECTOR
    for member, beta in _MEMBERS.items():
        if body.get(member) is not None:
            yield beta
    if _NESTED.isdisjoint(body):
        return
    for edit in list_of(object_of(body.get("context_management")).get("edits")):
        yield "compact-2026-01-12" if _kind(edit) == _COMPACT else "context-management-2025-06-27"
    if object_of(body.get("container")).get("skills"):
        yield "skills-2025-10-02"
    if "task_budget" in object_of(body.get("output_config")):
        yield "task-budgets-2026-03-13"
    thinking = object_of(body.get("thinking"))
    if thinking.get("display") == "updates":
        yield "thinking-display-updates-2026-08-18"
    if thinking.get("block_binding") is not None:
        yield "thinking-binding-controls-2026-08-01"


def _of_messages(body: dict[str, Json]) -> Iterator[str]:
    for message in list_of(body.get("messages")):
        if message.get("role") == "system":
            for member, beta in _ON_SYSTEM_MESSAGES.items():
                if member in message:
                    yield beta
        for block in list_of(message.get("content")):
            if block["type"] != "text":
                yield from _of_block(block)


def _of_block(block: dict[str, Json]) -> Iterator[str]:
    kind = block["type"]
    if kind in _BLOCKS:
        yield _BLOCKS[kind]
    elif kind == "tool_result":
        for part in list_of(block.get("content")):
            yield from _of_block(part)
    elif "source" in block and object_of(block["source"]).get("type") == "file":
        yield _FILES


def _kind(value: Json) -> Json:
    return object_of(value).get("type")
