"""The wire objects of a reply that stream and body share: its head, calls, citations, media, finish words."""

from __future__ import annotations

from gophergate.core.blocks import Json, Media, Thought, ToolCall
from gophergate.core.events import (
    Reason,
    Started,
)
from gophergate.core.request import Request, Tool
from gophergate.dialects.base import Stamp
from gophergate.dialects.members import list_of, object_of
from gophergate.dialects.openai_chat.wire import NOTE_LEGACY, NOTE_MEMBERS, WRITE_REASON, own, said, write_seal
from gophergate.dialects.toolnames import flat_name


class Shapes:
    """What stream and body share: names, ids, and the wire objects of blocks."""

    __slots__ = ("_token", "head", "is_legacy")

    def __init__(self, request: Request, stamp: Stamp) -> None:
        self._token = stamp.token
        self.head: dict[str, Json] = {
            "id": f"chatcmpl-{stamp.token}",
            "object": "chat.completion",
            "created": stamp.now,
            "model": request.model,
        }
        self.is_legacy = any(isinstance(tool, Tool) and own(tool.extra).get(NOTE_LEGACY) for tool in request.tools)

    def begin(self, started: Started) -> None:
        """Take over what the reply says of itself; ids and times stay ours."""
        if started.model:
            self.head["model"] = started.model
        for name, value in own(started.extra).items():
            self.head.setdefault(name, value)

    def call(self, call: ToolCall, number: int) -> dict[str, Json]:
        """A tool call. One that its provider gave no id gets ours."""
        identity = call.id or f"call_{self._token}{number}"
        if call.custom:
            told: dict[str, Json] = {"id": identity, "type": "custom", "custom": _named(call, "input")}
        else:
            told = {"id": identity, "type": "function", "function": _named(call, "arguments")}
        told.update({name: value for name, value in said(call.extra).items() if name != "function"})
        if call.seal is not None:
            told["extra_content"] = write_seal(call.seal)
        return told

    def reason(self, reason: Reason, *, refused: bool) -> str:
        """The finish word. A refusal that is told in words ended normally."""
        if reason == "refusal" and refused:
            return "stop"
        if reason == "tool_calls" and self.is_legacy:
            return "function_call"
        return WRITE_REASON[reason]

    def audio(self, media: Media) -> dict[str, Json]:
        """Spoken output; the id is what a later request refers to."""
        known = own(media.extra)
        return {"id": known.get("id") or f"audio_{self._token}", "expires_at": known.get("expires_at") or 0}


def _named(call: ToolCall, member: str) -> dict[str, Json]:
    nested = object_of(own(call.extra).get("function"))
    return {"name": flat_name(call), member: call.arguments, **nested}


def picture(media: Media) -> dict[str, Json]:
    """Media of a reply that are not speech, as OpenRouter tells them (`images`)."""
    url = media.url or f"data:{media.media_type or 'image/png'};base64,{media.data or ''}"
    return {"type": "image_url", "image_url": {"url": url}}


def attachment(media: Media) -> dict[str, Json]:
    """A file in a reply: an annotation, as OpenRouter tells it."""
    url = media.url or f"data:{media.media_type or 'application/octet-stream'};base64,{media.data or ''}"
    return {"type": "file", "file": {"name": media.name or media.kind, "content": [{"type": "text", "text": url}]}}


def plain_members(thought: Thought) -> list[str]:
    """The members a thought's text goes out as: its own, or the one most clients know."""
    return list_of(own(thought.extra).get(NOTE_MEMBERS)) or ["reasoning_content"]
