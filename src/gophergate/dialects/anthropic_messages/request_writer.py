"""A canonical request to a Messages body for one target: what goes, what is dropped by name, what is refused.

The members stand in one order, `messages` last, so that a longer conversation begins with the same bytes (R-K1).
"""

from __future__ import annotations

from typing import Any

from gophergate.core.blocks import Json
from gophergate.core.request import Request, ServerTool, Tool, ToolChoice
from gophergate.dialects.anthropic_messages.betas import betas_of
from gophergate.dialects.anthropic_messages.content import Content
from gophergate.dialects.anthropic_messages.names import tool_name
from gophergate.dialects.anthropic_messages.schema import constrained, object_schema
from gophergate.dialects.anthropic_messages.thinking import Plan, plan_of
from gophergate.dialects.anthropic_messages.turns import write_turns
from gophergate.dialects.anthropic_messages.wire import INLINE, NAME, VERSION, own
from gophergate.dialects.base import Target, Written
from gophergate.dialects.loss import Losses
from gophergate.dialects.members import list_of, object_of
from gophergate.dialects.roots import object_answer
from gophergate.dialects.toolnames import WITHHELD, as_function, flat_name, offered

MOST_MARKS = 4
"""The API's limit of cache breakpoints in a request; one more is a 400."""

_SETTINGS = frozenset(
    {
        "parallel_tool_calls",
        "max_output_tokens",
        "temperature",
        "top_p",
        "top_k",
        "stop",
        "reasoning",
        "format",
        "service_tier",
        "user",
    }
)
_COUNTED = frozenset(
    {
        "model",
        "system",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "cache_control",
        "context_management",
        "mcp_servers",
        "speed",
        "messages",
    }
)
"""What `count_tokens` knows; it refuses the rest."""

_TIERS = {"auto": "auto", "default": "standard_only"}
"""Other dialects' service tiers in this one's words."""


def write_request(request: Request, target: Target) -> Written:
    """The body for `target`. Raises BadRequest for content that cannot be carried, naming the block."""
    losses = Losses()
    losses.unsupported(request, (_SETTINGS - target.traits.refuses) | _moot(request))
    if request.extra:
        losses.foreign(request.extra, NAME)
    content = Content(target, losses)
    plan = plan_of(request, target, losses)
    system, messages = write_turns(request, content, losses)
    tools = _tools(request, target, content, losses)
    choice = _tool_choice(request, target, losses, has_tools=bool(tools))
    plan = _possible(plan, request, choice, messages, losses)

    extra = own(request.extra)
    body: dict[str, Json] = {"model": target.model, "max_tokens": plan.max_tokens}
    if request.stream:
        body["stream"] = True
    body.update(_sampling(request, target, plan, losses))
    if plan.thinking is not None:
        body["thinking"] = plan.thinking
    config = _output_config(request, target, plan, losses)
    if config:
        body["output_config"] = config
    body.update(_labels(request, target, losses))
    body.update((name, value) for name, value in extra.items() if name not in body)
    if choice is not None:
        body["tool_choice"] = choice
    if tools:
        body["tools"] = tools
    if system:
        body["system"] = system
    body["messages"] = messages
    _limit_marks(body, losses)
    headers = [("anthropic-version", VERSION)]
    betas = betas_of(body)
    if betas:
        headers.append(("anthropic-beta", ",".join(betas)))
    return Written(body, losses.names, tuple(headers))


def write_count(request: Request, target: Target) -> Written:
    """The body of a `count_tokens` call about the same request."""
    written = write_request(request, target)
    body = {name: value for name, value in written.body.items() if name in _COUNTED}
    return Written(body, written.dropped, written.headers)


def _moot(request: Request) -> frozenset[str]:
    """Settings that ask for what happens here anyway: nothing is lost without them."""
    moot = ["reasoning"]  # Named by `plan_of`, which knows whether it was on at all.
    if request.include and all(item == "reasoning.encrypted_content" for item in request.include):
        moot.append("include")
    if request.presence_penalty == 0:
        moot.append("presence_penalty")
    if request.frequency_penalty == 0:
        moot.append("frequency_penalty")
    if request.format is not None and request.format.kind == "text":
        moot.append("format")
    if request.dialect == NAME:
        moot.append("metadata")
    return frozenset(moot)


_NOT_MEMBERS = frozenset({"cache_control", INLINE, WITHHELD})


def _tools(request: Request, target: Target, content: Content, losses: Losses) -> list[dict[str, Json]]:
    """The tools that go. Of "one of these" only these are offered: the wire has no other word for it."""
    choice = request.tool_choice
    allowed = frozenset(choice.names) if choice is not None and choice.mode == "allowed" else None
    out: list[dict[str, Json]] = []
    for tool in offered(request, NAME, losses):
        if INLINE in own(tool.extra):
            continue  # It stands in its turn.
        if isinstance(tool, ServerTool) and tool.dialect != NAME:
            losses.drop(tool.label)
        elif allowed is not None and tool.name not in allowed and _wire_name(tool) not in allowed:
            continue
        elif isinstance(tool, ServerTool):
            out.append(dict(object_of(tool.data)))
        else:
            out.append(_tool(tool, request, target, content, losses))
    return out


def _tool(tool: Tool, request: Request, target: Target, content: Content, losses: Losses) -> dict[str, Json]:
    if tool.extra:
        losses.foreign(tool.extra, NAME)
    function = as_function(tool)
    schema = object_schema(function.parameters)
    out: dict[str, Json] = {"name": tool_name(function.name)}
    if function.description:
        out["description"] = function.description
    out["input_schema"] = schema
    if function.strict:
        if target.traits.strict_tools:
            if request.dialect != NAME:
                out["input_schema"] = _constrained(schema, losses)
            out["strict"] = True
        else:
            losses.drop("strict")
    extra = own(tool.extra)
    out.update((name, value) for name, value in extra.items() if name not in _NOT_MEMBERS)
    out.update(content.mark(tool.cache, extra))
    return out


def _constrained(schema: Json, losses: Losses) -> Json:
    out, is_weaker = constrained(schema)
    if is_weaker:
        losses.drop("schema_constraints")
    return out


def _wire_name(tool: Tool | ServerTool) -> str:
    return tool.name if isinstance(tool, ServerTool) else tool_name(flat_name(tool))


def _tool_choice(request: Request, target: Target, losses: Losses, *, has_tools: bool) -> dict[str, Json] | None:
    """The choice, and with it whether calls may come in parallel. Without tools the API refuses both."""
    if not has_tools:
        if request.tool_choice is not None and request.tool_choice.mode not in ("auto", "none"):
            losses.drop("tool_choice")
        return None
    parallel = None if "parallel_tool_calls" in target.traits.refuses else request.parallel_tool_calls
    out = _choice(request, request.tool_choice, losses) if request.tool_choice is not None else None
    if parallel is None or (parallel and out is None) or (out is not None and out.get("type") == "none"):
        return out
    out = out or {"type": "auto"}
    out["disable_parallel_tool_use"] = not parallel
    return out


def _choice(request: Request, choice: ToolChoice, losses: Losses) -> dict[str, Json] | None:
    if choice.dialect == NAME and choice.mode != "named":
        return dict(object_of(choice.native))
    match choice.mode:
        case "auto" | "none":
            return {"type": choice.mode}
        case "required":
            return {"type": "any"}
        case "allowed":
            return {"type": "any" if choice.required else "auto"}
        case "named":
            # A choice that names a dropped tool is dropped with it (edge case 26).
            for tool in request.tools:
                goes = isinstance(tool, Tool) or tool.dialect == NAME
                if goes and choice.names[:1] in ((tool.name,), (_wire_name(tool),)):
                    said = object_of(choice.native) if choice.dialect == NAME else {}
                    return {**said, "type": "tool", "name": _wire_name(tool)}
    losses.drop("tool_choice")
    return None


def _possible(
    plan: Plan,
    request: Request,
    choice: dict[str, Json] | None,
    messages: list[dict[str, Json]],
    losses: Losses,
) -> Plan:
    """The plan without a thinking budget where the API would refuse one.

    It refuses it beside a forced call, and in an open tool loop whose turn of the model does not begin with its own
    thinking, as no turn of another vendor does. The call and the history matter more. A request of this dialect is
    left as its caller wrote it, but for thinking that could not be sent on.
    """
    if not plan.has_budget:
        return plan
    native = request.dialect == NAME
    forced = not native and choice is not None and choice.get("type") in ("any", "tool")
    if forced or (_unsigned_loop(messages) and (not native or "reasoning" in losses.names)):
        losses.drop("reasoning")
        return plan._replace(thinking=None)
    return plan


def _unsigned_loop(messages: list[dict[str, Json]]) -> bool:
    if not messages or not _holds(messages[-1], "tool_result"):
        return False
    last = next((message for message in reversed(messages) if message["role"] == "assistant"), None)
    first = object_of(next(iter(list_of(last and last.get("content"))), None))
    return first.get("type") not in ("thinking", "redacted_thinking")


def _holds(message: dict[str, Json], kind: str) -> bool:
    return any(object_of(block).get("type") == kind for block in list_of(message.get("content")))


def _sampling(request: Request, target: Target, plan: Plan, losses: Losses) -> dict[str, Json]:
    """Sampling settings and stop words, without those that the API refuses here (edge case 33)."""
    out: dict[str, Json] = {}
    for name in ("temperature", "top_p", "top_k"):
        value = getattr(request, name)
        if value is None or name in target.traits.refuses:
            continue
        if _is_refused(name, value, request, plan):
            losses.drop(name)
        else:
            out[name] = value
    stops = list(request.stop) if "stop" not in target.traits.refuses else []
    words = [text for text in stops if text.strip()]
    if len(words) < len(stops):
        losses.drop("stop")
    if words:
        out["stop_sequences"] = words
    return out


def _is_refused(name: str, value: float, request: Request, plan: Plan) -> bool:
    """The range is 0 to 1; thinking fixes temperature and top_k, and leaves top_p its upper end; the newer models
    take temperature or top_p, not both (left to the vendor when its own caller says both)."""
    match name:
        case "temperature":
            return value > 1 or (plan.thinks and value != 1)
        case "top_p":
            both = request.temperature is not None and request.temperature <= 1 and request.dialect != NAME
            return (plan.thinks and value < 0.95) or (both and not plan.thinks)
        case _:
            return plan.thinks


def _output_config(request: Request, target: Target, plan: Plan, losses: Losses) -> dict[str, Json]:
    config: dict[str, Any] = {}
    if plan.effort is not None:
        config["effort"] = plan.effort
    form = request.format
    if form is not None and form.kind != "text" and "format" not in target.traits.refuses:
        if form.kind == "json_schema" and isinstance(form.schema, dict):
            native = request.dialect == NAME
            schema: Json = form.schema
            if not native:
                schema = object_answer(described(form.schema, form.description), losses)
                schema = _constrained(schema, losses)
            config["format"] = {"type": "json_schema", "schema": schema, **own(form.extra)}
        else:
            losses.drop("format")
    config.update(object_of(own(request.extra).get("output_config")))
    return config


def described(schema: dict[str, Json], description: str) -> dict[str, Json]:
    """The schema with what other wires say beside it."""
    return schema if not description or "description" in schema else {**schema, "description": description}


def _labels(request: Request, target: Target, losses: Losses) -> dict[str, Json]:
    """Who asks, and how soon the answer is wanted."""
    out: dict[str, Json] = {}
    metadata: dict[str, Json] = {}
    if request.user is not None and "user" not in target.traits.refuses:
        metadata["user_id"] = request.user
    if request.dialect == NAME and request.metadata:
        metadata.update(request.metadata)
    if metadata:
        out["metadata"] = metadata
    tier = request.service_tier
    if tier is not None and "service_tier" not in target.traits.refuses:
        word = tier if request.dialect == NAME else _TIERS.get(tier)
        if word is None:
            losses.drop("service_tier")
        else:
            out["service_tier"] = word
    return out


def _limit_marks(body: dict[str, Json], losses: Losses) -> None:
    """Keep the last marks that the API allows: each of them also finds the shorter prefixes before it, so the first
    ones are the least missed (edge case 31). Automatic marking takes one of the places."""
    marked = [node for node in _cacheable(body) if "cache_control" in node]
    spare = MOST_MARKS - (1 if body.get("cache_control") else 0)
    for node in marked[: max(len(marked) - spare, 0)]:
        del node["cache_control"]
        losses.drop("cache_control")


def _cacheable(body: dict[str, Json]) -> list[dict[str, Json]]:
    """Every node that may hold a mark, in the order in which the prompt is built: tools, system, messages."""
    nodes = [*list_of(body.get("tools")), *list_of(body.get("system"))]
    for message in body["messages"]:
        for block in message.get("content", ()):
            if block["type"] == "tool_result":
                nodes.extend(list_of(block.get("content")))
            nodes.append(block)
    return nodes
