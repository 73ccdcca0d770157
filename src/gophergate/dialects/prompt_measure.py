"""What a prompt is made of, in the numbers that chat templates turn on: `estimate` weighs them.

Tokens of what is said, called and answered; tools in the words that the vendor shows them in; turns and calls, which
templates put marks around; what is asked of the model. Linear in what is said up to a bound and constant beyond it.
"""

from __future__ import annotations

from collections.abc import Iterator

from gophergate.core.blocks import Block, Media, Opaque, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import Request, Tool
from gophergate.dialects.base import encode
from gophergate.dialects.tool_words import Style, answer_words, rendered, shape
from gophergate.dialects.vocabulary import Cut, tokens

NAMES = (
    *("rare", "said", "arguments", "results", "tools_said", "schema_said"),
    *("thought", "oldthought", "seal", "seals", "oldseal", "oldseals"),
    *("tools", "late_tools", "anytool", "taking", "properties", "nested", "schema"),
    *("system", "user", "assistant", "calls", "answers"),
    *("forced", "serial", "thinks", "effort", "nothink", "chat", "chat_tools", "one"),
)
"""The measures in order. Tokens: `said` by anyone, `arguments` of calls with the tools' names, `results` of tools, the
tools as they are shown, the answer's schema, and the `rare` ones of all of these; `thought` in an open tool loop and
before it (`old`); `seal` is a hundred characters of sealed thoughts, `seals` how many. Counts: tools, their properties
and the objects inside them; turns of each role, calls and their answers. Asked: `anytool`, an answer's `schema`, to
call (`forced`), but not in parallel (`serial`), to think or not to; `chat`: in the Chat dialect. one: always 1."""


def measure(
    request: Request, spoken: str, *, style: Style = "json", cut: Cut = "threes", hides: bool = False
) -> list[float]:
    """The measures of a request as a provider that speaks `spoken` is asked, in the order of `NAMES`; `style` is how it
    shows tools to the model, `cut` how it cuts numbers."""
    blocks = [block for turn in request.turns for block in turn.blocks]
    calls = [block for block in blocks if isinstance(block, ToolCall)]
    results = [block for block in blocks if isinstance(block, ToolResult)]
    hidden = hides and request.tool_choice is not None and request.tool_choice.mode == "none"
    tools = [] if hidden else [tool for tool in request.tools if isinstance(tool, Tool) and not _is_deferred(tool)]
    shapes = [shape(tool.parameters) for tool in tools]
    answer = request.format if request.format is not None and request.format.schema is not None else None
    read = [
        tokens(_said(request), cut),
        tokens((f"{call.name} {call.arguments}" for call in calls), cut),
        tokens((word for result in results for word in words_of(result)), cut),
        tokens(rendered(tools, style), cut),
        tokens(answer_words(answer, style) if answer is not None else (), cut),
    ]
    return [
        sum(some.rare for some in read),
        *(some.total for some in read),
        *_thoughts(request, cut),
        len(tools),
        sum(map(_is_late, tools)),
        float(bool(tools)),
        sum(properties > 0 for properties, _ in shapes),
        sum(properties for properties, _ in shapes),
        sum(nested for _, nested in shapes),
        float(answer is not None),
        *_turns(request),
        len(calls),
        len(results),
        *_asked(request, spoken, any_tool=bool(tools)),
        1.0,
    ]


def _said(request: Request) -> Iterator[str]:
    """What stands in the prompt as words of the speakers. Templates cut off what a model thought aloud."""
    for turn in request.turns:
        for block in turn.blocks:
            if not isinstance(block, ToolResult | ToolCall):
                for words in words_of(block):
                    yield words.rpartition("</think>")[2] if turn.role == "assistant" else words


def _is_deferred(tool: Tool) -> bool:
    """True for a tool that the vendor keeps out of the prompt until the model looks for it."""
    return any(members.get("defer_loading") is True for members in tool.extra.values())


def _is_late(tool: Tool) -> bool:
    """True for a tool that was declared in the midst of the conversation (Responses' `additional_tools`)."""
    return any("_at" in members for members in tool.extra.values())


def _turns(request: Request) -> Iterator[float]:
    for roles in (("system", "developer"), ("user",), ("assistant",)):
        yield sum(
            turn.role in roles and not (turn.blocks and all(isinstance(block, ToolResult) for block in turn.blocks))
            for turn in request.turns
        )


def _thoughts(request: Request, cut: Cut) -> Iterator[float]:
    """Thoughts of the open tool loop, then of what is finished; seals likewise. Most vendors count the first and leave
    the second out of the prompt."""
    opened = max((at for at, turn in enumerate(request.turns) if _is_question(turn.role, turn.blocks)), default=-1)
    thoughts: tuple[list[str], list[str]] = ([], [])
    seals: tuple[list[int], list[int]] = ([], [])
    for at, turn in enumerate(request.turns):
        finished = at <= opened
        for block in turn.blocks:
            if isinstance(block, Thought) and not block.summary:
                thoughts[finished].append(block.text)
            if isinstance(block, Thought | Text | ToolCall) and block.seal is not None:
                seals[finished].append(len(block.seal.token))
    for words in thoughts:
        yield tokens(words, cut).total
    for sizes in seals:
        yield from (sum(sizes) / 100, len(sizes))


def _is_question(role: str, blocks: tuple[Block, ...]) -> bool:
    return role == "user" and any(isinstance(block, Text | Media) for block in blocks)


def _asked(request: Request, spoken: str, *, any_tool: bool) -> Iterator[float]:
    """What is asked of the model besides the words, where templates put words of their own for it."""
    wish, choice = request.reasoning, request.tool_choice
    yield float(any_tool and choice is not None and choice.mode in ("required", "named"))
    yield float(any_tool and request.parallel_tool_calls is False)
    yield float(wish is not None and wish.enabled is not False and bool(wish.enabled or wish.budget))
    by_effort = wish is not None and wish.effort not in (None, "none", "minimal")
    yield float(by_effort and spoken != "anthropic_messages")
    yield float(wish is not None and wish.enabled is False)
    yield float(spoken == "openai_chat")
    yield float(spoken == "openai_chat" and any_tool)


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
