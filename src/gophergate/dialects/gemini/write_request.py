"""The canonical Request as a generateContent body.

System and developer turns fold into `systemInstruction` in their order, because Gemini knows no other place for them;
that the place in the conversation of a later one was lost is disclosed as "system_position". Members stand with
`contents` last, so that a longer conversation keeps the earlier bytes as a prefix (R-K1).
"""

from __future__ import annotations

from gophergate.core.blocks import Block, Json, Media, Opaque, Text, Thought, ToolCall, ToolResult, Vector
from gophergate.core.request import Request, ServerTool, Tool, ToolChoice, Turn
from gophergate.dialects.base import Target, Written
from gophergate.dialects.gemini.calls import arguments_object, call_part, result_part
from gophergate.dialects.gemini.parts import media_part, text_part
from gophergate.dialects.gemini.schema import for_google
from gophergate.dialects.gemini.settings import generation_config
from gophergate.dialects.gemini.wire import NAME, inner, own_extra
from gophergate.dialects.loss import Losses, refuse
from gophergate.dialects.silence import is_silent, spoken
from gophergate.dialects.toolnames import as_function, flat_name, offered, wrap_input
from gophergate.errors import BadRequest

_FILLER: dict[str, Json] = {"role": "user", "parts": [{"text": " "}]}
"""Gemini wants a user's turn first and never an empty list; a space is the least that it takes for one."""

_TIERS = {"default": "standard", "standard": "standard", "flex": "flex", "priority": "priority"}


def write_request(request: Request, target: Target) -> Written:
    """See Dialect.write_request."""
    losses = Losses()
    losses.foreign(request.extra, NAME)
    extra = own_extra(request.extra)
    body: dict[str, Json] = {name: value for name, value in extra.items() if "." not in name}
    system, contents = _Conversation(request, target, losses).written()
    if system:
        body["systemInstruction"] = {"parts": system}
    if tools := _tools(request, target, losses):
        body["tools"] = tools
    if tool_config := _tool_config(request, target, losses):
        body["toolConfig"] = tool_config
    if config := generation_config(request, target, losses):
        body["generationConfig"] = config
    if tier := _service_tier(request, losses):
        body["serviceTier"] = tier
    if request.store is not None:
        if request.dialect == NAME:
            body["store"] = request.store
        elif request.store:
            losses.drop("store")
    body["contents"] = contents
    return Written(body, losses.names)


def _service_tier(request: Request, losses: Losses) -> str | None:
    said = request.service_tier
    if said is None or said == "auto":
        return None
    if request.dialect == NAME:
        return said
    if said not in _TIERS:
        losses.drop("service_tier")
    return _TIERS.get(said)


# -- the conversation -------------------------------------------------------------------------------------------------


class _Content:
    """One content while it is put together: `results` with the order of the calls they answer, then all else."""

    __slots__ = ("extra", "parts", "results", "role")

    def __init__(self, role: str, extra: dict[str, Json]) -> None:
        self.role = role
        self.extra = extra
        self.parts: list[Json] = []
        self.results: list[tuple[int, Json]] = []

    def written(self) -> dict[str, Json]:
        """Results stand before words and in the order of their calls: models that know no ids go by the order."""
        results = [part for _, part in sorted(self.results, key=lambda result: result[0])]
        return {"role": self.role, "parts": results + self.parts, **self.extra}


class _Conversation:
    """Turns to contents: the same role in a row is one content, and results follow the turn that called them."""

    def __init__(self, request: Request, target: Target, losses: Losses) -> None:
        self._request = request
        self._target = target
        self._losses = losses
        self._names: dict[str, str] = {}
        self._order: dict[str, int] = {}
        self._calls = 0

    def written(self) -> tuple[list[Json], list[Json]]:
        """The parts of the system instruction, and the contents."""
        system: list[Json] = []
        contents: list[_Content] = []
        turns = self._request.turns
        for turn in turns if self._request.dialect == NAME else spoken(turns, self._losses, NAME):
            self._losses.foreign(turn.extra, NAME)
            if turn.name:
                self._losses.drop("name")
            if turn.role in {"system", "developer"}:
                parts = [self._system_part(block) for block in turn.blocks if not is_silent(block)]
                said = [part for part in parts if part is not None]
                if contents and said:
                    self._losses.drop("system_position")
                system.extend(said)
                continue
            role = "model" if turn.role == "assistant" else "user"
            content = contents[-1] if contents and contents[-1].role == role else _Content(role, own_extra(turn.extra))
            self._fill(content, turn)
            if (content.parts or content.results) and (not contents or content is not contents[-1]):
                contents.append(content)
        written: list[Json] = [content.written() for content in contents]
        if not contents or contents[0].role == "model":
            written.insert(0, _FILLER)
        return system, written

    def _fill(self, content: _Content, turn: Turn) -> None:
        for block in turn.blocks:
            self._disclose(block)
            if isinstance(block, ToolResult):
                content.results.append((self._order.get(block.call_id, self._calls), self._result(block)))
            elif (part := self._part(block)) is not None:
                content.parts.append(part)

    def _system_part(self, block: Block) -> dict[str, Json] | None:
        if isinstance(block, Opaque) and block.optional and block.dialect != NAME:
            return self._opaque(block)
        if not isinstance(block, Text):
            raise refuse(block, "Gemini", "system instructions are text only")
        self._disclose(block)
        return text_part(block.text, extra=own_extra(block.extra))

    def _part(self, block: Text | Media | ToolCall | Thought | Opaque | Vector) -> dict[str, Json] | None:
        """The part of one block; None for a block that has nothing to say to Gemini."""
        match block:
            case Text():
                # Google takes an empty text from its own callers; others' say nothing by it.
                is_dropped = is_silent(block) and self._request.dialect != NAME
                return None if is_dropped else self._sealed(text_part(block.text, extra=own_extra(block.extra)), block)
            case Thought():
                return self._thought(block)
            case Media():
                return self._sealed(media_part(block), block)
            case ToolCall():
                return self._sealed(self._call(block), block)
            case Opaque():
                return self._opaque(block)
            case Vector():
                raise refuse(block, "Gemini")

    def _thought(self, block: Thought) -> dict[str, Json] | None:
        """Foreign reasoning goes as a thought without its seal; what was only a seal does not go at all."""
        part = self._sealed(text_part(block.text, thought=True, extra=own_extra(block.extra)), block)
        return part if block.text or "thoughtSignature" in part else None

    def _call(self, block: ToolCall) -> dict[str, Json]:
        name = flat_name(block)
        self._names[block.id] = name
        self._order[block.id] = self._calls
        self._calls += 1
        args = arguments_object(wrap_input(block.arguments) if block.custom else block.arguments)
        if args is None:
            raise refuse(block, "Gemini", "its arguments are not a JSON object")
        return call_part(block.id, name, args, own_extra(block.extra))

    def _result(self, block: ToolResult) -> dict[str, Json]:
        name = self._names.get(block.call_id) or block.name
        if not name:
            raise BadRequest(
                f"The tool result for call '{block.call_id}' answers no call of this conversation.",
                code="unsupported_content",
            )
        for inside in block.content:
            self._disclose(inside)
        return result_part(block, name, self._losses)

    def _opaque(self, block: Opaque) -> dict[str, Json] | None:
        if block.dialect == NAME and block.origin in {"", self._target.origin}:
            return dict(block.data)
        if not block.optional:
            raise refuse(block, "Gemini")
        self._losses.drop(block.label)
        return None

    def _sealed(self, part: dict[str, Json], block: Text | Thought | Media | ToolCall) -> dict[str, Json]:
        if block.seal is not None and block.seal.belongs_to(NAME, self._target.origin):
            part["thoughtSignature"] = block.seal.token
        return part

    def _disclose(self, block: Block) -> None:
        """Name what a block carries besides its content that Gemini has no word for."""
        self._losses.foreign(block.extra, NAME)
        if not isinstance(block, Thought | Vector) and block.cache is not None:
            self._losses.drop("cache_control")
        if isinstance(block, Media) and block.detail not in {None, "auto"}:
            self._losses.drop("detail")
        if isinstance(block, Text) and block.citations:
            self._losses.drop("citations")


# -- tools ------------------------------------------------------------------------------------------------------------


def _tools(request: Request, target: Target, losses: Losses) -> list[Json]:
    declarations: list[Json] = []
    tools: list[Json] = []
    for tool in offered(request, NAME, losses):
        if isinstance(tool, ServerTool):
            if tool.dialect == NAME:
                tools.append(tool.data)
            else:
                losses.drop(tool.label)
            continue
        if not declarations:
            tools.append({"functionDeclarations": declarations})
        declarations.append(_declaration(tool, target, losses))
    return tools


def _declaration(tool: Tool, target: Target, losses: Losses) -> dict[str, Json]:
    losses.foreign(tool.extra, NAME)
    if tool.cache is not None:
        losses.drop("cache_control")
    function = as_function(tool)
    if function.strict and not target.traits.strict_tools:
        losses.drop("strict")
    told: dict[str, Json] = {"name": function.name}
    if function.description:
        told["description"] = function.description
    if function.parameters:
        told["parametersJsonSchema"] = for_google(function.parameters)
    return {**told, **own_extra(tool.extra)}


def _tool_config(request: Request, target: Target, losses: Losses) -> dict[str, Json]:
    extra = own_extra(request.extra)
    if request.parallel_tool_calls is False:
        losses.drop("parallel_tool_calls")
    functions = [tool for tool in offered(request, NAME, losses) if isinstance(tool, Tool)]
    calling = _calling(request.tool_choice, functions, losses)
    if not functions and (not request.tools or request.dialect != NAME):
        calling.clear()  # Google refuses it where no function is declared; another vendor's own tools stay behind.
    is_strict = target.traits.strict_tools and any(tool.strict for tool in functions)
    if is_strict and calling.get("mode", "AUTO") == "AUTO":
        # VALIDATED is AUTO with calls held to their schemas: what strict asks for.
        calling["mode"] = "VALIDATED"
    calling.update(inner(extra, "functionCallingConfig."))
    config: dict[str, Json] = {"functionCallingConfig": calling} if calling else {}
    return {**config, **inner(extra, "toolConfig.")}


def _calling(choice: ToolChoice | None, tools: list[Tool], losses: Losses) -> dict[str, Json]:
    """functionCallingConfig; a choice that names no tool offered here is dropped (edge case 26)."""
    if choice is None:
        return {}
    names = {tool.name: flat_name(tool) for tool in tools} | {flat_name(tool): flat_name(tool) for tool in tools}
    allowed = [names[name] for name in choice.names if name in names]
    match choice.mode:
        case "auto":
            if choice.dialect == NAME and isinstance(choice.native, dict):
                return dict(choice.native)
            return {"mode": "AUTO"}
        case "none":
            return {"mode": "NONE"}
        case "required" if names:
            return {"mode": "ANY"}
        case "named" | "allowed" if allowed:
            must = choice.mode == "named" or choice.required
            return {"mode": "ANY" if must else "VALIDATED", "allowedFunctionNames": allowed}
        case _:
            losses.drop("tool_choice")
            return {}
