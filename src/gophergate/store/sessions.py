"""Dashboard sessions, kept by the hash of their token, so that the database alone lets nobody in (O11)."""

from __future__ import annotations

import msgspec
from sqlalchemy import Select, delete, insert, select, update

from gophergate.store import changes
from gophergate.store.database import Database
from gophergate.store.tables import sessions, users
from gophergate.store.users import TOPIC


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One session. Times are Unix microseconds."""

    hash: bytes
    user_id: str
    created_at: int
    seen_at: int
    expires_at: int
    address: str | None = None
    agent: str | None = None


class Sessions:
    """The sessions of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, session: SessionRow) -> None:
        """Store a session. Raises Conflict when its user is not there."""
        async with self._database.write() as connection:
            await connection.execute(insert(sessions).values(msgspec.structs.asdict(session)))

    async def find(self, digest: bytes, *, now: int) -> SessionRow | None:
        """The session with that hash; None when it is unknown, over, or its user disabled."""
        query = (
            _SESSION.join(users, users.c.id == sessions.c.user_id)
            .where(sessions.c.hash == digest, sessions.c.expires_at > now)
            .where(users.c.disabled.is_(False))
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return SessionRow(**row._mapping) if row is not None else None

    async def renew(self, digest: bytes, *, now: int, expires_at: int) -> None:
        """Let a session live on, from now until then. A session that was ended meanwhile stays ended."""
        async with self._database.write() as connection:
            await connection.execute(
                update(sessions)
                .where(sessions.c.hash == digest, sessions.c.expires_at > now)
                .values(seen_at=now, expires_at=expires_at)
            )

    async def end(self, digest: bytes) -> None:
        """End one session; it is not an error when it is over already."""
        async with self._database.write() as connection:
            await connection.execute(delete(sessions).where(sessions.c.hash == digest))
            await changes.mark(connection, TOPIC)

    async def forget_expired(self, *, now: int) -> int:
        """Remove sessions that are over; how many."""
        async with self._database.write() as connection:
            return (await connection.execute(delete(sessions).where(sessions.c.expires_at <= now))).rowcount


_SESSION: Select[tuple[object, ...]] = select(*(sessions.c[name] for name in SessionRow.__struct_fields__))
