"""Turns of a request as the API wants them: `system` apart, speakers alternating, every call answered at once.

Rules of this room, each for a 400 of the API or for a client that trims its history:

- A result stands first in the user's turn right after its call (edge case 28). One that stands later is moved there.
- A call without any result gets one that says so, marked as an error: what the model asked stays known (29).
- A result without a call becomes words in its place: what the tool said is kept, the API would refuse the block.
- A call id used twice gets a suffix the second time, and its result with it.
- A system turn after the first speaker keeps its place when the request came in this dialect (the API knows such
  messages); from another dialect it is folded into `system`, in order, because older models refuse it elsewhere.
- Turns that have nothing left to say are left out; neighbours of one speaker become one turn, as the API itself does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from gophergate.core.blocks import NO_EXTRA, Block, Extra, Json, Media, Text, ToolCall, ToolResult
from gophergate.core.request import Request, Turn
from gophergate.dialects.anthropic_messages.content import Content
from gophergate.dialects.anthropic_messages.names import spelled
from gophergate.dialects.anthropic_messages.wire import NAME, WHERE, own
from gophergate.dialects.loss import Losses, refuse
from gophergate.errors import BadRequest

NO_RESULT = "No result of this call is known."


class Said(msgspec.Struct):
    """One message in the making."""

    role: str
    blocks: list[Block]
    extra: Extra = NO_EXTRA


def write_turns(
    request: Request, content: Content, losses: Losses
) -> tuple[list[dict[str, Json]], list[dict[str, Json]]]:
    """The `system` blocks and the `messages`. Raises BadRequest for content that cannot go, or when nobody speaks."""
    system, said = _folded(request, content, losses)
    said = _answered(_merged(said))
    messages = [_message(one, content) for one in said]
    if not any(message["role"] != "system" for message in messages):
        raise BadRequest("The chosen model needs at least one message of a user.", param="messages")
    return [content.write(block) for block in system], messages


def _folded(request: Request, content: Content, losses: Losses) -> tuple[list[Block], list[Said]]:
    """System text apart from what is said, without the blocks that do not go."""
    native = request.dialect == NAME
    system: list[Block] = []
    said: list[Said] = []
    for at, turn in enumerate(request.turns):
        assistant, in_system = turn.role == "assistant", turn.role in ("system", "developer")
        if not assistant:
            losses.foreign(turn.extra, NAME)
        if turn.name:
            losses.drop("name")
        blocks = [_checked(block, turn, losses) for block in turn.blocks if content.goes(block, finished=assistant)]
        if not in_system:
            if blocks:
                said.append(Said(turn.role, blocks, turn.extra))
        elif native and (at or own(turn.extra) or not all(isinstance(block, Text) for block in blocks)):
            if blocks or own(turn.extra):
                said.append(Said("system", blocks, turn.extra))
        else:
            system.extend(_only_text(blocks))
    return system, said


def _checked(block: Block, turn: Turn, losses: Losses) -> Block:
    if turn.role == "assistant":
        if isinstance(block, Media):
            raise refuse(block, WHERE, "the model's own turns hold no media there")
    else:
        losses.foreign(block.extra, NAME)
        if isinstance(block, ToolCall):
            raise refuse(block, WHERE, "only the model calls tools")
    return block


def _only_text(blocks: list[Block]) -> Iterator[Block]:
    for block in blocks:
        if not isinstance(block, Text):
            raise refuse(block, WHERE, "its system prompt is text")
        yield block


def _merged(said: list[Said]) -> list[Said]:
    merged: list[Said] = []
    for one in said:
        last = merged[-1] if merged else None
        if last and last.role == one.role != "system" and not own(last.extra) and not own(one.extra):
            last.blocks.extend(one.blocks)
        else:
            merged.append(one)
    return merged


_Place = tuple[int, int]
"""Where a block stands: which message, which block of it."""

_NOWHERE: _Place = (1 << 62, 0)


def _answered(said: list[Said]) -> list[Said]:
    """Every call of the model with its result right after it; see the rules above."""
    answers = _pairs(said)
    claimed = set(answers.values())
    used: set[str] = set()
    out: list[Said] = []
    due: list[ToolResult] = []
    for at, one in enumerate(said):
        if one.role == "user":
            rest = _unclaimed(one.blocks, at, claimed)
            out.append(Said("user", [*due, *rest], one.extra))
            due = []
            continue
        if one.role == "assistant":
            if due:
                out.append(Said("user", list(due)))
            one, due = _called(one, at, said, answers, used)
        out.append(one)
    if due:
        out.append(Said("user", list(due)))
    return [one for one in out if one.blocks or own(one.extra)]


def _pairs(said: list[Said]) -> dict[_Place, _Place]:
    """Calls to results, by place. A result belongs to the last turn before it that made a call of its id."""
    waiting: dict[str, deque[_Place]] = {}
    pairs: dict[_Place, _Place] = {}
    for at, one in enumerate(said):
        for number, block in enumerate(one.blocks):
            if isinstance(block, ToolCall):
                calls = waiting.get(block.id)
                if not calls or calls[0][0] != at:
                    calls = waiting[block.id] = deque()
                calls.append((at, number))
            elif isinstance(block, ToolResult):
                calls = waiting.get(block.call_id)
                if calls:
                    pairs[calls.popleft()] = (at, number)
    return pairs


def _called(
    one: Said, at: int, said: list[Said], answers: dict[_Place, _Place], used: set[str]
) -> tuple[Said, list[ToolResult]]:
    """The model's message with ids the API takes, and the results due after it, in the caller's order."""
    blocks: list[Block] = []
    due: list[tuple[_Place, ToolResult]] = []
    for number, block in enumerate(one.blocks):
        if isinstance(block, ToolCall):
            id = _fresh(spelled(block.id), used)
            place = answers.get((at, number), _NOWHERE)
            result = said[place[0]].blocks[place[1]] if place is not _NOWHERE else _UNKNOWN
            assert isinstance(result, ToolResult)  # noqa: S101 - `_pairs` saw to it
            due.append((place, replace(result, call_id=id)))
            blocks.append(replace(block, id=id))
        else:
            blocks.append(block)
    due.sort(key=lambda pair: pair[0])
    return Said(one.role, blocks, one.extra), [result for _, result in due]


def _fresh(id: str, used: set[str]) -> str:
    wanted, count = id, 1
    while id in used:
        count += 1
        id = f"{wanted}-{count}"
    used.add(id)
    return id


_UNKNOWN = ToolResult(call_id="", content=(Text(text=NO_RESULT),), is_error=True)


def _unclaimed(blocks: list[Block], at: int, claimed: set[_Place]) -> list[Block]:
    """What else the user's turn holds. A result that answers nothing is told in words."""
    out: list[Block] = []
    for number, block in enumerate(blocks):
        if not isinstance(block, ToolResult):
            out.append(block)
        elif (at, number) not in claimed:
            out.append(Text(text=f"[Result of tool call {block.call_id}, which is no longer in the conversation]"))
            out.extend(block.content)
    return out


def _message(one: Said, content: Content) -> dict[str, Json]:
    message: dict[str, Json] = {"role": one.role}
    if one.blocks:
        message["content"] = [content.write(block) for block in one.blocks]
    message.update(own(one.extra))
    return message
