"""A try-out of one provider: a real, small call, with the time it took and the provider's own words when it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from gophergate.core.blocks import Text
from gophergate.core.events import Event, Failed
from gophergate.core.reply import fold
from gophergate.core.request import Request, Turn
from gophergate.dialects.base import Dialect, Target, encode
from gophergate.errors import GatewayError, UpstreamRefused
from gophergate.providers.base import Provider
from gophergate.routing.asking import refusal, static_headers
from gophergate.routing.base import Deployment
from gophergate.routing.discovery import list_models
from gophergate.routing.secrecy import secrets_of, strike
from gophergate.transport.base import Ask, Timeouts, Transport

_LONGEST = 30.0
_ANSWER = 4 << 20


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """How it went. `asked` is what was asked: a model, or "the model list" where no model is known."""

    ok: bool
    ms: float
    asked: str
    status: int = 0
    message: str = ""
    reply: str = ""


async def trial(
    provider: Provider,
    model: str,
    dialects: Mapping[str, Dialect],
    transport: Transport,
    clock: Callable[[], float],
) -> Trial:
    """Ask the provider's `model` for a word ("" asks for its model list). Never raises for what the provider does."""
    began = clock()

    def ended(*, ok: bool, asked: str, status: int = 0, message: str = "", reply: str = "") -> Trial:
        ms = round((clock() - began) * 1000, 1)
        return Trial(ok=ok, ms=ms, asked=asked, status=status, message=message, reply=reply)

    asked = model or "the model list"
    try:
        if not model and provider.simulator is None:
            names = await list_models(provider, transport)
            return ended(ok=True, asked=asked, status=200, reply=f"{len(names)} models")
        said = await _say_hello(provider, model or provider.models[0], dialects, transport)
    except UpstreamRefused as error:
        return ended(ok=False, asked=asked, status=error.status, message=error.message)
    except GatewayError as error:
        return ended(ok=False, asked=asked, status=0, message=error.message)
    return ended(ok=True, asked=asked, status=200, reply=said)


async def _say_hello(
    provider: Provider,
    model: str,
    dialects: Mapping[str, Dialect],
    transport: Transport,
) -> str:
    request = Request(
        dialect="openai_chat",
        model=model,
        turns=(Turn(role="user", blocks=(Text(text="Say hello."),)),),
        max_output_tokens=64,
    )
    if provider.simulator is not None:
        events = [event async for event in provider.simulator.stream(request, model)]
        return _words(events)
    name = next(name for name in provider.speaks if name in dialects)
    dialect = dialects[name]
    target = Target(model=model, origin=provider.name, traits=provider.row.traits(model))
    written = dialect.write_request(request, target)
    headers = [
        *static_headers(provider),
        *((key.encode(), value.encode("latin-1", "replace")) for key, value in written.headers),
    ]
    ask = Ask(
        method="POST",
        url=provider.roots[name] + dialect.door(model, stream=False),
        headers=headers,
        body=encode(written.body),
        timeouts=Timeouts(provider.connect, _LONGEST, _LONGEST, _LONGEST),
    )
    credential = provider.credentials[0] if provider.credentials else None
    async with await transport.send(ask) as answer:
        if not 200 <= answer.status < 300:
            raise await refusal(answer, dialect, Deployment(provider, model), credential)
        body = await answer.read(_ANSWER)
    reader = dialect.reader(stream=False, origin=provider.name)
    events = reader.feed(body) + reader.end()
    if events and isinstance(events[-1], Failed):
        strike(events[-1].error, secrets_of(provider))
    return _words(events)


def _words(events: list[Event]) -> str:
    if events and isinstance(events[-1], Failed):
        raise events[-1].error
    blocks = fold(events).blocks
    return "".join(block.text for block in blocks if isinstance(block, Text))[:200]
