"""The `input` of a request, written: turns to items, each turn where the caller put it.

A reasoning item goes only to its maker, and only with the item it led to: OpenAI answers 400 to one "provided without
its required following item".
"""

from __future__ import annotations

from collections.abc import Iterable

from gophergate.core.blocks import Block, Json, Media, Opaque, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import Request, Turn
from gophergate.dialects.base import Target
from gophergate.dialects.loss import Losses, refuse, spoken_before
from gophergate.dialects.members import list_of, object_of, text_of
from gophergate.dialects.openai_responses.parts import write_part, write_text
from gophergate.dialects.openai_responses.wire import (
    CUTS,
    ITEM,
    JOINT,
    LIST,
    NAME,
    PART,
    PARTS,
    PLAIN,
    UNSAID_NAMESPACE,
    WHERE,
    own,
)

Item = dict[str, Json]


def write_items(turns: Iterable[Turn], request: Request, target: Target, losses: Losses) -> list[Item]:
    """The items of those turns. Raises BadRequest for content that this wire cannot say."""
    writer = _Items(request, target, losses)
    for turn in turns:
        writer.turn(turn)
    return writer.items


class _Items:
    def __init__(self, request: Request, target: Target, losses: Losses) -> None:
        self.items: list[Item] = []
        self._target = target
        self._losses = losses
        self._crossing = request.dialect != NAME
        self._custom = {
            block.id for turn in request.turns for block in turn.blocks if isinstance(block, ToolCall) and block.custom
        }

    def turn(self, turn: Turn) -> None:
        if turn.name:
            self._losses.drop("name")
        if turn.role == "assistant":
            self._assistant(turn)
        else:
            self._message(turn)

    # -- system, developer, user -----------------------------------------------------------------------------

    def _message(self, turn: Turn) -> None:
        self._losses.foreign(turn.extra, NAME)
        run: list[Block] = []
        for block in turn.blocks:
            self._losses.foreign(block.extra, NAME)
            if isinstance(block, ToolResult) or (isinstance(block, Opaque) and own_item(block)):
                if run:
                    self._parts(turn, run)
                    run = []
                if isinstance(block, ToolResult):
                    self.items.append(self._result(block))
                else:
                    self.items.append(block.data)
            else:
                run.append(block)
        if run or not turn.blocks:
            self._parts(turn, run)

    def _parts(self, turn: Turn, blocks: list[Block]) -> None:
        notes = own(turn.extra)
        if not blocks and self._crossing:
            return
        parts: list[Item] = []
        for block in blocks:
            if not isinstance(block, Text | Media | Opaque):
                raise refuse(block, WHERE, f"it stands in a turn of the {turn.role}")
            part = write_part(block, "user", self._target, self._losses, crossing=self._crossing)
            if part is not None:
                parts.append(part)
        if blocks and not parts:
            return
        role = turn.role
        if self._crossing and role in ("system", "developer") and self._target.traits.system_role:
            role = self._target.traits.system_role
        rest = notes.get(ITEM, {"type": "message"})
        self.items.append({**_typed(rest), "role": role, "content": _plain_or(parts, notes), **_untyped(rest)})

    # -- the model -------------------------------------------------------------------------------------------

    def _assistant(self, turn: Turn) -> None:
        begun = len(self.items)
        whole = True
        message: Item | None = None
        made: list[Block] = []
        for block in map(spoken_before, turn.blocks):
            if isinstance(block, Media):
                made.append(block)
                continue
            if isinstance(block, Text):
                message = self._text(block, message)
                continue
            message = None
            item = self._item(block)
            if item is None:
                whole = False
            else:
                self.items.append(item)
        if not whole:
            self.items[begun:] = _without_strays(self.items[begun:])
        if made:
            # A message of the assistant holds words alone; the next model sees its pictures as it sees the user's.
            self._parts(Turn(role="user", blocks=()), made)

    def _text(self, text: Text, message: Item | None) -> Item:
        part = write_text(text, "assistant", self._losses)
        notes = own(text.extra)
        if message is not None and ITEM not in notes:
            content = message["content"]
            if isinstance(content, str):
                content = message["content"] = [{"type": "output_text", "text": content}]
            content.append(part)
            return message
        rest = object_of(notes.get(ITEM, {"type": "message"}))
        message = {**_typed(rest), "role": "assistant", "content": _plain_or([part], notes), **_untyped(rest)}
        self.items.append(message)
        return message

    def _item(self, block: Block) -> Item | None:
        """The item of a block, None when it is dropped."""
        match block:
            case Thought():
                return self._thought(block)
            case ToolCall():
                return self._call(block)
            case Opaque() if own_item(block) and block.origin in ("", self._target.origin):
                return dict(block.data)
            case Opaque() if block.optional:
                self._losses.drop(block.label)
                return None
            case _:
                raise refuse(block, WHERE, "in a turn of the assistant")

    def _thought(self, thought: Thought) -> Item | None:
        notes = own(thought.extra)
        seal = thought.seal
        if seal is not None and not seal.belongs_to(NAME, self._target.origin):
            # Another maker's state goes nowhere else. OpenAI has no place for reasoning text of which it kept no state.
            if thought.text:
                self._losses.drop("reasoning")
            return None
        if seal is None and not (thought.item_id or ITEM in notes):
            if thought.text:
                self._losses.drop("reasoning")
            return None
        item: Item = {"type": "reasoning"}
        if thought.item_id:
            item["id"] = thought.item_id
        item.update(thought_parts(thought))
        item.update(object_of(notes.get(ITEM)))
        if seal is not None:
            item["encrypted_content"] = seal.token
        return item

    # -- tools -----------------------------------------------------------------------------------------------

    def _call(self, call: ToolCall) -> Item:
        notes = own(call.extra)
        item: Item = {"type": "custom_tool_call" if call.custom else "function_call"}
        if call.item_id:
            item["id"] = call.item_id
        item["call_id"] = call.id
        item["name"] = call.name
        if call.namespace and UNSAID_NAMESPACE not in notes:
            item["namespace"] = call.namespace
        if call.custom:
            item["input"] = call.arguments
        else:
            item["arguments"] = call.arguments or ("{}" if self._crossing else "")
        if call.cache is not None:
            self._losses.drop("cache_control")
        return {**item, **object_of(notes.get(ITEM))}

    def _result(self, result: ToolResult) -> Item:
        notes = own(result.extra)
        custom = result.custom or (self._crossing and result.call_id in self._custom)
        parts: list[Item] = []
        for block in result.content:
            self._losses.foreign(block.extra, NAME)
            part = write_part(block, "user", self._target, self._losses, crossing=self._crossing)
            if part is not None:
                parts.append(part)
        if result.is_error:
            _say_error(parts)
        output: Json = parts
        if LIST not in notes:
            if not parts:
                output = ""
            elif len(parts) == 1 and parts[0].get("type") == "input_text":
                output = parts[0].get("text")
        if result.cache is not None:
            self._losses.drop("cache_control")
        item: Item = {
            "type": "custom_tool_call_output" if custom else "function_call_output",
            "call_id": result.call_id,
            "output": output,
        }
        if result.name and not self._crossing:
            item["name"] = result.name
        return {**item, **object_of(notes.get(ITEM))}


def own_item(block: Opaque) -> bool:
    """True for a whole item of this wire; false for another dialect's block and for a part of a message."""
    return block.dialect == NAME and isinstance(block.data, dict) and PART not in own(block.extra)


def _say_error(parts: list[Item]) -> None:
    """The wire has no flag for a failed tool, so its words say it, once."""
    first = parts[0] if parts and parts[0].get("type") == "input_text" else None
    if first is None:
        parts.insert(0, {"type": "input_text", "text": "Error"})
    elif not text_of(first.get("text")).lower().startswith("error"):
        first["text"] = f"Error: {first['text']}"


def thought_parts(thought: Thought) -> Item:
    """The summary and content members of a reasoning item, cut where the thought's notes say its parts met.

    Text that was changed since then is one part.
    """
    notes = own(thought.extra)
    source = "content" if notes.get(PARTS) == "content" else "summary"
    kind = "reasoning_text" if source == "content" else "summary_text"
    pieces = split_parts(thought.text, notes.get(CUTS))
    members: Item = {"summary": []}
    members[source] = [{"type": kind, "text": piece} for piece in pieces]
    return members


def split_parts(text: str, cuts: Json) -> list[str]:
    """The parts of a joined text, cut at the joints that `cuts` lists; none for no text of no part."""
    if not text and cuts is None:
        return []
    pieces, begin = [], 0
    for cut in list_of(cuts):
        if not isinstance(cut, int) or cut < begin or text[cut : cut + len(JOINT)] != JOINT:
            return [text]
        pieces.append(text[begin:cut])
        begin = cut + len(JOINT)
    return [*pieces, text[begin:]]


def _without_strays(items: list[Item]) -> list[Item]:
    """The items of a turn of which something was dropped, without reasoning that now leads to nothing."""
    kept: list[Item] = []
    leads = False
    for item in reversed(items):
        leads = leads or item.get("type") != "reasoning"
        if leads:
            kept.append(item)
    return kept[::-1]


def _typed(rest: Json) -> Item:
    return {"type": rest["type"]} if isinstance(rest, dict) and "type" in rest else {}


def _untyped(rest: Json) -> Item:
    return {name: value for name, value in object_of(rest).items() if name != "type"}


def _plain_or(parts: list[Item], notes: dict[str, Json]) -> Json:
    """Content as the caller had it: a bare string stays one, as long as it is still a single text."""
    if PLAIN in notes and len(parts) == 1 and text_of(parts[0].get("type")).endswith("_text"):
        return parts[0]["text"]
    return parts
