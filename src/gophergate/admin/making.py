"""Routes that are made when they are first asked, each with the validators of what it takes and gives.

Made at once, a hundred routes take 8 MB and a third of a second of CPU, of which hardly any is needed: an operator's
page asks ten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_type_hints

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import Route
from starlette.types import Receive, Scope, Send


class MadeWhenAsked(Route):
    """Stands at `path` for what `make` makes, in a thread, once, whoever else asks meanwhile. One `lock` of all of them
    lets one be made at a time: they share models."""

    def __init__(
        self, path: str, method: str, endpoint: Callable[..., Any], make: Callable[[], APIRoute], lock: asyncio.Lock
    ) -> None:
        super().__init__(path, endpoint, methods=[method])
        self.methods = {method}  # FastAPI's routes answer to no HEAD
        self._make = make
        self._lock = lock
        self._made: APIRoute | None = None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as the route does."""
        made = self._made
        if made is None:
            async with self._lock:
                made = await asyncio.to_thread(self.made)
        await made.handle(scope, receive, send)

    def made(self) -> APIRoute:
        """The route itself. Takes milliseconds; with the lock only."""
        if self._made is None:
            for model in _models(*get_type_hints(self.endpoint, include_extras=True).values()):
                _complete(model)
            self._made = self._make()
        return self._made


def _complete(model: type[BaseModel]) -> None:
    """Give a model its validator, after those of its members: each is made once, and shared by who holds it."""
    if not model.__pydantic_complete__:
        for inner in _models(*(member.annotation for member in model.model_fields.values())):
            _complete(inner)
        model.model_config["defer_build"] = False  # else FastAPI's own validators would be left for later, too
        model.model_rebuild()


def _models(*annotations: Any) -> Iterator[type[BaseModel]]:
    for annotation in annotations:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation
        else:
            yield from _models(*get_args(annotation))
