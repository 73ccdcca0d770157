"""A model's turn as it was before it was streamed: Gemini's clients keep each chunk as a content of its own.

Google's own signatures belong to exactly the part that they came on, so sealed words never join others. Another maker's
seal came here in a part of its own, after the thought that it seals. Linear in the parts.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from gophergate.core.blocks import Block, Text, Thought
from gophergate.dialects.gemini.wire import NAME
from gophergate.dialects.silence import is_silent


def rejoined(contents: Iterable[tuple[Block, ...]]) -> tuple[Block, ...]:
    """The blocks of consecutive contents of the model: words that ran on from one to the next are one block again.

    Empty texts, as a stream's last chunk has one, are left out unless they are all there is.
    """
    blocks = _sealed(_run_on(contents))
    return tuple(block for block in blocks if not is_silent(block)) or tuple(blocks[:1])


def _run_on(contents: Iterable[tuple[Block, ...]]) -> list[Block]:
    joined: list[Block] = []
    pieces: list[str] = []
    for blocks in contents:
        for at, block in enumerate(blocks):
            plain = _plain(block)
            if at == 0 and plain is not None and pieces and type(joined[-1]) is type(block):
                pieces.append(plain.text)
                continue
            _close(joined, pieces)
            joined.append(block)
            pieces = [plain.text] if plain is not None else []
    _close(joined, pieces)
    return joined


def _close(joined: list[Block], pieces: list[str]) -> None:
    if len(pieces) > 1 and isinstance(last := joined[-1], Text | Thought):
        joined[-1] = replace(last, text="".join(pieces))


def _sealed(blocks: list[Block]) -> list[Block]:
    """The blocks with each foreign seal on the thought whose parts stand before it."""
    sealed: list[Block] = []
    for block in blocks:
        if isinstance(block, Thought) and block.seal is not None and block.seal.dialect != NAME and not block.redacted:
            texts = [block.text]
            while sealed and isinstance(sealed[-1], Thought) and (plain := _plain(sealed[-1])) is not None:
                texts.append(plain.text)
                sealed.pop()
            sealed.append(replace(block, text="".join(reversed(texts))))
        else:
            sealed.append(block)
    return sealed


def _plain(block: Block) -> Text | Thought | None:
    """The block if it is words that carry nothing else."""
    return block if isinstance(block, Text | Thought) and block.seal is None and not block.extra else None
