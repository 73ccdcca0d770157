"""A whole reply, and its two conversions: `fold` (events to reply) and `unfold` (reply to events).

Because a non-streamed reply *is* the folded stream, the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from gophergate.core.blocks import (
    NO_EXTRA,
    Block,
    Citation,
    Extra,
    Json,
    Media,
    Seal,
    Text,
    Thought,
    ToolCall,
)
from gophergate.core.events import (
    BlockClosed,
    BlockGrew,
    BlockOpened,
    Event,
    Failed,
    Finished,
    Reason,
    Started,
    UsageSeen,
)
from gophergate.core.usage import Usage
from gophergate.errors import UpstreamCut


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """`blocks` of all choices in order of opening; `choices[i]` is the choice of `blocks[i]`;
    `logprobs[i]` the token list of `blocks[i]`, or None."""

    started: Started
    blocks: tuple[Block, ...]
    choices: tuple[int, ...]
    logprobs: tuple[Json, ...]
    usage: Usage | None
    finished: Finished

    @property
    def reason(self) -> Reason:
        return self.finished.reason

    def of_choice(self, choice: int) -> list[Block]:
        """The blocks of one alternative, in order."""
        return [block for block, of in zip(self.blocks, self.choices, strict=True) if of == choice]


class _Growing:
    """One block that grows: the pieces are joined once, at the end, so folding is linear."""

    __slots__ = ("block", "citations", "extra", "logprobs", "pieces", "seal", "spoken")

    def __init__(self, block: Block) -> None:
        self.block = block
        self.pieces: list[str] = []
        self.spoken: list[str] = []
        self.citations: list[Citation] = []
        self.logprobs: list[Json] = []
        self.seal: Seal | None = None
        self.extra: Extra = {}

    def grow(self, event: BlockGrew) -> None:
        if event.text:
            self.pieces.append(event.text)
        if event.transcript:
            self.spoken.append(event.transcript)
        if event.seal is not None:
            self.seal = event.seal
        if event.citations:
            self.citations.extend(event.citations)
        if event.logprobs is not None:
            self.logprobs.extend(event.logprobs)
        for dialect, members in event.extra.items():
            self.extra.setdefault(dialect, {}).update(members)

    def whole(self) -> Block:
        block, grown = self.block, "".join(self.pieces)
        changes: dict[str, object] = {}
        if self.seal is not None:
            changes["seal"] = self.seal
        if self.extra:
            merged = {dialect: {**members} for dialect, members in block.extra.items()}
            for dialect, members in self.extra.items():
                merged.setdefault(dialect, {}).update(members)
            changes["extra"] = merged
        match block:
            case Text() | Thought():
                if grown:
                    changes["text"] = block.text + grown
                if self.citations and isinstance(block, Text):
                    changes["citations"] = (*block.citations, *self.citations)
            case ToolCall():
                if grown:
                    changes["arguments"] = block.arguments + grown
            case Media():
                if grown:
                    changes["data"] = (block.data or "") + grown
                if self.spoken:
                    changes["transcript"] = (block.transcript or "") + "".join(self.spoken)
            case _:
                changes.pop("seal", None)
        return replace(block, **changes) if changes else block


def fold(events: Iterable[Event]) -> Reply:
    """The reply those events tell. Raises the error of a `Failed`, or UpstreamBroken without a terminal event."""
    started, usage = Started(), None
    blocks: list[Block] = []
    choices: list[int] = []
    growing: dict[int, _Growing] = {}
    for event in events:
        # Not by `isinstance` or `match`: where a struct is of another class, those take five times as long to say so.
        if type(event) is BlockGrew:
            if event.index not in growing:
                growing[event.index] = _Growing(blocks[event.index])
            growing[event.index].grow(event)
        elif type(event) is BlockOpened:
            blocks.append(event.block)
            choices.append(event.choice)
        elif type(event) is BlockClosed:
            continue
        elif type(event) is UsageSeen:
            usage = event.usage if usage is None else usage.merged(event.usage)
        elif type(event) is Started:
            started = event
        elif type(event) is Failed:
            raise event.error
        elif type(event) is Finished:
            logprobs: list[Json] = [None] * len(blocks)
            for index, grown in growing.items():
                blocks[index] = grown.whole()
                logprobs[index] = grown.logprobs or None
            return Reply(
                started=started,
                blocks=tuple(blocks),
                choices=tuple(choices),
                logprobs=tuple(logprobs),
                usage=usage,
                finished=event,
            )
    raise UpstreamCut()


def unfold(reply: Reply) -> Iterator[Event]:
    """The shortest event list that folds to `reply`: each block opens whole and closes."""
    yield reply.started
    for index, (block, choice, logprobs) in enumerate(zip(reply.blocks, reply.choices, reply.logprobs, strict=True)):
        yield BlockOpened(index, block, choice)
        if logprobs is not None:
            yield BlockGrew(index, logprobs=logprobs)
        yield BlockClosed(index)
    if reply.usage is not None:
        yield UsageSeen(reply.usage)
    yield reply.finished


__all__ = ["NO_EXTRA", "Reply", "fold", "unfold"]
