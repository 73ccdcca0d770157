"""`gophergate restore`: a backup in the place of the database."""

from __future__ import annotations

from pathlib import Path

import click

from gophergate.cli.backup import embedded
from gophergate.cli.options import places, settings_from


@click.command("restore")
@places
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
def command(config: str | None, data: str | None, file: Path) -> None:
    """Put a backup in the place of the database. Stop the gateway first; what was there is kept beside it."""
    from gophergate.cli.printing import warn
    from gophergate.keyfile import prepare
    from gophergate.store import backup
    from gophergate.store.revision import is_behind

    settings = settings_from(config, data)
    target = embedded(settings, "pg_restore")
    try:
        found = backup.examined(file)
        keyring = prepare(settings, announce=warn)
        if found.key_check is not None and not keyring.fits(found.key_check):
            raise click.ClickException(
                f"The encryption key does not fit {file}: it was encrypted with another key, which must be given."
            )
        kept = backup.restore(file, target)
    except backup.NotABackup as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{target} cannot be replaced: {error.strerror}.") from None
    warn(f"Restored {target} from {file}." + (f" What was there is kept as {kept}." if kept is not None else ""))
    if is_behind(found.revision):
        warn("Its schema is of an older version: `gophergate serve` brings it up to date at the start.")
