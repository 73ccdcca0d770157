"""`gophergate doctor`: every check on a line, with what to do about it; exit status 1 when any failed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gophergate.cli.options import json_option, places, settings_from

if TYPE_CHECKING:
    from gophergate.cli.checks import Finding

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command("doctor")
@places
@json_option
def command(config: str | None, data: str | None, as_json: bool) -> int:
    """Look for what would keep the gateway from working. Changes nothing."""
    from gophergate.cli.opening import run
    from gophergate.cli.printing import print_json

    findings: list[Finding] = []

    async def work() -> None:
        from gophergate.cli.checks import Finding, examine
        from gophergate.settings import SettingsError

        try:
            settings = settings_from(config, data)
        except SettingsError as error:
            _keep(Finding("configuration", "fail", str(error), "correct it; the other checks need it"))
            return
        async for finding in examine(settings):
            _keep(finding)

    def _keep(finding: Finding) -> None:
        findings.append(finding)
        if not as_json:
            _print(finding)

    run(work())
    if as_json:
        print_json(findings)
    return int(any(finding.state == "fail" for finding in findings))


def _print(finding: Finding) -> None:
    from gophergate.cli.printing import one_line

    state = finding.state.ljust(4)
    if sys.stdout.isatty():
        state = click.style(state, fg=_COLOURS[finding.state], bold=True)
    click.echo(f"{state}  {finding.name}: {one_line(finding.found)}")
    if finding.advice:
        click.echo(f"      -> {one_line(finding.advice)}")
