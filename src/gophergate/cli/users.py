"""`gophergate users`: who may sign in to the dashboard. Generated passwords are printed once, and only then."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gophergate.cli.options import json_option, places, settings_from

if TYPE_CHECKING:
    from gophergate.store.users import UserRow

_LONGEST_PASSWORD = 72

_password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of making one."
)


@click.group("users")
def command() -> None:
    """Dashboard users: create, list, reset a password."""


@command.command("create")
@places
@click.argument("username")
@click.option("--role", type=click.Choice(["owner", "admin", "editor", "viewer"]), default="viewer", show_default=True)
@click.option("--display-name", default="", help="The name to show; by default the user name.")
@_password_option
@json_option
def create(
    config: str | None,
    data: str | None,
    username: str,
    role: str,
    display_name: str,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Make a user; the password is printed unless it was given."""
    from gophergate.cli.noting import change
    from gophergate.cli.opening import opened, run
    from gophergate.store.users import UserRow, Users

    if not username.strip() or not username.isprintable():
        raise click.BadParameter("it must hold something, and nothing that cannot be printed.", param_hint="USERNAME")
    password = _password(password_stdin)

    async def work() -> UserRow:
        async with opened(settings_from(config, data)) as at:
            users = Users(at.database)
            if await users.by_username(username) is not None:
                raise click.ClickException(f"There is a user '{username}' already.")
            row = UserRow(
                id=at.ids.new(),
                username=username,
                display_name=display_name or username,
                role=role,  # type: ignore[arg-type]  # one of click's choices
                created_at=at.now(),
            )
            hashed = await _hash(password)
            async with change(at) as made:
                await users.create(row, password_hash=hashed)
                await made.note("create", "user", row.id, after=_shape(row))
            return row

    _print(run(work()), password, as_json, given=password_stdin)


@command.command("list")
@places
@json_option
def list_(config: str | None, data: str | None, as_json: bool) -> None:
    """Print every user."""
    from gophergate.cli.opening import opened, run
    from gophergate.cli.printing import local_time, print_json, print_table
    from gophergate.store.users import Users

    async def work() -> list[UserRow]:
        rows: list[UserRow] = []
        async with opened(settings_from(config, data)) as at:
            while more := await Users(at.database).page(after=rows[-1].username if rows else None):
                rows += more
        return rows

    rows = run(work())
    if as_json:
        print_json([_shape(row) for row in rows])
        return
    print_table(
        ("USERNAME", "NAME", "ROLE", "STATE", "CREATED", "ID"),
        (
            (
                row.username,
                row.display_name,
                row.role,
                "disabled" if row.disabled else "active",
                local_time(row.created_at),
                row.id,
            )
            for row in rows
        ),
    )


@command.command("reset-password")
@places
@click.argument("username")
@_password_option
@json_option
def reset_password(config: str | None, data: str | None, username: str, password_stdin: bool, as_json: bool) -> None:
    """Give a user a new password and end their sessions; it is printed unless it was given."""
    from gophergate.cli.noting import change
    from gophergate.cli.opening import opened, run
    from gophergate.store.users import Users

    password = _password(password_stdin)

    async def work() -> UserRow:
        async with opened(settings_from(config, data)) as at:
            users = Users(at.database)
            found = await users.by_username(username)
            if found is None:
                raise click.ClickException(f"There is no user '{username}'.")
            hashed = await _hash(password)
            async with change(at) as made:
                await users.set_password_hash(found[0].id, hashed, now=at.now())
                await made.note("set_password", "user", found[0].id, after={"username": username})
            return found[0]

    _print(run(work()), password, as_json, given=password_stdin)


def _password(from_stdin: bool) -> str:
    from gophergate.secrets import make_password

    if not from_stdin:
        return make_password()
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise click.ClickException("The password on standard input is empty.")
    if len(password.encode(errors="surrogatepass")) > _LONGEST_PASSWORD:
        raise click.ClickException(f"A password may have at most {_LONGEST_PASSWORD} bytes: bcrypt reads no more.")
    return password


async def _hash(password: str) -> str:
    from gophergate.secrets import Passwords

    passwords = Passwords(threads=1)
    try:
        return await passwords.hash(password)
    finally:
        passwords.close()


def _print(row: UserRow, password: str, as_json: bool, *, given: bool) -> None:
    from gophergate.cli.printing import print_json, warn

    if as_json:
        print_json(_shape(row) if given else {**_shape(row), "password": password})
        return
    warn(f"The password of {row.username} is set." if given else f"The password of {row.username}, shown once:")
    if not given:
        click.echo(password)


def _shape(row: UserRow) -> dict[str, object]:
    import msgspec

    from gophergate.times import rfc3339

    shape = msgspec.structs.asdict(row)
    for name in ("created_at", "password_changed_at"):
        shape[name] = None if shape[name] is None else rfc3339(shape[name])
    return shape
