"""Options that many commands share, and the settings they lead to. The only reader of the process's environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from gophergate.settings import Flag, Settings

Command = TypeVar("Command", bound=Callable[..., Any])

config_option = click.option(
    "--config",
    metavar="FILE",
    help="The configuration file; else $GOPHERGATE_CONFIG, ./gophergate.toml, the data directory's.",
)
data_option = click.option("--data", metavar="DIR", help="The data directory; else $GOPHERGATE_DATA, ~/.gophergate.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def places(command: Command) -> Command:
    """`--config` and `--data`."""
    return config_option(data_option(command))


def settings_from(
    config: str | None, data: str | None, *, flags: Collection[Flag] = (), demo: bool = False
) -> Settings:
    """The settings for this process's environment and directory. Raises SettingsError."""
    from gophergate.settings import load

    return load(environ=os.environ, cwd=working_directory(), config=config, data=data, flags=flags, demo=demo)


def working_directory() -> Path:
    """Where this process was started, which somebody may have removed since."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise click.ClickException("The working directory does not exist any more.") from None
