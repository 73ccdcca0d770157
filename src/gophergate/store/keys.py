"""Client keys. A key is stored as a hash only; whoever asks is found by one read on that hash."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, delete, func, insert, or_, select, update

from gophergate.core.caller import NO_LIMITS, Caller, Limits, ScopeLimits
from gophergate.core.resilience import Disconnect
from gophergate.errors import NotHere
from gophergate.store import changes
from gophergate.store.connection import AsyncConnection
from gophergate.store.database import Conflict, Database
from gophergate.store.ordering import Order, ordered
from gophergate.store.tables import clients, keys, teams
from gophergate.store.values import disconnect_from, disconnect_text, limits_from, limits_text, names_from, names_text

TOPIC = "keys"
"""The change mark that rises with everything that alters who may call (R-X5)."""
TOUCH_EVERY_US = 60_000_000
"""`last_used_at` is right to a minute: it is for people to read, and every write costs."""


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One key, to be shown. Times are Unix microseconds. `models` None allows every model."""

    id: str
    client_id: str
    name: str
    prefix: str
    last4: str
    models: tuple[str, ...] | None = None
    ip_allow: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS
    disconnect: Disconnect | None = None
    expires_at: int | None = None
    revoked_at: int | None = None
    replaced_by: str | None = None
    grace_until: int | None = None
    created_at: int
    last_used_at: int | None = None


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key to be stored: `hash` of it, and what may be shown of it."""

    id: str
    client_id: str
    name: str
    hash: bytes
    prefix: str
    last4: str
    models: tuple[str, ...] | None = None
    ip_allow: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS
    disconnect: Disconnect | None = None
    expires_at: int | None = None


class Keys:
    """The keys of one database. `policy.auth.KeyStore` is this, `find`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, digest: bytes) -> Caller | None:
        """The caller of the key with that hash; None when it is unknown, revoked, or its client or team disabled.

        `expires_at` is the earlier of the key's own end and the end of its grace after a rotation; whether that
        has passed is for the caller to see. One indexed read. Raises DatabaseUnavailable.
        """
        async with self._database.read() as connection:
            row = (await connection.execute(_HOLDER, {"digest": digest})).one_or_none()
        if row is None:
            return None
        ends = [end for end in (row.expires_at, row.grace_until) if end is not None]
        bounds = (
            ("key", row.id, limits_from(row.key_limits)),
            ("client", row.client_id, limits_from(row.client_limits)),
            ("team", row.team_id, limits_from(row.team_limits)),
        )
        return Caller(
            key_id=row.id,
            client_id=row.client_id,
            team_id=row.team_id,
            user_id=row.user_id,
            organisation_id=row.organisation_id,
            models=names_from(row.models),
            ip_allow=names_from(row.ip_allow) or (),
            expires_at=min(ends, default=None),
            disconnect=disconnect_from(row.disconnect),
            limits=tuple(
                ScopeLimits(
                    scope, name, limits.rpm, limits.tpm, limits.concurrency, limits.input_tpm, limits.output_tpm
                )
                for scope, name, limits in bounds
                if limits != NO_LIMITS
            ),
        )

    async def named(self, digest: bytes) -> str | None:
        """The id of the key with that hash, whether it is still good or not."""
        async with self._database.read() as connection:
            return (await connection.execute(select(keys.c.id).where(keys.c.hash == digest))).scalar_one_or_none()

    async def dead(self, key_ids: Iterable[str]) -> set[str]:
        """Those of these keys that let nobody call any more: revoked or removed, or their client or team disabled."""
        asked = set(key_ids)
        enabled = and_(clients.c.disabled.is_(False), or_(teams.c.id.is_(None), teams.c.disabled.is_(False)))
        joined = keys.join(clients, clients.c.id == keys.c.client_id).outerjoin(teams, teams.c.id == clients.c.team_id)
        query = select(keys.c.id).select_from(joined).where(keys.c.id.in_(asked), keys.c.revoked_at.is_(None), enabled)
        async with self._database.read() as connection:
            return asked - set((await connection.execute(query)).scalars())

    async def create(self, key: NewKey, *, now: int) -> KeyRow:
        """Store a key. Raises Conflict when its client does not exist or its hash is taken."""
        async with self._database.write() as connection:
            await _store(connection, key, now)
            await changes.mark(connection, TOPIC)
        return await self.get(key.id)

    async def get(self, key_id: str) -> KeyRow:
        """One key. Raises NotHere."""
        async with self._database.read() as connection:
            return await _get(connection, key_id)

    async def page(
        self,
        *,
        order: Order | None = None,
        client_id: str | None = None,
        team_id: str | None = None,
        text: str | None = None,
        revoked: bool | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[KeyRow]:
        """Keys in the order given, by id (which is by age) without one, beginning after the id `after`; every filter
        that is not None must match. `text` is part of the name, or the key's last four characters."""
        query = ordered(_SHOWN, SORTED_BY, order or Order("id")).limit(limit)
        if text:
            query = query.where(or_(keys.c.name.icontains(text, autoescape=True), keys.c.last4 == text))
        if revoked is not None:
            query = query.where(keys.c.revoked_at.is_not(None) if revoked else keys.c.revoked_at.is_(None))
        if team_id is not None:
            query = query.join(clients, clients.c.id == keys.c.client_id).where(clients.c.team_id == team_id)
        if client_id is not None:
            query = query.where(keys.c.client_id == client_id)
        if after is not None:
            query = query.where(keys.c.id > after)
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(query)]

    async def change(self, key: KeyRow) -> None:
        """Store what may change of a key: name, models, addresses, limits, end, disconnect policy. Raises NotHere."""
        async with self._database.write() as connection:
            changed = await connection.execute(
                update(keys)
                .where(keys.c.id == key.id)
                .values(
                    name=key.name,
                    models=names_text(key.models),
                    ip_allow=names_text(key.ip_allow or None),
                    limits=limits_text(key.limits),
                    disconnect=disconnect_text(key.disconnect),
                    expires_at=key.expires_at,
                )
            )
            if changed.rowcount == 0:
                raise NotHere(f"There is no key '{key.id}'.")
            await changes.mark(connection, TOPIC)

    async def delete(self, key_id: str) -> None:
        """Remove a key altogether; its calls stay. Raises NotHere."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(keys).where(keys.c.id == key_id))
            if gone.rowcount == 0:
                raise NotHere(f"There is no key '{key_id}'.")
            await changes.mark(connection, TOPIC)

    async def revoke(self, key_id: str, *, now: int) -> KeyRow:
        """End a key for good. Revoking it again changes nothing. Raises NotHere."""
        async with self._database.write() as connection:
            await connection.execute(
                update(keys).where(keys.c.id == key_id).values(revoked_at=func.coalesce(keys.c.revoked_at, now))
            )
            revoked = await _get(connection, key_id)
            await changes.mark(connection, TOPIC)
        return revoked

    async def rotate(
        self,
        key_id: str,
        *,
        new_id: str,
        new_hash: bytes,
        prefix: str,
        last4: str,
        now: int,
        grace_seconds: float = 0.0,
    ) -> KeyRow:
        """Store a successor that may do what the key may; the old one works for `grace_seconds` more.

        Raises NotHere, and Conflict for a key that has expired, or was revoked or rotated before.
        """
        async with self._database.write() as connection:
            old = await _get(connection, key_id)
            if old.revoked_at is not None:
                raise Conflict("The key was revoked; a revoked key has no successor.")
            if old.replaced_by is not None:
                raise Conflict("The key was rotated before; rotate its successor.")
            if old.expires_at is not None and old.expires_at <= now:
                raise Conflict("The key has expired, and so would its successor: give it a new end first.")
            successor = NewKey(
                id=new_id,
                client_id=old.client_id,
                name=old.name,
                hash=new_hash,
                prefix=prefix,
                last4=last4,
                models=old.models,
                ip_allow=old.ip_allow,
                limits=old.limits,
                disconnect=old.disconnect,
                expires_at=old.expires_at,
            )
            await _store(connection, successor, now)
            ends = now + int(grace_seconds * 1_000_000)
            await connection.execute(
                update(keys).where(keys.c.id == key_id).values(replaced_by=new_id, grace_until=ends)
            )
            created = await _get(connection, new_id)
            await changes.mark(connection, TOPIC)
        return created


async def touch(connection: AsyncConnection, used: dict[str, int]) -> None:
    """Remember when keys were last used (Unix microseconds by key id), inside the caller's transaction."""
    if used:
        await connection.execute(_TOUCH, [{"key": key_id, "at": used[key_id]} for key_id in sorted(used)])


async def _store(connection: AsyncConnection, key: NewKey, now: int) -> None:
    await connection.execute(
        insert(keys).values(
            id=key.id,
            client_id=key.client_id,
            name=key.name,
            hash=key.hash,
            prefix=key.prefix,
            last4=key.last4,
            models=names_text(key.models),
            ip_allow=names_text(key.ip_allow or None),
            limits=limits_text(key.limits),
            disconnect=disconnect_text(key.disconnect),
            expires_at=key.expires_at,
            created_at=now,
        )
    )


async def _get(connection: AsyncConnection, key_id: str) -> KeyRow:
    row = (await connection.execute(_SHOWN.where(keys.c.id == key_id))).one_or_none()
    if row is None:
        raise NotHere(f"There is no key '{key_id}'.")
    return _row(row)


def _row(row: Row[tuple[object, ...]]) -> KeyRow:
    value = dict(row._mapping)
    value["models"] = names_from(value["models"])
    value["ip_allow"] = names_from(value["ip_allow"]) or ()
    value["limits"] = limits_from(value["limits"])
    value["disconnect"] = disconnect_from(value["disconnect"])
    return KeyRow(**value)


SORTED_BY: dict[str, ColumnElement[Any]] = {
    "name": keys.c.name,
    "created_at": keys.c.created_at,
    "last_used_at": func.coalesce(keys.c.last_used_at, 0),
    "id": keys.c.id,
}
_SHOWN = select(*(keys.c[name] for name in KeyRow.__struct_fields__))


def _holder() -> Select[tuple[object, ...]]:
    joined = keys.join(clients, clients.c.id == keys.c.client_id).outerjoin(teams, teams.c.id == clients.c.team_id)
    enabled: ColumnElement[bool] = and_(
        clients.c.disabled.is_(False), or_(teams.c.id.is_(None), teams.c.disabled.is_(False))
    )
    return (
        select(
            keys.c.id,
            keys.c.client_id,
            keys.c.models,
            keys.c.ip_allow,
            keys.c.expires_at,
            keys.c.grace_until,
            keys.c.disconnect,
            keys.c.limits.label("key_limits"),
            clients.c.team_id,
            clients.c.user_id,
            clients.c.limits.label("client_limits"),
            teams.c.limits.label("team_limits"),
            func.coalesce(teams.c.organisation_id, clients.c.organisation_id).label("organisation_id"),
        )
        .select_from(joined)
        .where(keys.c.hash == bindparam("digest"), keys.c.revoked_at.is_(None), enabled)
    )


_HOLDER = _holder()
_TOUCH = (
    update(keys)
    .where(keys.c.id == bindparam("key"))
    .where(or_(keys.c.last_used_at.is_(None), keys.c.last_used_at < bindparam("at")))
    .values(last_used_at=bindparam("at"))
)
