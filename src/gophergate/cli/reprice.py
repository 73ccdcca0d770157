"""`gophergate reprice`: past calls priced again from what they used, with the sums they stand in."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

from gophergate.cli.options import json_option, places, settings_from
from gophergate.cli.times import Moment, microseconds

if TYPE_CHECKING:
    from gophergate.billing.repricing import Outcome, Repriced
    from gophergate.cli.opening import Opened
    from gophergate.store.repricing import Which

_HEADINGS = ("MODEL", "CALLS", "CHANGED", "BEFORE", "AFTER", "UNPRICED BEFORE", "UNPRICED AFTER")


@click.command("reprice")
@places
@click.option("--since", type=Moment(), metavar="WHEN", help="Calls from then on; by default all there are.")
@click.option("--until", type=Moment(), metavar="WHEN", help="Calls up to then.")
@click.option("--provider", help="Only calls of this provider.")
@click.option("--model", help="Only calls of this model, as its provider calls it.")
@click.option("--latest", is_flag=True, help="By the newest price list, not by that of each call's date.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@json_option
def command(
    config: str | None,
    data: str | None,
    since: int | datetime | None,
    until: int | datetime | None,
    provider: str | None,
    model: str | None,
    latest: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Price past calls again, with the sums they stand in. Each goes by the card of its own date. A running gateway
    goes on, and sees the new costs."""
    from gophergate.cli.opening import opened, run
    from gophergate.cli.printing import print_json, print_table
    from gophergate.store.repricing import Which

    async def work() -> Outcome:
        async with opened(settings_from(config, data)) as at:
            which = Which(
                since=None if since is None else microseconds(since, now=at.now(), ahead=False),
                until=None if until is None else microseconds(until, now=at.now(), ahead=False),
                provider=provider,
                model=model,
            )
            return await _run(at, which, dry_run=dry_run, latest=latest)

    outcome = run(work())
    rows = [outcome.models[name] for name in sorted(outcome.models)]
    if as_json:
        print_json({"dry_run": dry_run, "total": _shape(outcome.total), "models": [_shape(row) for row in rows]})
        return
    cells = [_cells(row, row.model) for row in rows]
    print_table(_HEADINGS, [*cells, _cells(outcome.total, "total")], numbers=_HEADINGS[1:])
    if outcome.total.kept:
        click.echo(
            f"{outcome.total.kept} calls of providers that are not configured any more keep their cost.", err=True
        )
    if dry_run:
        click.echo("Nothing was changed; without --dry-run it is.", err=True)


async def _run(at: Opened, which: Which, *, dry_run: bool, latest: bool) -> Outcome:
    from gophergate.billing.repricing import Repricer
    from gophergate.cli.configuring import configuring, price_book
    from gophergate.cli.noting import change
    from gophergate.store.calls import Calls

    async with configuring(at, asking=False) as known:
        repricer = Repricer(at.database, Calls(at.database), known, price_book(known), now=at.now)
        shown = sys.stderr.isatty()

        def progress(outcome: Outcome) -> None:
            if shown:
                total = outcome.total
                click.echo(f"\r{total.rows} calls, week {outcome.done} of {outcome.weeks}", nl=False, err=True)

        outcome = await repricer.run(which, dry_run=dry_run, latest=latest, progress=progress)
        if shown:
            click.echo("\r\x1b[K", nl=False, err=True)
        if not dry_run:
            async with change(at) as noted:
                after = {"rows": outcome.total.rows, "changed": outcome.total.changed}
                await noted.note("repriced", "calls", None, after=after)
        return outcome


def _shape(row: Repriced) -> dict[str, object]:
    import msgspec

    from gophergate.core.money import to_dollars

    return msgspec.structs.asdict(row) | {"before": to_dollars(row.before), "after": to_dollars(row.after)}


def _cells(row: Repriced, name: str) -> tuple[str, ...]:
    from gophergate.core.money import to_dollars

    costs = to_dollars(row.before), to_dollars(row.after)
    return (name, str(row.rows), str(row.changed), *costs, str(row.unpriced_before), str(row.unpriced_after))
