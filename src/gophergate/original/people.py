"""Clients with their keys, and users. Client keys go on working: they are hashed as ours are and looked up alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gophergate.core.caller import Limits
from gophergate.original import values
from gophergate.original.carry import Carrier
from gophergate.setup import new_key
from gophergate.store import keys as key_rows
from gophergate.store.clients import ClientRow
from gophergate.store.users import Role, UserRow

_ROLES: Mapping[str, Role] = {
    "owner": "owner", "superadmin": "owner", "root": "owner", "admin": "admin", "administrator": "admin",
    "1": "admin", "true": "admin", "editor": "editor", "operator": "editor", "manager": "editor",
    "viewer": "viewer", "user": "viewer", "readonly": "viewer", "read_only": "viewer", "0": "viewer",
    "false": "viewer", "": "viewer",
}  # fmt: skip
_HEX = frozenset("0123456789abcdefABCDEF")
_LONGEST_NAME = 120


async def carry_clients(at: Carrier) -> None:
    """The clients, each by the name it goes by here."""
    for facts in at.source.rows("clients"):
        ref = values.words(facts["ref"])
        if ref:
            name = values.words(facts["name"]) or ref
            await _client(at, (ref, values.words(facts["row"])), name, facts)


async def _client(at: Carrier, refs: tuple[str, ...], name: str, facts: Mapping[str, Any]) -> str:
    """The id here of a client of the source, made if there is none; `refs` are what its keys and calls call it."""
    name = name[:_LONGEST_NAME].replace("\n", " ")
    if name in at.names_used:
        name = f"{name[: _LONGEST_NAME - 40]} ({refs[0][:36]})"
    at.names_used.add(name)
    found = await at.clients.by_name(name)
    if found is not None:
        client_id = found.id
        at.report.note("client", name, "there")
    else:
        remarks: list[str] = []
        bounds = {fact: _bound(facts.get(fact), fact, remarks) for fact in ("rpm", "tpm", "concurrency")}
        row = ClientRow(
            id=at.ids.new(),
            name=name,
            limits=Limits(**bounds),
            disabled=not values.is_on(facts.get("on"), facts.get("off")),
            created_at=at.time(facts.get("created_at")),
        )
        await at.clients.create(row)
        await at.audit("client", row.id, msgspec.to_builtins(row))
        client_id = row.id
        at.report.note("client", name, "made", "; ".join([*(["is switched off"] if row.disabled else []), *remarks]))
    for ref in refs:
        if ref:
            at.client_ids.setdefault(ref, client_id)
    at.client_ids.setdefault(name, client_id)
    return client_id


def _bound(value: Any, fact: str, remarks: list[str]) -> int | None:
    try:
        return values.count(value) or None
    except ValueError as error:
        remarks.append(f"its {fact} limit is left out: {error}")
        return None


async def carry_keys(at: Carrier) -> None:
    """The client keys. One that is there as a hash only cannot be carried over: ours are hashed otherwise."""
    for number, facts in enumerate(at.source.rows("keys"), 1):
        key = values.words(facts["key"])
        label = values.words(facts["name"])[:_LONGEST_NAME].replace("\n", " ")
        known = f"...{key[-4:]}" if len(key) >= 16 else f"number {number}"
        name = f"{label} {known}".strip()
        if not key or _is_hash(key):
            why = "is stored as a hash, from which no key can be had: make a new one for its client"
            at.report.note("key", name, "left out", why if key or facts["hash"] else "has no key")
            continue
        if not (8 <= len(key) <= 512) or not all("!" <= character <= "~" for character in key):
            at.report.note("key", name, "left out", "no request could present it: it has a space, or is too short")
            continue
        digest = at.keyring.hash_client_key(key)
        if digest in at.known_keys or await at.keys.named(digest):
            at.report.note("key", name, "there")
            continue
        at.known_keys.add(digest)
        await _key(at, key, label, name, facts)


async def _key(at: Carrier, key: str, label: str, name: str, facts: Mapping[str, Any]) -> None:
    ref = values.words(facts["client"])
    owner = at.client_ids.get(ref)
    if owner is None:
        owner = await _client(at, (ref,) if ref else (), ref or label or "imported", {})
    remarks: list[str] = []
    expires_at = at.maybe_time(facts["expires_at"], "end", remarks)
    row = msgspec.structs.replace(
        new_key(at.keyring, key, key_id=at.ids.new(), client_id=owner, name=label or "imported"),
        models=values.names(facts["models"]) or None,
        expires_at=expires_at,
    )
    stored = await at.keys.create(row, now=at.time(facts["created_at"]))
    used_at = at.maybe_time(facts["last_used_at"], "last use", remarks)
    if used_at is not None:
        async with at.database.write() as connection:
            await key_rows.touch(connection, {row.id: used_at})
    if not values.is_on(facts["on"], facts["off"]):
        stored = await at.keys.revoke(row.id, now=at.now)
        remarks.append("is revoked, as it was")
    await at.audit("key", row.id, msgspec.to_builtins(stored))
    at.report.note("key", name, "made", "; ".join(remarks))


def _is_hash(key: str) -> bool:
    return (len(key) in (40, 64, 128) and _HEX.issuperset(key)) or key.startswith(("$2", "$argon2", "sha256:"))


async def carry_users(at: Carrier) -> None:
    """The users. Bcrypt hashes are kept, so that passwords go on working."""
    for facts in at.source.rows("users"):
        username = values.words(facts["username"])[:_LONGEST_NAME].replace("\n", " ")
        if not username:
            continue
        if await at.users.by_username(username) is not None:
            at.report.note("user", username, "there", "keeps the password and the role it has here")
            continue
        remarks = []
        hashed: str | None = values.words(facts["hash"])
        if not hashed or not hashed.startswith(("$2a$", "$2b$", "$2y$")):
            hashed = None
            remarks.append("has no bcrypt hash: set a password with `gophergate users reset-password`")
        said = values.words(facts["role"]).lower()
        role = _ROLES.get(said)
        if role is None:
            role = "viewer"
            remarks.append(f"had the role '{said[:40]}', which is unknown here, and becomes a viewer")
        row = UserRow(
            id=at.ids.new(),
            username=username,
            display_name=values.words(facts["display_name"])[:_LONGEST_NAME].replace("\n", " ") or username,
            role=role,
            disabled=not values.is_on(facts["on"], facts["off"]),
            created_at=at.time(facts["created_at"]),
        )
        await at.users.create(row, password_hash=hashed)
        await at.audit("user", row.id, msgspec.to_builtins(row))
        at.report.note("user", username, "made", "; ".join([*(["is disabled"] if row.disabled else []), *remarks]))
