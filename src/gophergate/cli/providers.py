"""`gophergate providers`: who answers calls. A key comes by standard input or from a variable, never as a word of the
command, which every user of the machine could read.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from gophergate.cli.options import json_option, places, settings_from

if TYPE_CHECKING:
    from gophergate.cli.opening import Opened
    from gophergate.configured import Configuration
    from gophergate.routing.trial import Trial
    from gophergate.settings import ProviderSettings
    from gophergate.store.providers import ProviderRow

demo_option = click.option("--demo", is_flag=True, help="As with `serve --demo`.")


@click.group("providers")
def command() -> None:
    """Providers: list, add, test."""


@command.command("list")
@places
@demo_option
@json_option
def list_(config: str | None, data: str | None, demo: bool, as_json: bool) -> None:
    """Print every provider: those of the file and the environment, and those made at run time."""
    from gophergate.cli.configuring import configuring
    from gophergate.cli.opening import opened, run
    from gophergate.cli.printing import print_json, print_table

    settings = settings_from(config, data, demo=demo)

    async def work() -> list[dict[str, Any]]:
        async with opened(settings) as at, configuring(at, asking=False) as known:
            return [_of_file(entry) for entry in settings.providers] + [
                _of_row(row, known) for row in await known.providers.all()
            ]

    shapes = run(work())
    if as_json:
        print_json(shapes)
        return
    print_table(
        ("NAME", "KIND", "STATE", "KEY", "ADDRESS", "SOURCE"),
        (
            (
                shape["name"],
                shape["kind"],
                shape["problem"] or ("enabled" if shape["enabled"] else "disabled"),
                shape["api_key_masked"] or "",
                shape["base_url"] or "",
                shape["source"],
            )
            for shape in shapes
        ),
    )


@command.command("add")
@places
@click.argument("name")
@click.option("--kind", help="Its kind, such as openai or compatible; by default the name.")
@click.option("--base-url", help="Its address, where the kind has none of its own.")
@click.option("--model", "models", multiple=True, help="A model it has; repeat it. Without any it is asked.")
@click.option("--api-key-env", metavar="NAME", help="The environment variable its key is in.")
@click.option("--api-key-stdin", is_flag=True, help="Read its key from standard input.")
@click.option("--disabled", is_flag=True, help="Do not send calls to it yet.")
@json_option
def add(config: str | None, data: str | None, name: str, as_json: bool, **wishes: Any) -> None:
    """Add a provider. A running gateway uses it within a second."""
    from gophergate.cli.configuring import configuring
    from gophergate.cli.noting import change
    from gophergate.cli.opening import opened, run
    from gophergate.cli.printing import print_json

    key = _key(wishes.pop("api_key_env"), from_stdin=wishes.pop("api_key_stdin"))
    settings = settings_from(config, data)
    if name in {entry.name for entry in settings.providers}:
        raise click.ClickException(
            f"There is a provider '{name}' already, in {settings.config_file or 'the environment'}."
        )

    async def work() -> dict[str, Any]:
        async with opened(settings) as at, configuring(at, asking=False) as known:
            row = _wished(at, known, name, key, **wishes)
            async with change(at) as made:
                await known.providers.create(row)
                await known.rebuilt()
                shape = _of_row(row, known)
                await made.note("create", "provider", name, after=shape)
            return shape

    shape = run(work())
    if as_json:
        print_json(shape)
    else:
        click.echo(f"Added {name}. `gophergate providers test {name}` asks it for a word.")


@command.command("test")
@places
@click.argument("name")
@click.option("--model", help="The model to ask; by default its first one, or its model list.")
@demo_option
@json_option
def test(config: str | None, data: str | None, name: str, model: str | None, demo: bool, as_json: bool) -> int:
    """Make one real, small call. Exit status 1 when it fails, with the provider's own words."""
    import msgspec

    from gophergate.cli.opening import run
    from gophergate.cli.printing import print_json, warn

    found = run(_tried(config, data, name, model, demo=demo))
    if as_json:
        print_json(msgspec.to_builtins(found))
    elif found.ok:
        click.echo(f"{name} answered in {found.ms:.0f} ms, asked for {found.asked}: {found.reply}")
    else:
        status = f" with status {found.status}" if found.status else ""
        warn(f"gophergate: {name} failed{status} after {found.ms:.0f} ms, asked for {found.asked}: {found.message}")
    return 0 if found.ok else 1


async def _tried(config: str | None, data: str | None, name: str, model: str | None, *, demo: bool) -> Trial:
    import time

    from gophergate.cli.configuring import configuring
    from gophergate.cli.opening import opened
    from gophergate.doors.chat import dialects
    from gophergate.routing.trial import trial

    async with opened(settings_from(config, data, demo=demo)) as at, configuring(at, asking=False) as known:
        provider = known.current.providers.get(name)
        if provider is None:
            names = ", ".join(sorted(known.current.providers)) or "none"
            problem = known.broken.get(f"provider {name}")
            raise click.ClickException(problem or f"There is no enabled provider '{name}'; enabled are: {names}.")
        asked = model if model is not None else provider.models[0] if provider.models else ""
        return await trial(provider, asked, dialects(), known.transport, time.monotonic)


def _key(variable: str | None, *, from_stdin: bool) -> str:
    if variable is not None and from_stdin:
        raise click.UsageError("Give one of --api-key-env and --api-key-stdin.")
    if variable is not None:
        key = os.environ.get(variable, "")
        if not key:
            raise click.BadParameter(f"the variable {variable} is not set.", param_hint="--api-key-env")
        return key
    if not from_stdin:
        return ""
    key = sys.stdin.readline().strip()
    if not key:
        raise click.ClickException("The key on standard input is empty.")
    return key


def _wished(
    at: Opened,
    known: Configuration,
    name: str,
    key: str,
    *,
    kind: str | None,
    base_url: str | None,
    models: tuple[str, ...],
    disabled: bool,
) -> ProviderRow:
    import re

    from gophergate.configured import address
    from gophergate.providers.registry import BY_KIND
    from gophergate.settings import mask
    from gophergate.settings.schema import NAME_PATTERN
    from gophergate.store.providers import ProviderRow

    if not re.match(NAME_PATTERN, name):
        raise click.BadParameter("letters, digits, '.', '_' and '-' make a name.", param_hint="NAME")
    if (kind or name) not in BY_KIND:
        raise click.BadParameter(f"'{kind or name}' is none of {', '.join(sorted(BY_KIND))}.", param_hint="--kind")
    try:
        base_url = address(base_url) if base_url else None
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--base-url") from None
    return ProviderRow(
        name=name,
        kind=kind or name,
        api_key_sealed=known.sealed(name, key) if key else None,
        api_key_masked=mask(key) if key else None,
        base_url=base_url,
        models=models,
        enabled=not disabled,
        created_at=at.now(),
        updated_at=at.now(),
    )


def _of_file(entry: ProviderSettings) -> dict[str, Any]:
    return {
        "name": entry.name,
        "kind": entry.kind,
        "source": "file",
        "enabled": entry.enabled,
        "problem": None,
        "api_key_masked": str(entry.api_key) if entry.api_key is not None else None,
        "base_url": entry.base_url or None,
        "models": list(entry.models),
    }


def _of_row(row: ProviderRow, known: Configuration) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        "source": "database",
        "enabled": row.enabled,
        "problem": known.broken.get(f"provider {row.name}"),
        "api_key_masked": row.api_key_masked,
        "base_url": row.base_url,
        "models": list(row.models),
    }
