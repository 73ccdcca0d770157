"""Tools for targets that know only functions: free-form tools and namespaces on the way out, and back again.

A free-form (custom) tool becomes a function with one string argument named "input"; a namespaced tool gets the
flat name `namespace__name`. Writers of requests use `flat_name`, `as_function` and `wrap_input`. Readers give plain
function calls; the path, which knows the request, runs them through a `Restorer`, so the caller sees the tools it
offered (R-C2, edge case 49). Pure, and free of any one dialect.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from gophergate.core.blocks import Json, ToolCall
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event
from gophergate.core.request import Request, ServerTool, Tool
from gophergate.dialects.loss import Losses
from gophergate.dialects.roots import object_root

_INPUT = "input"
_ODD = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST = 64
_RULE = re.compile(rf"[a-zA-Z0-9_-]{{1,{_LONGEST}}}")
_DIGEST = 8
_Named = TypeVar("_Named", Tool, ToolCall)

WITHHELD = "_withheld"
"""Note of a dialect on a tool that its own vendor does not show to the model: nobody else is offered it."""


class Function(NamedTuple):
    """A tool as a plain function: what every target that has tools can be told."""

    name: str
    description: str
    parameters: Json
    strict: bool | None


def offered(request: Request, dialect: str, losses: Losses) -> tuple[Tool | ServerTool, ...]:
    """The tools of a request that a target of `dialect` is told of: all but those that its caller withholds, of which
    what they say beside themselves is named."""
    out: list[Tool | ServerTool] = []
    for tool in request.tools:
        if tool.extra and any(WITHHELD in members for maker, members in tool.extra.items() if maker != dialect):
            losses.foreign(tool.extra, dialect)
        else:
            out.append(tool)
    return tuple(out)


def flat_name(tool: Tool | ToolCall) -> str:
    """The name of a tool, or of a call of one, where namespaces do not exist."""
    return f"{tool.namespace}__{tool.name}" if tool.namespace else tool.name


def as_function(tool: Tool) -> Function:
    """The tool as a function. A free-form tool's grammar is told in words: no schema can say it; and so is what its
    namespace is for, by the first tool of it."""
    description = tool.description
    if tool.namespace_description:
        told = f"The tools whose names begin with {tool.namespace}__: {tool.namespace_description}"
        description = f"{description}\n\n{told}".strip()
    if not tool.custom:
        return Function(flat_name(tool), description, object_root(tool.parameters), tool.strict)
    grammar: Json = tool.format
    if isinstance(grammar, dict) and isinstance(grammar.get("definition"), str):
        words = [word for word in ("this", grammar.get("syntax"), "grammar") if isinstance(word, str)]
        told = f"The input must match {' '.join(words)}:\n{grammar['definition']}"
        description = f"{description}\n\n{told}".strip()
    parameters = {
        "type": "object",
        "properties": {_INPUT: {"type": "string", "description": "The input of the tool, as free text."}},
        "required": [_INPUT],
        "additionalProperties": False,
    }
    return Function(flat_name(tool), description, parameters, None)


def short_name(name: str) -> str:
    """A name within OpenAI's rule: letters, digits, `_` and `-`, at most 64. One that keeps it is left as it is; every
    other one gets the same new name each time, and a `Restorer` gives it back."""
    if _fits(name):
        return name
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:_DIGEST]
    return f"{_ODD.sub('_', name)[: _LONGEST - _DIGEST - 1]}_{digest}"


def _fits(name: str) -> bool:
    return _RULE.fullmatch(name) is not None


def with_short_names(request: Request, *, flat: bool) -> Request:
    """The request with every tool, call and choice under a name that OpenAI takes. Claude Code's and Gemini's tools may
    have up to 128 characters, dots and colons. `flat` where the target has no namespaces."""
    named: list[Tool | ToolCall] = [tool for tool in request.tools if type(tool) is Tool]
    names = [tool.name for tool in named]
    if ToolCall in map(type, request.blocks):
        named += [block for block in request.blocks if type(block) is ToolCall]
    names += map(flat_name if flat else attrgetter("name"), named)
    if all(map(_RULE.fullmatch, names)):
        return request
    tools = tuple(_shortened(tool, flat) if isinstance(tool, Tool) else tool for tool in request.tools)
    renamed = {
        name: new.name
        for old, new in zip(request.tools, tools, strict=True)
        if isinstance(old, Tool) and isinstance(new, Tool) and old.name != new.name
        for name in (old.name, flat_name(old))
    }
    choice = request.tool_choice
    return replace(
        request,
        tools=tools,
        turns=tuple(
            replace(turn, blocks=tuple(_shortened(b, flat) if isinstance(b, ToolCall) else b for b in turn.blocks))
            for turn in request.turns
        ),
        tool_choice=choice and replace(choice, names=tuple(renamed.get(name, name) for name in choice.names)),
    )


def _shortened(named: _Named, flat: bool) -> _Named:
    if flat and not _fits(flat_name(named)):
        return replace(named, name=short_name(flat_name(named)), namespace="")
    return replace(named, name=short_name(named.name))


def wrap_input(text: str) -> str:
    """A free-form call's input as the arguments of the function that stands for its tool."""
    return msgspec.json.encode({_INPUT: text}).decode()


def unwrap_input(arguments: str) -> str:
    """The free text behind such arguments; arguments that do not hold it are themselves the text."""
    try:
        value = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return arguments
    if isinstance(value, dict) and isinstance(value.get(_INPUT), str):
        return str(value[_INPUT])
    return arguments


class Restorer:
    """Calls come back under the names and in the form the caller offered its tools; all else passes untouched.

    A free-form call's text is told whole when its block closes, because only whole arguments can be read back.
    Calls that are free-form already (the target knew custom tools) keep their input.
    """

    __slots__ = ("_pieces", "_tools")

    def __init__(self, request: Request) -> None:
        self._tools = _restorable(request)
        self._pieces: dict[int, list[str]] = {}

    @staticmethod
    def is_needed(request: Request) -> bool:
        """True when some tool of the request may have gone out under another name or form."""
        return bool(_restorable(request))

    def feed(self, event: Event) -> list[Event]:
        """The events to tell instead of `event`."""
        match event:
            case BlockOpened(index, ToolCall() as call, choice):
                tool = self._tools.get(call.name)
                if tool is None:
                    return [event]
                named = replace(call, name=tool.name, namespace=tool.namespace)
                if tool.custom and not call.custom:
                    self._pieces[index] = [call.arguments]
                    named = replace(named, custom=True, arguments="")
                return [BlockOpened(index, named, choice)]
            case BlockGrew(index, text) if index in self._pieces:
                self._pieces[index].append(text)
                silent = replace(event, text="")
                return [silent] if silent != BlockGrew(index) else []
            case BlockClosed(index) if index in self._pieces:
                text = unwrap_input("".join(self._pieces.pop(index)))
                return [BlockGrew(index, text), event] if text else [event]
            case _:
                return [event]


def restored(events: Iterable[Event], request: Request) -> Iterator[Event]:
    """The events of a whole reply, restored."""
    restorer = Restorer(request)
    for event in events:
        yield from restorer.feed(event)


def restored_call(call: ToolCall, request: Request) -> ToolCall:
    """One whole call, restored."""
    tool = _restorable(request).get(call.name)
    if tool is None:
        return call
    named = replace(call, name=tool.name, namespace=tool.namespace)
    if tool.custom and not call.custom:
        named = replace(named, custom=True, arguments=unwrap_input(call.arguments))
    return named


def _restorable(request: Request) -> dict[str, Tool]:
    """The tools whose calls may come back changed, by the flat name they went out under."""
    found: dict[str, Tool] = {}
    for tool in request.tools:
        if isinstance(tool, Tool):
            if tool.custom or tool.namespace:
                found[flat_name(tool)] = tool
            for name in (tool.name, flat_name(tool)):
                if not _fits(name):
                    found[short_name(name)] = tool
    return found
