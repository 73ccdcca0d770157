"""Names for the ids that calls, keys and usage hold: people know clients by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from gophergate.errors import NotHere

if TYPE_CHECKING:
    from gophergate.store.clients import ClientRow
    from gophergate.store.database import Database

_PAGE = 500


class HasId(Protocol):
    """A row that pages go by."""

    @property
    def id(self) -> str: ...


Row = TypeVar("Row", bound=HasId)


async def every(page: Callable[[str | None, int], Awaitable[list[Row]]]) -> list[Row]:
    """All rows of a list that comes in pages by id."""
    rows: list[Row] = []
    while True:
        more = await page(rows[-1].id if rows else None, _PAGE)
        rows += more
        if len(more) < _PAGE:
            return rows


async def client_names(database: Database) -> dict[str, str]:
    """The name of each client by its id."""
    from gophergate.store.clients import Clients

    clients = Clients(database)
    return {row.id: row.name for row in await every(lambda after, limit: clients.page(after=after, limit=limit))}


async def key_names(database: Database) -> dict[str, str]:
    """What each key may be called, by its id: its name, else the characters it may be known by."""
    from gophergate.store.keys import Keys

    keys = Keys(database)
    rows = await every(lambda after, limit: keys.page(after=after, limit=limit))
    return {row.id: row.name or f"{row.prefix}...{row.last4}" for row in rows}


async def client_called(database: Database, name: str) -> ClientRow:
    """The client with that name or id. Raises NotHere."""
    from gophergate.store.clients import Clients

    clients = Clients(database)
    if (found := await clients.by_name(name)) is not None:
        return found
    try:
        return await clients.get(name)
    except NotHere:
        raise NotHere(f"There is no client '{name}'.") from None
