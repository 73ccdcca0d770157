"""Texts that say nothing, as an Anthropic client sends one beside a picture or a tool's result.

No vendor takes them alike: Anthropic refuses them (400, "text content blocks must be non-empty"), Google and Bedrock do
too, servers behind OpenAI's wire may; where anything else is said they are left out, so that nobody has to.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from gophergate.core.blocks import Block, Text, ToolResult
from gophergate.core.request import Turn
from gophergate.dialects.loss import Losses


def is_silent(block: Block) -> bool:
    """True for words that say nothing and carry nothing."""
    return isinstance(block, Text) and not block.text and block.seal is None


def spoken(turns: Sequence[Turn], losses: Losses, dialect: str) -> Sequence[Turn]:
    """Those turns, of another dialect than `dialect`, without silent texts where anything else remains in the turn, or
    in the tool's result; of several that are all there is one stays. Each turn for itself, so that what comes later
    changes nothing of what was written before (R-K1)."""
    if not any(_may_be_silent(block) for turn in turns for block in turn.blocks):
        return turns
    shown = [_spoken(turn, losses, dialect) for turn in turns]
    return turns if all(new is old for new, old in zip(shown, turns, strict=True)) else shown


def _may_be_silent(block: Block) -> bool:
    kind = type(block)
    return not block.text if kind is Text else kind is ToolResult  # type: ignore[union-attr]


def _spoken(turn: Turn, losses: Losses, dialect: str) -> Turn:
    blocks = _without_silence(turn.blocks, losses, dialect)
    for at, block in enumerate(blocks):
        if isinstance(block, ToolResult):
            content = _without_silence(block.content, losses, dialect)
            if content is not block.content:
                blocks = (*blocks[:at], replace(block, content=content), *blocks[at + 1 :])
    return turn if blocks is turn.blocks else replace(turn, blocks=blocks)


def _without_silence(blocks: tuple[Block, ...], losses: Losses, dialect: str) -> tuple[Block, ...]:
    if len(blocks) < 2:
        return blocks
    kept = tuple(block for block in blocks if not is_silent(block)) or blocks[:1]
    if len(kept) == len(blocks):
        return blocks
    for block in blocks:
        if isinstance(block, Text) and is_silent(block) and block is not kept[0]:
            losses.foreign(block.extra, dialect)
            if block.cache is not None:
                losses.drop("cache_control")
            if block.citations:
                losses.drop("citations")
    return kept
