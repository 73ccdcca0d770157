"""Asks providers which models they have, where the configuration does not say. Never on a call's path."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from msgspec import DecodeError
from msgspec.structs import replace

from gophergate.dialects.base import decode
from gophergate.errors import UpstreamError
from gophergate.providers.base import Provider, auth_headers
from gophergate.transport.base import Ask, Timeouts, Transport

logger = logging.getLogger("gophergate.routing")

_LIMIT = 16 << 20
_PATHS = {"ollama": "/api/tags", "gemini": "/models?pageSize=1000", "anthropic_messages": "/models?limit=1000"}


async def discover(providers: tuple[Provider, ...], transport: Transport) -> tuple[Provider, ...]:
    """The providers, each that lists no models given those it says it has. One that cannot be asked stays as it was:
    its models can still be named with its prefix."""
    return tuple(await asyncio.gather(*(_asked(provider, transport) for provider in providers)))


async def _asked(provider: Provider, transport: Transport) -> Provider:
    if provider.models or provider.simulator is not None or not provider.speaks:
        return provider
    try:
        names = await list_models(provider, transport)
    except UpstreamError as error:
        logger.warning("provider %s did not list its models: %s", provider.name, error.message)
        return provider
    return replace(provider, models=names)


async def list_models(provider: Provider, transport: Transport) -> tuple[str, ...]:
    """The ids a provider lists, in its order. Raises UpstreamError."""
    dialect = provider.speaks[0]
    secret = provider.credentials[0].secret if provider.credentials else ""
    headers = [(name.encode(), value.encode()) for name, value in provider.row.headers]
    headers.extend(auth_headers(provider.row.auth, secret))
    url = provider.roots[dialect] + _PATHS.get(dialect, "/models")
    ask = Ask(method="GET", url=url, headers=headers, timeouts=Timeouts(provider.connect, 20, 20, 30))
    async with await transport.send(ask) as answer:
        body = await answer.read(_LIMIT)
        if answer.status != 200:
            raise UpstreamError(f"{url} answered {answer.status}.")
    try:
        return tuple(dict.fromkeys(_names(decode(body))))
    except DecodeError:
        raise UpstreamError(f"{url} answered something that is not JSON.") from None


def _names(listing: Any) -> list[str]:
    rows = listing if isinstance(listing, list) else []
    if isinstance(listing, dict):
        rows = next((listing[word] for word in ("data", "models") if isinstance(listing.get(word), list)), [])
    found = [row.get("id") or row.get("model") or row.get("name") for row in rows if isinstance(row, dict)]
    return [name.removeprefix("models/") for name in found if isinstance(name, str) and name]
