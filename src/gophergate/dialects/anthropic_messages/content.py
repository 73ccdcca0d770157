"""Canonical blocks of a request to content blocks as JSON: what one block may become, and what cannot go.

Knows nothing of turns; their order and pairing is `turns`' business.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from gophergate.core.blocks import (
    Block,
    CacheMark,
    Citation,
    Json,
    Media,
    Opaque,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Vector,
)
from gophergate.dialects.anthropic_messages.blocks import REFERENCE, TTLS, found_tool, words_of
from gophergate.dialects.anthropic_messages.names import tool_name
from gophergate.dialects.anthropic_messages.wire import NAME, WHERE, own
from gophergate.dialects.base import Target, decode
from gophergate.dialects.loss import Losses, refuse
from gophergate.dialects.members import object_of
from gophergate.dialects.toolnames import flat_name, wrap_input

IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_PDF = "application/pdf"
_WORDS = frozenset({"application/json", "application/xml", "application/yaml", "application/x-yaml"})
"""Types besides text/* whose bytes are words: they go as a plain-text document, the only kind there is besides PDF."""


class Content:
    """Writes the blocks of one request."""

    __slots__ = ("_losses", "_marks", "_target", "_ttl")

    def __init__(self, target: Target, losses: Losses) -> None:
        self._target = target
        self._losses = losses
        self._marks = "cache_control" not in target.traits.refuses
        self._ttl = "cache_ttl" not in target.traits.refuses

    def goes(self, block: Block) -> bool:
        """Whether a block goes out at all.

        A thought of another maker without words is left out in silence: only its state was there (R-S2). All else that
        is left out is named. Raises BadRequest for content that may not be.
        """
        if type(block) is Text:
            # The API refuses text that is empty or nothing but white space.
            if block.text.strip():
                return True
            if block.cache is not None:
                self._losses.drop("cache_control")
            return False
        if type(block) is Thought:
            if block.seal is not None and block.seal.belongs_to(NAME, self._target.origin):
                return True
            if block.text:
                self._losses.drop("reasoning")
            return False
        return type(block) is not Opaque or self._opaque_goes(block)

    def write(self, block: Block) -> dict[str, Json]:
        """One block that `goes`. Raises BadRequest, naming it, for content this wire has no place for."""
        match block:
            case Text():
                whole = own(block.extra).get(REFERENCE)
                is_same = isinstance(whole, dict) and found_tool(whole) == block.text
                out = dict(object_of(whole)) if is_same else self._text(block)
            case ToolCall():
                out = {
                    "type": "tool_use",
                    "id": block.id,
                    "name": tool_name(flat_name(block)),
                    "input": input_of(block),
                }
            case ToolResult():
                out = self._result(block)
            case Media():
                out = self._image(block) if block.kind == "image" else self._document(block)
            case Thought():
                return self._thought(block)
            case Vector():
                raise refuse(block, "Anthropic")
            case Opaque():
                out = dict(block.data)
                out.update(self.mark(block.cache, own(block.extra)))
                return out
        extra = own(block.extra)
        if extra:
            out.update((name, value) for name, value in extra.items() if name not in _HANDLED)
        out.update(self.mark(block.cache, extra))
        return out

    def mark(self, cache: CacheMark | None, extra: dict[str, Json]) -> dict[str, Json]:
        """The `cache_control` member of a node, if it has one and the target takes one (edge case 31)."""
        if cache is None:
            return {}
        if not self._marks:
            self._losses.drop("cache_control")
            return {}
        whole = extra.get("cache_control")
        if isinstance(whole, dict):
            return {"cache_control": whole}
        if cache.ttl and not (self._ttl and cache.ttl in TTLS):
            self._losses.drop("cache_ttl")
        elif cache.ttl:
            return {"cache_control": {"type": "ephemeral", "ttl": cache.ttl}}
        return {"cache_control": {"type": "ephemeral"}}

    def _opaque_goes(self, block: Opaque) -> bool:
        origin = self._target.origin
        if block.dialect == NAME and (not block.origin or not origin or block.origin == origin):
            return True
        self.leave_out(block)
        return False

    def leave_out(self, block: Opaque) -> None:
        """Name a block that does not go. Raises BadRequest for content that may not be left out."""
        if not block.optional:
            raise refuse(block, WHERE)
        self._losses.drop(block.label)

    def _text(self, block: Text) -> dict[str, Json]:
        out: dict[str, Json] = {"type": "text", "text": block.text}
        sources = [citation.native for citation in block.citations if _is_genuine(citation)]
        if sources:
            out["citations"] = sources
        if len(sources) < len(block.citations):
            self._losses.drop("citations")
        return out

    def _thought(self, block: Thought) -> dict[str, Json]:
        token = block.seal.token if block.seal is not None else ""
        if block.redacted:
            return {"type": "redacted_thinking", "data": token, **own(block.extra)}
        return {"type": "thinking", "thinking": block.text, "signature": token, **own(block.extra)}

    def _result(self, block: ToolResult) -> dict[str, Json]:
        out: dict[str, Json] = {"type": "tool_result", "tool_use_id": block.call_id}
        content = [self.write(part) for part in block.content if self.goes(part)]
        if content:
            out["content"] = content
        if block.is_error is not None:
            out["is_error"] = block.is_error
        return out

    def _image(self, block: Media) -> dict[str, Json]:
        if block.detail is not None:
            self._losses.drop("detail")
        if block.data is not None:
            if block.media_type not in IMAGE_TYPES and not own(block.extra):
                raise refuse(block, WHERE, "images go as JPEG, PNG, GIF or WebP")
            source: dict[str, Json] = {"type": "base64", "media_type": block.media_type, "data": block.data}
        else:
            source = self._elsewhere(block)
        return {"type": "image", "source": {**source, **object_of(own(block.extra).get("source"))}}

    def _document(self, block: Media) -> dict[str, Json]:
        if block.kind != "document":
            raise refuse(block, WHERE)
        whole = own(block.extra).get("search_result")
        if isinstance(whole, dict) and words_of(whole.get("content")) == block.text:
            return dict(whole)
        out: dict[str, Json] = {"type": "document", "source": self._source(block)}
        if block.name is not None:
            out["title"] = block.name
        return out

    def _source(self, block: Media) -> dict[str, Json]:
        more = object_of(own(block.extra).get("source"))
        if more.get("type") == "content":
            if words_of(more.get("content")) == block.text:
                return more
            more = {}
        if block.text is not None:
            source: dict[str, Json] = {"type": "text", "media_type": "text/plain", "data": block.text}
        elif block.data is None:
            if block.url is not None and block.media_type not in ("", _PDF):
                raise refuse(block, WHERE, "only a PDF can be named by its URL")
            source = self._elsewhere(block)
        elif block.media_type == _PDF:
            source = {"type": "base64", "media_type": _PDF, "data": block.data}
        elif block.media_type.startswith("text/") or block.media_type in _WORDS:
            source = {"type": "text", "media_type": "text/plain", "data": _decoded(block)}
        else:
            raise refuse(block, WHERE, "documents go as PDF or as text")
        return {**source, **more}

    def _elsewhere(self, block: Media) -> dict[str, Json]:
        if block.url is not None:
            if block.kind not in self._target.traits.fetches:
                raise refuse(block, WHERE, "the target fetches no URLs")
            return {"type": "url", "url": block.url}
        if block.file_id is not None and block.dialect == NAME:
            return {"type": "file", "file_id": block.file_id}
        raise refuse(block, WHERE, "a file uploaded to another vendor is not there")


_HANDLED = frozenset({"source", "search_result", "cache_control", REFERENCE})


def input_of(call: ToolCall) -> dict[str, Json]:
    """A call's arguments as the object this wire wants.

    None at all are an empty object. A free-form call's text, arguments that do not parse, and arguments that are
    no object stand whole, as a string, under "input": nothing is lost, and nothing crashes.
    """
    if call.custom:
        return object_of(decode(wrap_input(call.arguments).encode()))
    if not call.arguments.strip():
        return {}
    try:
        value = decode(call.arguments.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return {"input": call.arguments}
    return value if isinstance(value, dict) else {"input": call.arguments}


def _is_genuine(citation: Citation) -> bool:
    """The vendor's own source, not one that this gateway showed in its form (those lack the vendor's index)."""
    native = citation.native
    return citation.dialect == NAME and native is not None and native.get("encrypted_index") != ""


def _decoded(block: Media) -> str:
    try:
        return base64.b64decode(block.data or "", validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise refuse(block, WHERE, "its text is not base64 of UTF-8") from None
