"""The `input` of a request, read: items to turns.

Messages of the system, the developer and the user are turns of their own. What the model said (messages, reasoning,
calls, server tools) is one assistant turn as long as nobody else speaks; results of tools are blocks of a user turn.
Items of other types are Opaques: optional where dropping them loses no content.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from gophergate.core.blocks import (
    NO_EXTRA,
    Block,
    Extra,
    Json,
    Media,
    Opaque,
    Seal,
    Text,
    Thought,
    ToolCall,
    ToolResult,
)
from gophergate.core.request import Role, Turn
from gophergate.dialects.base import encode, json_type
from gophergate.dialects.members import list_of, object_of, text_of
from gophergate.dialects.openai_responses.parts import read_content
from gophergate.dialects.openai_responses.seals import carried_call_seal, read_carried
from gophergate.dialects.openai_responses.tools import is_additional
from gophergate.dialects.openai_responses.wire import (
    CUTS,
    ITEM,
    JOINT,
    LIST,
    MESSAGE_ROLES,
    NAME,
    PARTS,
    PLAIN,
    extra_of,
    is_ours,
    without,
)
from gophergate.errors import BadRequest

_FROM_USER = frozenset(
    {
        "function_call_output",
        "custom_tool_call_output",
        "computer_call_output",
        "local_shell_call_output",
        "shell_call_output",
        "apply_patch_call_output",
        "mcp_approval_response",
    }
)
_CONTENT = frozenset({"item_reference", "compaction", "message"}) | _FROM_USER
"""Opaque items that are content: dropping them would lose what was said. All others are a vendor's own doings."""


def read_input(value: Json) -> list[Turn]:
    """The turns of an `input`, a string or a list of items. Raises BadRequest that names the item."""
    if isinstance(value, str):
        return [Turn(role="user", blocks=(Text(text=value),), extra=extra_of({PLAIN: "input"}))]
    if not isinstance(value, list):
        raise BadRequest(f"'input' must be a string or an array of items, not {json_type(value)}.", param="input")
    turns = _Turns(value)
    for index, item in enumerate(value):
        if isinstance(item, str):
            turns.message("user", {"content": item}, index)  # The SDK's count_tokens takes lists of strings.
        elif isinstance(item, dict):
            if not is_additional(item):
                turns.item(item, index)
        else:
            raise BadRequest(f"'input[{index}]' must be an object, not {json_type(item)}.", param=f"input[{index}]")
    return turns.all()


class _Turns:
    """Items in, turns out."""

    def __init__(self, items: Iterable[Json]) -> None:
        carried = (carried_call_seal(item) for item in items if isinstance(item, dict))
        self._call_seals: dict[str, Seal] = dict(found for found in carried if found is not None)
        self._turns: list[Turn] = []
        self._role: Role = "assistant"
        self._blocks: list[Block] = []

    def all(self) -> list[Turn]:
        self._close()
        return self._turns

    def item(self, item: dict[str, Any], index: int) -> None:
        kind = item.get("type")
        if kind is None and "role" not in item:
            kind = "item_reference" if "id" in item else kind
        match kind:
            case None | "message":
                self.message(item.get("role"), item, index)
            case "reasoning":
                self._thought(item)
            case "function_call" | "custom_tool_call":
                call = read_call(item, index)
                self._add("assistant", replace(call, seal=self._call_seals.get(call.id)))
            case "function_call_output" | "custom_tool_call_output":
                self._add("user", read_result(item))
            case "image_generation_call" if is_ours(text_of(item.get("id"))) and text_of(item.get("result")):
                self._add("assistant", Media(kind="image", media_type=_picture_type(item), data=item["result"]))
            case _:
                label = text_of(kind) or "item"
                opaque = Opaque(dialect=NAME, label=label, data=item, optional=label not in _CONTENT)
                self._add("user" if label in _FROM_USER else "assistant", opaque)

    def message(self, role: Json, item: dict[str, Any], index: int) -> None:
        content = item.get("content")
        if role not in MESSAGE_ROLES:
            raise BadRequest(
                f"'input[{index}].role' must be one of 'system', 'developer', 'user' and 'assistant'.",
                param=f"input[{index}].role",
            )
        if not isinstance(content, str | list):
            raise BadRequest(
                f"'input[{index}].content' must be a string or an array of parts, not {json_type(content)}.",
                param=f"input[{index}].content",
            )
        notes = message_notes(item)
        if role != "assistant":
            self._close()
            self._turns.append(Turn(role=role, blocks=read_content(content, role), extra=extra_of(notes)))
            return
        blocks = read_content(content, "assistant")
        first = blocks[0] if blocks and all(isinstance(block, Text) for block in blocks) else None
        if not isinstance(first, Text):
            self._add("assistant", Opaque(dialect=NAME, label="message", data=item, optional=not blocks))
            return
        # Text that begins a message says so even when there is nothing else to remember of it.
        notes.setdefault(ITEM, {"type": "message"})
        self._add("assistant", replace(first, extra={NAME: {**first.extra.get(NAME, {}), **notes}}))
        for block in blocks[1:]:
            self._add("assistant", block)

    def _thought(self, item: dict[str, Any]) -> None:
        token = text_of(item.get("encrypted_content"))
        carried = read_carried(token) if token else None
        if carried is None or not (carried.before or carried.call_id is not None):
            self._add("assistant", read_thought(item))
        elif carried.before and self._blocks and isinstance(self._blocks[-1], Text | Media):
            self._blocks[-1] = replace(self._blocks[-1], seal=carried.seal)

    def _add(self, role: Role, block: Block) -> None:
        if self._blocks and role != self._role:
            self._close()
        self._role = role
        self._blocks.append(block)

    def _close(self) -> None:
        if self._blocks:
            self._turns.append(Turn(role=self._role, blocks=tuple(self._blocks)))
            self._blocks.clear()


def message_notes(item: dict[str, Any]) -> dict[str, Json]:
    """What a message is besides its role and content; nothing for the usual form."""
    rest = without(item, "role", "content")
    notes: dict[str, Json] = {} if rest == {"type": "message"} else {ITEM: rest}
    if isinstance(item.get("content"), str):
        notes[PLAIN] = True
    return notes


def read_call(item: dict[str, Any], index: int) -> ToolCall:
    """A function_call or custom_tool_call. Raises BadRequest when it has no name."""
    custom = item.get("type") == "custom_tool_call"
    name = item.get("name")
    if not isinstance(name, str) or not name:
        raise BadRequest(f"'input[{index}].name' must name the tool that was called.", param=f"input[{index}].name")
    arguments = item.get("input" if custom else "arguments")
    return ToolCall(
        id=text_of(item.get("call_id")) or text_of(item.get("id")),
        name=name,
        arguments=arguments if isinstance(arguments, str) else encode(arguments).decode() if arguments else "",
        custom=custom,
        namespace=text_of(item.get("namespace")),
        item_id=text_of(item.get("id")),
        extra=_rest(item, "type", "id", "call_id", "name", "arguments", "input", "namespace"),
    )


def read_result(item: dict[str, Any]) -> ToolResult:
    """A function_call_output or custom_tool_call_output; its output is a string or a list of parts."""
    output = item.get("output")
    notes: dict[str, Json] = {}
    content: tuple[Text | Media | Opaque, ...] = ()
    if isinstance(output, str | list):
        content = read_content(output, "user")
    elif output is not None:
        content = (Text(text=encode(output).decode()),)
    if isinstance(output, list):
        notes[LIST] = True
    rest = without(item, "type", "call_id", "output", "name")
    if rest:
        notes[ITEM] = rest
    return ToolResult(
        call_id=text_of(item.get("call_id")),
        content=content,
        name=text_of(item.get("name")),
        custom=item.get("type") == "custom_tool_call_output",
        extra=extra_of(notes),
    )


def read_thought(item: dict[str, Any]) -> Thought:
    """A reasoning item as one thought, with the text of its content parts when there are any, else of its summary."""
    source = "content" if list_of(item.get("content")) else "summary"
    parts = [text_of(object_of(part).get("text")) for part in list_of(item.get(source))]
    token, item_id = text_of(item.get("encrypted_content")), text_of(item.get("id"))
    carried = read_carried(token) if token else None
    if is_ours(item_id) and (carried is None or carried.seal.dialect != NAME):
        # Another maker's thought, in the form our writer gave it: no provider knows its id.
        return Thought(
            text=JOINT.join(parts),
            seal=carried.seal if carried else None,
            redacted=carried.redacted if carried else False,
        )
    rest = without(item, "type", "id")
    if parts or item.get(source) == []:
        rest.pop(source, None)
    if token:
        rest.pop("encrypted_content", None)
    notes: dict[str, Json] = {ITEM: rest}
    if source == "content":
        notes[PARTS] = source
    if len(parts) > 1 or parts == [""]:
        notes[CUTS] = cuts_of(parts)
    return Thought(
        text=JOINT.join(parts),
        seal=carried.seal if carried else None,
        redacted=carried.redacted if carried else False,
        summary=source == "summary",
        item_id="" if is_ours(item_id) else item_id,
        extra=extra_of(notes),
    )


def cuts_of(parts: list[str]) -> list[int]:
    """Where the joints stand in the joined text."""
    cuts, at = [], 0
    for part in parts[:-1]:
        at += len(part)
        cuts.append(at)
        at += len(JOINT)
    return cuts


def _rest(item: dict[str, Any], *known: str) -> Extra:
    rest = without(item, *known)
    return extra_of({ITEM: rest}) if rest else NO_EXTRA


def _picture_type(item: dict[str, Any]) -> str:
    return f"image/{text_of(item.get('output_format')) or 'png'}"
