"""Every text of a request, as guards see it and as it goes on: turns, tools' words, files that are text.

Left as they are, whatever is found in them: thoughts that their maker has signed, since a changed one would be refused,
and it is the maker's own text that goes back to it; ids, names of tools and schemas. What only another dialect
understands (server tools' calls and results) can be looked at, not changed: where a rule would mask in it, the call is
refused by name.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from msgspec.structs import replace

from gophergate.core.blocks import NO_EXTRA, Block, Media, Opaque, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import Request, ServerTool, Tool, Turn
from gophergate.policy.guards.quoted import masked_json, masked_value


class Looks(Protocol):
    """Looks at texts: gives each as it may go on. Raises Blocked and TooMuch."""

    def __call__(self, text: str) -> str: ...

    def unchanged(self, what: str) -> Looks:
        """The same for texts that cannot be changed: raises Unmaskable, naming `what` they stand in, when one would
        be."""

    def watched(self) -> Looks:
        """The same for texts that stay as they are."""


_TEXTUAL = ("application/json", "application/xml", "application/yaml", "application/x-yaml", "application/csv")
_TEXTUAL_ENDS = ("+json", "+xml", "+yaml")


def is_text(media_type: str) -> bool:
    """Whether a file of that type is text."""
    kind = media_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in _TEXTUAL or kind.endswith(_TEXTUAL_ENDS)


def screened(request: Request, look: Looks) -> Request:
    """The request as it may go on; the same object where nothing is masked."""
    changes: dict[str, Any] = {}
    turns = [_turn(turn, look) for turn in request.turns]
    if _differs(turns, request.turns):
        changes["turns"] = tuple(turns)
    tools = [_tool(tool, look) for tool in request.tools]
    if _differs(tools, request.tools):
        changes["tools"] = tuple(tools)
    if request.user is not None and (user := look(request.user)) != request.user:
        changes["user"] = user
    if request.metadata and (metadata := masked_value(request.metadata, look)) is not request.metadata:
        changes["metadata"] = metadata
    if request.extra:
        masked_value(request.extra, look.unchanged("a member of the request that no other dialect has"))
    return replace(request, **changes) if changes else request


def gathered(request: Request, look: Looks, at: Callable[[str], None]) -> None:
    """Show every text that `screened` does to `look`, which changes none. `at` hears whose the next ones are: "system",
    "user", "assistant", "tool" (its results and what is said of it), "other" (the request's own members)."""
    for turn in request.turns:
        role = "system" if turn.role == "developer" else turn.role
        for block in turn.blocks:
            at("tool" if isinstance(block, ToolResult) else role)
            _block(block, look)
        at(role)
        _turn(replace(turn, blocks=()), look)
    at("tool")
    for tool in request.tools:
        _tool(tool, look)
    at("other")
    screened(replace(request, turns=(), tools=()), look)


def _differs(new: Iterable[object], old: Iterable[object]) -> bool:
    return any(one is not other for one, other in zip(new, old, strict=True))


def _turn(turn: Turn, look: Looks) -> Turn:
    blocks = [_block(block, look) for block in turn.blocks]
    changes: dict[str, Any] = {"blocks": tuple(blocks)} if _differs(blocks, turn.blocks) else {}
    if turn.extra and (extra := masked_value(turn.extra, look)) is not turn.extra:
        changes["extra"] = extra
    if turn.name and (name := look(turn.name)) != turn.name:
        changes["name"] = name
    return replace(turn, **changes) if changes else turn


def _tool(tool: Tool | ServerTool, look: Looks) -> Tool | ServerTool:
    if isinstance(tool, ServerTool):
        return tool
    if tool.extra:
        masked_value(tool.extra, look.unchanged(f"the tool '{tool.name}'"))
    if not tool.description:
        return tool
    description = look(tool.description)
    return tool if description == tool.description else replace(tool, description=description)


def _block(block: Block, look: Looks) -> Block:
    if block.extra and not isinstance(block, Opaque) and not (isinstance(block, Thought) and block.seal is not None):
        extra = masked_value(block.extra, look)
        if extra is not block.extra:
            block = replace(block, extra=extra)
    match block:
        case Text():
            said = _said(block.text, look)
            cited = [[one.url, one.title, one.quote] for one in block.citations]
            is_same = said == block.text and masked_value(cited, look) is cited
            return block if is_same else replace(block, text=said, citations=())
        case Thought():
            if block.seal is not None:
                look.watched()(block.text)
                return block
            said = look(block.text)
            # Its notes may tell places in the words.
            return block if said == block.text else replace(block, text=said, extra=NO_EXTRA)
        case ToolCall():
            said = look(block.arguments) if block.custom else masked_json(block.arguments, look)
            return block if said == block.arguments else replace(block, arguments=said)
        case ToolResult():
            content = [_block(one, look) for one in block.content]
            return replace(block, content=tuple(content)) if _differs(content, block.content) else block
        case Media():
            return _media(block, look)
        case Opaque():
            masked_value(block.data, look.unchanged(f"'{block.label}'"))
    return block


def _said(text: str, look: Looks) -> str:
    """Words, which may be JSON, as tools answer."""
    if "\\" in text and text.lstrip()[:1] in ("{", "["):
        text = masked_json(text, look)
    return look(text)


def _media(block: Media, look: Looks) -> Media:
    changes: dict[str, Any] = {}
    for member in ("text", "transcript", "name"):
        said = getattr(block, member)
        if said and (shown := _said(said, look)) != said:
            changes[member] = shown
    if block.data and is_text(block.media_type):
        try:
            said = b64decode(block.data, validate=True).decode()
        except (NoBase64, ValueError):
            said = ""  # No text after all: whoever it goes to will say so.
        if said and (shown := _said(said, look)) != said:
            changes["data"] = b64encode(shown.encode("utf-8", "surrogatepass")).decode()
    return replace(block, **changes) if changes else block
