"""The response object: what a reply looks like as a whole, in its events and as a body.

Every member is there that OpenAI's types and Open Responses require (32 of them), in every snapshot, also in one of a
failure (edge case 47). What the request said is echoed; what it left unsaid has the value that OpenAI shows.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from gophergate.core.blocks import Json, Text
from gophergate.core.events import Finished, Started
from gophergate.core.request import Reasoning, Request
from gophergate.core.usage import Usage
from gophergate.dialects.base import Stamp, Target, encode
from gophergate.dialects.loss import Losses
from gophergate.dialects.members import object_of
from gophergate.dialects.openai_responses.errors import failure_members
from gophergate.dialects.openai_responses.request_in import SAID_TEXT
from gophergate.dialects.openai_responses.request_out import write_format
from gophergate.dialects.openai_responses.tools import ToolsWritten, write_choice
from gophergate.dialects.openai_responses.usage import write_usage
from gophergate.dialects.openai_responses.wire import INCOMPLETE, INSTRUCTIONS, RESPONSE, WRITE_INCOMPLETE, own
from gophergate.errors import GatewayError

Status = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]

_MALFORMED = {"code": "server_error", "message": "The model made a tool call that cannot be read."}
_ECHOED = ("prompt", "prompt_cache_options", "prompt_cache_retention")
"""Members of a request without a canonical name that OpenAI shows in its responses."""


class Answer:
    """The response object of one reply, as it stands at any moment."""

    __slots__ = ("_echo", "_model", "_now", "_token")

    def __init__(self, request: Request, stamp: Stamp) -> None:
        self._token = stamp.token
        self._now = stamp.now
        self._model = request.model
        self._echo = _echo(request)

    @property
    def id(self) -> str:
        return f"resp_{self._token}"

    def began(self, started: Started) -> None:
        """The model that answers is known."""
        if started.model:
            self._model = started.model

    def snapshot(
        self,
        status: str,
        output: list[dict[str, Json]],
        *,
        usage: Usage | None = None,
        incomplete: str = "",
        error: dict[str, Json] | None = None,
        told: dict[str, Json] | None = None,
    ) -> dict[str, Json]:
        """The object now. `told` are the provider's own members, of a reply in this dialect."""
        return {
            "id": self.id,
            "object": "response",
            "created_at": self._now,
            "status": status,
            "completed_at": self._now if status == "completed" else None,
            "error": error,
            "incomplete_details": {"reason": incomplete} if incomplete else None,
            "model": self._model,
            "output": output,
            "usage": write_usage(usage),
            **self._echo,
            **(told or {}),
        }

    def finished(
        self, event: Finished, status: Status, incomplete: str, output: list[dict[str, Json]], usage: Usage | None
    ) -> dict[str, Json]:
        """The object of a reply that came to its end; `status` and `incomplete` are its `ending_of`."""
        told = object_of(own(event.extra).get(RESPONSE))
        error: dict[str, Json] | None = dict(_MALFORMED) if status == "failed" else None
        return self.snapshot(status, output, usage=usage, incomplete=incomplete, error=error, told=told)

    def failed(self, error: GatewayError, output: list[dict[str, Json]], usage: Usage | None) -> dict[str, Json]:
        """The object of a reply that broke."""
        return self.snapshot("failed", output, usage=usage, error=failure_members(error))


def ending_of(event: Finished, *, refused: bool) -> tuple[Status, str]:
    """The status of a finished reply, and why it is incomplete, "" when it is not. `refused`: it holds a refusal.

    A call that cannot be read is a failure: "completed" would claim a whole answer (edge case 24).
    """
    match event.reason:
        case "malformed_tool_call":
            return "failed", ""
        case "pause" if event.native_reason == "queued":
            return "queued", ""
        case "pause" if event.native_reason == "in_progress":
            return "in_progress", ""
        case "refusal" if not refused:
            return "incomplete", "content_filter"
    why = WRITE_INCOMPLETE.get(event.reason, "")
    if why and event.native_reason in INCOMPLETE:
        why = event.native_reason
    return ("incomplete", why) if why else ("completed", "")


def _echo(request: Request) -> dict[str, Json]:
    """The request's settings as a response shows them. Big members are encoded once for all snapshots."""
    losses = Losses()
    tools = ToolsWritten(request.tools, Target(model=request.model), losses).top
    choice = write_choice(request.tool_choice, request.tools, losses) if request.tool_choice else None
    extra = own(request.extra)
    return {
        "instructions": _raw(_instructions(request)),
        "tools": _raw([_shown(tool) for tool in tools]),
        "tool_choice": choice or "auto",
        "parallel_tool_calls": True if request.parallel_tool_calls is None else request.parallel_tool_calls,
        "temperature": 1.0 if request.temperature is None else request.temperature,
        "top_p": 1.0 if request.top_p is None else request.top_p,
        "presence_penalty": request.presence_penalty or 0.0,
        "frequency_penalty": request.frequency_penalty or 0.0,
        "top_logprobs": request.top_logprobs or 0,
        "max_output_tokens": request.max_output_tokens,
        "max_tool_calls": extra.get("max_tool_calls"),
        "reasoning": _reasoning(request.reasoning),
        "text": _text(request, losses),
        "truncation": request.truncation or "disabled",
        "service_tier": "default" if request.service_tier in (None, "auto") else request.service_tier,
        "store": True if request.store is None else request.store,
        "background": bool(request.background),
        "previous_response_id": request.previous_response_id,
        "metadata": request.metadata or {},
        "prompt_cache_key": request.prompt_cache_key,
        "safety_identifier": extra.get("safety_identifier"),
        "user": request.user,
        **_conversation(extra.get("conversation")),
        **{name: extra[name] for name in _ECHOED if name in extra},
    }


def _conversation(said: Json) -> dict[str, Json]:
    """A request names its conversation by id or as an object, a response always as an object."""
    if said is None:
        return {}
    return {"conversation": {"id": said} if isinstance(said, str) else said}


def _raw(value: Json) -> Json:
    return msgspec.Raw(encode(value))


def _instructions(request: Request) -> str | None:
    for turn in request.turns[:1]:
        if INSTRUCTIONS in own(turn.extra):
            return "".join(block.text for block in turn.blocks if isinstance(block, Text))
    return None


def _shown(tool: dict[str, Json]) -> dict[str, Json]:
    """A tool as responses show it: `strict` and `description` are never left out of a function."""
    if tool.get("type") != "function":
        return tool
    return {**tool, "description": tool.get("description"), "strict": bool(tool.get("strict"))}


def _reasoning(reasoning: Reasoning | None) -> dict[str, Json]:
    if reasoning is None:
        return {"effort": None, "summary": None}
    effort = "none" if reasoning.effort is None and reasoning.enabled is False else reasoning.effort
    return {"effort": effort, "summary": reasoning.summary, **own(reasoning.extra)}


def _text(request: Request, losses: Losses) -> dict[str, Json]:
    form = write_format(request.format, losses) if request.format is not None else None
    verbosity = request.verbosity or "medium"
    rest = object_of(own(request.extra).get(SAID_TEXT))
    if form is not None and form["type"] == "json_schema":
        form = {**form, "description": form.get("description"), "strict": bool(form.get("strict"))}
    return {"format": form or {"type": "text"}, "verbosity": verbosity, **rest}
