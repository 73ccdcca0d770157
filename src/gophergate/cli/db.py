"""`gophergate db`: which version the schema has, and bringing it up to date (R-I2)."""

from __future__ import annotations

import click

from gophergate.cli.options import json_option, places, settings_from


@click.group("db")
def command() -> None:
    """The database's schema: upgrade, current."""


@command.command("upgrade")
@places
def upgrade_(config: str | None, data: str | None) -> None:
    """Bring the schema up to date. One process does it, others wait; a failure leaves all as it was."""
    from gophergate.cli.opening import opened_as_it_is, run
    from gophergate.cli.printing import warn
    from gophergate.keyfile import prepare
    from gophergate.store.revision import HEAD, upgrade

    settings = settings_from(config, data)
    prepare(settings, announce=warn)

    async def work() -> None:
        async with opened_as_it_is(settings, may_create=True) as database:
            changed = await upgrade(database)
            warn(f"The schema of {database.name} is {'now' if changed else 'already'} at revision {HEAD}.")

    run(work())


@command.command("current")
@places
@json_option
def current(config: str | None, data: str | None, as_json: bool) -> None:
    """Print the schema's revision, and whether this version needs a newer one."""
    from gophergate.cli.opening import opened_as_it_is, run
    from gophergate.cli.printing import print_json
    from gophergate.store.revision import HEAD, current_revision, is_behind

    settings = settings_from(config, data)

    async def work() -> str | None:
        async with opened_as_it_is(settings) as database:
            return await current_revision(database)

    revision = run(work())
    behind = is_behind(revision)
    if as_json:
        print_json({"revision": revision, "head": HEAD, "behind": behind})
    else:
        note = f" (behind: this version needs {HEAD}; run `gophergate db upgrade`)" if behind else ""
        click.echo(f"{revision or 'none'}{note}")
