"""The usual body and the usual chunk, read in one step: one choice, plain words, nothing rare. Everything else goes
the long way.

Only speed: what this gives is what the long way gives, and tests hold every recorded answer and generated ones to
that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from gophergate.core.blocks import NO_EXTRA, Extra, Json, Text
from gophergate.core.events import BlockClosed, BlockOpened, Event, Finished, Started, UsageSeen
from gophergate.core.usage import tier_of
from gophergate.dialects.openai_chat.usage import read_usage_bytes
from gophergate.dialects.openai_chat.wire import NAME


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["assistant"]
    content: Annotated[str, Meta(min_length=1)]
    refusal: None = None
    annotations: Annotated[list[Any], Meta(max_length=0)] | None = None
    tool_calls: None = None


class _Choice(msgspec.Struct, forbid_unknown_fields=True, gc=False, kw_only=True):
    index: Literal[0] = 0
    message: _Message
    logprobs: None = None
    finish_reason: Literal["stop", "length"]


class _Body(msgspec.Struct, forbid_unknown_fields=True, gc=False, kw_only=True):
    """Members as OpenAI orders them: each is looked for behind the one before."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: tuple[_Choice]
    usage: msgspec.Raw
    service_tier: str | None = None
    system_fingerprint: str | None = None


class _Delta(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    content: Annotated[str, Meta(min_length=1)]
    role: str | None = None
    refusal: None = None
    tool_calls: None = None
    reasoning: None = None
    reasoning_content: None = None


class _Piece(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    delta: _Delta
    index: Literal[0] = 0
    finish_reason: None = None
    logprobs: None = None


class _Chunk(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    choices: tuple[_Piece]
    id: str | None = None
    object: str | None = None
    created: int | None = None
    model: str | None = None
    usage: None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    obfuscation: str | None = None
    p: str | None = None


_DECODER = msgspec.json.Decoder(_Body)
_CHUNK = msgspec.json.Decoder(_Chunk)
_CLOSED = BlockClosed(0)
_FINISHED = {
    "stop": Finished(reason="stop", native_reason="stop"),
    "length": Finished(reason="length", native_reason="length"),
}


def read_plain(body: bytes) -> list[Event] | None:
    """The events of a plain body; None when it has anything unusual in it, or is no such body at all."""
    try:
        read = _DECODER.decode(body)
        tier = read.service_tier
        usage = read_usage_bytes(read.usage, tier_of(tier) if tier is not None else None)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    choice = read.choices[0]
    content = choice.message.content
    if "<" in content[:64] and content.lstrip().startswith("<"):
        return None  # It may open with an inline thought.
    extra = _extra(read) if tier is not None or read.system_fingerprint is not None else NO_EXTRA
    started = Started(id=read.id, model=read.model, created=read.created, extra=extra)
    opened, finished = BlockOpened(0, Text(text=content)), _FINISHED[choice.finish_reason]
    if usage is None:
        return [started, opened, _CLOSED, finished]
    return [started, opened, _CLOSED, UsageSeen(usage), finished]


def _extra(read: _Body) -> Extra:
    told = (("service_tier", read.service_tier), ("system_fingerprint", read.system_fingerprint))
    return {NAME: {name: value for name, value in told if value is not None}}


def read_words(payload: bytes, told: Mapping[str, Json]) -> str | None:
    """The words of a chunk that says nothing but them in the middle of a text; None for any other. `told` are the
    members without a canonical name that the first chunk had: they come again in each."""
    try:
        read = _CHUNK.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if read.service_tier is not None and told.get("service_tier") != read.service_tier:
        return None
    if read.system_fingerprint is not None and told.get("system_fingerprint") != read.system_fingerprint:
        return None
    return read.choices[0].delta.content
