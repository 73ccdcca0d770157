"""`gophergate init`: a commented configuration file, the data directory and the encryption key."""

from __future__ import annotations

import os
from pathlib import Path

import click

from gophergate.cli.options import data_option, working_directory


@click.command("init")
@data_option
@click.option("--config", metavar="FILE", default="gophergate.toml", help="The file to write.", show_default=True)
@click.option("--force", is_flag=True, help="Write over the file. The key is never replaced.")
def command(data: str | None, config: str, force: bool) -> None:
    """Write a commented gophergate.toml, the data directory and the encryption key."""
    from gophergate.cli.printing import warn
    from gophergate.keyfile import key_file, make_data_dir, make_key_file
    from gophergate.settings import data_directory
    from gophergate.settings.render import template

    directory = data_directory(os.environ, working_directory(), data)
    _write(Path(config), template(), force=force)
    warn(f"Wrote {config}.")
    make_data_dir(directory)
    file = key_file(directory)
    if make_key_file(file):
        warn(f"Made the encryption key {file}; keep a copy, for without it no stored secret can be read.")
    else:
        warn(f"Kept the encryption key {file}.")


def _write(file: Path, text: str, *, force: bool) -> None:
    """A new file for its owner only (keys may be written into it), never over another unless forced."""
    try:
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
        with os.fdopen(os.open(file, flags, 0o600), "w") as writing:
            writing.write(text)
    except FileExistsError:
        raise click.ClickException(f"{file} is there already; --force writes over it.") from None
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from None
