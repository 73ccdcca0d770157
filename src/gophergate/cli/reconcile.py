"""`gophergate reconcile`: a provider's own export of usage or cost held against the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gophergate.cli.options import json_option, places, settings_from

if TYPE_CHECKING:
    from gophergate.billing.reconciling import Report
    from gophergate.ledger.exports import Kind

_HEADINGS = ("DAY", "MODEL", "OURS", "THEIRS", "DRIFT", "WHY")
_FORMATS: tuple[Kind, ...] = ("openai", "anthropic")


@click.command("reconcile")
@places
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True))
@click.option("--provider", required=True, help="The provider here whose account the export is of.")
@click.option("--format", "kind", type=click.Choice(_FORMATS), help="Whose format it is, where the columns do not say.")
@json_option
def command(config: str | None, data: str | None, file: str, provider: str, kind: Kind | None, as_json: bool) -> None:
    """Hold a provider's export of usage or cost against the ledger. FILE is JSON of its API or CSV of its console;
    shown is where the two differ day by day and model by model, and why."""
    from gophergate.billing.reconciling import kind_of, reconcile, shown
    from gophergate.cli.configuring import configuring, price_book
    from gophergate.cli.opening import opened, run
    from gophergate.cli.printing import print_json, print_table

    content = Path(file).read_bytes()

    async def work() -> Report:
        async with opened(settings_from(config, data)) as at, configuring(at, asking=False) as known:
            row = known.row(provider)
            if row is None:
                raise click.ClickException(f"There is no provider '{provider}'.")
            return await reconcile(
                at.database,
                content,
                provider=provider,
                kind=kind or kind_of(row.kind),
                price_id=row.price_id or "",
                prices=lambda: price_book(known).lists.current,
            )

    report = shown(run(work()))
    if as_json:
        print_json(report)
        return
    total = ("total", "", report["ours"], report["theirs"] or "", report["drift"] or "", "")
    print_table(_HEADINGS, [*map(_cells, report["rows"]), total], numbers=("OURS", "THEIRS", "DRIFT"))


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    ours, theirs = row["ours"], row["theirs"]
    costs = (ours["cost"] if ours else "nothing", theirs.get("cost", "(tokens)") if theirs else "nothing")
    return (row["day"], row["model"] or "(all)", *costs, row["drift"] or "", "; ".join(row["why"]))
