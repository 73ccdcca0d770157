"""The audit log: who changed what. Written in the transaction of the change, read newest first, never changed."""

from __future__ import annotations

import msgspec
from sqlalchemy import Select, insert, or_, select

from gophergate.errors import NotHere
from gophergate.store.connection import AsyncConnection
from gophergate.store.database import Database
from gophergate.store.filters import Place, from_cursor, to_cursor
from gophergate.store.tables import audit_entries


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `at` is Unix microseconds; `before` and `after` are JSON texts in which secrets are masked."""

    id: str
    at: int
    actor: str
    action: str
    target_kind: str
    actor_id: str | None = None
    target_id: str | None = None
    before: str | None = None
    after: str | None = None
    address: str | None = None


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Every member that is not None must match. `actor` is part of the name, in any case; `since` is included, `until`
    is not; both Unix microseconds."""

    actor: str | None = None
    actor_id: str | None = None
    target_kind: str | None = None
    target_id: str | None = None
    action: str | None = None
    since: int | None = None
    until: int | None = None


EVERYTHING = AuditFilter()


class AuditPage(msgspec.Struct, frozen=True):
    """Some entries and where the next page begins; None after the last."""

    items: list[AuditRow]
    next_cursor: str | None


async def record(connection: AsyncConnection, entry: AuditRow) -> None:
    """Store an entry inside the transaction of the change it tells of."""
    await connection.execute(insert(audit_entries).values(msgspec.structs.asdict(entry)))


class Audit:
    """The audit log of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, entry: AuditRow) -> None:
        """Store an entry by itself, for what changes no row: a sign-in, an export."""
        async with self._database.write() as connection:
            await record(connection, entry)

    async def get(self, entry_id: str) -> AuditRow:
        """One entry. Raises NotHere."""
        async with self._database.read() as connection:
            row = (await connection.execute(_ENTRY.where(audit_entries.c.id == entry_id))).one_or_none()
        if row is None:
            raise NotHere(f"There is no entry '{entry_id}' in the audit log.")
        return AuditRow(**row._mapping)

    async def page(
        self,
        where: AuditFilter = EVERYTHING,
        *,
        oldest_first: bool = False,
        cursor: str | None = None,
        limit: int = 50,
    ) -> AuditPage:
        """Entries newest first, or oldest first. Raises BadRequest for a cursor no list gave."""
        at, entry_id = audit_entries.c.at, audit_entries.c.id
        query = _ENTRY.limit(limit + 1)
        query = query.order_by(at, entry_id) if oldest_first else query.order_by(at.desc(), entry_id.desc())
        for name in ("actor_id", "target_kind", "target_id", "action"):
            value = getattr(where, name)
            if value is not None:
                query = query.where(audit_entries.c[name] == value)
        if where.actor:
            query = query.where(audit_entries.c.actor.icontains(where.actor, autoescape=True))
        if where.since is not None:
            query = query.where(at >= where.since)
        if where.until is not None:
            query = query.where(at < where.until)
        place = from_cursor(cursor)
        if place is not None and oldest_first:
            query = query.where(at >= place.started_at, or_(at > place.started_at, entry_id > place.id))
        elif place is not None:
            query = query.where(at <= place.started_at, or_(at < place.started_at, entry_id < place.id))
        async with self._database.read() as connection:
            rows = [AuditRow(**row._mapping) for row in await connection.execute(query)]
        items = rows[:limit]
        more = len(rows) > limit and bool(items)
        return AuditPage(items, to_cursor(Place(items[-1].at, items[-1].id)) if more else None)


_ENTRY: Select[tuple[object, ...]] = select(*(audit_entries.c[name] for name in AuditRow.__struct_fields__))
