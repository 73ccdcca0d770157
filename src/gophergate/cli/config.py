"""`gophergate config explain`: every value that applies, masked, with the place that said it (R-G1)."""

from __future__ import annotations

import click

from gophergate.cli.options import json_option, places, settings_from


@click.group("config")
def command() -> None:
    """Show the configuration that applies, and where it comes from."""


@command.command("explain")
@places
@click.option("--demo", is_flag=True, help="As with `serve --demo`.")
@json_option
def explain_(config: str | None, data: str | None, demo: bool, as_json: bool) -> None:
    """Print each value and its source. Secrets are masked."""
    from gophergate.cli.printing import print_json, print_table
    from gophergate.settings.explain import explain

    rows = explain(settings_from(config, data, demo=demo))
    if as_json:
        print_json(rows)
    else:
        print_table(("NAME", "VALUE", "SOURCE"), ((row.name, row.value, row.source) for row in rows))
