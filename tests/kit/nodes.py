"""More nodes beside a gateway under test, and more clients: what is shared between nodes, and what never is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from gophergate.app import Gateway
from gophergate.responses.store import ResponseStore
from gophergate.setup import client_named, new_key
from gophergate.store.keys import Keys


@asynccontextmanager
async def node(gateway: Gateway, responses: ResponseStore) -> AsyncIterator[Gateway]:
    """Another gateway over the same database, that remembers responses in that store."""
    parts = replace(gateway.parts, journal=None, responses=responses)
    async with Gateway(gateway.settings, parts) as other:
        yield other


async def client_key(gateway: Gateway, client: str, key: str) -> str:
    """A key of another client."""
    parts, ids = gateway.parts, gateway.house.ids
    owner = await client_named(parts.database, client, ids, 1)
    row = new_key(parts.keyring, key, key_id=ids.new(), client_id=owner.id, name="journey")
    await Keys(parts.database).create(row, now=1)
    return key
