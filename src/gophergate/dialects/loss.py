"""Loss is named: what a target cannot express is dropped *and listed* (settings) or refused by name (content); and what
an answer holds that its client cannot be shown is listed too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any

from gophergate.core.blocks import Block, Extra, Json, Media, Opaque, Text, Thought, ToolCall, ToolResult, Vector
from gophergate.core.events import BlockGrew, BlockOpened, Event, Finished
from gophergate.core.request import Request
from gophergate.errors import BadRequest

SETTINGS: tuple[str, ...] = (
    "parallel_tool_calls",
    "max_output_tokens",
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "presence_penalty",
    "frequency_penalty",
    "stop",
    "n",
    "seed",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "reasoning",
    "format",
    "verbosity",
    "modalities",
    "audio",
    "service_tier",
    "user",
    "metadata",
    "prompt_cache_key",
    "store",
    "previous_response_id",
    "background",
    "include",
    "truncation",
)
"""Every optional setting of a Request that a dialect may be unable to say."""

_MEANS_NOTHING: Mapping[str, tuple[object, ...]] = {
    "n": (1,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "modalities": (("text",),),
    "service_tier": ("auto", "default"),
    "metadata": ({},),
    "store": (False,),
    "background": (False,),
    "truncation": ("disabled",),
}
"""Values that ask for what a target without the setting does anyway: leaving them out loses nothing."""


_CONTENT: Mapping[tuple[str, str], str] = {
    ("openai_responses", "conversation"): "a conversation that its provider keeps",
    ("openai_responses", "prompt"): "a prompt that its provider keeps",
    ("anthropic_messages", "thread"): "a conversation that its provider keeps",
    ("gemini", "cachedContent"): "content that its provider keeps",
    ("ollama", "context"): "the turns before, in one model's own tokens",
    ("ollama", "suffix"): "what follows after the gap that the model is to fill",
    ("openai_completions", "suffix"): "what follows after the gap that the model is to fill",
    ("openai_completions", "prompt"): "an array of several prompts",
}
"""Members, by their wire, that are no settings but part of what is asked: an answer without them is to another
question."""

_THOUGHTLESS = frozenset({"openai_completions"})
"""Dialects that have no place for thoughts."""


class Losses:
    """Collects what one writing drops: names in first-seen order, each once."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def drop(self, name: str) -> None:
        """`name` was said and cannot be carried."""
        self._names[name] = None

    def unsupported(self, request: Request, supported: frozenset[str]) -> None:
        """Drop every setting that was said, asks for something, and is not in `supported`."""
        names, values_of, unsaid = _beyond(supported)
        values = values_of(request)
        if values == unsaid:
            return
        for name, value in zip(names, values, strict=True):
            if value is not None and value != () and value not in _MEANS_NOTHING.get(name, ()):
                self._names[name] = None

    def refused(self, request: Request, refused: frozenset[str]) -> None:
        """Drop every setting that was said and that the model answers with an error to."""
        if refused:
            for name in SETTINGS:
                if name in refused and getattr(request, name) not in (None, ()):
                    self._names[name] = None

    def foreign(self, extra: Extra, dialect: str) -> None:
        """Drop the members that only other dialects have a word for. Raises BadRequest for one that is content.

        A name that begins with an underscore is a dialect's own note on how something was written, which the caller
        never said: its going is no loss.
        """
        for maker, members in extra.items():
            if maker != dialect:
                refuse_kept(maker, members)
                for name in members:
                    if not name.startswith("_"):
                        self._names[name] = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names, for the response header and the call record."""
        return tuple(self._names)


def refuse_kept(maker: str, members: Mapping[str, Json]) -> None:
    """Raises BadRequest when one of those members of `maker`'s refers to content that only its provider has."""
    for name, value in members.items():
        if (what := _CONTENT.get((maker, name))) and value:
            raise BadRequest(
                f"'{name}' is {what}: the chosen model is asked in another format and would answer without it. Send "
                "the content itself, or choose a model of the provider that knows it.",
                param=name,
                code="unsupported_content",
            )


@lru_cache(maxsize=256)
def _beyond(supported: frozenset[str]) -> tuple[list[str], Callable[[Request], tuple[Any, ...]], tuple[Any, ...]]:
    """The settings beyond those, what gives their values, and the values of a request that says none of them."""
    names = [name for name in SETTINGS if name not in supported]
    values_of: Callable[[Request], tuple[Any, ...]] = attrgetter(*names)  # A tuple, for every dialect lacks several.
    return names, values_of, values_of(Request(dialect="", model=""))


def describe(block: Block) -> str:
    """A block's name for a message: what it is, not what it says."""
    match block:
        case Media():
            return f"{block.kind} ({block.media_type})" if block.media_type else block.kind
        case Opaque():
            return block.label
        case Text():
            return "text"
        case ToolCall():
            return f"tool call '{block.name}'"
        case ToolResult():
            return "tool result"
        case Thought():
            return "thinking"
        case Vector():
            return "vector"


def refuse(block: Block, where: str, why: str = "") -> BadRequest:
    """The error for content that cannot be carried: names the block and the dialect that cannot."""
    return BadRequest(
        f"The {describe(block)} block cannot be sent to the chosen model, which is asked in the {where} format"
        f"{': ' + why if why else ''}.",
        code="unsupported_content",
    )


def spoken_before(block: Block) -> Block:
    """What a model once made, for its own turn in the history of a wire whose models make words alone: sound becomes
    its words. Other media stay, to be shown to the next model beside the turn."""
    return Text(text=block.transcript) if isinstance(block, Media) and block.transcript else block


def unshown(events: Iterable[Event], dialect: str, shows: frozenset[str]) -> list[str]:
    """What those events of an answer hold that a client of `dialect`, who can be shown `shows`, does not get as it is:
    another vendor's own blocks, media that are told in words, sources, and what its maker did beside the words."""
    names: list[str] = []
    for event in events:
        if type(event) is BlockGrew:
            if event.citations and "citations" not in shows:
                names.append("citations")
            if event.logprobs and "logprobs" not in shows:
                names.append("logprobs")
        elif type(event) is BlockOpened:
            block = event.block
            if type(block) is Text:
                if block.citations and "citations" not in shows:
                    names.append("citations")
            elif type(block) is Opaque:
                if block.dialect != dialect:
                    names.append(block.label)
            elif type(block) is Media and block.kind not in shows:
                names.append(block.kind)
            elif type(block) is Thought and dialect in _THOUGHTLESS:
                names.append("thinking")
        elif type(event) is Finished:
            for maker, members in event.extra.items():
                if maker != dialect:
                    names.extend(_done_beside(members))
    return names


def _done_beside(members: Mapping[str, Json]) -> list[str]:
    """Members of a message that have no canonical name and hold several things: the work of a provider's own tools
    (Groq's `executed_tools`). What is one value is a remark on the answer."""
    choices = members.get("choices")
    messages = [choice.get("message") for choice in choices if isinstance(choice, dict)] if choices else []
    said = [message for message in messages if isinstance(message, dict)]
    return [name for message in said for name, value in message.items() if isinstance(value, list) and value]


def in_words(media: Media) -> str:
    """A medium for clients who have no place for it: what it says, where it is, or that it is there."""
    said = media.transcript or media.text or media.url
    return said or f"[{describe(media)}, which this API cannot show]"


def without_duplicates(names: Iterable[str]) -> tuple[str, ...]:
    """The names in order, each once."""
    return tuple(dict.fromkeys(names))
