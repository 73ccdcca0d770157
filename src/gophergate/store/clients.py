"""Clients, which own keys, and the organisations and teams they belong to."""

from __future__ import annotations

import msgspec
from sqlalchemy import Row, Select, delete, insert, select, update

from gophergate.core.caller import NO_LIMITS, Limits
from gophergate.errors import NotHere
from gophergate.store import changes
from gophergate.store.database import Database
from gophergate.store.keys import TOPIC
from gophergate.store.ordering import Order, ordered
from gophergate.store.tables import clients, organisations, teams
from gophergate.store.values import limits_from, limits_text


class OrganisationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant."""

    id: str
    name: str
    created_at: int


class TeamRow(msgspec.Struct, frozen=True, kw_only=True):
    """Clients that share limits and budgets. A disabled team's keys stop working."""

    id: str
    name: str
    organisation_id: str | None = None
    limits: Limits = NO_LIMITS
    disabled: bool = False
    created_at: int


class ClientRow(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer: an application, or the person `user_id`. The team's organisation goes before its own."""

    id: str
    name: str
    organisation_id: str | None = None
    team_id: str | None = None
    user_id: str | None = None
    limits: Limits = NO_LIMITS
    disabled: bool = False
    created_at: int


class Clients:
    """The clients, teams and organisations of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, client: ClientRow) -> None:
        """Store a client. Raises Conflict for a taken name or a team, user or organisation that is not there."""
        async with self._database.write() as connection:
            await connection.execute(
                insert(clients).values(msgspec.structs.asdict(client) | {"limits": limits_text(client.limits)})
            )

    async def page(
        self,
        *,
        order: Order | None = None,
        after: str | None = None,
        limit: int = 100,
        text: str | None = None,
        organisation_id: str | None = None,
        team_id: str | None = None,
        user_id: str | None = None,
        disabled: bool | None = None,
    ) -> list[ClientRow]:
        """Clients in the order given, by id (which is by age) without one, beginning after the id `after`; every filter
        that is not None must match. `text` is part of the name."""
        query = ordered(_CLIENT, SORTED_BY, order or Order("id")).limit(limit)
        for column, value in (
            (clients.c.organisation_id, organisation_id),
            (clients.c.team_id, team_id),
            (clients.c.user_id, user_id),
            (clients.c.disabled, disabled),
        ):
            if value is not None:
                query = query.where(column == value)
        if text:
            query = query.where(clients.c.name.icontains(text, autoescape=True))
        if after is not None:
            query = query.where(clients.c.id > after)
        async with self._database.read() as connection:
            return [_client(row) for row in await connection.execute(query)]

    async def get(self, client_id: str) -> ClientRow:
        """One client. Raises NotHere."""
        async with self._database.read() as connection:
            row = (await connection.execute(_CLIENT.where(clients.c.id == client_id))).one_or_none()
        if row is None:
            raise NotHere(f"There is no client '{client_id}'.")
        return _client(row)

    async def by_name(self, name: str) -> ClientRow | None:
        """The client of that name."""
        async with self._database.read() as connection:
            row = (await connection.execute(_CLIENT.where(clients.c.name == name))).one_or_none()
        return _client(row) if row is not None else None

    async def set_disabled(self, client_id: str, disabled: bool) -> None:
        """Stop all of a client's keys, or let them work again. Raises NotHere."""
        async with self._database.write() as connection:
            changed = await connection.execute(
                update(clients).where(clients.c.id == client_id).values(disabled=disabled)
            )
            if changed.rowcount == 0:
                raise NotHere(f"There is no client '{client_id}'.")
            await changes.mark(connection, TOPIC)

    async def change(self, client: ClientRow) -> None:
        """Store everything of a client but its id and age. Raises NotHere, Conflict as `create` does."""
        values = msgspec.structs.asdict(client) | {"limits": limits_text(client.limits)}
        async with self._database.write() as connection:
            changed = await connection.execute(update(clients).where(clients.c.id == client.id).values(values))
            if changed.rowcount == 0:
                raise NotHere(f"There is no client '{client.id}'.")
            await changes.mark(connection, TOPIC)

    async def delete(self, client_id: str) -> None:
        """Remove a client and its keys; its calls stay. Raises NotHere."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(clients).where(clients.c.id == client_id))
            if gone.rowcount == 0:
                raise NotHere(f"There is no client '{client_id}'.")
            await changes.mark(connection, TOPIC)

    async def team(self, team_id: str) -> TeamRow:
        """One team. Raises NotHere."""
        async with self._database.read() as connection:
            row = (await connection.execute(_TEAM.where(teams.c.id == team_id))).one_or_none()
        if row is None:
            raise NotHere(f"There is no team '{team_id}'.")
        return TeamRow(**dict(row._mapping) | {"limits": limits_from(row.limits)})

    async def change_team(self, team: TeamRow) -> None:
        """Store everything of a team but its id and age. Raises NotHere, Conflict as `create_team` does."""
        values = msgspec.structs.asdict(team) | {"limits": limits_text(team.limits)}
        async with self._database.write() as connection:
            changed = await connection.execute(update(teams).where(teams.c.id == team.id).values(values))
            if changed.rowcount == 0:
                raise NotHere(f"There is no team '{team.id}'.")
            await changes.mark(connection, TOPIC)

    async def delete_team(self, team_id: str) -> None:
        """Remove a team; its clients and users stay, without one. Raises NotHere."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(teams).where(teams.c.id == team_id))
            if gone.rowcount == 0:
                raise NotHere(f"There is no team '{team_id}'.")
            await changes.mark(connection, TOPIC)

    async def organisation(self, organisation_id: str) -> OrganisationRow:
        """One organisation. Raises NotHere."""
        async with self._database.read() as connection:
            row = (await connection.execute(_ORGANISATION.where(organisations.c.id == organisation_id))).one_or_none()
        if row is None:
            raise NotHere(f"There is no organisation '{organisation_id}'.")
        return OrganisationRow(**row._mapping)

    async def change_organisation(self, organisation: OrganisationRow) -> None:
        """Store its name. Raises NotHere, Conflict for a taken name."""
        async with self._database.write() as connection:
            changed = await connection.execute(
                update(organisations).where(organisations.c.id == organisation.id).values(name=organisation.name)
            )
            if changed.rowcount == 0:
                raise NotHere(f"There is no organisation '{organisation.id}'.")

    async def delete_organisation(self, organisation_id: str) -> None:
        """Remove an organisation; its teams and clients stay, without one. Raises NotHere."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(organisations).where(organisations.c.id == organisation_id))
            if gone.rowcount == 0:
                raise NotHere(f"There is no organisation '{organisation_id}'.")
            await changes.mark(connection, TOPIC)

    async def create_team(self, team: TeamRow) -> None:
        """Store a team. Raises Conflict for a taken name or an organisation that is not there."""
        async with self._database.write() as connection:
            await connection.execute(
                insert(teams).values(msgspec.structs.asdict(team) | {"limits": limits_text(team.limits)})
            )

    async def teams(self) -> list[TeamRow]:
        """Every team, by name."""
        async with self._database.read() as connection:
            rows = await connection.execute(_TEAM.order_by(teams.c.name))
            return [TeamRow(**dict(row._mapping) | {"limits": limits_from(row.limits)}) for row in rows]

    async def create_organisation(self, organisation: OrganisationRow) -> None:
        """Store an organisation. Raises Conflict for a taken name."""
        async with self._database.write() as connection:
            await connection.execute(insert(organisations).values(msgspec.structs.asdict(organisation)))

    async def organisations(self) -> list[OrganisationRow]:
        """Every organisation, by name."""
        async with self._database.read() as connection:
            rows = await connection.execute(_ORGANISATION.order_by(organisations.c.name))
            return [OrganisationRow(**row._mapping) for row in rows]


def _client(row: Row[tuple[object, ...]]) -> ClientRow:
    value = dict(row._mapping)
    value["limits"] = limits_from(value["limits"])
    return ClientRow(**value)


SORTED_BY = {name: clients.c[name] for name in ("name", "created_at", "id")}
_CLIENT: Select[tuple[object, ...]] = select(*(clients.c[name] for name in ClientRow.__struct_fields__))
_TEAM: Select[tuple[object, ...]] = select(*(teams.c[name] for name in TeamRow.__struct_fields__))
_ORGANISATION: Select[tuple[object, ...]] = select(
    *(organisations.c[name] for name in OrganisationRow.__struct_fields__)
)
