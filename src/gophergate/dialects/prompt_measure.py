"""What a prompt is made of, in the numbers that tokenisers and chat templates turn on: `estimate` weighs them.

Words by length, digits, marks, scripts; schemas by their words and by their properties; turns, calls and tools; what is
asked of the model. Linear in what is said up to a bound and constant beyond it, where a sample is scaled up. No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gophergate.core.blocks import Block, Json, Media, Opaque, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import Request, Tool
from gophergate.dialects.base import encode

_PIECE = re.compile(
    r"[A-Z]?[a-z]+|[A-Z]+|[0-9]{1,3}|[^\sA-Za-z0-9\u0080-\U0010ffff]+|\n+|[ \t]{2,}"
    r"|[\u00c0-\u024f]+|[\u0080-\U0010ffff]"
)
"""What tokenisers cut text into before anything else: words at changes of case, three digits, runs of marks and of
white space. A letter of a script without spaces stands alone."""
_WHOLE = 1 << 16
_SLICES = 8
"""A text longer than `_WHOLE` characters is judged by so many slices of it."""
_PIECES = ("w3", "w6", "w9", "w13", "w14", "wlong", "dig", "punct", "pmore", "nl", "sp", "acc", "high")
_W3, _W6, _W9, _W13, _W14, _LONG, _DIGITS, _MARKS, _MORE_MARKS, _LINES, _SPACES, _ACCENTED, _HIGH = range(13)

NAMES = (
    *_PIECES,
    *("t_desc", "t_names", "props", "ndesc", "enum", "js_w", "js_p", "f_w", "f_p"),
    *("turns", "system", "calls", "results", "tools", "anytool", "forced", "fmt"),
    *("seal", "thought", "oldseal", "oldthought"),
    *("chat", "chat_tools", "think", "think_tools", "serial", "nothink", "none_tools", "named", "one"),
)
"""The measures in order. w3..w14: words of up to 3, 6, 9, 13 and of more letters, `wlong` the letters beyond 13; dig,
punct (`pmore`: further marks of a run), nl, sp, acc (accented), high (other scripts): the pieces of what is said.
t_desc, t_names: words of tools' descriptions and of their members' names; props, ndesc, enum: their properties,
descriptions and enumerated values; js_w, js_p: words and marks of their schemas as JSON; f_w, f_p: the same of an
answer's schema. seal, thought: a hundred characters of seals and ten of thoughts in an open tool loop, `old...` before
it. serial: tools, but not in parallel. one: always 1."""


def measure(request: Request, spoken: str) -> list[float]:
    """The measures of a request as a provider that speaks `spoken` is asked, in the order of `NAMES`."""
    tools = [tool for tool in request.tools if isinstance(tool, Tool)]
    schema = _Schema()
    for tool in tools:
        schema.look(tool.parameters)
    said = _pieces("\n".join(_said(request)))
    arguments = _pieces("".join(block.arguments for block in _blocks(request) if isinstance(block, ToolCall)))
    described = "\n".join([*(f"{tool.name} {tool.description}" for tool in tools), "", *schema.descriptions])
    words, marks = _json_pieces(tool.parameters for tool in tools if tool.parameters is not None)
    answer = request.format.schema if request.format is not None else None
    answer_words, answer_marks = _json_pieces([answer] if answer is not None else [])
    return [
        *(a + b for a, b in zip(said, arguments, strict=True)),
        _tokens(_pieces(described)),
        _tokens(_pieces("\n".join(schema.names))),
        schema.properties,
        len(schema.descriptions),
        schema.values,
        words,
        marks,
        answer_words,
        answer_marks,
        len(request.turns),
        float(any(turn.role in ("system", "developer") for turn in request.turns)),
        sum(isinstance(block, ToolCall) for block in _blocks(request)),
        sum(isinstance(block, ToolResult) for block in _blocks(request)),
        len(tools),
        float(bool(tools)),
        float(bool(tools) and _mode(request) in ("required", "named")),
        float(answer is not None),
        *_thoughts(request),
        *_asked(request, spoken, any_tool=bool(tools)),
        1.0,
    ]


def _pieces(text: str) -> list[float]:
    """How many pieces of each kind a text has, in the order of `_PIECES`."""
    if len(text) > _WHOLE:
        size, step = _WHOLE // _SLICES, len(text) // _SLICES
        sample = "".join(text[at * step : at * step + size] for at in range(_SLICES))
        return [count * len(text) / len(sample) for count in _pieces(sample)]
    found = [0.0] * len(_PIECES)
    for piece in _PIECE.findall(text):
        first, length = piece[0], len(piece)
        if first.isascii():
            if first.isalpha():
                found[_W3 if length <= 3 else _W6 if length <= 6 else _W9 if length <= 9 else _word(length)] += 1
                found[_LONG] += max(0, length - 13)
            elif first.isdigit():
                found[_DIGITS] += 1
            elif first == "\n":
                found[_LINES] += 1
            elif first in " \t":
                found[_SPACES] += 1
            else:
                found[_MARKS] += 1
                found[_MORE_MARKS] += length - 1
        else:
            found[_ACCENTED if "\u00c0" <= first <= "\u024f" else _HIGH] += 1
    return found


def _word(length: int) -> int:
    return _W13 if length <= 13 else _W14


def _tokens(pieces: list[float]) -> float:
    return sum(pieces[: _W14 + 1]) + pieces[_DIGITS] + pieces[_MARKS]


def _json_pieces(schemas: Iterable[Json]) -> tuple[float, float]:
    """Words and runs of marks of schemas as they stand in a prompt."""
    pieces = _pieces("".join(encode(schema).decode() for schema in schemas))
    return sum(pieces[: _W14 + 1]) + pieces[_DIGITS], pieces[_MARKS]


class _Schema:
    """What a vendor that renders schemas in its own way takes from them."""

    def __init__(self) -> None:
        self.properties = 0
        self.values = 0
        self.names: list[str] = []
        self.descriptions: list[str] = []

    def look(self, schema: Json) -> None:
        """Walk a schema, nesting included, without recursion: a caller's schema may be as deep as it likes."""
        left = [schema]
        while left:
            at = left.pop()
            if isinstance(at, list):
                left.extend(at)
            elif isinstance(at, dict):
                left.extend(self._members(at))

    def _members(self, schema: dict[str, Json]) -> Iterator[Json]:
        for name, value in schema.items():
            if name in ("properties", "$defs", "definitions") and isinstance(value, dict):
                self.names.extend(value)
                self.properties += len(value) if name == "properties" else 0
                yield from value.values()
            elif name == "description" and isinstance(value, str):
                self.descriptions.append(value)
            elif name == "enum" and isinstance(value, list):
                self.values += len(value)
                self.names.extend(entry for entry in value if isinstance(entry, str))
            elif isinstance(value, dict | list):
                yield value


def _thoughts(request: Request) -> Iterator[float]:
    """Seals (by 100 characters) and thoughts (by 10) of the open tool loop, then of what is finished. Vendors count the
    first and leave the second out of the prompt."""
    opened = max((at for at, turn in enumerate(request.turns) if _is_question(turn.role, turn.blocks)), default=-1)
    seals, thoughts = [0, 0], [0, 0]
    for at, turn in enumerate(request.turns):
        finished = at <= opened
        for block in turn.blocks:
            if isinstance(block, Thought):
                thoughts[finished] += len(block.text)
            if isinstance(block, Thought | Text | ToolCall) and block.seal is not None:
                seals[finished] += len(block.seal.token)
    yield from (seals[0] / 100, thoughts[0] / 10, seals[1] / 100, thoughts[1] / 10)


def _is_question(role: str, blocks: tuple[Block, ...]) -> bool:
    return role == "user" and any(isinstance(block, Text | Media) for block in blocks)


def _asked(request: Request, spoken: str, *, any_tool: bool) -> Iterator[float]:
    """What is asked of the model besides the words, where templates put words of their own for it."""
    wish, choice = request.reasoning, request.tool_choice
    thinks = wish is not None and wish.enabled is not False and wish.effort not in ("none", "minimal")
    thinks = thinks and wish is not None and bool(wish.enabled or wish.effort or wish.budget or wish.adaptive)
    chat = spoken == "openai_chat"
    yield from map(float, (chat, chat and any_tool, thinks, thinks and any_tool))
    yield float(any_tool and request.parallel_tool_calls is False)
    yield float(wish is not None and wish.enabled is False)
    yield float(any_tool and _mode(request) == "none")
    yield float(any_tool and choice is not None and choice.mode in ("named", "allowed") and bool(choice.names))


def _mode(request: Request) -> str:
    return request.tool_choice.mode if request.tool_choice is not None else ""


def _blocks(request: Request) -> Iterator[Block]:
    for turn in request.turns:
        yield from turn.blocks


def _said(request: Request) -> Iterator[str]:
    for block in _blocks(request):
        yield from words_of(block)


def words_of(block: Block) -> Iterator[str]:
    """What of a block stands in a prompt as words. A call's arguments are measured apart; thoughts are never words."""
    match block:
        case Text():
            yield block.text
        case ToolCall():
            yield block.name
        case ToolResult():
            for part in block.content:
                yield from words_of(part)
        case Media():
            if block.text is not None:
                yield block.text
        case Opaque():
            yield encode(block.data).decode()
        case Thought():
            pass
