"""`gophergate models`: what can be asked for here, and what is known of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from gophergate.cli.options import json_option, places, settings_from
from gophergate.cli.times import Moment, microseconds
from gophergate.errors import ModelNotFound

if TYPE_CHECKING:
    from gophergate.configured import Configuration
    from gophergate.planning.offered import Offered
    from gophergate.routing.facts import Facts

_HEADINGS = ("MODEL", "CONTEXT", "READS", "INPUT", "OUTPUT", "ENABLED", "SOURCE")
offline_option = click.option(
    "--offline", is_flag=True, help="Ask no provider for its models: only what is configured is listed."
)
demo_option = click.option("--demo", is_flag=True, help="As with `serve --demo`.")


@click.group("models")
def command() -> None:
    """Models: list, show, price."""


@command.command("list")
@places
@click.option("--provider", help="Only models of this provider; `gophergate` has the groups.")
@click.option("--query", "-q", default="", help="Only names that hold this.")
@offline_option
@demo_option
@json_option
def list_(
    config: str | None, data: str | None, provider: str | None, query: str, offline: bool, demo: bool, as_json: bool
) -> None:
    """List every model that can be asked for: limits, modalities, price in US dollars per million tokens."""
    from gophergate.cli.configuring import configuring, price_book
    from gophergate.cli.opening import opened, run
    from gophergate.cli.printing import print_json, print_table
    from gophergate.planning.offered import described, names

    async def work() -> list[Offered]:
        async with opened(settings_from(config, data, demo=demo)) as at, configuring(at, asking=not offline) as known:
            prices = price_book(known)
            found = [described(known, prices, name) for name in sorted(names(known)) if query.lower() in name.lower()]
            return [one for one in found if provider is None or one.provider == provider]

    rows = run(work())
    if as_json:
        print_json(rows)
    else:
        print_table(_HEADINGS, (_cells(row) for row in rows), numbers=("CONTEXT", "INPUT", "OUTPUT"))


@command.command("show")
@places
@click.argument("name")
@offline_option
@demo_option
@json_option
def show(config: str | None, data: str | None, name: str, offline: bool, demo: bool, as_json: bool) -> None:
    """Show all that is known of a model or a group, and whose word it is."""
    from gophergate.cli.configuring import configuring, price_book
    from gophergate.cli.opening import opened, run
    from gophergate.cli.printing import print_json, print_table
    from gophergate.planning.offered import described, found

    async def work() -> tuple[Offered, str]:
        async with opened(settings_from(config, data, demo=demo)) as at, configuring(at, asking=not offline) as known:
            return described(known, price_book(known), found(known, name)), _of(known)

    one, book = run(work())
    if as_json:
        print_json(one)
    else:
        print_table(("", ""), [row for row in _rows(one, book) if row[1]])


@command.command("price")
@places
@click.argument("name")
@click.option("--at", "moment", type=Moment(), metavar="WHEN", default="0s", help="At that time; by default now.")
@demo_option
@json_option
def price(config: str | None, data: str | None, name: str, moment: int | datetime, demo: bool, as_json: bool) -> None:
    """Show every rate of a model and where it comes from, or why it has no price. NAME is "provider/model"; of a name
    alone the maker's published price is shown."""
    from gophergate.billing.explained import Explained, explained, published
    from gophergate.cli.configuring import configuring, price_book
    from gophergate.cli.opening import opened, run
    from gophergate.cli.printing import print_json, print_table
    from gophergate.planning.offered import found

    async def work() -> Explained:
        async with opened(settings_from(config, data, demo=demo)) as at, configuring(at, asking=False) as known:
            when = microseconds(moment, now=at.now(), ahead=False) / 1_000_000
            label = name
            if "/" not in name:
                try:
                    label = found(known, name)
                except ModelNotFound:
                    return published(price_book(known), name, when)
            return explained(known, price_book(known), label, when)

    one = run(work())
    if as_json:
        print_json(one)
        return
    click.echo(f"{one.model}: {one.version or 'unpriced'}")
    if one.version is None:
        click.echo(f"{one.why[:1].upper()}{one.why[1:]}.")
        return
    rows = [(rate.name, _longer(rate.above), f"${rate.dollars}", rate.per, rate.source) for rate in one.rates]
    print_table(("CLASS", "PROMPT", "RATE", "PER", "SOURCE"), rows, numbers=("RATE",))
    for line in (*one.discounts, *(f"{tier}: ${fresh} in, ${out} out" for tier, (fresh, out) in one.tiers.items())):
        click.echo(line)


def _longer(above: int) -> str:
    return f"> {above:,}" if above else ""


def _of(known: Configuration) -> str:
    book = known.facts.book
    return f"models.dev as of {book.date} ({book.origin})"


def _cells(one: Offered) -> tuple[str, ...]:
    price, facts = one.price, one.facts
    return (
        one.name,
        _count(facts.context),
        " ".join(facts.reads),
        "" if one.is_group else price.input if price is not None else "unpriced",
        price.output if price is not None else "",
        "yes" if one.enabled else "no",
        one.source,
    )


def _rows(one: Offered, book: str) -> list[tuple[str, str]]:
    price, facts = one.price, one.facts
    rows = [
        ("name", one.name),
        ("provider", one.provider),
        ("source", one.source),
        ("enabled", "yes" if one.enabled else "no"),
        ("called there", one.mapped_name or ""),
        ("leads to", ", ".join(one.members)),
    ]
    if not one.is_group:
        rows += _facts(facts, book)
        if price is None:
            rows.append(("price", "unpriced"))
        else:
            rows += [
                ("input", f"${price.input} per million tokens"),
                ("cache read", f"${price.cache_read}"),
                ("cache write", f"${price.cache_write}"),
                ("output", f"${price.output}"),
                ("priced by", f"{price.version}{', by length of prompt' if price.bands > 1 else ''}"),
            ]
    return rows


def _facts(facts: Facts, book: str) -> list[tuple[str, str]]:
    if not facts.is_known:
        return [("known", f"nothing, by {book}")]
    able = {
        "reasoning": facts.reasoning,
        "tool calls": facts.tool_call,
        "structured output": facts.structured_output,
        "temperature": facts.temperature,
    }
    return [
        ("is", facts.name),
        ("context", _count(facts.context)),
        ("longest prompt", _count(facts.max_input)),
        ("longest answer", _count(facts.max_output)),
        ("reads", ", ".join(facts.reads)),
        ("writes", ", ".join(facts.writes)),
        ("can", ", ".join(name for name, so in able.items() if so)),
        ("cannot", ", ".join(name for name, so in able.items() if so is False)),
        ("knows until", facts.knowledge),
        ("released", facts.released),
        ("state", facts.status),
        ("known by", f"{book}, which lists it as {facts.said_by}/{facts.id}"),
    ]


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
