"""Canonical content blocks: what turns and replies are made of.

What a provider minted for itself travels as a `Seal` or an `Opaque` that names its maker, and goes back
only there. `extra` holds members of a dialect that the canon has no word for, keyed by that dialect's
name; a writer re-emits only its own.
"""

from __future__ import annotations

from typing import Any, Literal, final

import msgspec

Json = Any
Extra = dict[str, dict[str, Json]]

NO_EXTRA: Extra = {}
"""Shared by every node without extras. Never mutated: nodes are values."""


class Seal(msgspec.Struct, frozen=True, gc=False):
    """A token a provider minted (thinking signature, encrypted reasoning, thought signature).

    `token` is byte for byte what it sent. `dialect` is the wire language it is native to. `origin` is the
    maker (a provider's name), or "" when not known: then any speaker of `dialect` may be its maker.
    Never made up, never shortened, never shown to another maker.
    """

    token: str
    dialect: str
    origin: str = ""

    def belongs_to(self, dialect: str, origin: str) -> bool:
        """True when it may be sent to a target that speaks `dialect` and is called `origin`."""
        return self.dialect == dialect and (not self.origin or not origin or self.origin == origin)


class CacheMark(msgspec.Struct, frozen=True, gc=False):
    """A caller's prompt-cache breakpoint after this node. `ttl` as the wire says it ("5m", "1h"), "" unsaid."""

    ttl: str = ""


class Citation(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A source for a stretch of text. `start`/`end` are character offsets into the block, where given.

    `native` is the whole wire object, with `dialect` naming whose it is, so the same dialect gets it back whole.
    """

    url: str = ""
    title: str = ""
    quote: str = ""
    start: int | None = None
    end: int | None = None
    dialect: str = ""
    native: dict[str, Json] | None = None


@final
class Text(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True):
    """Words. `refusal` marks a model's refusal where the vendor keeps them apart. `seal` is for vendors
    that sign text parts (Gemini)."""

    text: str
    refusal: bool = False
    citations: tuple[Citation, ...] = ()
    seal: Seal | None = None
    cache: CacheMark | None = None
    extra: Extra = NO_EXTRA


@final
class Media(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True):
    """An image, sound, video or document: exactly one of `data` (base64 as received), `url`, `file_id`, `text`.

    `file_id` is a vendor's own upload, so it goes only to `dialect`. `media_type` may be "" when unsaid (a URL).
    `text` is a plain-text document's content. `detail` is OpenAI's image detail.
    """

    kind: Literal["image", "audio", "video", "document"]
    media_type: str = ""
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    text: str | None = None
    dialect: str = ""
    name: str | None = None
    detail: str | None = None
    transcript: str | None = None
    seal: Seal | None = None
    cache: CacheMark | None = None
    extra: Extra = NO_EXTRA


@final
class ToolCall(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True):
    """The model asks for a tool. `arguments` is the string received (JSON text; free text when `custom`).

    `namespace` is the Responses API's tool namespace, "" for none. `item_id` is the Responses item id,
    distinct from the call's `id`. Ids are kept at full length.
    """

    id: str
    name: str
    arguments: str = ""
    custom: bool = False
    namespace: str = ""
    item_id: str = ""
    seal: Seal | None = None
    cache: CacheMark | None = None
    extra: Extra = NO_EXTRA


@final
class ToolResult(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True):
    """What the tool said. `content` is Text, Media or Opaque blocks; `is_error` None when unsaid.

    `name` is the tool's name where the wire gives it (Gemini, Ollama need it). `custom` as on the call.
    """

    call_id: str
    content: tuple[Text | Media | Opaque, ...] = ()
    is_error: bool | None = None
    name: str = ""
    custom: bool = False
    cache: CacheMark | None = None
    extra: Extra = NO_EXTRA


@final
class Thought(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True):
    """Reasoning. `text` is what may be read (full or summary, `summary` says which); `seal` proves it to its maker.

    `redacted` marks a thought of which only the seal was given. `item_id` is the Responses reasoning item's id.
    A signed thought may have empty text and is kept all the same.
    """

    text: str = ""
    seal: Seal | None = None
    redacted: bool = False
    summary: bool = False
    item_id: str = ""
    extra: Extra = NO_EXTRA


@final
class Opaque(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True):
    """A block only its own dialect understands (server-tool calls and results, item references, ...).

    `label` names it in loss reports ("web_search_tool_result"). To another dialect it is a setting that is
    dropped and disclosed when `optional`, otherwise content that is refused by name.
    """

    dialect: str
    label: str
    data: Json
    optional: bool = True
    origin: str = ""
    cache: CacheMark | None = None
    extra: Extra = NO_EXTRA


@final
class Vector(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True):
    """An embedding of input number `input`: exactly one of `numbers`, the JSON array as received, and `packed`, base64
    of its numbers one after the other (float32, little-endian; one byte each for the other kinds).

    `kind` is what its numbers are: "float", "int8", "uint8", or eight dimensions a byte, "binary" (signed) and
    "ubinary". Numbers are never written anew: a vector that comes out otherwise than it went in is another one.
    """

    input: int
    kind: str = "float"
    numbers: bytes | None = None
    packed: str | None = None
    extra: Extra = NO_EXTRA


Block = Text | Media | ToolCall | ToolResult | Thought | Opaque | Vector
