"""The doors of what is not chat: which dialect serves which operation. The order of work is `exchange`'s, unchanged."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any, Protocol, cast

from msgspec.structs import replace

from gophergate.dialects.base import Dialect
from gophergate.dialects.cohere_embed import CohereEmbed
from gophergate.dialects.gemini.embeddings import GeminiEmbeddings
from gophergate.dialects.multipart import is_form
from gophergate.dialects.ollama.embeddings import OllamaEmbeddings
from gophergate.dialects.openai_chat.embeddings import OpenAIEmbeddings
from gophergate.dialects.platform import OPERATIONS, Operating, OperatingByForm
from gophergate.exchange import House, exchange
from gophergate.front.base import Handler, Inbound, Reply
from gophergate.routing.heavy import LARGE, apart
from gophergate.routing.room import Serving


def dialects() -> dict[str, tuple[Dialect, ...]]:
    """The dialects of each operation."""
    return {"embeddings": (OpenAIEmbeddings(), GeminiEmbeddings(), OllamaEmbeddings(), CohereEmbed())}


def _others() -> dict[str, dict[str, Dialect]]:
    """Doors that are told apart from their dialect's first, by operation."""
    return {
        "embeddings": {
            "gemini_embed_content": GeminiEmbeddings(batch=False),
            "ollama_older_embeddings": OllamaEmbeddings(older=True),
        }
    }


_GEMINI_VERBS = {"embedContent": "gemini_embed_content", "batchEmbedContents": "gemini_embeddings"}


class Serves(Protocol):
    """What calls of an operation pass that are asked for in those dialects (`routing.room.Router.serving`)."""

    def __call__(self, operation: str, dialects: Mapping[str, Dialect], *, plain: bool = False) -> Serving: ...


class OperationDoors:
    """Makes the handlers of an operation's calls: the house's own, but for where its calls may go."""

    def __init__(self, house: House, serving: Serves) -> None:
        self._handlers: dict[str, partial[Coroutine[Any, Any, None]]] = {}
        self.spoken = {dialect.name: dialect for spoken in dialects().values() for dialect in spoken}
        for operation, spoken in dialects().items():
            served = serving(operation, {dialect.name: dialect for dialect in spoken})
            own = replace(house, catalog=served.catalog, chooser=served.chooser, attempts=served.attempts)
            for name, door in {**{dialect.name: dialect for dialect in spoken}, **_others()[operation]}.items():
                self._handlers[name] = partial(exchange, house=own, door=door, operation=operation)
        for row in OPERATIONS:
            door = Operating(row)
            served = serving(row.name, {door.name: door}, plain=True)
            own = replace(house, catalog=served.catalog, chooser=served.chooser, attempts=served.attempts)
            self._handlers[door.name] = partial(_by_type, own, door)

    def door(self, name: str) -> Handler:
        """The door of a dialect: by its name, or by its own where a dialect has several."""
        return self._handlers[name]

    def gemini(self, model: str, verb: str) -> Handler | None:
        """One verb of one model of Gemini's; None for one of chat's."""
        name = _GEMINI_VERBS.get(verb)
        return partial(self._handlers[name], path_model=model) if name is not None else None


async def _by_type(house: House, door: Operating, inbound: Inbound, reply: Reply) -> None:
    """A call whose request is JSON, or a form with files."""
    kind = inbound.header(b"content-type")
    if kind is not None and is_form(kind):
        door = OperatingByForm(door.operation, kind)
        inbound = cast(Inbound, _FormInbound(inbound, door))
    await exchange(inbound, reply, house, door, operation=door.operation.name)


class _FormInbound:
    """An `Inbound` whose body has been looked through when it is there: twenty megabytes take longer than the loop may
    stand still (R-P2)."""

    def __init__(self, inbound: Inbound, door: OperatingByForm) -> None:
        self._inbound = inbound
        self._door = door

    def __getattr__(self, name: str) -> object:
        return getattr(self._inbound, name)

    async def body(self) -> bytes:
        """See Inbound.body."""
        body = await self._inbound.body()
        if len(body) >= LARGE:
            await apart(len(body), self._door.learn, body)
        return body
