"""A chat request in canonical form: what any door can say and any provider can be told."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from operator import attrgetter
from typing import Literal, final

import msgspec

from gophergate.core.blocks import NO_EXTRA, Block, CacheMark, Extra, Json

Role = Literal["system", "developer", "user", "assistant"]


class Turn(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One speaker's blocks. System and developer turns stand where the caller put them, at any place.

    Tool results are blocks of a user turn, in the caller's order. `name` is a participant's name.
    """

    role: Role
    blocks: tuple[Block, ...]
    name: str = ""
    extra: Extra = NO_EXTRA


@final
class Tool(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A client-side tool. `parameters` is a JSON schema as received, None for a tool without one.

    `strict` None means unsaid, whose meaning differs: false in Chat, true in Responses. Readers write the
    default of their own dialect out when they know it (`strict_default` in the dialect), so a crossing is explicit.
    `custom` is a free-form tool (one text input); `format` its grammar. `namespace` groups tools (Responses);
    `namespace_description` says what the group is for, on its first tool alone.
    """

    name: str
    description: str = ""
    parameters: Json = None
    strict: bool | None = None
    custom: bool = False
    format: Json = None
    namespace: str = ""
    namespace_description: str = ""
    cache: CacheMark | None = None
    extra: Extra = NO_EXTRA


@final
class ServerTool(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A tool the vendor runs itself. `data` is its declaration as received; only `dialect` understands it."""

    dialect: str
    label: str
    data: Json
    name: str = ""
    extra: Extra = NO_EXTRA


class ToolChoice(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """`mode`: auto, none, required (any tool), named (`names[0]`), allowed (one of `names`; `required` or not).

    `native` is for a vendor's own choice (a server tool): sent back only to `dialect`.
    """

    mode: Literal["auto", "none", "required", "named", "allowed", "native"]
    names: tuple[str, ...] = ()
    required: bool = False
    custom: bool = False
    dialect: str = ""
    native: Json = None


EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})
"""The words that OpenAI has for how much to think, others' among them."""


class Reasoning(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How much to think and what to show of it.

    `enabled` False: asked not to think. `effort` is a word (none, minimal, low, medium, high, xhigh, max);
    `budget` a token count (-1: the model decides); `adaptive` lets the model choose; `summary` asks for readable
    thoughts (auto, concise, detailed); `visible` False asks to leave thoughts out of the answer.
    """

    enabled: bool | None = None
    effort: str | None = None
    budget: int | None = None
    adaptive: bool = False
    summary: str | None = None
    visible: bool | None = None
    extra: Extra = NO_EXTRA


class OutputFormat(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Structured output. `kind` json_schema (with `schema`), json (any object), text, enum (Gemini's text/x.enum)."""

    kind: Literal["text", "json", "json_schema", "enum"]
    schema: Json = None
    name: str = ""
    description: str = ""
    strict: bool | None = None
    extra: Extra = NO_EXTRA


class Embedding(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What is asked of vectors; the inputs are the request's turns, one each.

    `kinds` are the kinds of numbers wanted (`blocks.Vector.kind`), () unsaid; `packed` wants them as base64. `task` is
    what they are for: "query", "document", "similarity", "classification", "clustering", "question_answering",
    "fact_verification", "code_query"; `truncate` what becomes of an input that is too long: "end", "start" (that part
    is cut off) or "none" (it is refused).
    """

    dimensions: int | None = None
    kinds: tuple[str, ...] = ()
    packed: bool = False
    task: str | None = None
    truncate: str | None = None


class Request(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One call, whatever door it came through: of chat, or with `embedding` one for vectors of its turns.

    Settings left unsaid are None. `dialect` is the language it was read from. `extra[dialect]` holds top-level
    members without a canonical name; they return to the same dialect and are dropped, by name, to others.
    `operation` is what is asked for where that goes as it comes, as rows name it: then its turns are the words in it.
    `include_usage` is whether the caller asked to see usage on its stream (Chat only; True elsewhere).
    """

    dialect: str
    model: str
    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool | ServerTool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    stream: bool = False
    include_usage: bool = True
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] = ()
    n: int | None = None
    seed: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, float] | None = None
    reasoning: Reasoning | None = None
    format: OutputFormat | None = None
    verbosity: str | None = None
    modalities: tuple[str, ...] = ()
    audio: Json = None
    service_tier: str | None = None
    user: str | None = None
    metadata: dict[str, Json] | None = None
    prompt_cache_key: str | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    background: bool | None = None
    include: tuple[str, ...] = ()
    truncation: str | None = None
    embedding: Embedding | None = None
    operation: str = ""
    extra: Extra = NO_EXTRA
    guessed_input: int | None = None
    """Tokens that all of it was guessed at, once turns of a large request were let go (`estimate.rough`)."""

    @property
    def blocks(self) -> Iterator[Block]:
        """Those of all turns, in order."""
        return chain.from_iterable(map(_blocks_of, self.turns))


_blocks_of = attrgetter("blocks")
