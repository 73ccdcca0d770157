"""The operators' side of the server: waits until it is built, which begins once the doors listen (DESIGN 6)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

logger = logging.getLogger("gophergate")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Operators:
    """An ASGI application in front of one that takes its time to import. Requests that come earlier wait for it."""

    def __init__(self, make: Callable[[], Application]) -> None:
        self._make = make
        self._application: Application | None = None
        self._error: Exception | None = None
        self._is_built = asyncio.Event()

    async def build(self) -> None:
        """Import and build, in a thread: calls are served meanwhile. A failure is told to each request."""
        try:
            self._application = await asyncio.to_thread(self._make)
        except Exception as error:
            logger.exception("the operators' API could not be built")
            self._error = error
        self._is_built.set()

    async def built(self) -> None:
        """Wait until it has been built, or has failed to be."""
        await self._is_built.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._is_built.wait()
        if self._application is None:
            raise RuntimeError("the operators' API could not be built") from self._error
        await self._application(scope, receive, send)
