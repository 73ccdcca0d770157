"""`gophergate keys`: client keys. A key is printed when it is made and never again; only its hash is stored."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from gophergate.cli.options import json_option, places, settings_from
from gophergate.cli.times import Moment, Span, microseconds

if TYPE_CHECKING:
    from gophergate.cli.opening import Opened
    from gophergate.store.keys import KeyRow


@click.group("keys")
def command() -> None:
    """Client keys: create, list, revoke, rotate."""


@command.command("create")
@places
@click.option("--client", default="default", show_default=True, help="Whose key it is; made if there is none.")
@click.option("--name", default="", help="What to call the key.")
@click.option("--model", "models", multiple=True, help="A model it may use; repeat it. Without any: all.")
@click.option("--ip", "addresses", multiple=True, help="An address or network it may come from; repeat it.")
@click.option("--expires", type=Moment(), metavar="WHEN", help="When it ends: 30d, 2026-12-31, ...")
@click.option("--rpm", type=click.IntRange(min=1), help="Requests a minute.")
@click.option("--tpm", type=click.IntRange(min=1), help="Tokens a minute.")
@click.option("--concurrency", type=click.IntRange(min=1), help="Calls at a time.")
@json_option
def create(config: str | None, data: str | None, client: str, as_json: bool, **wishes: Any) -> None:
    """Make a key and print it, this once."""
    from gophergate.cli.noting import change
    from gophergate.cli.opening import opened, run
    from gophergate.secrets import make_client_key
    from gophergate.setup import client_named
    from gophergate.store.keys import Keys

    key = make_client_key()

    async def work() -> KeyRow:
        async with opened(settings_from(config, data)) as at:
            async with change(at) as made:
                owner = await client_named(at.database, client, at.ids, at.now())
                row = await Keys(at.database).create(_wished(at, key, owner.id, **wishes), now=at.now())
                await made.note("create", "key", row.id, after=_shape(row))
            return row

    _print_new(run(work()), key, as_json)


@command.command("list")
@places
@click.option("--client", help="Only the keys of this client.")
@json_option
def list_(config: str | None, data: str | None, client: str | None, as_json: bool) -> None:
    """Print every key, without the secret."""
    from gophergate.cli.names import client_called, client_names, every
    from gophergate.cli.opening import opened, run
    from gophergate.cli.printing import local_time, print_json, print_table
    from gophergate.store.keys import Keys

    async def work() -> tuple[list[KeyRow], dict[str, str], int]:
        async with opened(settings_from(config, data)) as at:
            owner = (await client_called(at.database, client)).id if client is not None else None
            keys = Keys(at.database)
            rows = await every(lambda after, limit: keys.page(client_id=owner, after=after, limit=limit))
            return rows, await client_names(at.database), at.now()

    rows, names, now = run(work())
    if as_json:
        print_json([_shape(row) for row in rows])
        return
    print_table(
        ("ID", "CLIENT", "NAME", "KEY", "STATE", "CREATED", "LAST USED"),
        (
            (
                row.id,
                names.get(row.client_id, row.client_id),
                row.name,
                f"{row.prefix}...{row.last4}",
                _state(row, now),
                local_time(row.created_at),
                local_time(row.last_used_at),
            )
            for row in rows
        ),
    )


@command.command("revoke")
@places
@click.argument("key_id")
@json_option
def revoke(config: str | None, data: str | None, key_id: str, as_json: bool) -> None:
    """End a key for good."""
    from gophergate.cli.noting import change
    from gophergate.cli.opening import opened, run
    from gophergate.cli.printing import print_json
    from gophergate.store.keys import Keys

    async def work() -> KeyRow:
        async with opened(settings_from(config, data)) as at:
            async with change(at) as made:
                before = await Keys(at.database).get(key_id)
                row = await Keys(at.database).revoke(key_id, now=at.now())
                if before.revoked_at is None:
                    await made.note("revoke", "key", key_id, before=_shape(before), after=_shape(row))
            return row

    row = run(work())
    if as_json:
        print_json(_shape(row))
    else:
        click.echo(f"Revoked {row.id}.")


@command.command("rotate")
@places
@click.argument("key_id")
@click.option("--grace", type=Span(), default=0, metavar="SPAN", help="How long the old key still works: 3600, 1h.")
@json_option
def rotate(config: str | None, data: str | None, key_id: str, grace: int, as_json: bool) -> None:
    """Make a key's successor and print it, this once."""
    from gophergate.cli.noting import change
    from gophergate.cli.opening import opened, run
    from gophergate.secrets import make_client_key
    from gophergate.setup import new_key
    from gophergate.store.keys import Keys

    key = make_client_key()

    async def work() -> KeyRow:
        async with opened(settings_from(config, data)) as at:
            fresh = new_key(at.keyring, key, key_id=at.ids.new(), client_id="", name="")
            async with change(at) as made:
                row = await Keys(at.database).rotate(
                    key_id,
                    new_id=fresh.id,
                    new_hash=fresh.hash,
                    prefix=fresh.prefix,
                    last4=fresh.last4,
                    now=at.now(),
                    grace_seconds=grace,
                )
                await made.note("rotate", "key", key_id, after=_shape(row))
            return row

    _print_new(run(work()), key, as_json)


def _wished(
    at: Opened,
    key: str,
    client_id: str,
    *,
    name: str,
    models: tuple[str, ...],
    addresses: tuple[str, ...],
    expires: int | datetime | None,
    rpm: int | None,
    tpm: int | None,
    concurrency: int | None,
) -> Any:
    import ipaddress

    import msgspec

    from gophergate.core.caller import Limits
    from gophergate.setup import new_key
    from gophergate.times import rfc3339

    ends = None if expires is None else microseconds(expires, now=at.now(), ahead=True)
    if ends is not None and ends <= at.now():
        raise click.BadParameter(f"{rfc3339(ends)} is past: an end must lie ahead.", param_hint="--expires")
    for address in addresses:
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError:
            raise click.BadParameter(
                f"'{address}' is neither an IP address nor a network.", param_hint="--ip"
            ) from None
    return msgspec.structs.replace(
        new_key(at.keyring, key, key_id=at.ids.new(), client_id=client_id, name=name),
        models=models or None,
        ip_allow=addresses,
        limits=Limits(rpm=rpm, tpm=tpm, concurrency=concurrency),
        expires_at=ends,
    )


def _print_new(row: KeyRow, key: str, as_json: bool) -> None:
    from gophergate.cli.printing import print_json, warn

    if as_json:
        print_json({**_shape(row), "key": key})
        return
    warn(f"Made {row.id}. Its key is shown once:")
    click.echo(key)


def _state(row: KeyRow, now: int) -> str:
    if row.revoked_at is not None:
        return "revoked"
    if any(end is not None and end <= now for end in (row.expires_at, row.grace_until)):
        return "expired"
    return "in grace" if row.grace_until is not None else "active"


def _shape(row: KeyRow) -> dict[str, object]:
    """A key as the admin API shows it: times in RFC 3339."""
    import msgspec

    from gophergate.times import rfc3339

    shape = msgspec.structs.asdict(row)
    for name in ("expires_at", "revoked_at", "grace_until", "created_at", "last_used_at"):
        shape[name] = None if shape[name] is None else rfc3339(shape[name])
    return shape
