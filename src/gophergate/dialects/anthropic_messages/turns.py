"""Turns of a request as the API wants them: `system` apart, speakers alternating, every call answered at once.

Rules of this room, each for a 400 of the API or for a client that trims its history:

- A result stands first in the user's turn right after its call (edge case 28).
- A call without a result there gets one that says so, marked as an error: what the model asked stays known (29).
- A result without a call there becomes words in its place: what the tool said is kept, the API would refuse the block.
- A call id used twice in one turn gets a suffix the second time, and its result with it. (Over several turns the API
  takes the same id again.)
- A system turn after the first speaker keeps its place when the request came in this dialect (the API knows such
  messages); from another dialect it is folded into `system`, in order, because older models refuse it elsewhere.
- Pictures in a turn of the model, which other wires have, stand in a user's turn behind it.
- Turns that have nothing left to say are left out; neighbours of one speaker become one turn, as the API itself does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from gophergate.core.blocks import NO_EXTRA, Block, Extra, Json, Media, Opaque, Text, ToolCall, ToolResult
from gophergate.core.request import Request, Turn
from gophergate.dialects.anthropic_messages.content import Content
from gophergate.dialects.anthropic_messages.names import spelled
from gophergate.dialects.anthropic_messages.wire import NAME, WHERE, own
from gophergate.dialects.loss import Losses, refuse, spoken_before
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
    said = _answered(_merged(said), content)
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
        blocks = [_checked(block, turn, losses, native) for block in turn.blocks if content.goes(block)]
        if not in_system:
            made = [block for block in blocks if assistant and isinstance(block, Media)]
            words = [block for block in blocks if block not in made] if made else blocks
            if words:
                said.append(Said(turn.role, words, turn.extra))
            if made:
                said.append(Said("user", [*made]))
        elif native and (at or own(turn.extra) or not all(isinstance(block, Text) for block in blocks)):
            if blocks or own(turn.extra):
                said.append(Said("system", blocks, turn.extra))
        else:
            system.extend(_only_text(blocks))
    return system, said


def _checked(block: Block, turn: Turn, losses: Losses, native: bool) -> Block:
    if turn.role == "assistant":
        if native and type(block) is Media:
            raise refuse(block, WHERE, "the model's own turns hold no media there")
        block = spoken_before(block)
    else:
        if block.extra:
            losses.foreign(block.extra, NAME)
        if type(block) is ToolCall:
            raise refuse(block, WHERE, "only the model calls tools")
    if type(block) is ToolResult and turn.role != "user":
        raise refuse(block, WHERE, "results stand in a user's turn")
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


def _answered(said: list[Said], content: Content) -> list[Said]:
    """Every call of the model with its result right after it; see the rules above."""
    out: list[Said] = []
    open_calls: list[ToolCall] = []
    for one in said:
        if one.role == "user":
            one = Said("user", _results_first(one.blocks, open_calls, content), one.extra)
            open_calls = []
        elif one.role == "assistant":
            if open_calls:
                out.append(Said("user", _results_first([], open_calls, content)))
            one, open_calls = _called(one)
        out.append(one)
    if open_calls:
        out.append(Said("user", _results_first([], open_calls, content)))
    return out


def _called(one: Said) -> tuple[Said, list[ToolCall]]:
    """The model's message with ids the API takes, and its calls as they were."""
    used: set[str] = set()
    blocks: list[Block] = []
    calls: list[ToolCall] = []
    for block in one.blocks:
        if isinstance(block, ToolCall):
            calls.append(block)
            block = replace(block, id=_fresh(block.id, used))
        blocks.append(block)
    return Said(one.role, blocks, one.extra), calls


def _fresh(id: str, used: set[str]) -> str:
    wanted = fresh = spelled(id)
    count = 1
    while fresh in used:
        count += 1
        fresh = f"{wanted}-{count}"
    used.add(fresh)
    return fresh


def _results_first(blocks: list[Block], calls: list[ToolCall], content: Content) -> list[Block]:
    """A user's turn: the results of `calls` in the caller's order, those that are missing, and then the rest."""
    used: set[str] = set()
    waiting: dict[str, deque[str]] = {}
    for call in calls:
        waiting.setdefault(call.id, deque()).append(_fresh(call.id, used))
    results: list[Block] = []
    rest: list[Block] = []
    for block in blocks:
        if not isinstance(block, ToolResult):
            rest.append(block)
        elif ids := waiting.get(block.call_id):
            results.append(replace(block, call_id=ids.popleft()))
        else:
            rest.extend(_in_words(block, content))
    missing = (id for ids in waiting.values() for id in ids)
    results.extend(ToolResult(call_id=id, content=(Text(text=NO_RESULT),), is_error=True) for id in missing)
    return results + rest


def _in_words(result: ToolResult, content: Content) -> Iterator[Block]:
    """A result that answers nothing here: its text and media, under a line that says what they are."""
    yield Text(text=f"[Result of tool call {result.call_id}, which is not in the turn before]")
    for part in result.content:
        if isinstance(part, Opaque):
            content.leave_out(part)
        elif content.goes(part):
            yield part


def _message(one: Said, content: Content) -> dict[str, Json]:
    message: dict[str, Json] = {"role": one.role}
    if one.blocks:
        message["content"] = [content.write(block) for block in one.blocks]
    message.update(own(one.extra))
    return message
