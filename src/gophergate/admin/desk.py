"""Where one operator's request is handled: who asks, what there is to work with, and how a change is made and noted.

A change and its audit entry are one transaction; there is no way to write the one without the other but by leaving out
`note`, which a test looks for.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from gophergate.admin.permissions import Permission, Who
from gophergate.admin.problems import Stale, WrongFields
from gophergate.admin.shapes import microseconds
from gophergate.auditing import entry
from gophergate.errors import Forbidden
from gophergate.store.audit import record
from gophergate.store.users import UserRow
from gophergate.times import rfc3339

if TYPE_CHECKING:
    from gophergate.admin.rooms import Rooms


Tagged = TypeVar("Tagged", bound=BaseModel)


class Scoped(Protocol):
    """Something that bounds a scope: a budget, limits."""

    @property
    def scope(self) -> str: ...
    @property
    def scope_id(self) -> str: ...


class Desk:
    """One request's. Made by the guard of the route, once it has let the request through."""

    def __init__(self, rooms: Rooms, who: Who, address: str) -> None:
        self.rooms = rooms
        self.who = who
        self.address = address

    def now(self) -> int:
        """Unix microseconds."""
        return int(self.rooms.wall() * 1_000_000)

    def require(self, permission: Permission, sentence: str) -> None:
        """Raises Forbidden unless they hold one more permission."""
        if not self.who.may(permission):
            raise Forbidden(sentence)

    def end_given(self, moment: datetime | None) -> int | None:
        """Unix microseconds of the end somebody gave a key or token. Raises WrongFields for one that is past."""
        end = microseconds(moment)
        if end is not None and end <= self.now():
            raise WrongFields([("expires_at", f"{rfc3339(end)} is past: an end must lie ahead")])
        return end

    @property
    def team(self) -> str | None:
        """The only team this operator sees; None sees all."""
        return self.who.team_id

    def sees(self, row: Scoped) -> bool:
        """Whether this operator may look at what bounds a scope: whoever is confined to a team sees that team's own."""
        return self.team is None or (row.scope, row.scope_id) == ("team", self.team)

    def confine(self, team_id: str | None, what: str) -> None:
        """Raises Forbidden for something of another team than the one this operator is confined to."""
        if self.who.team_id is not None and team_id != self.who.team_id:
            raise Forbidden(f"This {what} belongs to another team.")

    def from_above(self, what: str) -> None:
        """Raises Forbidden for somebody confined to a team: what bounds a team is set by those who see all teams."""
        if self.who.team_id is not None:
            raise Forbidden(f"The {what} of a team are set from above: by somebody who is not confined to it.")

    def keys_changed(self) -> None:
        """What is remembered of client keys is dropped at once: a key, its client or its team changed (R-X5)."""
        self.rooms.auth.forget()

    async def reconfigured(self) -> None:
        """Providers, models or groups changed: swap to the catalogue that holds them, and ask new providers what they
        have. Other processes see it by the change mark."""
        await self.rooms.configuration.reload()
        self.rooms.later(self.rooms.configuration.discover())

    @asynccontextmanager
    async def change(self) -> AsyncIterator[None]:
        """One transaction for a change and its `note`."""
        async with self.rooms.database.write():
            yield

    async def note(
        self,
        action: str,
        kind: str,
        target_id: str | None,
        *,
        before: object = None,
        after: object = None,
    ) -> None:
        """Put the change under way into the audit log. `before` and `after` have the same members, so that what differs
        is what was changed. Secrets are masked by the names of their members. The dashboard has a sentence for every
        action of every kind: a test looks for them here, so name both by a literal."""
        written = entry(
            self.rooms.ids.new(),
            at=self.now(),
            actor=self.who.name,
            actor_id=self.who.user_id or self.who.token_id,
            action=action,
            kind=kind,
            target_id=target_id,
            before=_plain(before),
            after=_plain(after),
            address=self.address or None,
        )
        async with self.rooms.database.write() as connection:
            await record(connection, written)
        self.rooms.announce(
            "configuration", {"action": action, "target_kind": kind, "target_id": target_id, "by": self.who.name}
        )

    async def signed_in(self, user: UserRow) -> None:
        """Put it on record that somebody signed in: it changes nothing, and is the first thing looked for."""
        signed = Desk(self.rooms, Who(name=user.username, permissions=frozenset(), user_id=user.id), self.address)
        await signed.note("sign_in", "session", user.id)


def desk_of(request: Request) -> Desk:
    """The desk the guard has made."""
    found = request.state.desk
    assert isinstance(found, Desk)  # noqa: S101 - the guard ran, or there would be no handler
    return found


AtDesk = Annotated[Desk, Depends(desk_of)]


def etag(shown: BaseModel) -> str:
    """The version of what is shown, as a strong entity tag."""
    passing = set(getattr(shown, "passing", ()))
    return '"' + hashlib.blake2b(shown.model_dump_json(exclude=passing).encode(), digest_size=12).hexdigest() + '"'


def tagged(response: Response, shown: Tagged) -> Tagged:
    """Give the response the entity tag of what it shows."""
    response.headers["etag"] = etag(shown)
    return shown


def unchanged_since(request: Request, shown: BaseModel) -> None:
    """Raises Stale when the request says `if-match` and means another version than this. Call it inside `change`."""
    wanted = request.headers.get("if-match")
    if wanted is None or wanted.strip() == "*":
        return
    if etag(shown) not in [tag.strip().removeprefix("W/") for tag in wanted.split(",")]:
        raise Stale("It was changed since you read it. Read it again, and make your change to what it is now.")


def _plain(value: object) -> object:
    """What was changed as it is kept: without the members that change by themselves."""
    if not isinstance(value, BaseModel):
        return value
    return value.model_dump(mode="json", exclude=set(getattr(value, "passing", ())))


Announce = Callable[[str, Mapping[str, Any]], None]
"""Tells whoever watches live that something happened."""
