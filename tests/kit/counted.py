"""Recorded calls whose prompt can be seen whole, beside the usage their provider reported: estimates are held to it.

What cannot be known is left out for a reason that stands in the request, never for how far an estimate is off; the
reasons are counted, and `docs/counting.md` tells them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gophergate.core.blocks import Block, Media, Opaque, Thought, ToolResult
from gophergate.core.events import Started, UsageSeen
from gophergate.core.request import Request, ServerTool
from gophergate.core.usage import Usage
from gophergate.doors.chat import dialects
from gophergate.providers.registry import BY_KIND
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
_KINDS = {"azure": "openai", "llama-cpp": "llamacpp"}
"""The kinds of provider that recorded services are reached as, where they are called otherwise; others are
"compatible"."""

NO_COUNT = "failed, or the answer tells no usage"
ELSEWHERE = (
    "part of the prompt is stored with the vendor (earlier answers, thoughts by their id, files, caches, prompts)"
)
RUN_BY_VENDOR = "tools that the vendor runs: what they found is counted and does not stand in the request"
MANY_ANSWERS = "the vendor asks several models in turn and counts what it asked each (Groq's compound, OpenAI's pro)"
APART = (
    "the vendor counts a prompt of its own as cached, sometimes beside and sometimes within the rest (Grok at Azure)"
)


@dataclass(frozen=True)
class Counted:
    """A call, the model that answered, the prompt tokens it was charged. `hashed` is of its conversation."""

    request: Request
    model: str
    service: str
    tokens: int
    hashed: int

    def near(self, estimated: float) -> bool:
        """Within ten per cent (R-C4), give or take the half token of rounding."""
        return abs(round(estimated) - self.tokens) <= 0.1 * self.tokens + 0.5

    @property
    def media(self) -> tuple[Media, ...]:
        """Its pictures, documents, sounds and films."""
        return tuple(block for block in _blocks(self.request) if isinstance(block, Media) and block.text is None)


def every() -> Iterator[Counted]:
    """Every recorded call made of words and client tools alone."""
    return (call for call in _all(Counter()) if not call.media)


def with_media() -> Iterator[Counted]:
    """Every recorded call that holds media beside its words."""
    return (call for call in _all(Counter()) if call.media)


def left_out() -> Counter[str]:
    """How many recorded calls are in neither, by the reason."""
    reasons: Counter[str] = Counter()
    for _ in _all(reasons):
        pass
    return reasons


def _all(reasons: Counter[str]) -> Iterator[Counted]:
    for record in exchanges.every(*SPOKEN):
        found = _judged(record)
        if isinstance(found, str):
            reasons[found] += 1
        else:
            yield found


def _judged(record: dict[str, Any]) -> Counted | str:
    body = record["request_body"]
    if record["status"] != 200 or not isinstance(body, dict):
        return NO_COUNT
    dialect = dialects()[SPOKEN[record["endpoint"]]]
    asked = dialect.read_request(exchanges.request_bytes(record), model="m")
    reader = dialect.reader(stream=record["framing"] != "json")
    usage, model = Usage(), ""
    for event in reader.feed(exchanges.response_bytes(record)) + reader.end():
        if isinstance(event, UsageSeen):
            usage = usage.merged(event.usage)
        elif isinstance(event, Started):
            model = event.model
    model = model or str(body.get("model", ""))
    if not usage.total_input:
        return NO_COUNT
    reason = _unknowable(asked, body) or ("" if not usage.tool_uses else RUN_BY_VENDOR)
    reason = reason or (APART if record["provider"] == "azure" and "grok" in model else "")
    reason = reason or (MANY_ANSWERS if "compound" in model else "")
    if reason:
        return reason
    service = _KINDS.get(record["provider"], record["provider"])
    hashed = int.from_bytes(hashlib.sha256((record["provider"] + record["path"]).encode()).digest()[:2], "big")
    return Counted(asked, model, service if service in BY_KIND else "compatible", usage.total_input, hashed)


def _unknowable(asked: Request, body: dict[str, Any]) -> str:
    """Why the prompt cannot be seen whole; "" when it can."""
    blocks = list(_blocks(asked))
    if asked.previous_response_id or any(name in body for name in _ELSEWHERE) or any(map(_is_stored, blocks)):
        return ELSEWHERE
    if any(isinstance(tool, ServerTool) for tool in asked.tools) or any(map(_is_found, blocks)):
        return RUN_BY_VENDOR
    wish = asked.reasoning.extra.get("openai_responses", {}) if asked.reasoning is not None else {}
    return MANY_ANSWERS if wish.get("mode") == "pro" else ""


def _is_found(block: Block) -> bool:
    """What a vendor's tool brought, or a tool that it puts into the prompt."""
    return isinstance(block, Opaque) or any("_tool_reference" in members for members in block.extra.values())


def _is_stored(block: Block) -> bool:
    if isinstance(block, Media):
        return block.file_id is not None
    return isinstance(block, Thought) and bool(block.item_id) and block.seal is None


def _blocks(asked: Request) -> Iterator[Block]:
    for turn in asked.turns:
        for block in turn.blocks:
            yield block
            if isinstance(block, ToolResult):
                yield from block.content
