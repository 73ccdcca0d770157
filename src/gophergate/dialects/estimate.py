"""How many tokens a request will be, estimated from its bytes: for targets that cannot be asked (R-C4).

No tokeniser's files are shipped or fetched. Text is measured in words and characters by class, at the speed of C, and
weighed by what recorded usage of each tokeniser family taught (`docs/counting.md` says how near that comes). Media
follow the vendors' published formulas where their size can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from gophergate.core.blocks import Block, Media, Opaque, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import Request, Tool
from gophergate.dialects.base import encode
from gophergate.dialects.media_tokens import media_tokens

_NOT_LETTERS = bytes(b for b in range(256) if not chr(b).isascii() or not chr(b).isalpha())
_NOT_DIGITS = bytes(b for b in range(256) if not 48 <= b <= 57)
_NOT_HIGH = bytes(range(128))
_MARKS = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_NOT_MARKS = bytes(b for b in range(256) if b not in _MARKS)


class Measure(msgspec.Struct, frozen=True):
    """What a text is made of."""

    words: int = 0
    letters: int = 0
    digits: int = 0
    marks: int = 0
    high: int = 0
    lines: int = 0


def measured(texts: Iterable[str]) -> Measure:
    """The sum over texts. Linear, and without a Python step per character."""
    text = "\n".join(texts)
    raw = text.encode(errors="replace")
    return Measure(
        words=len(raw.split()),
        letters=len(raw.translate(None, _NOT_LETTERS)),
        digits=len(raw.translate(None, _NOT_DIGITS)),
        marks=len(raw.translate(None, _NOT_MARKS)),
        high=len(raw.translate(None, _NOT_HIGH)),
        lines=raw.count(b"\n"),
    )


def features(request: Request) -> list[float]:
    """What the weights of a family are applied to, in order: words, letters, digits, marks, bytes above ASCII and lines
    of what is said; letters and marks of schemas; turns, calls, tools; whether there are tools, whether one must be
    called, whether the answer has a schema; and one."""
    said = measured(_said(request))
    tools = [tool for tool in request.tools if isinstance(tool, Tool)]
    described = measured([f"{tool.name} {tool.description}" for tool in tools])
    schemas = [encode(tool.parameters).decode() for tool in tools]
    if request.format is not None and request.format.schema is not None:
        schemas.append(encode(request.format.schema).decode())
    schema = measured(schemas)
    calls = sum(isinstance(block, ToolCall | ToolResult) for turn in request.turns for block in turn.blocks)
    return [
        said.words + described.words,
        said.letters + described.letters,
        said.digits + described.digits,
        said.marks + described.marks,
        said.high + described.high,
        said.lines,
        schema.letters,
        schema.marks + schema.digits,
        len(request.turns),
        calls,
        len(tools),
        float(bool(tools)),
        float(bool(tools) and request.tool_choice is not None and request.tool_choice.mode in ("required", "named")),
        float(request.format is not None and request.format.schema is not None),
        1.0,
    ]


_BYTES_PER_TOKEN = 4
_ROUGH_MEDIUM = 1000


def rough(request: Request) -> int:
    """A first guess at no cost to speak of, for what is said before the provider has counted: a quarter of the
    characters, and a usual picture's worth for each medium."""
    size = sum(len(text) for text in _said(request))
    for tool in request.tools:
        if isinstance(tool, Tool):
            size += len(tool.description) + len(encode(tool.parameters))
    return size // _BYTES_PER_TOKEN + sum(_ROUGH_MEDIUM for _ in _media(request)) + 1


def _said(request: Request) -> Iterator[str]:
    for turn in request.turns:
        for block in turn.blocks:
            yield from _words(block)


def _words(block: Block) -> Iterator[str]:
    match block:
        case Text():
            yield block.text
        case ToolCall():
            yield block.name
            yield block.arguments
        case ToolResult():
            for part in block.content:
                yield from _words(part)
        case Media():
            if block.text is not None:
                yield block.text
        case Opaque():
            yield encode(block.data).decode()
        case Thought():
            # Vendors leave the thoughts of finished turns out of the prompt; those of an open loop they count.
            pass


# fmt: off
_FAMILIES: tuple[tuple[str, str, tuple[float, ...]], ...] = (
    # name, pattern of models, weights of `features` in order
    ("claude-next", r"claude-(opus-4[-.][78]|fable|mythos|(opus|sonnet|haiku)-[5-9])",
     (0.866, 0.202, 0.719, 0.912, 0, 0, 0.497, 1.598, 0, 70.052, 58.319, 121.187, 0, 35.544, 6.973)),
    ("claude-4", r"claude-(3|(sonnet|opus)-4($|-2025|-1)|4-|4\.0)",
     (0.992, 0, 1.762, 1.392, 0.205, 0, 0.386, 0, 3.52, 35.656, 22.534, 332.103, 0, 35.544, 0)),
    ("claude", r"claude",
     (0.795, 0.076, 1.711, 0.723, 1.508, 0.266, 0.074, 0.647, 0, 24.107, 8.179, 510.677, 101.895, 129.344, 6.667)),
    ("gemini", r"gemini|gemma",
     (0.718, 0.064, 1.387, 0.732, 11.352, 0, 0, 0, 0.816, 5.593, 7.909, 5.138, 48.164, 0, 0)),
    ("gpt-5", r"gpt-[5-9]|codex",
     (0.961, 0.015, 0.565, 1.047, 0, 0.71, 0.145, 0.224, 3.5, 4.915, 5.371, 5.168, 3.063, 20.527, 2.279)),
    ("gpt-oss", r"gpt-oss",
     (0, 0.215, 0.691, 0.314, 0.802, 0, 0, 0.451, 6.771, 14.569, 14.251, 11.299, 34.168, 77.529, 65.257)),
    ("gpt-4", r"gpt-|(^|/)o\d|chatgpt",
     (1.188, 0.001, 0.548, 0.507, 0, 1.972, 0.008, 0.365, 1.925, 4.117, 0, 12.925, 0, 35.544, 4.213)),
    ("grok", r"grok",
     (0.278, 0, 0, 0, 0, 4.145, 0, 0.954, 28.174, 44.615, 36.574, 33.803, 74.314, 17.833, 154.34)),
    ("mistral", r"mistral|mixtral|magistral|pixtral|voxtral|codestral|devstral|ministral",
     (0.868, 0.045, 1.151, 0.57, 0.235, 1.836, 0.165, 0.79, 0.156, 2.81, 8.704, 0, 0, 0, 14.877)),
    ("llama", r"llama",
     (0, 0, 0.578, 0, 0.206, 6.936, 0.554, 0, 0, 4.679, 0, 623.477, 0, 35.544, 40.648)),
    ("deepseek", r"deepseek",
     (1.077, 0, 0.907, 0.875, 0, 0.38, 0.224, 0.344, 0.475, 36.801, 22.664, 210.667, 20.233, 35.544, 2.49)),
    ("qwen", r"qwen",
     (0.543, 0.118, 0.869, 0.58, 0.373, 0.867, 0, 0.837, 4.194, 21.696, 1.701, 75.929, 44.677, 75.874, 6.543)),
    ("glm", r"glm",
     (0, 0.129, 0, 2.421, 0, 2.84, 0.134, 0.544, 0, 11.601, 31.571, 85.959, 3.788, 35.544, 7.585)),
    ("kimi", r"kimi|moonshot",
     (2.263, 0, 3.211, 1.31, 0, 0, 0.137, 0.628, 0, 0, 6.55, 9.579, 0, 35.544, 0)),
    ("other", r"",
     (1.026, 0, 0.389, 0.677, 0, 1.613, 0.064, 0.128, 1.871, 13.208, 63.914, 76.839, 0, 0, 0)),
)
# fmt: on
"""The first pattern that is found in a model's name wins. Fitted to recorded usage by least trimmed squares over the
relative error, no weight below zero; families with few recordings lean on "gpt-4"."""


def family_of(model: str) -> str:
    """The tokeniser family whose weights serve a model."""
    return next(name for name, pattern, _ in _FAMILIES if re.search(pattern, model))


def estimate(request: Request, model: str) -> int:
    """Prompt tokens of `request` at `model`, media included; at least one. An estimate, never a bill."""
    name, _, weights = next(family for family in _FAMILIES if re.search(family[1], model))
    said = sum(weight * value for weight, value in zip(weights, features(request), strict=True))
    return max(1, round(said + sum(media_tokens(medium, name) for medium in _media(request))))


def _media(request: Request) -> Iterator[Media]:
    for turn in request.turns:
        for block in turn.blocks:
            for part in block.content if isinstance(block, ToolResult) else (block,):
                if isinstance(part, Media):
                    yield part
