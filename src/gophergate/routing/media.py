"""Media at addresses that a target does not fetch itself: fetched by us, guarded, and put into the request.

Only on the translated path. A request in the target's own dialect says what it wants said, and is left alone.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

from msgspec.structs import replace

from gophergate.core.blocks import Block, Media, ToolResult
from gophergate.core.request import Request
from gophergate.errors import BadRequest
from gophergate.routing.heavy import LARGE, apart

MAX_FETCHED = 16
"""Addresses fetched for one request; more are refused, so that one call cannot make us ask a thousand servers."""


class Data(Protocol):
    """What was fetched (`transport.fetch.Fetched` fits)."""

    @property
    def media_type(self) -> str: ...

    @property
    def data(self) -> bytes: ...


_MAY_HOLD_MEDIA = frozenset({Media, ToolResult})

Fetch = Callable[[str], Awaitable[Data]]
"""Fetches a caller's address. Raises BadRequest that names its host."""


async def inlined(request: Request, fetches: frozenset[str], dialect: str, fetch: Fetch, size: int = 0) -> Request:
    """The request, of a body of `size` bytes, with every medium the target cannot fetch as base64 of what it is. Raises
    BadRequest."""
    if request.dialect == dialect:
        return request
    wanted = _wanted(request, fetches) if size < LARGE else await apart(size, _wanted, request, fetches)
    if not wanted:
        return request
    if len(wanted) > MAX_FETCHED:
        raise BadRequest(
            f"The chosen model fetches no addresses itself, and {len(wanted)} of them are more than the {MAX_FETCHED} "
            "that are fetched for one request.",
            code="too_many_urls",
        )
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {url: group.create_task(_fetched(fetch, url)) for url in wanted}
    except* BadRequest as several:
        raise several.exceptions[0] from None
    data = {url: task.result() for url, task in tasks.items()}
    size += sum(len(got.data) for got in data.values())
    return await apart(size, _with, request, fetches, data)


def _wanted(request: Request, fetches: frozenset[str]) -> dict[str, None]:
    """The addresses that must be fetched, each once."""
    wanted: dict[str, None] = {}
    if _MAY_HOLD_MEDIA.isdisjoint(map(type, request.blocks)):
        return wanted
    for block in request.blocks:
        for part in block.content if isinstance(block, ToolResult) else (block,):
            if _is_ours(part, fetches):
                wanted[part.url] = None  # type: ignore[union-attr, index]
    return wanted


def _with(request: Request, fetches: frozenset[str], data: dict[str, Data]) -> Request:
    """The request with what was fetched in place of addresses."""
    turns = tuple(
        replace(turn, blocks=tuple(_placed(block, fetches, data) for block in turn.blocks)) for turn in request.turns
    )
    return replace(request, turns=turns)


async def _fetched(fetch: Fetch, url: str) -> Data:
    return await fetch(url)


def _is_ours(block: Block, fetches: frozenset[str]) -> bool:
    if not isinstance(block, Media) or block.url is None or block.kind in fetches:
        return False
    return block.url[:8].lower().startswith(("http://", "https://"))


def _placed(block: Block, fetches: frozenset[str], data: dict[str, Data]) -> Block:
    if isinstance(block, ToolResult):
        return replace(block, content=tuple(_placed(part, fetches, data) for part in block.content))
    if not isinstance(block, Media) or not _is_ours(block, fetches):
        return block
    got = data[block.url or ""]
    kind = kind_of(got.media_type)
    return replace(
        block,
        kind=kind,
        media_type=got.media_type,
        data=base64.b64encode(got.data).decode(),
        url=None,
        detail=block.detail if kind == "image" else None,
    )


def kind_of(media_type: str) -> Literal["image", "audio", "video", "document"]:
    """What a type is: whatever is neither picture, sound nor film is a document."""
    family = media_type.partition("/")[0]
    match family:
        case "image" | "audio" | "video":
            return family
        case _:
            return "document"
