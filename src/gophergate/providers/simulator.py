"""The built-in simulator: a provider that answers in process, so a first call needs no account and no network.

It speaks canonical events, so every answer of it reaches its client by translation, whatever the door.
Its tokens are words with the space before them; usage counts exactly those.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping

import msgspec

from gophergate.core.blocks import Block, Media, Text, Thought, ToolCall, ToolResult, Vector
from gophergate.core.events import (
    BlockClosed,
    BlockGrew,
    BlockOpened,
    Event,
    Finished,
    Reason,
    Started,
    UsageSeen,
)
from gophergate.core.request import Embedding, OutputFormat, Request, Tool
from gophergate.core.usage import Usage
from gophergate.errors import BadRequest, ModelNotFound, OperationNotServed, UpstreamRefused, UpstreamUnreachable
from gophergate.providers.base import Price, Row
from gophergate.providers.sample import sample
from gophergate.providers.simulated import PERFORMERS, performed

CHAT_MODELS = ("echo", "lorem", "think", "tools", "see", "slow", "flaky", "down")
OFFERS: Mapping[str, tuple[str, ...]] = {"chat": CHAT_MODELS, "embeddings": ("embed",), **PERFORMERS}
"""The models by operation."""

_PERFORMING = tuple(dict.fromkeys(model for models in PERFORMERS.values() for model in models))
_PRICE = Price(input=150, output=600, cache_read=15)
_EMBED_PRICE = Price(input=20, output=0)

ROW = Row(
    kind="simulator",
    label="Simulator",
    speaks=(),
    operations=dict.fromkeys(OFFERS.keys() - {"chat"}, ()),
    keyless=True,
    auth="none",
    retries=0,  # What it plays is meant to be seen.
    prices={**dict.fromkeys(CHAT_MODELS, _PRICE), "embed": _EMBED_PRICE, **dict.fromkeys(_PERFORMING, _PRICE)},
)

_LOREM = (
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore "
    "magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo "
    "consequat. Duis aute irure dolor in reprehenderit in voluptate velit esse cillum dolore eu fugiat nulla pariatur."
)
_TOKEN = re.compile(r"\s*\S+|\s+")


_SIZE, _MOST = 64, 4096
"""Dimensions of its vectors, unless asked for others, and at most."""
_FEW = 16
"""Vectors made between two moments in which other calls get their turn."""
_STRETCH = 2000
"""Words counted or said between two moments in which other calls get their turn (R-P2)."""


def tokens(text: str) -> Iterator[str]:
    """The simulator's own tokens; joined they are the text again."""
    return (found.group() for found in _TOKEN.finditer(text))


class Pacing(msgspec.Struct, frozen=True):
    """Seconds before the first token and between tokens of a streamed answer. Zero switches timing off."""

    first: float = 0.0
    between: float = 0.0


REALISTIC = Pacing(0.12, 0.012)
SLOW = Pacing(2.0, 0.5)


class Simulator:
    """One simulated provider. `sleep` is passed in, so that tests run at once."""

    offers = OFFERS

    def __init__(self, name: str, sleep: Callable[[float], Awaitable[None]], pacing: Pacing = REALISTIC) -> None:
        self.name = name
        self._sleep = sleep
        self._pacing = pacing
        self._flaky_calls = 0

    async def stream(self, request: Request, model: str) -> AsyncIterator[Event]:
        """The reply as events. Raises before the first one for a model that is down, flaky or unknown."""
        if request.embedding is not None:
            async for event in self._vectors(request, request.embedding, model):
                yield event
            return
        if request.operation:
            for event in performed(request, model):
                yield event
                await asyncio.sleep(0)
            return
        self._refuse(model)
        pacing = SLOW if model == "slow" else self._pacing
        if not request.stream and model != "slow":
            pacing = Pacing()
        if pacing.first:
            await self._sleep(pacing.first)
        yield Started(model=model)
        prompt = await _count(request)
        spoken = reasoned = 0
        budget = request.max_output_tokens
        reason: Reason = "stop"
        for index, block in enumerate(self._answer(request, model)):
            opened, words = _opened(block)
            if isinstance(block, ToolCall):
                reason = "tool_calls"
            yield BlockOpened(index, opened)
            held: list[str] = []
            for word in words:
                if budget is not None and spoken >= budget:
                    reason = "length"
                    break
                if pacing.between and spoken:
                    await self._sleep(pacing.between)
                spoken += 1
                reasoned += isinstance(block, Thought)
                held.append(word)
                if request.stream or len(held) == _STRETCH:
                    yield BlockGrew(index, "".join(held))
                    held.clear()
                if spoken % _STRETCH == 0:
                    await asyncio.sleep(0)
            if held:
                yield BlockGrew(index, "".join(held))
            yield BlockClosed(index)
            if reason == "length":
                break
        yield UsageSeen(
            Usage(input=prompt, cache_read=0, output=spoken, reasoning=reasoned if model == "think" else None)
        )
        yield Finished(reason=reason)

    async def _vectors(self, request: Request, wish: Embedding, model: str) -> AsyncIterator[Event]:
        if model not in OFFERS["embeddings"]:
            raise OperationNotServed(f"{self.name}/{model}", "embeddings")
        size = _SIZE if wish.dimensions is None else wish.dimensions
        if not 0 < size <= _MOST:
            raise BadRequest(f"demo/embed has 1 to {_MOST} dimensions, not {size}.", param="dimensions")
        yield Started(model=model)
        for index, turn in enumerate(request.turns):
            if index % _FEW == 0:
                await asyncio.sleep(0)
            said = "".join(block.text for block in turn.blocks if isinstance(block, Text))
            yield BlockOpened(index, Vector(input=index, numbers=unit_vector(said, size)))
            yield BlockClosed(index)
        yield UsageSeen(Usage(input=await _count(request)))
        yield Finished(reason="stop")

    def _refuse(self, model: str) -> None:
        if model not in CHAT_MODELS and (able := [name for name, models in OFFERS.items() if model in models]):
            raise OperationNotServed(f"{self.name}/{model}", "chat", f"It is for {' and '.join(able)}.")
        if model not in CHAT_MODELS:
            raise ModelNotFound(f"{self.name}/{model}", f"The simulator has {', '.join(CHAT_MODELS)}.")
        if model == "down":
            raise UpstreamUnreachable("The simulated provider is down, as demo/down always is.")
        if model == "flaky":
            self._flaky_calls += 1
            if self._flaky_calls % 3 == 0:
                raise UpstreamRefused(
                    "The simulated provider failed, as demo/flaky does on every third call.",
                    status=503,
                    kind="overloaded",
                    code="overloaded",
                )

    def _answer(self, request: Request, model: str) -> list[Block]:
        said, form = self._said(request, model), request.format
        if form is None or form.kind == "text":
            return said
        return [Text(text=_formed(form, block.text)) if isinstance(block, Text) else block for block in said]

    def _said(self, request: Request, model: str) -> list[Block]:
        result = _last_tool_result(request)
        if result is not None:
            return [Text(text=f"The tool answered: {result}")]
        said = _last_user_text(request)
        match model:
            case "lorem":
                return [Text(text=_LOREM)]
            case "think":
                return [
                    Thought(text=f"The user says: {said} I will answer in one sentence."),
                    Text(text=f"You said: {said}"),
                ]
            case "tools":
                return _tool_calls(request) or [Text(text="No tool was offered, so there is nothing to call.")]
            case "see":
                return [Text(text=_describe(request))]
            case _:
                return [Text(text=said or "You said nothing.")]


def unit_vector(text: str, size: int) -> bytes:
    """A vector of length one as a JSON array: the same for the same words, and unlike that of others."""
    drawn = hashlib.shake_128(text.encode("utf-8", "surrogatepass")).digest(size * 2)
    numbers = [int.from_bytes(drawn[at : at + 2]) - 0x7FFF for at in range(0, size * 2, 2)]
    length = math.hypot(*numbers) or 1.0
    return msgspec.json.encode([round(number / length, 7) for number in numbers])


def _formed(form: OutputFormat, text: str) -> str:
    """The words in the form that was asked for: words that are JSON stay, so that an echo answers what a test wants."""
    if form.kind == "enum":
        return str(sample(form.schema))
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        told = sample(form.schema) if form.kind == "json_schema" else {"text": text}
        return msgspec.json.encode(told).decode()
    return text


async def _count(request: Request) -> int:
    """The tokens of all that the request says."""
    count = 0
    for number, text in enumerate(_texts(request), 1):
        if number % _STRETCH == 0:
            await asyncio.sleep(0)
        for _ in _TOKEN.finditer(text):
            count += 1
            if count % _STRETCH == 0:
                await asyncio.sleep(0)
    return count


def _opened(block: Block) -> tuple[Block, Iterable[str]]:
    match block:
        case Text():
            return Text(text=""), tokens(block.text)
        case Thought():
            return Thought(), tokens(block.text)
        case ToolCall():
            return msgspec.structs.replace(block, arguments=""), _slices(block.arguments)
        case _:
            return block, []


def _slices(text: str, size: int = 8) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def _texts(request: Request) -> Iterable[str]:
    for turn in request.turns:
        for block in turn.blocks:
            match block:
                case Text() | Thought():
                    yield block.text
                case ToolCall():
                    yield block.arguments
                case ToolResult():
                    yield from (part.text for part in block.content if isinstance(part, Text))
                case _:
                    pass
    for tool in request.tools:
        if isinstance(tool, Tool):
            yield tool.description


def _last_user_text(request: Request) -> str:
    for turn in reversed(request.turns):
        if turn.role == "user":
            return "".join(block.text for block in turn.blocks if isinstance(block, Text))
    return ""


def _last_tool_result(request: Request) -> str | None:
    if not request.turns:
        return None
    results = [block for block in request.turns[-1].blocks if isinstance(block, ToolResult)]
    if not results:
        return None
    return " ".join(part.text for result in results for part in result.content if isinstance(part, Text))


def _tool_calls(request: Request) -> list[Block]:
    offered = [tool for tool in request.tools if isinstance(tool, Tool)]
    choice = request.tool_choice
    if not offered or (choice is not None and choice.mode == "none"):
        return []
    if choice is not None and choice.names:
        chosen = [tool for tool in offered if tool.name in choice.names]
        if not chosen:
            raise BadRequest(
                f"tool_choice names '{choice.names[0]}', which is not among the tools.", param="tool_choice"
            )
        offered = chosen
    tool = offered[0]
    arguments = "simulated input" if tool.custom else msgspec.json.encode(sample(tool.parameters)).decode()
    return [
        ToolCall(
            id=f"call_{len(request.turns):04d}simulated",
            name=tool.name,
            arguments=arguments,
            custom=tool.custom,
            namespace=tool.namespace,
        )
    ]


def _describe(request: Request) -> str:
    found: list[str] = []
    for turn in request.turns:
        for block in turn.blocks:
            inner = block.content if isinstance(block, ToolResult) else (block,)
            found.extend(_media(part) for part in inner if isinstance(part, Media))
    return "I got " + ", ".join(found) + "." if found else "I got no media."


def _media(media: Media) -> str:
    kind = media.media_type or media.kind
    if media.data is not None:
        return f"{kind} of {len(media.data.rstrip('=')) * 3 // 4} bytes"
    if media.text is not None:
        return f"{kind} of {len(media.text.encode())} bytes"
    return f"{kind} at {media.url or media.file_id}"
