"""`gophergate route`: why a name leads where it does, what a change would have done, and groups to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gophergate.cli.models import demo_option, offline_option
from gophergate.cli.options import json_option, places, settings_from
from gophergate.cli.running import ask_running, server_options
from gophergate.cli.times import Moment, microseconds

if TYPE_CHECKING:
    from datetime import datetime

    from gophergate.configured import Configuration
    from gophergate.routing.choose import Chooser

_DOORS = ["openai_chat", "openai_responses", "anthropic_messages", "gemini", "ollama"]


@click.group("route")
def command() -> None:
    """Routing: explain, simulate, seed."""


@command.command("explain")
@places
@click.argument("model")
@click.option("--file", "file", type=click.Path(dir_okay=False, path_type=Path), help="A request, as JSON.")
@click.option("--door", type=click.Choice(_DOORS), default="openai_chat", show_default=True, help="Its language.")
@click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="A tag of the request; repeat it.")
@click.option("--session", help="The session it belongs to.")
@server_options
@offline_option
@demo_option
@json_option
def explain_(
    config: str | None,
    data: str | None,
    model: str,
    file: Path | None,
    door: str,
    tags: tuple[str, ...],
    session: str | None,
    server: str | None,
    offline: bool,
    demo: bool,
    as_json: bool,
) -> None:
    """Say where a call for MODEL would go, step by step, and what it would cost. No model is asked."""
    from gophergate.cli.opening import run
    from gophergate.cli.printing import print_json

    request = _json_object(file) if file is not None else None
    question = {"model": model, "request": request, "door": door, "tags": _tags(tags), "session": session}

    async def work() -> Any:
        settings = settings_from(config, data, demo=demo)
        found = await ask_running(settings, server, "/api/groups/explain", question)
        return found if found is not None else await _explained(settings, question, offline=offline)

    found = run(work())
    if as_json:
        print_json(found)
    else:
        _print_explanation(found)


@command.command("simulate")
@places
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--last", type=click.IntRange(1, 100_000), default=5000, show_default=True, help="How many past calls.")
@click.option("--since", type=Moment(), metavar="WHEN", help="Only calls since then: 1h, 7d, 2026-01-31, ...")
@click.option("--until", type=Moment(), metavar="WHEN", help="Only calls before then.")
@click.option("--requested", multiple=True, help="Only calls that asked for this name; repeat it.")
@click.option("--show", type=click.IntRange(0, 5000), default=10, show_default=True, help="Single calls to tell of.")
@offline_option
@demo_option
@json_option
def simulate_(
    config: str | None,
    data: str | None,
    file: Path,
    last: int,
    since: int | datetime | None,
    until: int | datetime | None,
    requested: tuple[str, ...],
    show: int,
    offline: bool,
    demo: bool,
    as_json: bool,
) -> None:
    """Replay past calls against the groups in FILE (TOML with [[groups]], or JSON with "groups"): who would have
    answered, and what that changes in cost and latency. Nothing is stored, and no provider is asked."""
    from gophergate.cli.configuring import configuring, price_book
    from gophergate.cli.opening import opened, run
    from gophergate.cli.printing import print_json
    from gophergate.configured import read_group
    from gophergate.doors.chat import dialects
    from gophergate.planning import simulation as simulation
    from gophergate.store.calls import Calls
    from gophergate.store.replays import Replays

    proposed = {str(one.get("name", "")): one for one in _groups(file)}

    async def work() -> simulation.Simulated:
        settings = settings_from(config, data, demo=demo)
        async with opened(settings) as at, configuring(at, asking=not offline) as known:
            groups = {name: read_group(name, members) for name, members in proposed.items()}
            catalog = await known.proposed(groups)
            wanted = simulation.Wanted(
                last=last,
                since=None if since is None else microseconds(since, now=at.now(), ahead=False),
                until=None if until is None else microseconds(until, now=at.now(), ahead=False),
                requested=requested,
                show=show,
            )
            replays = Replays(at.database, Calls(at.database).body_store)
            return await simulation.simulate(catalog, price_book(known), replays, dialects(), wanted)

    found = run(work())
    if as_json:
        print_json(_money_as_text(found))
    else:
        _print_simulation(found)


@command.command("seed")
@places
@click.argument("names", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only say what would be made.")
@offline_option
@demo_option
@json_option
def seed_(
    config: str | None,
    data: str | None,
    names: tuple[str, ...],
    dry_run: bool,
    offline: bool,
    demo: bool,
    as_json: bool,
) -> None:
    """Make groups to begin with, of the models that the configured providers have. None that is there is changed."""
    import msgspec

    from gophergate.cli.configuring import configuring, price_book
    from gophergate.cli.opening import Opened, opened, run
    from gophergate.cli.printing import print_json, print_table
    from gophergate.routing.seeds import Seed, seeds

    async def made(at: Opened, known: Configuration, one: Seed) -> str:
        if known.is_from_file(one.name) or await known.groups.is_there(one.name):
            return "there"
        if one.missing:
            return "missing"
        if not dry_run:
            await _make(at, known, one)
        return "would be made" if dry_run else "made"

    async def work() -> list[dict[str, Any]]:
        settings = settings_from(config, data, demo=demo)
        async with opened(settings) as at, configuring(at, asking=not offline) as known:
            found = [one for one in seeds(known.current, price_book(known)) if not names or one.name in names]
            unknown = set(names) - {one.name for one in found}
            if unknown:
                raise click.UsageError(f"There is no seeded group {', '.join(sorted(unknown))}.")
            return [msgspec.to_builtins(one) | {"state": await made(at, known, one)} for one in found]

    rows = run(work())
    if as_json:
        print_json(rows)
    else:
        print_table(
            ("GROUP", "STATE", "MODELS"),
            ((row["name"], row["state"], row["missing"] or _models(row["definition"])) for row in rows),
        )


async def _make(at: Any, known: Configuration, one: Any) -> None:
    from gophergate.cli.noting import actor, change

    async with change(at) as changing:
        await known.groups.save(
            one.name, one.definition, state="published", expected_version=0, author_id=None, now=at.now()
        )
        await known.rebuilt()
        await changing.note("create", "group", one.name, after=one.definition | {"by": actor()})


async def _explained(settings: Any, question: dict[str, Any], *, offline: bool) -> dict[str, Any]:
    """With a fresh state: every provider is taken to be well."""
    import msgspec

    from gophergate.cli.configuring import configuring, price_book
    from gophergate.cli.opening import opened
    from gophergate.core.money import to_dollars
    from gophergate.doors.chat import dialects
    from gophergate.planning.explaining import Question, explain

    async with opened(settings) as at, configuring(at, asking=not offline) as known:
        prices = price_book(known)
        asked = msgspec.convert(question, Question)
        found = await explain(asked, known.current, _fresh_chooser(prices), dialects(), prices, "fresh")
    shape: dict[str, Any] = msgspec.to_builtins(found)
    for one in shape["candidates"]:
        one["cost"] = None if one["cost"] is None else to_dollars(one["cost"])
    shape["deployments"] = [one["model"] for one in shape["candidates"] if one["position"] is not None]
    return shape


def _fresh_chooser(prices: Any) -> Chooser:
    import random
    import time

    from gophergate.routing.choose import Chooser
    from gophergate.routing.health import Health
    from gophergate.routing.strategies import Means
    from gophergate.routing.warmth import Warmth

    clock = time.monotonic
    draw = random.Random()  # noqa: S311 - shares, no secrets
    return Chooser(Health(clock, time.time), Means(draw, prices, Warmth(clock), clock))


def _json_object(file: Path) -> dict[str, Any]:
    import msgspec

    try:
        found = msgspec.json.decode(file.read_bytes())
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}.") from None
    except msgspec.DecodeError as error:
        raise click.ClickException(f"{file} is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise click.ClickException(f"{file} holds no JSON object.")
    return found


def _groups(file: Path) -> list[dict[str, Any]]:
    import tomllib

    if file.suffix == ".json":
        groups = _json_object(file).get("groups")
    else:
        try:
            groups = tomllib.loads(file.read_text()).get("groups")
        except OSError as error:
            raise click.ClickException(f"{file} cannot be read: {error.strerror}.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise click.ClickException(f"{file} is not TOML: {error}.") from None
    if not isinstance(groups, list) or not all(isinstance(one, dict) and one.get("name") for one in groups):
        raise click.ClickException(f"{file} has no groups, each with a name.")
    return groups


def _tags(given: tuple[str, ...]) -> dict[str, str]:
    tags = {}
    for tag in given:
        name, _, value = tag.partition("=")
        tags[name] = value
    return tags


def _models(definition: dict[str, Any]) -> str:
    named = [target["model"] for target in definition.get("targets", ())]
    return ", ".join(dict.fromkeys([*named, *(rule["model"] for rule in definition.get("rules", ()))]))


def _print_explanation(found: dict[str, Any]) -> None:
    from gophergate.cli.printing import print_table

    for number, step in enumerate(found["decision"], 1):
        click.echo(f"{number}. {step}")
    click.echo("")
    print_table(
        ("TRY", "MODEL", "COST", "CONTEXT", "WHY"),
        (
            (
                "-" if one["position"] is None else str(one["position"] + 1),
                one["model"],
                "unpriced" if one["cost"] is None else one["cost"],
                "" if one["context"] is None else f"{one['context']:,}",
                one["why"],
            )
            for one in found["candidates"]
        ),
        numbers=("COST", "CONTEXT"),
    )
    click.echo("")
    click.echo(f"Costs are in US dollars, for {found['input_tokens']} tokens in and {found['output_tokens']} out.")
    for one in found["assumed"]:
        click.echo(f"Assumed: {one}.")
    if found["state"] == "fresh":
        click.echo("No running gateway was asked: every provider is taken to be well, and nothing to be remembered.")


def _money_as_text(found: Any) -> dict[str, Any]:
    import msgspec

    from gophergate.core.money import to_dollars

    shape: dict[str, Any] = msgspec.to_builtins(found)
    for one in (shape, *shape["models"], *shape["moves"]):
        for member in ("cost_before", "cost_after"):
            one[member] = None if one[member] is None else to_dollars(one[member])
    return shape


def _print_simulation(found: Any) -> None:
    from gophergate.cli.printing import print_table
    from gophergate.core.money import to_dollars

    click.echo(
        f"{found.calls} calls, {found.moved} answered by another model, {found.refused_after} refused "
        f"(then {found.refused_before}), in {found.seconds:.2f} s."
    )
    before, after = to_dollars(found.cost_before), to_dollars(found.cost_after)
    click.echo(f"Cost ${before} -> ${after} over {found.priced} calls; {found.unpriced_after} would be unpriced.")
    if found.latency_ms_before is not None and found.latency_ms_after is not None:
        then, now = found.latency_ms_before, found.latency_ms_after
        click.echo(f"Latency {then:.0f} ms -> {now:.0f} ms on average over {found.timed} calls.")
    for what, count in found.unknown.items():
        click.echo(f"Not known of {count} calls: {what}.")
    click.echo("")
    print_table(
        ("MODEL", "CALLS THEN", "CALLS NOW", "COST THEN", "COST NOW"),
        (
            (one.model, str(one.before), str(one.after), to_dollars(one.cost_before), to_dollars(one.cost_after))
            for one in found.models
        ),
        numbers=("CALLS THEN", "CALLS NOW", "COST THEN", "COST NOW"),
    )
    if found.moves:
        click.echo("")
        print_table(
            ("CALL", "ASKED FOR", "THEN", "NOW", "COST THEN", "COST NOW", "WHY"),
            (
                (
                    one.id,
                    one.model_requested,
                    one.before or "refused",
                    one.after or "refused",
                    "" if one.cost_before is None else to_dollars(one.cost_before),
                    "" if one.cost_after is None else to_dollars(one.cost_after),
                    one.why,
                )
                for one in found.moves
            ),
            numbers=("COST THEN", "COST NOW"),
        )
