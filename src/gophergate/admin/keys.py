"""Client keys: shown whole once, when they are made."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal

import msgspec
from fastapi import Query, Request, Response
from pydantic import AfterValidator
from pydantic import Field as Member

from gophergate.admin.desk import AtDesk, Desk, tagged, unchanged_since
from gophergate.admin.paging import Cursor, Limit, order_of, page_of, place_in
from gophergate.admin.resilience import DisconnectGiven, DisconnectShown, disconnect_of
from gophergate.admin.shapes import (
    Given,
    Id,
    LimitsGiven,
    LimitsShown,
    Listing,
    Moment,
    Name,
    Shown,
    Time,
)
from gophergate.admin.teams import limits_of
from gophergate.errors import NotHere
from gophergate.secrets import make_client_key
from gophergate.setup import new_key
from gophergate.store.clients import Clients
from gophergate.store.keys import KeyRow, Keys

_LONGEST_GRACE = 90 * 86_400


def _network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"'{text}' is no address or network, such as 10.0.0.0/8") from None
    return text


Network = Annotated[str, Member(max_length=64), AfterValidator(_network)]
Pattern = Annotated[str, Member(min_length=1, max_length=255, examples=["openai/*"])]


class KeyShown(Shown):
    """A key, without the key. `models` null allows every model."""

    passing = frozenset({"last_used_at"})

    id: str
    client_id: str
    name: str
    prefix: str
    last4: str
    models: list[str] | None
    ip_allow: list[str]
    limits: LimitsShown
    disconnect: DisconnectShown | None
    expires_at: Moment | None
    revoked_at: Moment | None
    replaced_by: str | None
    grace_until: Moment | None
    created_at: Moment
    last_used_at: Moment | None


class KeyMade(KeyShown):
    """A new key, shown this once."""

    key: str

    @classmethod
    def of(cls, row: KeyRow, secret: str) -> KeyMade:
        """The row with its secret."""
        return cls(**KeyShown.model_validate(row).__dict__, key=secret)


class KeyGiven(Given):
    """A new key. `ip_allow` holds addresses or networks; without it every address may use the key."""

    client_id: Id
    name: Name | None = None
    models: Annotated[list[Pattern], Member(max_length=500)] | None = None
    ip_allow: Annotated[list[Network], Member(max_length=100)] | None = None
    limits: LimitsGiven | None = None
    disconnect: DisconnectGiven | None = None
    expires_at: Time | None = None


class KeyChange(Given):
    """What may change of a key; what is left out stays."""

    name: Name | None = None
    models: Annotated[list[Pattern], Member(max_length=500)] | None = None
    ip_allow: Annotated[list[Network], Member(max_length=100)] | None = None
    limits: LimitsGiven | None = None
    disconnect: DisconnectGiven | None = None
    expires_at: Time | None = None


class Rotation(Given):
    """How long the old key goes on working beside its successor."""

    grace_seconds: Annotated[float, Member(ge=0, le=_LONGEST_GRACE)] = 0.0


async def list_(
    desk: AtDesk,
    limit: Limit = 50,
    cursor: Cursor = None,
    sort: Literal["name", "-name", "created_at", "-created_at", "last_used_at", "-last_used_at"] = "created_at",
    q: Annotated[str | None, Query(max_length=120, description="Part of the name, or its last four.")] = None,
    client_id: Id | None = None,
    team_id: Id | None = None,
    revoked: bool | None = None,
) -> Listing[KeyShown]:
    """Keys, oldest first where no other order is asked for."""
    rows = await Keys(desk.rooms.database).page(
        order=order_of(sort, cursor),
        client_id=client_id,
        team_id=desk.team or team_id,
        text=q,
        revoked=revoked,
        limit=limit + 1,
    )
    return page_of(KeyShown, rows, limit, place_in(sort))


async def get(key_id: Id, response: Response, desk: AtDesk) -> KeyShown:
    """One key."""
    return _shown(response, await _own(desk, key_id))


async def create(given: KeyGiven, desk: AtDesk) -> KeyMade:
    """Make a key."""
    async with desk.change():
        client = await Clients(desk.rooms.database).get(given.client_id)
        desk.confine(client.team_id, "client")
        secret, row = await made_key(
            desk,
            client_id=client.id,
            name=given.name or "key",
            models=None if given.models is None else tuple(given.models),
            ip_allow=tuple(given.ip_allow or ()),
            limits=given.limits,
            disconnect=given.disconnect,
            expires_at=desk.end_given(given.expires_at),
        )
    desk.keys_changed()
    return KeyMade.of(row, secret)


async def made_key(
    desk: Desk,
    *,
    client_id: str,
    name: str,
    models: tuple[str, ...] | None = None,
    ip_allow: tuple[str, ...] = (),
    limits: LimitsGiven | None = None,
    disconnect: DisconnectGiven | None = None,
    expires_at: int | None = None,
) -> tuple[str, KeyRow]:
    """A new key of a client, stored and noted; the key itself and its row. Call it inside `desk.change`."""
    secret = make_client_key()
    key = msgspec.structs.replace(
        new_key(desk.rooms.keyring, secret, key_id=desk.rooms.ids.new(), client_id=client_id, name=name),
        models=models,
        ip_allow=ip_allow,
        limits=limits_of(limits),
        disconnect=disconnect_of(disconnect),
        expires_at=expires_at,
    )
    row = await Keys(desk.rooms.database).create(key, now=desk.now())
    await desk.note("create", "key", row.id, after=KeyShown.model_validate(row))
    return secret, row


async def change(key_id: Id, given: KeyChange, request: Request, response: Response, desk: AtDesk) -> KeyShown:
    """Change what a key may do. The next call sees it."""
    keys = Keys(desk.rooms.database)
    said = given.said()
    if "limits" in said:
        said["limits"] = limits_of(given.limits)
    if "disconnect" in said:
        said["disconnect"] = disconnect_of(given.disconnect)
    if "models" in said:
        said["models"] = None if given.models is None else tuple(given.models)
    if "ip_allow" in said:
        said["ip_allow"] = tuple(given.ip_allow or ())
    if "expires_at" in said:
        said["expires_at"] = desk.end_given(given.expires_at)
    if said.get("name", "") is None:
        del said["name"]
    async with desk.change():
        before = await _own(desk, key_id)
        unchanged_since(request, KeyShown.model_validate(before))
        after = msgspec.structs.replace(before, **said)
        await keys.change(after)
        await desk.note(
            "change", "key", key_id, before=KeyShown.model_validate(before), after=KeyShown.model_validate(after)
        )
    desk.keys_changed()
    return _shown(response, after)


async def revoke(key_id: Id, desk: AtDesk) -> KeyShown:
    """End a key for good, and the streams that run on it."""
    async with desk.change():
        before = await _own(desk, key_id)
        row = await Keys(desk.rooms.database).revoke(key_id, now=desk.now())
        if before.revoked_at is None:
            await desk.note(
                "revoke", "key", key_id, before=KeyShown.model_validate(before), after=KeyShown.model_validate(row)
            )
    desk.keys_changed()
    desk.rooms.book.end_calls(key_id)
    return KeyShown.model_validate(row)


async def rotate(key_id: Id, desk: AtDesk, given: Rotation | None = None) -> KeyMade:
    """Make a successor that may do the same; the old key works on for the grace time."""
    secret = make_client_key()
    async with desk.change():
        old = await _own(desk, key_id)
        fresh = new_key(desk.rooms.keyring, secret, key_id=desk.rooms.ids.new(), client_id=old.client_id, name=old.name)
        row = await Keys(desk.rooms.database).rotate(
            key_id,
            new_id=fresh.id,
            new_hash=fresh.hash,
            prefix=fresh.prefix,
            last4=fresh.last4,
            now=desk.now(),
            grace_seconds=given.grace_seconds if given is not None else 0.0,
        )
        await desk.note("rotate", "key", key_id, after=KeyShown.model_validate(row))
    desk.keys_changed()
    return KeyMade.of(row, secret)


async def delete(key_id: Id, request: Request, desk: AtDesk) -> None:
    """Remove a key altogether. Its calls stay in the log."""
    async with desk.change():
        before = await _own(desk, key_id)
        unchanged_since(request, KeyShown.model_validate(before))
        await Keys(desk.rooms.database).delete(key_id)
        await desk.note("delete", "key", key_id, before=KeyShown.model_validate(before))
    desk.keys_changed()
    desk.rooms.book.end_calls(key_id)


async def _own(desk: Desk, key_id: str) -> KeyRow:
    key = await Keys(desk.rooms.database).get(key_id)
    if desk.team is not None:
        client = await Clients(desk.rooms.database).get(key.client_id)
        if client.team_id != desk.team:
            raise NotHere(f"There is no key '{key_id}'.")
    return key


def _shown(response: Response, key: KeyRow) -> KeyShown:
    return tagged(response, KeyShown.model_validate(key))
