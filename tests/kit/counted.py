"""Recorded calls whose prompt can be seen whole, beside the usage their provider reported: estimates are held to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gophergate.core.blocks import Media, Opaque, ToolResult
from gophergate.core.events import Started, UsageSeen
from gophergate.core.request import Request, ServerTool
from gophergate.core.usage import Usage
from gophergate.doors.chat import dialects
from kit import exchanges

SPOKEN = {
    "chat.completions": "openai_chat",
    "responses": "openai_responses",
    "messages": "anthropic_messages",
    "generateContent": "gemini",
    "streamGenerateContent": "gemini",
}
_ELSEWHERE = ("cachedContent", "cached_content", "conversation", "prompt", "container", "context_management")
"""Members that put into the prompt what does not stand in the request."""


@dataclass(frozen=True)
class Counted:
    """A call, the model that answered, the prompt tokens it was charged. `half` parts conversations in two."""

    request: Request
    model: str
    service: str
    tokens: int
    half: int

    def near(self, estimated: float) -> bool:
        """Within ten per cent (R-C4), give or take the half token of rounding."""
        return abs(round(estimated) - self.tokens) <= 0.1 * self.tokens + 0.5


def every() -> Iterator[Counted]:
    """Every recorded call made of words and client tools alone."""
    for record in exchanges.every(*SPOKEN):
        found = _counted(record)
        if found is not None:
            yield found


def _counted(record: dict[str, Any]) -> Counted | None:
    body = record["request_body"]
    if record["status"] != 200 or not isinstance(body, dict) or any(name in body for name in _ELSEWHERE):
        return None
    dialect = dialects()[SPOKEN[record["endpoint"]]]
    asked = dialect.read_request(exchanges.request_bytes(record), model="m")
    reader = dialect.reader(stream=record["framing"] != "json")
    usage, model = Usage(), ""
    for event in reader.feed(exchanges.response_bytes(record)) + reader.end():
        if isinstance(event, UsageSeen):
            usage = usage.merged(event.usage)
        elif isinstance(event, Started):
            model = event.model
    if not usage.total_input or usage.tool_uses or asked.previous_response_id or not _is_whole(asked):
        return None
    half = hashlib.sha256((record["provider"] + record["path"]).encode()).digest()[0] % 2
    return Counted(asked, model or str(body.get("model", "")), record["provider"], usage.total_input, half)


def _is_whole(asked: Request) -> bool:
    """True when nothing in it is media, a vendor's own block or tool, or more work than one answer."""
    blocks = [block for turn in asked.turns for block in turn.blocks]
    blocks += [part for block in blocks if isinstance(block, ToolResult) for part in block.content]
    wish = asked.reasoning.extra.get("openai_responses", {}) if asked.reasoning is not None else {}
    return not (
        any(isinstance(block, Media | Opaque) for block in blocks)
        or any(isinstance(tool, ServerTool) for tool in asked.tools)
        or wish.get("mode") == "pro"
    )
