"""The canonical Request as an /api/chat body.

One message holds its thinking, its text, its pictures and its calls, so the blocks of a turn are gathered by kind.
Ollama has no choice of tools (to use none, none are offered), no error flag on results and no place for seals.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from gophergate.core.blocks import Block, Json, Media, Opaque, Text, Thought, ToolCall, ToolResult, Vector
from gophergate.core.request import OutputFormat, Reasoning, Request, ServerTool, Tool, Turn
from gophergate.dialects.base import Target, Written, decode_object
from gophergate.dialects.callbook import is_invented
from gophergate.dialects.loss import Losses, refuse
from gophergate.dialects.ollama.wire import GENERATE_ONLY, NAME, OPTIONS, leftover, own_extra
from gophergate.dialects.toolnames import as_function, flat_name, offered, wrap_input
from gophergate.errors import BadRequest

_SUPPORTED = frozenset(OPTIONS.values()) | {
    "parallel_tool_calls",
    "stop",
    "logprobs",
    "top_logprobs",
    "reasoning",
    "format",
}
_LEVELS = frozenset({"low", "medium", "high"})


def write_request(request: Request, target: Target) -> Written:
    """See Dialect.write_request."""
    losses = Losses()
    losses.foreign(request.extra, NAME)
    losses.unsupported(request, _SUPPORTED)
    refused = target.traits.refuses
    losses.refused(request, refused)
    extra = own_extra(request.extra)
    body: dict[str, Json] = {"model": target.model, "stream": request.stream}
    if tools := _tools(request, losses):
        body["tools"] = tools
    if request.format is not None and "format" not in refused:
        losses.foreign(request.format.extra, NAME)
        _format(body, request.format)
    if request.reasoning is not None and "reasoning" not in refused:
        losses.foreign(request.reasoning.extra, NAME)
        think = _think(request, request.reasoning, target, losses)
        if think is not None:
            body["think"] = think
    for name in ("logprobs", "top_logprobs"):
        if (value := getattr(request, name)) is not None and name not in refused:
            body[name] = value
    for name, value in extra.items():
        if name in GENERATE_ONLY:
            losses.drop(name)
        elif not name.startswith(("_", "options.")):
            body[name] = value
    if options := _options(request, refused, extra):
        body["options"] = options
    conversation = _Conversation(target, losses)
    body["messages"] = [message for turn in request.turns for message in conversation.messages(turn)]
    return Written(body, losses.names)


def _options(request: Request, refused: frozenset[str], extra: dict[str, Json]) -> dict[str, Json]:
    options: dict[str, Json] = {}
    for option, name in OPTIONS.items():
        value = getattr(request, name)
        if value is not None and name not in refused:
            options[option] = value
    if request.stop and "stop" not in refused:
        options["stop"] = list(request.stop)
    prefix = "options."
    options.update((name[len(prefix) :], value) for name, value in extra.items() if name.startswith(prefix))
    return options


def _format(body: dict[str, Json], asked: OutputFormat) -> None:
    match asked.kind:
        case "json":
            body["format"] = "json"
        case "json_schema" | "enum" if asked.schema is not None:
            schema = asked.schema
            if asked.description and isinstance(schema, dict) and "description" not in schema:
                schema = {**schema, "description": asked.description}
            body["format"] = schema


def _think(request: Request, reasoning: Reasoning, target: Target, losses: Losses) -> bool | str | None:
    """`think`: on or off, or a level where the model has them. A budget only switches it on, and that is disclosed."""
    if reasoning.visible is False:
        losses.drop("reasoning.visible")
    effort = reasoning.effort
    if request.dialect == NAME and effort is not None:
        return effort
    if reasoning.enabled is False or effort == "none" or reasoning.budget == 0:
        return False
    if reasoning.budget is not None and reasoning.budget > 0:
        losses.drop("reasoning.budget")
    if effort is not None and target.traits.thinking != "toggle":
        if effort in _LEVELS:
            return effort
        losses.drop("reasoning.effort")
        return "low" if effort == "minimal" else "high" if effort in {"xhigh", "max"} else True
    if effort is not None:
        losses.drop("reasoning.effort")
    is_asked = reasoning.enabled is True or reasoning.adaptive or effort is not None or reasoning.budget is not None
    return True if is_asked or reasoning.visible is True or reasoning.summary is not None else None


def _tools(request: Request, losses: Losses) -> list[Json]:
    choice = request.tool_choice
    if request.parallel_tool_calls is False:
        losses.drop("parallel_tool_calls")
    if choice is not None and choice.mode not in {"auto", "none"}:
        losses.drop("tool_choice")
    tools: list[Json] = []
    for tool in offered(request, NAME, losses):
        if isinstance(tool, ServerTool):
            if tool.dialect == NAME:
                tools.append(tool.data)
            else:
                losses.drop(tool.label)
        else:
            tools.append(_tool(tool, losses))
    return [] if choice is not None and choice.mode == "none" else tools


def _tool(tool: Tool, losses: Losses) -> dict[str, Json]:
    losses.foreign(tool.extra, NAME)
    if tool.cache is not None:
        losses.drop("cache_control")
    name, description, parameters, strict = as_function(tool)
    if strict:
        losses.drop("strict")
    function: dict[str, Json] = {"name": name}
    if description:
        function["description"] = description
    # Ollama's templates read the properties: a tool without a schema has none.
    function["parameters"] = parameters if parameters is not None else {"type": "object", "properties": {}}
    extra = own_extra(tool.extra)
    prefix = "function."
    function.update((key[len(prefix) :], value) for key, value in extra.items() if key.startswith(prefix))
    return {"type": "function", "function": function, **leftover(extra, frozenset(_dotted(extra)))}


def _dotted(extra: dict[str, Json]) -> list[str]:
    return [name for name in extra if "." in name]


# -- the conversation -------------------------------------------------------------------------------------------------


class _Conversation:
    """Turns to messages. Results go by the name of their tool, which their calls tell."""

    def __init__(self, target: Target, losses: Losses) -> None:
        self._target = target
        self._losses = losses
        self._names: dict[str, str] = {}

    def messages(self, turn: Turn) -> list[Json]:
        """The messages of one turn: its results one by one, then all else as one."""
        self._losses.foreign(turn.extra, NAME)
        if turn.name:
            self._losses.drop("name")
        results = [self._result(block) for block in turn.blocks if isinstance(block, ToolResult)]
        rest = [block for block in turn.blocks if not isinstance(block, ToolResult)]
        role = "system" if turn.role in {"system", "developer"} else turn.role
        message = self._message(role, rest)
        says_nothing = message == {"role": role, "content": ""}
        if says_nothing and (results or any(not isinstance(block, Text) for block in rest)):
            return results
        return [*results, {**message, **own_extra(turn.extra)}]

    def _message(self, role: str, blocks: Sequence[Block]) -> dict[str, Json]:
        texts: list[str] = []
        thoughts: list[str] = []
        pictures: list[str] = []
        calls: list[Json] = []
        for block in blocks:
            self._disclose(block)
            match block:
                case Text():
                    texts.append(block.text)
                case Thought():
                    thoughts.append(block.text)
                case Media():
                    self._media(block, texts, pictures)
                case ToolCall():
                    calls.append(self._call(block))
                case Opaque() if not block.optional:
                    raise refuse(block, "Ollama")
                case Opaque():
                    self._losses.drop(block.label)
        message: dict[str, Json] = {"role": role, "content": "\n".join(text for text in texts if text)}
        if thinking := "\n".join(thought for thought in thoughts if thought):
            message["thinking"] = thinking
        if pictures:
            message["images"] = pictures
        if calls:
            message["tool_calls"] = calls
        return message

    def _call(self, block: ToolCall) -> dict[str, Json]:
        name = flat_name(block)
        self._names[block.id] = name
        text = wrap_input(block.arguments) if block.custom else block.arguments
        try:
            arguments = decode_object(text.encode()) if text.strip() else {}
        except BadRequest:
            raise refuse(block, "Ollama", "its arguments are not a JSON object") from None
        extra = own_extra(block.extra)
        prefix = "function."
        function: dict[str, Json] = {"name": name, "arguments": arguments}
        function.update((key[len(prefix) :], value) for key, value in extra.items() if key.startswith(prefix))
        known = {} if is_invented(block.id) else {"id": block.id}
        return {**known, "function": function, **leftover(extra, frozenset(_dotted(extra)))}

    def _result(self, block: ToolResult) -> dict[str, Json]:
        self._losses.foreign(block.extra, NAME)
        if block.cache is not None:
            self._losses.drop("cache_control")
        message = self._message("tool", block.content)
        if block.is_error and not message["content"].casefold().startswith("error"):
            message["content"] = f"Error: {message['content']}" if message["content"] else "Error"
        name = self._names.get(block.call_id) or block.name
        if name:
            message["tool_name"] = name
        if not is_invented(block.call_id):
            message["tool_call_id"] = block.call_id
        return {**message, **own_extra(block.extra)}

    def _media(self, block: Media, texts: list[str], pictures: list[str]) -> None:
        """A picture in base64 to the pictures, a plain document to the texts. Raises BadRequest for all else."""
        if block.text is not None:
            texts.append(block.text)
        elif block.kind == "document" and block.media_type.startswith("text/") and block.data is not None:
            texts.append(base64.b64decode(block.data).decode(errors="replace"))
        elif block.kind != "image":
            raise refuse(block, "Ollama", "it takes text and images only")
        elif block.data is not None:
            pictures.append(block.data)
        elif block.url is not None and block.url.startswith("data:") and ";base64," in block.url:
            pictures.append(block.url.partition(";base64,")[2])
        else:
            raise refuse(block, "Ollama", "it takes images in base64 only, not by URL or file id")

    def _disclose(self, block: Block) -> None:
        """Name what a block carries besides its content that Ollama has no word for."""
        self._losses.foreign(block.extra, NAME)
        if not isinstance(block, Thought | Vector) and block.cache is not None:
            self._losses.drop("cache_control")
        if isinstance(block, Text) and block.citations:
            self._losses.drop("citations")
        if isinstance(block, Media) and block.detail not in {None, "auto"}:
            self._losses.drop("detail")
