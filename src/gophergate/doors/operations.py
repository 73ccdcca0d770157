"""The doors of what is not chat: which dialect serves which operation. The order of work is `exchange`'s, unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from msgspec.structs import replace

from gophergate.dialects.base import Dialect
from gophergate.dialects.openai_chat.embeddings import OpenAIEmbeddings
from gophergate.exchange import House, exchange
from gophergate.front.base import Handler
from gophergate.routing.room import Serving


def dialects() -> dict[str, tuple[Dialect, ...]]:
    """The dialects of each operation."""
    return {"embeddings": (OpenAIEmbeddings(),)}


Serves = Callable[[str, Mapping[str, Dialect]], Serving]
"""What calls of an operation pass that are asked for in those dialects (`routing.room.Router.serving`)."""


class OperationDoors:
    """Makes the handlers of an operation's calls: the house's own, but for where its calls may go."""

    def __init__(self, house: House, serving: Serves) -> None:
        self._handlers: dict[str, Handler] = {}
        for operation, spoken in dialects().items():
            served = serving(operation, {dialect.name: dialect for dialect in spoken})
            own = replace(house, catalog=served.catalog, chooser=served.chooser, attempts=served.attempts)
            self._open(operation, own, ((dialect.name, dialect) for dialect in spoken))

    def _open(self, operation: str, house: House, doors: Iterable[tuple[str, Dialect]]) -> None:
        for name, door in doors:
            self._handlers[name] = partial(exchange, house=house, door=door, operation=operation)

    def door(self, name: str) -> Handler:
        """The door of a dialect."""
        return self._handlers[name]
