"""`gophergate import`: what another program's database holds, brought over; first tried, with `--dry-run`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gophergate.cli.options import json_option, places, settings_from

if TYPE_CHECKING:
    from gophergate.original.report import Report


@click.group("import")
def command() -> None:
    """Bring over what another program's database holds."""


@command.command("gophergate")
@places
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be made and what left out, and change nothing.")
@click.option(
    "--old-key-file",
    metavar="KEYFILE",
    type=click.Path(path_type=Path),
    help="A file with the original's encryption key (64 hex characters or base64), where its provider keys are sealed.",
)
@json_option
def gophergate(
    config: str | None, data: str | None, file: Path, dry_run: bool, old_key_file: Path | None, as_json: bool
) -> None:
    """Bring over the SQLite file of the original GopherGate: clients, keys, users, providers, models, groups, calls."""
    from gophergate.cli.noting import actor
    from gophergate.cli.opening import opened, run
    from gophergate.cli.printing import print_json
    from gophergate.configured import Configuration
    from gophergate.original.carry import Carrier, carry
    from gophergate.original.source import opened as opened_source
    from gophergate.transport.http1 import Http1Transport

    old_key = _old_key(old_key_file)
    settings = settings_from(config, data)
    source = opened_source(file)

    async def work() -> Report:
        async with opened(settings) as at:
            transport = Http1Transport()
            try:
                configuration = Configuration(
                    settings, at.database, at.keyring, transport, wall=lambda: at.now() / 1_000_000
                )
                with click.progressbar(
                    length=source.count("calls"), label="Calls", file=sys.stderr, hidden=as_json
                ) as bar:
                    carrier = Carrier(
                        source,
                        at.database,
                        at.keyring,
                        configuration,
                        ids=at.ids,
                        now=at.now(),
                        actor=actor(),
                        old_key=old_key,
                        progress=bar.update,
                    )
                    return await carry(carrier, dry_run=dry_run)
            finally:
                await transport.aclose()

    try:
        report = run(work())
    finally:
        source.close()
    if as_json:
        print_json(_shape(report))
    else:
        _print(report)


def _old_key(file: Path | None) -> bytes | None:
    from gophergate.secrets import read_master_key

    if file is None:
        return None
    try:
        return read_master_key(file.read_text().strip())
    except (OSError, ValueError) as error:
        why = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else f"does not fit: a key {error}"
        raise click.BadParameter(f"{file} {why}.", param_hint="--old-key-file") from None


def _shape(report: Report) -> dict[str, Any]:
    import msgspec

    return {**msgspec.to_builtins(report), "totals": report.totals()}


def _print(report: Report) -> None:
    from gophergate.cli.printing import print_table, warn

    outcome = {"made": "would be made" if report.is_dry else "made", "there": "there already", "left out": "left out"}
    rows = [(item.kind, item.name, outcome[item.outcome], item.remark) for item in report.items]
    rows += [("calls", str(number), outcome.get(what, what), "") for what, number in report.calls.items()]
    print_table(("WHAT", "NAME", "OUTCOME", "REMARK"), rows)
    for sort, table in report.tables.items():
        warn(f"{sort}: read from the table {table}.")
    for column, why in report.dropped.items():
        warn(f"{column}: {why}.")
    if report.unread:
        warn(f"Not known, and not read: {', '.join(report.unread)}.")
    if report.is_dry:
        warn("Nothing was changed: this was a dry run.")
