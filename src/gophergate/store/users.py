"""People who sign in to the dashboard. Passwords come and go as bcrypt hashes; this room never sees one."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import Select, delete, func, insert, or_, select, update

from gophergate.errors import NotHere
from gophergate.store import changes
from gophergate.store.database import Database
from gophergate.store.ordering import Order, ordered
from gophergate.store.tables import sessions, users

TOPIC = "people"
"""The change mark that rises with everything that alters who is signed in, or what they may do."""

Role = Literal["owner", "admin", "editor", "viewer"]


class UserRow(msgspec.Struct, frozen=True, kw_only=True):
    """One user, without the password. Times are Unix microseconds."""

    id: str
    username: str
    display_name: str
    role: Role
    team_id: str | None = None
    disabled: bool = False
    created_at: int
    password_changed_at: int | None = None


class Users:
    """The users of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, user: UserRow, *, password_hash: str | None) -> None:
        """Store a user; without a hash nobody can sign in by password. Raises Conflict for a taken name."""
        async with self._database.write() as connection:
            await connection.execute(insert(users).values(password_hash=password_hash, **msgspec.structs.asdict(user)))

    async def page(
        self,
        *,
        order: Order | None = None,
        after: str | None = None,
        limit: int = 100,
        text: str | None = None,
        role: Role | None = None,
        team_id: str | None = None,
        disabled: bool | None = None,
    ) -> list[UserRow]:
        """Users in the order given, by name without one, beginning after the name `after`; every filter that is not
        None must match. `text` is part of either name."""
        query = ordered(_SHOWN, SORTED_BY, order or Order("username")).limit(limit)
        if after is not None:
            query = query.where(users.c.username > after)
        for column, value in ((users.c.role, role), (users.c.team_id, team_id), (users.c.disabled, disabled)):
            if value is not None:
                query = query.where(column == value)
        if text:
            columns = (users.c.username, users.c.display_name)
            query = query.where(or_(*(column.icontains(text, autoescape=True) for column in columns)))
        async with self._database.read() as connection:
            return [UserRow(**row._mapping) for row in await connection.execute(query)]

    async def get(self, user_id: str) -> UserRow:
        """One user. Raises NotHere."""
        async with self._database.read() as connection:
            row = (await connection.execute(_SHOWN.where(users.c.id == user_id))).one_or_none()
        if row is None:
            raise NotHere(f"There is no user '{user_id}'.")
        return UserRow(**row._mapping)

    async def by_username(self, username: str) -> tuple[UserRow, str | None] | None:
        """The user of that name (compared as written) and the password hash; None when there is none."""
        query = _SHOWN.add_columns(users.c.password_hash).where(users.c.username == username)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        value = dict(row._mapping)
        password_hash = value.pop("password_hash")
        return UserRow(**value), password_hash

    async def change(self, user: UserRow) -> None:
        """Store what may change of a user (name, role, team, whether disabled). Raises NotHere, Conflict."""
        async with self._database.write() as connection:
            changed = await connection.execute(
                update(users)
                .where(users.c.id == user.id)
                .values(
                    username=user.username,
                    display_name=user.display_name,
                    role=user.role,
                    team_id=user.team_id,
                    disabled=user.disabled,
                )
            )
            if changed.rowcount == 0:
                raise NotHere(f"There is no user '{user.id}'.")
            await changes.mark(connection, TOPIC)

    async def delete(self, user_id: str) -> None:
        """Remove a user and their sessions; what they made stays. Raises NotHere."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(users).where(users.c.id == user_id))
            if gone.rowcount == 0:
                raise NotHere(f"There is no user '{user_id}'.")
            await changes.mark(connection, TOPIC)

    async def owners(self) -> int:
        """How many can still sign in as an owner."""
        query = select(func.count()).select_from(users).where(users.c.role == "owner", users.c.disabled.is_(False))
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one()

    async def set_password_hash(self, user_id: str, password_hash: str, *, now: int) -> None:
        """Change a password; every session the user has ends with it. Raises NotHere."""
        async with self._database.write() as connection:
            changed = await connection.execute(
                update(users).where(users.c.id == user_id).values(password_hash=password_hash, password_changed_at=now)
            )
            if changed.rowcount == 0:
                raise NotHere(f"There is no user '{user_id}'.")
            await connection.execute(delete(sessions).where(sessions.c.user_id == user_id))
            await changes.mark(connection, TOPIC)

    async def count(self) -> int:
        """How many there are: none means a database nobody has set up."""
        async with self._database.read() as connection:
            return (await connection.execute(select(func.count()).select_from(users))).scalar_one()


SORTED_BY = {name: users.c[name] for name in ("username", "role", "created_at", "id")}
_SHOWN: Select[tuple[object, ...]] = select(*(users.c[name] for name in UserRow.__struct_fields__))
