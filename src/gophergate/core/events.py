"""What a provider's reply is made of, in the strictest lifecycle of any dialect.

    Started, then for each block: BlockOpened, BlockGrew*, BlockClosed, with UsageSeen anywhere between,
    then exactly one of Finished or Failed, and nothing after it.

A block opens before it grows and closes exactly once; indexes are 0, 1, 2, ... in the order of opening.
Blocks may overlap in time (parallel calls). A non-streamed reply is the same list, folded by `core.reply`.
`dialects.assembler` makes loose provider streams obey this; `core.lifecycle` checks it.
"""

from __future__ import annotations

from typing import Literal, final

import msgspec

from gophergate.core.blocks import NO_EXTRA, Block, Citation, Extra, Json, Seal
from gophergate.core.usage import Usage
from gophergate.errors import GatewayError

Reason = Literal[
    "stop",
    "length",
    "tool_calls",
    "content_filter",
    "refusal",
    "stop_sequence",
    "pause",
    "malformed_tool_call",
    "context_exceeded",
]


@final
class Started(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The provider began. `id` and `model` are the provider's own, "" when it gives none; `created` Unix seconds."""

    id: str = ""
    model: str = ""
    created: int | None = None
    extra: Extra = NO_EXTRA


@final
class BlockOpened(msgspec.Struct, frozen=True, gc=False):
    """`block` is what is known at the opening (a call's id and name, a whole picture); text grows afterwards.

    `choice` is the alternative it belongs to (`n` > 1), 0 for the first.
    """

    index: int
    block: Block
    choice: int = 0


@final
class BlockGrew(msgspec.Struct, frozen=True, gc=False):
    """More of block `index`. `text` extends Text.text, Thought.text, ToolCall.arguments, Media.data; `transcript`
    extends Media.transcript; `seal` sets the seal (the last one given stands; text of it may come in pieces,
    each event carrying the whole so far); `citations` are appended; `logprobs` is OpenAI's token list for this text;
    `extra` updates the block's extras by dialect, member by member.
    """

    index: int
    text: str = ""
    seal: Seal | None = None
    citations: tuple[Citation, ...] = ()
    logprobs: Json = None
    transcript: str = ""
    extra: Extra = NO_EXTRA


@final
class BlockClosed(msgspec.Struct, frozen=True, gc=False):
    index: int


@final
class UsageSeen(msgspec.Struct, frozen=True, gc=False):
    """A running or final total; later reports win member by member, they are never summed."""

    usage: Usage


@final
class Finished(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The reply is whole. `reason` canonical, `native_reason` the provider's own word. A refusal in words
    (`Text.refusal`) ends with "stop" at the vendors that tell it so; "refusal" is an end that the vendor calls one.

    `stop_sequence` is the text that stopped it. `others` are the reasons of choices 1, 2, ... when `n` > 1.
    """

    reason: Reason
    native_reason: str = ""
    stop_sequence: str | None = None
    others: tuple[Reason, ...] = ()
    extra: Extra = NO_EXTRA


@final
class Failed(msgspec.Struct, frozen=True):
    """The reply broke: the provider said so, or it ended without a finish reason."""

    error: GatewayError


Event = Started | BlockOpened | BlockGrew | BlockClosed | UsageSeen | Finished | Failed
Terminal = (Finished, Failed)
