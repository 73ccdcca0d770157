"""Token counting, for every model (R-C4): the provider's own count where it has one, else an estimate that says so.

A `Runner`, so that a count is a call like any other: checked, routed, with a row; but it is free and never streamed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from gophergate.core.blocks import Json
from gophergate.core.request import Request
from gophergate.dialects.anthropic_messages import AnthropicMessages
from gophergate.dialects.base import Dialect, Target, Written, decode, encode
from gophergate.dialects.estimate import estimate
from gophergate.errors import UpstreamError, UpstreamRefused
from gophergate.routing.asking import ask, disclose, encoded, refusal
from gophergate.routing.base import Deployment, Order, Plan
from gophergate.routing.heavy import LARGE, apart, beside, let_go
from gophergate.routing.screening import screened
from gophergate.transport.base import Transport

ESTIMATED = (b"x-gophergate-estimate", b"true")
_MAX_ANSWER = 1 << 20
_CALLERS_FAULT = frozenset({400, 404, 413, 422})
_RESPONSES_LEFT_OUT = frozenset({"stream", "stream_options", "max_output_tokens", "store", "background", "include"})


class _Native(NamedTuple):
    """How a provider is asked for a count: the path below its root, the body, and the member of its answer."""

    path: str
    written: Written
    member: str


class Counting:
    """Counts for orders. A provider that cannot count, or fails at it, is no reason for no answer."""

    def __init__(self, transport: Transport, dialects: Mapping[str, Dialect]) -> None:
        self._transport = transport
        self._dialects = dialects

    async def run(self, plan: Plan, order: Order) -> None:
        """Answer with the count at the plan's first deployment. Raises BadRequest, and a provider's words about a
        request that is wrong."""
        deployment = plan.deployments[0]
        order.account.attempt(deployment)
        order = await screened(order)
        size = len(order.body)
        if order.reread is not None:
            request = order.reread.request
        else:
            request = await apart(size, order.door.read_request, order.body, model=order.path_model, stream=False)
        try:
            count = await self._asked(order, deployment, request)
        except UpstreamRefused as error:
            if error.status in _CALLERS_FAULT and error.status != 404:
                order.account.tried(error)
                raise
            order.account.tried(error)
            count = None
        except UpstreamError as error:
            order.account.tried(error)
            count = None
        else:
            order.account.tried(None)
        if count is None:
            row, spoken = deployment.provider.row, deployment.provider.speaks
            first = spoken[0] if spoken else ""
            made = partial(estimate, request, deployment.model, service=row.kind, spoken=first)
            # The first estimate of a process reads the vocabulary, so even a small one is made beside the loop.
            count = await (asyncio.to_thread(made) if size < LARGE else beside(size, made))
            order.outlet.note(*ESTIMATED)
        if size >= LARGE:
            let_go(request.turns)
        body = encode(_told(order.door.name, count))
        order.account.said(body)
        order.outlet.whole(body, b"application/json")

    async def _asked(self, order: Order, deployment: Deployment, request: Request) -> int | None:
        """The provider's count; None when it has no way of counting. Raises UpstreamError."""
        provider = deployment.provider
        name = next((name for name in provider.speaks if name in _WAYS and name in self._dialects), None)
        if name is None or provider.simulator is not None:
            return None
        dialect = self._dialects[name]
        target = Target(model=deployment.model, origin=provider.name, traits=provider.row.traits(deployment.model))
        size = len(order.body)
        native = await apart(size, _WAYS[name], dialect, request, target)
        disclose(order, native.written.dropped)
        body = await apart(size, encoded, native.written.body, size)
        kept_by = (one for one in provider.credentials if one.label == order.credential)
        credential = next(kept_by, provider.credentials[0] if provider.credentials else None)
        sent = ask(order, deployment, credential, dialect, body, native.written.headers)
        order.account.sent()
        answer = await self._transport.send(replace(sent, url=provider.roots[name] + native.path))
        order.account.answered(answer.status)
        async with answer:
            if answer.status != 200:
                raise await refusal(answer, dialect, deployment, credential)
            return _number(await answer.read(_MAX_ANSWER), native.member)


def _messages(dialect: Dialect, request: Request, target: Target) -> _Native:
    assert isinstance(dialect, AnthropicMessages)  # noqa: S101 - chosen by its name
    return _Native(dialect.count_door, dialect.write_count(request, target), "input_tokens")


def _gemini(dialect: Dialect, request: Request, target: Target) -> _Native:
    """https://ai.google.dev/api/tokens: whole requests go inside `generateContentRequest`, which names its model."""
    written = dialect.write_request(request, target)
    path = dialect.door(target.model, stream=False).removesuffix(":generateContent")
    body: dict[str, Json] = {"generateContentRequest": {"model": f"models/{target.model}", **written.body}}
    return _Native(f"{path}:countTokens", replace(written, body=body), "totalTokens")


def _responses(dialect: Dialect, request: Request, target: Target) -> _Native:
    """https://platform.openai.com/docs/api-reference/responses/input-tokens: the members that make up the prompt."""
    written = dialect.write_request(request, target)
    body = {name: value for name, value in written.body.items() if name not in _RESPONSES_LEFT_OUT}
    return _Native("/responses/input_tokens", replace(written, body=body), "input_tokens")


_WAYS = {"anthropic_messages": _messages, "gemini": _gemini, "openai_responses": _responses}
"""The dialects that have a word for counting."""


def _number(body: bytes, member: str) -> int | None:
    try:
        said: Any = decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    count = said.get(member) if isinstance(said, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def _told(door: str, count: int) -> dict[str, Json]:
    """A count in the words of a door."""
    match door:
        case "gemini":
            details = [{"modality": "TEXT", "tokenCount": count}]
            return {"totalTokens": count, "promptTokensDetails": details}
        case "openai_responses":
            return {"object": "response.input_tokens", "input_tokens": count}
        case _:
            return {"input_tokens": count}
