"""The two health doors, and errors at paths that never became a call."""

from __future__ import annotations

import asyncio

from gophergate.dialects.base import Dialect
from gophergate.errors import GatewayError, Unavailable
from gophergate.front.base import ID_TOO, Header, Inbound, Refusal, Reply
from gophergate.front.routes import dialect_of
from gophergate.store import changes
from gophergate.store.database import Database

NOSNIFF = (b"x-content-type-options", b"nosniff")


class Health:
    """Whether the process lives, and whether it can serve. Neither calls a provider."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def live(self, inbound: Inbound, reply: Reply) -> None:
        """The event loop turns."""
        _plain(reply, 200, b'{"status":"ok"}')

    async def ready(self, inbound: Inbound, reply: Reply) -> None:
        """The database answers."""
        try:
            async with asyncio.timeout(1.0):
                await changes.marks(self._database)
        except (Unavailable, TimeoutError):
            _plain(reply, 503, b'{"status":"unavailable","database":"unreachable"}')
        else:
            _plain(reply, 200, b'{"status":"ok","database":"ok"}')


def _plain(reply: Reply, status: int, body: bytes) -> None:
    reply.whole(status, [(b"content-type", b"application/json"), NOSNIFF], body)


def error_reply(spoken: dict[str, Dialect], path: str, error: GatewayError, header: Header, request_id: str) -> Refusal:
    """An error in the envelope of the door at `path` (see `dialect_of`), for failures that never became a call."""
    dialect = spoken.get(dialect_of(path, header)) or spoken["openai_chat"]
    headers = [(b"content-type", b"application/json"), NOSNIFF, (b"x-request-id", request_id.encode())]
    if dialect.name in ID_TOO:
        headers.append((ID_TOO[dialect.name], request_id.encode()))
    headers.extend((name.encode(), value.encode("latin-1")) for name, value in error.headers.items())
    return error.status, headers, dialect.write_error(error, request_id)
