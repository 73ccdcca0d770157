"""`gophergate backup`: a copy of the SQLite database of one moment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gophergate.cli.options import places, settings_from

if TYPE_CHECKING:
    from gophergate.settings import Settings


@click.command("backup")
@places
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Write over FILE.")
def command(config: str | None, data: str | None, file: Path, force: bool) -> None:
    """Copy the database into FILE, while the gateway serves. Keep it with the encryption key, apart from it."""
    import sqlite3

    from gophergate.cli.noting import change
    from gophergate.cli.opening import opened, run
    from gophergate.cli.printing import warn
    from gophergate.store.backup import copy_to

    settings = settings_from(config, data)
    embedded(settings, "pg_dump")
    if file.exists() and not force:
        raise click.ClickException(f"{file} is there already; --force writes over it.")

    async def work() -> None:
        async with opened(settings) as at:
            try:
                await copy_to(at.database, file)
            except OSError as error:
                raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from None
            except sqlite3.Error as error:
                raise click.ClickException(f"The copy failed: {error}.") from None
            async with change(at) as made:
                await made.note("backup", "database", None)

    run(work())
    warn(f"Wrote {file} ({file.stat().st_size:,} bytes). Without the encryption key its provider keys do not open.")


def embedded(settings: Settings, instead: str) -> Path:
    """The file of the embedded database; `instead` is what there is for another."""
    file = settings.database_file
    if file is None:
        raise click.ClickException(f"The database is PostgreSQL: use {instead}.")
    return file
