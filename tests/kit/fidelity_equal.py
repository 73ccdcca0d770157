"""Ways of saying the same: what a request has to mean at a target whose dialect says some things in another form.

Each rule has its reason. What no rule covers must come out as it went in, or be disclosed.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from msgspec.structs import replace

from gophergate.core.blocks import Block, Media, Text, ToolResult
from gophergate.core.request import Request, Turn
from gophergate.dialects.toolnames import WITHHELD, flat_name
from kit.fidelity_meant import Json, Meant, meaning


def expected(request: Request, target: str) -> Meant:
    """What a recorded request should mean once it has crossed."""
    if target == request.dialect:
        return meaning(request)
    request = _with_seen_only(request)
    if target in ("openai_chat", "ollama"):
        request = _with_documents_told(request, target)
    if target in ("openai_chat", "anthropic_messages"):
        request = _with_allowed_only(request)
    meant = meaning(request)
    if target == "gemini":
        _hold_all_or_none(meant)
    if target == "ollama" and meant.choice[0] == "none":
        meant.tools, meant.choice = {}, ("auto", ())  # there is no choice: to use none, none are offered
    return meant


def read_back(again: Request, body: dict[str, Json], target: str) -> Meant:
    """What a target's body means once its dialect has read it."""
    meant = meaning(again)
    if target == "gemini":
        calling = body.get("toolConfig", {}).get("functionCallingConfig", {})
        for tool in meant.tools.values():
            tool["strict"] = calling.get("mode") == "VALIDATED"
    return meant


def same_thinking(meant: Meant, told: Meant) -> bool:
    """To ask for a summary is how OpenAI and Google are asked to think aloud without saying how much; elsewhere it only
    says what is shown if there are thoughts."""
    return meant.thinks == told.thinks or meant.thinks == "seen" or (meant.thinks, told.thinks) == ("yes", "seen")


def same_media(meant: Meant, told: Meant, target: str) -> bool:
    """Gemini has one part for every kind of address, and tells kinds by a media type that a bare URL does not have."""
    if target == "gemini":
        return [name for _, name in meant.media] == [name for _, name in told.media]
    return meant.media == told.media


def _with_documents_told(request: Request, target: str) -> Request:
    """Plain text documents are words where the wire has no part for them. Chat says their names too, and has no place
    for those of results there: they stand before the other words of their turn, as do pictures."""
    turns = []
    for turn in request.turns:
        blocks: list[Block] = []
        shown: list[Block] = []
        for block in turn.blocks:
            if isinstance(block, ToolResult):
                inner = tuple(_told(block.content, target))
                if target == "openai_chat":
                    shown += [one for one, old in zip(inner, block.content, strict=True) if one is not old]
                    inner = tuple(one for one, old in zip(inner, block.content, strict=True) if one is old)
                blocks.append(replace(block, content=inner))
            else:
                blocks += _told([block], target)
        turns.append(replace(turn, blocks=(*shown, *blocks)))
    return replace(request, turns=tuple[Turn, ...](turns))


def _told(blocks: Iterable[Block], target: str) -> list[Block]:
    return [Text(text=words) if (words := _words_of(block, target)) is not None else block for block in blocks]


def _words_of(block: Block, target: str) -> str | None:
    if not isinstance(block, Media) or block.kind != "document":
        return None
    if target == "openai_chat":
        return None if block.text is None else f"{block.name or ''} {block.text}"
    if block.text is None and block.data is not None and block.media_type.startswith("text/"):
        return base64.b64decode(block.data + "==").decode(errors="replace")
    return block.text


def _with_seen_only(request: Request) -> Request:
    """A deferred tool that no search has brought yet is not shown to the model by its own vendor either."""
    tools = tuple(tool for tool in request.tools if not any(WITHHELD in members for members in tool.extra.values()))
    return replace(request, tools=tools)


def _with_allowed_only(request: Request) -> Request:
    """To allow some is to offer only these: look-alikes of OpenAI refuse `allowed_tools`, Anthropic has no word."""
    choice = request.tool_choice
    if choice is None or choice.mode != "allowed":
        return request
    tools = tuple(tool for tool in request.tools if not hasattr(tool, "parameters") or flat_name(tool) in choice.names)
    mode = "required" if choice.required else "auto"
    return replace(request, tools=tools, tool_choice=replace(choice, mode=mode, names=()))


def _hold_all_or_none(meant: Meant) -> None:
    """Gemini holds calls to their schemas by mode: VALIDATED for all of them, ANY always does; never tool by tool."""
    mode = meant.choice[0]
    strict = mode == "allowed" or (mode == "auto" and any(tool["strict"] for tool in meant.tools.values()))
    for tool in meant.tools.values():
        tool["strict"] = strict
