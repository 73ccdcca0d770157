"""Administrators' tokens for programs: stored as a hash, holding the scopes they were given and nothing else."""

from __future__ import annotations

import msgspec
from sqlalchemy import Row, Select, func, insert, or_, select, update

from gophergate.errors import NotHere
from gophergate.store import changes
from gophergate.store.database import Database
from gophergate.store.tables import admin_tokens
from gophergate.store.users import TOPIC
from gophergate.store.values import names_from, names_text


class TokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """One token, to be shown. Times are Unix microseconds. `team_id` confines it to one team."""

    id: str
    name: str
    last4: str
    scopes: tuple[str, ...]
    team_id: str | None = None
    author_id: str | None = None
    expires_at: int | None = None
    revoked_at: int | None = None
    created_at: int


class Tokens:
    """The tokens of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, token: TokenRow, *, digest: bytes) -> None:
        """Store a token. Raises Conflict for a hash that is taken."""
        values = msgspec.structs.asdict(token) | {"scopes": names_text(token.scopes), "hash": digest}
        async with self._database.write() as connection:
            await connection.execute(insert(admin_tokens).values(values))

    async def find(self, digest: bytes, *, now: int) -> TokenRow | None:
        """The token with that hash; None when it is unknown, revoked or expired."""
        alive = or_(admin_tokens.c.expires_at.is_(None), admin_tokens.c.expires_at > now)
        query = _TOKEN.where(admin_tokens.c.hash == digest, admin_tokens.c.revoked_at.is_(None), alive)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return _row(row) if row is not None else None

    async def page(self, *, after: str | None = None, limit: int = 100) -> list[TokenRow]:
        """Tokens by id, which is by age, beginning after the id `after`."""
        query = _TOKEN.order_by(admin_tokens.c.id).limit(limit)
        if after is not None:
            query = query.where(admin_tokens.c.id > after)
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(query)]

    async def get(self, token_id: str) -> TokenRow:
        """One token. Raises NotHere."""
        async with self._database.read() as connection:
            row = (await connection.execute(_TOKEN.where(admin_tokens.c.id == token_id))).one_or_none()
        if row is None:
            raise NotHere(f"There is no admin token '{token_id}'.")
        return _row(row)

    async def revoke(self, token_id: str, *, now: int) -> TokenRow:
        """End a token for good. Revoking it again changes nothing. Raises NotHere."""
        async with self._database.write() as connection:
            await connection.execute(
                update(admin_tokens)
                .where(admin_tokens.c.id == token_id)
                .values(revoked_at=func.coalesce(admin_tokens.c.revoked_at, now))
            )
            await changes.mark(connection, TOPIC)
            return await self.get(token_id)


def _row(row: Row[tuple[object, ...]]) -> TokenRow:
    value = dict(row._mapping)
    value["scopes"] = names_from(value["scopes"]) or ()
    return TokenRow(**value)


_TOKEN: Select[tuple[object, ...]] = select(*(admin_tokens.c[name] for name in TokenRow.__struct_fields__))
