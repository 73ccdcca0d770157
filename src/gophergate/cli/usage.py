"""`gophergate usage`: calls, tokens and cost added up, from the same sums as the dashboard (R-A1)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from gophergate.cli.options import json_option, places, settings_from
from gophergate.cli.times import Moment, microseconds

if TYPE_CHECKING:
    from gophergate.store.database import Database
    from gophergate.store.usage import By, UsageSum

_BY = ["day", "hour", "model", "provider", "client", "key", "team", "user", "organisation", "status", "total"]
_HEADINGS = ("CALLS", "FAILED", "INPUT", "CACHED", "OUTPUT", "COST", "UNPRICED")


@click.command("usage")
@places
@click.option("--by", type=click.Choice(_BY), default="day", show_default=True, help="What to add up by.")
@click.option("--since", type=Moment(), metavar="WHEN", default="30d", show_default=True, help="From then on.")
@click.option("--until", type=Moment(), metavar="WHEN", default="0s", help="Up to then; by default now.")
@json_option
def command(
    config: str | None,
    data: str | None,
    by: By,
    since: int | datetime,
    until: int | datetime,
    as_json: bool,
) -> None:
    """Add up calls, tokens and cost. Whole hours, in UTC."""
    from gophergate.cli.opening import opened, run
    from gophergate.cli.printing import print_json, print_table
    from gophergate.store.usage import Usages

    async def work() -> tuple[list[UsageSum], UsageSum, dict[str, str]]:
        async with opened(settings_from(config, data)) as at:
            begin = microseconds(since, now=at.now(), ahead=False)
            end = microseconds(until, now=at.now(), ahead=False)
            usages = Usages(at.database)
            rows = await usages.sums(by, since=begin, until=end)
            (total,) = await usages.sums("total", since=begin, until=end)
            return rows, total, await _names(at.database, by)

    rows, total, names = run(work())
    if as_json:
        print_json({"by": by, "items": [shape(row, names) for row in rows], "total": shape(total, {})})
        return
    cells = [(_label(row, names, by), *_cells(row)) for row in rows]
    if by != "total":
        cells.append(("total", *_cells(total)))
    print_table((by.upper(), *_HEADINGS), cells, numbers=_HEADINGS)


def cost_of(row: UsageSum) -> str:
    """The cost in US dollars of what has a price; "unpriced" when none of it has."""
    from gophergate.core.money import to_dollars

    return "unpriced" if row.unpriced and not row.cost else to_dollars(row.cost)


def shape(row: UsageSum, names: dict[str, str]) -> dict[str, object]:
    """A sum for programs: money as decimal strings, the time in RFC 3339, `unpriced` counted apart."""
    built = row.told()
    built["id"], built["name"] = row.name, names.get(row.name, row.name)
    return built


async def _names(database: Database, by: By) -> dict[str, str]:
    from gophergate.cli.names import client_names, key_names
    from gophergate.store.clients import Clients

    match by:
        case "client":
            return await client_names(database)
        case "key":
            return await key_names(database)
        case "team":
            return {team.id: team.name for team in await Clients(database).teams()}
        case "organisation":
            return {one.id: one.name for one in await Clients(database).organisations()}
        case _:
            return {}


def _label(row: UsageSum, names: dict[str, str], by: By) -> str:
    from gophergate.times import rfc3339

    if row.at is not None:
        return rfc3339(row.at)[: 10 if by == "day" else 16].replace("T", " ")
    return names.get(row.name, row.name) or ("all" if by == "total" else "(none)")


def _cells(row: UsageSum) -> tuple[str, ...]:
    read = row.cache_read
    written = row.cache_write + row.cache_write_1h
    media = row.audio_input + row.image_input
    return (
        str(row.calls),
        str(row.calls - row.ok),
        str(row.input + read + written + media),
        str(read),
        str(row.output + row.audio_output + row.image_output),
        cost_of(row),
        str(row.unpriced or ""),
    )
